"""Another process may look into the outbox while the agent runs: the agent's locks must stand."""

import subprocess
import sys
from pathlib import Path

from tests.unit.edge_outbox.making import open_outbox, reading, smoke

_LOOK = """
import fcntl, os, sys
index = os.open(sys.argv[1] + "-shm", os.O_RDWR)
try:
    fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)  # SQLite's "dead man switch": who has it alone may cut
except OSError:
    print("held", end="")
else:
    print("free", end="")
"""


def test_counting_the_log_leaves_sqlites_locks_alone(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    for n in range(600):
        outbox.put_reading(reading(n))
    outbox.tend()
    assert outbox.counts().written_bytes > 0, "the log was counted"
    (file,) = (path for path in tmp_path.rglob("*.db"))
    seen = subprocess.run(
        [sys.executable, "-c", _LOOK, str(file)], capture_output=True, text=True, check=True
    )
    assert seen.stdout == "held"
    outbox.put_event(smoke())
    outbox.close()
