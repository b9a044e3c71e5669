/** Makes the texts of boxes and devices known. */
import { en } from "@/boxes/en";
import { zh } from "@/boxes/zh";
import { addMessages } from "@/i18n/text";

type BoxesTree = typeof zh;
declare module "@/i18n/tree" {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- this is how a feature merges its texts
  interface MessageTree extends BoxesTree {}
}

addMessages(zh, en);
