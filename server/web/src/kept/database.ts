/** What the phone keeps for times without network: the last picture, who is logged in, and acts. IndexedDB. */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";

import type { ActRecord } from "@/acts/record";
import type { BoxState, Item, ItemDetail, Person, Session } from "@/api/types";

export interface KeptPicture {
  login: string;
  items: Item[];
  boxes: BoxState[];
  cursor: string | null;
  /** When the server was last heard, by the phone's own clock, ms. */
  freshAtMs: number;
}
export interface KeptSession {
  person: Person;
  scope_places: Session["scope_places"];
  settings: Session["settings"];
  expires_at: string | null;
}

interface Schema extends DBSchema {
  kept: { key: string; value: KeptPicture | KeptSession };
  acts: { key: string; value: ActRecord };
  details: { key: string; value: ItemDetail };
}

/** Details of so many items are kept, the ones that were looked at last. */
const KEPT_DETAILS = 30;

let opened: Promise<IDBPDatabase<Schema> | null> | undefined;

/** The database; null where the browser keeps nothing (a private window): everything then lives in memory only. */
export function database(): Promise<IDBPDatabase<Schema> | null> {
  opened ??= openDB<Schema>("redwhistle", 1, {
    upgrade(db) {
      db.createObjectStore("kept");
      db.createObjectStore("acts", { keyPath: "key" });
      db.createObjectStore("details");
    },
    terminated: () => (opened = undefined),
  }).catch(() => null);
  return opened;
}

export async function keepPicture(picture: KeptPicture): Promise<void> {
  await (await database())?.put("kept", picture, "picture");
}

/** The last picture of this person; null when there is none, or it is another's. */
export async function keptPicture(login: string): Promise<KeptPicture | null> {
  const found = (await (await database())?.get("kept", "picture")) as KeptPicture | undefined;
  return found?.login === login ? found : null;
}

/** What was kept for somebody else leaves the phone, also when that person never logged out. */
export async function keepSession(session: KeptSession): Promise<void> {
  const before = await keptSession();
  if (before?.person.login !== session.person.login) await forgetKept();
  await (await database())?.put("kept", session, "session");
}

export async function keptSession(): Promise<KeptSession | null> {
  return ((await (await database())?.get("kept", "session")) as KeptSession | undefined) ?? null;
}

/** Logged out: addresses and names leave the phone. Acts that were not sent stay, for their own author. */
export async function forgetKept(): Promise<void> {
  const db = await database();
  await db?.clear("kept");
  await db?.clear("details");
}

export async function keepDetail(detail: ItemDetail): Promise<void> {
  const db = await database();
  if (!db) return;
  await db.put("details", detail, detail.item.id);
  const all = await db.getAll("details");
  if (all.length <= KEPT_DETAILS) return;
  all.sort((a, b) => a.server_time.localeCompare(b.server_time));
  for (const old of all.slice(0, all.length - KEPT_DETAILS)) await db.delete("details", old.item.id);
}

/** By id or number. */
export async function keptDetail(item: string): Promise<ItemDetail | null> {
  const db = await database();
  if (!db) return null;
  const found = await db.get("details", item);
  return found ?? (await db.getAll("details")).find((one) => String(one.item.number) === item) ?? null;
}
