/** What the stream has told so far: open items and boxes. Pure. */
import type { BoxState, Item, StreamChange, StreamSnapshot } from "@/api/types";

export interface Picture {
  readonly items: ReadonlyMap<string, Item>;
  readonly boxes: ReadonlyMap<string, BoxState>;
  /** Where to go on from; null before the first snapshot. */
  readonly cursor: string | null;
}

export type Snapshot = StreamSnapshot;
export type Change = StreamChange;

export const NOTHING: Picture = { items: new Map(), boxes: new Map(), cursor: null };

export function fromSnapshot(snapshot: Snapshot): Picture {
  return {
    items: new Map(snapshot.items.map((item) => [item.id, item])),
    boxes: new Map(snapshot.boxes.list.map((box) => [box.box, box])),
    cursor: snapshot.cursor,
  };
}

/** Take in changes in the order in which they came. An older picture of an item never replaces a newer one (`mark`). */
export function withChanges(picture: Picture, changes: readonly Change[], cursor: string | null): Picture {
  let items: Map<string, Item> | null = null;
  let boxes: Map<string, BoxState> | null = null;
  for (const change of changes) {
    if (change.kind === "box") {
      boxes ??= new Map(picture.boxes);
      boxes.set(change.box.box, change.box);
      continue;
    }
    const known = (items ?? picture.items).get(change.item.id);
    if (known && known.mark > change.item.mark) continue;
    items ??= new Map(picture.items);
    if (change.item.closed_at === null) items.set(change.item.id, change.item);
    else items.delete(change.item.id);
  }
  return {
    items: items ?? picture.items,
    boxes: boxes ?? picture.boxes,
    cursor: cursor ?? picture.cursor,
  };
}

/** The server's order: severity, then time to the deadline, then number. What is real stands before any drill. */
export function byUrgency(a: Item, b: Item): number {
  return (
    Number(a.exercise !== "") - Number(b.exercise !== "") ||
    a.severity - b.severity ||
    inTime(a.deadline_at, b.deadline_at) ||
    a.number - b.number
  );
}

/** The server writes all times alike (UTC, milliseconds): their texts sort as they do, at a fraction of the cost. */
const inTime = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Boxes that are online, of all. */
export function boxCount(picture: Picture): { online: number; total: number } {
  let online = 0;
  for (const box of picture.boxes.values()) online += Number(box.online);
  return { online, total: picture.boxes.size };
}

/** Whether the change may not wait: Ⅰ and Ⅱ are on the screen in the next frame. */
export function isUrgent(change: Change): boolean {
  return change.kind === "item" && change.item.severity <= 2;
}
