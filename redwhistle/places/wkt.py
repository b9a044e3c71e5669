"""Polygons as well-known text (OGC 06-103r4, 7.2): `POLYGON ((lon lat, …))` and `MULTIPOLYGON (((…)))`.

Written with every digit, so that reading gives the same numbers back.
"""

import re
from collections.abc import Iterator

from redwhistle.places.model import MultiPolygon, Ring
from redwhistle.places.record import BadRecord, to_degrees


def write_polygon(polygon: MultiPolygon) -> str:
    """`POLYGON` for one part, `MULTIPOLYGON` for more."""
    parts = [f"({', '.join(map(_write_ring, part))})" for part in polygon]
    return f"POLYGON {parts[0]}" if len(parts) == 1 else f"MULTIPOLYGON ({', '.join(parts)})"


def read_polygon(text: str) -> MultiPolygon:
    """The polygon of a text; raise BadRecord for anything else. An `SRID=4326;` before it is allowed."""
    tokens = _Tokens(text)
    kind = tokens.next().upper()
    if kind == "POLYGON":
        polygon: MultiPolygon = (tuple(_list_of_rings(tokens)),)
    elif kind == "MULTIPOLYGON":
        tokens.expect("(")
        parts = [tuple(_list_of_rings(tokens))]
        while tokens.more():
            parts.append(tuple(_list_of_rings(tokens)))
        polygon = tuple(parts)
    else:
        raise BadRecord(
            f"polygon_wkt begins with {kind[:20]!r}: write POLYGON ((lon lat, lon lat, …)) or MULTIPOLYGON"
        )
    tokens.expect("")
    return polygon


def _write_ring(ring: Ring) -> str:
    return f"({', '.join(f'{lon!r} {lat!r}' for lon, lat in ring)})"


def _list_of_rings(tokens: "_Tokens") -> Iterator[Ring]:
    tokens.expect("(")
    yield _read_ring(tokens)
    while tokens.more():
        yield _read_ring(tokens)


def _read_ring(tokens: "_Tokens") -> Ring:
    tokens.expect("(")
    positions = [_read_position(tokens)]
    while tokens.more():
        positions.append(_read_position(tokens))
    return tuple(positions)


def _read_position(tokens: "_Tokens") -> tuple[float, float]:
    return to_degrees(tokens.next(), "longitude"), to_degrees(tokens.next(), "latitude")


class _Tokens:
    """The words of a text, one after the other; the empty word at the end."""

    def __init__(self, text: str) -> None:
        self._words = _WORD.finditer(_SRID.sub("", text.strip(), count=1))

    def next(self) -> str:
        found = next(self._words, None)
        return found.group() if found else ""

    def expect(self, wanted: str) -> None:
        word = self.next()
        if word != wanted:
            raise BadRecord(f"polygon_wkt: {_show(word)} stands where {_show(wanted)} should be")

    def more(self) -> bool:
        """True after a comma, false after a closing bracket."""
        word = self.next()
        if word not in {",", ")"}:
            raise BadRecord(f"polygon_wkt: {_show(word)} stands where a comma or ')' should be")
        return word == ","


def _show(word: str) -> str:
    return repr(word[:20]) if word else "the end"


_WORD = re.compile(r"[(),]|[^\s(),]+")
_SRID = re.compile(r"^SRID=4326;", re.IGNORECASE)
