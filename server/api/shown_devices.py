"""Rows of the store as the shapes on the wire: places, boxes, devices, readings, events."""

from server.api.ports import Row
from server.api.schemas.devices import (
    Box,
    BoxClock,
    BoxLane,
    Device,
    Event,
    LastEvent,
    Latest,
    ReadingPoint,
    Series,
)
from server.api.schemas.places import (
    Geometry,
    MapFeature,
    MapProperties,
    Place,
    PlaceCounts,
    PlaceDetail,
    PlacesMap,
    Point,
)
from server.api.schemas.wire import Named
from server.api.shown import path
from server.words import unit_of


def place_detail(row: Row) -> PlaceDetail:
    """A place with everything around it."""
    company = row["company"]
    return PlaceDetail(
        place=place(row["place"]),
        path=path(row["path"]),
        company=None if company is None else Named(**company),
        children=[place(child) for child in row["children"]],
        points=[Point(**point) for point in row["points"]],
        counts=PlaceCounts(**row["counts"]),
    )


def place(row: Row) -> Place:
    """A row of looking/places.sql."""
    return Place(**{name: row[name] for name in Place.model_fields})


def places_map(row: Row) -> PlacesMap:
    """Polygons first, points after them."""
    return PlacesMap(
        type="FeatureCollection",
        features=[
            *(_feature(one, "place", "MultiPolygon") for one in row["places"]),
            *(_feature(one, "point", "Point") for one in row["points"]),
        ],
    )


def box(row: Row) -> Box:
    """A row of reading/boxes.sql with its `lanes`."""
    names = Box.model_fields.keys() - {"reason", "clock", "lanes", "path"}
    return Box(
        **{name: row[name] for name in names},
        reason=row["offline_reason"],
        clock=BoxClock(synced=row["clock_synced"], offset_ms=row["clock_offset_ms"]),
        lanes=[_lane(lane) for lane in row["lanes"]],
        path=path(row["path"]),
    )


def device(row: Row) -> Device:
    """A device with `latest` values, `last_event`, `liveness`, `stale` and `open_alerts`."""
    names = Device.model_fields.keys() - {"path", "latest", "last_event"}
    event = row["last_event"]
    return Device(
        **{name: row[name] for name in names},
        path=path(row["path"]),
        latest=[Latest(**one, unit=unit_of(one["metric"])) for one in row["latest"]],
        last_event=None if event is None else LastEvent(**event),
    )


def series(row: Row) -> Series:
    """One metric of one device in buckets."""
    return Series(
        device=f"{row['box']}/{row['device']}",
        metric=row["metric"],
        unit=unit_of(row["metric"]),
        points=[ReadingPoint(**point) for point in row["points"]],
    )


def event(row: Row) -> Event:
    """A row of reading/events.sql."""
    return Event(**{name: row[name] for name in Event.model_fields})


def _lane(row: Row) -> BoxLane:
    names = BoxLane.model_fields.keys() - {"received_to"}
    return BoxLane(**{name: row[name] for name in names}, received_to=row["stored_up_to"])


def _feature(row: Row, what: str, geometry: str) -> MapFeature:
    return MapFeature(
        type="Feature",
        id=row["id"],
        geometry=Geometry.model_validate({"type": geometry, "coordinates": row["coordinates"]}),
        properties=MapProperties.model_validate(
            {
                "what": what,
                "level": row.get("level"),
                "kind": row.get("kind"),
                "parent": row["parent"],
                "name_zh": row["name_zh"],
                "name_en": row["name_en"],
            }
        ),
    )
