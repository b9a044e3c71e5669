import { describe, expect, it } from "vitest";

import { ago, clock, left, moment } from "@/clock/format";
import { heard, NO_SAMPLES, serverNow } from "@/clock/sync";
import { setLang } from "@/i18n/text";

describe("the server's time", () => {
  it("is unknown before the server was heard", () => {
    expect(serverNow(NO_SAMPLES, 5)).toBeNull();
  });
  it("goes by the quickest answer: one that was long on the way makes the server seem earlier", () => {
    let samples = heard(NO_SAMPLES, 1_000_000, 100);
    samples = heard(samples, 1_010_000, 12_100); // 2 s on the way
    expect(serverNow(samples, 20_100)).toBe(1_020_000);
  });
  it("forgets old samples, so that a clock set back is followed", () => {
    let samples = heard(NO_SAMPLES, 9_000_000, 0);
    for (let n = 1; n <= 6; n++) samples = heard(samples, 1_000_000 + n * 1000, n * 1000);
    expect(serverNow(samples, 6000)).toBe(1_006_000);
  });
  it("ignores what is no time", () => {
    expect(heard(NO_SAMPLES, Number.NaN, 3)).toBe(NO_SAMPLES);
  });
});

describe("times as people read them", () => {
  const now = Date.parse("2026-05-24T08:50:00.000Z");
  it("clocks are mm:ss under an hour, with hours from then on", () => {
    expect([clock(0), clock(134.9), clock(3599), clock(3600), clock(7325)]).toEqual([
      "00:00",
      "02:14",
      "59:59",
      "1:00:00",
      "2:02:05",
    ]);
  });
  it("what is late says by how much", () => {
    setLang("zh");
    expect(left("2026-05-24T08:52:14.000Z", now)).toEqual({ text: "剩 02:14", late: false });
    expect(left("2026-05-24T08:47:50.000Z", now)).toEqual({ text: "+02:10 超时", late: true });
  });
  it("lists are relative under an hour, then absolute in the site's zone", () => {
    expect(ago("2026-05-24T08:49:48.000Z", now)).toBe("12秒前");
    expect(ago("2026-05-24T08:46:00.000Z", now)).toBe("4分前");
    expect(ago("2026-05-24T07:12:00.000Z", now)).toBe("15:12");
  });
  it("ledgers name the day when it is another one there", () => {
    expect(moment("2026-05-24T08:49:48.000Z", now)).toBe("16:49:48");
    expect(moment("2026-05-23T15:59:59.000Z", now)).toBe("05-23 23:59:59");
    expect(moment("2026-05-23T16:00:00.000Z", now)).toBe("00:00:00");
    expect(moment("2025-12-31T00:00:00.000Z", now)).toBe("2025-12-31 08:00:00");
  });
});
