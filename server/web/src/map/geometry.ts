/**
 * WGS-84 GeoJSON onto a flat drawing, for the map without WebGL. Pure.
 *
 * Projection: Web Mercator on the unit square (x east, y south), as tile maps have it, so that both maps look alike.
 */
import type { Feature, FeatureCollection, Geometry, Position } from "geojson";

/** Degrees: west, south, east, north. */
export type Bounds = readonly [number, number, number, number];
export type Project = (position: Position) => readonly [x: number, y: number];

/** The bounds of everything that has a place on the map; null where nothing has. */
export function boundsOf(features: Iterable<Pick<Feature, "geometry">>): Bounds | null {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { geometry } of features) {
    for (const [lon, lat] of positionsOf(geometry)) {
      if (lon === undefined || lat === undefined) continue;
      west = Math.min(west, lon);
      east = Math.max(east, lon);
      south = Math.min(south, lat);
      north = Math.max(north, lat);
    }
  }
  return west <= east ? [west, south, east, north] : null;
}

/** A projection that shows `bounds` whole and centred in `width` × `height` px, with a `margin` in px. */
export function fit(bounds: Bounds, width: number, height: number, margin = 16): Project {
  const [left, bottom] = mercator([bounds[0], bounds[1]]);
  const [right, top] = mercator([bounds[2], bounds[3]]);
  const room = [Math.max(width - 2 * margin, 1), Math.max(height - 2 * margin, 1)] as const;
  const scale = Math.min(
    room[0] / Math.max(right - left, SMALLEST),
    room[1] / Math.max(bottom - top, SMALLEST),
  );
  const [x0, y0] = [(left + right) / 2, (top + bottom) / 2];
  return (position) => {
    const [x, y] = mercator(position);
    return [round(width / 2 + (x - x0) * scale), round(height / 2 + (y - y0) * scale)];
  };
}

/** The SVG path data of a polygon, multi-polygon or line; empty for points and nothing. */
export function pathOf(geometry: Geometry | null, project: Project): string {
  switch (geometry?.type) {
    case "Polygon":
      return geometry.coordinates.map((ring) => ringOf(ring, project)).join("");
    case "MultiPolygon":
      return geometry.coordinates
        .flat()
        .map((ring) => ringOf(ring, project))
        .join("");
    default:
      return "";
  }
}

/** Where a label or mark stands: a point itself, else the middle of the outline's bounds. */
export function anchorOf(geometry: Geometry | null): Position | null {
  if (geometry?.type === "Point") return geometry.coordinates;
  const bounds = boundsOf([{ geometry: geometry as Geometry }]);
  return bounds && [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2];
}

/** The features of one type (`properties.type`), the large levels before the small. */
export function outlinesOf(map: FeatureCollection): Feature[] {
  const rank = (one: Feature): number => LEVELS.indexOf(String(one.properties?.level));
  return map.features
    .filter((one) => one.geometry.type === "Polygon" || one.geometry.type === "MultiPolygon")
    .sort((a, b) => rank(a) - rank(b));
}

const LEVELS = ["city", "district", "street", "community", "grid", "compound", "building", "unit"];
/** About 1 m: what is smaller than this is drawn as if it were that large. */
const SMALLEST = 1 / 40_000_000;
const MAX_LAT = 85.051129;

function mercator(position: Position): readonly [number, number] {
  const lat = Math.min(Math.max(position[1] ?? 0, -MAX_LAT), MAX_LAT);
  const sin = Math.sin((lat * Math.PI) / 180);
  return [((position[0] ?? 0) + 180) / 360, 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)];
}

function ringOf(ring: readonly Position[], project: Project): string {
  return `${ring.map((one, i) => `${i === 0 ? "M" : "L"}${project(one).join(" ")}`).join("")}Z`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function* positionsOf(geometry: Geometry | null | undefined): Generator<Position> {
  switch (geometry?.type) {
    case "Point":
      yield geometry.coordinates;
      return;
    case "LineString":
    case "MultiPoint":
      yield* geometry.coordinates;
      return;
    case "Polygon":
    case "MultiLineString":
      for (const ring of geometry.coordinates) yield* ring;
      return;
    case "MultiPolygon":
      for (const polygon of geometry.coordinates) for (const ring of polygon) yield* ring;
      return;
    case "GeometryCollection":
      for (const one of geometry.geometries) yield* positionsOf(one);
  }
}
