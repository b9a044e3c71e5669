"""States and operations as named bits. Bit 0 of a state is the wrong way round: 1 in normal use, 0 under test."""

from enum import IntFlag


class SystemBit(IntFlag):
    """State of a fire system, two bytes (clause 8.2.1.1); 14 and 15 are reserved."""

    NORMAL = 1 << 0
    FIRE = 1 << 1
    FAULT = 1 << 2
    SHIELDED = 1 << 3
    SUPERVISED = 1 << 4
    STARTED = 1 << 5
    FEEDBACK = 1 << 6
    DELAYED = 1 << 7
    MAINS_FAULT = 1 << 8
    BACKUP_FAULT = 1 << 9
    BUS_FAULT = 1 << 10
    MANUAL = 1 << 11
    CONFIGURED = 1 << 12
    RESET = 1 << 13


class ComponentBit(IntFlag):
    """State of a component, two bytes (clause 8.2.1.2); 9 to 15 are reserved."""

    NORMAL = 1 << 0
    FIRE = 1 << 1
    FAULT = 1 << 2
    SHIELDED = 1 << 3
    SUPERVISED = 1 << 4
    STARTED = 1 << 5
    FEEDBACK = 1 << 6
    DELAYED = 1 << 7
    POWER_FAULT = 1 << 8


class TransmitterBit(IntFlag):
    """State of the transmitter itself, one byte (clause 8.2.1.8); 7 is reserved."""

    NORMAL = 1 << 0
    FIRE = 1 << 1
    FAULT = 1 << 2
    MAINS_FAULT = 1 << 3
    BACKUP_FAULT = 1 << 4
    CHANNEL_FAULT = 1 << 5
    LINE_FAULT = 1 << 6


class OperationBit(IntFlag):
    """What a person did, one byte (clauses 8.2.1.4 and 8.2.1.9). Bit 5 differs: see the names; 7 is reserved."""

    RESET = 1 << 0
    SILENCED = 1 << 1
    MANUAL_ALARM = 1 << 2
    CLEARED = 1 << 3
    SELF_TEST = 1 << 4
    ACKNOWLEDGED = 1 << 5
    """At a system: confirmed; at the transmitter: the answer to a duty check (查岗应答)."""
    TEST = 1 << 6


Bits = type[SystemBit] | type[ComponentBit] | type[TransmitterBit] | type[OperationBit]

BIT_NAMES: dict[str, tuple[str, str]] = {
    "NORMAL": ("正常运行", "normal operation"),
    "FIRE": ("火警", "fire"),
    "FAULT": ("故障", "fault"),
    "SHIELDED": ("屏蔽", "shielded"),
    "SUPERVISED": ("监管", "supervisory signal"),
    "STARTED": ("启动", "started"),
    "FEEDBACK": ("反馈", "feedback"),
    "DELAYED": ("延时", "delayed"),
    "MAINS_FAULT": ("主电故障", "mains fault"),
    "BACKUP_FAULT": ("备电故障", "backup power fault"),
    "BUS_FAULT": ("总线故障", "bus fault"),
    "MANUAL": ("手动状态", "manual mode"),
    "CONFIGURED": ("配置改变", "configuration changed"),
    "RESET": ("复位", "reset"),
    "POWER_FAULT": ("电源故障", "power fault"),
    "CHANNEL_FAULT": ("与监控中心通信信道故障", "channel to the centre faulty"),
    "LINE_FAULT": ("监测连接线路故障", "line to the panel faulty"),
    "SILENCED": ("消音", "silenced"),
    "MANUAL_ALARM": ("手动报警", "manual alarm"),
    "CLEARED": ("警情消除", "alarm cleared"),
    "SELF_TEST": ("自检", "self-test"),
    "ACKNOWLEDGED": ("确认或查岗应答", "confirmed, or duty check answered"),
    "TEST": ("测试", "test"),
}
"""Chinese and English for every bit."""

TEST_STATE = ("测试状态", "under test")
"""What bit 0 of a state means when it is not set."""


def name_bits(bits: Bits, value: int) -> list[str]:
    """The lower-case names of the bits that are set, from the lowest; bits that the standard reserves as `bit_n`."""
    known = {member.value: str(member.name).lower() for member in bits}
    return [
        known.get(1 << place, f"bit_{place}") for place in range(value.bit_length()) if value >> place & 1
    ]


def is_test_state(value: int) -> bool:
    """True when bit 0 of a state says that it is under test, read as the standard has it."""
    return not value & 1
