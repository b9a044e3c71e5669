"""`redwhistle openapi`: the document from which the console's client is generated."""

import json

import typer


def attach(root: typer.Typer) -> None:
    """Hang it under the root command."""
    root.command()(openapi)


def openapi() -> None:
    """Print the OpenAPI document of the HTTP API.

    Example: redwhistle openapi > server/web/openapi.json
    """
    from server.api.app import create_app, describe  # here: other commands need not wait for the framework

    typer.echo(written(describe(create_app())), nl=False)


def written(value: object) -> str:
    """JSON as it stands in a file that is compared: indented, with a newline at its end."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
