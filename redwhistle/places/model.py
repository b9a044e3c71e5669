"""What a place is: values without behaviour. A place never holds a resident's name, number or address.

Longitude and latitude are degrees in WGS-84, longitude first, as GeoJSON (RFC 7946) has them.
"""

from dataclasses import dataclass
from enum import StrEnum

LonLat = tuple[float, float]
"""Longitude, latitude in degrees, WGS-84."""
Ring = tuple[LonLat, ...]
"""A closed line: the last position equals the first."""
Polygon = tuple[Ring, ...]
"""The outer ring, then the holes."""
MultiPolygon = tuple[Polygon, ...]
"""One or more polygons: every area is one, so that there is one shape to handle."""

DEFAULT_TIME_ZONE = "Asia/Shanghai"
MAX_POSITIONS = 2000
"""Positions in one place's polygon, all rings together: enough for a city's outline, and it fits in a CSV cell."""
MAX_NAME_CHARS = 100


class Level(StrEnum):
    """Where a place stands in the tree, from the top."""

    CITY = "city"
    """市: the emergency command centre."""
    DISTRICT = "district"
    """区 / 县: district command and its departments."""
    STREET = "street"
    """街道 / 乡镇: the front-line command post, which may blow the whistle."""
    COMMUNITY = "community"
    """社区 / 村: community staff and volunteers."""
    GRID = "grid"
    """网格: grid workers, all equally responsible."""
    COMPOUND = "compound"
    """小区: a site; its id is the site id of its boxes. At most one property company."""
    BUILDING = "building"
    """楼栋: has a building head."""
    UNIT = "unit"
    """单元: one staircase of a building."""
    HOUSEHOLD_GROUP = "household_group"
    """十户: ten households that help each other."""


LEVELS = tuple(Level)
"""From the top down: a parent's level always stands before its child's."""

LEVEL_ZH: dict[Level, str] = {
    Level.CITY: "市",
    Level.DISTRICT: "区县",
    Level.STREET: "街道",
    Level.COMMUNITY: "社区",
    Level.GRID: "网格",
    Level.COMPOUND: "小区",
    Level.BUILDING: "楼栋",
    Level.UNIT: "单元",
    Level.HOUSEHOLD_GROUP: "十户组",
}

PARENT_LEVELS: dict[Level, tuple[Level, ...]] = {
    Level.CITY: (),
    Level.DISTRICT: (Level.CITY,),
    Level.STREET: (Level.DISTRICT,),
    Level.COMMUNITY: (Level.STREET,),
    Level.GRID: (Level.COMMUNITY,),
    Level.COMPOUND: (Level.GRID,),
    Level.BUILDING: (Level.COMPOUND,),
    Level.UNIT: (Level.BUILDING,),
    Level.HOUSEHOLD_GROUP: (Level.GRID, Level.COMPOUND, Level.BUILDING, Level.UNIT),
}
"""The levels under which a place of each level may stand; a city stands under nothing."""


class ContactRole(StrEnum):
    """Who answers at a place. A role and nothing more: who holds it is kept with the accounts, not with places."""

    COMMAND_CENTRE = "command_centre"
    GRID_WORKER = "grid_worker"
    COMMUNITY_STAFF = "community_staff"
    PROPERTY_MANAGER = "property_manager"
    BUILDING_HEAD = "building_head"
    GROUP_HEAD = "group_head"
    """The head of a ten-household group (十户长)."""
    VOLUNTEER = "volunteer"


class PointKind(StrEnum):
    """What stands or hangs at a point."""

    EXIT = "exit"
    MUSTER = "muster"
    """Where people gather after leaving."""
    HYDRANT = "hydrant"
    LOUDSPEAKER = "loudspeaker"
    CAMERA = "camera"
    SENSOR = "sensor"
    GATE = "gate"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Place:
    """One node of the tree. `tags` (sorted) mark key places: `school`, `elderly_home`, `gas_station`, …

    `company` and `time_zone` (an IANA name; None means Asia/Shanghai) belong to compounds only.
    """

    id: str
    level: Level
    name_zh: str
    parent: str | None = None
    name_en: str = ""
    location: LonLat | None = None
    polygon: MultiPolygon | None = None
    tags: tuple[str, ...] = ()
    households: int | None = None
    contact_roles: tuple[ContactRole, ...] = ()
    company: str | None = None
    time_zone: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "tags", tuple(sorted(set(self.tags))))
        object.__setattr__(self, "contact_roles", tuple(sorted(set(self.contact_roles))))


@dataclass(frozen=True, slots=True)
class Point:
    """An exit, muster point, hydrant, loudspeaker, … inside `place` (the id of a place)."""

    id: str
    kind: PointKind
    place: str
    location: LonLat
    name_zh: str = ""
    name_en: str = ""


@dataclass(frozen=True, slots=True)
class Company:
    """A property company; `red` when it takes part in governance and is rated for it (红色物业)."""

    id: str
    name_zh: str
    name_en: str = ""
    red: bool = False
