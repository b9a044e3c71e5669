/**
 * Something read from the server for one panel: its data, why it failed, and whether it takes long enough to say so.
 *
 * A panel fails alone. Data of the same thing stays on the screen when a later read fails; another thing begins empty.
 */
import {
  onScopeDispose,
  ref,
  shallowRef,
  toValue,
  watch,
  type MaybeRefOrGetter,
  type Ref,
  type ShallowRef,
} from "vue";

import { Problem } from "@/api/problem";

/** A skeleton before this would only flicker. */
const SLOW_MS = 200;

export interface Loaded<T> {
  readonly data: Readonly<ShallowRef<T | null>>;
  readonly problem: Readonly<ShallowRef<Problem | null>>;
  /** Nothing to show yet, for longer than a moment. */
  readonly slow: Readonly<Ref<boolean>>;
  readonly reload: () => Promise<void>;
}

/** `load` is called for each new `key`; null is nothing. The signal ends when the answer is no longer wanted. */
export function useLoaded<T>(
  key: MaybeRefOrGetter<string | null>,
  load: (key: string, signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  const data = shallowRef<T | null>(null);
  const problem = shallowRef<Problem | null>(null);
  const slow = ref(false);
  let running: AbortController | null = null;

  async function read(asked: string): Promise<void> {
    running?.abort();
    const mine = (running = new AbortController());
    const timer = setTimeout(() => (slow.value = data.value === null), SLOW_MS);
    try {
      const answer = await load(asked, mine.signal);
      if (mine.signal.aborted) return;
      data.value = answer;
      problem.value = null;
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      problem.value = error;
    } finally {
      clearTimeout(timer);
      if (!mine.signal.aborted) slow.value = false;
    }
  }

  async function reload(): Promise<void> {
    const asked = toValue(key);
    if (asked !== null) await read(asked);
  }

  watch(
    () => toValue(key),
    (asked) => {
      running?.abort();
      data.value = problem.value = null;
      slow.value = false;
      if (asked !== null) void read(asked);
    },
    { immediate: true },
  );
  onScopeDispose(() => running?.abort());
  return { data, problem, slow, reload };
}
