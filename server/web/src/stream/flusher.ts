/** Gathers changes: Ⅰ and Ⅱ reach the screen in the next frame, the rest each 100 ms. */
import type { Change } from "@/stream/picture";
import { isUrgent } from "@/stream/picture";

export interface Timing {
  nextFrame: (act: () => void) => void;
  later: (act: () => void, ms: number) => void;
}

const BATCH_MS = 100;
/** A hidden page gets no frames, and still has to ring. */
const HIDDEN_MS = 50;

export const browserTiming: Timing = {
  nextFrame: (act) => {
    requestAnimationFrame(act);
    setTimeout(act, HIDDEN_MS);
  },
  later: (act, ms) => void setTimeout(act, ms),
};

export class Flusher {
  #waiting: Change[] = [];
  #cursor: string | null = null;
  #planned: "none" | "batch" | "frame" = "none";

  constructor(
    private readonly deliver: (changes: readonly Change[], cursor: string | null) => void,
    private readonly timing: Timing = browserTiming,
  ) {}

  add(change: Change, cursor: string | null): void {
    this.#waiting.push(change);
    this.#cursor = cursor ?? this.#cursor;
    if (isUrgent(change)) {
      if (this.#planned !== "frame") this.timing.nextFrame(() => this.flush());
      this.#planned = "frame";
    } else if (this.#planned === "none") {
      this.#planned = "batch";
      this.timing.later(() => this.flush(), BATCH_MS);
    }
  }

  /** Deliver now what waits. */
  flush(): void {
    this.#planned = "none";
    if (!this.#waiting.length) return;
    const changes = this.#waiting;
    this.#waiting = [];
    this.deliver(changes, this.#cursor);
  }

  /** Forget what waits: a snapshot has come, or the person has left. */
  drop(): void {
    this.#waiting = [];
    this.#cursor = null;
  }
}
