import { describe, expect, it } from "vitest";

import words from "@/generated/words.json";
import { GLYPHS, SHAPES } from "@/marks/shapes";

describe("marks", () => {
  it("every grade has a shape and every hazard of the server a glyph", () => {
    expect(Object.keys(SHAPES)).toEqual(Object.keys(words.severity));
    expect(Object.keys(GLYPHS).sort()).toEqual(Object.keys(words.hazard).sort());
  });
});
