import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Session } from "@/api/types";
import { useSession } from "@/session/session";
import { useLive } from "@/stream/live";
import type { StreamMessage } from "@/stream/messages";

import { item } from "./made";

vi.mock("@/kept/database", () => ({
  keptPicture: () => Promise.resolve(null),
  keepPicture: () => Promise.resolve(),
  keptSession: () => Promise.resolve(null),
  keepSession: () => Promise.resolve(),
  forgetKept: () => Promise.resolve(),
}));

const person = { login: "zhangwei", name: "张伟", lang: "zh", rights: [] } as unknown as Session["person"];

/** A tab that never gets the lock: another one reads the stream, and is played here. */
describe("a tab that follows another", () => {
  let leader: BroadcastChannel;
  let heard: StreamMessage[];

  beforeEach(() => {
    vi.stubGlobal("navigator", { locks: { request: () => new Promise(() => undefined) } });
    setActivePinia(createPinia());
    heard = [];
    leader = new BroadcastChannel("rw-stream-zhangwei");
    leader.onmessage = (event: MessageEvent<StreamMessage>) => heard.push(event.data);
    useSession().session = {
      person,
      scope_places: [],
      settings: {} as Session["settings"],
      expires_at: null,
    };
  });
  afterEach(() => {
    leader.close();
    vi.unstubAllGlobals();
  });

  const snapshot = (ageMs: number): StreamMessage => ({
    type: "snapshot",
    snapshot: { cursor: "c", server_time: "", items: [item(1)], boxes: { online: 0, total: 0, list: [] } },
    ageMs,
  });

  it("does not take for the present what the other one has not heard for minutes", async () => {
    const live = useLive();
    await vi.waitFor(() => expect(heard).toEqual([{ type: "hello" }]));
    leader.postMessage(snapshot(180_000));
    await vi.waitFor(() => expect(live.rows.length).toBe(1));
    expect(live.connected).toBe(false);
    expect(live.liveness).toBe("lost");
    expect(Math.round(live.ageS ?? 0)).toBeGreaterThanOrEqual(180);
    leader.postMessage(snapshot(2_000));
    await vi.waitFor(() => expect(live.liveness).toBe("live"));
  });

  it("asks for the whole before a sign of life makes it live", async () => {
    const live = useLive();
    await vi.waitFor(() => expect(heard.length).toBe(1));
    leader.postMessage({ type: "tick", serverTime: new Date().toISOString(), cursor: "c", staleSince: null });
    await vi.waitFor(() => expect(heard.length).toBe(2));
    expect(live.heard).toBe(false);
    leader.postMessage(snapshot(0));
    await vi.waitFor(() => expect(live.rows.length).toBe(1));
  });
});
