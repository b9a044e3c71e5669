/** Texts in the reader's language: `t` for our own, `word` for the server's codes, `named` for places. */
import { computed, type ComputedRef } from "vue";
import { createI18n } from "vue-i18n";

import type { Lang } from "@/api/types";
import words from "@/generated/words.json";
import { en } from "@/i18n/en";
import type { MessageKey, Translated } from "@/i18n/tree";
import { zh } from "@/i18n/zh";

export type WordKind = keyof typeof words;
export type Parameters_ = Record<string, string | number>;

const kept = "rw.lang";

export const i18n = createI18n<false>({
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- needed until version 12 makes it the only way
  legacy: false,
  locale: firstLang(),
  fallbackLocale: "zh",
  messages: { zh, en },
});

/** Merge a feature's texts; call it once, where the feature's lazy chunk begins. */
export function addMessages<T extends object>(chinese: T, english: Translated<T>): void {
  i18n.global.mergeLocaleMessage("zh", chinese);
  i18n.global.mergeLocaleMessage("en", english);
}

export function currentLang(): Lang {
  return i18n.global.locale.value as Lang;
}

/** Show this language from now on, and at the next visit of this browser. */
export function setLang(lang: Lang): void {
  i18n.global.locale.value = lang;
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  try {
    localStorage.setItem(kept, lang);
  } catch {
    // A browser that keeps nothing still shows the language until it is closed.
  }
}

/** The text at `key`, with its `{parameters}` filled in. */
export function t(key: MessageKey, parameters: Parameters_ = {}): string {
  return i18n.global.t(key, parameters);
}

/** The word for a code of the server; the code itself where this build does not know it yet. */
export function word(kind: WordKind, code: string | null | undefined): string {
  if (code === null || code === undefined || code === "") return "";
  const pairs: Record<string, { zh: string; en: string }> = words[kind];
  return pairs[code]?.[currentLang()] ?? code;
}

/** A place's (or company's) name; in Chinese where it has no English one. */
export function named(thing: { name_zh: string; name_en: string | null } | null | undefined): string {
  if (!thing) return "";
  return currentLang() === "en" && thing.name_en ? thing.name_en : thing.name_zh;
}

/** The same functions for a component; all of them are re-evaluated when the language changes. */
export function useText(): {
  t: typeof t;
  word: typeof word;
  named: typeof named;
  lang: ComputedRef<Lang>;
} {
  return { t, word, named, lang: computed(currentLang) };
}

function firstLang(): Lang {
  const text = readKept();
  const lang = text === "zh" || text === "en" ? text : navigator.language.startsWith("en") ? "en" : "zh";
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  return lang;
}

function readKept(): string | null {
  try {
    return localStorage.getItem(kept);
  } catch {
    return null;
  }
}
