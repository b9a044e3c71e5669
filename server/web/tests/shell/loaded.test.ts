import { flushPromises } from "@vue/test-utils";
import { describe, expect, it } from "vitest";
import { effectScope, ref } from "vue";

import { everyPage } from "@/api/pages";
import { Problem } from "@/api/problem";
import { useLoaded } from "@/shell/loaded";

function inScope<T>(make: () => T): { it: T; stop: () => void } {
  const scope = effectScope();
  return { it: scope.run(make) as T, stop: () => scope.stop() };
}

describe("a panel's data", () => {
  it("stays when a later read of the same thing fails, and goes with another thing", async () => {
    const key = ref<string | null>("a");
    let fails = false;
    const { it: loaded } = inScope(() =>
      useLoaded(key, (id) =>
        fails ? Promise.reject(new Problem("unavailable", 503)) : Promise.resolve(id.toUpperCase()),
      ),
    );
    await flushPromises();
    expect(loaded.data.value).toBe("A");
    fails = true;
    await loaded.reload();
    expect([loaded.data.value, loaded.problem.value?.code]).toEqual(["A", "unavailable"]);
    key.value = "b";
    await flushPromises();
    expect([loaded.data.value, loaded.problem.value?.code]).toEqual([null, "unavailable"]);
    fails = false;
    await loaded.reload();
    expect([loaded.data.value, loaded.problem.value]).toEqual(["B", null]);
  });

  it("an answer that comes too late is not shown for another thing", async () => {
    const key = ref("slow");
    const answers = new Map<string, (value: string) => void>();
    const { it: loaded } = inScope(() =>
      useLoaded(key, (id) => new Promise<string>((resolve) => answers.set(id, resolve))),
    );
    key.value = "quick";
    await flushPromises();
    answers.get("quick")?.("quick");
    answers.get("slow")?.("slow");
    await flushPromises();
    expect(loaded.data.value).toBe("quick");
  });

  it("the request ends with the panel", async () => {
    let signal: AbortSignal | undefined;
    const { stop } = inScope(() =>
      useLoaded("a", (_id, given) => {
        signal = given;
        return new Promise<string>(() => undefined);
      }),
    );
    await flushPromises();
    stop();
    expect(signal?.aborted).toBe(true);
  });
});

describe("lists in pages", () => {
  const read = (cursor: string | null) => {
    const page = Number(cursor ?? 0);
    return Promise.resolve({ items: [page * 2, page * 2 + 1], next: page < 4 ? String(page + 1) : null });
  };

  it("are read to their end", async () => {
    expect(await everyPage(read)).toEqual({ items: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9], cut: false });
  });

  it("or to the bound, and say so", async () => {
    expect(await everyPage(read, 3)).toEqual({ items: [0, 1, 2, 3], cut: true });
  });
});
