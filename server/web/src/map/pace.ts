/** At most one run in `everyMs`: the first at once, the last of a burst when its time has come. */

export interface Pace {
  (run: () => void): void;
  /** Forget what waits. */
  stop(): void;
}

export interface Timers {
  now(): number;
  after(ms: number, run: () => void): number;
  cancel(id: number): void;
}

export const BROWSER: Timers = {
  now: () => performance.now(),
  after: (ms, run) => window.setTimeout(run, ms),
  cancel: (id) => window.clearTimeout(id),
};

export function paced(everyMs: number, timers: Timers = BROWSER): Pace {
  let last = -Infinity;
  let waiting: (() => void) | null = null;
  let timer: number | null = null;
  const go = (): void => {
    const run = waiting;
    waiting = timer = null;
    if (run === null) return;
    last = timers.now();
    run();
  };
  const pace = (run: () => void): void => {
    waiting = run;
    if (timer !== null) return;
    const left = last + everyMs - timers.now();
    if (left <= 0) go();
    else timer = timers.after(left, go);
  };
  return Object.assign(pace, {
    stop(): void {
      if (timer !== null) timers.cancel(timer);
      waiting = timer = null;
    },
  });
}
