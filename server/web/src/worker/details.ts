/** Details of an item: asked from the server, kept on the phone for when there is no network. */
import { answer, api } from "@/api/client";
import { Problem } from "@/api/problem";
import type { ItemDetail } from "@/api/types";
import { keepDetail, keptDetail } from "@/kept/database";

export interface Details {
  detail: ItemDetail;
  /** Set when the phone's copy is shown because the server can't be asked. */
  old: Problem | null;
}

/** Throws Problem when neither the server nor the phone knows it. */
export async function readDetails(item: string, signal: AbortSignal): Promise<Details> {
  try {
    const detail = await answer(api.GET("/api/v1/queue/{item}", { params: { path: { item } }, signal }));
    void keepDetail(detail);
    return { detail, old: null };
  } catch (error) {
    if (!(error instanceof Problem) || !error.passing) throw error;
    const kept = await keptDetail(item);
    if (!kept) throw error;
    return { detail: kept, old: error };
  }
}
