import { describe, expect, it } from "vitest";

import type { Decision, HistoryEntry, Suppressed, Why } from "@/alerts/answers";
import { folded, timelineOf } from "@/alerts/timeline";
import { decidingWhy, FACTS, factsOf, sourcesOf, untoldOf, type FactCode } from "@/alerts/why";
import { en } from "@/desk/en";
import { zh } from "@/desk/zh";
import { at } from "./items";

const decision = (seconds: number, about: Partial<Decision> = {}): Decision => ({
  at: at(seconds),
  happened_at: at(seconds - 1),
  decision: "repeat",
  item: `i-${seconds}`,
  device: "smoke-1",
  severity: null,
  certainty: null,
  quiet: null,
  quiet_by: null,
  why: {},
  ...about,
});
const entry = (seconds: number, about: Partial<HistoryEntry> = {}): HistoryEntry => ({
  at: at(seconds),
  device_time: null,
  actor: { login: "zhangwei", name: "张伟" },
  act: "claim",
  from_state: "open",
  to_state: "claimed",
  level: "grid",
  reason: "",
  version: 2,
  not_done: null,
  data: {},
  ...about,
});

describe("the time line", () => {
  it("puts both books in order of the server's time, with the device's time beside it", () => {
    const lines = timelineOf(
      [decision(0, { decision: "raise" }), decision(20)],
      [entry(10, { device_time: at(8) }), entry(30, { act: "on_scene" })],
    );
    expect(lines.map((line) => line.code)).toEqual(["raise", "claim", "repeat", "on_scene"]);
    expect(lines.map((line) => line.happenedAt)).toEqual([at(-1), at(8), at(19), null]);
  });

  it("tells what the engine did once, and all of it where there is no alert", () => {
    const book = [entry(0, { act: "raise", actor: { login: "engine", name: "engine" } }), entry(5)];
    expect(timelineOf([decision(0, { decision: "raise" })], book).map((line) => line.code)).toEqual([
      "raise",
      "claim",
    ]);
    expect(timelineOf([], book).map((line) => line.code)).toEqual(["raise", "claim"]);
  });

  it("keeps an act that was lost, with to whom and why", () => {
    const lost = entry(4, {
      act: "not_done",
      not_done: { wanted: "claim", code: "already_claimed", lost_to: { login: "lina", name: "李娜" } },
    });
    expect(timelineOf([], [lost])[0]?.lost).toEqual({ wanted: "claim", code: "already_claimed", to: "李娜" });
  });

  it("folds a run of the same repeat, and nothing else", () => {
    const told = folded(
      timelineOf(
        [
          decision(0, { decision: "raise" }),
          decision(1),
          decision(2),
          decision(3),
          decision(4, { device: "cam" }),
        ],
        [],
      ),
    );
    expect(told.map(({ line, times }) => [line.who, times])).toEqual([
      ["smoke-1", 1],
      ["smoke-1", 3],
      ["cam", 1],
    ]);
    expect(told[1]?.lastAt).toBe(at(3));
  });
});

describe("why it fired", () => {
  const codes = (why: Why): FactCode[] => factsOf(why).map((fact) => fact.code);

  it("reads what each type of rule compares", () => {
    expect(factsOf({ value: 61.5, above: 54, for_s: 30, sources: [{ metric: "temperature_c" }] })).toEqual([
      { code: "value_above", met: true, params: { value: 61.5, limit: 54, metric: "temperature_c" } },
      { code: "lasted", met: true, params: { seconds: 30 } },
    ]);
    expect(factsOf({ value: 28, above: 54 })[0]?.met).toBe(false);
    expect(codes({ value: 1, below: 5 })).toEqual(["value_below"]);
    expect(codes({ n: 2, limit_n: 2, window_s: 1800 })).toEqual(["count", "within"]);
    expect(codes({ silent_s: 170, limit_s: 168 })).toEqual(["silent"]);
    expect(codes({ for_s: 120, sources: [{ away_since_ms: 1 }] })).toEqual(["away"]);
    expect(codes({ late_ms: 61_000 })).toEqual(["late"]);
    expect(codes({ heard_ms: 1 })).toEqual(["heard_again"]);
    expect(codes({ ended_by: "smoke" })).toEqual(["ended_by"]);
  });

  it("takes anything for a reason without failing", () => {
    for (const why of [
      {},
      { value: "x", above: null },
      { n: NaN, limit_n: "2" },
      { ended_by: 3, late_ms: 10 },
    ])
      expect(() => factsOf(why)).not.toThrow();
    expect(factsOf(null)).toEqual([]);
  });

  it("every fact has a sentence in both languages", () => {
    expect(Object.keys(zh.alert.fact).sort()).toEqual([...FACTS].sort());
    expect(Object.keys(en.alert.fact).sort()).toEqual([...FACTS].sort());
  });

  it("names the newest decision that raised or upgraded, and each source once", () => {
    const source = (device: string, at_ms: number) => ({ device, box: "b", kind: "smoke", at_ms });
    const log = [
      decision(0, { decision: "raise", why: { rule: "smoke", sources: [source("s1", 1)] } }),
      decision(1, { why: { rule: "smoke", sources: [source("s1", 5)] } }),
      decision(2, {
        decision: "upgrade",
        why: { rule: "fire", sources: [source("s1", 1), source("s2", 3)] },
      }),
      decision(3, { why: { rule: "smoke" } }),
    ];
    expect(decidingWhy(log)?.rule).toBe("fire");
    expect(sourcesOf(log).map((one) => [one.device, one.at_ms])).toEqual([
      ["s2", 3],
      ["s1", 5],
    ]);
    expect(decidingWhy([])).toBeNull();
  });
});

describe("why nobody was told", () => {
  it("has every quiet decision and every silent item, in order, and nothing that was announced", () => {
    const silent: Suppressed = {
      at: at(1),
      happened_at: at(1),
      item: "x",
      device: "thermo",
      reason: "condition",
      rule: "heat",
      detail: "…",
    };
    const log = [decision(0), decision(2, { quiet: "cooldown", why: { rule: "smoke" } }), decision(3)];
    expect(untoldOf(log, [silent]).map((one) => [one.code, one.device, one.rule])).toEqual([
      ["condition", "thermo", "heat"],
      ["cooldown", "smoke-1", "smoke"],
    ]);
  });
});
