/** What the server says about alerts, their history and their evidence. Shapes of the API, by name. */
import type { Certainty, Hazard, Item, Owner, PlaceName, Severity, State } from "@/api/types";

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** One source as the engine names it: a device with what it said. */
export interface WhySource {
  device?: string;
  box?: string;
  place?: string;
  kind?: string;
  metric?: string;
  value?: number;
  at_ms?: number;
  last_heard_ms?: number;
  away_since_ms?: number;
  data?: Record<string, string | number | boolean | null>;
}
/** The engine's reason: the rule, its numbers and limits, the sources. Every field may be missing. */
export interface Why {
  rule?: string;
  type?: string;
  title?: { zh?: string; en?: string };
  sources?: WhySource[];
  linked?: string[];
  [more: string]: unknown;
}

/** One decision of the engine about an alert. */
export interface Decision {
  at: string;
  happened_at: string;
  decision: string;
  item: string;
  device: string;
  severity: Severity | null;
  certainty: Certainty | null;
  quiet: string | null;
  quiet_by: string | null;
  why: Why;
}
/** What one of the alert's devices said around that time and that raised nothing. */
export interface Suppressed {
  at: string;
  happened_at: string;
  item: string;
  device: string;
  reason: string;
  rule: string;
  detail: string;
}
export interface Alert {
  id: string;
  number: number;
  exercise: string;
  hazard: Hazard;
  severity: Severity;
  certainty: Certainty;
  rule: string;
  pack: string;
  device: string;
  happened_at: string;
  raised_at: string;
  last_at: string;
  condition_ended_at: string | null;
  closed_at: string | null;
  late_ms: number;
  count: number;
  quiet: string | null;
  quiet_by: string | null;
  site: string;
  place: string;
  path: PlaceName[];
  location: [number, number] | null;
  item: { id: string; number: number; state: State; owner: Owner | null; outcome: State | null } | null;
  evidence: number;
}
export interface Evidence {
  id: string;
  device: string;
  taken_at: string;
  received_at: string;
  expires_at: string;
  width_px: number;
  height_px: number;
  people_blurred: number;
  method: string;
  bytes: number;
  views: number;
}
export interface EvidenceView {
  id: number;
  at: string;
  person: Owner;
  address: string | null;
}
export interface AlertDetail {
  alert: Alert;
  log: Decision[];
  suppressed: Suppressed[];
  /** Numbers of alerts of the same cause. */
  linked: number[];
  rule_in_words: { zh: string; en: string } | null;
  item: Item | null;
  evidence: Evidence[];
  server_time: string;
}
export interface HistoryEntry {
  at: string;
  device_time: string | null;
  actor: Owner;
  act: string;
  from_state: State | null;
  to_state: State;
  level: string;
  reason: string;
  version: number;
  not_done: { wanted: string; code: string; lost_to: Owner | null } | null;
  data: Record<string, unknown>;
}
export interface ItemDetail {
  item: Item;
  history: HistoryEntry[];
  contacts: { role: string; place: PlaceName; person: Owner | null; on_duty: boolean | null }[];
  server_time: string;
}
