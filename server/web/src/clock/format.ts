/** Times and spans as people read them: clocks under an hour as mm:ss, lists relative, ledgers absolute, 24 hours. */
import { t } from "@/i18n/text";

/** Places without a zone of their own are in this one. */
export const SITE_ZONE = "Asia/Shanghai";

/** `02:14`, from an hour on `1:02:14`; the sign is the caller's. */
export function clock(seconds: number): string {
  const whole = Math.floor(Math.abs(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** Time left to a deadline: `剩 02:14`, or `+02:10 超时`. */
export function left(deadline: string, nowMs: number): { text: string; late: boolean } {
  const seconds = (Date.parse(deadline) - nowMs) / 1000;
  return seconds < 0
    ? { text: t("time.late", { clock: clock(seconds) }), late: true }
    : { text: t("time.left", { clock: clock(seconds) }), late: false };
}

/** How long ago: `12秒前`, `4分前`, and from an hour on the time itself. */
export function ago(time: string, nowMs: number, zone = SITE_ZONE): string {
  const seconds = Math.floor((nowMs - Date.parse(time)) / 1000);
  if (seconds < 1) return t("time.now");
  if (seconds < 60) return t("time.secondsAgo", { n: seconds });
  if (seconds < 3600) return t("time.minutesAgo", { n: Math.floor(seconds / 60) });
  return moment(time, nowMs, zone, false);
}

/** A span in words: `3秒`, `4分`, `2小时`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return t("time.seconds", { n: whole });
  if (whole < 3600) return t("time.minutes", { n: Math.floor(whole / 60) });
  return t("time.hours", { n: Math.floor(whole / 3600) });
}

/** The time itself: `14:25:36`; with the day when it is not today. Seconds are left out with `precise` false. */
export function moment(time: string, nowMs: number, zone = SITE_ZONE, precise = true): string {
  const at = parts(new Date(time), zone);
  const today = parts(new Date(nowMs), zone);
  const text = [at.hour, at.minute, ...(precise ? [at.second] : [])].join(":");
  if (at.year !== today.year) return `${at.year}-${at.month}-${at.day} ${text}`;
  return at.month === today.month && at.day === today.day ? text : `${at.month}-${at.day} ${text}`;
}

type Part = "year" | "month" | "day" | "hour" | "minute" | "second";
const made = new Map<string, Intl.DateTimeFormat>();

function parts(at: Date, zone: string): Record<Part, string> {
  let format = made.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    made.set(zone, format);
  }
  return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value])) as Record<
    Part,
    string
  >;
}
