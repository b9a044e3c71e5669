/** Moving through a list by keys. Pure. */

/** The row `step` further from the one called `key`; the first (or last) where there is none. */
export function neighbour(keys: readonly string[], key: string | null, step: 1 | -1): string | null {
  if (keys.length === 0) return null;
  const here = key === null ? -1 : keys.indexOf(key);
  if (here < 0) return keys.at(step > 0 ? 0 : -1) ?? null;
  return keys[Math.min(Math.max(here + step, 0), keys.length - 1)] ?? null;
}

/** What the component of the list lets others do. */
export interface ListHandle {
  /** Select the next row (1) or the one before (-1). */
  move(step: 1 | -1): Promise<void>;
}
