/** A value with its unit as people read it. Pure. */

/** `21.5 °C`, `3`, `—` for what is no number. */
export function shownValue(value: number, unit: string): string {
  if (!Number.isFinite(value)) return "—";
  const text = Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);
  const sign = UNITS[unit] ?? unit;
  return sign ? `${text} ${sign}` : text;
}

/** Units as the server names them, where people write them otherwise. */
const UNITS: Record<string, string> = { c: "°C", pct: "%", "1": "", per_s: "/s" };
