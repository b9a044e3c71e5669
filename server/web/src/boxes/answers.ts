/** What the server says about boxes, their devices and readings. Shapes of the API, by name. */
import type { PlaceName } from "@/api/types";

export interface Lane {
  lane: string;
  epoch: string;
  current: boolean;
  received_to: number;
  highest: number;
  holes: [number, number][];
  missing: number;
  dropped: number;
  quarantined: number;
  duplicates: number;
  hole_since: string | null;
  first_at: string;
  last_at: string;
}
export interface Box {
  box: string;
  site: string;
  path: PlaceName[];
  registered: boolean;
  online: boolean;
  reason: string | null;
  version: string | null;
  os: string | null;
  clock: { synced: boolean | null; offset_ms: number | null };
  twin_seen_at: string | null;
  last_seen_at: string | null;
  state_at: string | null;
  first_seen_at: string;
  devices: number;
  lanes: Lane[];
}
export interface Latest {
  metric: string;
  value: number;
  time: string;
  unit: string;
}
export interface Device {
  box: string;
  device: string;
  kind: string;
  model: string | null;
  label: string | null;
  site: string;
  place: string | null;
  path: PlaceName[];
  location: [number, number] | null;
  announced: boolean;
  heartbeat_s: number | null;
  first_seen_at: string;
  last_heard_at: string | null;
  liveness: string;
  /** Its values are the past: show when, not how much. */
  stale: boolean;
  latest: Latest[];
  last_event: { kind: string; active: boolean; test: boolean; time: string } | null;
  /** Numbers of open alerts. */
  open_alerts: number[];
}
export interface BoxDetail {
  box: Box;
  devices: Device[];
}
export interface SeriesPoint {
  t: string;
  n: number;
  min: number;
  max: number;
  avg: number;
  last: number;
}
export interface Series {
  device: string;
  metric: string;
  unit: string;
  points: SeriesPoint[];
}
export interface Readings {
  series: Series[];
  bucket_s: number;
  start: string;
  end: string;
}
