"""Where log lines go: a stream that cannot be written stops nobody, and standard error is the one of the moment."""

import io
import os
from collections.abc import Iterator

import pytest
import structlog

from redwhistle.logs import LogFormat, configure_logs, get_logger


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    kept = structlog.get_config()
    yield
    structlog.configure(**kept)


@pytest.mark.parametrize("form", list(LogFormat))
def test_a_closed_stream_stops_nobody(form: LogFormat) -> None:
    stream = io.StringIO()
    configure_logs(form, stream=stream)
    stream.close()
    get_logger().error("local_broker_unreachable")


def test_a_pipe_whose_reader_is_gone_stops_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    configure_logs(stream=stream)
    get_logger().error("uplink_lost")
    with pytest.raises(BrokenPipeError):  # the pipe is as broken as it should be
        stream.close()


def test_lines_go_to_standard_error_as_it_is_now(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    get_logger(box="b-1").info("box_starting")
    assert '"action": "box_starting"' in capsys.readouterr().err
