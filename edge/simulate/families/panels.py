"""Fire transmission devices and the components behind them, over GB/T 26875.3: the project's own encoder. Pure."""

from edge.agent.gbt26875 import objects as o
from edge.agent.gbt26875.data_units import one
from edge.agent.gbt26875.frame import Command, Frame
from edge.agent.gbt26875.panel_time import PanelTime
from edge.agent.gbt26875.states import ComponentBit, OperationBit, SystemBit, TransmitterBit
from edge.agent.policy.fire_panel import TestBit
from edge.agent.sources.gbt26875_settings import ComponentSettings, Gbt26875Settings, TransmitterSettings
from edge.simulate.steps import Report, Step
from edge.simulate.wishes import Act, Options, Simulated, Wish
from redwhistle.contracts.state import DeviceKind

FAMILY = "gbt26875"
FIRE_SYSTEM = 1
_TYPE_OF = {DeviceKind.SMOKE: 40, DeviceKind.HEAT: 30, DeviceKind.GAS: 10}
_SMOKE = 40
_TEMPERATURE = 3
_DEFAULT_ZONE = 10
_DEFAULT_NO = 2
_DEFAULT_C = 24.0
_TEXT = "模拟 simulated"
_WHERE = frozenset({"zone", "no", "component"})
_STATES = {
    "fire": ComponentBit.FIRE,
    "alarm": ComponentBit.FIRE,
    "fault": ComponentBit.FAULT,
    "shielded": ComponentBit.SHIELDED,
    "normal": ComponentBit(0),
    "clear": ComponentBit(0),
}


class PanelFamily:
    """Implements `families.port.Family` for one section."""

    def __init__(self, settings: Gbt26875Settings) -> None:
        self._settings = settings
        self._panels = {each.device: each for each in settings.transmitters}
        self._components = {
            each.device: (panel, each) for panel in settings.transmitters for each in panel.components
        }

    def roster(self) -> list[Simulated]:
        found: list[Simulated] = []
        for panel in self._settings.transmitters:
            marks = panel.test_bit is TestBit.STANDARD
            why = f"its test_bit is {panel.test_bit.value}, so the box may take a test for real; set test_bit: standard"
            if marks:
                why = "only fire and fault carry the test bit"
            name, label = self._settings.name, panel.label or f"transmitter {panel.address}"
            found.append(Simulated(panel.device, FAMILY, name, label, _panel_acts(marks), why))
            for each in panel.components:
                zone, number = o.split_address(each.address)
                acts = _component_acts(marks)
                found.append(
                    Simulated(each.device, FAMILY, name, each.label or f"{zone}-{number}", acts, why)
                )
        return found

    def plan(self, wish: Wish, now_ms: int) -> list[Step]:
        """Raises ConfigurationError."""
        time = PanelTime.of(now_ms, self._settings.utc_offset_min)
        panel = self._panels.get(wish.device)
        if panel is None:
            panel, component = self._components[wish.device]
            return [self._report(panel, _of_component(component, wish, time), time)]
        return [self._report(panel, _of_panel(wish, time), time)]

    def _report(self, panel: TransmitterSettings, data: bytes, time: PanelTime) -> Report:
        frame = Frame(1, panel.address, self._settings.centre_address, Command.SEND, time, data)
        return Report(self._settings, frame)


def _panel_acts(marks: bool) -> tuple[Act, ...]:
    return (
        Act("fire", "fire bit of a component, by --zone and --no", _WHERE, marks),
        Act("reset", "the panel is reset: its alarms and faults are over"),
        Act("fault", "fault bit of a component", _WHERE, marks),
        Act("shielded", "a component is shielded", _WHERE, marks),
        Act("normal", "a component is well again", _WHERE),
        Act("manual-call", "manual alarm at the panel", frozenset(), test=True),
        Act("mains-fault", "mains fault of the fire system"),
        Act("mains-ok", "mains are back"),
        Act("duty", "somebody answers the duty check (查岗)"),
        Act("heartbeat", "the transmitter says that it is well"),
    )


def _component_acts(marks: bool) -> tuple[Act, ...]:
    return (
        Act("alarm", "fire bit", frozenset({"component"}), marks),
        Act("clear", "no fire and no fault", frozenset({"component"})),
        Act("fault", "fault bit", frozenset({"component"}), marks),
        Act("shielded", "shielded at the panel", frozenset({"component"}), marks),
        Act("reading", "a temperature in °C", frozenset({"value"})),
    )


def _of_component(component: ComponentSettings, wish: Wish, time: PanelTime) -> bytes:
    kind = wish.options.component
    kind = _TYPE_OF.get(component.kind, _SMOKE) if kind is None else kind
    system = FIRE_SYSTEM if component.system_type is None else component.system_type
    address = component.system_address or 0
    if wish.act == "reading":
        value = _DEFAULT_C if wish.options.value is None else wish.options.value
        raw = max(-32768, min(32767, round(value * 10)))
        return one(3, o.AnalogValue(system, address, kind, component.address, _TEMPERATURE, raw, time))
    text = o.pad_text(component.label or _TEXT)
    state = _state(wish)
    return one(2, o.ComponentState(system, address, kind, component.address, state, text, time))


def _of_panel(wish: Wish, time: PanelTime) -> bytes:
    match wish.act:
        case "reset":
            return one(1, o.SystemState(FIRE_SYSTEM, 0, SystemBit.NORMAL | SystemBit.RESET, time))
        case "mains-fault":
            return one(1, o.SystemState(FIRE_SYSTEM, 0, SystemBit.NORMAL | SystemBit.MAINS_FAULT, time))
        case "mains-ok":
            return one(1, o.SystemState(FIRE_SYSTEM, 0, SystemBit.NORMAL, time))
        case "manual-call":
            operation = OperationBit.MANUAL_ALARM | (OperationBit.TEST if wish.test else 0)
            return one(4, o.Operation(FIRE_SYSTEM, 0, operation, 1, time))
        case "duty":
            return duty_answer(time)
        case "heartbeat":
            return transmitter_state(time)
        case _:
            options = wish.options
            kind = _SMOKE if options.component is None else options.component
            address, text = _address(options), o.pad_text(_TEXT)
            return one(2, o.ComponentState(FIRE_SYSTEM, 0, kind, address, _state(wish), text, time))


def transmitter_state(time: PanelTime) -> bytes:
    """All is well with the transmitter: a heartbeat, and what it answers when its state is read (type 21)."""
    return one(21, o.TransmitterState(TransmitterBit.NORMAL, time))


def duty_answer(time: PanelTime) -> bytes:
    """Somebody pressed the button after a duty check (type 24, 查岗应答)."""
    return one(24, o.TransmitterOperation(OperationBit.ACKNOWLEDGED, 1, time))


def _state(wish: Wish) -> int:
    normal = 0 if wish.test else ComponentBit.NORMAL
    return int(_STATES[wish.act] | normal)


def _address(options: Options) -> int:
    zone = _DEFAULT_ZONE if options.zone is None else options.zone
    number = _DEFAULT_NO if options.no is None else options.no
    return zone | number << 16
