"""Acts through the doors: who may, who wins, the same key twice, and what came too late."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest

from tests.integration.api.conftest import House
from tests.integration.api.world import uuid_of

pytestmark = pytest.mark.servers
V1 = "/api/v1"
DEVICE_TIME = "2026-05-24T08:49:00.120Z"


@pytest.fixture(autouse=True)
def free(house: House) -> Iterator[None]:
    """Each test finds the items open and free; the history only grows."""
    yield
    house.sql.execute(
        "UPDATE work_items SET state = 'open', owner = NULL, lease_until = NULL, settled_from = NULL, outcome = NULL,"
        " closes_at = NULL, closed_at = NULL, closed_by = NULL, version = 1 WHERE place <> 'jinyuan'"
    )


def act(
    house: House, login: str, what: str, number: int | None = None, key: str | None = None, **body: object
) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    number = house.seeded.fire if number is None else number
    return house.client(login).post(f"{V1}/queue/{number}/{what}", json=body, headers=headers)


def history(house: House, number: int) -> list[dict[str, object]]:
    found: list[dict[str, object]] = house.client("liuyang").get(f"{V1}/queue/{number}").json()["history"]
    return found


def test_claim_to_close_with_an_undo(house: House) -> None:
    claimed = act(house, "zhangwei", "claim").json()
    assert claimed["outcome"] == "done"
    assert claimed["item"]["owner"] == {"login": "zhangwei", "name": "张伟"}
    assert act(house, "zhangwei", "claim").json()["outcome"] == "already"
    assert act(house, "zhangwei", "on-scene").json()["item"]["state"] == "on_scene"
    assert act(house, "zhangwei", "resolve", reason="锅烧干了").json()["item"]["state"] == "resolved"
    assert act(house, "zhangwei", "undo").json()["item"]["state"] == "on_scene"
    assert act(house, "zhangwei", "false-alarm", reason="油烟").json()["item"]["outcome"] == "false_alarm"
    closed = act(house, "zhangwei", "close").json()
    assert closed["item"]["state"] == "closed"
    assert act(house, "zhangwei", "close").json()["outcome"] == "already"
    assert act(house, "zhangwei", "false-alarm", reason="油烟").json()["outcome"] == "already"
    assert [line["act"] for line in history(house, house.seeded.fire)][-7:] == [
        "claim",
        "renew",
        "on_scene",
        "resolve",
        "undo",
        "false_alarm",
        "close",
    ]


def test_the_second_is_told_who_was_first(house: House) -> None:
    act(house, "zhangwei", "claim")
    lost = act(house, "lina", "claim", version=1)
    assert lost.status_code == 409
    assert lost.headers["content-type"] == "application/problem+json"
    told = lost.json()
    assert (told["code"], told["owner"], told["version"]) == (
        "already_claimed",
        {"login": "zhangwei", "name": "张伟"},
        2,
    )
    assert act(house, "lina", "release").json()["code"] == "not_yours"


def test_of_two_at_once_one_wins(house: House) -> None:
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda login: act(house, login, "claim"), ["zhangwei", "lina"]))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


def test_refusals_name_state_and_version(house: House) -> None:
    settled = act(house, "zhangwei", "resolve", reason="x")
    assert (settled.json()["code"], settled.json()["state"]) == ("wrong_state", "open")
    changed = act(house, "zhangwei", "claim", version=7)
    assert (changed.status_code, changed.json()["code"], changed.json()["version"]) == (409, "changed", 1)
    act(house, "zhangwei", "claim")
    missing = act(house, "zhangwei", "resolve")
    assert (missing.status_code, missing.json()["code"]) == (422, "invalid")


def test_who_may_see_but_not_act(house: House) -> None:
    assert act(house, "wangfang", "claim").json()["code"] == "forbidden"
    assert act(house, "wangfang", "comment", reason="电梯坏了").status_code == 200
    assert act(house, "chenjing", "claim").json()["code"] == "forbidden"
    assert act(house, "heping", "claim").json()["code"] == "not_found"
    assert act(house, "zhangwei", "claim", number=house.seeded.gone).json()["code"] == "not_found"


def test_the_same_key_gets_the_same_answer(house: House) -> None:
    key = str(uuid4())
    first = act(house, "zhangwei", "claim", key=key, device_time=DEVICE_TIME)
    act(house, "zhangwei", "release")
    again = act(house, "zhangwei", "claim", key=key, device_time=DEVICE_TIME)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    lines = [line for line in history(house, house.seeded.fire) if line["device_time"] == DEVICE_TIME]
    assert [line["act"] for line in lines] == ["claim"]
    assert act(house, "zhangwei", "claim", key=key, reason="other").json()["code"] == "invalid"
    assert act(house, "lina", "claim", key=key, device_time=DEVICE_TIME).json()["code"] == "invalid"


def test_the_same_key_at_the_same_time_acts_once(house: House) -> None:
    key = str(uuid4())
    before = len(history(house, house.seeded.fire))
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: act(house, "zhangwei", "comment", key=key, reason="一次"), range(4))
        )
    assert len({answer.content for answer in answers}) == 1
    assert len(history(house, house.seeded.fire)) == before + 1


def test_a_judgement_made_offline_does_not_settle_what_rang_after_it(house: House) -> None:
    """A second call for help is a repeat, which leaves the version alone: it must not be closed by an earlier judgement."""
    number = house.seeded.drill
    act(house, "zhangwei", "claim", number)
    judged, after = "2026-05-24T08:49:00.120Z", "2026-05-24T08:55:00Z"
    known = {"queued": True, "version": 2, "device_time": judged, "reason": "误按"}
    rang = "UPDATE work_items SET last_at = %s, count = count + 1 WHERE number = %s"
    house.sql.execute(rang, (after, number))
    refused = act(house, "zhangwei", "false-alarm", number, key=str(uuid4()), **known)
    assert (refused.status_code, refused.json()["code"], refused.json()["state"]) == (
        409,
        "changed",
        "claimed",
    )
    note = history(house, number)[-1]
    assert (note["act"], note["device_time"]) == ("not_done", judged)
    house.sql.execute(rang, ("2026-05-24T08:48:00Z", number))
    done = act(house, "zhangwei", "false-alarm", number, key=str(uuid4()), **known)
    assert done.json()["item"]["outcome"] == "false_alarm"


def test_an_act_kept_offline_that_lost_stays_as_a_note(house: House) -> None:
    act(house, "zhangwei", "claim")
    key = str(uuid4())
    lost = act(
        house, "lina", "claim", key=key, queued=True, version=1, device_time=DEVICE_TIME, reason="在路上"
    )
    assert lost.json()["code"] == "already_claimed"
    assert (
        act(
            house, "lina", "claim", key=key, queued=True, version=1, device_time=DEVICE_TIME, reason="在路上"
        ).content
        == lost.content
    )
    notes = [line for line in history(house, house.seeded.fire) if line["act"] == "not_done"]
    assert len(notes) == 1
    assert notes[0]["actor"] == {"login": "lina", "name": "李娜"}
    assert notes[0]["not_done"] == {
        "wanted": "claim",
        "code": "already_claimed",
        "lost_to": {"login": "zhangwei", "name": "张伟"},
    }
    assert (notes[0]["device_time"], notes[0]["reason"]) == (DEVICE_TIME, "在路上")
    assert (
        act(house, "lina", "claim", queued=True).json()["code"] == "invalid"
    )  # without a key it could be done twice


def test_a_refusal_whose_answer_was_lost_on_its_way_gets_its_note_when_it_comes_again(house: House) -> None:
    act(house, "zhangwei", "claim")
    key = str(uuid4())
    before = [line for line in history(house, house.seeded.fire) if line["act"] == "not_done"]
    refused = act(house, "lina", "claim", key=key, device_time=DEVICE_TIME)
    assert refused.json()["code"] == "already_claimed"
    assert [line for line in history(house, house.seeded.fire) if line["act"] == "not_done"] == before
    for _ in range(2):
        again = act(house, "lina", "claim", key=key, queued=True, device_time=DEVICE_TIME)
        assert again.content == refused.content
    *others, note = [line for line in history(house, house.seeded.fire) if line["act"] == "not_done"]
    assert others == before
    assert note["not_done"] == {
        "wanted": "claim",
        "code": "already_claimed",
        "lost_to": {"login": "zhangwei", "name": "张伟"},
    }


def test_a_key_and_its_act_are_one_commit(house: House) -> None:
    key = str(uuid4())
    act(house, "zhangwei", "claim", key=key)
    rows = house.sql.execute(
        "SELECT item::text, act, status FROM acts_done WHERE key = %s", (key,)
    ).fetchall()
    assert rows == [(uuid_of(101), "claim", 200)]
