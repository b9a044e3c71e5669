/** Hazards that threaten lives: never gathered, never muted. The same set as `LIFE_SAFETY` of `server/alerts/model.py`. */
export const LIFE_SAFETY: ReadonlySet<string> = new Set([
  "fire",
  "smoke",
  "gas",
  "emergency",
  "flood",
  "quake",
]);
