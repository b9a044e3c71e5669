/** What the server says about boxes, their devices and readings, by name. */
import type { components } from "@/generated/api";

type Schemas = components["schemas"];

/** A hole is [first, last]. */
export type Lane = Omit<Schemas["BoxLane"], "holes"> & { holes: number[][] };
export type Box = Omit<Schemas["Box"], "lanes"> & { lanes: Lane[] };
export type Device = Schemas["Device"];
export type Latest = Schemas["Latest"];
export type Metric = Schemas["Metric"];
export type SeriesPoint = Schemas["ReadingPoint"];
