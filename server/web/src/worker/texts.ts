/** The worker's texts, for every page that shows items on a phone. */
import { addMessages } from "@/i18n/text";
import { en } from "@/worker/texts.en";
import { zh } from "@/worker/texts.zh";

type Texts = typeof zh;
declare module "@/i18n/tree" {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged into the tree
  interface MessageTree extends Texts {}
}

addMessages(zh, en);
