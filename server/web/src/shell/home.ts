/** Which page somebody lands on: the worker's phone, or the desk. */
import type { Person } from "@/api/types";

export function homeOf(person: Person | null, paths: readonly string[]): string {
  const roles = new Set(person?.grants.map((grant) => grant.role));
  if (!roles.size || roles.has("grid_worker")) return "/q";
  return ["/desk", "/alerts", "/boxes"].find((path) => paths.includes(path)) ?? "/q";
}
