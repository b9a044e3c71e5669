/** A value with its unit as people read it. Pure. */

/** `21.5 °C`, `3`, `—` for what is no number. */
export function shownValue(value: number, unit: string): string {
  if (!Number.isFinite(value)) return "—";
  const text = Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
  return unit ? `${text} ${unit}` : text;
}
