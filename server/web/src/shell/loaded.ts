/** Something read from the server for one panel: its data, its own failure, its own retry. */
import { onScopeDispose, type Ref, ref, shallowRef } from "vue";

import { Problem } from "@/api/problem";

const SKELETON_AFTER_MS = 200;

export interface Loaded<T> {
  data: Readonly<Ref<T | null>>;
  problem: Readonly<Ref<Problem | null>>;
  /** True from 200 ms of waiting on, while there is nothing to show. */
  slow: Readonly<Ref<boolean>>;
  load: () => Promise<void>;
}

export function useLoaded<T>(read: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const data = shallowRef<T | null>(null);
  const problem = shallowRef<Problem | null>(null);
  const slow = ref(false);
  let last: AbortController | null = null;

  async function load(): Promise<void> {
    last?.abort();
    const mine = new AbortController();
    last = mine;
    const timer = setTimeout(() => (slow.value = data.value === null), SKELETON_AFTER_MS);
    try {
      const found = await read(mine.signal);
      if (last !== mine) return;
      data.value = found;
      problem.value = null;
    } catch (error) {
      if (mine.signal.aborted || last !== mine) return;
      if (!(error instanceof Problem)) throw error;
      problem.value = error;
    } finally {
      clearTimeout(timer);
      if (last === mine) slow.value = false;
    }
  }

  onScopeDispose(() => last?.abort());
  return { data, problem, slow, load };
}
