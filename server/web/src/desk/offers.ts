/** Which acts are offered for an item to this person, the most likely first. Pure; the server decides all the same. */
import type { State, WantedAct } from "@/api/types";

/** What the component of the acts lets others do. */
export interface ActionsHandle {
  /** Begin an act; false when it is not on offer. */
  begin(act: WantedAct): Promise<boolean>;
  /** Put the question for a reason away; false when there was none. */
  cancel(): boolean;
}

export interface Standing {
  /** The state as it would be if every act on its way succeeded. */
  readonly state: State;
  readonly mine: boolean;
  readonly mayAct: boolean;
  readonly mayComment: boolean;
}

export function offersFor({ state, mine, mayAct, mayComment }: Standing): WantedAct[] {
  const offers: WantedAct[] = mayAct ? [...actsFor(state, mine)] : [];
  if (mayComment) offers.push("comment");
  return offers;
}

/** Acts that need a reason, and those that are held for a second first. */
export const NEEDS_REASON: ReadonlySet<WantedAct> = new Set(["resolve", "false-alarm", "comment"]);
export const MAY_HAVE_REASON: ReadonlySet<WantedAct> = new Set(["release"]);
export const IS_HELD: ReadonlySet<WantedAct> = new Set(["false-alarm"]);

function actsFor(state: State, mine: boolean): readonly WantedAct[] {
  switch (state) {
    case "suspected":
    case "open":
      return ["claim"];
    case "claimed":
      return mine ? ["on-scene", "resolve", "false-alarm", "release"] : [];
    case "on_scene":
      return mine ? ["resolve", "false-alarm", "release"] : [];
    case "resolved":
    case "false_alarm":
      return mine ? ["undo", "close"] : [];
    case "closed":
      return [];
  }
}
