"""What an intake does when its database is gone, at whatever moment."""

import psycopg
import pytest

from redwhistle.errors import Unavailable
from server.ingest.handler import Handler
from server.store.connection import Connection
from server.store.intake import Intake
from tests.integration.test_intake import HeatScreen, event_message, held, plant_places, reading_message

pytestmark = pytest.mark.servers


def test_a_lost_connection_is_unavailable_and_the_next_batch_reconnects(database: str) -> None:
    plant_places(database)
    intake = Intake(database, name="cut", stepper=lambda *_: None)
    handler = Handler(intake, HeatScreen(), presence_step_ms=30_000)
    handler.handle([reading_message(1, 3)])
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'redwhistle-cut'"
        )
    with pytest.raises(Unavailable):
        handler.handle([reading_message(4, 3)])
    assert held(handler.handle([reading_message(4, 3)])) == ((1, 6),)
    intake.close()


def test_a_connection_cut_off_in_a_pipeline_is_given_up_though_the_driver_calls_it_open(
    database: str,
) -> None:
    """What a database killed at the wrong moment leaves: results that never come, and no way out of the pipeline."""
    plant_places(database)
    cuts = iter([True])

    def step(connection: Connection, *_: object) -> None:
        if next(cuts, False):
            connection.pgconn.enter_pipeline_mode()
            connection.pgconn.send_query_params(b"SELECT pg_sleep(0)", None)
            raise psycopg.OperationalError("the server is gone")

    intake = Intake(database, name="stuck", stepper=step)
    handler = Handler(intake, HeatScreen(), presence_step_ms=30_000)
    with pytest.raises(Unavailable):
        handler.handle([event_message(1)])
    assert held(handler.handle([event_message(1)])) == ((1, 1),)
    intake.close()
