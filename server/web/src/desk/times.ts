/** Times for ledgers, absolute and in the site's zone; not followed by the clock, so that long tables stay still. */
import { currentMs } from "@/clock/clock";
import { moment, SITE_ZONE } from "@/clock/format";

/** `14:25:36`, with the day when it is not today. Takes RFC 3339 or milliseconds since the epoch. */
export function clockTime(time: string | number): string {
  return moment(typeof time === "number" ? new Date(time).toISOString() : time, currentMs());
}

/** The whole of it: `2026-05-24 14:25:36.120`. */
export function dateAndTime(time: string): string {
  return WHOLE.format(new Date(time));
}

const WHOLE = new Intl.DateTimeFormat("sv-SE", {
  timeZone: SITE_ZONE,
  dateStyle: "short",
  timeStyle: "medium",
});
