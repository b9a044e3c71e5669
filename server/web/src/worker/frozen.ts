/** Rows do not move under a finger: while somebody touches or reads further down, the order stays and news wait. */
import { computed, type ComputedRef, onScopeDispose, type Ref, ref, shallowRef, watch } from "vue";

/** What is shown when the live order is `live` and rows may (not) move. Pure.
 *
 * Frozen: all shown rows stay where they are, also those that have left the queue; new ones are counted, not inserted.
 */
export function settle(
  shown: readonly string[],
  live: readonly string[],
  frozen: boolean,
): { shown: readonly string[]; waiting: number } {
  if (!frozen) return { shown: live, waiting: 0 };
  const there = new Set(shown);
  return { shown, waiting: live.filter((id) => !there.has(id)).length };
}

/** A moment after the finger has left: long enough for its click to arrive, and for a second tap. */
const CALM_MS = 1_200;

export interface Frozen {
  shown: Readonly<Ref<readonly string[]>>;
  waiting: Readonly<Ref<number>>;
  frozen: ComputedRef<boolean>;
  /** Let the waiting rows in: somebody asked for them. */
  letIn: () => void;
  /** Listeners for the element that holds the rows. */
  on: Record<
    "pointerdown" | "pointerup" | "pointercancel" | "pointermove" | "focusin" | "focusout",
    (e: Event) => void
  >;
}

export function useFrozen(
  live: ComputedRef<readonly string[]>,
  scrolledDown: Readonly<Ref<boolean>>,
): Frozen {
  const down = ref(false);
  const calm = ref(true);
  const focused = ref(false);
  const shown = shallowRef<readonly string[]>(live.value);
  const waiting = ref(0);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const frozen = computed(() => down.value || !calm.value || focused.value || scrolledDown.value);

  function stir(): void {
    calm.value = false;
    clearTimeout(timer);
    timer = setTimeout(() => (calm.value = true), CALM_MS);
  }
  function apply(frozenNow: boolean): void {
    const next = settle(shown.value, live.value, frozenNow);
    shown.value = next.shown;
    waiting.value = next.waiting;
  }
  // Before the next paint, and before any click can be dispatched on rows that have moved.
  watch([live, frozen], () => apply(frozen.value), { flush: "sync", immediate: true });

  const release = () => {
    if (!down.value) return;
    stir();
    down.value = false;
  };
  // The finger may leave the list before it leaves the glass.
  window.addEventListener("pointerup", release);
  window.addEventListener("pointercancel", release);
  onScopeDispose(() => {
    clearTimeout(timer);
    window.removeEventListener("pointerup", release);
    window.removeEventListener("pointercancel", release);
  });

  return {
    shown,
    waiting,
    frozen,
    letIn: () => {
      calm.value = true;
      apply(false);
    },
    on: {
      pointerdown: () => (down.value = true),
      pointerup: release,
      pointercancel: release,
      pointermove: (event) => {
        if ((event as PointerEvent).pointerType === "mouse") stir();
      },
      focusin: (event) => {
        if (event.target instanceof Element && event.target.matches(":focus-visible")) focused.value = true;
      },
      focusout: () => (focused.value = false),
    },
  };
}
