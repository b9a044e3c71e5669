/** The flood watch of the page: looks once a second at most, and each ten seconds so that a flood also ends. */
import { computed, onScopeDispose, shallowRef, watch, type ComputedRef } from "vue";

import type { Item } from "@/api/types";
import { currentMs, nowMs } from "@/clock/clock";
import { queueOf, QUIET, watch as look, type FloodWatch } from "@/desk/flood";
import { paced } from "@/map/pace";
import { useLive } from "@/stream/live";

/** With a thousand alerts and fifty changes a second a look at each change would be felt. */
const LOOK_MS = 1_000;
const LOOK_EVERY_MS = 10_000;

export interface Flooding {
  readonly flooded: ComputedRef<ReadonlySet<string>>;
  /** The real floods with one item each, by which a queue can be named. */
  readonly floods: ComputedRef<readonly { queue: string; count: number; example: Item | null }[]>;
}

export function useFlooding(): Flooding {
  const live = useLive();
  const state = shallowRef<FloodWatch>(QUIET);
  const pace = paced(LOOK_MS);
  watch(
    [() => live.items, () => Math.floor(nowMs.value / LOOK_EVERY_MS)] as const,
    () => pace(() => (state.value = look(state.value, live.items.values(), currentMs()))),
    { immediate: true },
  );
  onScopeDispose(() => pace.stop());
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
