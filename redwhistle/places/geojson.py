"""Places as one GeoJSON FeatureCollection (RFC 7946): a feature for each place, point and company.

`properties.type` says which it is; the other properties are named as the CSV columns. A place's geometry is its
polygon, or its location where it has no polygon (then `properties.location` is not needed), or null.
"""

import json
import math
from collections.abc import Iterator
from typing import Any

from redwhistle.places.check import Sources
from redwhistle.places.draft import Draft, unreadable
from redwhistle.places.model import Company, LonLat, MultiPolygon, Place, Point, Polygon, Ring
from redwhistle.places.problem import Problem, error
from redwhistle.places.record import (
    COMPANY_FIELDS,
    PLACE_FIELDS,
    POINT_FIELDS,
    SEPARATOR,
    BadRecord,
    from_company,
    from_place,
    from_point,
    to_company,
    to_place,
    to_point,
)
from redwhistle.places.text_file import BrokenText, decode_text
from redwhistle.places.tree import PlaceTree

FORMAT_VERSION = 1
MAX_PROBLEMS = 200


def read_geojson(data: bytes, name: str) -> Draft:
    """A draft of a FeatureCollection; `name` is the file's, for the problems."""
    try:
        text, _ = decode_text(data, name)
        document = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except BrokenText as fault:
        return unreadable(fault.problem)
    except json.JSONDecodeError as fault:
        text = f"not JSON ({fault.msg} in column {fault.colno}): is it cut off, or not a GeoJSON file?"
        return unreadable(error("not_json", f"{name} line {fault.lineno}", text))
    except (BadRecord, RecursionError, ValueError) as fault:
        return unreadable(error("not_json", name, f"not usable as GeoJSON: {str(fault)[:200]}"))
    try:
        features = _features(document)
    except BadRecord as fault:
        return unreadable(error("not_geojson", name, str(fault)))
    return _read_features(features, name)


def write_geojson(tree: PlaceTree) -> bytes:
    """One feature a line, so that a change is one line in a comparison."""
    features = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in _write_features(tree))
    head = f'{{"type": "FeatureCollection", "redwhistle_places": {FORMAT_VERSION}, "features": [\n'
    return f"{head}{features}\n]}}\n".encode()


def _read_features(features: list[Any], name: str) -> Draft:
    places: list[tuple[Place, str]] = []
    points: list[tuple[Point, str]] = []
    companies: list[tuple[Company, str]] = []
    problems: list[Problem] = []
    for number, feature in enumerate(features, 1):
        where = f"{name} feature {number}{_label(feature)}"
        try:
            thing = _read_feature(feature)
        except BadRecord as fault:
            problems.append(error("bad_feature", where, str(fault)))
            if len(problems) >= MAX_PROBLEMS:
                problems.append(
                    error("too_many", where, "reading stopped here: correct the features before it first")
                )
                break
            continue
        if isinstance(thing, Place):
            places.append((thing, where))
        elif isinstance(thing, Point):
            points.append((thing, where))
        else:
            companies.append((thing, where))
    return Draft(
        places=tuple(place for place, _ in places),
        points=tuple(point for point, _ in points),
        companies=tuple(company for company, _ in companies),
        sources=Sources(*(tuple(where for _, where in things) for things in (places, points, companies))),
        unreadable=tuple(problems),
    )


def _features(document: Any) -> list[Any]:
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise BadRecord('the file is not a GeoJSON FeatureCollection: its "type" says what it is')
    version = document.get("redwhistle_places", FORMAT_VERSION)
    if version != FORMAT_VERSION:
        raise BadRecord(
            f"places format {str(version)[:20]!r}, this program reads {FORMAT_VERSION}: update it"
        )
    if not isinstance(features := document.get("features"), list):
        raise BadRecord('"features" is not a list')
    crs = json.dumps(document.get("crs")) if document.get("crs") else ""
    if crs and not any(known in crs for known in ("CRS84", "EPSG::4326", "EPSG:4326")):
        raise BadRecord(
            f"coordinates in {crs[:100]}: convert them to WGS-84 longitude and latitude (EPSG:4326) first"
        )
    return features


def _read_feature(feature: Any) -> Place | Point | Company:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise BadRecord('not a GeoJSON feature: "type" must be "Feature"')
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        raise BadRecord('"properties" is missing')
    kind = properties.get("type")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise BadRecord(f'properties.type {str(kind)[:40]!r}: write "place", "point" or "company"')
    fields = _fields(properties, kind) | _identity(feature, properties)
    location, polygon = _read_geometry(feature.get("geometry"))
    if kind == "company":
        if location or polygon:
            raise BadRecord('a company has no shape: its "geometry" is null')
        return to_company(fields)
    if kind == "point":
        if polygon:
            raise BadRecord('the geometry of a point is of type "Point"')
        return to_point(fields, location)
    if "location" in properties and properties["location"] is not None:
        if location:
            raise BadRecord(
                "the location is given twice, in the geometry and in properties.location: remove one"
            )
        location = _position(properties["location"])
    return to_place(fields, location, polygon)


