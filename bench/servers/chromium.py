"""A Chromium of the system's or one unpacked by install.sh, driven by Playwright; it speaks to nobody but the page."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from playwright.sync_api import Browser, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from bench.servers.folder import server_folder
from bench.servers.installed import ensure, library_path
from redwhistle.errors import Unavailable

VARIABLE = "REDWHISTLE_CHROMIUM"
"""Names a browser of your own."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-gpu",
    "--enable-unsafe-swiftshader",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--autoplay-policy=user-gesture-required",
)
"""No sandbox: the tests may run as root, and the only page that is opened is our own. SwiftShader: maps without a GPU."""


def chromium_program() -> tuple[Path, dict[str, str]]:
    """The browser and the environment it needs; raise ConfigurationError where there is none and none can be had."""
    root = ensure("chromium")
    environment = _fonts(root.parent / "fonts" / "root")
    given = os.environ.get(VARIABLE)
    found = given or next(filter(None, map(which, NAMES)), None)
    unpacked = root / "root" / "usr" / "lib" / "chromium" / "chromium"
    if found is not None and (given or not unpacked.exists()):
        return Path(found), environment
    return unpacked, environment | library_path(root / "root")


@contextmanager
def running_chromium(*flags: str) -> Iterator[Browser]:
    """A browser without a window while the block runs; raise Unavailable when it does not start."""
    program, environment = chromium_program()
    with server_folder("chromium") as home, sync_playwright() as playwright:
        browser = _launch(playwright, program, {**os.environ, **environment, "HOME": str(home)}, flags)
        try:
            yield browser
        finally:
            browser.close()


def _launch(
    playwright: Playwright, program: Path, environment: dict[str, str], flags: tuple[str, ...]
) -> Browser:
    try:
        return playwright.chromium.launch(
            executable_path=program, args=[*FLAGS, *flags], env={**environment}, chromium_sandbox=False
        )
    except PlaywrightError as error:
        raise Unavailable(
            f"{program} does not start: {error.message.splitlines()[0]}. Name another browser in {VARIABLE}."
        ) from error


def _fonts(unpacked: Path) -> dict[str, str]:
    """Makes fontconfig look at unpacked fonts, too."""
    if not unpacked.is_dir():
        return {}
    configuration = unpacked / "fonts.conf"
    written = (
        '<?xml version="1.0"?>\n<fontconfig>\n<include ignore_missing="yes">/etc/fonts/fonts.conf</include>\n'
        f"<dir>{unpacked}/usr/share/fonts</dir>\n</fontconfig>\n"
    )
    if not configuration.exists() or configuration.read_text("utf-8") != written:
        configuration.write_text(written, encoding="utf-8")
    return {"FONTCONFIG_FILE": str(configuration)}
