/** The engine's facts (`why`) as far as a phone shows them. The facts are open JSON: what is unknown is left out. Pure. */
export interface Source {
  device: string;
  kind: string;
  metric: string;
  value: number | null;
  atMs: number | null;
}
export interface Why {
  rule: string;
  sources: Source[];
  windowS: number | null;
  limit: { way: "above" | "below"; value: number } | null;
}

export function readWhy(why: Record<string, unknown>, rule: string): Why {
  const raw = Array.isArray(why["sources"]) ? (why["sources"] as unknown[]) : [];
  const sources = raw.flatMap((one): Source[] => {
    if (typeof one !== "object" || one === null) return [];
    const source = one as Record<string, unknown>;
    return [
      {
        device: text(source["device"]),
        kind: text(source["kind"]),
        metric: text(source["metric"]),
        value: number(source["value"]),
        atMs: number(source["at_ms"]),
      },
    ];
  });
  const above = number(why["above"]);
  const below = number(why["below"]);
  return {
    rule,
    sources,
    windowS: number(why["window_s"]),
    limit:
      above !== null
        ? { way: "above", value: above }
        : below !== null
          ? { way: "below", value: below }
          : null,
  };
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number | null =>
  typeof value === "number" && Number.isFinite(value) ? value : null;
