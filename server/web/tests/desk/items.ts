/** Made-up work items for tests. */
import type { Item } from "@/api/types";

let made = 0;

export const START = Date.parse("2026-05-24T08:00:00.000Z");
export const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();

export function anItem(about: Partial<Item> = {}): Item {
  made += 1;
  return {
    id: `item-${made}`,
    number: made,
    alert: { id: `alert-${made}`, number: 1000 + made },
    exercise: "",
    hazard: "gate",
    severity: 3,
    certainty: "confirmed",
    state: "open",
    quiet: null,
    owner: null,
    lease_until: null,
    deadline_at: at(1800),
    opened_at: at(0),
    last_at: at(0),
    closes_at: null,
    closed_at: null,
    outcome: null,
    count: 1,
    version: 1,
    mark: made,
    grid: { id: "jinsha-g1", name_zh: "金沙1网格", name_en: "Jinsha grid 1" },
    site: "jinyuan",
    place: "jinyuan-b7",
    path: [
      { id: "kunming", level: "city", name_zh: "昆明市", name_en: "Kunming" },
      { id: "jinsha-g1", level: "grid", name_zh: "金沙1网格", name_en: "Jinsha grid 1" },
      { id: "jinyuan", level: "compound", name_zh: "锦园", name_en: "Jinyuan" },
    ],
    location: [102.704, 25.033],
    evidence: 0,
    ...about,
  };
}
