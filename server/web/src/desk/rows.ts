/**
 * The rows of the desk's list: items in the server's order, and while a queue is flooded its lesser alerts gathered by
 * compound. Pure.
 *
 * Gathered are Ⅲ and Ⅳ only, never what threatens lives, never what somebody holds: those always have a row of their own.
 */
import type { Item } from "@/api/types";
import { queueOf } from "@/desk/flood";
import { LIFE_SAFETY } from "@/desk/hazards";

export interface ItemRow {
  readonly kind: "item";
  readonly key: string;
  readonly item: Item;
  /** Key of the opened group that it is shown under. */
  readonly group: string | null;
}
export interface GroupRow {
  readonly kind: "group";
  readonly key: string;
  readonly site: string;
  readonly items: readonly Item[];
  readonly opened: boolean;
}
export type Row = ItemRow | GroupRow;

/** A group of one is no group. */
export const LEAST = 2;

/** Rows for `items` in the order given; a group stands where its most urgent member would. */
export function rowsOf(
  items: readonly Item[],
  flooded: ReadonlySet<string>,
  opened: ReadonlySet<string>,
): Row[] {
  const groups = new Map<string, Item[]>();
  if (flooded.size > 0) {
    for (const item of items) {
      if (!mayGather(item, flooded)) continue;
      const key = groupKey(item);
      const members = groups.get(key);
      if (members) members.push(item);
      else groups.set(key, [item]);
    }
  }
  const rows: Row[] = [];
  const shown = new Set<string>();
  for (const item of items) {
    const key = groupKey(item);
    const members = mayGather(item, flooded) ? groups.get(key) : undefined;
    if (!members || members.length < LEAST) {
      rows.push({ kind: "item", key: item.id, item, group: null });
    } else if (!shown.has(key)) {
      shown.add(key);
      const isOpen = opened.has(key);
      rows.push({ kind: "group", key, site: item.site, items: members, opened: isOpen });
      if (isOpen)
        rows.push(...members.map((one): ItemRow => ({ kind: "item", key: one.id, item: one, group: key })));
    }
  }
  return rows;
}

/** Whether this item may disappear into a group of its compound. */
export function mayGather(item: Item, flooded: ReadonlySet<string>): boolean {
  return (
    item.severity >= 3 && !LIFE_SAFETY.has(item.hazard) && item.owner === null && flooded.has(queueOf(item))
  );
}

/** Items by grade, and by compound where asked: the counts of the head line. */
export function countBySeverity(items: Iterable<Item>): Record<1 | 2 | 3 | 4, number> {
  const counts = { 1: 0, 2: 0, 3: 0, 4: 0 };
  for (const item of items) counts[item.severity] += 1;
  return counts;
}

function groupKey(item: Item): string {
  return `group:${item.exercise}|${item.grid.id}|${item.site}`;
}
