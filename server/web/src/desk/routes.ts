import type { RouteRecordRaw } from "vue-router";

export const routes: RouteRecordRaw[] = [
  {
    path: "/desk",
    name: "desk",
    component: () => import("@/desk/DeskPage.vue"),
    meta: { right: "see_alerts", title: "desk.title" },
  },
];
