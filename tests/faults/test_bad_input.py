"""Whatever bytes come on whatever topic: they are set aside with a reason, and real traffic beside them is whole."""

import hashlib
import json
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from redwhistle.contracts.codec import decode_state
from redwhistle.contracts.topics import ROOT, Leaf, parse
from redwhistle.contracts.wire import MAX_ENVELOPE_BYTES
from redwhistle.errors import ContractError
from server.ingest.parcels import open_parcel
from tests.faults.checks import assert_whole
from tests.faults.scripts import spread
from tests.faults.wire import BOOT, block, envelope, event, now_ms
from tests.faults.world import SITES, World
from tests.servers.mqtt import TestClient, connected

MESSAGES = 2_500
LANES = (Leaf.ALARM, Leaf.TELEMETRY)
HEARD = (*LANES, Leaf.STATE)
DEEP = b'{"v":1,"events":' + b"[" * 5_000 + b"]" * 5_000 + b"}"
ODD_TEXT = (
    b'{"v":1,"site":"site-1","box":"fuzz-1","epoch":"\x00"}',
    b'{"v":1,"site":"\xff\xfe","box":"fuzz-1"}',
    b'{"v":1,"site":"\\ud800","box":"fuzz-1","events":[{"seq":1e400}]}',
    b'{"v":99,"site":"site-1","box":"fuzz-1"}',
    b"\xef\xbb\xbf{}",
    b"NaN",
    b"null",
    b"[]",
    b"{}",
    DEEP,
)


