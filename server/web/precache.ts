/** Builds src/sw.ts into /sw.js with the list of files that the worker's pages need. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { build, type Plugin } from "vite";

const PAGES = [
  "/src/worker/QueuePage.vue",
  "/src/worker/ItemPage.vue",
  "/src/me/MePage.vue",
  "/src/login/LoginPage.vue",
  "/src/shell/HomePage.vue",
];

export function precache(): Plugin {
  const root = fileURLToPath(new URL(".", import.meta.url));
  let files: string[] = [];
  let digest = "";
  return {
    name: "redwhistle-precache",
    apply: "build",
    writeBundle(_options, bundle) {
      const wanted = new Set<string>();
      const visit = (name: string) => {
        const chunk = bundle[name];
        if (wanted.has(name) || chunk?.type !== "chunk") return;
        wanted.add(name);
        for (const css of chunk.viteMetadata?.importedCss ?? []) wanted.add(css);
        for (const asset of chunk.viteMetadata?.importedAssets ?? []) wanted.add(asset);
        chunk.imports.forEach(visit);
      };
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        if (chunk.isEntry || PAGES.some((page) => chunk.facadeModuleId?.endsWith(page)))
          visit(chunk.fileName);
      }
      const publicFiles = readdirSync(join(root, "public"));
      files = ["index.html", ...publicFiles, ...[...wanted].sort()].map((name) => `/${name}`);
      const hash = createHash("sha256");
      for (const name of files) hash.update(name).update(readFileSync(join(root, "dist", name)));
      digest = hash.digest("hex").slice(0, 16);
    },
    async closeBundle() {
      if (!files.length) return;
      await build({
        configFile: false,
        root,
        publicDir: false,
        logLevel: "warn",
        define: { __PRECACHE__: JSON.stringify({ files, version: digest }) },
        build: {
          target: "es2022",
          emptyOutDir: false,
          modulePreload: false,
          rolldownOptions: {
            input: join(root, "src/sw.ts"),
            output: { format: "iife", entryFileNames: "sw.js" },
          },
        },
      });
    },
  };
}
