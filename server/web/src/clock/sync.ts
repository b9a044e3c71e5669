/** The server's time on a phone whose own clock may be wrong. Pure: the monotonic time comes in as an argument. */

const KEPT_SAMPLES = 6;

/** Offsets (server minus monotonic, ms) as they were heard; an answer that was long on the way makes one too small. */
export interface Samples {
  readonly offsetsMs: readonly number[];
}

export const NO_SAMPLES: Samples = { offsetsMs: [] };

/** Take in that the server said `serverMs` when the monotonic clock stood at `monoMs`. */
export function heard(samples: Samples, serverMs: number, monoMs: number): Samples {
  if (!Number.isFinite(serverMs)) return samples;
  return { offsetsMs: [...samples.offsetsMs, serverMs - monoMs].slice(-KEPT_SAMPLES) };
}

/** The server's time now, ms since the epoch; null before anything was heard. The quickest answer counts. */
export function serverNow(samples: Samples, monoMs: number): number | null {
  return samples.offsetsMs.length ? Math.max(...samples.offsetsMs) + monoMs : null;
}
