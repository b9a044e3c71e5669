import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { drain, type DrainParts } from "@/acts/drain";
import { type ActBody, type ActRecord, bodyOf, failed, isOpen, projected } from "@/acts/record";
import { uuid4 } from "@/acts/uuid4";
import { Problem, type ProblemCode, problemOf } from "@/api/problem";
import words from "@/generated/words.json";

import { item, record } from "./made";

const AT = "2026-05-24T09:00:00.000Z";

describe("what becomes of an act", () => {
  it("waits while the server cannot be reached, is away or asks for patience", () => {
    for (const problem of [
      new Problem("no_network", 0),
      new Problem("unavailable", 503),
      new Problem("internal", 500),
      new Problem("rate_limited", 429),
      new Problem("unauthenticated", 401),
    ])
      expect(failed(record({ state: "sending" }), problem, AT).state).toBe("waiting");
  });
  it("says so in the ledger when it went on without network", () => {
    expect(failed(record({ queued: false }), new Problem("no_network", 0), AT).queued).toBe(true);
    expect(failed(record({ queued: false }), new Problem("unavailable", 503), AT).queued).toBe(false);
  });
  it("is lost to somebody by name", () => {
    const owner = { login: "lina", name: "李娜" };
    const lost = failed(record(), new Problem("already_claimed", 409, { owner }), AT);
    expect(lost).toMatchObject({ state: "lost", lost_to: owner, settled_at: AT, code: "already_claimed" });
  });
  it("is refused for good for any other reason", () => {
    for (const code of ["wrong_state", "changed", "forbidden", "not_found", "invalid"] as const)
      expect(failed(record(), new Problem(code, 409), AT)).toMatchObject({ state: "refused", code });
  });
  it("a judgement is bound to the version that was seen, a claim is not", () => {
    expect(bodyOf(record({ act: "claim", version: 4 }), undefined).version).toBeUndefined();
    expect(bodyOf(record({ act: "false-alarm", version: 4 }), undefined).version).toBe(4);
    expect(bodyOf(record({ act: "resolve", version: 4 }), 6).version).toBe(6);
  });
});

describe("the next step that is offered", () => {
  it("goes by the acts that are not sent, and never changes the item itself", () => {
    const one = item(1);
    const acts = [record({ act: "claim" }), record({ act: "on-scene" })];
    expect(projected(one, acts, "zhangwei")).toEqual({ state: "on_scene", mine: true });
    expect(one.state).toBe("open");
    expect(one.owner).toBeNull();
  });
  it("does not build upon an act that is on its way", () => {
    const view = projected(item(1), [record({ act: "claim", state: "sending" })], "zhangwei");
    expect(view).toEqual({ state: "open", mine: false });
  });
  it("forgets acts that were lost", () => {
    expect(projected(item(1), [record({ state: "lost" })], "zhangwei")).toEqual({
      state: "open",
      mine: false,
    });
  });
});

/** A server that does acts by key once, and a phone. */
function phone(records: ActRecord[], serve: (record: ActRecord, body: ActBody) => Problem | number) {
  const kept = new Map(records.map((one) => [one.key, one]));
  const sent: string[] = [];
  const parts: DrainParts = {
    records: () => Promise.resolve([...kept.values()]),
    keep: (one) => {
      kept.set(one.key, one);
      return Promise.resolve();
    },
    send: (one, body) => {
      sent.push(one.act);
      const result = serve(one, body);
      return typeof result === "number"
        ? Promise.resolve({ item: item(1, { version: result }), outcome: "done" as const })
        : Promise.reject(result);
    },
    done: () => undefined,
    renewSession: () => Promise.resolve(),
    now: () => AT,
  };
  return { parts, sent, states: () => [...kept.values()].map((one) => one.state), kept };
}

