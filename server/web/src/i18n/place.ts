/** Places as people say them: from the compound down. 锦园7栋2单元; Jinyuan, Building 7, Unit 2. */
import type { PlaceName } from "@/api/types";
import { currentLang, named } from "@/i18n/text";

const ABOVE_COMPOUND = new Set(["city", "district", "street", "community", "grid"]);

export function placeText(path: readonly PlaceName[]): string {
  const inside = path.filter((place) => !ABOVE_COMPOUND.has(place.level));
  return (inside.length ? inside : path.slice(-1)).map(named).join(currentLang() === "zh" ? "" : ", ");
}
