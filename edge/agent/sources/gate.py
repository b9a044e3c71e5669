"""Access gates that publish JSON on `<prefix>/gate/<name>`:

    {"event": "opened|denied|forced|held_open|closed|passed|tailgating", "direction": "in|out", "card": "…",
     "people": 1, "open_s": 12.5}

The card number becomes a keyed hash in `read_report`, the first function that sees it, and is in nothing that
leaves it. The raw payload is never logged and in no exception.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from edge.agent.observation import EventSeen, Moment, Observation
from edge.agent.policy import gate as policy
from edge.agent.policy import inputs
from edge.agent.policy.gate import GateAct, GateReport, GateRules, GateState
from edge.agent.policy.inputs import InputHealth
from edge.agent.policy.latch import Turn
from edge.agent.policy.liveness import LivenessRules
from edge.agent.sources.card_key import KEY_FILE, CardHasher, open_key
from edge.agent.sources.gate_settings import GateSettings, JsonGatesSettings
from edge.agent.sources.json_door import clean_text, read_flag, read_number, read_object, unmapped_id
from edge.agent.sources.local_mqtt import LocalMqttSource
from redwhistle.contracts.events import DeviceData, EventKind
from redwhistle.logs import get_logger

MALFORMED = "malformed_messages"
_UNMAPPED_KEPT = 64
_ACTS = frozenset(act.value for act in GateAct)
_ALARMS = frozenset({GateAct.FORCED, GateAct.HELD_OPEN})
_REASON = re.compile(r"[a-z]+(?:_[a-z]+){0,5}")
_MOST_PEOPLE = 100.0
_MAX_OPEN_S = 365 * 86400.0

_log = get_logger()


def build(settings: GateSettings, *, moment: Callable[[], Moment], data_dir: Path) -> LocalMqttSource:
    """The source of the gates on one prefix. Makes the card key on the first run. Raises SourceError."""
    hasher = open_key(settings.key_file or data_dir / KEY_FILE)
    return LocalMqttSource(settings.name, settings.broker, GateInterpreter(settings, hasher), moment)


def read_report(payload: bytes, hasher: CardHasher) -> GateReport | None:
    """What a payload says, its card already hashed; None if it is no gate's message.

    `reason` is kept only as a word of letters and underscores: free text could hold a card number.
    """
    fields = read_object(payload)
    if fields is None:
        return None
    credential = _hash_card(fields.pop("card", None), hasher)
    event = fields.get("event")
    if not isinstance(event, str) or event not in _ACTS:
        return None
    reason = fields.get("reason")
    return GateReport(
        act=GateAct(event),
        direction=_read_direction(fields),
        credential=credential,
        reason=reason
        if isinstance(reason, str) and len(reason) <= 40 and _REASON.fullmatch(reason)
        else None,
        open_s=read_number(fields.get("open_s"), 0.0, _MAX_OPEN_S),
        people=_read_people(fields, event),
        test=read_flag(fields.get("test")) is True,
    )


class GateInterpreter:
    """Implements `local_mqtt.Interpreter`. Keeps each gate's state."""

    def __init__(self, settings: JsonGatesSettings, hasher: CardHasher) -> None:
        self.device = settings.controller_device
        self.topics: tuple[str, ...] = (f"{settings.prefix}/gate/+",)
        self._settings = settings
        self._hasher = hasher
        self._prefix = f"{settings.prefix}/gate/"
        self._ids = {each.name: each.device for each in settings.devices}
        self._rules = {each.device: settings.rules_of(each) for each in settings.devices}
        self._unmapped_rules: GateRules = settings.rules.model_copy(
            update={"liveness": LivenessRules(heartbeat_s=None)}
        )
        self._states: dict[str, GateState] = {}
        self._unmapped: OrderedDict[str, GateState] = OrderedDict()
        self._health: dict[str, InputHealth] = {}
        self._log = _log.bind(source=settings.name)

    def hear(self, topic: str, payload: bytes, retained: bool, moment: Moment) -> Iterable[Observation]:
        """Events and readings of one message; a retained one raises nothing, it may be of yesterday."""
        name = topic.removeprefix(self._prefix)
        if retained or name == topic or "/" in name:
            return ()
        report = read_report(payload, self._hasher)
        device = self._ids.get(name)
        if device is None:
            return () if report is None else self._hear_unmapped(name, report, moment)
        if report is None:
            return self._malformed(device, moment)
        said: list[Observation] = []
        health = self._health.get(device)
        if health is not None:
            self._health[device], turn = inputs.good(health)
            if turn is Turn.ENDED:
                said.append(self._fault(device, False, moment))
        state = self._states.get(device) or policy.begin(moment.mono_ms)
        self._states[device], more = policy.hear(self._rules[device], state, device, report, moment)
        return [*more, *said]

    def tick(self, moment: Moment) -> Iterable[Observation]:
        """What the passing of time brings: held conditions end, silent gates are lost."""
        said: list[Observation] = []
        for device, rules in self._rules.items():
            state = self._states.get(device) or policy.begin(moment.mono_ms)
            self._states[device], more = policy.tick(rules, state, device, moment)
            said.extend(more)
        for device, state in list(self._unmapped.items()):
            self._unmapped[device], more = policy.tick(self._unmapped_rules, state, device, moment)
            said.extend(more)
        return said

    def _hear_unmapped(self, name: str, report: GateReport, moment: Moment) -> Iterable[Observation]:
        """A gate that nobody wrote into the configuration: its alarms are alarms; its openings are not kept."""
        device = unmapped_id(name)
        known = device in self._unmapped
        if not known and report.act not in _ALARMS:
            return ()
        if not known:
            self._log.warning("gate_unmapped_device", gate=clean_text(name), device=device)
            self._unmapped[device] = policy.begin(moment.mono_ms)
            if len(self._unmapped) > _UNMAPPED_KEPT:
                self._unmapped.popitem(last=False)
        note = f"未登记的门禁 / gate not in the configuration: {clean_text(name)}"
        state, said = policy.hear(self._unmapped_rules, self._unmapped[device], device, report, moment, note)
        self._unmapped[device] = state
        return said

    def _malformed(self, device: str, moment: Moment) -> Iterable[Observation]:
        health = self._health.get(device, InputHealth())
        health, turn, log = inputs.bad(self._settings.inputs, health, moment.mono_ms)
        self._health[device] = health
        if log:
            self._log.warning("gate_malformed", device=device, total=health.total)
        return (self._fault(device, True, moment),) if turn is Turn.RAISED else ()

    @staticmethod
    def _fault(device: str, active: bool, moment: Moment) -> EventSeen:
        note = "消息无法解析 / its messages cannot be read; see firmware-config/gate-mqtt" if active else None
        data = DeviceData(active=active, code=MALFORMED, note=note)
        return EventSeen(device=device, kind=EventKind.DEVICE_FAULT, data=data, moment=moment)


def _hash_card(card: object, hasher: CardHasher) -> str | None:
    if isinstance(card, bool) or not isinstance(card, int | str):
        return None
    try:
        text = str(card).strip()
    except ValueError:  # an integer of thousands of digits
        return None
    return hasher.hash(text) if text else None


def _read_people(fields: dict[str, Any], event: str) -> int:
    """How many went through; a passage of which no number is said is one person's."""
    people = read_number(fields.get("people"), 0.0, _MOST_PEOPLE)
    if people is not None:
        return int(people)
    return 1 if event in {GateAct.OPENED, GateAct.PASSED} and fields.get("people") is None else 0


def _read_direction(fields: dict[str, Any]) -> Literal["in", "out", "unknown"]:
    match fields.get("direction"):
        case "in":
            return "in"
        case "out":
            return "out"
        case _:
            return "unknown"
