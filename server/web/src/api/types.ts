/** What the server says, by name. */

export type Severity = 1 | 2 | 3 | 4;
export type Hazard = "fire" | "smoke" | "gas" | "crowd" | "emergency" | "gate" | "flood" | "quake" | "device";
export type Certainty = "suspected" | "confirmed";
export type State = "suspected" | "open" | "claimed" | "on_scene" | "resolved" | "false_alarm" | "closed";
export type Lang = "zh" | "en";
export type Role = "admin" | "command" | "grid_worker" | "property_manager";
export type Right =
  | "see_places"
  | "see_devices"
  | "see_alerts"
  | "act"
  | "comment"
  | "see_evidence"
  | "see_audit"
  | "manage_people";
/** What a person does to an item, as the address names it. */
export type WantedAct =
  "claim" | "renew" | "release" | "on-scene" | "resolve" | "false-alarm" | "undo" | "close" | "comment";

export interface Owner {
  login: string;
  name: string;
}
export interface PlaceName {
  id: string;
  level: string;
  name_zh: string;
  name_en: string | null;
}
export interface Item {
  id: string;
  number: number;
  alert: { id: string; number: number } | null;
  exercise: string;
  hazard: Hazard;
  severity: Severity;
  certainty: Certainty;
  state: State;
  quiet: string | null;
  owner: Owner | null;
  lease_until: string | null;
  deadline_at: string;
  opened_at: string;
  last_at: string;
  closes_at: string | null;
  closed_at: string | null;
  outcome: State | null;
  count: number;
  version: number;
  mark: number;
  grid: { id: string; name_zh: string; name_en: string | null };
  site: string;
  place: string;
  path: PlaceName[];
  location: [number, number] | null;
  evidence: number;
}
export interface BoxState {
  box: string;
  site: string;
  online: boolean;
  clock_synced: boolean | null;
  last_seen_at: string | null;
  reason?: string | null;
}
export interface Grant {
  role: Role;
  place: PlaceName | null;
  company: { id: string; name_zh: string; name_en: string | null } | null;
}
export interface Person {
  id: string;
  login: string;
  name: string;
  lang: Lang;
  on_duty: boolean;
  on_duty_since: string | null;
  must_change_password: boolean;
  grants: Grant[];
  rights: Right[];
}
export interface Session {
  person: Person;
  csrf: string;
  expires_at: string;
  server_time: string;
  scope_places: (PlaceName & { path: PlaceName[] })[];
  settings: {
    lease_s: number;
    undo_s: number;
    map_tiles: { url: string; attribution: string } | null;
    demo: boolean;
  };
}
export interface SessionOptions {
  oidc: { name: string } | null;
  demo_logins: { login: string; name: string; role: Role; password: string }[];
  languages: Lang[];
}
