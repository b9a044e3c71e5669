/** Lists that come in pages, read to their end or to a bound that is then said. */

const PAGE = 500;

export interface Whole<T> {
  items: T[];
  /** There is more than was read: a total is "≥". */
  cut: boolean;
}

/** All items of a list, about `most` at most; `read` asks for one page. */
export async function everyPage<T>(
  read: (cursor: string | null, limit: number) => Promise<{ items: T[]; next: string | null }>,
  most = 20_000,
): Promise<Whole<T>> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: { items: T[]; next: string | null } = await read(cursor, PAGE);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && items.length < most);
  return { items, cut: cursor !== null };
}
