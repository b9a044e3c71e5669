/** Ringing on this device: armed by a gesture, since browsers are silent before one; what is not armed says so in red. */
import { defineStore } from "pinia";
import { computed, ref, watch } from "vue";

import type { Item } from "@/api/types";
import { nowMs } from "@/clock/clock";
import { t } from "@/i18n/text";
import { arrival, standing, type Voice } from "@/sound/plan";
import { play } from "@/sound/tones";
import { useLive } from "@/stream/live";

const MUTE_MS = 60_000;

export const useSound = defineStore("sound", () => {
  const live = useLive();
  const armed = ref(false);
  const mutedUntilMs = ref(0);
  const muted = computed(() => nowMs.value < mutedUntilMs.value);
  let context: AudioContext | null = null;
  let ringing: ReturnType<typeof setInterval> | undefined;
  let ringingVoice: Voice | null = null;
  /** Only one tab of this browser rings. */
  let mine = !("locks" in navigator);
  /** What the first picture holds is no arrival. */
  let primed = false;

  /** Make sound possible and let it be heard; call it from a click. True when the device plays. */
  async function arm(test = true): Promise<boolean> {
    context ??= new AudioContext();
    context.onstatechange = () => (armed.value = context?.state === "running");
    await context.resume().catch(() => undefined);
    armed.value = context.state === "running";
    if (armed.value && test) play(context, "important");
    if (armed.value && !mine) {
      void navigator.locks.request("rw-sound", async () => {
        mine = true;
        ring();
        await new Promise(() => undefined);
      });
    }
    ring();
    return armed.value;
  }

  /** Quiet for a minute at most; a new Ⅰ ends it. */
  function mute(): void {
    mutedUntilMs.value = nowMs.value + MUTE_MS;
    ring();
  }

  function sound(voice: Voice): void {
    if (!context || !armed.value || !mine || muted.value) return;
    if (voice === "drill" && "speechSynthesis" in window) {
      const said = new SpeechSynthesisUtterance(t("mark.drill"));
      said.lang = document.documentElement.lang;
      const playing = context;
      said.onend = () => play(playing, "drill");
      speechSynthesis.speak(said);
      return;
    }
    play(context, voice);
  }

  /** Go on with the voice that has to be heard; `anew`: at once, also when it is the same. */
  function ring(anew = false): void {
    const plan = muted.value ? null : standing(live.items.values(), live.liveness === "lost");
    if (!anew && (plan?.voice ?? null) === ringingVoice) return;
    clearInterval(ringing);
    ringingVoice = plan?.voice ?? null;
    if (!plan) return;
    sound(plan.voice);
    if (plan.everyS !== null) ringing = setInterval(() => sound(plan.voice), plan.everyS * 1000);
  }

  watch(
    () => live.items,
    (after: ReadonlyMap<string, Item>, before: ReadonlyMap<string, Item>) => {
      const voice = primed ? arrival(before, after) : null;
      primed = live.heard;
      if (voice === "urgent") mutedUntilMs.value = 0;
      ring(voice === "urgent" || voice === "important");
      if (voice === "normal" && ringingVoice === null) sound("normal");
    },
  );
  watch([() => live.liveness, muted], () => ring());

  return { armed, muted, arm, mute, sound };
});
