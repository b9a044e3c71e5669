/** The sketch of a compound: WGS-84 to a picture with north up. Pure. */
import type { Sketch } from "@/api/types";

export const WIDTH = 340;
export const HEIGHT = 220;
const MARGIN = 26;
/** About a metre. What lies closer together is drawn as one place: blown up further, the rounding of the very numbers
 * (some 1e-14 degrees) would be as large as the picture. */
const SMALLEST_DEG = 1e-5;
const ABOVE_COMPOUND = new Set(["city", "district", "street", "community", "grid"]);

export type LonLat = readonly [number, number];
export interface Drawn {
  outlines: { id: string; level: string; path: string }[];
  points: { id: string; kind: string; x: number; y: number; name_zh: string; name_en: string }[];
  here: { x: number; y: number } | null;
}

/** A function from longitude and latitude to the picture, so that all of `points` fit in; null for none. */
export function fit(points: readonly LonLat[]): ((point: LonLat) => { x: number; y: number }) | null {
  const [first] = points;
  if (!first) return null;
  const middleLat = points.reduce((sum, point) => sum + point[1], 0) / points.length;
  // Metres are what matters: a degree of longitude is shorter by the cosine of the latitude.
  const east = Math.cos((middleLat * Math.PI) / 180);
  const xs = points.map((point) => point[0] * east);
  const ys = points.map((point) => point[1]);
  const [left, right, bottom, top] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const wide = Math.max(right - left, SMALLEST_DEG);
  const high = Math.max(top - bottom, SMALLEST_DEG);
  const scale = Math.min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high);
  const round = (n: number) => Math.round(n * 10) / 10;
  return ([lon, lat]) => ({
    x: round(WIDTH / 2 + (lon * east - (left + right) / 2) * scale),
    y: round(HEIGHT / 2 - (lat - (bottom + top) / 2) * scale),
  });
}

/** The outlines (largest first), the points and the place of the alarm, ready to draw. */
export function drawn(sketch: Sketch): Drawn | null {
  // The grid around the compound would make everything a worker looks for too small.
  const inside = sketch.polygons.filter((polygon) => !ABOVE_COMPOUND.has(polygon.level));
  const polygons = inside.length ? inside : sketch.polygons;
  const rings = polygons.map((polygon) => ({ polygon, rings: ringsOf(polygon.coordinates) }));
  const all: LonLat[] = [
    ...rings.flatMap((one) => one.rings.flat()),
    ...sketch.points.map((point) => pair(point.location)),
    ...(sketch.here ? [pair(sketch.here)] : []),
  ];
  const place = fit(all);
  if (!place) return null;
  return {
    outlines: rings.map(({ polygon, rings: lines }) => ({
      id: polygon.id,
      level: polygon.level,
      path: lines
        .map((ring) => `M${ring.map((point) => Object.values(place(point)).join(" ")).join("L")}Z`)
        .join(""),
    })),
    points: sketch.points.map(({ id, kind, name_zh, name_en, location }) => ({
      id,
      kind,
      name_zh,
      name_en,
      ...place(pair(location)),
    })),
    here: sketch.here ? place(pair(sketch.here)) : null,
  };
}

/** All rings of GeoJSON MultiPolygon coordinates; what is none is left out. */
function ringsOf(coordinates: readonly unknown[]): LonLat[][] {
  const rings: LonLat[][] = [];
  for (const polygon of coordinates) {
    if (!Array.isArray(polygon)) continue;
    for (const ring of polygon as unknown[]) {
      if (!Array.isArray(ring)) continue;
      const points = (ring as unknown[]).filter(isLonLat);
      if (points.length > 2) rings.push(points);
    }
  }
  return rings;
}

function isLonLat(point: unknown): point is LonLat {
  return Array.isArray(point) && typeof point[0] === "number" && typeof point[1] === "number";
}

function pair(location: readonly number[]): LonLat {
  return [location[0] ?? 0, location[1] ?? 0];
}

export interface Label {
  text: string;
  x: number;
  y: number;
}
const LINE = 14;

/** Where names stand so that none covers another: below its mark, above, right or left; null where there is no room.
 * `blocked` are marks that no name may cover. Earlier names are placed first. */
export function placeLabels(
  marks: readonly { x: number; y: number; text: string }[],
  blocked: readonly { x: number; y: number }[],
): (Label | null)[] {
  const taken = blocked.map(({ x, y }) => ({ left: x - 8, right: x + 8, top: y - 8, bottom: y + 8 }));
  return marks.map(({ x, y, text }) => {
    const wide = widthOf(text);
    const tries = [
      { x, y: y + 20 },
      { x, y: y - 11 },
      { x: x + wide / 2 + 11, y: y + 4 },
      { x: x - wide / 2 - 11, y: y + 4 },
    ];
    for (const at of tries) {
      const own = { left: at.x - wide / 2, right: at.x + wide / 2, top: at.y - LINE + 3, bottom: at.y + 3 };
      const fits = own.left >= 0 && own.right <= WIDTH && own.top >= 0 && own.bottom <= HEIGHT;
      const free = taken.every(
        (one) => own.right < one.left || own.left > one.right || own.bottom < one.top || own.top > one.bottom,
      );
      if (!fits || !free) continue;
      taken.push(own);
      return { text, ...at };
    }
    return null;
  });
}

/** About how wide a text of 12 px is: Chinese signs are square, others half as wide. */
function widthOf(text: string): number {
  return Array.from(text).reduce((sum, sign) => sum + ((sign.codePointAt(0) ?? 0) > 0x2e80 ? 12 : 7), 0);
}
