"""The write budget: its constants are what the outbox really writes, and the day is counted from the configuration."""

import os
from pathlib import Path

import pytest

from edge import writing
from edge.settings import BoxSettings, load_settings
from redwhistle.contracts.ids import Lane
from tests.unit.edge_agent.test_settings import GOOD, write
from tests.unit.edge_outbox.making import ack, open_outbox, reading, seqs, take_all

CAMERA = "\n  - {type: camera, device: cam-1, url: rtsp://192.0.2.1/s}"


def written_bytes() -> int:
    """By this process so far, to any file."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(dict(line.split(": ") for line in lines)["wchar"])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the kernel does not count")
@pytest.mark.parametrize("readings", [1, 50, 300])
def test_a_round_writes_what_the_estimate_says(tmp_path: Path, readings: int) -> None:
    outbox = open_outbox(tmp_path)
    rounds = 30
    before = written_bytes()
    for _ in range(rounds):
        for n in range(readings):
            outbox.put_reading(reading(n))
        outbox.flush()
        ack(outbox, Lane.TELEMETRY, (1, max(seqs(take_all(outbox, Lane.TELEMETRY)))))
        outbox.tend()
    measured = (written_bytes() - before) / rounds
    outbox.close()
    estimate = writing.ROUND_BYTES + readings * writing.READING_BYTES
    assert 0.5 < estimate / measured < 2.5, f"{measured:.0f} bytes a round of {readings}"


def settings(tmp_path: Path, more: str = "") -> BoxSettings:
    return load_settings(write(tmp_path, GOOD + more)).settings


def test_the_day_is_counted_from_the_configuration(tmp_path: Path) -> None:
    plain = settings(tmp_path)
    own = 6 * 86_400 / plain.health_every_s
    assert writing.readings_per_day(plain) == own
    assert writing.readings_per_day(settings(tmp_path, CAMERA)) == own + 2 * 8640
    (_, text), *_ = writing.budget_lines(plain, 100.0)
    assert "MB a day from this configuration" in text
    busy = plain.model_copy(update={"health_every_s": 0.0001})
    assert next(iter(writing.budget_lines(busy, 100.0)))[0] is True


def test_what_a_disk_took_is_read_from_the_kernel(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    folder = tmp_path / f"sys/dev/block/{os.major(device)}:{os.minor(device)}"
    folder.mkdir(parents=True)
    (folder / "stat").write_text("1 2 3 4 5 6 2000 8 9")
    measured = writing.measure_mb_day(tmp_path, 86_400.0, tmp_path / "sys")
    assert measured is not None
    assert measured[1] == pytest.approx(1.024)
    for text in ("", "1 2", "a b c d e f g"):
        (folder / "stat").write_text(text)
        assert writing.measure_mb_day(tmp_path, 86_400.0, tmp_path / "sys") is None
    assert writing.measure_mb_day(tmp_path / "none", 1.0) is None
