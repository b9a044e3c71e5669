/** Light, 强光 (black on white, for the sun) or dark; `auto` follows the phone. Kept in this browser. */
import { ref, watchEffect } from "vue";

export const THEMES = ["auto", "light", "glare", "dark"] as const;
export type Theme = (typeof THEMES)[number];
export type ShownTheme = Exclude<Theme, "auto">;

const kept = "rw.theme";
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
const systemDark = ref(prefersDark.matches);

export const theme = ref<Theme>(readKept());
/** What is on the screen: never `auto`. The map and canvases follow it. */
export const shownTheme = ref<ShownTheme>("light");

prefersDark.addEventListener("change", () => (systemDark.value = prefersDark.matches));

watchEffect(() => {
  shownTheme.value = theme.value === "auto" ? (systemDark.value ? "dark" : "light") : theme.value;
  document.documentElement.dataset["theme"] = shownTheme.value;
});

export function setTheme(next: Theme): void {
  theme.value = next;
  try {
    localStorage.setItem(kept, next);
  } catch {
    // Shown until the page is closed.
  }
}

function readKept(): Theme {
  try {
    const text = localStorage.getItem(kept);
    return THEMES.find((one) => one === text) ?? "auto";
  } catch {
    return "auto";
  }
}
