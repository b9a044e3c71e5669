"""Wishes one after another, from a command line or from lines as they come: planned, carried out, told."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from edge.simulate.desk import Desk
from edge.simulate.input_lines import InputLines
from edge.simulate.stage import Now, Stage
from edge.simulate.wishes import MAX_LINE_BYTES, Wish, make_options, read_wish
from redwhistle.errors import ConfigurationError, RedWhistleError

_TURN_S = 0.2


@dataclass(frozen=True, slots=True)
class Done:
    """One wish and what became of it. `at_ms`: wall time when the first byte went out; `problem` None: all went well."""

    wish: Wish | None
    at_ms: int
    sent: tuple[tuple[str, str], ...] = ()
    """What went out, and how far it got."""
    problem: str | None = None

    def to_json(self) -> dict[str, Any]:
        """For scripts."""
        wish = self.wish
        return {
            "ok": self.problem is None,
            "device": None if wish is None else wish.device,
            "act": None if wish is None else wish.act,
            "test": wish is not None and wish.test,
            "at_ms": self.at_ms,
            "sent": [{"what": what, "outcome": outcome} for what, outcome in self.sent],
            "problem": self.problem,
        }

    def to_text(self) -> str:
        """For people."""
        lines = [f"{what}\n    → {outcome}" for what, outcome in self.sent]
        return "\n".join([*lines, *([] if self.problem is None else [f"PROBLEM: {self.problem}"])])


def perform(desk: Desk, stage: Stage, wish: Wish, now: Now) -> Done:
    """Carry out one wish; what goes wrong is told, not raised."""
    at_ms = now()[0]
    sent: list[tuple[str, str]] = []
    try:
        for step in desk.plan(wish, at_ms):
            sent.append((step.shown(), "not sent"))
            sent[-1] = (step.shown(), stage.perform(step))
    except RedWhistleError as error:
        return Done(wish, at_ms, tuple(sent), str(error))
    return Done(wish, at_ms, tuple(sent))


def read_line(line: bytes) -> Wish:
    """A wish from a line: JSON, or words as `pit-1 exceed test`, `gate-south forced direction=in`. Raises ConfigurationError."""
    if line.lstrip().startswith(b"{"):
        return read_wish(line)
    if len(line) > MAX_LINE_BYTES:
        raise ConfigurationError(f"longer than {MAX_LINE_BYTES} bytes")
    try:
        device, act, *more = line.decode("utf-8").split()
    except ValueError:
        raise ConfigurationError("write DEVICE ACT, and options as name=value") from None
    given: dict[str, object] = {}
    for word in more:
        name, equals, value = word.partition("=")
        if word != "test" and (not equals or not value):
            raise ConfigurationError(f"{word[:40]!r}: write options as name=value")
        given[name] = value
    test = given.pop("test", None) is not None
    try:
        return Wish(device=device, act=act, test=test, options=make_options(**_typed(given)))
    except ValueError:
        raise ConfigurationError(
            f"{device[:64]!r} {act[:40]!r}: write DEVICE ACT as `simulate list` shows them"
        ) from None


def run_lines(
    desk: Desk,
    stage: Stage,
    lines: InputLines,
    now: Now,
    tell: Callable[[Done], None],
    say: Callable[[str], None],
    stop: threading.Event,
    *,
    serve: bool,
) -> bool:
    """Wishes line by line until the input ends, or with `serve` until `stop`; whether all went well.

    While it serves, transmitters give signs of life and answer the box; `say` hears what is worth knowing of that.
    """
    well = True
    while not stop.is_set():
        line = lines.take(_TURN_S)
        if line is None and not serve:
            return well
        if line is not None and line.strip():
            done = _perform_line(desk, stage, line, now)
            well = well and done.problem is None
            tell(done)
            continue
        if line is None:
            stop.wait(_TURN_S)
        if serve:
            for text in stage.tend():
                say(text)
    return well


def hold(stage: Stage, seconds: float, stop: threading.Event) -> None:
    """Keep up what holds only while the simulator runs, then let it be calm for as long as the box needs to see it."""
    if not stage.lasts:
        return
    stop.wait(seconds)
    stage.rest()
    stop.wait(min(seconds, 1.0))


def _perform_line(desk: Desk, stage: Stage, line: bytes, now: Now) -> Done:
    try:
        wish = read_line(line)
    except ConfigurationError as error:
        return Done(None, now()[0], problem=str(error))
    return perform(desk, stage, wish, now)


def _typed(given: dict[str, object]) -> dict[str, object]:
    """Numbers where words can be read as such; `card` stays text."""
    typed: dict[str, object] = {}
    for name, value in given.items():
        typed[name] = value
        if name != "card" and isinstance(value, str):
            for kind in (int, float):
                try:
                    typed[name] = kind(value)
                    break
                except ValueError:
                    continue
    return typed
