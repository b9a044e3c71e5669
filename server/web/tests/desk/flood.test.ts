import { describe, expect, it } from "vitest";

import { BEGINS_AT, ENDS_BELOW, QUIET, queueOf, watch, WINDOW_MS, type FloodWatch } from "@/desk/flood";
import { anItem, at, START } from "./items";

const many = (n: number, seconds = 0, about = {}) =>
  Array.from({ length: n }, () => anItem({ opened_at: at(seconds), ...about }));
const QUEUE = queueOf(anItem());

describe("alarm floods", () => {
  it("ten new in ten minutes begin one, nine do not", () => {
    expect(watch(QUIET, many(BEGINS_AT - 1), START).flooded.size).toBe(0);
    const begun = watch(QUIET, many(BEGINS_AT), START);
    expect([...begun.flooded]).toEqual([QUEUE]);
    expect(begun.counts.get(QUEUE)).toBe(BEGINS_AT);
  });

  it("it lasts until fewer than five are new", () => {
    const early = many(BEGINS_AT - ENDS_BELOW, 0);
    const late = many(ENDS_BELOW, 300);
    let state = watch(QUIET, [...early, ...late], START + 300_000);
    expect(state.flooded.size).toBe(1);
    state = watch(state, [...early, ...late], START + WINDOW_MS);
    expect(state.counts.get(QUEUE)).toBe(ENDS_BELOW);
    expect(state.flooded.size).toBe(1);
    const fewer = watch(state, late.slice(1), START + WINDOW_MS + 300_000 - 1);
    expect(fewer.flooded.size).toBe(1); // closed meanwhile, but still new
    expect(watch(state, late, START + WINDOW_MS + 300_000).flooded.size).toBe(0);
  });

  it("five new do not begin one that is over", () => {
    expect(watch(QUIET, many(ENDS_BELOW), START).flooded.size).toBe(0);
  });

  it("an alert counts once, however often it is looked at, and also when it has left the queue", () => {
    const items = many(BEGINS_AT);
    let state: FloodWatch = QUIET;
    for (const item of items) {
      state = watch(state, [item], START);
      state = watch(state, [item], START);
    }
    expect(state.counts.get(QUEUE)).toBe(BEGINS_AT);
    expect(state.flooded.size).toBe(1);
  });

  it("queues and drills are apart", () => {
    const other = { id: "other", name_zh: "他", name_en: "" };
    const items = [
      ...many(BEGINS_AT - 1),
      ...many(BEGINS_AT - 1, 0, { grid: other }),
      ...many(BEGINS_AT - 1, 0, { exercise: "e7" }),
    ];
    expect(watch(QUIET, items, START).flooded.size).toBe(0);
  });
});
