"""Frames out of a stream of bytes: cut anywhere, two at once, garbage between; memory bounded by one frame."""

from edge.agent.gbt26875.frame import (
    FRAME_OVERHEAD_BYTES,
    START,
    Damaged,
    Flaw,
    Frame,
    Incomplete,
    examine,
)


class StreamDecoder:
    """One connection's bytes. What could still become a frame is held; everything else is skipped and counted."""

    def __init__(self) -> None:
        self.skipped_bytes = 0
        """Bytes since the last good frame that belonged to none."""
        self._held = bytearray()

    @property
    def held_bytes(self) -> int:
        """Bytes that wait for the rest of a frame; fewer than the longest frame has."""
        return len(self._held)

    def feed(self, data: bytes) -> list[Frame | Damaged]:
        """Take what was read; give what is whole, in order. Raises nothing, whatever the bytes."""
        self._held += data
        return self._drain(0)

    def rescue(self) -> list[Frame | Damaged]:
        """Call when the line has been quiet: a start mark that was none must not hold back the frames behind it.

        Only when a good frame stands behind is the held beginning given up; a frame that is still on its way stays.
        """
        at = self._held.find(START, 1)
        while at >= 0:
            if isinstance(examine(self._held, at), Frame):
                self.skipped_bytes += at
                return self._drain(at)
            at = self._held.find(START, at + 1)
        return []

    def _drain(self, at: int) -> list[Frame | Damaged]:
        found: list[Frame | Damaged] = []
        held = self._held
        while at < len(held):
            start = held.find(START, at)
            if start < 0:
                start = len(held) - 1 if held.endswith(START[:1]) else len(held)
            self.skipped_bytes += max(start - at, 0)
            at = start
            if at == len(held):
                break
            match examine(held, at):
                case Frame() as frame:
                    found.append(frame)
                    at += FRAME_OVERHEAD_BYTES + len(frame.data)
                    self.skipped_bytes = 0
                case Incomplete():
                    break
                case Damaged() as damaged:
                    found.append(damaged)
                    at += 1
                    self.skipped_bytes += 1
                case Flaw():
                    at += 1
                    self.skipped_bytes += 1
        del held[:at]
        return found
