/** A browser's long name for itself, as people say it: Chrome · Android. What is unknown stays, cut short. Pure. */
const BROWSERS = [
  ["MicroMessenger", "微信"],
  ["Edg", "Edge"],
  ["Firefox", "Firefox"],
  ["HarmonyOS", "HarmonyOS"],
  ["Chrome", "Chrome"],
  ["Safari", "Safari"],
] as const;
const SYSTEMS = [
  ["Android", "Android"],
  ["iPhone", "iPhone"],
  ["iPad", "iPad"],
  ["Windows", "Windows"],
  ["Mac OS X", "Mac"],
  ["Linux", "Linux"],
] as const;

export function deviceText(agent: string): string {
  const of = (names: readonly (readonly [string, string])[]) =>
    names.find(([sign]) => agent.includes(sign))?.[1];
  return [of(BROWSERS), of(SYSTEMS)].filter(Boolean).join(" · ") || agent.slice(0, 40);
}
