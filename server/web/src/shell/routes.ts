/** Every page. A feature keeps its own in `src/FEATURE/routes.ts` (lazily imported pages); nothing is listed twice. */
import type { RouteRecordRaw } from "vue-router";

import type { Right } from "@/api/types";
import type { MessageKey } from "@/i18n/tree";

declare module "vue-router" {
  interface RouteMeta {
    /** Shown without a log-in. */
    open?: boolean;
    /** Needed to see the page. */
    right?: Right;
    /** The page's title. */
    title?: MessageKey;
  }
}

const found = import.meta.glob<{ routes: RouteRecordRaw[] }>("../*/routes.ts", { eager: true });

export const routes: RouteRecordRaw[] = [
  { path: "/", name: "home", component: () => import("@/shell/HomePage.vue") },
  ...Object.entries(found)
    .filter(([path]) => !path.includes("/shell/"))
    .flatMap(([, module]) => module.routes),
  {
    path: "/:rest(.*)*",
    name: "nowhere",
    component: () => import("@/shell/NowherePage.vue"),
    meta: { open: true },
  },
];
