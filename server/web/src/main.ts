import "@/styles/tokens.css";
import "@/styles/ground.css";
import "@/shell/theme";

import { createPinia } from "pinia";
import { createApp } from "vue";

import App from "@/App.vue";
import { i18n } from "@/i18n/text";
import { makeRouter } from "@/shell/router";

createApp(App).use(createPinia()).use(i18n).use(makeRouter()).mount("#app");
