/** Fails the build when the worker's first load is over its budget: 150 kB of script and 15 kB of style, gzip.
 *
 * Counted is what the browser needs to show /q and one item: the entry, the chunks of these pages and everything they
 * import statically. Pages that are loaded lazily (desk, map) are printed, not limited.
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));
const WORKER = ["index.html", "src/worker/QueuePage.vue", "src/worker/ItemPage.vue"];
const LIMITS = { js: 150, css: 15 };

const gzip = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length / 1000;

/** All files that these entries need at once. */
function filesOf(entries) {
  const files = new Set();
  const seen = new Set();
  const visit = (name) => {
    if (seen.has(name)) return;
    seen.add(name);
    const chunk = manifest[name];
    if (!chunk) throw new Error(`the build has no chunk for ${name}: was the page renamed?`);
    files.add(chunk.file);
    for (const css of chunk.css ?? []) files.add(css);
    for (const next of chunk.imports ?? []) visit(next);
  };
  entries.forEach(visit);
  return [...files];
}

const total = { js: 0, css: 0 };
for (const file of filesOf(WORKER)) {
  const kind = file.endsWith(".css") ? "css" : "js";
  total[kind] += gzip(file);
}
let failed = false;
for (const [kind, limit] of Object.entries(LIMITS)) {
  const over = total[kind] > limit;
  failed ||= over;
  console.log(
    `worker first load, ${kind}: ${total[kind].toFixed(1)} kB gzip of ${limit}${over ? "  TOO MUCH" : ""}`,
  );
}
if (failed) process.exit(1);
