/** The flood watch of the page: looks at each change, and each ten seconds so that a flood also ends. */
import { computed, shallowRef, watch, type ComputedRef } from "vue";

import type { Item } from "@/api/types";
import { currentMs, nowMs } from "@/clock/clock";
import { queueOf, QUIET, watch as look, type FloodWatch } from "@/desk/flood";
import { useLive } from "@/stream/live";

const LOOK_EVERY_MS = 10_000;

export interface Flooding {
  readonly flooded: ComputedRef<ReadonlySet<string>>;
  /** The real floods with one item each, by which a queue can be named. */
  readonly floods: ComputedRef<readonly { queue: string; count: number; example: Item | null }[]>;
}

export function useFlooding(): Flooding {
  const live = useLive();
  const state = shallowRef<FloodWatch>(QUIET);
  watch(
    [() => live.items, () => Math.floor(nowMs.value / LOOK_EVERY_MS)] as const,
    ([items]) => (state.value = look(state.value, items.values(), currentMs())),
    { immediate: true },
  );
  return {
    flooded: computed(() => state.value.flooded),
    floods: computed(() =>
      [...state.value.flooded].map((queue) => ({
        queue,
        count: state.value.counts.get(queue) ?? 0,
        example: live.rows.find((item) => queueOf(item) === queue) ?? null,
      })),
    ),
  };
}
