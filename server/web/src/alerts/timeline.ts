/**
 * One time line of an alert: what the engine decided and what people did, each with the device's time and the server's.
 * Pure.
 *
 * The engine's acts stand in both books; the alert's log has the device and the reason, so the item's copy is left out.
 */
import type { Decision, HistoryEntry } from "@/alerts/answers";

export interface Line {
  readonly key: string;
  /** When the server took it. */
  readonly at: string;
  /** When it happened by the device's (or the phone's) clock; null where nobody said. */
  readonly happenedAt: string | null;
  /** Whose book: codes are of `decisions` (engine) or `acts` (queue). */
  readonly book: "engine" | "queue";
  readonly code: string;
  readonly who: string;
  readonly reason: string;
  readonly quiet: string | null;
  /** An act that was made without network and lost. */
  readonly lost: { wanted: string; code: string; to: string } | null;
}

const ENGINES_ACTS: ReadonlySet<string> = new Set(["raise", "repeat", "upgrade", "condition_ended"]);

export function timelineOf(log: readonly Decision[], history: readonly HistoryEntry[]): Line[] {
  const decided = log.map((entry, i): Line => ({
    key: `log:${i}`,
    at: entry.at,
    happenedAt: entry.happened_at,
    book: "engine",
    code: entry.decision,
    who: entry.device,
    reason: "",
    quiet: entry.quiet,
    lost: null,
  }));
  const done = history
    .filter((entry) => log.length === 0 || !ENGINES_ACTS.has(entry.act))
    .map((entry, i): Line => ({
      key: `act:${i}`,
      at: entry.at,
      happenedAt: entry.device_time,
      book: "queue",
      code: entry.act,
      who: entry.actor.name,
      reason: entry.reason,
      quiet: null,
      lost: entry.not_done && {
        wanted: entry.not_done.wanted,
        code: entry.not_done.code,
        to: entry.not_done.lost_to?.name ?? "",
      },
    }));
  // Both books are in order; at equal times the engine's line stands before what people made of it.
  return [...decided, ...done].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** Runs of the same repeat by the same device become one line with a count, so that a busy hour stays readable. */
export interface Told {
  readonly line: Line;
  readonly times: number;
  readonly lastAt: string;
}
export function folded(lines: readonly Line[]): Told[] {
  const told: Told[] = [];
  for (const line of lines) {
    const last = told[told.length - 1];
    if (last && line.code === "repeat" && isSame(last.line, line))
      told[told.length - 1] = { line: last.line, times: last.times + 1, lastAt: line.at };
    else told.push({ line, times: 1, lastAt: line.at });
  }
  return told;
}

function isSame(a: Line, b: Line): boolean {
  return a.code === b.code && a.book === b.book && a.who === b.who && a.quiet === b.quiet;
}
