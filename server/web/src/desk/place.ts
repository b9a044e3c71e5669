/** A place as people say it: 锦园7栋2单元; Jinyuan, Building 7, Unit 2. Pure. */
import type { Lang, PlaceName } from "@/api/types";

const ABOVE = new Set(["city", "district", "street", "community", "grid"]);

/** From the compound down; the last place where there is no compound. */
export function shortPlace(
  path: readonly PlaceName[],
  named: (one: PlaceName) => string,
  lang: Lang,
): string {
  const inside = path.filter((one) => !ABOVE.has(one.level));
  return (inside.length > 0 ? inside : path.slice(-1)).map(named).join(lang === "zh" ? "" : ", ");
}
