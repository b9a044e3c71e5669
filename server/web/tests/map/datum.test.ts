import { describe, expect, it } from "vitest";

import { fromMap, moved, toMap } from "@/map/datum";

const METRE = 1 / 111_320;
/** A pair from the documentation of the evil_transform library: WGS-84, GCJ-02. */
const SUZHOU = [120.596931, 31.280844];
const SUZHOU_GCJ = [120.60109998322247, 31.278648624428175];

describe("GCJ-02, at tiles only", () => {
  it("moves a position as the published pairs say, to within a few metres", () => {
    const [lon, lat] = toMap(SUZHOU, "gcj02");
    expect(Math.abs((lon ?? 0) - (SUZHOU_GCJ[0] ?? 0))).toBeLessThan(5 * METRE);
    expect(Math.abs((lat ?? 0) - (SUZHOU_GCJ[1] ?? 0))).toBeLessThan(5 * METRE);
  });

  it("comes back to within a metre", () => {
    for (const position of [SUZHOU, [102.704, 25.033], [116.39, 39.9]]) {
      const [lon, lat] = fromMap(toMap(position, "gcj02"), "gcj02");
      expect(Math.abs((lon ?? 0) - (position[0] ?? 0))).toBeLessThan(METRE);
      expect(Math.abs((lat ?? 0) - (position[1] ?? 0))).toBeLessThan(METRE);
    }
  });

  it("leaves everything alone without such tiles, and outside China", () => {
    const data = { type: "Point", coordinates: [102.7, 25] };
    expect(moved(data, "wgs84")).toBe(data);
    expect(toMap([2.35, 48.85], "gcj02")).toEqual([2.35, 48.85]);
  });

  it("moves a copy, never the data itself", () => {
    const data = {
      type: "Polygon" as const,
      coordinates: [
        [
          [102.7, 25],
          [102.8, 25],
          [102.7, 25],
        ],
      ],
    };
    const before = structuredClone(data);
    const after = moved(data, "gcj02");
    expect(data).toEqual(before);
    expect(after.coordinates[0]?.[0]?.[0]).not.toBe(102.7);
  });
});
