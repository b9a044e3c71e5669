"""What the box says when a model cannot be used."""

from collections.abc import Callable

from edge.agent.detectors.models import ModelTrouble
from edge.agent.observation import EventSeen, Moment
from redwhistle.contracts.events import BoxHealthData, DeviceData, EventKind
from redwhistle.contracts.readings import BOX_DEVICE
from redwhistle.errors import RedWhistleError
from redwhistle.logs import get_logger

_NOTE_MAX = 1000
_log = get_logger()


class ModelReports:
    """Turns troubles into events of the box.

    A model that another stands in for is a note (`box_health`). A task that no model does any more is a
    `device_fault` of the box with the code `model_unusable_TASK`, until a model does it again.
    """

    def __init__(self, moment: Callable[[], Moment], say: Callable[[EventSeen], None]) -> None:
        self._moment = moment
        self._say = say
        self._blind: set[str] = set()

    def tell(self, trouble: ModelTrouble) -> None:
        """Say it; an outbox that refuses is logged."""
        try:
            self._tell(trouble)
        except RedWhistleError as error:
            _log.error("model_trouble_not_told", task=trouble.task, why=str(error))

    def _tell(self, trouble: ModelTrouble) -> None:
        task = trouble.task
        blind = trouble.using is None
        if blind != (task in self._blind):
            data = DeviceData(
                active=blind, code=f"model_unusable_{task}", note=trouble.why[:_NOTE_MAX] or None
            )
            self._say(EventSeen(BOX_DEVICE, EventKind.DEVICE_FAULT, data, self._moment()))
        (self._blind.add if blind else self._blind.discard)(task)
        if not blind:
            text = "is used again" if trouble.over else f"stands in: {trouble.why}"
            note = f"{task}: {trouble.using} {text}"[:_NOTE_MAX]
            self._say(EventSeen(BOX_DEVICE, EventKind.BOX_HEALTH, BoxHealthData(note=note), self._moment()))
