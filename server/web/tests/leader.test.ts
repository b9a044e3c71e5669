import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Leader } from "@/stream/leader";
import type { StreamMessage } from "@/stream/messages";

import { FakeLocks } from "./locks";

function tab(person: string) {
  const heard: StreamMessage[] = [];
  const log: string[] = [];
  const leader = new Leader({
    person,
    lead: () => log.push("lead"),
    follow: () => log.push("follow"),
    take: (message) => heard.push(message),
  });
  return { leader, heard, log };
}

describe("one stream a browser", () => {
  beforeEach(() => void vi.stubGlobal("navigator", { locks: new FakeLocks() }));
  afterEach(() => void vi.unstubAllGlobals());

  it("the first tab reads, the second listens; when the first closes the second reads on", async () => {
    const [a, b] = [tab("zhangwei"), tab("zhangwei")];
    a.leader.start();
    b.leader.start();
    await vi.waitFor(() => expect(a.log).toEqual(["lead"]));
    expect(b.log).toEqual([]);
    await vi.waitFor(() => expect(a.heard).toEqual([{ type: "hello" }]));
    a.leader.tell({ type: "tick", serverTime: "t", cursor: "c", staleSince: null });
    await vi.waitFor(() => expect(b.heard.at(-1)?.type).toBe("tick"));
    a.leader.stop();
    await vi.waitFor(() => expect(b.log).toEqual(["lead"]));
    b.leader.stop();
  });

  it("a tab that is looked at takes over from one that sleeps, and that one follows", async () => {
    const [a, b] = [tab("zhangwei"), tab("zhangwei")];
    a.leader.start();
    b.leader.start();
    await vi.waitFor(() => expect(a.log).toEqual(["lead"]));
    b.leader.takeOver();
    await vi.waitFor(() => expect(b.log).toEqual(["lead"]));
    await vi.waitFor(() => expect(a.log).toEqual(["lead", "follow"]));
    expect([a.leader.leading, b.leader.leading]).toEqual([false, true]);
    a.leader.stop();
    b.leader.stop();
  });

  it("different people never hear each other", async () => {
    const [a, b] = [tab("zhangwei"), tab("lina")];
    a.leader.start();
    b.leader.start();
    await vi.waitFor(() => expect([...a.log, ...b.log]).toEqual(["lead", "lead"]));
    expect([a.heard, b.heard]).toEqual([[], []]);
    a.leader.stop();
    b.leader.stop();
  });

  it("without Web Locks each tab reads for itself", () => {
    vi.stubGlobal("navigator", {});
    const a = tab("zhangwei");
    a.leader.start();
    expect(a.leader.leading).toBe(true);
  });
});
