import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { computed, effectScope, nextTick, ref, shallowRef } from "vue";

import { safePath } from "@/login/safe_path";
import { homeOf } from "@/shell/home";
import { arrival, standing } from "@/sound/plan";
import { settle, useFrozen } from "@/worker/frozen";
import { drawn, fit, HEIGHT, placeLabels, WIDTH } from "@/worker/sketch";
import { readWhy } from "@/worker/why";

import { item } from "./made";

describe("rows under the finger", () => {
  it("never move while frozen, whatever comes and goes", () => {
    const ids = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 2 }), { maxLength: 30 });
    fc.assert(
      fc.property(ids, ids, (shown, live) => {
        const after = settle(shown, live, true);
        expect(after.shown).toEqual(shown);
        expect(after.waiting).toBe(live.filter((id) => !shown.includes(id)).length);
        expect(settle(shown, live, false)).toEqual({ shown: live, waiting: 0 });
      }),
    );
  });

  describe("in a page", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());
    function setUp() {
      const live = shallowRef<readonly string[]>(["a", "b"]);
      const scrolled = ref(false);
      const scope = effectScope();
      const rows = scope.run(() =>
        useFrozen(
          computed(() => live.value),
          scrolled,
        ),
      );
      if (!rows) throw new Error("no scope");
      return { live, scrolled, rows, scope };
    }
    it("twenty rows that come between down and up wait, and come in after a calm moment", () => {
      const { live, rows, scope } = setUp();
      rows.on.pointerdown(new Event("pointerdown"));
      for (let n = 0; n < 20; n++) live.value = [`new${n}`, ...live.value];
      expect(rows.shown.value).toEqual(["a", "b"]);
      expect(rows.waiting.value).toBe(20);
      window.dispatchEvent(new Event("pointerup"));
      expect(rows.shown.value).toEqual(["a", "b"]);
      vi.advanceTimersByTime(1_300);
      expect(rows.shown.value.length).toBe(22);
      scope.stop();
    });
    it("wait as long as somebody reads further down, until asked for", async () => {
      const { live, rows, scrolled, scope } = setUp();
      scrolled.value = true;
      live.value = ["new", "a", "b"];
      vi.advanceTimersByTime(60_000);
      expect(rows.waiting.value).toBe(1);
      rows.letIn();
      await nextTick();
      expect(rows.shown.value).toEqual(["new", "a", "b"]);
      scope.stop();
    });
  });
});

describe("sound", () => {
  const map = (...items: ReturnType<typeof item>[]) => new Map(items.map((one) => [one.id, one]));
  it("goes on for the most urgent that nobody has", () => {
    expect(standing([item(1), item(2, { severity: 2 })], false)).toEqual({ voice: "urgent", everyS: 4 });
    expect(standing([item(2, { severity: 2 })], false)).toEqual({ voice: "important", everyS: 30 });
    const claimed = item(1, { state: "claimed", owner: { login: "x", name: "x" } });
    expect(standing([claimed, item(3, { severity: 3 })], false)).toBeNull();
  });
  it("what is real silences any drill, and a drill never sounds like the real thing", () => {
    const drill = item(9, { exercise: "E7" });
    expect(standing([drill], false)?.voice).toBe("drill");
    expect(standing([drill, item(2, { severity: 2 })], false)?.voice).toBe("important");
    expect(arrival(new Map(), map(drill))).toBeNull();
  });
  it("lost data has its own, below a real alarm", () => {
    expect(standing([], true)?.voice).toBe("lost");
    expect(standing([item(1)], true)?.voice).toBe("urgent");
  });
  it("what is quiet for a reason stays quiet", () => {
    expect(standing([item(1, { quiet: "silenced" })], false)).toBeNull();
  });
  it("Ⅲ is heard once, Ⅳ never", () => {
    expect(arrival(new Map(), map(item(1, { severity: 3 })))).toBe("normal");
    expect(arrival(new Map(), map(item(1, { severity: 4 })))).toBeNull();
    expect(arrival(map(item(1)), map(item(1)))).toBeNull();
  });
});

