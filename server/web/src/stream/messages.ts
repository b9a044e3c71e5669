/** What one tab tells the others: the events of the one stream of this browser. */
import type { Change, Snapshot } from "@/stream/picture";

export type StreamMessage =
  /** `ageMs`: told by another tab, which has heard nothing newer for so long. Of the server itself: none. */
  | { type: "snapshot"; snapshot: Snapshot; ageMs?: number }
  | { type: "change"; change: Change; cursor: string | null }
  | { type: "tick"; serverTime: string; cursor: string | null; staleSince: string | null }
  | { type: "reset"; reason: string }
  /** A tab that has just opened asks the leader for everything. */
  | { type: "hello" };

/** An event of the server as a message; null for what cannot be read. */
export function readEvent(name: string, data: string, id: string): StreamMessage | null {
  let body: unknown;
  try {
    body = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof body !== "object" || body === null) return null;
  switch (name) {
    case "snapshot":
      return isSnapshot(body) ? { type: "snapshot", snapshot: body } : null;
    case "change":
      return isChange(body) ? { type: "change", change: body, cursor: id || null } : null;
    case "tick": {
      const tick = body as { server_time?: unknown; cursor?: unknown; stale_since?: unknown };
      if (typeof tick.server_time !== "string") return null;
      return {
        type: "tick",
        serverTime: tick.server_time,
        cursor: typeof tick.cursor === "string" ? tick.cursor : null,
        staleSince: typeof tick.stale_since === "string" ? tick.stale_since : null,
      };
    }
    case "reset":
      return { type: "reset", reason: "reason" in body ? String(body.reason) : "" };
    default:
      return null;
  }
}

function isSnapshot(body: object): body is Snapshot {
  return (
    "cursor" in body &&
    "items" in body &&
    Array.isArray(body.items) &&
    "boxes" in body &&
    typeof body.boxes === "object" &&
    body.boxes !== null &&
    "list" in body.boxes &&
    Array.isArray(body.boxes.list)
  );
}

function isChange(body: object): body is Change {
  if (!("kind" in body)) return false;
  if (body.kind === "item") return "item" in body && typeof body.item === "object" && body.item !== null;
  return body.kind === "box" && "box" in body && typeof body.box === "object" && body.box !== null;
}
