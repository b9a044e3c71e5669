"""CEL conditions: compiled once, evaluated over the facts of one item.

An expression sees four names and nothing else:

    item    kind, metric, value, active, late_s, data (the event's own fields; ask `has(item.data.x)` first)
    device  id, kind, box
    place   id, tags, path
    local   hour 0–23, minute 0–59, weekday 1 (Monday) – 7 (Sunday), in the compound's time zone
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from redwhistle.contracts.events import DATA_OF
from server.alerts.model import DEFAULT_TIMEZONE

if TYPE_CHECKING:
    import cel

_WITHOUT_TABLE = DEFAULT_TIMEZONE
"""Asia/Shanghai. Reckoned here as UTC+8 without a table: China keeps one time and has had no summer time since 1991."""
VARIABLES = frozenset({"item", "device", "place", "local"})
_MACROS = ("all", "exists", "exists_one", "filter", "map", "has")
_TEXT = ("size", "contains", "startsWith", "endsWith", "matches")
_TYPES = ("int", "uint", "double", "string", "bool", "min", "max")
FUNCTIONS = frozenset((*_MACROS, *_TEXT, *_TYPES))
NOTHING: Mapping[str, Any] = {}
_BOUND = re.compile(r"\.\s*(?:all|exists|exists_one|filter|map)\s*\(\s*([A-Za-z_]\w*)\s*,")
_DATA_FIELD = re.compile(r"\bitem\.data\.([A-Za-z_]\w*)")
DATA_FIELDS = frozenset(name for model in DATA_OF.values() for name in model.model_fields)
"""Every field that the data of some kind of event has."""
_MEMO = 4096


class ConditionFailed(Exception):
    """The expression gave an error, or something else than true or false, for one item."""


class Facts:
    """What a condition may ask about one item; made into CEL values when first asked for."""

    __slots__ = ("at_ms", "context", "data", "device", "item", "place", "timezone")

    def __init__(
        self,
        *,
        at_ms: int,
        timezone: str,
        device: tuple[str, str, str],
        place: tuple[str, tuple[str, ...], tuple[str, ...]],
        item: tuple[str, str, float, bool, float] = ("", "", 0.0, True, 0.0),
        data: Mapping[str, Any] = NOTHING,
    ) -> None:
        """`device` is (id, kind, box), `place` (id, tags, path), `item` (kind, metric, value, active, late_s)."""
        self.at_ms = at_ms
        self.timezone = timezone
        self.device = device
        self.place = place
        self.item = item
        self.data = data
        self.context: cel.Context | None = None

    def values(self) -> dict[str, Any]:
        """The four names as plain values."""
        kind, metric, value, active, late_s = self.item
        hour, minute, weekday = local_time(self.at_ms, self.timezone)
        return {
            "item": {
                "kind": kind,
                "metric": metric,
                "value": float(value),
                "active": active,
                "late_s": late_s,
                "data": dict(self.data),
            },
            "device": {"id": self.device[0], "kind": self.device[1], "box": self.device[2]},
            "place": {"id": self.place[0], "tags": list(self.place[1]), "path": list(self.place[2])},
            "local": {"hour": hour, "minute": minute, "weekday": weekday},
        }


class Condition:
    """One compiled expression. Raises ValueError, saying what is wrong, when it cannot be one."""

    __slots__ = ("_memo", "_program", "_still", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._program = _compile(source)
        names = set(self._program.variables())
        self._still = "item" not in names
        # Answers that depend on place and minute alone are kept: bounded, and no part of any state.
        self._memo: dict[tuple[Any, ...], bool] = {}
        _try_out(self)

    def holds(self, facts: Facts) -> bool:
        """Raise ConditionFailed when the expression gives no answer for these facts."""
        if not self._still:
            return self._evaluate(facts)
        key = (facts.at_ms // 60_000, facts.timezone, facts.device, facts.place)
        answer = self._memo.get(key)
        if answer is None:
            answer = self._evaluate(facts)
            if len(self._memo) >= _MEMO:
                self._memo.clear()
            self._memo[key] = answer
        return answer

    def _evaluate(self, facts: Facts) -> bool:
        try:
            if facts.context is None:
                import cel

                facts.context = cel.Context(variables=facts.values())
            answer = self._program.execute(facts.context)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # the library is Rust: a panic there is no Exception
            raise ConditionFailed(_describe(error)) from error
        if answer is not True and answer is not False:
            raise ConditionFailed(f"it gives {str(answer)[:60]!r}, not true or false")
        return bool(answer)


def local_time(at_ms: int, timezone: str) -> tuple[int, int, int]:
    """Hour, minute and ISO weekday at `at_ms`; raise an error for a zone that is not known."""
    if timezone == _WITHOUT_TABLE:
        minutes = at_ms // 60_000 + 480
        return minutes // 60 % 24, minutes % 60, (minutes // 1440 + 3) % 7 + 1
    local = datetime.fromtimestamp(at_ms / 1000, ZoneInfo(timezone))
    return local.hour, local.minute, local.isoweekday()


def _compile(source: str) -> Any:
    try:
        import cel  # here: it brings a terminal toolkit with it, and most commands compile nothing

        program = cel.compile(source)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        raise ValueError(f"not a CEL expression: {_describe(error)}") from error
    strange = sorted(set(program.variables()) - VARIABLES - set(_BOUND.findall(source)))
    if strange:
        raise ValueError(f"unknown name {strange[0]!r}; there are {', '.join(sorted(VARIABLES))}")
    strange = sorted(name for name in program.functions() if name[0].isalpha() and name not in FUNCTIONS)
    if strange:
        raise ValueError(f"unknown function {strange[0]!r}; there are {', '.join(sorted(FUNCTIONS))}")
    return program


def _try_out(condition: Condition) -> None:
    """Evaluate once over made-up facts: a misspelt `local.hours` or a number as answer shows before the first alarm."""
    for name in _DATA_FIELD.findall(condition.source):
        if name not in DATA_FIELDS:
            raise ValueError(f"no event has a field {name!r}; there are {', '.join(sorted(DATA_FIELDS))}")
    place = ("p", ("school",), ("c", "p"))
    facts = Facts(at_ms=0, timezone=DEFAULT_TIMEZONE, device=("d", "smoke", "b"), place=place)
    try:
        condition.holds(facts)
    except ConditionFailed as error:
        cause = error.__cause__
        if isinstance(cause, KeyError) and cause.args and cause.args[0] in DATA_FIELDS:
            return  # a field that some events have; without it the condition fails, loudly, then and there
        raise ValueError(f"cannot be evaluated: {error}") from error


def _describe(error: BaseException) -> str:
    if isinstance(error, KeyError) and error.args:
        return f"no such field: {error.args[0]}"
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0][:200]
