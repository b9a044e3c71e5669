/** Texts of the log-in and of one's own page. */
import { addMessages } from "@/i18n/text";
import type { Translated } from "@/i18n/tree";

const zh = {
  login: {
    title: "登录",
    login: "账号",
    password: "密码",
    enter: "登录",
    entering: "登录中…",
    wrong: "账号或密码不对",
    oidc: "用 {name} 登录",
    demo: "演示账号（仅此演示）",
    demoAs: "{name} · {role}",
    old: "现在的密码",
    fresh: "新密码（至少12个字符）",
    change: "请先设置自己的密码",
    save: "保存",
    changed: "密码已修改，其他设备已退出",
    tagline: "小区传感器吹哨，网格员报到",
    optionsMissing: "登录方式没有读到：{why}",
  },
};
const en: Translated<typeof zh> = {
  login: {
    title: "Log in",
    login: "Log-in",
    password: "Password",
    enter: "Log in",
    entering: "Logging in…",
    wrong: "Wrong log-in or password",
    oidc: "Log in with {name}",
    demo: "Demo accounts (in this demo only)",
    demoAs: "{name} · {role}",
    old: "Password of now",
    fresh: "New password (12 characters or more)",
    change: "Choose a password of your own first",
    save: "Save",
    changed: "The password is changed; other devices are logged out",
    tagline: "Sensors blow the whistle; grid workers report in",
    optionsMissing: "The ways to log in could not be read: {why}",
  },
};

type Texts = typeof zh;
declare module "@/i18n/tree" {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merged into the tree
  interface MessageTree extends Texts {}
}

addMessages(zh, en);
