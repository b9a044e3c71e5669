"""What a loudspeaker is to say: texts and clips of a message in their languages. Pure; a drill says that it is one."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from edge.agent.orders import Order
from redwhistle.errors import ActuatorError

DRILL = "drill"
"""The message that stands before every message of a drill."""
DRILL_TEXTS = {"zh": "这是演习。", "en": "This is a drill."}
V = TypeVar("V")


def texts_of(
    order: Order, texts: Mapping[str, Mapping[str, str]], languages: Sequence[str]
) -> dict[str, str]:
    """Language → text, in the order in which they are said. Raises ActuatorError when there is none."""
    if order.text is not None:
        chosen = {(order.languages or languages or ("zh",))[0]: order.text}
    else:
        chosen = _choose(order, texts, languages)
    if order.exercise is None:
        return chosen
    notices = {**DRILL_TEXTS, **texts.get(DRILL, {})}
    return {
        language: f"{notices.get(language, DRILL_TEXTS['zh'])}{text}" for language, text in chosen.items()
    }


def clips_of(order: Order, clips: Mapping[str, Mapping[str, V]], languages: Sequence[str]) -> list[V]:
    """The clips in the order in which they are played; in a drill, a notice before them. Raises ActuatorError."""
    if order.message is None:
        raise ActuatorError(f"{order.actuator} plays clips and cannot say a text: name a message")
    chosen = _choose(order, clips, languages)
    if order.exercise is None:
        return list(chosen.values())
    notices = clips.get(DRILL)
    if not notices:
        raise ActuatorError(
            f"{order.actuator}: a drill must say that it is one: add clips for the message `{DRILL}`"
        )
    first = next(iter(notices.values()))
    return [clip for language, each in chosen.items() for clip in (notices.get(language, first), each)]


def _choose(order: Order, messages: Mapping[str, Mapping[str, V]], languages: Sequence[str]) -> dict[str, V]:
    known = messages.get(order.message or "")
    if not known:
        names = ", ".join(sorted(messages)) or "none"
        raise ActuatorError(f"{order.actuator} knows no message {order.message!r}; it knows {names}")
    wanted = [each for each in (order.languages or languages) if each in known]
    # A language that was never recorded must not end in silence: then all that there are.
    return {language: known[language] for language in wanted or known}
