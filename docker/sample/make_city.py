"""Makes the sample city: city.geojson and the CSV tables beside this file. The same every time.

The names sound like Kunming's; the outlines, the compounds and everything in them are made up, and nobody lives there.

    python docker/sample/make_city.py
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from redwhistle.places.files import Format, write_places
from redwhistle.places.model import Company, ContactRole, Level, LonLat, MultiPolygon, Place, Point, PointKind
from redwhistle.places.tree import PlaceTree

HERE = Path(__file__).parent
WEST, SOUTH = 102.7000, 25.0300
GRID_LON, GRID_LAT = 0.0060, 0.0050
"""A grid's size in degrees: about 600 m by 560 m."""
SHIFTS = (0.0, 0.0003, -0.0004, 0.0002, -0.0002, 0.0004, 0.0001, -0.0003)
"""How far corners of grids are moved, so that outlines look drawn and still tile."""


@dataclass(frozen=True, slots=True)
class Compound:
    """One compound: where in its grid it lies (0 to 3: south-west, south-east, north-west, north-east)."""

    id: str
    grid: str
    name_zh: str
    name_en: str
    corner: int
    company: str | None
    buildings: int
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """A district, street or community: a block of grids, from `column` and `row` of the city's net on."""

    id: str
    parent: str
    name_zh: str
    name_en: str
    column: int
    row: int
    columns: int
    rows: int


COMPANIES = (
    Company("cuihu-wuye", "翠湖物业服务有限公司", "Cuihu Property Services", red=True),
    Company("dianchi-wuye", "滇池家园物业有限公司", "Dianchi Homes Property", red=True),
    Company("jinma-wuye", "金马物业管理有限公司", "Jinma Property Management", red=False),
    Company("chuncheng-wuye", "春城红色物业有限公司", "Spring City Property", red=True),
)


DISTRICTS = (
    Area("panlong", "kunming", "盘龙区", "Panlong District", 0, 0, 4, 4),
    Area("wuhua", "kunming", "五华区", "Wuhua District", 4, 0, 2, 4),
    Area("guandu", "kunming", "官渡区", "Guandu District", 6, 0, 2, 4),
)
STREETS = (
    Area("jinchen", "panlong", "金辰街道", "Jinchen Subdistrict", 0, 0, 4, 2),
    Area("qingyun", "panlong", "青云街道", "Qingyun Subdistrict", 0, 2, 4, 2),
    Area("huashan", "wuhua", "华山街道", "Huashan Subdistrict", 4, 0, 2, 4),
    Area("gudu", "guandu", "古渡街道", "Gudu Subdistrict", 6, 0, 2, 4),
)
COMMUNITIES = (
    Area("jinsha", "jinchen", "金沙社区", "Jinsha Community", 0, 0, 2, 2),
    Area("chenguang", "jinchen", "辰光社区", "Chenguang Community", 2, 0, 2, 2),
    Area("yunfeng", "qingyun", "云枫社区", "Yunfeng Community", 0, 2, 2, 2),
    Area("bailong", "qingyun", "白龙社区", "Bailong Community", 2, 2, 2, 2),
    Area("cuihu-north", "huashan", "翠湖北社区", "Cuihu North Community", 4, 0, 2, 2),
    Area("wenlin", "huashan", "文林社区", "Wenlin Community", 4, 2, 2, 2),
    Area("luofeng", "gudu", "螺峰社区", "Luofeng Community", 6, 0, 2, 2),
    Area("dianpan", "gudu", "滇畔社区", "Dianpan Community", 6, 2, 2, 2),
)
COMPOUNDS = (
    Compound("jinyuan", "jinsha-g1", "锦园", "Jinyuan", 3, "cuihu-wuye", 8),
    Compound("jinhe", "jinsha-g3", "锦和", "Jinhe", 1, "dianchi-wuye", 6),
    Compound(
        "jinsha-primary-school", "jinsha-g3", "金沙小学", "Jinsha Primary School", 2, None, 2, ("school",)
    ),
    Compound("jinsha-yuan", "jinsha-g4", "金沙苑", "Jinsha Court", 0, "cuihu-wuye", 4),
    Compound("chenguang-garden", "chenguang-g1", "辰光花园", "Chenguang Garden", 3, "jinma-wuye", 5),
    Compound(
        "bailong-nursing-home",
        "chenguang-g2",
        "白龙敬老院",
        "Bailong Nursing Home",
        0,
        None,
        2,
        ("elderly_home",),
    ),
    Compound("yunfeng-li", "yunfeng-g2", "云枫里", "Yunfeng Lane", 2, "chuncheng-wuye", 4),
    Compound("bailong-yuan", "bailong-g1", "白龙苑", "Bailong Court", 1, "jinma-wuye", 3),
    Compound(
        "qingyun-gas", "bailong-g4", "青云加油站", "Qingyun Filling Station", 3, None, 1, ("gas_station",)
    ),
    Compound("cuihu-mingju", "cuihu-north-g3", "翠湖名居", "Cuihu Residence", 0, "cuihu-wuye", 5),
    Compound("wenlin-yuan", "wenlin-g1", "文林苑", "Wenlin Court", 2, "chuncheng-wuye", 3),
    Compound("wenlin-clinic", "wenlin-g2", "文林社区医院", "Wenlin Clinic", 1, None, 1, ("hospital",)),
    Compound("luofeng-xincun", "luofeng-g1", "螺峰新村", "Luofeng New Village", 0, "dianchi-wuye", 6),
    Compound("gudu-market", "luofeng-g4", "古渡集市", "Gudu Market", 3, "jinma-wuye", 2, ("market",)),
    Compound("dianpan-jiayuan", "dianpan-g2", "滇畔家园", "Dianpan Homes", 2, "dianchi-wuye", 4),
)
WITH_GROUPS = frozenset({"jinyuan", "jinhe"})
"""Compounds whose units have their ten-household groups drawn in."""
UNITS_PER_BUILDING = 2
HOUSEHOLDS_PER_UNIT = 10


