import { fileURLToPath } from "node:url";

import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vitest/config";

import { precache } from "./precache.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const server = process.env["REDWHISTLE_PUBLIC_URL"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [vue(), precache()],
  resolve: { alias: { "@": here("./src") } },
  define: {
    __VUE_OPTIONS_API__: "false",
    __VUE_PROD_DEVTOOLS__: "false",
    __VUE_I18N_FULL_INSTALL__: "false",
    __VUE_I18N_LEGACY_API__: "false",
    __INTLIFY_PROD_DEVTOOLS__: "false",
  },
  build: {
    target: "es2022",
    // A picture inlined as data: would be allowed by the policy, a script or a font would not: inline nothing.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    manifest: true,
    reportCompressedSize: false,
  },
  test: {
    environment: "happy-dom",
    environmentOptions: { happyDOM: { url: "http://127.0.0.1:8080/" } },
    setupFiles: ["tests/properties.ts"],
    env: { CI: process.env["CI"] ?? "" },
    include: ["tests/**/*.test.ts", "src/**/*.test.ts"],
  },
  // `npm run dev` talks to a running server: REDWHISTLE_PUBLIC_URL says where.
  server: {
    host: "127.0.0.1",
    proxy: Object.fromEntries(["/api", "/problems", "/readyz"].map((path) => [path, { target: server }])),
  },
});
