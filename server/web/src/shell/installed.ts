/** The installed page: registers the service worker, and knows when a newer build waits. */
import { ref } from "vue";

/** A newer build is on the phone and waits for this page to let it in. */
export const newBuildWaits = ref(false);
let waiting: ServiceWorker | null = null;

/** Once, after the page is shown. Without HTTPS (or on an old phone) there is none, and the page works online only. */
export async function registerServiceWorker(): Promise<void> {
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
  try {
    const registration = await navigator.serviceWorker.register("/sw.js");
    const note = (worker: ServiceWorker | null) => {
      // Without a page that an older one serves, this is the first and takes over by itself.
      if (worker?.state !== "installed" || !navigator.serviceWorker.controller) return;
      waiting = worker;
      newBuildWaits.value = true;
    };
    note(registration.waiting);
    registration.addEventListener("updatefound", () => {
      const coming = registration.installing;
      coming?.addEventListener("statechange", () => note(coming));
    });
    // Phones keep a page open for weeks: look for a newer build each hour.
    setInterval(() => void registration.update().catch(() => undefined), 3_600_000);
  } catch {
    // Refused by the browser: no offline start.
  }
}

/** Let the newer build in and show it. */
export function takeNewBuild(): void {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting?.postMessage("take-over");
}

/** A page's files are gone from the server: it has a newer build. Load the page whole. */
export function reloadOnMissingFiles(pathNow: () => string): void {
  window.addEventListener("vite:preloadError", (event) => {
    const kept = "rw.reloaded";
    const last = Number(sessionStorage.getItem(kept) ?? 0);
    if (Date.now() - last < 30_000) return; // it did not help: let the error be seen
    event.preventDefault();
    sessionStorage.setItem(kept, String(Date.now()));
    location.assign(pathNow());
  });
}
