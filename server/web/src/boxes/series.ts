/**
 * A series of bucketed readings as a small drawing: a line of means, a band from the least to the greatest. Pure.
 *
 * Where buckets are missing the line breaks: a gap is seen, never bridged.
 */
import type { SeriesPoint } from "@/boxes/answers";

export interface Drawing {
  /** SVG path data in `width` × `height`. */
  readonly line: string;
  readonly band: string;
  readonly low: number;
  readonly high: number;
  /** Spans without readings, left and right in px. */
  readonly gaps: readonly (readonly [number, number])[];
}

export function draw(
  points: readonly SeriesPoint[],
  from: number,
  to: number,
  bucketMs: number,
  width: number,
  height: number,
): Drawing | null {
  if (points.length === 0 || to <= from) return null;
  const low = Math.min(...points.map((point) => point.min));
  const high = Math.max(...points.map((point) => point.max));
  const span = high - low || 1;
  const x = (time: number): number => round(((time - from) / (to - from)) * width);
  const y = (value: number): number => round(height - 2 - ((value - low) / span) * (height - 4));
  const runs = runsOf(points, bucketMs);
  const middle = (point: SeriesPoint): number => Date.parse(point.t) + bucketMs / 2;
  const line = runs
    .map((run) => run.map((point, i) => `${i ? "L" : "M"}${x(middle(point))} ${y(point.avg)}`).join(""))
    .map((path) => (path.includes("L") ? path : `${path}h1`))
    .join("");
  const band = runs
    .map((run) => {
      const upper = run.map((point, i) => `${i ? "L" : "M"}${x(middle(point))} ${y(point.max)}`);
      const lower = run.toReversed().map((point) => `L${x(middle(point))} ${y(point.min)}`);
      return `${[...upper, ...lower].join("")}Z`;
    })
    .join("");
  return { line, band, low, high, gaps: gapsOf(runs, from, to, bucketMs).map(([a, b]) => [x(a), x(b)]) };
}

/** Runs of buckets that follow each other. */
function runsOf(points: readonly SeriesPoint[], bucketMs: number): SeriesPoint[][] {
  const runs: SeriesPoint[][] = [];
  let last = -Infinity;
  for (const point of points) {
    const at = Date.parse(point.t);
    const run = runs[runs.length - 1];
    if (run && at - last <= bucketMs * 1.5) run.push(point);
    else runs.push([point]);
    last = at;
  }
  return runs;
}

function gapsOf(runs: SeriesPoint[][], from: number, to: number, bucketMs: number): [number, number][] {
  const gaps: [number, number][] = [];
  let end = from;
  for (const run of runs) {
    const begin = Date.parse(run[0]?.t ?? "");
    if (begin - end > bucketMs) gaps.push([end, begin]);
    end = Date.parse(run[run.length - 1]?.t ?? "") + bucketMs;
  }
  if (to - end > bucketMs) gaps.push([end, to]);
  return gaps;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
