/** One refusal beside the thing that was tried. */
import { type Ref, shallowRef } from "vue";

import { Problem } from "@/api/problem";

export function useTry(): {
  refused: Readonly<Ref<Problem | null>>;
  trying: (act: () => Promise<void>) => Promise<void>;
} {
  const refused = shallowRef<Problem | null>(null);
  async function trying(act: () => Promise<void>): Promise<void> {
    refused.value = null;
    try {
      await act();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      refused.value = error;
    }
  }
  return { refused, trying };
}
