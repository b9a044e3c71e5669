"""`redwhistle openapi` and `redwhistle words`: what the console is generated from."""

import json

import typer


def attach(root: typer.Typer) -> None:
    """Hang both under the root command."""
    root.command()(openapi)
    root.command()(words)


def openapi() -> None:
    """Print the OpenAPI document of the HTTP API.

    Example: redwhistle openapi > server/web/openapi.json
    """
    from server.api.app import create_app, describe  # here: other commands need not wait for the framework

    typer.echo(written(describe(create_app())), nl=False)


def words() -> None:
    """Print the words for all codes, by group, in Chinese and English, as JSON.

    Example: redwhistle words > server/web/src/generated/words.json
    """
    from server.words import all_words

    pairs = {
        group: {str(code): {"zh": zh, "en": en} for code, (zh, en) in codes.items()}
        for group, codes in all_words().items()
    }
    typer.echo(written(pairs), nl=False)


def written(value: object) -> str:
    """JSON as it stands in a file that is compared: indented, with a newline at its end."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
