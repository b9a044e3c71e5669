import type { Translated } from "@/i18n/tree";
import type { zh } from "@/i18n/zh";

export const en: Translated<typeof zh> = {
  app: {
    name: "RedWhistle",
    notInsteadOf119: "Does not replace 119, 110, 120",
    loading: "Loading…",
    retry: "Try again",
    close: "Close",
    cancel: "Cancel",
    back: "Back",
    more: "More",
    skip: "Skip to content",
    notFound: "There is no such page",
  },
  grade: { "1": "Ⅰ urgent", "2": "Ⅱ important", "3": "Ⅲ normal", "4": "Ⅳ notice" },
  mark: { suspected: "suspected", stale: "data is old", drill: "drill", claimed: "claimed" },
  time: {
    now: "just now",
    secondsAgo: "{n} s ago",
    minutesAgo: "{n} min ago",
    left: "{clock} left",
    late: "+{clock} late",
    total: "total {clock}",
    lastAt: "last {clock}",
    minutes: "{n} min",
    seconds: "{n} s",
    hours: "{n} h",
  },
  nav: { label: "Main", queue: "Queue", me: "Me" },
  lang: { zh: "中文", en: "English" },
  role: {
    admin: "administrator",
    command: "command",
    grid_worker: "grid worker",
    property_manager: "property manager",
  },
  problem: {
    already_claimed: "{name} has claimed it",
    not_yours: "{name} has it: ask them to release it",
    wait: "{text}: try again in {seconds} s",
    no_network: "The server can't be reached: check the network",
    unreadable: "The server's answer can't be read: reload the page",
  },
};
