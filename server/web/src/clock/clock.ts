/** One clock for the whole page, 1 Hz, on the server's time. */
import { readonly, ref } from "vue";

import { heard, NO_SAMPLES, serverNow } from "@/clock/sync";

let samples = NO_SAMPLES;
let timer: ReturnType<typeof setInterval> | undefined;
const seconds = ref(currentMs());

/** The server's time in ms, changed once a second: for everything that is shown. */
export const nowMs = readonly(seconds);

/** The server's time in ms at this moment; the phone's own before the server was heard. */
export function currentMs(): number {
  return serverNow(samples, performance.now()) ?? Date.now();
}

/** The server said what time it is (RFC 3339). */
export function hearServerTime(text: string): void {
  samples = heard(samples, Date.parse(text), performance.now());
  seconds.value = currentMs();
}

/** Begin to tick; again: nothing. */
export function startClock(): void {
  timer ??= setInterval(() => (seconds.value = currentMs()), 1000);
}
