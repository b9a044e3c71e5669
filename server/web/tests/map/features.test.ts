import { describe, expect, it } from "vitest";

import type { Severity } from "@/api/types";
import type { Device } from "@/boxes/answers";
import words from "@/generated/words.json";
import {
  deviceFeatures,
  deviceName,
  itemFeatures,
  markName,
  readDevice,
  readMark,
  spread,
} from "@/map/features";
import { paced } from "@/map/pace";
import { POINTS } from "@/map/marks";
import { anItem } from "../desk/items";

const device = (about: Partial<Device> = {}): Device => ({
  box: "jinyuan-1",
  device: "smoke-1",
  kind: "smoke",
  model: null,
  label: null,
  site: "jinyuan",
  place: "b7",
  path: [],
  location: [102.7, 25],
  announced: true,
  heartbeat_s: 60,
  first_seen_at: "",
  last_heard_at: null,
  liveness: "live",
  stale: false,
  latest: [],
  last_event: null,
  open_alerts: [],
  ...about,
});

describe("marks by name", () => {
  it("say everything that their picture shows", () => {
    for (const severity of [1, 2, 3, 4] as Severity[])
      for (const hazard of Object.keys(words.hazard))
        for (const bits of [0, 1, 2, 3, 4, 5, 6, 7]) {
          const look = {
            severity,
            hazard,
            suspected: (bits & 1) > 0,
            claimed: (bits & 2) > 0,
            drill: (bits & 4) > 0,
          };
          expect(readMark(markName(look))).toEqual(look);
          expect(readDevice(markName(look))).toBeNull();
        }
    const look = { kind: "water_level", stale: true, severity: null };
    expect(readDevice(deviceName(look))).toEqual(look);
    expect(readMark(deviceName(look))).toBeNull();
    expect(readMark("else")).toBeNull();
  });

  it("every kind of point of the server has an outline", () => {
    for (const kind of Object.keys(words.point))
      expect(POINTS[kind === "sensor" ? "other" : kind]).toBeDefined();
  });
});

describe("what stands on the map", () => {
  it("open items with a position; drills and the less urgent lie below", () => {
    const [fire, drill] = [anItem({ severity: 1 }), anItem({ severity: 1, exercise: "e7" })];
    const nowhere = anItem({ location: null });
    const closed = anItem({ closed_at: "2026-05-24T08:00:00Z" });
    const { features } = itemFeatures([fire, drill, nowhere, closed], fire.id);
    expect(features.map((one) => one.properties?.["item"] as string)).toEqual([fire.id, drill.id]);
    const top = (id: string): number =>
      features.find((one) => one.properties?.["item"] === id)?.properties?.["top"] as number;
    expect(top(fire.id)).toBeGreaterThan(
      itemFeatures([anItem({ severity: 4 })], null).features[0]?.properties?.["top"] as number,
    );
    expect(itemFeatures([anItem({ severity: 4 })], null).features[0]?.properties?.["top"]).toBeGreaterThan(
      top(drill.id),
    );
    expect(features[0]?.properties?.["selected"]).toBe(true);
  });

  it("a device has the colour of its most urgent alert that is still open", () => {
    const grades = new Map<number, Severity>([
      [1, 3],
      [2, 1],
    ]);
    const marks = deviceFeatures(
      [device({ open_alerts: [1, 2, 99] }), device({ open_alerts: [99], stale: true })],
      grades,
    );
    expect(marks.features.map((one) => readDevice(one.properties?.["mark"] as string)?.severity)).toEqual([
      1,
      null,
    ]);
    expect(marks.features.map((one) => one.properties?.["stale"] as number)).toEqual([0, 1]);
  });

  it("devices of one place stand apart, some metres from it, and always at the same spot", () => {
    const devices = [device(), device({ device: "b" }), device({ device: "c", location: [103, 25] })];
    const places = spread(devices).map((one) => one.at);
    expect(new Set(places.map(String)).size).toBe(3);
    for (const [i, at] of places.entries()) {
      const home = devices[i]?.location ?? [];
      const metres =
        111_320 *
        Math.hypot(
          ((at[0] ?? 0) - (home[0] ?? 0)) * Math.cos((25 * Math.PI) / 180),
          (at[1] ?? 0) - (home[1] ?? 0),
        );
      expect(metres).toBeGreaterThan(3);
      expect(metres).toBeLessThan(15);
    }
    expect(spread(devices)).toEqual(spread(devices));
  });
});

describe("the pace of updates", () => {
  it("the first at once, then one in each span, and the last of a burst is never lost", () => {
    let now = 0;
    const waiting: { at: number; run: () => void }[] = [];
    const pace = paced(250, {
      now: () => now,
      after: (ms, run) => waiting.push({ at: now + ms, run }),
      cancel: () => waiting.splice(0),
    });
    const ran: [number, number][] = [];
    for (now = 0; now <= 1000; now += 20) {
      for (const one of waiting
        .splice(0)
        .filter((one) => (one.at <= now ? true : (waiting.push(one), false))))
        one.run();
      if (now < 900) {
        const asked = now;
        pace(() => ran.push([now, asked]));
      }
    }
    now = 1200;
    waiting.splice(0).forEach((one) => one.run());
    expect(ran.length).toBeLessThanOrEqual(5);
    expect(ran[0]).toEqual([0, 0]);
    expect(ran.at(-1)?.[1]).toBe(880);
    for (let i = 1; i < ran.length; i++)
      expect((ran[i]?.[0] ?? 0) - (ran[i - 1]?.[0] ?? 0)).toBeGreaterThanOrEqual(250);
  });
});
