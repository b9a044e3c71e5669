/**
 * The breadcrumb 市›区›街道›社区›网格: where the desk looks, capped by what the person may see. Pure.
 */
import type { PlaceName } from "@/api/types";

/** A place of the person's own; `path` leads from the city down to the place itself. */
export type ScopePlace = PlaceName & { readonly path: readonly PlaceName[] };
export interface Crumb {
  readonly place: PlaceName;
  /** Whether the desk may be set to it: places above the person's own are names only. */
  readonly open: boolean;
  readonly current: boolean;
}

export const LEVELS = ["city", "district", "street", "community", "grid", "compound"] as const;

/** Places from the city to `here` (its `path`, or the only scope's when nothing is chosen). */
export function crumbsOf(
  scope: readonly ScopePlace[],
  everything: boolean,
  path: readonly PlaceName[] | null,
): Crumb[] {
  const shown = path ?? (scope.length === 1 ? (scope[0]?.path ?? []) : []);
  const last = shown[shown.length - 1];
  return shown.map((place) => ({
    place,
    open: everything || scope.some((one) => isInside(shown, place, one)),
    current: place.id === last?.id,
  }));
}

/** The place that the desk looks at: the one asked for, the only one of the scope, or null for all of the scope. */
export function startOf(scope: readonly ScopePlace[], asked: string | null): string | null {
  if (asked) return asked;
  return scope.length === 1 ? (scope[0]?.id ?? null) : null;
}

/** Whether an item lies at or below a place; null is everywhere. */
export function isBelow(path: readonly { readonly id: string }[], at: string | null): boolean {
  return at === null || path.some((place) => place.id === at);
}

/** A place is open when the scope's place is itself or stands above it in the shown path. */
function isInside(shown: readonly PlaceName[], place: PlaceName, scope: ScopePlace): boolean {
  const top = shown.findIndex((one) => one.id === scope.id);
  return top >= 0 && shown.findIndex((one) => one.id === place.id) >= top;
}
