/** Calls to our own server, typed by its OpenAPI document: `await answer(api.GET("/api/v1/me"))`.
 *
 * The cookie goes by itself, unsafe methods carry the CSRF value, and whatever is refused is thrown as a Problem.
 */
import createClient from "openapi-fetch";

import { Problem, problemOf } from "@/api/problem";
import type { paths } from "@/generated/api";

const TIMEOUT_MS = 15_000;
let csrf = "";
let onUnauthenticated: () => void = () => undefined;

/** The value that unsafe methods must carry; from the session. */
export function setCsrf(value: string): void {
  csrf = value;
}

/** Whether the browser's cookies are still of the session that this page knows: another tab may have logged somebody in. */
export function isOwnSession(): boolean {
  const told = /(?:^|; )rw_csrf=([^;]*)/.exec(document.cookie)?.[1];
  return csrf === "" || told === undefined || decodeURIComponent(told) === csrf;
}

/** Called when the server no longer knows the session. */
export function whenUnauthenticated(act: () => void): void {
  onUnauthenticated = act;
}

export const api = createClient<paths>({
  baseUrl: location.origin,
  credentials: "same-origin",
  cache: "no-store",
  fetch: send,
});

/** What a call answers; undefined where the server has nothing to say. Throws Problem. */
export async function answer<T>(asked: Promise<{ data?: T }>): Promise<T> {
  try {
    return (await asked).data as T;
  } catch (error) {
    if (error instanceof SyntaxError) throw new Problem("unreadable", 200);
    // The line went dead between the head of an answer and its end.
    if (error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError"))
      throw new Problem("no_network", 0);
    throw error;
  }
}

export interface CallOptions {
  body?: unknown;
  query?: Record<string, string | number | boolean | null | undefined>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** The JSON that the server answers to a path below /api/v1 which is put together at run time; prefer `api`. */
export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const got = await send(requestOf(method, path, options));
  if (got.status === 204) return undefined as T;
  return answer<T>(got.json().then((data: unknown) => ({ data: data as T })));
}

/** As `call`, for bytes: an evidence picture. */
export async function callForBlob(method: string, path: string, options: CallOptions = {}): Promise<Blob> {
  return (await send(requestOf(method, path, options))).blob();
}

async function send(request: Request): Promise<Response> {
  if (request.method !== "GET") request.headers.set("X-CSRF-Token", csrf);
  let got: Response;
  try {
    got = await fetch(request, { signal: limited(request.signal) });
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Problem("no_network", 0);
  }
  if (got.ok) return got;
  const body: unknown = await got.json().catch(() => null);
  const problem = problemOf(got.status, body, got.headers.get("Retry-After"));
  if (problem.code === "unauthenticated" && new URL(request.url).pathname !== "/api/v1/session")
    onUnauthenticated();
  throw problem;
}

/** Also ends when the answer takes too long. (Older phones know neither AbortSignal.any nor .timeout.) */
function limited(outer: AbortSignal): AbortSignal {
  const own = new AbortController();
  const late = () => own.abort(new DOMException("no answer in time", "TimeoutError"));
  setTimeout(late, TIMEOUT_MS);
  if (outer.aborted) own.abort(outer.reason);
  outer.addEventListener("abort", () => own.abort(outer.reason), { once: true });
  return own.signal;
}

function requestOf(method: string, path: string, options: CallOptions): Request {
  const url = new URL(`/api/v1${path}`, location.origin);
  for (const [key, value] of Object.entries(options.query ?? {}))
    if (value !== undefined && value !== null) url.searchParams.set(key, String(value));
  return new Request(url, {
    method,
    credentials: "same-origin",
    cache: "no-store",
    headers: {
      Accept: "application/json",
      ...(options.body === undefined ? {} : { "Content-Type": "application/json" }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    ...(options.signal ? { signal: options.signal } : {}),
  });
}
