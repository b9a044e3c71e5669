"""A tiny run of `bench console`: it measures what it says."""

import json

import pytest

from bench.__main__ import main

FIGURES = {"worker_first_load_js_gzip_kb", "list_blocked_pct", "tap_p95_ms"}


@pytest.mark.timeout(240)
def test_the_console_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--alerts", "80", "--seconds", "2", "--taps", "3", "--events-per-s", "20", "--slower", "1")
    assert main(["console", *words, "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    told = json.loads(line)
    assert told.keys() >= FIGURES
    assert 20 < told["worker_first_load_js_gzip_kb"] <= 150, "the limit of the worker's first load"
    assert told["scripts"] >= 1
    assert told["taps"] == 3
    assert 0 < told["tap_p50_ms"] <= told["tap_p95_ms"]
    assert 0 <= told["list_blocked_over_50_ms_pct"] <= told["list_blocked_pct"] <= 100
    assert 0 < told["list_rows_in_dom"] <= 60
    assert told["events_per_s"] == pytest.approx(20, rel=0.3)
