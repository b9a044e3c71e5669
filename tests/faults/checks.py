"""What must be true when the dust has settled, looked for in the database and in the boxes' outboxes."""

from collections.abc import Collection, Iterable
from typing import Any

from tests.faults.scripts import METRIC
from tests.faults.world import Box, World

SETTLE_S = 60.0
_LANES = """
SELECT p.epoch, p.lane, p.received::text, coalesce(upper(p.received), 1) - 1, p.hole_since IS NOT NULL, p.quarantined,
       (SELECT coalesce(sum(upper(d) - lower(d)), 0) FROM unnest(p.dropped) d)::bigint,
       (SELECT count(*) FROM readings r WHERE r.progress_key = p.progress_key)
           + (SELECT count(*) FROM events e WHERE e.progress_key = p.progress_key),
       (SELECT count(DISTINCT seq) FROM (
           SELECT seq FROM readings r WHERE r.progress_key = p.progress_key
           UNION ALL SELECT seq FROM events e WHERE e.progress_key = p.progress_key) s)
FROM box_progress p WHERE p.box = %s
"""


def assert_whole(
    world: World,
    boxes: Iterable[Box] | None = None,
    *,
    within_s: float = SETTLE_S,
    also_alerts: Collection[str] | None = (),
    values_lost: bool = False,
    dropped: bool = False,
    bad_input: bool = False,
) -> None:
    """Nothing lost, nothing twice, once everything has settled; the boxes have played their scripts to the end.

    `also_alerts`: rules that may raise alerts beside the script's; None: any, the site has other boxes. `values_lost`: readings that were still in memory
    when a box was killed may be missing. `dropped`: telemetry may have been given up, and declared. `bad_input`: somebody
    else filled the quarantine.
    """
    looked_at = list(world.boxes.values() if boxes is None else boxes)
    for box in looked_at:
        world.wait(box.has_played, within_s, f"{box.name} has played its log")
    found: list[str] = ["not looked yet"]

    def settled() -> bool:
        found[:] = problems(world, looked_at, values_lost=values_lost, dropped=dropped)
        if not bad_input:
            found.extend(quarantine_problems(world, looked_at))
        found.extend(alert_problems(world, looked_at, also_alerts))
        return not found

    try:
        world.wait(settled, within_s, "everything stored once", every_s=0.5)
    except TimeoutError:
        raise AssertionError("\n".join(found)) from None
    assert world.json("db", "check") == {"findings": []}
    try:  # and nothing has come twice since; a running box says how it is once in a while, so wait for that to land
        world.wait(settled, within_s, "still everything stored once", every_s=0.2)
    except TimeoutError:
        raise AssertionError("\n".join(found)) from None


def problems(world: World, boxes: Iterable[Box], *, values_lost: bool, dropped: bool) -> list[str]:
    """Of the items: one line for each thing that is not as it must be."""
    found: list[str] = []
    for box in boxes:
        if box.waiting():
            found.append(f"{box.name}: {box.waiting()} items wait in the outbox")
        found += _lane_problems(world, box, dropped=dropped)
        found += _content_problems(world, box, values_lost=values_lost, dropped=dropped)
    return found


def quarantine_problems(world: World, boxes: Iterable[Box]) -> list[str]:
    """Nothing of these boxes, and nothing of nobody, was set aside."""
    names = [box.name for box in boxes]
    aside = world.rows("SELECT code, detail FROM quarantine WHERE box IS NULL OR box = ANY (%s)", names)
    return [f"in quarantine: {code}: {detail}" for code, detail in aside]


def _lane_problems(world: World, box: Box, *, dropped: bool) -> list[str]:
    found: list[str] = []
    report = box.report()
    highest: dict[str, int] = {}
    for epoch, lane, received, last, hole, aside, gone, stored, distinct in world.rows(_LANES, box.name):
        where = f"{box.name} {epoch[:8]} {lane}"
        if received != f"{{[1,{last + 1})}}" or hole:
            found.append(f"{where}: has holes: {received}")
        if stored != distinct:
            found.append(f"{where}: {stored} rows under {distinct} numbers")
        if aside:
            found.append(f"{where}: {aside} set aside")
        if gone and not dropped:
            found.append(f"{where}: {gone} were dropped")
        # A gap record has a number of its own and leaves no row.
        missing = last - stored - gone
        if missing and not (gone and 0 < missing <= gone):
            found.append(f"{where}: {last} numbers received, {stored} stored, {gone} dropped")
        if epoch == report.epoch:
            highest[lane] = last
    for lane, last in report.last_seq.items():
        if highest.get(lane) != last:
            found.append(f"{box.name} {lane}: the box gave out {last} numbers, {highest.get(lane)} are held")
    return found


def _content_problems(world: World, box: Box, *, values_lost: bool, dropped: bool) -> list[str]:
    if box.script is None:
        return []
    found: list[str] = []
    alarms = dict(_alarm_counts(world, box))
    wanted = {(a.device, a.kind): 1 for a in box.script.alarms}
    if alarms != wanted:
        wrong = {key: n for key, n in alarms.items() if wanted.get(key) != n}
        found.append(
            f"{box.name}: alarms stored otherwise than once: {wrong}; missing: {sorted(wanted.keys() - alarms.keys())}"
        )
    values = dict(
        world.rows(
            "SELECT r.value::bigint, count(*) FROM readings r JOIN devices d USING (device_key)"
            " JOIN metrics m USING (metric_key) WHERE d.box = %s AND m.name = %s GROUP BY 1",
            box.name,
            METRIC,
        )
    )
    lacking = {r.value for r in box.script.readings} - values.keys()
    if lacking and not values_lost and not dropped:
        found.append(f"{box.name}: {len(lacking)} readings missing, such as {sorted(lacking)[:5]}")
    twice = [value for value, n in values.items() if n > 1]
    if twice and not box.kills:
        found.append(f"{box.name}: {len(twice)} readings stored twice, such as {sorted(twice)[:5]}")
    return found


def _alarm_counts(world: World, box: Box) -> list[tuple[tuple[str, str], int]]:
    rows = world.rows(
        "SELECT d.device, e.kind, count(*) FROM events e JOIN devices d USING (device_key)"
        " JOIN box_progress p USING (progress_key) WHERE p.box = %s AND p.lane = 'alarm' GROUP BY 1, 2",
        box.name,
    )
    return [((device, kind), n) for device, kind, n in rows]


def alert_problems(world: World, boxes: Iterable[Box], also: Collection[str] | None) -> list[str]:
    """Of the alerts: each alarm of the scripts is one alert that counts one, and one work item."""
    found: list[str] = []
    wanted = {(a.hazard, a.place): box for box in boxes if box.script for a in box.script.alarms}
    sites = sorted({box.site for box in boxes})
    seen: dict[tuple[str, str], list[Any]] = {}
    for hazard, place, rule, count, items in world.rows(
        "SELECT a.hazard, a.place, a.rule, a.count, (SELECT count(*) FROM work_items w WHERE w.alert = a.id)"
        " FROM alerts a WHERE a.site = ANY (%s)",
        sites,
    ):
        if (hazard, place) in wanted:
            seen.setdefault((hazard, place), []).append((count, items))
        elif also is not None and rule not in also:
            found.append(f"an alert that nobody asked for: {hazard} at {place} by {rule}")
    for key, box in wanted.items():
        if seen.get(key) != [(1, 1)]:
            found.append(f"{box.name}: {key}: (count, work items) of its alerts: {seen.get(key)}")
    return found
