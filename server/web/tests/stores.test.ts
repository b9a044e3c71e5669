import "fake-indexeddb/auto";

import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { useActs } from "@/acts/acts";
import type { Session } from "@/api/types";
import { database, keepPicture, keptPicture, keptSession } from "@/kept/database";
import { useSession } from "@/session/session";
import { useLive } from "@/stream/live";

import { FakeLocks } from "./locks";
import { box, item, record } from "./made";

const settings = { lease_s: 900, undo_s: 10, map_tiles: null, emergency_numbers: ["119"], demo: false };
const session = (login: string): Session => ({
  person: {
    id: login,
    login,
    name: login,
    lang: "zh",
    on_duty: false,
    on_duty_since: null,
    must_change_password: false,
    grants: [],
    rights: ["act"],
  },
  csrf: `csrf of ${login}`,
  expires_at: null,
  server_time: new Date().toISOString(),
  scope_places: [],
  settings,
});

/** What the server answers to method and path; an Error: the network is away. */
let serve: (method: string, path: string, request: Request) => Response | Error;
let asked: Request[];
const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });

class SilentSource {
  addEventListener() {
    return undefined;
  }
  close() {
    return undefined;
  }
}

beforeEach(async () => {
  setActivePinia(createPinia());
  asked = [];
  Object.defineProperty(navigator, "locks", { value: new FakeLocks(), configurable: true });
  vi.stubGlobal("EventSource", SilentSource);
  vi.stubGlobal("fetch", (request: Request) => {
    asked.push(request);
    const answer = serve(request.method, new URL(request.url).pathname, request);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  const db = await database();
  for (const store of ["kept", "acts", "details"] as const) await db?.clear(store);
});
afterEach(() => void vi.unstubAllGlobals());

async function logIn(login: string) {
  serve = () => json(200, session(login));
  await useSession().refresh();
  asked = [];
}

describe("acts", () => {
  it("made without network are kept, and go with the same key when it is back", async () => {
    await logIn("zhangwei");
    const acts = useActs();
    await acts.loaded;
    serve = () => new TypeError("no network");
    const kept = await acts.perform(item(1), "claim");
    expect(kept).toMatchObject({ state: "waiting", queued: true });
    expect((await (await database())?.getAll("acts"))?.length).toBe(1);
    expect(acts.unsent.length).toBe(1);

    serve = () => json(200, { item: item(1, { state: "claimed", version: 2, mark: 2 }), outcome: "done" });
    await acts.sendWaiting();
    expect(acts.unsent.length).toBe(0);
    expect(acts.latestFor(item(1).id)?.state).toBe("done");
    expect(useLive().items.get(item(1).id)?.state).toBe("claimed");
    expect(asked.map((request) => request.headers.get("Idempotency-Key"))).toEqual([kept.key, kept.key]);
    expect(asked.at(-1)?.headers.get("X-CSRF-Token")).toBe("csrf of zhangwei");
    expect(await asked.at(-1)?.json()).toMatchObject({ queued: true, device_time: kept.device_time });
  });

  it("say who was first when they are lost, and stay in the list", async () => {
    await logIn("zhangwei");
    const acts = useActs();
    await acts.loaded;
    serve = () => json(409, { code: "already_claimed", owner: { login: "lina", name: "李娜" } });
    expect(await acts.perform(item(1), "claim")).toMatchObject({ state: "lost", lost_to: { name: "李娜" } });
    expect(acts.mine.length).toBe(1);
  });

  it("of somebody else on this phone are never sent in my name", async () => {
    await (await database())?.put("acts", record({ login: "lina" }));
    await logIn("zhangwei");
    const acts = useActs();
    await acts.loaded;
    serve = () => json(200, { item: item(2), outcome: "done" });
    const own = await acts.perform(item(2), "claim");
    // What waits goes in the order of doing: had it been sent, it would have been before mine.
    await vi.waitFor(() => expect(acts.unsent).toEqual([]));
    expect(asked.map((request) => request.headers.get("Idempotency-Key"))).toEqual([own.key]);
    expect(acts.ofOthers.length).toBe(1);
  });
});

describe("the session", () => {
  it("is recalled without network, and forgotten at the log-out with all that was kept but unsent acts", async () => {
    await logIn("zhangwei");
    const own = useSession();
    await vi.waitFor(async () => expect((await keptSession())?.person.login).toBe("zhangwei"));
    expect(JSON.stringify(await keptSession())).not.toContain("csrf");
    setActivePinia(createPinia());
    serve = () => new TypeError("no network");
    const next = useSession();
    await expect(next.refresh()).rejects.toMatchObject({ code: "no_network" });
    expect((await next.recall())?.person.login).toBe("zhangwei");

    await keepPicture({ login: "zhangwei", items: [item(1)], boxes: [], cursor: null, freshAtMs: 0 });
    await (await database())?.put("acts", record());
    serve = () => new Response(null, { status: 204 });
    await own.logOut();
    await vi.waitFor(async () => expect(await keptPicture("zhangwei")).toBeNull());
    expect(await keptSession()).toBeNull();
    expect((await (await database())?.getAll("acts"))?.length).toBe(1);
  });

  it("ends when the server no longer knows it, wherever that is noticed", async () => {
    await logIn("zhangwei");
    const acts = useActs();
    await acts.loaded;
    serve = () => json(401, { code: "unauthenticated" });
    const kept = await acts.perform(item(1), "claim");
    expect(kept.state).toBe("waiting");
    expect(useSession().person).toBeNull();
  });
});

describe("the live picture", () => {
  it("begins with what the phone has kept, and says how old that is", async () => {
    await keepPicture({
      login: "zhangwei",
      items: [item(1)],
      boxes: [box("b")],
      cursor: "c7",
      freshAtMs: Date.now() - 40_000,
    });
    await logIn("zhangwei");
    const live = useLive();
    await vi.waitFor(() => expect(live.items.size).toBe(1));
    expect(live.heard).toBe(false);
    expect(live.liveness).toBe("waiting");
    expect(live.ageS).toBeGreaterThanOrEqual(38);
  });
  it("is nobody else's", async () => {
    await keepPicture({ login: "lina", items: [item(1)], boxes: [], cursor: null, freshAtMs: 0 });
    await logIn("zhangwei");
    const live = useLive();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(live.items.size).toBe(0);
    expect(live.ageS).toBeNull();
  });
});
