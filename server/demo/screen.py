"""What the demo prints: its steps, what happens as it happens, what to try, and the summary of a check."""

import json
import shlex
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from redwhistle.clock import from_ms
from server.demo import narration
from server.demo.doors import Account
from server.demo.inspection import Report
from server.demo.story import Beat
from server.demo.witness import News
from server.demo_logins import DemoLogin
from server.printing import clean
from server.words import Lang

_STYLES = {1: "bold red", 2: "bold yellow", 3: "bold cyan", 4: "dim"}
_INDENT = " " * 10
_NOTES_AT = 76
"""Column of the notes beside commands."""
_PASSWORDS_AT, _TITLES_AT = 16, 36
"""Columns of the table of log-ins."""
_SOURCES = {
    "camera": ("摄像头（人群）", "camera (crowd)"),
    "smoke": ("烟感", "smoke detectors"),
    "fire_confirmed": ("火灾确认（两个独立烟感）", "fire confirmed (two detectors)"),
    "sos": ("求助按钮（Zigbee2MQTT）", "call button (Zigbee2MQTT)"),
    "vibration": ("振动（Zigbee2MQTT）", "vibration (Zigbee2MQTT)"),
    "water": ("水位（ESPHome）", "water level (ESPHome)"),
    "gas": ("燃气（Modbus TCP）", "gas (Modbus TCP)"),
    "panel": ("消防主机（GB/T 26875.3）", "fire panel (GB/T 26875.3)"),
    "gate": ("门禁（MQTT）", "gates (MQTT)"),
    "gate_http": ("道闸（HTTP）", "gate (HTTP)"),
}

_READ = {
    "siren": ("警号动作（MQTT，读数）", "siren acted (MQTT, readings)"),
    "replay": ("温度计（回放，读数）", "thermometer (replay, readings)"),
}


