"""`redwhistle words`: the texts for codes, which the console's build carries in `src/generated/words.json`."""

import json

import typer

from server.catalogue import CATALOGUE, as_json
from server.printing import AsJson, print_table


def attach(app: typer.Typer) -> None:
    """Add `words` to the root command."""
    app.command("words")(show)


def show(as_json_: AsJson = False) -> None:
    """Every code with its Chinese and English words. 列出所有代码的中英文。

    Examples: `redwhistle words`, `redwhistle words --json > server/web/src/generated/words.json`
    """
    if as_json_:
        typer.echo(json.dumps(as_json(), ensure_ascii=False, indent=1))
        return
    rows = [(kind, str(code), *pair) for kind, words in CATALOGUE.items() for code, pair in words.items()]
    print_table(("kind", "code", "中文", "English"), rows)
