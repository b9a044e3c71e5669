/** What the server says about alerts and evidence, by name; and the engine's reason as far as the console reads it. */
import type { components } from "@/generated/api";

type Schemas = components["schemas"];

export type Alert = Schemas["Alert"];
export type AlertPage = Schemas["AlertPage"];
export type AlertDetail = Schemas["AlertDetail"];
export type Decision = Schemas["Decision"];
export type Suppressed = Schemas["Suppressed"];
export type Evidence = Schemas["Evidence"];
export type EvidenceView = Schemas["EvidenceView"];
export type EvidenceViewPage = Schemas["EvidenceViewPage"];
export type HistoryEntry = Schemas["HistoryEntry"];
export type ItemDetail = Schemas["ItemDetail"];

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
/** The engine's reason (`why` of a decision): the rule, its numbers and limits, the sources. Any field may be missing. */
export interface Why {
  rule?: string;
  type?: string;
  title?: { zh?: string; en?: string };
  sources?: WhySource[];
  [more: string]: unknown;
}
