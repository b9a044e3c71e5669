import type { RouteRecordRaw } from "vue-router";

export const routes: RouteRecordRaw[] = [
  {
    path: "/alerts",
    name: "alerts",
    component: () => import("@/alerts/AlertsPage.vue"),
    meta: { right: "see_alerts", title: "alert.title" },
  },
  {
    path: "/alerts/:alert",
    name: "alert",
    component: () => import("@/alerts/AlertPage.vue"),
    props: true,
    meta: { right: "see_alerts", title: "alert.title" },
  },
];
