/** Lists that come in pages, read to their end or to a bound that is then said. */
import { call } from "@/api/client";

const PAGE = 500;

export interface Whole<T> {
  items: T[];
  /** There is more than was read: a total is "≥". */
  cut: boolean;
}

/** All items of a list, at most `most`. */
export async function everyPage<T>(
  path: string,
  query: Record<string, string | number | boolean | null | undefined>,
  signal: AbortSignal,
  most = 20_000,
): Promise<Whole<T>> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: T[]; next: string | null } = await call("GET", path, {
      query: { ...query, limit: PAGE, cursor },
      signal,
    });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && items.length < most);
  return { items, cut: cursor !== null };
}
