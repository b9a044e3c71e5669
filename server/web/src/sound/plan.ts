/** What has to be heard now. Pure. */
import type { Item } from "@/api/types";

/** Ⅰ three rising pulses each 4 s until claimed, Ⅱ two each 30 s, Ⅲ one; `lost`: the data has stopped; none otherwise. */
export type Voice = "urgent" | "important" | "normal" | "drill" | "lost";
export interface Plan {
  voice: Voice;
  /** Seconds between repeats; null: once. */
  everyS: number | null;
}

export const EVERY_S: Record<Voice, number | null> = {
  urgent: 4,
  important: 30,
  normal: null,
  drill: 30,
  lost: 30,
};

const unclaimed = (item: Item) =>
  item.owner === null && (item.state === "open" || item.state === "suspected");

/** The one voice that goes on: the most urgent item that nobody has; what is real silences any drill. */
export function standing(items: Iterable<Item>, lost: boolean): Plan | null {
  let voice: Voice | null = null;
  let drill = false;
  for (const item of items) {
    if (!unclaimed(item) || item.quiet !== null) continue;
    if (item.exercise !== "") drill ||= item.severity <= 2;
    else if (item.severity === 1) voice = "urgent";
    else if (item.severity === 2 && voice !== "urgent") voice = "important";
  }
  if (!voice && lost) voice = "lost";
  if (!voice && drill) voice = "drill";
  return voice && { voice, everyS: EVERY_S[voice] };
}

/** Items that were not there before and have to be heard once, by the most urgent. */
export function arrival(before: ReadonlyMap<string, Item>, after: ReadonlyMap<string, Item>): Voice | null {
  let found: Voice | null = null;
  for (const item of after.values()) {
    if (before.has(item.id) || !unclaimed(item) || item.quiet !== null || item.exercise !== "") continue;
    if (item.severity === 1) return "urgent";
    if (item.severity === 2) found = "important";
    else if (item.severity === 3) found ??= "normal";
  }
  return found;
}
