/** Who is logged in: asked from the server; without network the person that this phone knew last. */
import { defineStore } from "pinia";
import { computed, shallowRef } from "vue";

import { answer, api, setCsrf, whenUnauthenticated } from "@/api/client";
import { Problem } from "@/api/problem";
import type { Person, Right, Session, SessionOptions } from "@/api/types";
import { hearServerTime } from "@/clock/clock";
import { setLang } from "@/i18n/text";
import { forgetKept, keepSession, keptSession, type KeptSession } from "@/kept/database";

export const useSession = defineStore("session", () => {
  const session = shallowRef<KeptSession | null>(null);
  /** The server has answered who we are. */
  const asked = shallowRef(false);

  const person = computed(() => session.value?.person ?? null);
  const settings = computed(() => session.value?.settings ?? null);
  const scopePlaces = computed(() => session.value?.scope_places ?? []);
  const may = (right: Right) => person.value?.rights.includes(right) ?? false;

  function take(next: Session | null): void {
    asked.value = true;
    setCsrf(next?.csrf ?? "");
    if (!next) {
      session.value = null;
      void forgetKept();
      return;
    }
    hearServerTime(next.server_time);
    const changedLang = session.value?.person.lang !== next.person.lang;
    const { person: who, scope_places, settings: set, expires_at } = next;
    session.value = { person: who, scope_places, settings: set, expires_at };
    if (changedLang) setLang(who.lang);
    void keepSession(session.value);
  }

  /** Ask who we are; null when nobody. Throws Problem when the server can't be asked. */
  async function refresh(): Promise<KeptSession | null> {
    try {
      take(await answer(api.GET("/api/v1/session")));
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "unauthenticated") throw error;
      take(null);
    }
    return session.value;
  }

  /** Without network: the person of the last visit, so that the worker's pages open. */
  async function recall(): Promise<KeptSession | null> {
    session.value ??= await keptSession();
    return session.value;
  }

  async function logIn(login: string, password: string): Promise<void> {
    take(await answer(api.POST("/api/v1/session", { body: { login, password } })));
  }

  async function logOut(): Promise<void> {
    await answer(api.DELETE("/api/v1/session"));
    take(null);
  }

  /** Change one's own name, language or duty. */
  async function change(what: Partial<Pick<Person, "name" | "lang" | "on_duty">>): Promise<void> {
    await answer(api.PATCH("/api/v1/me", { body: what }));
    await refresh();
  }

  const options = (): Promise<SessionOptions> => answer(api.GET("/api/v1/session/options"));

  whenUnauthenticated(() => {
    if (session.value) take(null);
  });

  return {
    session,
    person,
    settings,
    scopePlaces,
    asked,
    may,
    refresh,
    recall,
    logIn,
    logOut,
    change,
    options,
  };
});
