/** Where an address leads, and who may go there. */
import { createRouter, createWebHistory, type Router } from "vue-router";

import { Problem } from "@/api/problem";
import { t } from "@/i18n/text";
import { useSession } from "@/session/session";
import { routes } from "@/shell/routes";

export function makeRouter(): Router {
  const router = createRouter({ history: createWebHistory(), routes });
  router.beforeEach(async (to) => {
    const session = useSession();
    if (to.meta.open) return true;
    if (!session.asked) {
      try {
        await session.refresh();
      } catch (error) {
        // Without network the worker's pages open with what they have kept; the server is asked again later.
        if (error instanceof Problem && error.passing) return true;
        throw error;
      }
    }
    if (!session.person) return { name: "login", query: { to: to.fullPath } };
    if (session.person.must_change_password && to.name !== "login") return { name: "login" };
    return true;
  });
  router.afterEach((to) => {
    document.title = [to.meta.title && t(to.meta.title), t("app.name")].filter(Boolean).join(" · ");
  });
  return router;
}
