/**
 * Work items and devices as GeoJSON points with the name of their mark. Pure.
 *
 * A mark's name says all that its picture shows (`m:1:fire:s-r-d` = Ⅰ, fire, suspected, ringed, drill), so that a picture is
 * drawn once for each name and the map only asks for names.
 */
import type { Feature, FeatureCollection, Point, Position } from "geojson";

import type { Item, Severity } from "@/api/types";
import type { Device } from "@/boxes/answers";

export interface MarkLook {
  readonly severity: Severity;
  readonly hazard: string;
  /** Dashed outline. */
  readonly suspected: boolean;
  /** A ring: somebody has it. */
  readonly claimed: boolean;
  /** Hatched. */
  readonly drill: boolean;
}
export interface DeviceLook {
  readonly kind: string;
  /** Hollow: not heard for longer than its heart-beat allows. */
  readonly stale: boolean;
  /** Grade of the most urgent open alert at the device; null where there is none. */
  readonly severity: Severity | null;
}

export function markName(look: MarkLook): string {
  const flags = (look.suspected ? "s" : "") + (look.claimed ? "c" : "") + (look.drill ? "d" : "");
  return `mark:${look.severity}:${look.hazard}:${flags}`;
}

export function deviceName(look: DeviceLook): string {
  return `device:${look.severity ?? 0}:${look.kind}:${look.stale ? "h" : ""}`;
}

/** What a mark's name says; null for names of something else. */
export function readMark(name: string): MarkLook | null {
  const [what, severity, hazard, flags] = name.split(":");
  if (what !== "mark" || hazard === undefined || flags === undefined) return null;
  return {
    severity: Number(severity) as Severity,
    hazard,
    suspected: flags.includes("s"),
    claimed: flags.includes("c"),
    drill: flags.includes("d"),
  };
}

export function readDevice(name: string): DeviceLook | null {
  const [what, severity, kind, flags] = name.split(":");
  if (what !== "device" || kind === undefined || flags === undefined) return null;
  const grade = Number(severity);
  return { kind, stale: flags.includes("h"), severity: grade === 0 ? null : (grade as Severity) };
}

export function lookOf(item: Item): MarkLook {
  return {
    severity: item.severity,
    hazard: item.hazard,
    suspected: item.certainty === "suspected",
    claimed: item.owner !== null,
    drill: item.exercise !== "",
  };
}

/** Open items that have a place on the map; the urgent ones are drawn last, on top. */
export function itemFeatures(items: Iterable<Item>, selected: string | null): FeatureCollection<Point> {
  const features: Feature<Point>[] = [];
  for (const item of items) {
    if (!item.location || item.closed_at !== null) continue;
    features.push({
      type: "Feature",
      properties: {
        item: item.id,
        mark: markName(lookOf(item)),
        top: (item.exercise === "" ? 10 : 0) - item.severity,
        selected: item.id === selected,
      },
      geometry: { type: "Point", coordinates: [...item.location] },
    });
  }
  return { type: "FeatureCollection", features };
}

/** Devices that have a place on the map. `grades` gives the grades of open alerts by number. */
export function deviceFeatures(
  devices: readonly Device[],
  grades: ReadonlyMap<number, Severity>,
): FeatureCollection<Point> {
  const features = spread(devices.filter((one) => one.location)).map(({ device, at }): Feature<Point> => {
    const severity = worstOf(device, grades);
    return {
      type: "Feature",
      properties: {
        box: device.box,
        device: device.device,
        mark: deviceName({ kind: device.kind, stale: device.stale, severity }),
        stale: device.stale ? 1 : 0,
        alarmed: severity === null ? 0 : 1,
      },
      geometry: { type: "Point", coordinates: at },
    };
  });
  return { type: "FeatureCollection", features };
}

/** The grades of open alerts by the alert's number. */
export function gradesOf(items: Iterable<Item>): Map<number, Severity> {
  const grades = new Map<number, Severity>();
  for (const item of items) if (item.alert) grades.set(item.alert.number, item.severity);
  return grades;
}

/** The grade of the most urgent open alert at a device; null where there is none. */
export function worstOf(device: Device, grades: ReadonlyMap<number, Severity>): Severity | null {
  const found = device.open_alerts.map((number) => grades.get(number)).filter((grade) => grade !== undefined);
  return found.length > 0 ? (Math.min(...found) as Severity) : null;
}

/** Devices of one place stand in a small ring around it, in their order, so that each can be seen and met. */
export function spread(devices: readonly Device[]): { device: Device; at: Position }[] {
  const groups = new Map<string, Device[]>();
  for (const device of devices) {
    const key = String(device.location);
    groups.set(key, [...(groups.get(key) ?? []), device]);
  }
  return [...groups.values()].flatMap((group) =>
    group.map((device, i) => {
      const [lon = 0, lat = 0] = device.location ?? [];
      const turn = (2 * Math.PI * i) / group.length;
      const [east, north] = [Math.cos(turn) * RING_M, Math.sin(turn) * RING_M];
      const metresOfDegree = 111_320;
      return {
        device,
        at: [lon + east / (metresOfDegree * Math.cos((lat * Math.PI) / 180)), lat + north / metresOfDegree],
      };
    }),
  );
}

/** Also around a place with one device: an alert's mark stands in the middle. */
const RING_M = 7;
