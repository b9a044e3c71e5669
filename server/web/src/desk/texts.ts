/** Makes the desk's texts known; imported by every page that shows them. */
import { en } from "@/desk/en";
import { zh } from "@/desk/zh";
import { addMessages } from "@/i18n/text";

type DeskTree = typeof zh;
declare module "@/i18n/tree" {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- this is how a feature merges its texts
  interface MessageTree extends DeskTree {}
}

addMessages(zh, en);