def fuzz(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Topics and payloads: noise, odd text, real messages cut, flipped and joined, too large, from nowhere."""
    for n in range(MESSAGES):
        leaf = rng.choice(list(Leaf))
        box = f"fuzz-{rng.randrange(4)}"
        site = rng.choice([SITES[0], SITES[1], "nowhere"])
        topic = f"{ROOT}/{site}/{box}/{leaf}"
        draw = rng.random()
        if draw < 0.25:
            yield topic, rng.randbytes(rng.randrange(1, 400))
        elif draw < 0.35:
            yield topic, rng.choice(ODD_TEXT)
        elif draw < 0.85:
            yield topic, mutated(rng, good(rng, site, box, leaf, n))
        elif draw < 0.87:
            yield topic, b" " * (MAX_ENVELOPE_BYTES + rng.randrange(1, 50_000))
        elif draw < 0.95:
            yield (
                f"{ROOT}/{rng.choice(['S P', '', 'a' * 70, '你好', site])}/{rng.choice(['B', '..', '', box])}/{leaf}",
                b"x",
            )
        else:  # on the topics of the box whose traffic must stay whole; nothing that could pass for its own
            yield f"{ROOT}/{SITES[0]}/box-1/{leaf}", b"\xff" + rng.randbytes(rng.randrange(200))


def good(rng: random.Random, site: str, box: str, leaf: Leaf, n: int) -> bytes:
    """A message that would be taken."""
    epoch = f"{rng.randrange(3):032x}"
    if leaf is Leaf.ALARM:
        return envelope(site, box, "alarm", epoch=epoch, events=[event(n + 1, "fuzz", "sos")])
    if leaf is Leaf.STATE:
        stamp = {"at_ms": now_ms(), "mono_ms": 1, "boot": BOOT, "synced": True}
        state = {
            "v": 1,
            "site": site,
            "box": box,
            "online": True,
            "epoch": epoch,
            "stamp": stamp,
            "version": "1",
        }
        return json.dumps(state | {"devices": [{"id": "fuzz", "kind": "smoke"}]}).encode()
    return envelope(site, box, "telemetry", epoch=epoch, readings=[block(5 * n + 1, 5)])


def mutated(rng: random.Random, payload: bytes) -> bytes:
    """Some bytes flipped, cut out, doubled or put in; numbers made absurd."""
    data = bytearray(payload)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(max(len(data), 1))
        match rng.randrange(5):
            case 0 if data:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at : at + rng.randrange(1, 40)]
            case 2:
                data[at:at] = data[at : at + rng.randrange(1, 40)]
            case 3:
                data[at:at] = rng.choice([b"\x00", b"\\u0000", b"\xc3", b"-", b"9" * 30, b"null", b"[", b'"'])
            case _:
                data = bytearray(
                    bytes(data).replace(b'"seq": ', rng.choice([b'"seq": -', b'"seq": 9e9', b'"seq": "']), 1)
                )
    return bytes(data)


def must_be_aside(topic: str, payload: bytes) -> bool:
    """Whether the server cannot take this as what it claims to be, and so has to keep it whole with the reason."""
    leaf = topic.rsplit("/", 1)[-1]
    if leaf not in HEARD or not payload:
        return False
    try:
        parsed = parse(topic)
        if parsed.leaf is Leaf.STATE:
            decode_state(payload)
        else:
            open_parcel(parsed, payload)
    except ContractError:
        return True
    return False


@pytest.mark.timeout(240)
def test_thousands_of_bad_messages_beside_real_traffic(world: World) -> None:
    world.start_dispatch()
    ingest = world.start_ingest()
    messages = list(fuzz(random.Random(20_260_401)))
    box = world.add_box("box-1", SITES[0], spread(SITES[0], readings=6_000, alarms=60, seconds=12))
    world.await_connected(box)
    with connected(world.broker.port, "fuzzer") as fuzzer, ThreadPoolExecutor(1) as pool:
        pool.submit(publish_all, fuzzer, messages).result(timeout=60)
    wanted = {(t, digest(p)) for t, p in messages if must_be_aside(t, p)}
    assert len(wanted) > 800, "most of it is bad"

    def missing() -> set[tuple[str, str]]:
        return wanted - {(topic, sha) for topic, sha in world.rows("SELECT topic, sha256 FROM quarantine")}

    world.wait(lambda: not missing(), 60, "everything bad is in quarantine", every_s=0.5)
    assert world.one("SELECT count(*) FROM quarantine WHERE code = '' OR detail = ''") == 0
    assert_whole(world, [box], also_alerts=None, bad_input=True, within_s=90)
    assert ingest.running
    assert box.program.running
    assert ingest.count("ingest_cannot_set_aside") == 0


def publish_all(client: TestClient, messages: list[tuple[str, bytes]]) -> None:
    """As fast as the broker takes them; returns when it has the last."""
    infos = [client.client.publish(topic, payload, 1) for topic, payload in messages]
    for info in infos:
        info.wait_for_publish(60)


def digest(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()


def test_one_bad_item_takes_no_neighbour_with_it(served: World) -> None:
    """E50, and absurd clocks, a NUL, a device that nobody announced."""
    site, box = SITES[1], "by-hand"
    events = [event(n, f"device-{n}", "sos", place=f"{site}-b{n}") for n in range(1, 11)]
    events[3] |= {"data": {"note": "a\x00b"}}
    events[5] |= {"at_ms": 0}
    events[6] |= {"at_ms": 253_402_300_799_000}
    with connected(served.broker.port, "hand") as hand:
        hand.publish(f"{ROOT}/{site}/{box}/alarm", envelope(site, box, "alarm", events=events))
        served.await_rows(20, "SELECT FROM box_progress WHERE box = %s AND received = '{[1,11)}'", box)
    rows = served.rows(
        "SELECT e.seq, abs(extract(epoch FROM e.time - e.received_at)) FROM events e JOIN box_progress p"
        " USING (progress_key) WHERE p.box = %s ORDER BY 1",
        box,
    )
    assert [seq for seq, _ in rows] == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert max(off_s for _, off_s in rows) < 5, "no absurd time is stored"
    aside = served.rows("SELECT seq, code FROM quarantine WHERE box = %s", box)
    assert aside == [(4, "malformed")]
    alerts = dict(served.rows("SELECT device, rule FROM alerts WHERE site = %s", site))
    # A device that is known by nothing but an alarm that cannot be read: its box stands for it.
    assert alerts == {f"device-{n}": "sos" for n in (1, 2, 3, 5, 6, 7, 8, 9, 10)} | {"box": "doubt"}


def test_ten_thousand_readings_twice_are_ten_thousand(served: World) -> None:
    """E51."""
    site, box = SITES[2], "twice"
    topic = f"{ROOT}/{site}/{box}/telemetry"
    payloads = [
        envelope(site, box, "telemetry", readings=[block(first, 500)]) for first in range(1, 10_001, 500)
    ]
    counted = "SELECT count(*), count(DISTINCT seq) FROM readings r JOIN box_progress p USING (progress_key) WHERE p.box = %s"
    with connected(served.broker.port, "twice") as sender:
        publish_all(sender, [(topic, payload) for payload in payloads])
        served.await_rows(30, "SELECT FROM box_progress WHERE box = %s AND received = '{[1,10001)}'", box)
        before = served.rows(counted, box)
        publish_all(sender, [(topic, payload) for payload in reversed(payloads)])
        served.await_rows(30, "SELECT FROM box_progress WHERE box = %s AND duplicates = 10000", box)
    assert served.rows(counted, box) == before == [(10_000, 10_000)]


def test_a_box_of_an_unknown_site_is_seen_and_keeps_what_it_has(served: World) -> None:
    box = served.add_box("lost", "no-such-site", spread("no-such-site", readings=50, alarms=3, seconds=1))
    served.await_rows(30, "SELECT FROM quarantine WHERE code = 'unknown_site' AND box = 'lost'")
    served.wait(box.has_played, 20, "its log is played")
    report: Any = served.wait(
        lambda: (r := box.report()).readings >= 50 and r, 10, "its readings are on disk"
    )
    assert report.alarms == 3, "nothing was acknowledged: it all waits for the site to be known"
    box.kill()
