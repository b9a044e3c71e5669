import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import EvidencePanel from "@/alerts/EvidencePanel.vue";
import type { Evidence } from "@/alerts/answers";
import type { Person, Right, Session } from "@/api/types";
import "@/desk/texts";
import { setLang } from "@/i18n/text";
import { useSession } from "@/session/session";
import { at } from "./items";

const PICTURE: Evidence = {
  id: "0197a3c0-7d3a-7c52-9a3e-3a60b4f5d111",
  alert: null,
  item: null,
  alerts: [],
  items: [],
  site: "jinyuan",
  place: "jinyuan",
  path: [],
  device_at: at(0),
  kept: true,
  removed_at: null,
  removed_why: null,
  box: "jinyuan-1",
  device: "cam-south",
  exercise: "",
  taken_at: at(0),
  received_at: at(2),
  expires_at: at(72 * 3600),
  width_px: 640,
  height_px: 360,
  people_blurred: 2,
  method: "pixelate",
  bytes: 3000,
  views: 0,
};
type Settings = Session["settings"];
const asked: string[] = [];

function logIn(rights: Right[]): void {
  const person = { lang: "zh", login: "a", rights, grants: [] } as unknown as Person;
  useSession().session = { person, scope_places: [], settings: {} as Settings, expires_at: null };
}

beforeEach(() => {
  setLang("zh");
  setActivePinia(createPinia());
  asked.length = 0;
  vi.stubGlobal("fetch", (request: Request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname}`);
    const views = {
      items: [{ id: 1, at: at(5), person: { login: "lina", name: "李娜" }, address: null }],
      next: null,
    };
    return Promise.resolve(
      request.method === "POST" ? new Response(new Blob(["jpeg"])) : Response.json(views),
    );
  });
});
afterEach(() => vi.unstubAllGlobals());

describe("evidence", () => {
  it("is not asked for until somebody clicks; then the view is asked for and who looked is shown", async () => {
    logIn(["see_evidence"]);
    const panel = mount(EvidencePanel, { props: { evidence: [PICTURE] } });
    await flushPromises();
    expect(asked).toEqual([]);
    expect(panel.find("img").exists()).toBe(false);
    await panel.get("[data-testid=look]").trigger("click");
    await flushPromises();
    expect(asked[0]).toBe(`POST /api/v1/evidence/${PICTURE.id}/view`);
    expect(panel.get("img").attributes("src")).toMatch(/^blob:/);
    expect(panel.text()).toContain("李娜");
  });

  it("of another alert is shut again", async () => {
    logIn(["see_evidence"]);
    const panel = mount(EvidencePanel, { props: { evidence: [PICTURE] } });
    await panel.get("[data-testid=look]").trigger("click");
    await flushPromises();
    await panel.setProps({ evidence: [{ ...PICTURE, id: "other" }] });
    expect(panel.find("img").exists()).toBe(false);
  });

  it("that was deleted can no longer be looked at; who looked can still be read", async () => {
    logIn(["see_evidence"]);
    const panel = mount(EvidencePanel, { props: { evidence: [{ ...PICTURE, kept: false }] } });
    expect(panel.find("[data-testid=look]").exists()).toBe(false);
    await panel.get("button").trigger("click");
    await flushPromises();
    expect(asked).toEqual([`GET /api/v1/evidence/${PICTURE.id}/views`]);
    expect(panel.text()).toContain("李娜");
  });

  it("without the right there is no button, but whom to ask", () => {
    logIn([]);
    const panel = mount(EvidencePanel, { props: { evidence: [PICTURE] } });
    expect(panel.find("button").exists()).toBe(false);
    expect(panel.text()).toContain("街道指挥");
  });
});
