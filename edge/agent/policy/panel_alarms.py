"""What a fire bit means at each type of component. Pure.

A detector whose type names what it senses alarms under that name. What the type leaves open (a module, a sprinkler's
flow switch, a maker's own number) alarms as smoke, with a note that says so: in doubt, alarm.
"""

from redwhistle.contracts.events import EventKind
from redwhistle.contracts.state import DeviceKind

SUMMARY_TYPES = frozenset({1, 22, 83})
"""Controllers and displays: their fire bit repeats what a detector has said, or stands for one that they do not name."""

_GAS = (10, 11, 12, 13, 74)
_CALL = (23, 24)
_HEAT = (18, *range(30, 38))
_SMOKE = (*range(40, 45), 50, 51, 53)
_FLAME = (52, 61, 62, 69, 78)
_KIND: dict[int, EventKind] = {
    **dict.fromkeys(_GAS, EventKind.GAS),
    **dict.fromkeys(_CALL, EventKind.MANUAL_CALL),
    **dict.fromkeys(_HEAT, EventKind.HEAT),
    **dict.fromkeys(_SMOKE, EventKind.SMOKE),
    **dict.fromkeys(_FLAME, EventKind.FLAME_SEEN),
}
_CONFIGURED: dict[DeviceKind, EventKind] = {
    DeviceKind.SMOKE: EventKind.SMOKE,
    DeviceKind.HEAT: EventKind.HEAT,
    DeviceKind.GAS: EventKind.GAS,
}


def alarm_kind(component_type: int, configured: DeviceKind | None) -> tuple[EventKind, bool]:
    """The event of a fire bit, and whether that is sure. The configuration wins over the component's type."""
    if configured in _CONFIGURED:
        return _CONFIGURED[configured], True
    kind = _KIND.get(component_type)
    return (EventKind.SMOKE, False) if kind is None else (kind, True)
