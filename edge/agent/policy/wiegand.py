"""Wiegand: pulses on two wires become frames, frames become cards. Pure; the card number leaves as a hash only.

Formats (source: the published layouts of the 26, 34 and 37 bit formats): the first bit is even parity over the first
half of the rest, the last bit odd parity over the second half; of 35 data bits the middle one is in both halves.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

LENGTHS = (26, 34, 37)
KEYPAD_LENGTHS = (4, 8)
"""A key of a reader with a keypad; not a card, and not kept."""
_MOST_BITS = 128
"""More than any format has: noise."""

Bits = tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Credential:
    """The keyed hash of a card number."""

    hash: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A frame that is no card; `why` never holds its bits."""

    why: str


def read_frame(bits: Bits, hash_card: Callable[[str], str]) -> Credential | Unreadable | None:
    """The card of a frame, hashed here; None: a key of a keypad, or nothing."""
    if len(bits) in {0, *KEYPAD_LENGTHS}:
        return None
    if len(bits) not in LENGTHS:
        return Unreadable(f"{len(bits)} bits; cards have {', '.join(map(str, LENGTHS))}")
    if not has_parity(bits):
        return Unreadable(f"a parity bit of {len(bits)} is wrong")
    return Credential(hash_card(str(_number(bits))))


def has_parity(bits: Bits) -> bool:
    """Whether both parity bits fit."""
    data = len(bits) - 2
    half = (data + 1) // 2
    even = sum(bits[: 1 + half])
    odd = sum(bits[len(bits) - 1 - half :])
    return even % 2 == 0 and odd % 2 == 1


def make_frame(number: int, length: int) -> Bits:
    """The frame of a card number, as a reader sends it. Raises ValueError."""
    data = length - 2
    if length not in LENGTHS or not 0 <= number < 1 << data:
        raise ValueError(f"a number of {data} bits and a length of {LENGTHS} are needed")
    middle = tuple(bool(number >> (data - 1 - i) & 1) for i in range(data))
    half = (data + 1) // 2
    return (sum(middle[:half]) % 2 == 1, *middle, sum(middle[data - half :]) % 2 == 0)


def _number(bits: Bits) -> int:
    number = 0
    for bit in bits[1:-1]:
        number = number << 1 | bit
    return number


@dataclass(frozen=True, slots=True)
class Pulse:
    """One bit: a pulse on D0 is a 0, on D1 a 1. `at_ns` on the chip's clock."""

    bit: bool
    at_ns: int


@dataclass(frozen=True, slots=True)
class Assembling:
    """A frame that is being received."""

    bits: Bits = ()
    last_ns: int = 0


def hear(
    frame: Assembling, pulses: Sequence[Pulse], *, gap_ns: int, shortest_ns: int
) -> tuple[Assembling, list[Bits]]:
    """Take pulses in their order: a gap ends a frame. Two closer than `shortest_ns` are the wire's ringing: one."""
    done: list[Bits] = []
    for pulse in pulses:
        since_ns = pulse.at_ns - frame.last_ns
        if frame.bits and since_ns >= gap_ns:
            done.append(frame.bits)
            frame = Assembling()
        elif frame.bits and since_ns < shortest_ns:
            continue
        if len(frame.bits) < _MOST_BITS:
            frame = Assembling((*frame.bits, pulse.bit), pulse.at_ns)
        else:
            frame = Assembling(frame.bits, pulse.at_ns)
    return frame, done


def tick(frame: Assembling, now_ns: int, *, gap_ns: int) -> tuple[Assembling, Bits | None]:
    """Let time pass: silence ends a frame."""
    if frame.bits and now_ns - frame.last_ns >= gap_ns:
        return Assembling(), frame.bits
    return frame, None
