"""A sound, fast filter for bulk telemetry, so that most readings never meet the engine."""

from collections.abc import Mapping

from server.alerts.rules.pack import Pack


class Screen:
    """What of a pack matters for letting a reading pass by.

    A reading whose metric has no bounds, or whose value lies strictly between its bounds while its (device, metric) is
    not in `state.hot`, changes nothing and decides nothing in `decide`, whatever its place, tags and hour. Such
    readings count as presence only through a PresenceItem; a device heard within PRESENCE_STEP_MS needs none.
    """

    __slots__ = ("_bounds",)

    def __init__(self, pack: Pack) -> None:
        self._bounds: Mapping[str, tuple[float, float]] = pack.bounds

    def bounds(self, metric: str) -> tuple[float, float] | None:
        """(low, high), either may be infinite; None when no rule looks at this metric."""
        return self._bounds.get(metric)

    def lets_by(self, metric: str, value: float) -> bool:
        """Whether a reading that is not hot needs no `decide`. A value that is no number is never let by."""
        bounds = self._bounds.get(metric)
        return bounds is None or bounds[0] < value < bounds[1]
