/** The service worker: keeps the files of the worker's pages, so that they open at once and without network.
 *
 * Data is none of its business: what the server says is kept by the page (IndexedDB), and no call is ever answered here.
 * A new build is fetched beside the old one and takes over when the page asks for it, or when no page is open.
 */
/** Put in by the build: every file that /q, /q/:id, /me and /login need, and a digest of them. */
declare const __PRECACHE__: { files: string[]; version: string };

const KEPT = __PRECACHE__;
const CACHE = `rw-${KEPT.version}`;
const worker = self as unknown as ServiceWorkerGlobalScope;
const SHELL = "/index.html";
/** Pages whose files are kept; the desk's are fetched when they are needed. */
const KEPT_PAGES = /^\/(q(\/.*)?|me|login)?$/;

worker.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(KEPT.files.map((file) => new Request(file, { cache: "no-cache" })))),
  );
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) {
        if (name.startsWith("rw-") && name !== CACHE) await caches.delete(name);
      }
      await worker.clients.claim();
    })(),
  );
});

worker.addEventListener("message", (event) => {
  if (event.data === "take-over") void worker.skipWaiting();
});

worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin || url.pathname.startsWith("/api/"))
    return;
  if (request.mode === "navigate") {
    event.respondWith(page(request, KEPT_PAGES.test(url.pathname)));
  } else if (KEPT.files.includes(url.pathname)) {
    event.respondWith(file(request));
  }
});

/** A kept page comes from the phone; any other from the network, and from the phone where there is none. */
async function page(request: Request, kept: boolean): Promise<Response> {
  const shell = () => caches.match(SHELL, { cacheName: CACHE });
  if (kept) return (await shell()) ?? fetch(request);
  try {
    return await fetch(request);
  } catch (error) {
    const found = await shell();
    if (found) return found;
    throw error;
  }
}

async function file(request: Request): Promise<Response> {
  return (await caches.match(request, { cacheName: CACHE, ignoreSearch: true })) ?? fetch(request);
}
