/** Where to go after the log-in: a path of our own, never another site. Pure. */
export function safePath(to: unknown): string {
  if (typeof to !== "string" || !to.startsWith("/") || to.startsWith("//") || to.includes("\\")) return "/";
  return to.startsWith("/login") ? "/" : to;
}
