import { describe, expect, it } from "vitest";

import type { PlaceName } from "@/api/types";
import { crumbsOf, isBelow, startOf, type ScopePlace } from "@/desk/levels";

const place = (id: string, level: PlaceName["level"]): PlaceName => ({ id, level, name_zh: id, name_en: "" });
const PATH = [place("km", "city"), place("pl", "district"), place("jc", "street"), place("g1", "grid")];
const scopeAt = (depth: number): ScopePlace => ({
  ...(PATH[depth] as PlaceName),
  path: PATH.slice(0, depth + 1),
});

describe("the breadcrumb", () => {
  it("is capped by the person's own places: what lies above is a name only", () => {
    const crumbs = crumbsOf([scopeAt(2)], false, PATH);
    expect(crumbs.map((crumb) => crumb.open)).toEqual([false, false, true, true]);
    expect(crumbs.map((crumb) => crumb.current)).toEqual([false, false, false, true]);
  });

  it("opens everything for who may see everything, and nothing of a foreign branch", () => {
    expect(crumbsOf([], true, PATH).every((crumb) => crumb.open)).toBe(true);
    const foreign = { ...place("other", "street"), path: [place("km", "city"), place("other", "street")] };
    expect(crumbsOf([foreign], false, PATH).some((crumb) => crumb.open)).toBe(false);
  });

  it("begins at the only place of one's own, else everywhere", () => {
    expect(startOf([scopeAt(2)], null)).toBe("jc");
    expect(startOf([scopeAt(2), scopeAt(3)], null)).toBeNull();
    expect(startOf([scopeAt(2)], "g1")).toBe("g1");
    expect(crumbsOf([scopeAt(2)], false, null).map((crumb) => crumb.place.id)).toEqual(["km", "pl", "jc"]);
  });

  it("a place covers what is at and below it", () => {
    expect(isBelow(PATH, "jc")).toBe(true);
    expect(isBelow(PATH, null)).toBe(true);
    expect(isBelow(PATH.slice(0, 2), "jc")).toBe(false);
  });
});
