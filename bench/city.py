"""The sample city with the demo's accounts and boxes, in a database: what browser tests and the console's figures stand on."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bench.sensors import Box, Field, Sensor
from bench.servers.installed import CHECKOUT
from redwhistle.places.files import read_places
from server.demo import compounds
from server.demo.compounds import COMPOUNDS, Compound
from server.demo.doors import fresh_logins, open_accounts
from server.demo_logins import DemoLogin
from server.store import reading
from server.store.connection import connect
from server.store.places import open_place_store

CITY = CHECKOUT / "docker" / "sample" / "city.geojson"


def plant_city(url: str) -> tuple[DemoLogin, ...]:
    """Fill a migrated database; the log-ins of the demo's accounts."""
    tree, _ = read_places(CITY).tree_and_warnings()
    with open_place_store(url) as store:
        store.replace(tree, dry_run=False)
    with connect(url, name="bench") as connection:
        for compound in COMPOUNDS:
            reading.add_box(connection, compound.box, compound.site)
    logins = fresh_logins()
    open_accounts(url, logins, datetime.now(UTC))
    return logins


def place_boxes(field: Field) -> tuple[Box, ...]:
    """The demo's boxes with their sensors, online."""
    boxes = tuple(field.box(one.site, one.box, *_sensors(one)) for one in COMPOUNDS)
    for box in boxes:
        box.come_online()
    return boxes


def _sensors(compound: Compound) -> Sequence[Sensor]:
    return [Sensor(device.id, device.kind, device.place, device.label_zh) for device in compound.devices]


FIRST_SMOKE = compounds.FIRST_SMOKE.id
SECOND_SMOKE = compounds.SECOND_SMOKE.id
THIRD_SMOKE = compounds.THIRD_SMOKE.id
SOUTH_GATE = compounds.SOUTH_GATE.id
