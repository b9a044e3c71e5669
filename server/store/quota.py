"""How much of what one box sends amiss is kept whole: enough to understand it, not enough to fill the disk."""

KEPT_BYTES_AN_HOUR = 8 * 1024 * 1024
CUT_BYTES = 256
HOUR_S = 3600.0


class Quota:
    """Bytes a sender may have kept in each hour of this process; what is over is kept by its beginning."""

    def __init__(self) -> None:
        self._spent: dict[str, int] = {}
        self._until_s = 0.0

    def cut(self, sender: str, payload: bytes, monotonic_s: float) -> bytes:
        """`payload`, or its first CUT_BYTES once the sender has used up its hour."""
        if monotonic_s >= self._until_s or len(self._spent) > 100_000:
            self._until_s = monotonic_s + HOUR_S
            self._spent.clear()
        spent = self._spent.get(sender, 0)
        self._spent[sender] = spent + len(payload)
        return payload if spent + len(payload) <= KEPT_BYTES_AN_HOUR else payload[:CUT_BYTES]