class Screen:
    """Lines for people in one language or both; with `as_json` those go to standard error, and JSON to standard output:

    the result of a check, and with `each` every piece of news.
    """

    def __init__(self, lang: Lang | None, *, as_json: bool, each: bool) -> None:
        self._langs = (Lang.ZH, Lang.EN) if lang is None else (lang,)
        self._as_json = as_json
        self._each = as_json and each
        stream = sys.stderr if as_json else sys.stdout
        self._console = Console(file=stream, highlight=False, emoji=False, markup=False, soft_wrap=True)

    def heading(self, stops_with: str) -> None:
        """The first lines."""
        self._both(
            f"红哨演示：真实进程、真实消息，全部只在 127.0.0.1。{stops_with} 结束。",
            f"RedWhistle demo: real processes, real messages, all on 127.0.0.1. {stops_with} stops it.",
            "bold",
        )
        self._both(
            "红哨补充消防主机和报警电话，不取代它们。",
            "RedWhistle adds to fire panels and emergency numbers; it does not replace them.",
            "dim",
        )

    def step(self, seconds: float, zh: str, en: str) -> None:
        """Something is up, after so many seconds."""
        text = " · ".join(part for lang, part in ((Lang.ZH, zh), (Lang.EN, en)) if lang in self._langs)
        self._console.print(Text.assemble(("  ✓ ", "green"), (f"{seconds:4.1f} s  ", "dim"), clean(text)))

    def doors(self, address: str, logins: Sequence[tuple[DemoLogin, Account]]) -> None:
        """Where the console is, and who may come in. The passwords are new at each start and worth nothing elsewhere."""
        self._console.print()
        self._both(
            f"打开控制台 {address}，登录页上一键选人；也可输入：",
            f"Open the console: {address} — its log-in page offers these by one click; or type them:",
            "bold",
        )
        for login, account in logins:
            title = " · ".join(
                part
                for lang, part in ((Lang.ZH, account.title_zh), (Lang.EN, account.title_en))
                if lang in self._langs
            )
            text = Text(f"    {login.login}")
            text.pad_right(max(0, _PASSWORDS_AT - text.cell_len))
            text.append(login.password, style="bold")
            text.pad_right(max(1, _TITLES_AT - text.cell_len))
            self._console.print(text.append(f"{login.name}  {title}"))

    def hints(self, url_file: Path, commands: Sequence[tuple[str, str, str]], command: Path) -> None:
        """What to try elsewhere: (arguments, Chinese, English)."""
        self._console.print()
        self._both(
            "命令行也可以，另开一个终端：",
            "The command line works, too, in another terminal:",
            "bold",
        )
        self._console.print(f"    export REDWHISTLE_DATABASE_URL_FILE={_quoted(url_file)}")
        for words, zh, en in commands:
            note = " · ".join(part for lang, part in ((Lang.ZH, zh), (Lang.EN, en)) if lang in self._langs)
            text = Text(f"    {_quoted(command)} {words}")
            text.pad_right(max(0, _NOTES_AT - text.cell_len))
            self._console.print(text.append(f"  # {note}", style="dim"))
        self._console.print()

    def input(self, beat: Beat, what: str) -> None:
        """A message that a sensor sends, as it went out."""
        lang = self._langs[0]
        self._console.print(
            Text(f"{_clock(datetime.now(UTC))}  ⇢ {narration.input_line(beat, what, lang)}", style="dim")
        )

    def news(self, news: News) -> None:
        """Something changed in the queue."""
        if self._each:
            print(json.dumps(_news_json(news), ensure_ascii=False), file=sys.stdout, flush=True)  # noqa: T201
        severity = news.item["severity"] if news.what in {"raise", "upgrade"} else 0
        style = _STYLES.get(severity, "") if news.by_engine else "green"
        text = Text(f"{_clock(news.at)}  ")
        text.append(narration.line(news, self._langs[0]), style=style)
        for lang in self._langs[1:]:
            text.append(f"\n{_INDENT}{narration.line(news, lang)}", style="dim")
        self._console.print(text)

    def note(self, zh: str, en: str) -> None:
        """A line on what goes on."""
        self._both(zh, en, "dim")

    def report(self, report: Report) -> None:
        """The summary of a check."""
        self._console.print()
        for name, (zh, en) in _SOURCES.items():
            numbers = report.alerts.get(name, [])
            self._seen(zh, en, ", ".join(f"#{number}" for number in numbers))
        for name, (zh, en) in _READ.items():
            count = report.readings.get(name, 0)
            self._seen(zh, en, str(count) if count else "")
        if report.latency is not None:
            latency = report.latency
            self._both(
                f"  传感器 → 队列：中位 {latency.p50_ms:.0f} 毫秒，最长 {latency.max_ms:.0f} 毫秒（{latency.count} 次）",
                f"  sensor → queue: median {latency.p50_ms:.0f} ms, longest {latency.max_ms:.0f} ms ({latency.count} times)",
            )
        rows = ", ".join(f"{name} {count}" for name, count in report.rows.items())
        self._both(f"  已入库：{rows}", f"  stored: {rows}")
        for act in report.acts:
            self._console.print(Text.assemble("  ", ("✓", "green"), f"  {clean(act)}"))
        for problem in report.missing:
            self._console.print(Text(f"  ✗ {clean(problem)}", style="bold red"))
        word = ("通过", "passed") if report.ok else ("未通过", "failed")
        style = "bold green" if report.ok else "bold red"
        self._both(
            f"检查{word[0]}，{report.seconds:.1f} 秒", f"check {word[1]} after {report.seconds:.1f} s", style
        )

    def _seen(self, zh: str, en: str, listed: str) -> None:
        label = " · ".join(part for lang, part in ((Lang.ZH, zh), (Lang.EN, en)) if lang in self._langs)
        mark = ("✓", "green") if listed else ("✗", "bold red")
        self._console.print(Text.assemble("  ", mark, f"  {label}: {listed or '-'}"))

    def result(self, value: dict[str, Any]) -> None:
        """The one JSON object of a check."""
        if self._as_json:
            print(json.dumps(value, ensure_ascii=False), file=sys.stdout, flush=True)  # noqa: T201

    def tails(self, tails: Iterable[tuple[str, str]]) -> None:
        """The ends of the processes' logs."""
        for name, tail in tails:
            self._console.print(Text(f"── {name} ──", style="bold"))
            self._console.print(clean(tail))

    def _both(self, zh: str, en: str, style: str = "") -> None:
        for lang, text in ((Lang.ZH, zh), (Lang.EN, en)):
            if lang in self._langs:
                self._console.print(Text(clean(text), style=style))


def _news_json(news: News) -> dict[str, Any]:
    source = news.source
    return {
        "at": news.at.isoformat(),
        "what": news.what,
        "by": "engine" if news.by_engine else news.entry["actor"],
        "alert": news.alert["number"],
        "item": news.item["number"],
        "hazard": news.item["hazard"],
        "severity": news.item["severity"],
        "certainty": news.item["certainty"],
        "state": news.item["state"],
        "grid": news.item["grid"],
        "place": news.item["place"],
        "device": source.get("device"),
        "kind": source.get("kind"),
        "happened_at": from_ms(source["at_ms"]).isoformat() if "at_ms" in source else None,
        "latency_ms": news.latency_ms,
    }


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M:%S}"


def _quoted(path: Path) -> str:
    """As a shell takes it, relative to here where that is shorter."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
