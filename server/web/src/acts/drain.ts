/** Sends what waits, in the order in which it was done; one sender in the whole browser. */
import { type ActBody, type ActRecord, answered, bodyOf, failed, isOpen } from "@/acts/record";
import { Problem } from "@/api/problem";
import type { ActAnswer } from "@/api/types";

export interface DrainParts {
  /** All records of this person, the oldest first. */
  records: () => Promise<readonly ActRecord[]>;
  keep: (record: ActRecord) => Promise<void>;
  send: (record: ActRecord, body: ActBody) => Promise<ActAnswer>;
  /** The server did it: the item as it is now. */
  done: (record: ActRecord, answer: ActAnswer) => void;
  /** Ask for a fresh session when the server no longer takes our CSRF value. */
  renewSession: () => Promise<void>;
  now: () => string;
}

/** Send all open records; stop at the first that the server cannot take now. True when none is left. */
export async function drain(parts: DrainParts): Promise<boolean> {
  /** By item: the version that the acts of this round have made, as long as they alone have changed it. */
  const versions = new Map<string, number>();
  let renewed = false;
  for (;;) {
    const next = (await parts.records()).find(isOpen);
    if (!next) return true;
    try {
      const answer = await parts.send(next, bodyOf(next, versions.get(next.item)));
      const expected = Math.max(next.version, versions.get(next.item) ?? 0);
      // Somebody or the engine changed it, too (a suspected fire is confirmed by now): what was judged without knowing
      // that is then refused by the server, because it still names the version that was seen.
      if (answer.item.version <= expected + 1) versions.set(next.item, answer.item.version);
      await parts.keep(answered(next, answer, parts.now()));
      parts.done(next, answer);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.code === "csrf" && !renewed) {
        renewed = true;
        await parts.renewSession();
        continue;
      }
      const after = failed(next, error, parts.now());
      await parts.keep(after);
      if (isOpen(after)) return false;
    }
  }
}