def _fields(properties: dict[str, Any], kind: str) -> dict[str, str]:
    allowed = _FIELDS[kind]
    fields: dict[str, str] = {}
    for name, value in properties.items():
        if name not in allowed:
            raise BadRecord(
                f"unknown property {name[:40]!r}: a {kind} has {', '.join(sorted(allowed))}; remove it"
            )
        if name in {"type", "location"} or value is None:
            continue
        if name in {"tags", "contact_roles"}:
            fields[name] = _join(name, value)
        elif isinstance(value, bool) and name == "red":
            fields[name] = str(value).lower()
        elif isinstance(value, int) and not isinstance(value, bool) and name == "households":
            fields[name] = str(value) if abs(value) < 10**12 else "too many"
        elif isinstance(value, str):
            fields[name] = value
        else:
            raise BadRecord(f"property {name}: {type(value).__name__} is not what stands there")
    return fields


def _join(name: str, value: Any) -> str:
    if not isinstance(value, list) or not all(
        isinstance(item, str) and SEPARATOR not in item for item in value
    ):
        raise BadRecord(f'property {name} is a list of words, as in ["school"]')
    return SEPARATOR.join(value)


def _identity(feature: dict[str, Any], properties: dict[str, Any]) -> dict[str, str]:
    """The feature's own id; programs that drop it leave `properties.id`."""
    own, inner = feature.get("id"), properties.get("id")
    if own is None:
        return {}
    if not isinstance(own, str):
        raise BadRecord(f"id {str(own)[:40]} is not a text")
    if inner is not None and inner != own:
        raise BadRecord(f"id {own[:80]!r} and properties.id {str(inner)[:80]!r} differ: remove one")
    return {"id": own}


def _read_geometry(geometry: Any) -> tuple[LonLat | None, MultiPolygon | None]:
    if geometry is None:
        return None, None
    if not isinstance(geometry, dict):
        raise BadRecord('"geometry" is neither null nor an object')
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "Point":
        return _position(coordinates), None
    if kind == "Polygon":
        return None, (_polygon(coordinates),)
    if kind == "MultiPolygon":
        return None, tuple(_polygon(part) for part in _list(coordinates, "a list of polygons"))
    raise BadRecord(f'geometry {str(kind)[:40]!r}: use "Point", "Polygon" or "MultiPolygon"')


def _polygon(value: Any) -> Polygon:
    return tuple(_ring(ring) for ring in _list(value, "a list of rings"))


def _ring(value: Any) -> Ring:
    return tuple(_position(position) for position in _list(value, "a ring: a list of positions"))


def _position(value: Any) -> LonLat:
    """Longitude and latitude; a third number is a height (RFC 7946, 3.1.1) and of no use here."""
    if not isinstance(value, list) or len(value) not in {2, 3} or not all(map(_is_number, value)):
        raise BadRecord(f"{json.dumps(value)[:60]} is not a position: [longitude, latitude]")
    return float(value[0]), float(value[1])


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e9 and math.isfinite(value)


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise BadRecord(f"coordinates: {json.dumps(value)[:60]} is not {what}")
    return value


def _write_features(tree: PlaceTree) -> Iterator[dict[str, Any]]:
    for company in tree.companies:
        yield _feature("company", from_company(company) | {"red": company.red}, None)
    for place in tree.places:
        properties: dict[str, Any] = from_place(place) | {
            "tags": list(place.tags),
            "contact_roles": [role.value for role in place.contact_roles],
            "households": place.households,
        }
        if place.polygon and place.location:
            properties["location"] = list(place.location)
        yield _feature("place", properties, _write_geometry(place))
    for point in tree.points:
        geometry = {"type": "Point", "coordinates": list(point.location)}
        yield _feature("point", dict(from_point(point)), geometry)


def _feature(kind: str, properties: dict[str, Any], geometry: dict[str, Any] | None) -> dict[str, Any]:
    said = {name: value for name, value in properties.items() if name != "id" and value not in ("", None, [])}
    return {
        "type": "Feature",
        "id": properties["id"],
        "properties": {"type": kind} | said,
        "geometry": geometry,
    }


def _write_geometry(place: Place) -> dict[str, Any] | None:
    if place.polygon:
        if len(place.polygon) == 1:
            return {"type": "Polygon", "coordinates": place.polygon[0]}
        return {"type": "MultiPolygon", "coordinates": place.polygon}
    return {"type": "Point", "coordinates": place.location} if place.location else None


def _label(feature: Any) -> str:
    if not isinstance(feature, dict):
        return ""
    properties = feature.get("properties")
    name = feature.get("id") or (properties.get("id") if isinstance(properties, dict) else None)
    return f" ({name[:80]})" if isinstance(name, str) else ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadRecord(f"{twice[:40]!r} stands twice in one object: remove one")
    return found


def _refuse_constant(name: str) -> Any:
    raise BadRecord(f"{name} is not a number that JSON knows")


_FIELDS: dict[str, frozenset[str]] = {
    "place": frozenset({*PLACE_FIELDS, "type", "location"}),
    "point": frozenset({*POINT_FIELDS, "type"}),
    "company": frozenset({*COMPANY_FIELDS, "type"}),
}
