/** A refusal in the person's language, with the names and numbers that belong to it. */
import type { Problem } from "@/api/problem";
import { t } from "@/i18n/text";

export function problemText(problem: Problem): string {
  return t(`problem.${problem.code}`, {
    name: problem.body.owner?.name ?? "",
    seconds: problem.retryAfterS ?? 1,
  });
}
