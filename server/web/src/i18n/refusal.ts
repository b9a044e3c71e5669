/** A refusal as people read it. */
import type { Problem } from "@/api/problem";
import { t, word } from "@/i18n/text";

/** What was refused and what to do; names who was first where the server says so. */
export function refusal(problem: Problem): string {
  const { code, body } = problem;
  if (code === "no_network" || code === "unreadable") return t(`problem.${code}`);
  const name = body.owner?.name;
  if (name && (code === "already_claimed" || code === "not_yours")) return t(`problem.${code}`, { name });
  const seconds = body.retry_after_s ?? problem.retryAfterS;
  const text = word("problem", code);
  return seconds ? t("problem.wait", { text, seconds }) : text;
}
