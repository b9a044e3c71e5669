import { describe, expect, it } from "vitest";

import type { Box, Lane } from "@/boxes/answers";
import { byNeed, findingsOf, fleetOf, lateItems, percentOf, TROUBLES } from "@/boxes/health";
import { draw } from "@/boxes/series";
import { shownValue } from "@/boxes/values";
import { zh } from "@/boxes/zh";
import { at, START } from "../desk/items";

const lane = (about: Partial<Lane> = {}): Lane => ({
  lane: "alarm",
  epoch: "e",
  current: true,
  received_to: 9,
  highest: 9,
  holes: [],
  missing: 0,
  dropped: 0,
  quarantined: 0,
  duplicates: 0,
  hole_since: null,
  first_at: at(0),
  last_at: at(0),
  ...about,
});
const box = (about: Partial<Box> = {}): Box => ({
  box: "b",
  site: "s",
  path: [],
  registered: true,
  online: true,
  reason: null,
  version: "1",
  os: "x",
  clock: { synced: true, offset_ms: 3 },
  twin_seen_at: null,
  last_seen_at: at(0),
  state_at: at(0),
  first_seen_at: at(0),
  devices: 1,
  lanes: [lane()],
  ...about,
});
const troubles = (one: Box, now = START + 600_000) => findingsOf(one, now).map((finding) => finding.trouble);

describe("what is wrong with a box", () => {
  it("nothing with a healthy one", () => {
    expect(troubles(box())).toEqual([]);
  });

  it("a hole counts after a minute, with how many and since when", () => {
    const holed = box({
      lanes: [
        lane({ missing: 3, hole_since: at(0), holes: [[4, 6]] }),
        lane({ missing: 2, hole_since: at(-60) }),
      ],
    });
    expect(findingsOf(holed, START + 60_000)).toEqual([{ trouble: "holes", n: 5, since: at(-60) }]);
    expect([lateItems(holed, START + 1_000), lateItems(holed, START + 60_000)]).toEqual([3, 0]);
    expect(findingsOf(holed, START + 1_000)).toEqual([{ trouble: "holes", n: 2, since: at(-60) }]);
  });

  it("each of its figures is told, the worst first", () => {
    const bad = box({
      online: false,
      registered: false,
      twin_seen_at: at(1),
      clock: { synced: false, offset_ms: -9000 },
      lanes: [lane({ missing: 1, dropped: 4, quarantined: 2 })],
    });
    expect(troubles(bad)).toEqual(TROUBLES.filter((one) => one !== "never_online"));
    expect(troubles(box({ online: false, last_seen_at: null }))).toEqual(["never_online"]);
    expect(findingsOf(bad, START).find((one) => one.trouble === "clock_off")?.n).toBe(-9);
  });

  it("every trouble has a sentence", () => {
    expect(Object.keys(zh.boxes.trouble).sort()).toEqual([...TROUBLES].sort());
  });

  it("lists by need and sums up", () => {
    const boxes = [box({ box: "a" }), box({ box: "z", online: false }), box({ box: "m", registered: false })];
    expect(boxes.toSorted(byNeed(START)).map((one) => one.box)).toEqual(["z", "m", "a"]);
    expect(fleetOf(boxes, START)).toEqual({ total: 3, online: 2, troubled: 2, missing: 0 });
  });

  it("gives no percentage of a handful", () => {
    expect(percentOf(19, 19)).toBeNull();
    expect(percentOf(19, 20)).toBe("95.0 %");
  });
});

describe("a series as a drawing", () => {
  const point = (seconds: number, value: number) => ({
    t: at(seconds),
    n: 1,
    min: value - 1,
    max: value + 1,
    avg: value,
    last: value,
  });

  it("breaks the line where buckets are missing and shades the gap", () => {
    const drawn = draw([point(0, 5), point(10, 6), point(60, 9)], START, START + 100_000, 10_000, 100, 50);
    expect(drawn?.line.match(/M/g)).toHaveLength(2);
    expect(drawn?.gaps).toEqual([
      [20, 60],
      [70, 100],
    ]);
    expect([drawn?.low, drawn?.high]).toEqual([4, 10]);
  });

  it("stays inside its frame, and is nothing without points", () => {
    const drawn = draw([point(0, 3), point(10, 3)], START, START + 20_000, 10_000, 100, 50);
    const numbers = `${drawn?.line}${drawn?.band}`.match(/-?[\d.]+/g)?.map(Number) ?? [];
    expect(numbers.length).toBeGreaterThan(4);
    expect(numbers.every((one) => one >= 0 && one <= 100)).toBe(true);
    expect(draw([], START, START + 1, 1, 1, 1)).toBeNull();
  });
});

describe("values", () => {
  it("have their unit and a fitting number of digits", () => {
    expect(shownValue(21.53, "°C")).toBe("21.5 °C");
    expect(shownValue(0.256, "m")).toBe("0.26 m");
    expect(shownValue(3, "")).toBe("3");
    expect(shownValue(NaN, "m")).toBe("—");
  });
});
