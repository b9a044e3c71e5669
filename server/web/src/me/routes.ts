import type { RouteRecordRaw } from "vue-router";

export const routes: RouteRecordRaw[] = [
  { path: "/me", name: "me", component: () => import("@/me/MePage.vue"), meta: { title: "nav.me" } },
];
