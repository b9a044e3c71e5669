"""Limits on memory and processor for a child, where this machine lets us set them."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PERIOD_US = 100_000


class Cap:
    """A group of processes under limits."""

    def __init__(self, folders: list[Path], peak: Callable[[], int], kills: Callable[[], int]) -> None:
        self._folders = folders
        self.peak_bytes = peak
        self.kills = kills

    def join(self) -> None:
        """In the child, before it becomes the program: come under the limits."""
        for folder in self._folders:
            (folder / "cgroup.procs").write_text(str(os.getpid()))

    def slow_down(self, cpu_share: float) -> None:
        """From now on no more than this share of one processor, all together."""
        quota_us = round(cpu_share * _PERIOD_US)
        for folder in self._folders:
            if (folder / "cpu.max").exists():
                (folder / "cpu.max").write_text(f"{quota_us} {_PERIOD_US}")
            elif (folder / "cpu.cfs_quota_us").exists():
                (folder / "cpu.cfs_quota_us").write_text(str(quota_us))


@contextmanager
def capped(memory_bytes: int) -> Iterator[Cap | None]:
    """A cgroup (v2 or v1) with this limit, removed at the end; None where none can be made."""
    with ExitStack() as stack:
        try:
            cap = _make(stack, memory_bytes)
        except OSError:
            cap = None
        yield cap


def _make(stack: ExitStack, memory_bytes: int) -> Cap:
    name = f"redwhistle-test-{os.getpid()}"
    if (_ROOT / "cgroup.controllers").exists():
        group = _group(stack, _own("") / name)
        (group / "memory.max").write_text(str(memory_bytes))
        return Cap([group], lambda: _number(group / "memory.peak"), lambda: _event(group / "memory.events"))
    memory = _group(stack, _own("memory") / name)
    (memory / "memory.limit_in_bytes").write_text(str(memory_bytes))
    processor = _group(stack, _own("cpu") / name)
    (processor / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
    return Cap(
        [memory, processor],
        lambda: _number(memory / "memory.max_usage_in_bytes"),
        lambda: _event(memory / "memory.oom_control"),
    )


def _own(controller: str) -> Path:
    """The group of this process: `N:controllers:/path`, version 2 with N 0 and no controllers."""
    for line in Path("/proc/self/cgroup").read_text(encoding="ascii").splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            return _ROOT / controller / path.lstrip("/")
    raise FileNotFoundError(controller)


def _group(stack: ExitStack, folder: Path) -> Path:
    folder.mkdir()
    stack.callback(folder.rmdir)
    return folder


def _number(file: Path) -> int:
    return int(file.read_text())


def _event(file: Path) -> int:
    """How many processes the kernel killed for memory."""
    words = dict(line.split() for line in file.read_text().splitlines())
    return int(words.get("oom_kill", 0))
