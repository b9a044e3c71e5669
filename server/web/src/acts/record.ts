/** An act as the phone keeps it until the server has answered, and what became of it. Pure. */
import type { Problem } from "@/api/problem";
import type { components } from "@/generated/api";
import type { ActAnswer, Hazard, Item, Owner, Severity, State, WantedAct } from "@/api/types";

/** `sending`: on its way for the first time; `waiting`: no network, will be sent again. The others are final. */
export type ActState = "sending" | "waiting" | "done" | "already" | "lost" | "refused";

export interface ActRecord {
  /** The idempotency key: the server does the act once, however often it is sent. */
  key: string;
  login: string;
  item: string;
  number: number;
  /** For the list of unsent acts. */
  hazard: Hazard;
  severity: Severity;
  act: WantedAct;
  reason: string;
  /** The version that the person looked at. */
  version: number;
  /** When the person acted, by the server's time as the phone knows it, RFC 3339. */
  device_time: string;
  state: ActState;
  /** Whether it was made, or went on, without network. */
  queued: boolean;
  /** Who was first, when it was lost. */
  lost_to: Owner | null;
  /** Why it was lost or refused: the server's code. */
  code: string | null;
  settled_at: string | null;
}

/** Acts that judge the item: they are refused unless it is still as the person saw it. The others state a fact or ask
 * for the item, which a new version does not make wrong. */
const JUDGING: ReadonlySet<WantedAct> = new Set(["resolve", "false-alarm", "undo", "close"]);

export const isOpen = (record: ActRecord): boolean =>
  record.state === "sending" || record.state === "waiting";

export type ActBody = components["schemas"]["ActRequest"];

/** The body of the request. `knownVersion` is the version that an earlier act of the same person made of the item. */
export function bodyOf(record: ActRecord, knownVersion: number | undefined): ActBody {
  return {
    reason: record.reason,
    device_time: record.device_time,
    queued: record.queued,
    ...(JUDGING.has(record.act) ? { version: Math.max(record.version, knownVersion ?? 0) } : {}),
  };
}

/** What became of it when the server did it. */
export function answered(record: ActRecord, answer: ActAnswer, at: string): ActRecord {
  return { ...record, state: answer.outcome, settled_at: at };
}

/** What becomes of it when it was refused: sent again (`waiting`), lost to somebody, or refused for good. */
export function failed(record: ActRecord, problem: Problem, at: string): ActRecord {
  if (problem.passing || problem.code === "unauthenticated" || problem.code === "csrf") {
    return { ...record, state: "waiting", queued: record.queued || problem.code === "no_network" };
  }
  const lost = problem.code === "already_claimed" || problem.code === "not_yours";
  return {
    ...record,
    state: lost ? "lost" : "refused",
    lost_to: problem.body.owner ?? null,
    code: problem.code,
    settled_at: at,
  };
}

/** The state that the item would have if all acts that wait for a network were done: what the next act is offered for.
 * It is never shown as the item's state. An act that is on its way is waited for, not built upon. */
export function projected(
  item: Item,
  records: readonly ActRecord[],
  login: string,
): { state: State; mine: boolean } {
  let state = item.state;
  let mine = item.owner?.login === login;
  for (const record of records) {
    if (record.item !== item.id || record.state !== "waiting") continue;
    switch (record.act) {
      case "claim":
        state = "claimed";
        mine = true;
        break;
      case "on-scene":
        state = "on_scene";
        break;
      case "release":
        state = item.certainty === "confirmed" ? "open" : "suspected";
        mine = false;
        break;
      case "resolve":
        state = "resolved";
        break;
      case "false-alarm":
        state = "false_alarm";
        break;
      case "undo":
        state = "claimed";
        break;
      case "close":
        state = "closed";
        break;
      case "renew":
      case "comment":
        break;
    }
  }
  return { state, mine };
}
