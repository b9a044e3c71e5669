/** The words for what became of an act. */
import type { ActRecord } from "@/acts/record";
import type { WantedAct } from "@/api/types";
import { nowMs } from "@/clock/clock";
import { moment, SITE_ZONE } from "@/clock/format";
import { t, word } from "@/i18n/text";

/** The code of the history for an act of the address: `on-scene` is `on_scene`. */
export const codeOf = (act: WantedAct): string => act.replaceAll("-", "_");

/** Null for what needs no words: it was done, and the item says so itself. */
export function actNote(record: ActRecord, withDone = false): string | null {
  const act = word("act", codeOf(record.act));
  switch (record.state) {
    case "sending":
      return t("act.sending", { act });
    case "waiting":
      return t("act.waiting", { act });
    case "done":
      return withDone ? t("act.done", { act }) : null;
    case "already":
      return withDone ? t("act.already", { act }) : null;
    case "lost": {
      const clock = moment(record.settled_at ?? record.device_time, nowMs.value, SITE_ZONE, false);
      return record.lost_to
        ? t("act.lost", { act, name: record.lost_to.name, clock })
        : t("act.lostNobody", { act, clock });
    }
    case "refused":
      return t("act.refused", { act, why: word("problem", record.code) });
  }
}
