"""`python -m bench NAME --json`: one measurement; its last line is one JSON object."""

import argparse
import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

REGISTRY: dict[str, str] = {
    "engine": "bench.engine",
}
"""Name to module. A module has `DESCRIPTION`, `add_arguments(parser)` and `run(arguments, say) -> dict`."""
Say = Callable[[str], None]


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark, or `all` of them; the last line of each is its JSON object with --json."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    modules = {name: importlib.import_module(path) for name, path in REGISTRY.items()}
    for name, module in modules.items():
        sub = names.add_parser(name, help=module.DESCRIPTION)
        module.add_arguments(sub)
        sub.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    everything = names.add_parser("all", help="each of them in turn, with its defaults")
    everything.add_argument("--json", action="store_true", help="print one JSON object after each")
    chosen = parser.parse_args(arguments)
    if chosen.name != "all":
        _run(modules[chosen.name], chosen)
        return 0
    for name, module in modules.items():
        print(f"== {name}", flush=True)
        _run(module, parser.parse_args([name, "--json"] if chosen.json else [name]))
    return 0


def _run(module: Any, chosen: argparse.Namespace) -> None:
    result: dict[str, Any] = module.run(chosen, _say)
    if chosen.json:
        print(json.dumps(result, sort_keys=True), flush=True)
    else:
        for key, value in result.items():
            print(f"{key}: {value}", flush=True)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
