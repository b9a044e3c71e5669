/** How old the picture is, and when to try again. Pure. */

export const LATE_S = 25;
export const LOST_S = 60;

/** `waiting`: nothing has been heard since the page opened. */
export type Liveness = "waiting" | "live" | "late" | "lost";

/** Without a sign of life for 25 s the band turns amber, from 60 s on red. Times in ms of one clock. */
export function livenessOf(freshAtMs: number | null, nowMs: number, openedAtMs: number): Liveness {
  const ageS = (nowMs - (freshAtMs ?? openedAtMs)) / 1000;
  if (ageS >= LOST_S) return "lost";
  if (ageS >= LATE_S) return "late";
  return freshAtMs === null ? "waiting" : "live";
}

/** Wait before attempt `n` (the first is 1), in ms: 1 s to 30 s, doubled each time, with jitter so that a city of
 * phones does not come back at the same moment. `random` is in [0, 1). */
export function waitBeforeMs(attempt: number, random: number): number {
  const ceiling = Math.min(30_000, 1_000 * 2 ** Math.min(attempt, 10));
  return Math.max(1_000, Math.round(ceiling * (0.5 + 0.5 * random)));
}
