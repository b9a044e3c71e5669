/** What the server refused, as a typed value (application/problem+json, RFC 9457). */
import words from "@/generated/words.json";
import type { components } from "@/generated/api";

export type ServerCode = components["schemas"]["Code"];
/** The server's codes and two of our own: no answer came (`no_network`), or one that we cannot read (`unreadable`). */
export type ProblemCode = ServerCode | "no_network" | "unreadable";
/** The body; of an answer that is no problem document only the code is there. */
export type ProblemBody = Partial<components["schemas"]["Problem"]>;

/** Thrown by every call of the client that did not succeed. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly status: number,
    readonly body: ProblemBody = {},
    readonly retryAfterS: number | null = null,
  ) {
    super(body.detail ?? body.title ?? code);
    this.name = "Problem";
  }
  /** Whether the same request may succeed later: no answer, or the server is overloaded or away. */
  get passing(): boolean {
    return this.code === "no_network" || this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

/** The problem that an answer carries; `unreadable` when it carries none that we know. */
export function problemOf(status: number, body: unknown, retryAfter: string | null): Problem {
  const seconds = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null;
  if (typeof body === "object" && body !== null && "code" in body && typeof body.code === "string") {
    if (Object.hasOwn(words.problem, body.code))
      return new Problem(body.code as ServerCode, status, body as ProblemBody, seconds);
  }
  return new Problem("unreadable", status, {}, seconds);
}
