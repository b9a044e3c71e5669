"""Places, companies and the map."""

from typing import Annotated

from fastapi import Path, Query

from redwhistle.contracts.ids import SLUG
from redwhistle.places.model import Level
from server.api import shown_devices
from server.api.gate import DoorsHere, Router, Who
from server.api.paging import DEFAULT_LIMIT, Cursor, Limit, cut, read_page
from server.api.problems import Code
from server.api.schemas.places import Company, CompanyList, PlaceDetail, PlacePage, PlacesMap
from server.rights.roles import Right

router = Router("places")
SEE = Right.SEE_PLACES
PlaceId = Annotated[str, Path(pattern=SLUG, max_length=64, examples=["jinsha-g3"])]
At = Annotated[str | None, Query(pattern=SLUG, max_length=64, description="Only at this place and below it")]
Text = Annotated[str | None, Query(max_length=100, description="Part of a name or an id")]


@router.route("GET", "/companies", "list_companies", SEE, response_model=CompanyList)
def list_companies(who: Who, doors: DoorsHere) -> CompanyList:
    """Property companies of the compounds in scope."""
    return CompanyList(items=[Company(**row) for row in doors.places.companies(who.scope)])


@router.route("GET", "/places", "list_places", SEE, problems=(Code.NOT_FOUND,), response_model=PlacePage)
def list_places(
    who: Who,
    doors: DoorsHere,
    at: At = None,
    level: Annotated[Level | None, Query()] = None,
    q: Text = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> PlacePage:
    """Places in scope, from the top of the tree down."""
    page = read_page("places", limit, cursor, int, str)
    found = doors.places.places(who.scope, at=at, level=level, text=q, page=page)
    rows, following = cut("places", page, found, lambda row: [row["rank"], row["id"]])
    return PlacePage(items=[shown_devices.place(row) for row in rows], next=following)


@router.route("GET", "/places/map", "places_map", SEE, problems=(Code.NOT_FOUND,), response_model=PlacesMap)
def places_map(who: Who, doors: DoorsHere, at: At = None) -> PlacesMap:
    """Polygons and points in scope as GeoJSON."""
    return shown_devices.places_map(doors.places.map_of(who.scope, at))


@router.route(
    "GET", "/places/{place}", "get_place", SEE, problems=(Code.NOT_FOUND,), response_model=PlaceDetail
)
def get_place(place: PlaceId, who: Who, doors: DoorsHere) -> PlaceDetail:
    """A place with the way down to it, what is in it, and what stands there."""
    return shown_devices.place_detail(doors.places.place(who.scope, place))
