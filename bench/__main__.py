"""`python -m bench NAME --json`: one measurement; its last line is one JSON object. Progress goes to stderr."""

import argparse
import importlib
import json
import sys
from typing import Any

from bench.say import say_on_stderr
from redwhistle.errors import RedWhistleError

REGISTRY: dict[str, str] = {
    "camera": "bench.camera",
    "console": "bench.console",
    "engine": "bench.engine",
    "ingest": "bench.ingest",
    "latency": "bench.latency",
    "query": "bench.query",
    "reflex": "bench.reflex",
    "stream": "bench.stream",
}
"""Name to module. A module has `DESCRIPTION`, `add_arguments(parser)` and `run(arguments, say) -> dict`."""
EXAMPLES = """examples:
  python -m bench ingest --json                 the figures of docs/benchmarks.md
  python -m bench query --json --rows 1000000   a short run; its 100 M rows need 40 GB of disk
  python -m bench latency --help                what can be changed
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark, or `all` of them; 0, or 1 when one could not be run."""
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = parser.add_subparsers(dest="name", required=True, metavar="NAME")
    modules = {name: importlib.import_module(path) for name, path in REGISTRY.items()}
    for name, module in modules.items():
        sub = names.add_parser(
            name,
            help=module.DESCRIPTION,
            description=module.__doc__,
            epilog=f"example:\n  python -m bench {name} --json",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(sub)
        sub.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    everything = names.add_parser("all", help="each of them in turn, with its defaults")
    everything.add_argument("--json", action="store_true", help="print one JSON object after each")
    chosen = parser.parse_args(arguments)
    as_json = ["--json"] if chosen.json else []
    todo = list(modules) if chosen.name == "all" else [chosen.name]
    outcomes = [
        _run(modules[name], parser.parse_args([name, *as_json]) if chosen.name == "all" else chosen)
        for name in todo
    ]
    return 0 if all(outcomes) else 1


def _run(module: Any, chosen: argparse.Namespace) -> bool:
    try:
        result: dict[str, Any] = module.run(chosen, say_on_stderr)
    except (RedWhistleError, TimeoutError) as error:
        say_on_stderr(f"{chosen.name} could not be measured: {error}")
        return False
    if chosen.json:
        print(json.dumps(result, sort_keys=True), flush=True)
    else:
        for key, value in result.items():
            print(f"{key}: {value}", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
