"""Known holes in what we depend on: pip-audit over the lock files, npm audit over the console's.

    python -m tests.architecture.audit

A finding with a remedy fails, unless `audit-ignored.toml` says why it does not concern us; one without a remedy is told.
Where an advisory service cannot be asked (no network, a mirror without it), that is said loudly, and nothing fails: a
build must not depend on somebody else's service.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements-dev.lock",)
"""The development lock holds everything that the other locks hold."""
IGNORED = Path(__file__).with_name("audit-ignored.toml")
_WITHIN_S = 180.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A known hole. `remedy` is the version that has it no more, or "" where there is none yet."""

    source: str
    package: str
    advisory: str
    remedy: str

    def __str__(self) -> str:
        mended = f"mended in {self.remedy}" if self.remedy else "no remedy yet"
        return f"{self.source}: {self.package}: {self.advisory} ({mended})"


@dataclass(frozen=True, slots=True)
class Unasked:
    """A service that could not be asked, and why."""

    source: str
    why: str


def read_pip(text: str) -> list[Finding] | Unasked:
    """What pip-audit's JSON says; a package index that knows no package is one without advisories."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Unasked("pip", _last_line(text))
    if not any("vulns" in one for one in dependencies):
        return Unasked("pip", str(dependencies[0].get("skip_reason", "")) if dependencies else "empty answer")
    return [
        Finding("pip", f"{one['name']} {one['version']}", hole["id"], ", ".join(hole.get("fix_versions", [])))
        for one in dependencies
        for hole in one.get("vulns", [])
    ]


def read_npm(text: str) -> list[Finding] | Unasked:
    """What npm audit's JSON says: one finding a package with advisories of its own."""
    try:
        told: Any = json.loads(text)
    except ValueError:
        return Unasked("npm", _last_line(text))
    if not isinstance(told, dict) or not isinstance(told.get("vulnerabilities"), dict):
        return Unasked(
            "npm", _last_line(str(told.get("message") or told.get("error") if isinstance(told, dict) else ""))
        )
    return list(_of_npm(told["vulnerabilities"]))


def judge(
    answers: Sequence[list[Finding] | Unasked], ignored: Mapping[str, str]
) -> tuple[list[str], list[str]]:
    """(what fails, what is only told), as lines."""
    failing, told = [], []
    seen: set[str] = set()
    for answer in answers:
        if isinstance(answer, Unasked):
            told.append(f"NOT AUDITED: the advisories of {answer.source} cannot be asked here: {answer.why}")
            continue
        for finding in answer:
            seen.add(finding.advisory)
            if finding.advisory in ignored:
                told.append(f"{finding}; ignored: {ignored[finding.advisory]}")
            elif finding.remedy:
                failing.append(str(finding))
            else:
                told.append(str(finding))
    if not any(isinstance(answer, Unasked) for answer in answers):
        failing += [
            f"{advisory} is ignored but no longer found: take it out of {IGNORED.name}"
            for advisory in sorted(ignored.keys() - seen)
        ]
    return failing, told


def read_ignored(path: Path = IGNORED) -> dict[str, str]:
    """Advisory → why it does not concern us."""
    entries: list[dict[str, str]] = tomllib.loads(path.read_text("utf-8")).get("ignored", [])
    return {entry["advisory"]: entry["reason"] for entry in entries}


def main() -> int:
    """Ask, tell, and fail (1) for what can be mended."""
    failing, told = judge([read_pip(_ask_pip()), read_npm(_ask_npm())], read_ignored())
    for line in told:
        print(f"audit: {line}", file=sys.stderr)
    for line in failing:
        print(f"audit: FAILS: {line}", file=sys.stderr)
    return 1 if failing else 0


def _of_npm(vulnerabilities: Mapping[str, Any]) -> Iterator[Finding]:
    for name, one in sorted(vulnerabilities.items()):
        fix = one.get("fixAvailable")
        remedy = (
            f"{fix['name']} {fix['version']}" if isinstance(fix, dict) else "npm audit fix" if fix else ""
        )
        for via in one.get("via", []):
            if isinstance(via, dict):  # a text names another package, which stands here with its own
                advisory = str(via.get("url", via.get("source", ""))).rsplit("/", 1)[-1]
                yield Finding("npm", f"{name} {one.get('range', '')}", advisory, remedy)


def _ask_pip() -> str:
    words = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json"]
    words += ["--progress-spinner", "off", "--timeout", "10"]
    for lock in LOCKS:
        words += ["--requirement", str(CHECKOUT / lock)]
    return _run(words)


def _ask_npm() -> str:
    return _run(
        [
            "sh",
            str(CHECKOUT / ".ci" / "console.sh"),
            "npm",
            sys.executable,
            "audit",
            "--json",
            "--loglevel=silent",
        ]
    )


def _run(words: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            words, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=_WITHIN_S
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {_WITHIN_S:.0f} s"
    return done.stdout.strip() or done.stderr


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no answer"


if __name__ == "__main__":
    sys.exit(main())
