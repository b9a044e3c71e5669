import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Item } from "@/api/types";
import { Connection } from "@/stream/connection";
import { Flusher } from "@/stream/flusher";
import { livenessOf, waitBeforeMs } from "@/stream/liveness";
import { readEvent, type StreamMessage } from "@/stream/messages";
import { byUrgency, type Change, fromSnapshot, NOTHING, withChanges } from "@/stream/picture";

import { box, item } from "./made";

describe("the picture", () => {
  const change = (one: Item): Change => ({ kind: "item", item: one });

  it("starts with the snapshot and goes on with changes", () => {
    let picture = fromSnapshot({
      cursor: "a",
      server_time: "",
      items: [item(1)],
      boxes: { online: 1, total: 1, list: [box("b1")] },
    });
    picture = withChanges(picture, [change(item(2)), { kind: "box", box: box("b1", false) }], "b");
    expect([...picture.items.values()].map((one) => one.number)).toEqual([1, 2]);
    expect(picture.boxes.get("b1")?.online).toBe(false);
    expect(picture.cursor).toBe("b");
  });
  it("never goes back to an older picture of an item, and takes the same one twice without harm", () => {
    const newer = item(1, { mark: 5, state: "claimed" });
    let picture = withChanges(NOTHING, [change(newer)], null);
    picture = withChanges(picture, [change(item(1, { mark: 4 })), change(newer)], null);
    expect(picture.items.get(newer.id)?.state).toBe("claimed");
  });
  it("lets closed items go", () => {
    const open = withChanges(NOTHING, [change(item(1))], null);
    const closed = item(1, { mark: 2, state: "closed", closed_at: "2026-05-24T09:00:00.000Z" });
    expect(withChanges(open, [change(closed)], null).items.size).toBe(0);
  });
  it("keeps the maps that have not changed, so that nothing is drawn anew", () => {
    const picture = withChanges(NOTHING, [change(item(1))], null);
    const after = withChanges(picture, [{ kind: "box", box: box("b") }], null);
    expect(after.items).toBe(picture.items);
  });
  it("stands in the server's order: severity, time to the deadline, number; what is real before any drill", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            severity: fc.constantFrom(1 as const, 2 as const, 3 as const, 4 as const),
            minute: fc.integer({ min: 0, max: 3 }),
            drill: fc.boolean(),
          }),
          { maxLength: 12 },
        ),
        (made) => {
          const items = made.map((one, n) =>
            item(n, {
              severity: one.severity,
              exercise: one.drill ? "E7" : "",
              deadline_at: `2026-05-24T08:0${one.minute}:00.000Z`,
            }),
          );
          const sorted = [...items].sort(byUrgency);
          for (const [n, next] of sorted.slice(1).entries()) {
            const one = sorted[n] as Item;
            const key = (i: Item) => [
              Number(i.exercise !== ""),
              i.severity,
              Date.parse(i.deadline_at),
              i.number,
            ];
            const [a, b] = [key(one), key(next)];
            const first = a.findIndex((value, at) => value !== b[at]);
            expect(a[first] as number).toBeLessThan(b[first] as number);
          }
        },
      ),
    );
  });
});

describe("how old the picture is", () => {
  it("turns amber at 25 s and red at 60 s, also when nothing was ever heard", () => {
    expect(livenessOf(0, 24_999, 0)).toBe("live");
    expect(livenessOf(0, 25_000, 0)).toBe("late");
    expect(livenessOf(0, 60_000, 0)).toBe("lost");
    expect(livenessOf(null, 1_000, 0)).toBe("waiting");
    expect(livenessOf(null, 60_000, 0)).toBe("lost");
  });
  it("waits 1 s to 30 s between attempts, ever longer, never all phones at once", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 1000 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, random) => {
          const wait = waitBeforeMs(attempt, random);
          expect(wait).toBeGreaterThanOrEqual(1_000);
          expect(wait).toBeLessThanOrEqual(30_000);
        },
      ),
    );
    expect(waitBeforeMs(10, 0)).toBe(15_000);
    expect(waitBeforeMs(10, 0.999)).toBeGreaterThan(29_000);
  });
});

describe("what the server sends", () => {
  it("is read, or left out; no text whatever throws", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("snapshot", "change", "reset", "tick", "other"),
        fc.oneof(fc.string(), fc.json()),
        (name, data) => {
          const read = readEvent(name, data, "");
          if (read?.type === "snapshot") expect(Array.isArray(read.snapshot.items)).toBe(true);
        },
      ),
    );
    expect(readEvent("change", JSON.stringify({ kind: "item", item: item(1) }), "c1")).toMatchObject({
      type: "change",
      cursor: "c1",
    });
    expect(readEvent("change", '{"kind":"item","item":null}', "")).toBeNull();
    expect(readEvent("tick", '{"server_time":"t","cursor":"c","stale_since":"s"}', "")).toEqual({
      type: "tick",
      serverTime: "t",
      cursor: "c",
      staleSince: "s",
    });
  });
});

