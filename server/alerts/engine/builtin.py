"""Rules that no pack can take away: an alarm that no rule decided on, an item in doubt, a rule that failed."""

from server.alerts.model import Hazard, Severity
from server.alerts.rules.compiled import Rule


def _about(rule: str, zh: str, en: str) -> dict[str, object]:
    return {"rule": rule, "type": "built-in", "title": {"zh": zh, "en": en}}


PLAIN = Rule(
    "plain", Hazard.EMERGENCY, Severity.IMPORTANT, about=_about("plain", "未分类警报", "Alarm without a rule")
)
DOUBT_DEVICE = Rule(
    "doubt",
    Hazard.DEVICE,
    Severity.IMPORTANT,
    about=_about("doubt", "无法识别的警报", "Alarm that could not be read"),
)
DOUBT_LIFE = Rule(
    "doubt",
    Hazard.EMERGENCY,
    Severity.IMPORTANT,
    about=_about("doubt", "无法识别的警报", "Alarm that could not be read"),
)
RULE_FAILED = Rule(
    "engine", Hazard.DEVICE, Severity.IMPORTANT, about=_about("engine", "规则失效", "A rule does not work")
)
LIFE_SAFETY_KINDS = frozenset(
    {"smoke", "heat", "gas", "manual_call", "flame_seen", "smoke_seen", "sos", "water_level", "vibration"}
)
"""Kinds of event that are about lives."""
LIFE_SAFETY_DEVICES = frozenset(
    {"camera", "smoke", "heat", "gas", "fire_panel", "sos", "water_level", "vibration"}
)
"""Kinds of device whose alarms are about lives: asked where not even the kind of event can be read."""
