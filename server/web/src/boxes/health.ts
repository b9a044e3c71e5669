/**
 * What is wrong with a box, from its own figures: the worst first. Pure; times in milliseconds since the epoch.
 *
 * A total never counts what is not known: a box that was never online makes it "≥".
 */
import type { Box } from "@/boxes/answers";

/** A clock further off than this is pointed out, as on the command line. */
export const CLOCK_OFF_MS = 5_000;
/** A hole may be on its way for this long before it counts as one. */
export const HOLE_GRACE_MS = 60_000;

export const TROUBLES = [
  "never_online",
  "offline",
  "twin",
  "holes",
  "dropped",
  "quarantined",
  "clock_unsynced",
  "clock_off",
  "unregistered",
] as const;
export type Trouble = (typeof TROUBLES)[number];

export interface Finding {
  readonly trouble: Trouble;
  /** What the sentence names: a number of items, or seconds. */
  readonly n: number;
  readonly since: string | null;
}

export function findingsOf(box: Box, now: number): Finding[] {
  const found: Finding[] = [];
  const add = (trouble: Trouble, n = 0, since: string | null = null): void => {
    found.push({ trouble, n, since });
  };
  if (!box.online && box.last_seen_at === null) add("never_online");
  else if (!box.online) add("offline", 0, box.last_seen_at);
  if (box.twin_seen_at !== null) add("twin", 0, box.twin_seen_at);
  const holed = box.lanes.filter((lane) => lane.missing > 0 && isOld(lane.hole_since, now));
  const missing = sum(holed, (lane) => lane.missing);
  if (missing > 0) add("holes", missing, earliest(holed.map((lane) => lane.hole_since)));
  const dropped = sum(box.lanes, (lane) => lane.dropped);
  if (dropped > 0) add("dropped", dropped);
  const quarantined = sum(box.lanes, (lane) => lane.quarantined);
  if (quarantined > 0) add("quarantined", quarantined);
  if (box.clock.synced === false) add("clock_unsynced");
  const offset = box.clock.offset_ms;
  if (offset !== null && Math.abs(offset) > CLOCK_OFF_MS) add("clock_off", Math.round(offset / 1000));
  if (!box.registered) add("unregistered");
  return found;
}

/** Items that are missing since less than a minute: they may only be late, and are no trouble yet. */
export function lateItems(box: Box, now: number): number {
  const late = box.lanes.filter((lane) => lane.missing > 0 && !isOld(lane.hole_since, now));
  return sum(late, (lane) => lane.missing);
}

export interface Fleet {
  readonly total: number;
  readonly online: number;
  readonly troubled: number;
  readonly missing: number;
}

/** The figures over the list. */
export function fleetOf(boxes: readonly Box[], now: number): Fleet {
  return {
    total: boxes.length,
    online: boxes.filter((box) => box.online).length,
    troubled: boxes.filter((box) => findingsOf(box, now).length > 0).length,
    missing: sum(boxes, (box) => sum(box.lanes, (lane) => lane.missing)),
  };
}

/** Boxes in the order of their need: offline, then troubled, then by name. */
export function byNeed(now: number): (a: Box, b: Box) => number {
  const rank = (box: Box): number => {
    const worst = findingsOf(box, now)[0];
    return worst ? TROUBLES.indexOf(worst.trouble) : TROUBLES.length;
  };
  return (a, b) => rank(a) - rank(b) || a.box.localeCompare(b.box);
}

/** A share in percent for people, none where the number is too small to mean anything. */
export function percentOf(part: number, whole: number): string | null {
  return whole < 20 ? null : `${((100 * part) / whole).toFixed(1)} %`;
}

function isOld(since: string | null, now: number): boolean {
  return since === null || now - Date.parse(since) >= HOLE_GRACE_MS;
}

function earliest(times: readonly (string | null)[]): string | null {
  return times.filter((time) => time !== null).sort()[0] ?? null;
}

function sum<T>(values: readonly T[], of: (value: T) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
