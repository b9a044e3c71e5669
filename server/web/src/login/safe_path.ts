/** Where to go after the log-in: a path of our own, never another site. Pure. */
const OWN = "https://own.invalid";

export function safePath(to: unknown): string {
  if (typeof to !== "string" || !to.startsWith("/")) return "/";
  // As the browser reads it: it turns backslashes round and leaves out tabs and line breaks.
  let url: URL;
  try {
    url = new URL(to, OWN);
  } catch {
    return "/";
  }
  if (url.origin !== OWN || url.pathname.startsWith("/login")) return "/";
  return url.pathname + url.search + url.hash;
}
