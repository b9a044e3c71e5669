/** What the map shows of a place: its outlines, and its sensors read again when an alert comes or goes. */
import { computed, onScopeDispose, watch, type MaybeRefOrGetter, toValue } from "vue";

import { answer, api } from "@/api/client";
import { everyPage } from "@/api/pages";
import type { Device } from "@/boxes/answers";
import { useLoaded, type Loaded } from "@/shell/loaded";
import { useRefresh } from "@/desk/refresh";
import type { PlacesMap } from "@/map/answers";
import { paced } from "@/map/pace";
import { useLive } from "@/stream/live";

/** A city's worth; more are left out and the map says so. */
export const MOST_DEVICES = 20_000;
/** Fewer than this are cheap enough to be read again with each alert. */
const FEW_DEVICES = 2_000;
const AFTER_ALERT_MS = 5_000;
const REFRESH_MS = 60_000;

export interface Situation {
  readonly places: Loaded<PlacesMap>;
  readonly devices: Loaded<{ items: Device[]; cut: boolean }>;
}

export function useSituation(at: MaybeRefOrGetter<string | null>): Situation {
  const live = useLive();
  const key = computed(() => `at:${toValue(at) ?? ""}`);
  const places = useLoaded(key, async (_key, signal) => {
    const map = await answer(
      api.GET("/api/v1/places/map", { params: { query: { at: toValue(at) } }, signal }),
    );
    return map as PlacesMap;
  });
  const devices = useLoaded(key, (_key, signal) =>
    everyPage<Device>(
      (cursor, limit) =>
        answer(api.GET("/api/v1/devices", { params: { query: { at: toValue(at), cursor, limit } }, signal })),
      MOST_DEVICES,
    ),
  );
  useRefresh(REFRESH_MS, devices.reload);
  const pace = paced(AFTER_ALERT_MS);
  let known = "";
  watch(
    () => live.items,
    () => {
      if ((devices.data.value?.items.length ?? 0) > FEW_DEVICES) return;
      pace(() => {
        const alerts = [...live.items.values()].map((item) => `${item.alert?.number ?? ""}:${item.severity}`);
        if (known !== "" && known !== alerts.join()) void devices.reload();
        known = alerts.join();
      });
    },
  );
  onScopeDispose(() => pace.stop());
  return { places, devices };
}
