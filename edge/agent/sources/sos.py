"""What a button's `action` means: a call for help, the end of a press, or somebody's light switch."""

import re

from edge.agent.policy.detector_report import Press
from edge.agent.policy.event_data import Action
from edge.agent.sources.json_door import clean_text

_CALLS = frozenset({"sos", "emergency", "panic", "rescue", "help"})
"""Words that are a call for help on any device."""
_ENDS = frozenset({"release", "released", "up", "stop", "off", "restored", "clear"})
_GESTURES: dict[str, Action] = {
    "double": "double",
    "hold": "hold",
    "held": "hold",
    "long": "hold",
    "pull": "pull",
    "pulled": "pull",
    "single": "single",
    "short": "single",
    "press": "single",
    "pressed": "single",
    "click": "single",
    "push": "single",
}
"""The first of these that is found decides: `1_long_press` is a hold."""
_SPLIT = re.compile(r"[^a-z]+")


def read_presses(action: object, *, is_sos: bool, is_known: bool) -> tuple[Press, ...]:
    """The presses that an `action` tells of, at most one.

    `is_sos`: the device is a call button, so that any action which is not the end of one counts, an unknown one with
    a note. `is_known`: it stands in the configuration as something else, whose presses are no calls; of a device that
    nobody knows a plain press counts: it may be the button of somebody who needs help.
    """
    if action is None or action == "":
        return ()
    if not isinstance(action, str):
        return (Press("other", _doubt(type(action).__name__)),) if is_sos else ()
    words = _SPLIT.split(action.lower())
    if _ENDS.intersection(words):
        return ()
    gesture = next((_GESTURES[name] for name in _GESTURES if name in words), None)
    if _CALLS.intersection(words):
        return (Press(gesture or "single"),)
    if is_sos:
        return (Press(gesture) if gesture else Press("other", _doubt(clean_text(action, 40))),)
    return (Press(gesture),) if gesture and not is_known else ()


def _doubt(what: str) -> str:
    return f"未知按键动作，按求助处理 / unknown action ({what}), taken as a call for help"
