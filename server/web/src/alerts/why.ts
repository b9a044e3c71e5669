/**
 * The engine's reason as facts with a code each, for sentences in the person's language. Pure.
 *
 * A reason says what the rule compared: value and limit, number and limit, silence and limit. `met` is true or false where
 * both are there, null where the fact is only told.
 */
import type { Decision, Suppressed, Why, WhySource } from "@/alerts/answers";

export const FACTS = [
  "value_above",
  "value_below",
  "count",
  "within",
  "lasted",
  "silent",
  "away",
  "late",
  "heard_again",
  "ended_by",
] as const;
export type FactCode = (typeof FACTS)[number];

export interface Fact {
  readonly code: FactCode;
  readonly met: boolean | null;
  readonly params: Readonly<Record<string, string | number>>;
}

export function factsOf(why: Why | null): Fact[] {
  if (!why) return [];
  const facts: Fact[] = [];
  const number = (key: string): number | null => {
    const value = why[key];
    return typeof value === "number" ? value : null;
  };
  const [value, above, below] = [number("value"), number("above"), number("below")];
  const metric = why.sources?.[0]?.metric ?? "";
  if (value !== null && above !== null)
    facts.push({ code: "value_above", met: value >= above, params: { value, limit: above, metric } });
  if (value !== null && below !== null)
    facts.push({ code: "value_below", met: value <= below, params: { value, limit: below, metric } });
  const [n, limit] = [number("n"), number("limit_n")];
  if (n !== null && limit !== null) facts.push({ code: "count", met: n >= limit, params: { n, limit } });
  const window = number("window_s");
  if (window !== null) facts.push({ code: "within", met: null, params: { seconds: window } });
  const lasted = number("for_s");
  const away = why.sources?.find((source) => source.away_since_ms !== undefined);
  if (lasted !== null && lasted > 0)
    facts.push({ code: away ? "away" : "lasted", met: true, params: { seconds: lasted } });
  const [silent, silence] = [number("silent_s"), number("limit_s")];
  if (silent !== null && silence !== null)
    facts.push({ code: "silent", met: silent >= silence, params: { seconds: silent, limit: silence } });
  const late = number("late_ms");
  if (late !== null && late >= 1000)
    facts.push({ code: "late", met: null, params: { seconds: Math.round(late / 1000) } });
  if (why["heard_ms"] !== undefined || why["back_ms"] !== undefined)
    facts.push({ code: "heard_again", met: null, params: {} });
  if (typeof why["ended_by"] === "string")
    facts.push({ code: "ended_by", met: null, params: { kind: why["ended_by"] } });
  return facts;
}

/** The reason of a decision: an object whose fields nobody promises. */
export function whyOf(entry: Decision): Why {
  return entry.why;
}

/** Each device that an alert rests on, once, with the newest that it said. */
export function sourcesOf(log: readonly Decision[]): WhySource[] {
  const found = new Map<string, WhySource>();
  for (const entry of log)
    for (const source of whyOf(entry).sources ?? []) {
      const key = `${source.box ?? ""}|${source.device ?? ""}|${source.kind ?? source.metric ?? ""}`;
      const known = found.get(key);
      if (!known || (source.at_ms ?? 0) >= (known.at_ms ?? 0)) found.set(key, source);
    }
  return [...found.values()].sort((a, b) => (a.at_ms ?? 0) - (b.at_ms ?? 0));
}

/** The reason that counts: of the newest decision that raised or upgraded, else of the first there is. */
export function decidingWhy(log: readonly Decision[]): Why | null {
  const deciding = log.filter((entry) => entry.decision === "raise" || entry.decision === "upgrade");
  const entry = deciding.at(-1) ?? log[0];
  return entry ? whyOf(entry) : null;
}

export interface Untold {
  readonly key: string;
  readonly at: string;
  /** A code of `quiets`. */
  readonly code: string;
  readonly device: string;
  readonly rule: string;
  readonly detail: string;
}

/** Everything of which nobody was told, in order of time, with the reason's code. */
export function untoldOf(log: readonly Decision[], suppressed: readonly Suppressed[]): Untold[] {
  const quiet = log.flatMap((entry, i): Untold[] =>
    entry.quiet === null
      ? []
      : [
          {
            key: `log:${i}`,
            at: entry.at,
            code: entry.quiet,
            device: entry.device,
            rule: whyOf(entry).rule ?? "",
            detail: entry.quiet_by ?? "",
          },
        ],
  );
  const silent = suppressed.map((one, i): Untold => ({
    key: `silent:${i}`,
    at: one.at,
    code: one.reason,
    device: one.device,
    rule: one.rule,
    detail: one.detail,
  }));
  return [...quiet, ...silent].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}
