import type { Feature, Polygon } from "geojson";
import { describe, expect, it } from "vitest";

import { anchorOf, boundsOf, fit, outlinesOf, pathOf } from "@/map/geometry";

const square = (west: number, south: number, size: number): Polygon => ({
  type: "Polygon",
  coordinates: [
    [
      [west, south],
      [west + size, south],
      [west + size, south + size],
      [west, south + size],
      [west, south],
    ],
  ],
});
const feature = (geometry: Feature["geometry"], level = "grid"): Feature => ({
  type: "Feature",
  properties: { level },
  geometry,
});

describe("the map as a drawing", () => {
  it("finds the bounds of everything, and of nothing", () => {
    const features = [feature(square(102, 25, 1)), feature({ type: "Point", coordinates: [104, 24.5] })];
    expect(boundsOf(features)).toEqual([102, 24.5, 104, 26]);
    expect(boundsOf([])).toBeNull();
    expect(boundsOf([feature({ type: "MultiPolygon", coordinates: [] })])).toBeNull();
  });

  it("shows the bounds whole and centred, north up, east right, with the shape of a map", () => {
    const project = fit([102, 25, 103, 26], 800, 600, 20);
    const [left, bottom] = project([102, 25]);
    const [right, top] = project([103, 26]);
    expect(top).toBeCloseTo(20, 0);
    expect(bottom).toBeCloseTo(580, 0);
    expect(left + right).toBeCloseTo(800, 0);
    // A degree of longitude is shorter than one of latitude, by the cosine of the latitude.
    expect((right - left) / (bottom - top)).toBeCloseTo(Math.cos((25.5 * Math.PI) / 180), 2);
    expect(project([102.5, 25.9])[1]).toBeLessThan(project([102.5, 25.1])[1]);
  });

  it("draws one point, poles and the whole globe without infinite numbers", () => {
    for (const bounds of [
      [102, 25, 102, 25],
      [-180, -90, 180, 90],
    ] as const) {
      const project = fit(bounds, 300, 200);
      for (const position of [
        [102, 25],
        [0, 90],
        [0, -90],
        [180, 0],
      ])
        expect(project(position).every(Number.isFinite)).toBe(true);
    }
  });

  it("makes closed paths of polygons, one for each ring, and none of points", () => {
    const project = (position: number[]) => [position[0] ?? 0, position[1] ?? 0] as const;
    expect(pathOf(square(0, 0, 1), project)).toBe("M0 0L1 0L1 1L0 1L0 0Z");
    const two = {
      type: "MultiPolygon",
      coordinates: [square(0, 0, 1).coordinates, square(2, 2, 1).coordinates],
    } as const;
    expect(pathOf(two as never, project).match(/Z/g)).toHaveLength(2);
    expect(pathOf({ type: "Point", coordinates: [1, 1] }, project)).toBe("");
    expect(pathOf(null, project)).toBe("");
  });

  it("draws large places first and anchors names in the middle", () => {
    const map = {
      type: "FeatureCollection" as const,
      features: [
        feature(square(0, 0, 1), "compound"),
        feature(square(0, 0, 4), "city"),
        feature({ type: "Point", coordinates: [0, 0] }, "unit"),
      ],
    };
    expect(outlinesOf(map).map((one) => one.properties?.["level"] as string)).toEqual(["city", "compound"]);
    expect(anchorOf(square(0, 0, 4))).toEqual([2, 2]);
    expect(anchorOf({ type: "Point", coordinates: [3, 4] })).toEqual([3, 4]);
  });
});
