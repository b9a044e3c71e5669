/** Properties try other examples each time, but in CI the same ones: a change is judged by what it changes. */
import fc from "fast-check";

if (process.env["CI"]) fc.configureGlobal({ seed: 20_260_101 });
