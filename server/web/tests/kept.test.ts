import { beforeEach, describe, expect, it, vi } from "vitest";

import type { ItemDetail } from "@/api/types";
import {
  keepDetail,
  keepPicture,
  keepSession,
  keptDetail,
  keptPicture,
  type KeptSession,
} from "@/kept/database";

import { item } from "./made";

const stores = new Map<string, Map<string, unknown>>();
function store(name: string): Map<string, unknown> {
  const found = stores.get(name) ?? new Map<string, unknown>();
  stores.set(name, found);
  return found;
}

vi.mock("idb", () => {
  const db = {
    put: (name: string, value: unknown, key: string) => Promise.resolve(store(name).set(key, value)),
    get: (name: string, key: string) => Promise.resolve(store(name).get(key)),
    getAll: (name: string) => Promise.resolve([...store(name).values()]),
    delete: (name: string, key: string) => Promise.resolve(store(name).delete(key)),
    clear: (name: string) => Promise.resolve(stores.delete(name)),
  };
  return { openDB: () => Promise.resolve(db) };
});

const session = (login: string) => ({ person: { login } }) as unknown as KeptSession;
const detail = { item: item(1), server_time: "" } as unknown as ItemDetail;

describe("what the phone keeps", () => {
  beforeEach(() => stores.clear());

  it("is for one person: whoever comes next finds nothing, also without a log-out between", async () => {
    await keepSession(session("zhangwei"));
    await keepPicture({ login: "zhangwei", items: [item(1)], boxes: [], cursor: null, freshAtMs: 0 });
    await keepDetail(detail);
    await keepSession(session("zhangwei"));
    expect(await keptDetail("1")).toBe(detail);
    expect((await keptPicture("zhangwei"))?.items.length).toBe(1);
    await keepSession(session("lina"));
    expect(await keptDetail("1")).toBeNull();
    expect(store("kept").has("picture")).toBe(false);
  });
});
