"""The demo's words: one piece of news as a line in Chinese and in English. Pure."""

from collections.abc import Mapping
from typing import Any

from server import words
from server.demo.compounds import Device
from server.demo.doors import ACCOUNTS
from server.demo.story import Beat
from server.demo.witness import News
from server.printing import clean
from server.words import Lang

_SAID = {
    "smoke": ("发现烟雾", "smoke"),
    "sos": ("按键求助", "call for help"),
    "gas": ("燃气报警", "gas"),
    "water_level": ("水位报警", "water"),
    "vibration": ("振动", "shaking"),
    "gate_forced": ("门被强行打开", "forced open"),
    "gate_denied": ("刷卡被拒", "card refused"),
    "gate_held_open": ("门长时间未关", "held open"),
    "battery_low": ("电量低", "battery low"),
    "device_fault": ("设备故障", "device fault"),
    "device_lost": ("设备失联", "device lost"),
    "flame_seen": ("看见明火", "sees flames"),
    "loitering": ("有人长时间逗留", "somebody lingers"),
    "smoke_seen": ("看见烟雾", "sees smoke"),
}


_SHOWN = 96
"""Characters of a message that are shown."""


def line(news: News, lang: Lang) -> str:
    """Where and what was said → the alert, its grade and sureness → whose queue · how fast."""
    return _of_engine(news, lang) if news.by_engine else _of_person(news, lang)


def input_line(beat: Beat, what: str, lang: Lang) -> str:
    """A message as it went out to a compound's box, shortened; of a card, where its number ends."""
    zh = lang is Lang.ZH
    where = f"{beat.compound.name_zh}本地" if zh else f"{beat.compound.name_en}, locally"
    text = what if len(what) <= _SHOWN else f"{what[:_SHOWN]} …"
    if "card" in beat.options:
        text += (
            "（卡号不出边缘盒，只留密钥哈希）"
            if zh
            else " (the number stays in the box; a keyed hash leaves it)"
        )
    return clean(f"{where}  {text}")


def said(kind: str, data: Mapping[str, Any], lang: Lang) -> str:
    """What a sensor said, in words; of a crowd always on what the count rests."""
    zh = lang is Lang.ZH
    if kind == "crowd_formed":
        return _crowd(data, zh)
    pair = _SAID.get(kind)
    text = kind if pair is None else pair[0 if zh else 1]
    if kind == "smoke" and data.get("level") is not None:
        text += f"（浓度 {data['level']:g}）" if zh else f" (level {data['level']:g})"
    return text


def _crowd(data: Mapping[str, Any], zh: bool) -> str:
    count, limit, dwell_s = data.get("count", "?"), data.get("limit", "?"), data.get("dwell_s") or 0
    people = data.get("basis") == "people"
    if zh:
        what = f"{count} 人" if people else f"{count} 个移动区域（不是人数）"
        over = "在不得停留的地方" if limit == 0 else f"超过 {limit}"
        return f"画面中 {what}，{over}已 {dwell_s:.0f} 秒"
    what = (
        f"{count} {'person' if count == 1 else 'people'}"
        if people
        else f"{count} moving regions (not people)"
    )
    over = " where nobody may stay" if limit == 0 else f", over {limit}"
    return f"{what}{over} for {dwell_s:.0f} s"


def _of_engine(news: News, lang: Lang) -> str:
    zh = lang is Lang.ZH
    source = news.source
    place = words.place_path(news.alert["path"], lang)
    device = _device_name(news.device, str(news.entry["device"]), lang)
    sensor = f"{place}{' ' if zh else ', '}{device}" if device else place
    parts = [sensor]
    if source.get("kind") and news.what in {"raise", "repeat", "upgrade"}:
        parts[0] += f"{'：' if zh else ': '}{said(str(source['kind']), source.get('data') or {}, lang)}"
    parts.append(_alert(news, lang))
    if news.what in {"raise", "upgrade"}:
        parts.append(_queue(news, lang))
    text = " → ".join(parts)
    if news.latency_ms is not None:
        text += f" · {news.latency_ms:.0f} {'毫秒' if zh else 'ms'}"
    return clean(text)


def _alert(news: News, lang: Lang) -> str:
    zh = lang is Lang.ZH
    number = f"告警{news.alert['number']}" if zh else f"alert {news.alert['number']}"
    if news.what in {"raise", "upgrade"}:
        entry, item = news.entry, news.item
        certainty = words.word(words.CERTAINTIES, entry["certainty"] or item["certainty"], lang)
        hazard = words.word(words.HAZARDS, item["hazard"], lang)
        sign = words.SIGNS.get(entry["severity"] or item["severity"], "")
        title = _title(news, lang) or hazard
        upgraded = ("升级为 " if zh else "upgraded to ") if news.what == "upgrade" else ""
        return f"{number} {upgraded}{sign} {title} [{certainty}]"
    what = words.word(words.DECISIONS, news.what, lang)
    count = f" ×{news.item['count']}" if news.what == "repeat" else ""
    quiet = ""
    if news.entry["quiet"]:
        quiet = f"（{words.word(words.QUIETS, news.entry['quiet'], lang)}）"
        quiet = quiet if zh else f" ({quiet[1:-1]})"
    return f"{number} {what}{count}{quiet}"


def _title(news: News, lang: Lang) -> str:
    why = news.entry["why"]
    title = why.get("title") if isinstance(why, Mapping) else None
    return str(title.get(lang.value, "")) if isinstance(title, Mapping) else ""


def _queue(news: News, lang: Lang) -> str:
    item = news.item
    grid = words.place_name({"name_zh": item["grid_zh"] or item["grid"], "name_en": item["grid_en"]}, lang)
    return f"{grid}队列 #{item['number']}" if lang is Lang.ZH else f"queue of {grid}, #{item['number']}"


def _of_person(news: News, lang: Lang) -> str:
    zh = lang is Lang.ZH
    entry = news.entry
    act = words.word(words.ACTS, entry["act"], lang)
    place = words.place_path(news.item["path"], lang)
    actor = str(entry["actor"])
    if actor == "dispatch":
        actor = "定时器" if zh else "the timer"
    actor = next((account.name for account in ACCOUNTS if account.login == actor), actor)
    reason = str(entry["reason"])
    if reason:
        reason = f"：{reason}" if zh else f": {reason}"
    return clean(f"{actor} {act} #{news.item['number']} {place}{reason}")


def _device_name(device: Device | None, fallback: str, lang: Lang) -> str:
    if device is None:
        return fallback
    return device.label_zh if lang is Lang.ZH else device.label_en
