"""The doors and gates of one source, with their states: what lines and cards mean becomes observations."""

from collections.abc import Callable, Iterable, Mapping

from edge.agent.observation import Moment, Observation, ReadingSeen
from edge.agent.policy import door, gate
from edge.agent.policy.door import Direction, DoorRules, DoorState, Step
from edge.agent.policy.gate import GateReport, GateRules, GateState
from redwhistle.contracts.readings import Metric


class Doors:
    """Used from one thread; no IO."""

    def __init__(self, rules: Mapping[str, tuple[DoorRules, GateRules]]) -> None:
        """By device id."""
        self._rules = dict(rules)
        self._doors = {device: DoorState() for device in rules}
        self._gates: dict[str, GateState] = {}

    def card(
        self, device: str, credential: str, direction: Direction, moment: Moment, *, has_contact: bool
    ) -> list[Observation]:
        """A card was read; `credential` is its hash."""
        return self._step(
            device,
            moment,
            lambda rules, state: door.hear_card(
                rules, state, credential, direction, moment.mono_ms, has_contact=has_contact
            ),
        )

    def contact(self, device: str, is_open: bool, moment: Moment) -> list[Observation]:
        """The door contact. One that is open at the start is a reading, and no event: nobody saw it open."""
        found = self._doors[device].open is None and is_open
        said = self._step(
            device, moment, lambda rules, state: door.hear_contact(rules, state, is_open, moment.mono_ms)
        )
        return [*said, ReadingSeen(device, Metric.GATE_OPEN, 1.0, moment)] if found else said

    def exit(self, device: str, moment: Moment) -> list[Observation]:
        """The exit button was pressed."""
        return self._step(device, moment, lambda rules, state: door.hear_exit(rules, state, moment.mono_ms))

    def release(self, device: str, released: bool, moment: Moment) -> list[Observation]:
        """The lock's own line."""
        return self._step(device, moment, lambda _, state: door.hear_release(state, released, moment.mono_ms))

    def passage(self, device: str, direction: Direction, moment: Moment) -> list[Observation]:
        """A person passed the light barrier."""
        return self._step(device, moment, lambda rules, state: door.hear_passage(rules, state, direction))

    def heard(self, device: str, moment: Moment) -> list[Observation]:
        """Its controller or reader is there: the gate's silence begins anew."""
        alive = self._gates.get(device) or gate.begin(moment.mono_ms)
        self._gates[device], said = gate.hear_life(alive, device, moment)
        return list(said)

    def tick(self, moment: Moment) -> list[Observation]:
        """What the passing of time brings."""
        said: list[Observation] = []
        for device, (_, rules) in self._rules.items():
            said.extend(self._step(device, moment, lambda own, state: door.tick(own, state, moment.mono_ms)))
            state = self._gates.get(device) or gate.begin(moment.mono_ms)
            self._gates[device], more = gate.tick(rules, state, device, moment)
            said.extend(more)
        return said

    def _step(
        self, device: str, moment: Moment, step: Callable[[DoorRules, DoorState], Step]
    ) -> list[Observation]:
        self._doors[device], reports = step(self._rules[device][0], self._doors[device])
        return self._tell(device, reports, moment)

    def _tell(self, device: str, reports: Iterable[GateReport], moment: Moment) -> list[Observation]:
        said: list[Observation] = []
        rules = self._rules[device][1]
        for report in reports:
            state = self._gates.get(device) or gate.begin(moment.mono_ms)
            self._gates[device], more = gate.hear(rules, state, device, report, moment)
            said.extend(more)
        return said
