/** The live picture of this browser: what is open, how old that is, and who reads the stream. */
import { defineStore } from "pinia";
import { computed, ref, shallowRef, watch } from "vue";

import { isOwnSession } from "@/api/client";
import type { BoxState, Item } from "@/api/types";
import { currentMs, hearServerTime, nowMs, startClock } from "@/clock/clock";
import { keepPicture, keptPicture } from "@/kept/database";
import { useSession } from "@/session/session";
import { Connection } from "@/stream/connection";
import { Flusher } from "@/stream/flusher";
import { Leader } from "@/stream/leader";
import { LATE_S, livenessOf } from "@/stream/liveness";
import type { StreamMessage } from "@/stream/messages";
import { boxCount, byUrgency, fromSnapshot, NOTHING, type Picture, withChanges } from "@/stream/picture";

const KEEP_EACH_MS = 5_000;

export const useLive = defineStore("live", () => {
  const session = useSession();
  const items = shallowRef<ReadonlyMap<string, Item>>(NOTHING.items);
  const boxes = shallowRef<ReadonlyMap<string, BoxState>>(NOTHING.boxes);
  /** The moment up to which the picture is known to be whole, ms; null before anything was heard. */
  const freshAtMs = ref<number | null>(null);
  /** The picture was heard by this page, not only found on the phone. */
  const heard = ref(false);
  /** Nothing has broken since the last sign of life. */
  const connected = ref(false);
  const openedAtMs = ref(currentMs());
  let picture: Picture = NOTHING;
  let login = "";
  let keepTimer: ReturnType<typeof setTimeout> | undefined;
  let lead: Leader | null = null;

  const rows = computed(() => [...items.value.values()].sort(byUrgency));
  const boxTotals = computed(() => boxCount({ ...NOTHING, boxes: boxes.value }));
  const liveness = computed(() =>
    livenessOf(heard.value ? freshAtMs.value : null, nowMs.value, openedAtMs.value),
  );
  /** How old the picture is, s; null when there is none at all. */
  const ageS = computed(() =>
    freshAtMs.value === null ? null : Math.max(0, (nowMs.value - freshAtMs.value) / 1000),
  );

  const flusher = new Flusher((changes, cursor) => {
    show(withChanges(picture, changes, cursor));
    planKeeping();
  });
  const connection = new Connection({
    address: (cursor) => `/api/v1/stream?exercise=*${cursor ? `&after=${encodeURIComponent(cursor)}` : ""}`,
    cursor: () => picture.cursor,
    own: isOwnSession,
    take: (message) => {
      take(message);
      lead?.tell(message);
    },
    // The browser hides why: an ended session answers 401 when it is asked.
    broke: () => {
      connected.value = false;
      void session.refresh().catch(() => undefined);
    },
  });

  function show(next: Picture): void {
    picture = next;
    items.value = next.items;
    boxes.value = next.boxes;
  }

  function take(message: StreamMessage): void {
    switch (message.type) {
      case "snapshot":
        if (message.ageMs === undefined) hearServerTime(message.snapshot.server_time);
        flusher.drop();
        show(fromSnapshot(message.snapshot));
        fresh(message.ageMs);
        planKeeping();
        break;
      case "change":
        flusher.add(message.change, message.cursor);
        if (heard.value) fresh();
        break;
      case "tick":
        hearServerTime(message.serverTime);
        // A tab that follows may have missed what came before it listened: it asks for the whole before it says "live".
        if (!heard.value && lead && !lead.leading) {
          lead.tell({ type: "hello" });
          break;
        }
        picture = { ...picture, cursor: message.cursor ?? picture.cursor };
        if (message.staleSince === null) fresh();
        break;
      case "reset":
        flusher.drop();
        picture = { ...picture, cursor: null };
        break;
      case "hello":
        if (lead?.leading && heard.value)
          lead.tell({
            type: "snapshot",
            snapshot: snapshotNow(),
            ageMs: currentMs() - (freshAtMs.value ?? 0),
          });
        break;
    }
  }

  function fresh(ageMs = 0): void {
    connected.value = ageMs < LATE_S * 1000;
    heard.value = true;
    freshAtMs.value = currentMs() - ageMs;
  }

  function snapshotNow() {
    flusher.flush();
    return {
      cursor: picture.cursor ?? "",
      server_time: new Date(currentMs()).toISOString(),
      items: [...picture.items.values()],
      boxes: { ...boxCount(picture), list: [...picture.boxes.values()] },
    };
  }

  /** The server's answer to an act: the item as it is now, before the stream says so. */
  function learn(item: Item): void {
    show(withChanges(picture, [{ kind: "item", item }], null));
  }

  function planKeeping(): void {
    keepTimer ??= setTimeout(() => {
      keepTimer = undefined;
      keep();
    }, KEEP_EACH_MS);
  }

  function keep(): void {
    if (!login || !heard.value) return;
    flusher.flush();
    void keepPicture({
      login,
      items: [...picture.items.values()],
      boxes: [...picture.boxes.values()],
      cursor: picture.cursor,
      freshAtMs: Date.now() - (ageS.value ?? 0) * 1000,
    });
  }

  async function start(person: string): Promise<void> {
    if (login === person) return;
    stop();
    login = person;
    openedAtMs.value = currentMs();
    startClock();
    const kept = await keptPicture(person);
    if (login !== person) return;
    if (kept && !heard.value) {
      show({
        items: new Map(kept.items.map((item) => [item.id, item])),
        boxes: new Map(kept.boxes.map((box) => [box.box, box])),
        cursor: kept.cursor,
      });
      freshAtMs.value = currentMs() - (Date.now() - kept.freshAtMs);
    }
    lead = new Leader({
      person,
      lead: () => connection.start(),
      follow: () => connection.stop(),
      take,
    });
    lead.start();
  }

  function stop(): void {
    lead?.stop();
    lead = null;
    connection.stop();
    flusher.drop();
    clearTimeout(keepTimer);
    keepTimer = undefined;
    show(NOTHING);
    freshAtMs.value = null;
    heard.value = false;
    connected.value = false;
    login = "";
  }

  /** Connect at once: asked by a person, or because the page or the network came back. */
  function retryNow(): void {
    connection.retryNow();
  }

  const wake = () => {
    if (document.visibilityState === "visible") retryNow();
    else keep();
  };
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  window.addEventListener("pagehide", keep);

  watch(
    () => session.person?.login ?? "",
    (person) => {
      if (person) void start(person);
      else stop();
    },
    { immediate: true },
  );
  // A leader in a tab that the browser has put to sleep: a tab that is looked at takes over.
  watch(
    () => document.visibilityState === "visible" && (ageS.value ?? 0) > LATE_S,
    (silent) => {
      if (silent) lead?.takeOver();
    },
  );

  return { items, boxes, rows, boxTotals, liveness, connected, ageS, freshAtMs, heard, learn, retryNow };
});
