/** Who is logged in: asked from the server, never guessed. */
import { defineStore } from "pinia";
import { computed, shallowRef } from "vue";

import { call, setCsrf, whenUnauthenticated } from "@/api/client";
import { Problem } from "@/api/problem";
import type { Right, Session, SessionOptions } from "@/api/types";
import { setLang } from "@/i18n/text";

export const useSession = defineStore("session", () => {
  const session = shallowRef<Session | null>(null);
  const asked = shallowRef(false);

  const person = computed(() => session.value?.person ?? null);
  const may = (right: Right) => person.value?.rights.includes(right) ?? false;

  function take(next: Session | null): void {
    session.value = next;
    asked.value = true;
    setCsrf(next?.csrf ?? "");
    if (next) setLang(next.person.lang);
  }

  /** Ask who we are; null when nobody. Throws Problem when the server can't be asked. */
  async function refresh(): Promise<Session | null> {
    try {
      take(await call<Session>("GET", "/session"));
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "unauthenticated") throw error;
      take(null);
    }
    return session.value;
  }

  async function logIn(login: string, password: string): Promise<Session> {
    take(await call<Session>("POST", "/session", { body: { login, password } }));
    // The answer to a log-in may be the short one: the whole is asked for.
    return (await refresh()) as Session;
  }

  async function logOut(): Promise<void> {
    await call("DELETE", "/session");
    take(null);
  }

  const options = () => call<SessionOptions>("GET", "/session/options");

  whenUnauthenticated(() => {
    if (session.value) take(null);
  });

  return { session, person, asked, may, take, refresh, logIn, logOut, options };
});
