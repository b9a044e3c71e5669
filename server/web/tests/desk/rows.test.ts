import { describe, expect, it } from "vitest";

import type { Hazard, Item, Severity } from "@/api/types";
import words from "@/generated/words.json";
import { queueOf } from "@/desk/flood";
import { LIFE_SAFETY } from "@/desk/hazards";
import { neighbour } from "@/desk/order";
import { countBySeverity, rowsOf } from "@/desk/rows";
import { anItem } from "./items";

const FLOODED = new Set([queueOf(anItem())]);
const NONE = new Set<string>();
const idsOf = (items: readonly Item[], opened = NONE, flooded: ReadonlySet<string> = FLOODED) =>
  rowsOf(items, flooded, opened).map((row) => row.key);

describe("the rows of the list", () => {
  it("without a flood every item has its row, in the order given", () => {
    const items = [anItem({ severity: 1 }), anItem({ severity: 4 }), anItem(), anItem()];
    expect(idsOf(items, NONE, NONE)).toEqual(items.map((item) => item.id));
  });

  it("a flood gathers Ⅲ and Ⅳ by compound where the first of them stood", () => {
    const [two, a, b, c] = [
      anItem({ severity: 2 }),
      anItem(),
      anItem({ severity: 4 }),
      anItem({ site: "jinhe" }),
    ];
    const [group, alone] = rowsOf([two, a, c, b], FLOODED, NONE).slice(1);
    expect(group).toMatchObject({ kind: "group", site: "jinyuan", opened: false, items: [a, b] });
    expect(alone).toMatchObject({ kind: "item", item: c });
  });

  it("an opened group shows its members below it", () => {
    const [a, b] = [anItem(), anItem()];
    const key = idsOf([a, b])[0] ?? "";
    expect(idsOf([a, b], new Set([key]))).toEqual([key, a.id, b.id]);
  });

  it("what threatens lives, what is held, Ⅰ, Ⅱ and other queues are never gathered", () => {
    const owner = { login: "zhangwei", name: "张伟" };
    const others = [
      ...[...LIFE_SAFETY].map((hazard) => anItem({ hazard: hazard as Hazard, severity: 4 })),
      ...([1, 2] as Severity[]).map((severity) => anItem({ severity })),
      anItem({ owner }),
      anItem({ exercise: "e7" }),
      anItem({ grid: { id: "g2", name_zh: "2", name_en: "" } }),
    ];
    const rows = rowsOf([...others, anItem(), anItem()], FLOODED, NONE);
    expect(rows.filter((row) => row.kind === "group")).toHaveLength(1);
    expect(rows.slice(0, others.length).map((row) => row.key)).toEqual(others.map((item) => item.id));
  });

  it("loses no item and shows none twice, whatever is gathered and opened", () => {
    let seed = 7;
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
    const hazards = Object.keys(words.hazard) as Hazard[];
    for (let run = 0; run < 200; run++) {
      const items = Array.from({ length: 30 }, () =>
        anItem({
          severity: (1 + Math.floor(random() * 4)) as Severity,
          hazard: hazards[Math.floor(random() * hazards.length)] ?? "fire",
          site: random() < 0.5 ? "jinyuan" : "jinhe",
          exercise: random() < 0.2 ? "e7" : "",
        }),
      );
      const flooded = new Set(items.filter(() => random() < 0.5).map(queueOf));
      const groups = rowsOf(items, flooded, NONE).flatMap((row) => (row.kind === "group" ? [row.key] : []));
      const opened = new Set(groups.filter(() => random() < 0.5));
      const shown = rowsOf(items, flooded, opened).flatMap((row) =>
        row.kind === "item" ? [row.key] : row.opened ? [] : row.items.map((item) => item.id),
      );
      expect(shown.toSorted()).toEqual(items.map((item) => item.id).toSorted());
      const keys = rowsOf(items, flooded, opened).map((row) => row.key);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it("counts by grade", () => {
    expect(countBySeverity([anItem({ severity: 1 }), anItem(), anItem()])).toEqual({
      1: 1,
      2: 0,
      3: 2,
      4: 0,
    });
  });
});

describe("moving by keys", () => {
  it("stops at both ends and begins where nothing is selected", () => {
    expect(neighbour(["a", "b"], null, 1)).toBe("a");
    expect(neighbour(["a", "b"], null, -1)).toBe("b");
    expect(neighbour(["a", "b"], "a", 1)).toBe("b");
    expect(neighbour(["a", "b"], "b", 1)).toBe("b");
    expect(neighbour(["a", "b"], "a", -1)).toBe("a");
    expect(neighbour(["a", "b"], "gone", 1)).toBe("a");
    expect(neighbour([], "a", 1)).toBeNull();
  });
});
