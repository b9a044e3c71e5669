/**
 * Alarm floods, queue by queue: ten new alerts within ten minutes begin one, fewer than five end it (ISA-18.2).
 *
 * Pure; times are milliseconds since the epoch by the server's clock. An alert counts by when it was opened, once,
 * and still counts when it was closed meanwhile. A drill is a queue of its own: it never floods the real one.
 */

export const WINDOW_MS = 10 * 60_000;
export const BEGINS_AT = 10;
export const ENDS_BELOW = 5;

/** What the watch needs of a work item. */
export interface Arrival {
  readonly id: string;
  readonly exercise: string;
  readonly grid: { readonly id: string };
  readonly opened_at: string;
}

export interface FloodWatch {
  /** Item id → its queue and when it was opened, of the last ten minutes. */
  readonly seen: ReadonlyMap<string, { readonly queue: string; readonly at: number }>;
  /** Queue → new alerts in the window. */
  readonly counts: ReadonlyMap<string, number>;
  readonly flooded: ReadonlySet<string>;
}

export const QUIET: FloodWatch = { seen: new Map(), counts: new Map(), flooded: new Set() };

/** The queue that an item stands in. */
export function queueOf(item: Pick<Arrival, "exercise" | "grid">): string {
  return `${item.exercise}|${item.grid.id}`;
}

/** The watch after a look at the items that are open at `now`. */
export function watch(before: FloodWatch, items: Iterable<Arrival>, now: number): FloodWatch {
  const seen = new Map([...before.seen].filter(([, one]) => isRecent(one.at, now)));
  for (const item of items) {
    if (seen.has(item.id)) continue;
    const at = Date.parse(item.opened_at);
    if (isRecent(at, now)) seen.set(item.id, { queue: queueOf(item), at });
  }
  const counts = new Map<string, number>();
  for (const { queue } of seen.values()) counts.set(queue, (counts.get(queue) ?? 0) + 1);
  const flooded = new Set(
    [...counts]
      .filter(([queue, n]) => n >= (before.flooded.has(queue) ? ENDS_BELOW : BEGINS_AT))
      .map(([queue]) => queue),
  );
  return { seen, counts, flooded };
}

function isRecent(at: number, now: number): boolean {
  return now - at < WINDOW_MS;
}
