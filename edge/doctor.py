"""Is this box well? What `redwhistle-edge doctor` looks at: nothing is changed, no device is driven."""

import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, SecretStr

from edge.agent import health
from edge.agent.certificate_dates import read_validity
from edge.agent.moments import is_wall_clock_synced
from edge.agent.outbox.report import OutboxReport, read_report
from edge.agent.uplink.probe import probe_broker
from edge.reaching import reach_all
from edge.settings import BoxSettings, ClockTrust, LoadedSettings
from edge.wiring import OUTBOX_FILE
from edge.writing import budget_lines
from redwhistle.errors import RedWhistleError

SECRET_FIELDS = frozenset({"password_file", "key_file", "token_file", "secret_file", "card_key_file"})
_OTHERS = 0o077
_WARN_DAYS, _BAD_DAYS = 30, 3
_WARM_C, _HOT_C = 75.0, 85.0
_LITTLE_PCT, _LEAST_PCT = 15.0, 5.0
_THROTTLED_WORDS = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "too warm"}


class Level(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    """It works; somebody should look."""
    BAD = "bad"
    """It does not work as it should."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `text` says what to do where something is wrong."""

    name: str
    level: Level
    text: str


def examine(loaded: LoadedSettings, config: Path) -> list[Check]:
    """All checks. What fails unexpectedly is a check that is bad, not an end of the examination."""
    settings = loaded.settings
    parts: list[Callable[[], Iterator[Check]]] = [
        lambda: _clock(settings),
        _machine,
        lambda: _disk(settings),
        lambda: _outbox(settings),
        lambda: _writes(settings),
        lambda: _secrets(settings, config),
        lambda: _certificates(settings),
        lambda: _broker(settings),
        lambda: _devices(settings),
    ]
    with ThreadPoolExecutor(max_workers=len(parts)) as pool:
        return [check for done in [pool.submit(_guard, part) for part in parts] for check in done.result()]


def _guard(part: Callable[[], Iterator[Check]]) -> list[Check]:
    found: list[Check] = []
    try:
        found.extend(part())
    except Exception as error:
        found.append(Check("doctor", Level.BAD, f"a check failed: {type(error).__name__}: {error}"))
    return found


def _clock(settings: BoxSettings) -> Iterator[Check]:
    synced = is_wall_clock_synced()
    trust = settings.clock
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if trust is not ClockTrust.AUTO:
        yield Check("clock", Level.OK, f"{now}; synchronised: {trust.value}, as configured")
    elif synced:
        yield Check("clock", Level.OK, f"{now}; synchronised")
    else:
        yield Check(
            "clock",
            Level.WARN,
            f"{now}; not synchronised: items carry that mark, and the server dates them; enable systemd-timesyncd",
        )


def _machine() -> Iterator[Check]:
    warm_c = health.read_cpu_temperature_c(health.THERMAL)
    if warm_c is None:
        yield Check("temperature", Level.OK, "this machine does not say")
    else:
        level = Level.BAD if warm_c >= _HOT_C else Level.WARN if warm_c >= _WARM_C else Level.OK
        advice = "" if level is Level.OK else ": give the box air or a heat sink"
        yield Check("temperature", level, f"{warm_c:.0f} °C{advice}")
    bits = health.read_throttled_bits(health.THROTTLED)
    if bits is not None:
        now = [word for bit, word in _THROTTLED_WORDS.items() if bits >> bit & 1]
        before = [word for bit, word in _THROTTLED_WORDS.items() if bits >> (bit + 16) & 1]
        if now:
            yield Check(
                "throttling", Level.BAD, f"now: {', '.join(now)}: use a stronger power supply, cool it"
            )
        elif before:
            yield Check("throttling", Level.WARN, f"since it was started: {', '.join(before)}")
        else:
            yield Check("throttling", Level.OK, "never since it was started")
    used_pct = health.read_memory_used_pct(health.MEMORY)
    if used_pct is not None:
        level = Level.WARN if used_pct >= 90 else Level.OK
        yield Check("memory", level, f"{used_pct:.0f} % used")


def _disk(settings: BoxSettings) -> Iterator[Check]:
    folder = settings.data_dir
    if not folder.is_dir():
        yield Check("disk", Level.WARN, f"{folder} is not there yet: the box makes it when it runs")
        return
    if not os.access(folder, os.W_OK):
        yield Check("disk", Level.BAD, f"{folder} cannot be written by this user")
    usage = shutil.disk_usage(folder)
    free_pct = 100 * usage.free / usage.total
    level = Level.BAD if free_pct < _LEAST_PCT else Level.WARN if free_pct < _LITTLE_PCT else Level.OK
    advice = "" if level is Level.OK else ": free some space, readings are given up when it is full"
    yield Check("disk", level, f"{usage.free / 2**30:.1f} GiB free ({free_pct:.0f} %) under {folder}{advice}")


def _outbox(settings: BoxSettings) -> Iterator[Check]:
    path = settings.data_dir / OUTBOX_FILE
    if not path.exists():
        yield Check("outbox", Level.WARN, "the box has not run with this data_dir yet")
        return
    try:
        report = read_report(path)
    except RedWhistleError as error:
        yield Check("outbox", Level.BAD, str(error))
        return
    level = Level.WARN if report.alarms or report.rejected_count or report.dropped else Level.OK
    yield Check("outbox", level, _outbox_text(report))


def _outbox_text(report: OutboxReport) -> str:
    waiting = f"{report.alarms} alarms, {report.telemetry_events} events, {report.readings} readings wait"
    more = [
        f"{report.dropped} dropped" if report.dropped else "",
        f"{report.rejected_count} refused by the server: `outbox show`" if report.rejected_count else "",
    ]
    return "; ".join([waiting, *(each for each in more if each)])


def _writes(settings: BoxSettings) -> Iterator[Check]:
    for warn, text in budget_lines(settings, time.clock_gettime(time.CLOCK_BOOTTIME)):
        yield Check("writes", Level.WARN if warn else Level.OK, text)


def _secrets(settings: BoxSettings, config: Path) -> Iterator[Check]:
    files = dict(_secret_files(settings))
    if _holds_secret(settings):
        files[config] = "an address with a password"
    bad = False
    for path, what in files.items():
        try:
            status = path.stat()
        except OSError as error:
            bad = True
            yield Check("secrets", Level.BAD, f"{path} ({what}) cannot be read: {error.strerror}")
            continue
        if stat.S_IMODE(status.st_mode) & _OTHERS:
            bad = True
            yield Check("secrets", Level.BAD, f"{path} ({what}) can be read by others: chmod 600 {path}")
    if not bad:
        yield Check("secrets", Level.OK, f"{len(files)} files, readable by their owner only")


def _secret_files(node: object) -> Iterator[tuple[Path, str]]:
    """Every file that a setting of a telling name points to."""
    if isinstance(node, BaseModel):
        for name in type(node).model_fields:
            value = getattr(node, name)
            if name in SECRET_FIELDS and isinstance(value, Path):
                yield value, name
            else:
                yield from _secret_files(value)
    elif isinstance(node, list | tuple):
        for each in node:
            yield from _secret_files(each)


def _holds_secret(node: object) -> bool:
    if isinstance(node, SecretStr):
        user_info, found, _ = node.get_secret_value().partition("://")[2].partition("@")
        return bool(found) and ":" in user_info
    if isinstance(node, BaseModel):
        return any(_holds_secret(getattr(node, name)) for name in type(node).model_fields)
    return isinstance(node, list | tuple) and any(_holds_secret(each) for each in node)


def _certificates(settings: BoxSettings) -> Iterator[Check]:
    tls = settings.broker.tls
    if tls is None:
        yield Check(
            "certificates", Level.WARN, "no TLS towards the broker: only for a broker on this machine"
        )
        return
    now = datetime.now(UTC)
    for name in ("ca_file", "cert_file"):
        path: Path | None = getattr(tls, name)
        if path is None:
            continue
        try:
            begins, ends = read_validity(path.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            yield Check("certificates", Level.BAD, f"{path} ({name}) cannot be read: {error}")
            continue
        days = (ends - now).days
        level = Level.BAD if days < _BAD_DAYS else Level.WARN if days < _WARN_DAYS else Level.OK
        if begins > now and is_wall_clock_synced():
            level = Level.BAD
        advice = "" if level is Level.OK else ": have it renewed now"
        yield Check("certificates", level, f"{name} ends {ends:%Y-%m-%d}, in {days} days{advice}")


def _broker(settings: BoxSettings) -> Iterator[Check]:
    problem = probe_broker(settings.broker)
    where = f"{settings.broker.host}:{settings.broker.port}"
    yield (
        Check("broker", Level.OK, f"{where} answers")
        if problem is None
        else Check("broker", Level.BAD, problem)
    )


def _devices(settings: BoxSettings) -> Iterator[Check]:
    for name, problem in reach_all(settings):
        if problem is None:
            yield Check(name, Level.OK, "reachable")
        else:
            yield Check(name, Level.BAD, problem)
