import { describe, expect, it } from "vitest";

import type { State } from "@/api/types";
import words from "@/generated/words.json";
import { wantedKey } from "@/desk/keys";
import { IS_HELD, NEEDS_REASON, offersFor } from "@/desk/offers";

const all = { mayAct: true, mayComment: true };

describe("what is offered", () => {
  it("to everybody of the grid: a claim of what is free, and only a note on what another has", () => {
    expect(offersFor({ state: "open", mine: false, ...all })).toEqual(["claim", "comment"]);
    expect(offersFor({ state: "claimed", mine: false, ...all })).toEqual(["comment"]);
  });

  it("to the owner: arrival first, then the end of it; and to take it back", () => {
    expect(offersFor({ state: "claimed", mine: true, ...all })[0]).toBe("on-scene");
    expect(offersFor({ state: "on_scene", mine: true, ...all })[0]).toBe("resolve");
    expect(offersFor({ state: "resolved", mine: true, ...all })).toEqual(["undo", "close", "comment"]);
  });

  it("nothing without the right, in any state", () => {
    for (const state of Object.keys(words.state) as State[])
      expect(offersFor({ state, mine: true, mayAct: false, mayComment: false })).toEqual([]);
  });

  it("a false alarm is held and has a reason", () => {
    expect(IS_HELD.has("false-alarm") && NEEDS_REASON.has("false-alarm") && NEEDS_REASON.has("resolve")).toBe(
      true,
    );
  });
});

describe("single keys", () => {
  const event = {
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    defaultPrevented: false,
    isComposing: false,
  };
  it("do not care for capitals, and keep away from modifiers and from words being composed", () => {
    expect(wantedKey({ ...event, key: "C" })).toBe("c");
    expect(wantedKey({ ...event, key: "ArrowDown" })).toBe("ArrowDown");
    expect(wantedKey({ ...event, key: "c", ctrlKey: true })).toBe("");
    expect(wantedKey({ ...event, key: "c", isComposing: true })).toBe("");
    expect(wantedKey({ ...event, key: "c", defaultPrevented: true })).toBe("");
  });
});
