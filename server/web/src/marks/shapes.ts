/** Outlines of the marks in a 24 × 24 box: the shape says how urgent, the glyph inside says what threatens. */
import type { Hazard, Severity } from "@/api/types";

/** Ⅰ hexagon, Ⅱ triangle, Ⅲ diamond, Ⅳ disc: a list still ranks in greyscale. */
export const SHAPES: Record<Severity, string> = {
  1: "M7 2.5h10L22.5 12 17 21.5H7L1.5 12z",
  2: "M12 1.5 23 21.5H1z",
  3: "M12 1 23 12 12 23 1 12z",
  4: "M12 1.5a10.5 10.5 0 1 1 0 21 10.5 10.5 0 0 1 0-21z",
};

/** Where the middle of the shape lies, so that a glyph stands inside it. */
export const GLYPH_AT: Record<Severity, { x: number; y: number; scale: number }> = {
  1: { x: 12, y: 12, scale: 1 },
  2: { x: 12, y: 15, scale: 0.8 },
  3: { x: 12, y: 12, scale: 0.92 },
  4: { x: 12, y: 12, scale: 1 },
};

/** Strokes around the origin, within ± 5.5. */
export const GLYPHS: Record<Hazard, string> = {
  fire: "M0-5.5C.5-3 4-1.5 4 2a4 4 0 0 1-8 0c0-1.8 1-2.6 1.6-3.8C-1.6.2-.8.6-.4.8-.9-1.500-.8-4 0-5.5z",
  smoke:
    "M-3.500 5C-5.500 2.500-1.500.5-3.500-2.500M0 5C-2 2.500 2-1 0-4.500M3.500 5C1.500 2.500 5.500.5 3.500-2.500",
  gas: "M-3-2.500h6V5h-6zM-1.500-2.500V-5h3v2.500M-3 1h6",
  crowd:
    "M-3.700-2.200a1.500 1.500 0 1 0 .1 0M3.700-2.200a1.500 1.500 0 1 0 .1 0M0-4.500a1.800 1.800 0 1 0 .1 0M-5.500 4c0-3 3.400-3 3.600 0M5.500 4c0-3-3.400-3-3.600 0M-2.600 4.500c0-5 5.200-5 5.200 0",
  emergency:
    "M0-5.300a1.300 1.300 0 1 0 .1 0M-4.500-4.200 0-.8 4.500-4.200M0-.8V2.200M-2.400 5.500 0 2.200 2.400 5.500",
  gate: "M-3.500-5h7V5h-7zM1.500 0v.6",
  flood:
    "M-5.500-1.500q1.400-2 2.750 0t2.750 0 2.750 0 2.750 0M-5.500 2.500q1.400-2 2.750 0t2.750 0 2.750 0 2.750 0",
  quake: "M1.500-5.500-2-1.500 1.500 0-1.500 5.500",
  device: "M-2-5v3M2-5v3M-3.500-2h7v2.500a3.500 3.500 0 0 1-7 0zM0 4v1.500",
};
