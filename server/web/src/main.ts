import "@/styles/tokens.css";
import "@/styles/ground.css";
import "@/shell/theme";

import { createPinia } from "pinia";
import { createApp } from "vue";

import App from "@/App.vue";
import { i18n } from "@/i18n/text";
import { registerServiceWorker, reloadOnMissingFiles } from "@/shell/installed";
import { makeRouter } from "@/shell/router";

const router = makeRouter();
let wanted = location.pathname;
router.beforeEach((to) => void (wanted = to.fullPath));
reloadOnMissingFiles(() => wanted);
createApp(App).use(createPinia()).use(i18n).use(router).mount("#app");
void registerServiceWorker();
