"""Places, companies, points, and the map."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict

from redwhistle.places.model import ContactRole, PointKind
from server.api.schemas.wire import LevelCode, LonLat, Named, PlaceRef, Shape, codes

PointCode = Annotated[str, codes(PointKind)]
ContactCode = Annotated[str, codes(ContactRole)]


class Company(Shape):
    """A property company; `red` when it takes part in governance (红色物业)."""

    id: str
    name_zh: str
    name_en: str
    red: bool


class CompanyList(Shape):
    """Property companies of the compounds in scope."""

    items: list[Company]


class Place(Shape):
    """A place of the tree."""

    id: str
    level: LevelCode
    name_zh: str
    name_en: str
    parent: str | None
    company: str | None
    tags: list[str]
    households: int | None
    contact_roles: list[ContactCode]
    time_zone: str | None
    location: LonLat | None
    children: int


class PlacePage(Shape):
    """Places by level, then id."""

    items: list[Place]
    next: str | None


class Point(Shape):
    """An exit, muster point, hydrant, loudspeaker … inside a place."""

    id: str
    kind: PointCode
    place: str
    name_zh: str
    name_en: str
    location: LonLat


class PlaceCounts(Shape):
    """What lies at a place and below it."""

    grids: int
    compounds: int
    boxes: int
    boxes_online: int
    devices: int
    open_items: int


class PlaceDetail(Shape):
    """A place with the way down to it, its children, its points and what is there."""

    place: Place
    path: list[PlaceRef]
    company: Named | None
    children: list[Place]
    points: list[Point]
    counts: PlaceCounts


class MapProperties(Shape):
    """What a feature of the map is: a place with its level, or a point with its kind."""

    what: Literal["place", "point"]
    level: LevelCode | None
    kind: PointCode | None
    parent: str | None
    name_zh: str
    name_en: str


class Geometry(Shape):
    """GeoJSON geometry: MultiPolygon or Point, WGS-84."""

    type: Literal["MultiPolygon", "Point"]
    coordinates: list[Any]


class MapFeature(Shape):
    """One place or point."""

    type: Literal["Feature"]
    id: str
    geometry: Geometry
    properties: MapProperties


class PlacesMap(Shape):
    """GeoJSON: polygons of places and the points in them."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "FeatureCollection",
                    "features": [
                        {
                            "type": "Feature",
                            "id": "jinyuan-exit-e",
                            "geometry": {"type": "Point", "coordinates": [102.71, 25.04]},
                            "properties": {
                                "what": "point",
                                "level": None,
                                "kind": "exit",
                                "parent": "jinyuan",
                                "name_zh": "东门",
                                "name_en": "East gate",
                            },
                        }
                    ],
                }
            ]
        }
    )

    type: Literal["FeatureCollection"]
    features: list[MapFeature]
