/** The item that the desk looks at: live while it is open, then as the server last had it, so that its end can be read. */
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

import { answer, api } from "@/api/client";
import { Problem } from "@/api/problem";
import type { Item } from "@/api/types";
import { useLive } from "@/stream/live";

export interface Selected {
  readonly item: Readonly<ShallowRef<Item | null>>;
  /** It is no longer in the queue. */
  readonly gone: Readonly<Ref<boolean>>;
  readonly problem: Readonly<ShallowRef<Problem | null>>;
  readonly reload: () => Promise<void>;
}

export function useSelected(id: MaybeRefOrGetter<string | null>): Selected {
  const live = useLive();
  const item = shallowRef<Item | null>(null);
  const gone = ref(false);
  const problem = shallowRef<Problem | null>(null);
  let running: AbortController | null = null;

  async function ask(wanted: string): Promise<void> {
    running?.abort();
    const mine = (running = new AbortController());
    try {
      const detail = await answer(
        api.GET("/api/v1/queue/{item}", { params: { path: { item: wanted } }, signal: mine.signal }),
      );
      if (mine.signal.aborted) return;
      item.value = detail.item;
      problem.value = null;
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      problem.value = error;
    }
  }

  watch(
    [() => toValue(id), () => live.items] as const,
    ([wanted, items]) => {
      if (item.value && wanted !== item.value.id) {
        item.value = null;
        gone.value = false;
      }
      problem.value = wanted === null ? null : problem.value;
      if (wanted === null) return;
      const found = items.get(wanted);
      if (found) {
        running?.abort();
        item.value = found;
        gone.value = false;
        problem.value = null;
      } else if (live.heard && !gone.value) {
        gone.value = true;
        void ask(wanted);
      }
    },
    { immediate: true },
  );
  onScopeDispose(() => running?.abort());
  return { item, gone, problem, reload: () => ask(toValue(id) ?? "") };
}