describe("the sketch", () => {
  it("keeps everything inside the picture, north up, east right", () => {
    const lonLat = fc.tuple(
      fc.double({ min: 97, max: 107, noNaN: true }),
      fc.double({ min: 21, max: 29, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(lonLat, { minLength: 1, maxLength: 20 }), (points) => {
        const place = fit(points);
        for (const point of points) {
          const at = place?.(point);
          expect(at && at.x >= 0 && at.x <= WIDTH && at.y >= 0 && at.y <= HEIGHT).toBe(true);
        }
      }),
    );
    const place = fit([
      [102.711, 25.04],
      [102.716, 25.043],
    ]);
    const [southWest, northEast] = [place?.([102.711, 25.04]), place?.([102.716, 25.043])];
    expect(northEast && southWest && northEast.x > southWest.x && northEast.y < southWest.y).toBe(true);
  });
  it("draws what lies within a metre as one place, in the middle", () => {
    const here: [number, number] = [102.711, 25.04];
    const next: [number, number] = [102.711 + 2 ** -46, 25.04 + 2 ** -48]; // the nearest numbers above
    for (const points of [[here], [here, here], [here, next]]) {
      const place = fit(points);
      for (const point of points) expect(place?.(point)).toEqual({ x: WIDTH / 2, y: HEIGHT / 2 });
    }
  });
  it("writes no name over another, nor over a mark, nor outside", () => {
    const mark = fc.record({
      x: fc.integer({ min: 26, max: WIDTH - 26 }),
      y: fc.integer({ min: 26, max: HEIGHT - 26 }),
      text: fc.constantFrom("东门", "消防栓1", "East gate"),
    });
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 12 }), (marks) => {
        const labels = placeLabels(marks, marks).filter((label) => label !== null);
        for (const [n, a] of labels.entries()) {
          for (const b of labels.slice(n + 1)) {
            const wide = (text: string) => (text === "East gate" ? 63 : text.length === 2 ? 24 : 43);
            const apart = Math.abs(a.x - b.x) > (wide(a.text) + wide(b.text)) / 2 || Math.abs(a.y - b.y) > 14;
            expect(apart).toBe(true);
          }
          expect(a.y > 0 && a.y < HEIGHT).toBe(true);
        }
      }),
    );
  });
  it("draws nothing from nothing, and leaves out what is no ring", () => {
    const empty = { compound: null, here: null, polygons: [], points: [] };
    expect(drawn(empty)).toBeNull();
    const odd = {
      id: "x",
      level: "building" as const,
      name_zh: "",
      name_en: "",
      coordinates: ["?", [[1], "x"]],
    };
    expect(drawn({ ...empty, here: [102.7, 25], polygons: [odd] })?.outlines[0]?.path).toBe("");
  });
});

describe("why", () => {
  it("reads the engine's facts, and survives any others", () => {
    const why = readWhy(
      { sources: [{ device: "A-12", kind: "smoke", at_ms: 5, value: 3 }], window_s: 120, above: 54 },
      "fire.two",
    );
    expect(why).toMatchObject({ windowS: 120, limit: { way: "above", value: 54 } });
    expect(why.sources[0]).toMatchObject({ device: "A-12", kind: "smoke", atMs: 5 });
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.anything()), (any) => void readWhy(any, "r")));
    fc.assert(
      fc.property(fc.anything(), (any) => void readWhy({ sources: any, window_s: any, above: any }, "r")),
    );
  });
});

describe("where people go", () => {
  it("after the log-in only to a path of our own", () => {
    expect(safePath("/q/17?x=1")).toBe("/q/17?x=1");
    for (const bad of [
      "//evil.example",
      "https://evil.example",
      "/\\evil",
      "/\t/evil.example",
      "javascript:x",
      "",
      null,
      ["/q"],
      "/login",
    ])
      expect(safePath(bad)).toBe("/");
    fc.assert(
      fc.property(fc.string(), (to) => {
        expect(new URL(safePath(to), "http://own.test").origin).toBe("http://own.test");
      }),
    );
  });
  it("a worker to the phone's queue, a commander to the desk", () => {
    const grants = (role: "grid_worker" | "command") => [{ role, place: null, company: null }];
    const person = { id: "", login: "", name: "", lang: "zh" as const, on_duty: false, on_duty_since: null };
    const of = (role: "grid_worker" | "command") => ({
      ...person,
      must_change_password: false,
      grants: grants(role),
      rights: [],
    });
    expect(homeOf(of("grid_worker"), ["/desk"])).toBe("/q");
    expect(homeOf(of("command"), ["/desk"])).toBe("/desk");
    expect(homeOf(of("command"), [])).toBe("/q");
  });
});
