import type { RouteRecordRaw } from "vue-router";

export const routes: RouteRecordRaw[] = [
  {
    path: "/q",
    name: "queue",
    component: () => import("@/worker/QueuePage.vue"),
    meta: { title: "nav.queue" },
  },
  {
    path: "/q/:id",
    name: "item",
    component: () => import("@/worker/ItemPage.vue"),
    meta: { title: "nav.queue" },
  },
];
