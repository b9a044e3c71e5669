"""A door's contacts on GPIO lines, heard for `Doors`."""

from collections.abc import Iterable, Mapping

from edge.agent.observation import Moment, Observation
from edge.agent.sources.door_settings import DoorLinesSettings
from edge.agent.sources.doors import Doors
from edge.agent.sources.gpio_lines import ContactLineSettings


class DoorLines:
    """Knows what each line means; used from one thread."""

    def __init__(self, doors: Doors, lines: Mapping[str, DoorLinesSettings]) -> None:
        """`lines` by device id."""
        self._doors = doors
        self._roles: dict[int, tuple[str, str, ContactLineSettings]] = {}
        for device, each in lines.items():
            for role in DoorLinesSettings.model_fields:
                settings: ContactLineSettings | None = getattr(each, role)
                if settings is not None:
                    self._roles[settings.line] = (device, role, settings)

    def settings(self) -> dict[int, ContactLineSettings]:
        """Every line with its settings."""
        return {line: settings for line, (_, _, settings) in self._roles.items()}

    def begin(self, closed: Mapping[int, bool], moment: Moment) -> list[Observation]:
        """The lines as they are at the start: a state is a state, a button or a barrier that is closed is no press."""
        said: list[Observation] = []
        for line, is_closed in closed.items():
            if line in self._roles and self._roles[line][1] in {"contact", "release"}:
                said.extend(self._hear(line, is_closed, moment))
        return said

    def hear(self, changes: Iterable[tuple[int, bool]], moment: Moment) -> list[Observation]:
        """Changes in their order."""
        return [
            each
            for line, closed in changes
            if line in self._roles
            for each in self._hear(line, closed, moment)
        ]

    def _hear(self, line: int, closed: bool, moment: Moment) -> list[Observation]:
        device, role, settings = self._roles[line]
        actuated = closed != (settings.normally == "closed")
        doors = self._doors
        match role:
            case "contact":
                return doors.contact(device, actuated, moment)
            case "release":
                return doors.release(device, actuated, moment)
            case "exit_button" if actuated:
                return doors.exit(device, moment)
            case "passage_in" if actuated:
                return doors.passage(device, "in", moment)
            case "passage_out" if actuated:
                return doors.passage(device, "out", moment)
            case _:
                return []
