/** Fails when src/generated/api.d.ts is not what openapi.json makes: renew it with `npm run generate`. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "redwhistle-"));
try {
  const fresh = join(folder, "api.d.ts");
  const { generate } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).scripts;
  const [, ...options] = generate.replace("src/generated/api.d.ts", fresh).split(" ");
  const cli = join(root, "node_modules/openapi-typescript/bin/cli.js");
  const made = spawnSync(process.execPath, [cli, ...options], { cwd: root, encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
  if (readFileSync(fresh, "utf8") !== readFileSync(join(root, "src/generated/api.d.ts"), "utf8")) {
    console.error("src/generated/api.d.ts is not what openapi.json makes: npm run generate");
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
