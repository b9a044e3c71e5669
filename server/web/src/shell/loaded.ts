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

export interface Shown<T> {
  readonly data: Readonly<ShallowRef<T | null>>;
  readonly problem: Readonly<ShallowRef<Problem | null>>;
  /** Nothing to show yet, for longer than a moment. */
  readonly slow: Readonly<Ref<boolean>>;
}

export interface Asked<T> extends Shown<T> {
  readonly load: () => Promise<void>;
}

export interface Loaded<T> extends Shown<T> {
  readonly reload: () => Promise<void>;
}

/** `read` is called by `load`, and nothing before. The signal ends when the answer is no longer wanted. */
export function useAsked<T>(read: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const { load, data, problem, slow } = reader(read);
  return { load, data, problem, slow };
}

/** `load` is called for each new `key`; null is nothing. */
export function useLoaded<T>(
  key: MaybeRefOrGetter<string | null>,
  load: (key: string, signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  let asked = "";
  const { data, problem, slow, load: read, forget } = reader((signal) => load(asked, signal));

  async function reload(): Promise<void> {
    const wanted = toValue(key);
    if (wanted === null) return;
    asked = wanted;
    await read();
  }

  watch(
    () => toValue(key),
    () => {
      forget();
      void reload();
    },
    { immediate: true },
  );
  return { data, problem, slow, reload };
}

function reader<T>(read: (signal: AbortSignal) => Promise<T>): Asked<T> & { forget: () => void } {
  const data = shallowRef<T | null>(null);
  const problem = shallowRef<Problem | null>(null);
  const slow = ref(false);
  let running: AbortController | null = null;

  async function load(): Promise<void> {
    running?.abort();
    const mine = (running = new AbortController());
    const timer = setTimeout(() => (slow.value = data.value === null), SLOW_MS);
    try {
      const answer = await read(mine.signal);
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

  function forget(): void {
    running?.abort();
    data.value = problem.value = null;
    slow.value = false;
  }

  onScopeDispose(() => running?.abort());
  return { data, problem, slow, load, forget };
}