def make_city() -> PlaceTree:
    """The whole tree."""
    places = list(_make_upper())
    for area in COMMUNITIES:
        places += _make_grids(area)
    grids = {place.id: place for place in places if place.level is Level.GRID}
    points: list[Point] = []
    for compound in COMPOUNDS:
        outline = _corners(grids[compound.grid])
        places += _make_compound(compound, outline)
        points += _make_points(compound, outline)
    return PlaceTree(tuple(places), tuple(points), COMPANIES)


def _make_upper() -> Iterator[Place]:
    yield Place(
        id="kunming",
        level=Level.CITY,
        name_zh="昆明市",
        name_en="Kunming",
        polygon=_outline(0, 0, 8, 4),
        contact_roles=(ContactRole.COMMAND_CENTRE,),
    )
    for level, areas in (
        (Level.DISTRICT, DISTRICTS),
        (Level.STREET, STREETS),
        (Level.COMMUNITY, COMMUNITIES),
    ):
        for area in areas:
            yield Place(
                id=area.id,
                level=level,
                name_zh=area.name_zh,
                parent=area.parent,
                name_en=area.name_en,
                polygon=_outline(area.column, area.row, area.columns, area.rows),
                contact_roles=_ROLES[level],
            )


def _make_grids(area: Area) -> Iterator[Place]:
    for number in range(1, area.columns * area.rows + 1):
        row, column = divmod(number - 1, area.columns)
        yield Place(
            id=f"{area.id}-g{number}",
            level=Level.GRID,
            name_zh=f"{area.name_zh.removesuffix('社区')}第{number}网格",
            parent=area.id,
            name_en=f"{area.name_en.removesuffix(' Community')} grid {number}",
            polygon=_outline(area.column + column, area.row + row, 1, 1),
            contact_roles=(ContactRole.GRID_WORKER,),
        )


def _make_compound(compound: Compound, outline: tuple[LonLat, ...]) -> Iterator[Place]:
    homes = not compound.tags
    yield Place(
        id=compound.id,
        level=Level.COMPOUND,
        name_zh=compound.name_zh,
        parent=compound.grid,
        name_en=compound.name_en,
        location=_inside(compound, outline, 0.5, 0.5),
        polygon=((tuple(_inside(compound, outline, u, v) for u, v in _SQUARE),),),
        tags=compound.tags,
        households=compound.buildings * UNITS_PER_BUILDING * HOUSEHOLDS_PER_UNIT if homes else None,
        contact_roles=(ContactRole.PROPERTY_MANAGER,) if compound.company else (),
        company=compound.company,
    )
    for number in range(1, compound.buildings + 1):
        row, column = divmod(number - 1, 4)
        u, v = 0.14 + 0.24 * column, 0.30 + 0.40 * row
        building = f"{compound.id}-b{number}"
        yield Place(
            id=building,
            level=Level.BUILDING,
            name_zh=f"{number}栋",
            parent=compound.id,
            name_en=f"Building {number}",
            location=_inside(compound, outline, u, v),
            households=UNITS_PER_BUILDING * HOUSEHOLDS_PER_UNIT if homes else None,
            contact_roles=(ContactRole.BUILDING_HEAD,),
        )
        for unit in range(1, UNITS_PER_BUILDING + 1) if homes else ():
            yield from _make_unit(compound, building, unit, _inside(compound, outline, u + 0.05 * unit, v))


