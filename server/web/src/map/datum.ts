/**
 * Positions for a map whose tiles are drawn in GCJ-02, the shifted datum of Chinese web maps.
 *
 * Everything in RedWhistle is WGS-84; only what is laid over GCJ-02 tiles is moved, at the last moment, and what the map
 * says (where a click was) is moved back. Source of the formula: the `gcoord` library.
 */
import gcoord from "gcoord";
import type { Position } from "geojson";

export type Datum = "wgs84" | "gcj02";

/** A WGS-84 position as the map's tiles have it. */
export function toMap(position: Position, datum: Datum): Position {
  return datum === "wgs84" ? position : shift(position, gcoord.WGS84, gcoord.GCJ02);
}

/** A position of the map in WGS-84, to within a metre. */
export function fromMap(position: Position, datum: Datum): Position {
  return datum === "wgs84" ? position : shift(position, gcoord.GCJ02, gcoord.WGS84);
}

/** A copy of GeoJSON with every position moved; the same object where nothing moves. */
export function moved<T extends object>(geojson: T, datum: Datum): T {
  if (datum === "wgs84") return geojson;
  const copy = structuredClone(geojson);
  return gcoord.transform(copy as never, gcoord.WGS84, gcoord.GCJ02);
}

function shift(
  position: Position,
  from: Parameters<typeof gcoord.transform>[1],
  to: Parameters<typeof gcoord.transform>[2],
): Position {
  return gcoord.transform([position[0] ?? 0, position[1] ?? 0], from, to);
}
