/** The worker's acts: kept before they are sent, so that none is lost; shown as what they are until the server answers. */
import { defineStore } from "pinia";
import { computed, shallowRef } from "vue";

import { drain } from "@/acts/drain";
import { type ActRecord, isOpen, projected } from "@/acts/record";
import { answer, api } from "@/api/client";
import type { Item, WantedAct } from "@/api/types";
import { currentMs } from "@/clock/clock";
import { database } from "@/kept/database";
import { useSession } from "@/session/session";
import { useLive } from "@/stream/live";
import { uuid4 } from "@/acts/uuid4";

/** How long what became of an act stays in the list. */
const KEPT_MS = 7 * 24 * 3600 * 1000;
const RETRY_MS = 15_000;

export const useActs = defineStore("acts", () => {
  const session = useSession();
  const live = useLive();
  const records = shallowRef<readonly ActRecord[]>([]);
  const memory = new Map<string, ActRecord>();
  const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("rw-acts") : null;
  let draining = false;
  let again = false;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const login = computed(() => session.person?.login ?? "");
  const mine = computed(() => records.value.filter((record) => record.login === login.value));
  const unsent = computed(() => mine.value.filter(isOpen));
  /** Acts of somebody else who was logged in on this phone: they wait for that person. */
  const ofOthers = computed(() => records.value.filter((r) => isOpen(r) && r.login !== login.value));

  const openFor = (item: string) => unsent.value.filter((record) => record.item === item);
  const latestFor = (item: string) => mine.value.filter((record) => record.item === item).at(-1) ?? null;
  const projectedOf = (item: Item) => projected(item, mine.value, login.value);

  async function load(): Promise<void> {
    const db = await database();
    for (const record of db ? await db.getAll("acts") : []) {
      const settled = record.settled_at === null ? null : Date.parse(record.settled_at);
      if (settled !== null && currentMs() - settled > KEPT_MS) void db?.delete("acts", record.key);
      else memory.set(record.key, record);
    }
    show();
  }

  function show(): void {
    records.value = [...memory.values()].sort((a, b) => a.device_time.localeCompare(b.device_time));
  }

  async function keep(record: ActRecord): Promise<void> {
    memory.set(record.key, record);
    show();
    await (await database())?.put("acts", record);
    channel?.postMessage(record);
  }

  /** Do an act: kept first, then sent; without network it goes on when there is one. */
  async function perform(item: Item, act: WantedAct, reason = ""): Promise<ActRecord> {
    const key = uuid4();
    const queued = unsent.value.length > 0 || !navigator.onLine;
    await keep({
      key,
      login: login.value,
      item: item.id,
      number: item.number,
      hazard: item.hazard,
      severity: item.severity,
      act,
      reason,
      version: item.version,
      device_time: new Date(currentMs()).toISOString(),
      state: queued ? "waiting" : "sending",
      queued,
      lost_to: null,
      code: null,
      settled_at: null,
    });
    await sendWaiting();
    return memory.get(key) as ActRecord;
  }

  /** Send what waits. Called on opening, when the network or the page comes back, and when the stream is alive again. */
  async function sendWaiting(): Promise<void> {
    if (draining) {
      again = true;
      return;
    }
    if (!login.value || !unsent.value.length) return;
    draining = true;
    clearTimeout(retry);
    try {
      const empty = await alone(() =>
        drain({
          records: async () => {
            const db = await database();
            if (db) for (const record of await db.getAll("acts")) memory.set(record.key, record);
            show();
            return mine.value;
          },
          keep,
          send: (record, body) =>
            answer(
              api.POST("/api/v1/queue/{item}/{act}", {
                params: {
                  path: { item: record.item, act: record.act },
                  header: { "idempotency-key": record.key },
                },
                body,
              }),
            ),
          done: (_, done) => live.learn(done.item),
          renewSession: async () => {
            await session.refresh();
          },
          now: () => new Date(currentMs()).toISOString(),
        }),
      );
      if (!empty) retry = setTimeout(() => void sendWaiting(), RETRY_MS);
    } finally {
      draining = false;
    }
    if (again) {
      again = false;
      await sendWaiting();
    }
  }

  /** Take a settled record out of the list. */
  async function dismiss(key: string): Promise<void> {
    memory.delete(key);
    show();
    await (await database())?.delete("acts", key);
  }

  channel?.addEventListener("message", (event: MessageEvent<ActRecord>) => {
    memory.set(event.data.key, event.data);
    show();
  });
  const wake = () => {
    if (document.visibilityState === "visible") void sendWaiting();
  };
  window.addEventListener("online", wake);
  document.addEventListener("visibilitychange", wake);
  const loaded = load().then(wake);

  return { mine, unsent, ofOthers, openFor, latestFor, projectedOf, perform, sendWaiting, dismiss, loaded };
});

/** One tab at a time sends; without Web Locks the idempotency keys keep an act from being done twice. */
async function alone<T>(act: () => Promise<T>): Promise<T> {
  if (!("locks" in navigator)) return act();
  return navigator.locks.request("rw-acts", act);
}
