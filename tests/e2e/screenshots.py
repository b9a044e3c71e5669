"""Pictures of every page at phone, desk and wall width, in both languages and themes, to be looked at.

python -m tests.e2e.screenshots [--out FOLDER] [--only TEXT]
"""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from bench.servers.chromium import running_chromium
from bench.servers.databases import Databases
from bench.servers.folder import server_folder
from bench.servers.installed import CHECKOUT
from bench.servers.timescaledb import timescaledb_server
from server.store.migrate import migrate
from tests.e2e.scenes import ROUTES, Route, busy
from tests.e2e.world import DESK, PHONE, WALL, World, running_machine

SIZES = (PHONE, DESK, WALL)
_SETTLE_MS = 1_000
"""For the map and the fonts."""


def main() -> int:
    """Take them all."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=CHECKOUT / "screenshots", help="a folder (screenshots/)")
    parser.add_argument("--only", default="", help="only files whose name has this text, e.g. q-360 or desk")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        folder = stack.enter_context(server_folder("screenshots"))
        server = stack.enter_context(timescaledb_server(folder / "pg"))
        url = Databases(server.url).create()
        migrate(url)
        machine = stack.enter_context(running_machine(url, folder))
        browser = stack.enter_context(running_chromium())
        world = World(machine, browser, {})
        names = busy(world).names
        for route in ROUTES:
            for width, height in SIZES:
                for lang in ("zh", "en"):
                    for theme in ("light", "dark", *(("glare",) if width == PHONE[0] else ())):
                        file = chosen.out / f"{route.name}-{width}-{lang}-{theme}.png"
                        if chosen.only in file.name:
                            _take(world, route, names, file, (width, height), lang, theme)
    print(f"the pictures lie in {chosen.out}")
    return 0


def _take(
    world: World,
    route: Route,
    names: dict[str, str],
    file: Path,
    size: tuple[int, int],
    lang: str,
    theme: str,
) -> None:
    person = world.enter(route.login, size=size, lang=lang, theme=theme)
    page = person.go(route.path.format(**names))
    page.locator(route.shown).first.wait_for()
    page.wait_for_timeout(_SETTLE_MS)
    page.screenshot(path=file)
    world.leave(check=False)


if __name__ == "__main__":
    sys.exit(main())