describe("the flusher", () => {
  const urgent: Change = { kind: "item", item: item(1, { severity: 2 }) };
  const calm: Change = { kind: "item", item: item(2, { severity: 3 }) };
  function setUp() {
    const delivered: (readonly Change[])[] = [];
    const frames: (() => void)[] = [];
    const batches: (() => void)[] = [];
    const flusher = new Flusher((changes) => delivered.push(changes), {
      nextFrame: (act) => frames.push(act),
      later: (act, ms) => {
        expect(ms).toBe(100);
        batches.push(act);
      },
    });
    return { delivered, frames, batches, flusher };
  }
  it("gathers what can wait for 100 ms", () => {
    const { delivered, frames, batches, flusher } = setUp();
    flusher.add(calm, "a");
    flusher.add(calm, "b");
    expect([frames.length, batches.length, delivered.length]).toEqual([0, 1, 0]);
    batches[0]?.();
    expect(delivered).toEqual([[calm, calm]]);
  });
  it("shows Ⅰ and Ⅱ in the next frame, with all that came before them", () => {
    const { delivered, frames, batches, flusher } = setUp();
    flusher.add(calm, "a");
    flusher.add(urgent, "b");
    flusher.add(urgent, "c");
    expect(frames.length).toBe(1);
    frames[0]?.();
    batches[0]?.();
    expect(delivered).toEqual([[calm, urgent, urgent]]);
  });
  it("forgets what a snapshot has overtaken", () => {
    const { delivered, flusher } = setUp();
    flusher.add(calm, "a");
    flusher.drop();
    flusher.flush();
    expect(delivered).toEqual([]);
  });
});

describe("the connection", () => {
  class FakeSource extends EventTarget {
    readyState = 1;
    onerror: (() => void) | null = null;
    close() {
      this.readyState = 2;
    }
    say(name: string, data: unknown, id = "") {
      this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId: id }));
    }
  }
  let sources: FakeSource[];
  let addresses: string[];
  let taken: StreamMessage[];
  let broken: number;
  let cursor: string | null;
  let own: boolean;
  let connection: Connection;
  const last = () => sources.at(-1) as FakeSource;
  beforeEach(() => {
    vi.useFakeTimers();
    [sources, addresses, taken, broken, cursor, own] = [[], [], [], 0, null, true];
    connection = new Connection({
      address: (at) => `/stream?after=${at ?? ""}`,
      cursor: () => cursor,
      take: (message) => taken.push(message),
      broke: () => (broken += 1),
      own: () => own,
      random: () => 0,
      open: (address) => {
        addresses.push(address);
        const source = new FakeSource();
        sources.push(source);
        return source as unknown as EventSource;
      },
    });
    connection.start();
  });
  afterEach(() => {
    connection.stop();
    vi.useRealTimers();
  });
  const tick = { server_time: "2026-05-24T08:50:00.000Z", cursor: "c" };

  it("comes back with its cursor, after a wait that grows", () => {
    cursor = "c9";
    last().onerror?.();
    expect(last().readyState).toBe(2);
    vi.advanceTimersByTime(999);
    expect(sources.length).toBe(1);
    vi.advanceTimersByTime(1);
    expect(addresses).toEqual(["/stream?after=", "/stream?after=c9"]);
    last().onerror?.();
    vi.advanceTimersByTime(1_999);
    expect(sources.length).toBe(2);
    vi.advanceTimersByTime(1);
    expect(sources.length).toBe(3);
    expect(broken).toBe(2);
  });
  it("takes nothing, and asks nothing, while the cookies are another person's", () => {
    own = false;
    last().say("tick", tick);
    expect([taken, sources.length, broken]).toEqual([[], 1, 1]);
    connection.retryNow();
    expect([sources.length, broken]).toEqual([1, 2]);
    own = true;
    connection.retryNow();
    last().say("tick", tick);
    expect([sources.length, taken.length]).toEqual([2, 1]);
  });
  it("gives up a connection that says nothing for 25 s", () => {
    vi.advanceTimersByTime(20_000);
    last().say("tick", tick);
    vi.advanceTimersByTime(24_999);
    expect(last().readyState).toBe(1);
    vi.advanceTimersByTime(1);
    expect(sources[0]?.readyState).toBe(2);
    vi.advanceTimersByTime(1_000);
    expect(sources.length).toBe(2);
  });
  it("is opened at once when the page or the network comes back, unless it is alive", () => {
    last().say("tick", tick);
    connection.retryNow();
    expect(sources.length).toBe(1);
    last().onerror?.();
    connection.retryNow();
    expect(sources.length).toBe(2);
  });
  it("hears nothing of a connection that it has given up", () => {
    const old = last();
    old.onerror?.();
    vi.advanceTimersByTime(1_000);
    old.say("tick", tick);
    expect(taken).toEqual([]);
  });
});
