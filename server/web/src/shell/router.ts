/** Where an address leads, and who may go there. */
import { watch } from "vue";
import { createRouter, createWebHistory, type Router } from "vue-router";

import { Problem } from "@/api/problem";
import { t } from "@/i18n/text";
import { useSession } from "@/session/session";
import { routes } from "@/shell/routes";

export function makeRouter(): Router {
  const router = createRouter({ history: createWebHistory(), routes });
  router.beforeEach(async (to) => {
    if (to.meta.open) return true;
    const session = useSession();
    if (!session.asked) {
      try {
        await session.refresh();
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        // Without network the worker's pages open with what the phone has kept; the server is asked again later.
        if (await session.recall()) return true;
      }
    }
    if (!session.person) return { name: "login", query: { to: to.fullPath } };
    if (session.person.must_change_password) return { name: "login", query: { to: to.fullPath } };
    if (to.meta.right && !session.may(to.meta.right))
      return { name: "nowhere", params: { rest: ["no", "right"] } };
    return true;
  });
  router.afterEach((to) => {
    document.title = [to.meta.title && t(to.meta.title), t("app.name")].filter(Boolean).join(" · ");
  });
  // The session ended (expired, ended elsewhere, logged out): back to the log-in, and after it back here.
  router.isReady().then(
    () => {
      const session = useSession();
      watch(
        () => session.person === null,
        (nobody) => {
          const here = router.currentRoute.value;
          if (nobody && !here.meta.open) void router.replace({ name: "login", query: { to: here.fullPath } });
        },
      );
    },
    () => undefined,
  );
  return router;
}
