/** Every text of the console by feature. A feature adds its own tree by declaration merging:
 *
 *     declare module "@/i18n/tree" { interface MessageTree { desk: typeof zh } }
 */
import type { zh } from "@/i18n/zh";

// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- open for features to merge into
export interface MessageTree extends Ground {}
type Ground = typeof zh;

/** The same keys with other texts: English is checked against Chinese. */
export type Translated<T> = { [K in keyof T]: T[K] extends string ? string : Translated<T[K]> };

type Paths<T> = {
  [K in keyof T & (string | number)]: T[K] extends string ? `${K}` : `${K}.${Paths<T[K]>}`;
}[keyof T & (string | number)];

/** A text's address: `queue.empty`. */
export type MessageKey = Paths<MessageTree>;
