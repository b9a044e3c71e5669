/** Single-key shortcuts of the desk. They are silent in fields and with modifiers, and can be switched off (WCAG 2.1.4). */
import { onScopeDispose, ref } from "vue";

export type Keys = Readonly<Record<string, () => void>>;

const kept = "rw.keys";
export const keysOn = ref(readKept());

export function setKeys(on: boolean): void {
  keysOn.value = on;
  try {
    localStorage.setItem(kept, on ? "on" : "off");
  } catch {
    // Holds until the page is closed.
  }
}

/** Listen while the component lives. Names are `event.key`, letters in lower case. Escape works always. */
export function useKeys(keys: Keys): void {
  const listen = (event: KeyboardEvent): void => {
    const act = keys[wantedKey(event)];
    if (!act) return;
    if (event.key !== "Escape" && (!keysOn.value || isTyping(event.target))) return;
    event.preventDefault();
    act();
  };
  window.addEventListener("keydown", listen);
  onScopeDispose(() => window.removeEventListener("keydown", listen));
}

/** The name that a shortcut is looked up by; empty with a modifier, a repeat, or when somebody else took it. */
export function wantedKey(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "defaultPrevented" | "isComposing">,
): string {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || event.isComposing)
    return "";
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"))
  );
}

function readKept(): boolean {
  try {
    return localStorage.getItem(kept) !== "off";
  } catch {
    return true;
  }
}
