/** Properties try other examples each time, but in CI the same ones: a change is judged by what it changes. */
import fc from "fast-check";

if (import.meta.env["CI"]) fc.configureGlobal({ seed: 20_260_101 });
