import type { RouteRecordRaw } from "vue-router";

export const routes: RouteRecordRaw[] = [
  { path: "/login", name: "login", component: () => import("@/login/LoginPage.vue"), meta: { open: true } },
];
