/**
 * The pictures of the map's marks, drawn on a canvas from the same outlines as the marks of the lists.
 *
 * Grade = shape and colour, hazard = glyph, dashed = suspected, hollow = stale, hatched = drill, ring = claimed.
 */
import type { Hazard, Severity } from "@/api/types";
import { readDevice, readMark, type DeviceLook, type MarkLook } from "@/map/features";
import { GLYPH_AT, GLYPHS, SHAPES } from "@/marks/shapes";

/** Device pixels per CSS pixel of the pictures. */
export const PIXEL_RATIO = 2;
const MARK_PX = 34;
const DEVICE_PX = 18;
const POINT_PX = 16;

/** Colours of the theme that is on the screen, by token name. */
export type Palette = (token: string) => string;

export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  return (token) => style.getPropertyValue(`--${token}`).trim();
}

/** The picture for a name made by `markName`, `deviceName` or `pointName`; null for names of others. */
export function pictureOf(name: string, palette: Palette): ImageData | null {
  const mark = readMark(name);
  if (mark) return onCanvas(MARK_PX, 28, (pen) => drawMark(pen, mark, palette));
  const device = readDevice(name);
  if (device) return onCanvas(DEVICE_PX, 18, (pen) => drawDevice(pen, device, palette));
  if (name.startsWith("point:"))
    return onCanvas(POINT_PX, 16, (pen) => drawPoint(pen, name.slice(6), palette));
  return null;
}

function onCanvas(
  px: number,
  units: number,
  draw: (pen: CanvasRenderingContext2D) => void,
): ImageData | null {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = px * PIXEL_RATIO;
  const pen = canvas.getContext("2d");
  if (!pen) return null;
  pen.scale((px * PIXEL_RATIO) / units, (px * PIXEL_RATIO) / units);
  pen.lineJoin = pen.lineCap = "round";
  draw(pen);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

function drawMark(pen: CanvasRenderingContext2D, look: MarkLook, palette: Palette): void {
  pen.translate(2, 2);
  const shape = new Path2D(SHAPES[look.severity]);
  const edge = palette(`s${look.severity}-text`);
  // A halo in the ground's colour keeps the mark apart from whatever lies beneath.
  pen.strokeStyle = palette("ground");
  pen.lineWidth = 5;
  pen.stroke(shape);
  pen.fillStyle = look.suspected ? palette("ground") : palette(`s${look.severity}-fill`);
  pen.fill(shape);
  if (look.drill) hatch(pen, shape, palette("ink"));
  pen.strokeStyle = edge;
  pen.lineWidth = look.suspected ? 2.2 : 1.6;
  if (look.suspected) pen.setLineDash([3, 2.2]);
  pen.stroke(shape);
  pen.setLineDash([]);
  if (look.claimed) {
    pen.strokeStyle = palette("ink");
    pen.lineWidth = 1.6;
    pen.beginPath();
    pen.arc(12, 12, 13, 0, 2 * Math.PI);
    pen.stroke();
  }
  drawGlyph(pen, look.hazard, look.severity, look.suspected ? edge : palette(`s${look.severity}-on`));
}

function drawGlyph(pen: CanvasRenderingContext2D, hazard: string, severity: Severity, colour: string): void {
  const glyph = GLYPHS[hazard as Hazard] as string | undefined;
  if (glyph === undefined) return;
  const at = GLYPH_AT[severity];
  pen.save();
  pen.translate(at.x, at.y);
  pen.scale(at.scale, at.scale);
  pen.strokeStyle = colour;
  pen.lineWidth = 1.7;
  pen.stroke(new Path2D(glyph));
  pen.restore();
}

function hatch(pen: CanvasRenderingContext2D, shape: Path2D, colour: string): void {
  pen.save();
  pen.clip(shape);
  pen.strokeStyle = colour;
  pen.lineWidth = 1.2;
  pen.beginPath();
  for (let x = -24; x < 24; x += 4) {
    pen.moveTo(x, 24);
    pen.lineTo(x + 24, 0);
  }
  pen.stroke();
  pen.restore();
}

/** A small square: filled while it is heard, hollow and dashed when it is stale; an alarm gives it the grade's colour. */
function drawDevice(pen: CanvasRenderingContext2D, look: DeviceLook, palette: Palette): void {
  const fill = look.severity === null ? palette("second") : palette(`s${look.severity}-fill`);
  const edge = look.severity === null ? palette("ink") : palette(`s${look.severity}-text`);
  pen.beginPath();
  pen.roundRect(4, 4, 10, 10, look.kind === "camera" ? 5 : 2);
  pen.lineWidth = 4;
  pen.strokeStyle = palette("ground");
  pen.stroke();
  pen.fillStyle = look.stale ? palette("ground") : fill;
  pen.fill();
  pen.strokeStyle = look.stale ? palette("stale") : edge;
  pen.lineWidth = look.severity === null ? 1.2 : 2;
  if (look.stale) pen.setLineDash([2.2, 1.6]);
  pen.stroke();
}

/** Exits, muster points, hydrants … : outlines without a grade's colour. The words are in the legend. */
function drawPoint(pen: CanvasRenderingContext2D, kind: string, palette: Palette): void {
  const path = new Path2D(POINTS[kind] ?? POINTS["other"]);
  pen.strokeStyle = palette("ground");
  pen.lineWidth = 4;
  pen.stroke(path);
  pen.strokeStyle = palette("ink");
  pen.lineWidth = 1.5;
  pen.stroke(path);
}

/** Outlines in a 16 × 16 box. */
export const POINTS: Record<string, string> = {
  exit: "M3 2h6v12H3zM7 8h7M11.500 5.500 14 8l-2.500 2.500",
  muster: "M4 14V2l8 3-8 3.500M2 14h5",
  hydrant: "M5 14V7a3 3 0 0 1 6 0v7M3 14h10M3 9.500h10M8 4V2",
  loudspeaker: "M3 6h3l5-3v10L6 10H3zM13 6.500v3",
  gate: "M3 14V2h10v12M8 2v12",
  camera: "M2 5h8v6H2zM10 7l4-2v6l-4-2",
  other: "M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3z",
};

export function pointName(kind: string): string {
  return `point:${kind in POINTS ? kind : "other"}`;
}
