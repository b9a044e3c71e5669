"""`redwhistle serve | api | ingest | dispatch`: the server's processes."""

from pathlib import Path
from typing import Annotated

import typer

from redwhistle.logs import LogFormat, configure_logs
from server.settings import Settings

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url", help="postgresql://… [default: REDWHISTLE_DATABASE_URL]", show_default=False
    ),
]
MqttHost = Annotated[
    str | None, typer.Option(help="Broker [default: REDWHISTLE_MQTT_HOST or 127.0.0.1]", show_default=False)
]
MqttPort = Annotated[
    int | None, typer.Option(help="Its port [default: REDWHISTLE_MQTT_PORT or 1883]", show_default=False)
]
MqttUser = Annotated[
    str | None,
    typer.Option(
        "--mqtt-username",
        help="User name at the broker; the password comes from REDWHISTLE_MQTT_PASSWORD or …_FILE.",
    ),
]
MqttCa = Annotated[
    Path | None,
    typer.Option("--mqtt-ca-file", help="PEM of the authority that signed the broker; turns TLS on."),
]
Rules = Annotated[Path | None, typer.Option("--rules", help="A rule pack instead of the default one.")]
MetricsPort = Annotated[int | None, typer.Option(help="Answer /metrics on 127.0.0.1 at this port.")]
ApiHost = Annotated[
    str | None,
    typer.Option(
        help="Where the API and the console listen [default: REDWHISTLE_API_HOST or 127.0.0.1]",
        show_default=False,
    ),
]
ApiPort = Annotated[
    int | None,
    typer.Option(
        help="Their port; 0: any free one [default: REDWHISTLE_API_PORT or 8080]", show_default=False
    ),
]
LogJson = Annotated[
    bool, typer.Option("--log-json/--log-text", help="Log lines as JSON objects or for people.")
]


def attach(root: typer.Typer) -> None:
    """Hang the four commands under the root command."""
    root.command()(serve)
    root.command()(api)
    root.command()(ingest)
    root.command()(dispatch)


def serve(
    database_url: DatabaseUrl = None,
    mqtt_host: MqttHost = None,
    mqtt_port: MqttPort = None,
    mqtt_username: MqttUser = None,
    mqtt_ca_file: MqttCa = None,
    rules: Rules = None,
    metrics_port: MetricsPort = None,
    embedded: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Bring an own database and broker, kept in DIR (needs the extra `demo`)."
        ),
    ] = None,
    migrate: Annotated[bool, typer.Option("--migrate", help="Bring the schema up to date first.")] = False,
    with_api: Annotated[
        bool, typer.Option("--api/--no-api", help="Answer at the HTTP doors, too: API and console.")
    ] = True,
    api_host: ApiHost = None,
    api_port: ApiPort = None,
    log_json: LogJson = False,
) -> None:
    """Do everything in one process on one machine: ingest, timers, API and console. Stops on Ctrl-C or SIGTERM.

    Where there is no account yet, `admin` is made, and its random password printed once.

    Example: redwhistle serve --embedded ./data
    Example: redwhistle serve --database-url postgresql://rw@db/redwhistle --mqtt-host broker --migrate
    """
    from server import wiring  # here: the other commands need not wait for all that a server needs

    configure_logs(LogFormat.JSON if log_json else LogFormat.CONSOLE)
    settings = Settings.read(
        database_url=database_url,
        mqtt_host=mqtt_host,
        mqtt_port=mqtt_port,
        mqtt_username=mqtt_username,
        mqtt_ca_file=mqtt_ca_file,
        rules_file=rules,
        metrics_port=metrics_port,
        api_host=api_host,
        api_port=api_port,
    )
    wiring.serve(settings, embedded_dir=embedded, migrate_first=migrate, with_api=with_api)


def api(
    database_url: DatabaseUrl = None,
    api_host: ApiHost = None,
    api_port: ApiPort = None,
    rules: Rules = None,
    metrics_port: MetricsPort = None,
    log_json: LogJson = False,
) -> None:
    """Answer at the HTTP doors: API, live stream and console. Run as many as you like behind a proxy.

    Where there is no account yet, `admin` is made, and its random password printed once.

    Example: redwhistle api --database-url postgresql://rw@db/redwhistle --api-port 8080
    """
    from server import wiring  # here: the other commands need not wait for all that a server needs

    configure_logs(LogFormat.JSON if log_json else LogFormat.CONSOLE)
    wiring.run_api(
        Settings.read(
            database_url=database_url,
            api_host=api_host,
            api_port=api_port,
            rules_file=rules,
            metrics_port=metrics_port,
        )
    )


def ingest(
    database_url: DatabaseUrl = None,
    mqtt_host: MqttHost = None,
    mqtt_port: MqttPort = None,
    mqtt_username: MqttUser = None,
    mqtt_ca_file: MqttCa = None,
    rules: Rules = None,
    metrics_port: MetricsPort = None,
    log_json: LogJson = False,
) -> None:
    """Store what the boxes send and raise alerts. Run as many as you like: they share the work.

    Example: redwhistle ingest --database-url postgresql://rw@db/redwhistle --mqtt-host broker --metrics-port 9101
    """
    from server import wiring  # here: the other commands need not wait for all that a server needs

    configure_logs(LogFormat.JSON if log_json else LogFormat.CONSOLE)
    wiring.run_ingest(
        Settings.read(
            database_url=database_url,
            mqtt_host=mqtt_host,
            mqtt_port=mqtt_port,
            mqtt_username=mqtt_username,
            mqtt_ca_file=mqtt_ca_file,
            rules_file=rules,
            metrics_port=metrics_port,
        )
    )


def dispatch(
    database_url: DatabaseUrl = None,
    rules: Rules = None,
    metrics_port: MetricsPort = None,
    log_json: LogJson = False,
) -> None:
    """Do what is due: leases that run out, rules that wait for time to pass, rollups, retention. Run two for safety.

    Example: redwhistle dispatch --database-url postgresql://rw@db/redwhistle
    """
    from server import wiring  # here: the other commands need not wait for all that a server needs

    configure_logs(LogFormat.JSON if log_json else LogFormat.CONSOLE)
    wiring.run_dispatch(Settings.read(database_url=database_url, rules_file=rules, metrics_port=metrics_port))
