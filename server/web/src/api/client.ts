/** Calls to our own server: the cookie goes by itself, unsafe methods carry the CSRF value, refusals are Problems. */
import { Problem, problemOf } from "@/api/problem";

const ROOT = "/api/v1";
let csrf = "";
let onUnauthenticated: () => void = () => undefined;

/** The value that unsafe methods must carry; from the session. */
export function setCsrf(value: string): void {
  csrf = value;
}

/** Called when the server no longer knows the session. */
export function whenUnauthenticated(act: () => void): void {
  onUnauthenticated = act;
}

export interface CallOptions {
  body?: unknown;
  query?: Record<string, string | number | boolean | null | undefined>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  timeoutMs?: number;
}

/** The JSON that the server answers (undefined for 204); throw Problem otherwise. `path` begins after /api/v1. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const answer = await send(method, path, options);
  if (answer.status === 204) return undefined as T;
  try {
    return (await answer.json()) as T;
  } catch {
    throw new Problem("unreadable", answer.status, { code: "unreadable" });
  }
}

/** As `call`, for bytes: an evidence picture. */
export async function callForBlob(method: string, path: string, options: CallOptions = {}): Promise<Blob> {
  return (await send(method, path, options)).blob();
}

async function send(method: string, path: string, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  if (options.body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 15_000);
  let answer: Response;
  try {
    answer = await fetch(addressOf(path, options.query), {
      method,
      headers,
      credentials: "same-origin",
      cache: "no-store",
      signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new Problem("no_network", 0, { code: "no_network" });
  }
  if (answer.ok) return answer;
  const problem = problemOf(
    answer.status,
    await answer.json().catch(() => null),
    answer.headers.get("Retry-After"),
  );
  if (problem.code === "unauthenticated" && path !== "/session") onUnauthenticated();
  throw problem;
}

function addressOf(path: string, query: CallOptions["query"]): string {
  const pairs = Object.entries(query ?? {}).flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [[key, String(value)]],
  );
  return ROOT + path + (pairs.length ? `?${new URLSearchParams(pairs).toString()}` : "");
}