describe("draining", () => {
  it("sends in the order of doing, and later judgements expect what the earlier acts made", async () => {
    const bodies: ActBody[] = [];
    const acts = [
      record({ act: "claim" }),
      record({ act: "on-scene" }),
      record({ act: "resolve", reason: "已扑灭" }),
    ];
    const { parts, sent, states } = phone(acts, (_, body) => bodies.push(body) + 1);
    expect(await drain(parts)).toBe(true);
    expect(sent).toEqual(["claim", "on-scene", "resolve"]);
    expect(states()).toEqual(["done", "done", "done"]);
    expect(bodies[2]).toMatchObject({ version: 3, reason: "已扑灭", queued: true });
    expect(bodies[2]?.device_time).toBe("2026-05-24T08:49:30.000Z");
  });
  it("lets no judgement stand on an item that has changed meanwhile, however the acts before it went", async () => {
    const bodies: ActBody[] = [];
    const acts = [
      record({ act: "claim", version: 1 }),
      record({ act: "false-alarm", reason: "烧烤", version: 1 }),
    ];
    // The engine had confirmed the fire (version 2) before the claim came (version 3).
    const { parts, states } = phone(acts, (one, body) => {
      bodies.push(body);
      return one.act === "claim" ? 3 : body.version === 3 ? 4 : new Problem("changed", 409);
    });
    expect(await drain(parts)).toBe(true);
    expect(bodies[1]?.version).toBe(1);
    expect(states()).toEqual(["done", "refused"]);
  });
  it("stops at the first that the server cannot take now, and keeps all the rest", async () => {
    const { parts, sent, states } = phone([record(), record()], () => new Problem("no_network", 0));
    expect(await drain(parts)).toBe(false);
    expect(sent.length).toBe(1);
    expect(states()).toEqual(["waiting", "waiting"]);
  });
  it("goes on after a lost race: the loser is told, and what follows is judged by the server", async () => {
    const owner = { login: "lina", name: "李娜" };
    const { parts, states, kept } = phone([record(), record({ act: "on-scene" })], (one) =>
      one.act === "claim"
        ? new Problem("already_claimed", 409, { owner })
        : new Problem("not_yours", 409, { owner }),
    );
    expect(await drain(parts)).toBe(true);
    expect(states()).toEqual(["lost", "lost"]);
    expect([...kept.values()][0]?.lost_to?.name).toBe("李娜");
  });
  it("asks once for a fresh session when the page has grown old", async () => {
    let csrf = 0;
    const { parts, states } = phone([record()], () => (csrf++ ? 2 : new Problem("csrf", 403)));
    expect(await drain(parts)).toBe(true);
    expect(states()).toEqual(["done"]);
    const stuck = phone([record()], () => new Problem("csrf", 403));
    expect(await drain(stuck.parts)).toBe(false);
    expect(stuck.sent.length).toBe(2);
  });
  it("loses no act, whatever the server answers and however often it is asked", async () => {
    const codes: ProblemCode[] = [
      "no_network",
      "unavailable",
      "already_claimed",
      "wrong_state",
      "rate_limited",
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...codes, "ok"), { maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        async (answers, count) => {
          const acts = Array.from({ length: count }, () => record());
          let turn = 0;
          const { parts, kept } = phone(acts, () => {
            const code = answers[turn++] ?? "ok";
            const status =
              code === "unavailable" ? 503 : code === "rate_limited" ? 429 : code === "no_network" ? 0 : 409;
            return code === "ok" ? 2 : new Problem(code, status);
          });
          for (let n = 0; n <= answers.length; n++) if (await drain(parts)) break;
          expect(kept.size).toBe(count);
          expect([...kept.values()].some(isOpen)).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("keys", () => {
  it("are UUIDs of version 4, each its own", () => {
    const made = Array.from({ length: 500 }, uuid4);
    expect(new Set(made).size).toBe(500);
    for (const key of made)
      expect(key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe("problems", () => {
  it("are known by their code; anything else is unreadable", () => {
    for (const code of Object.keys(words.problem)) expect(problemOf(400, { code }, null).code).toBe(code);
    expect(problemOf(429, { code: "too_many" }, "30").retryAfterS).toBe(30);
    fc.assert(
      fc.property(fc.anything(), fc.option(fc.string()), (body, retry) => {
        const { code } = problemOf(500, body, retry);
        expect(code === "unreadable" || Object.hasOwn(words.problem, code)).toBe(true);
      }),
    );
  });
});