def _make_unit(compound: Compound, building: str, number: int, location: LonLat) -> Iterator[Place]:
    unit = f"{building}-u{number}"
    yield Place(
        id=unit,
        level=Level.UNIT,
        name_zh=f"{number}单元",
        parent=building,
        name_en=f"Unit {number}",
        location=location,
        households=HOUSEHOLDS_PER_UNIT,
    )
    if compound.id in WITH_GROUPS:
        yield Place(
            id=f"{unit}-h1",
            level=Level.HOUSEHOLD_GROUP,
            name_zh="第1十户组",
            parent=unit,
            name_en="Ten-household group 1",
            households=10,
            contact_roles=(ContactRole.GROUP_HEAD,),
        )


def _make_points(compound: Compound, outline: tuple[LonLat, ...]) -> Iterator[Point]:
    for name, kind, name_zh, name_en, u, v in _POINTS:
        yield Point(
            id=f"{compound.id}-{name}",
            kind=kind,
            place=compound.id,
            location=_inside(compound, outline, u, v),
            name_zh=name_zh,
            name_en=name_en,
        )


def _corner(column: int, row: int) -> LonLat:
    lon = WEST + column * GRID_LON + SHIFTS[(column * 3 + row * 5) % 8]
    lat = SOUTH + row * GRID_LAT + SHIFTS[(column * 5 + row * 3 + 2) % 8]
    return round(lon, 6), round(lat, 6)


def _outline(column: int, row: int, columns: int, rows: int) -> MultiPolygon:
    """The ring around a block of grids, against the clock, through every corner of a grid on the way."""
    right, top = column + columns, row + rows
    way = [_corner(x, row) for x in range(column, right)]
    way += [_corner(right, y) for y in range(row, top)]
    way += [_corner(x, top) for x in range(right, column, -1)]
    way += [_corner(column, y) for y in range(top, row, -1)]
    return (((*way, way[0]),),)


def _corners(grid: Place) -> tuple[LonLat, ...]:
    if grid.polygon is None:
        raise ValueError(f"{grid.id} has no polygon")
    return grid.polygon[0][0][:4]


def _inside(compound: Compound, outline: tuple[LonLat, ...], u: float, v: float) -> LonLat:
    """The position at (u, v), 0 to 1 eastwards and northwards, of the compound's part of its grid."""
    x = (0.10 if compound.corner % 2 == 0 else 0.55) + 0.35 * u
    y = (0.10 if compound.corner < 2 else 0.55) + 0.35 * v
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = outline
    lon = (ax * (1 - x) + bx * x) * (1 - y) + (dx * (1 - x) + cx * x) * y
    lat = (ay * (1 - x) + by * x) * (1 - y) + (dy * (1 - x) + cy * x) * y
    return round(lon, 6), round(lat, 6)


_SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0))
_ROLES = {
    Level.DISTRICT: (ContactRole.COMMAND_CENTRE,),
    Level.STREET: (ContactRole.COMMAND_CENTRE,),
    Level.COMMUNITY: (ContactRole.COMMUNITY_STAFF, ContactRole.VOLUNTEER),
}
_POINTS = (
    ("gate-south", PointKind.GATE, "南门", "South gate", 0.50, 0.01),
    ("gate-north", PointKind.GATE, "北门", "North gate", 0.50, 0.99),
    ("exit-south", PointKind.EXIT, "南出口", "South exit", 0.52, 0.01),
    ("exit-north", PointKind.EXIT, "北出口", "North exit", 0.52, 0.99),
    ("muster", PointKind.MUSTER, "集合点", "Muster point", 0.90, 0.50),
    ("hydrant-west", PointKind.HYDRANT, "西侧消火栓", "West hydrant", 0.04, 0.50),
    ("hydrant-east", PointKind.HYDRANT, "东侧消火栓", "East hydrant", 0.97, 0.50),
    ("loudspeaker-south", PointKind.LOUDSPEAKER, "南门广播", "South loudspeaker", 0.48, 0.04),
    ("loudspeaker-yard", PointKind.LOUDSPEAKER, "中庭广播", "Yard loudspeaker", 0.50, 0.50),
    ("camera-south", PointKind.CAMERA, "南门摄像头", "South gate camera", 0.49, 0.02),
)

if __name__ == "__main__":
    city = make_city()
    write_places(city, HERE / "city.geojson", Format.GEOJSON, overwrite=True)
    write_places(city, HERE / "csv", Format.CSV, overwrite=True)
