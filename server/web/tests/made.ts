/** Values for tests. */
import type { ActRecord } from "@/acts/record";
import type { BoxState, Item } from "@/api/types";

export function item(number: number, changes: Partial<Item> = {}): Item {
  return {
    id: `0197a3c0-7d3a-7c52-9a3e-${String(number).padStart(12, "0")}`,
    number,
    alert: null,
    exercise: "",
    hazard: "fire",
    severity: 1,
    certainty: "confirmed",
    state: "open",
    quiet: null,
    owner: null,
    lease_until: null,
    deadline_at: "2026-05-24T08:52:00.000Z",
    opened_at: "2026-05-24T08:49:00.000Z",
    last_at: "2026-05-24T08:49:12.000Z",
    closes_at: null,
    closed_at: null,
    outcome: null,
    count: 1,
    version: 1,
    mark: 1,
    grid: { id: "jinsha-g3", name_zh: "金沙3网格", name_en: "Jinsha grid 3" },
    site: "jinyuan",
    place: "jinyuan-7",
    path: [{ id: "jinyuan", level: "compound", name_zh: "锦园", name_en: "Jinyuan" }],
    location: null,
    evidence: 0,
    ...changes,
  };
}

export function box(name: string, online = true): BoxState {
  return { box: name, site: "jinyuan", online, clock_synced: true, last_seen_at: null, reason: null };
}

export function record(changes: Partial<ActRecord> = {}): ActRecord {
  return {
    key: crypto.randomUUID(),
    login: "zhangwei",
    item: item(1).id,
    number: 1,
    hazard: "fire",
    severity: 1,
    act: "claim",
    reason: "",
    version: 1,
    device_time: "2026-05-24T08:49:30.000Z",
    state: "waiting",
    queued: true,
    lost_to: null,
    code: null,
    settled_at: null,
    ...changes,
  };
}
