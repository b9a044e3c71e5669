"""What any detector can be made to say, whatever carries it: by its kind, in the fields that the box knows. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.agent.policy.limit import LimitRules
from edge.agent.sources.detector_settings import DetectorSettings
from edge.agent.sources.fields import METRIC_FIELDS
from edge.agent.sources.json_door import READING_LIMITS
from edge.simulate.wishes import Act, Options
from redwhistle.contracts.readings import Metric
from redwhistle.contracts.state import DeviceKind
from redwhistle.errors import ConfigurationError

BATTERY_LOW_PCT = 9
NO_TEST = "a device's faults and measured values carry no test mark"
ALARM_FIELD: dict[DeviceKind, str] = {
    DeviceKind.SMOKE: "smoke",
    DeviceKind.HEAT: "heat",
    DeviceKind.GAS: "gas",
    DeviceKind.WATER_LEVEL: "water_leak",
    DeviceKind.VIBRATION: "vibration",
    DeviceKind.SOS: "sos",
}
"""The condition by which each kind alarms."""
_CALM: dict[Metric, float] = {
    Metric.TEMPERATURE_C: 21.5,
    Metric.HUMIDITY_PCT: 45.0,
    Metric.BATTERY_PCT: 93.0,
    Metric.LINK_QUALITY: 112.0,
    Metric.SIGNAL_DBM: -58.0,
}
"""What is measured when nothing is wrong; everything else measures 0."""
_METRIC_OF: dict[DeviceKind, Metric] = {
    DeviceKind.SOS: Metric.BATTERY_PCT,
    DeviceKind.GAS: Metric.GAS_LEL_PCT,
    DeviceKind.WATER_LEVEL: Metric.WATER_LEVEL_M,
    DeviceKind.VIBRATION: Metric.TILT_DEG,
}
"""What a reading of a kind is of, where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured value."""

    metric: Metric
    value: float


def wanted_measure(
    device: DetectorSettings, kind: DeviceKind, options: Options, metrics: Sequence[Metric] = ()
) -> Measure:
    """The value of a `reading`: what was asked for, else a calm one. `metrics`: what it measures, where that is known.

    Raises ConfigurationError.
    """
    metric = _METRIC_OF.get(kind, Metric.TEMPERATURE_C)
    if metrics and metric not in metrics:
        metric = metrics[0]
    if options.metric is not None:
        known = {each.value: each for each in READING_LIMITS}
        if options.metric not in known:
            names = ", ".join(sorted(known))
            raise ConfigurationError(f"--metric {options.metric}: no detector measures that; one of {names}")
        metric = known[options.metric]
    elif device.limits:
        metric = device.limits[0].metric
    value = options.value
    return Measure(metric, calm_value(metric, device.limits) if value is None else value)


def beyond(limit: LimitRules) -> Measure:
    """A value that is certainly beyond a limit, and one that a sensor can measure."""
    margin = max(abs(limit.mark) * 0.1, 0.05)
    low, high = READING_LIMITS[limit.metric]
    value = limit.mark + margin if limit.above is not None else limit.mark - margin
    return Measure(limit.metric, round(min(max(value, low), high), 3))


def calm_value(metric: Metric, limits: tuple[LimitRules, ...]) -> float:
    """A value of a good day, on the good side of every limit."""
    value = _CALM.get(metric, 0.0)
    for limit in limits:
        if limit.metric is metric and limit.holds(value, already=True):
            good = limit.mark if limit.clear is None else limit.clear
            margin = max(abs(good) * 0.1, 0.05)
            value = good - margin if limit.above is not None else good + margin
    return round(value, 3)


def acts_of(
    device: DetectorSettings,
    kind: DeviceKind,
    *,
    fields: frozenset[str] | None = None,
    marks_tests: bool = True,
) -> tuple[Act, ...]:
    """What a detector can do that speaks for itself. `fields`: those that it has; None: all.

    `marks_tests`: it can say that what it reports is a test.
    """

    def has(field: str) -> bool:
        return fields is None or field in fields

    acts: list[Act] = []
    alarm = ALARM_FIELD.get(kind)
    if kind is DeviceKind.SOS:
        acts.append(Act("press", "somebody presses the button", frozenset({"gesture"}), marks_tests))
    elif alarm is not None and has(alarm):
        level = frozenset({"value"}) if kind is DeviceKind.SMOKE and has("smoke_level") else frozenset[str]()
        acts.append(Act("alarm", f"{alarm}: true", level, marks_tests))
        acts.append(Act("clear", f"{alarm}: false"))
    metrics = None if fields is None else {METRIC_FIELDS[each] for each in fields if each in METRIC_FIELDS}
    limit = next(iter(device.limits), None)
    if limit is not None and (metrics is None or limit.metric in metrics):
        acts.append(Act("exceed", f"{limit.metric.value} beyond its limit, which is {limit.event}"))
    if metrics is None or metrics:
        acts.append(Act("reading", "a measured value, by default a calm one", frozenset({"value", "metric"})))
    if has("battery_low"):
        acts.append(Act("low-battery", f"battery at {BATTERY_LOW_PCT} %"))
    if has("tamper"):
        acts.append(Act("tamper", "opened by somebody"))
    return tuple(acts)
