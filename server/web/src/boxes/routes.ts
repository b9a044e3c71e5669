import type { RouteRecordRaw } from "vue-router";

export const routes: RouteRecordRaw[] = [
  {
    path: "/boxes",
    name: "boxes",
    component: () => import("@/boxes/BoxesPage.vue"),
    meta: { right: "see_devices", title: "boxes.title" },
  },
  {
    path: "/boxes/:box",
    name: "box",
    component: () => import("@/boxes/BoxPage.vue"),
    props: true,
    meta: { right: "see_devices", title: "boxes.title" },
  },
];
