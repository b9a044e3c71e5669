/** What the server refused, as a typed value (application/problem+json, RFC 9457). */
import type { Owner } from "@/api/types";

export const PROBLEM_CODES = [
  "unauthenticated",
  "csrf",
  "forbidden",
  "not_found",
  "already_claimed",
  "wrong_state",
  "not_yours",
  "changed",
  "invalid",
  "too_large",
  "too_many",
  "rate_limited",
  "unavailable",
  "must_change_password",
  "internal",
] as const;
export type ServerCode = (typeof PROBLEM_CODES)[number];
/** The server's codes and two of our own: no answer came (`no_network`), or one that we cannot read (`unreadable`). */
export type ProblemCode = ServerCode | "no_network" | "unreadable";

export interface ProblemBody {
  code: string;
  title?: string;
  detail?: string;
  owner?: Owner;
  state?: string;
  version?: number;
  item?: unknown;
  errors?: { loc: (string | number)[]; msg: string; type: string }[];
}

/** Thrown by every call of the client that did not succeed. */
export class Problem extends Error {
  constructor(
    readonly code: ProblemCode,
    readonly status: number,
    readonly body: ProblemBody,
    readonly retryAfterS: number | null = null,
  ) {
    super(body.detail ?? body.title ?? code);
    this.name = "Problem";
  }
  /** Whether the same request may succeed later: no answer, or the server is overloaded or away. */
  get passing(): boolean {
    return this.code === "no_network" || this.status >= 500 || this.status === 429;
  }
}

/** The problem that an answer carries; `unreadable` when it carries none that we know. */
export function problemOf(status: number, body: unknown, retryAfter: string | null): Problem {
  const seconds = retryAfter !== null && /^\d+$/.test(retryAfter) ? Number(retryAfter) : null;
  if (typeof body === "object" && body !== null && "code" in body && typeof body.code === "string") {
    const known = PROBLEM_CODES.find((code) => code === body.code);
    if (known) return new Problem(known, status, body as ProblemBody, seconds);
  }
  return new Problem("unreadable", status, { code: "unreadable" }, seconds);
}
