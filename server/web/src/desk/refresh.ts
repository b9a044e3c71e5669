/** Read again from time to time, while somebody looks: for what no stream tells. */
import { onScopeDispose } from "vue";

export function useRefresh(everyMs: number, read: () => Promise<void>): void {
  const timer = setInterval(() => {
    if (!document.hidden) void read();
  }, everyMs);
  onScopeDispose(() => clearInterval(timer));
}
