"""Cursors: what is written can be read, and nothing else can."""

from hypothesis import given
from hypothesis import strategies as st

from server.api.stream.cursor import Cursor, digest_database, digest_view, read_cursor
from server.rights.scope import Scope


@given(st.integers(0, 2**64 - 1), st.text(), st.text(), st.none() | st.text())
def test_what_is_written_can_be_read(position: int, database: str, place: str, exercise: str | None) -> None:
    scope = Scope(places=frozenset({place}))
    cursor = Cursor(
        position,
        digest_database(database.encode("utf-8", "replace").decode()),
        digest_view(scope.digest, exercise),
    )
    assert read_cursor(str(cursor)) == cursor
    assert str(cursor).isascii()


@given(st.text())
def test_anything_else_is_no_cursor(text: str) -> None:
    assert read_cursor(text) is None


@given(st.data())
def test_a_damaged_cursor_is_none_or_another_one_but_never_an_error(data: st.DataObject) -> None:
    text = str(Cursor(data.draw(st.integers(0, 2**63)), "0123456789ab", "0123456789abcdef"))
    at = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:at] + data.draw(st.characters()) + text[at + 1 :]
    read = read_cursor(damaged)
    assert read is None or str(Cursor(read.position, read.database, read.view))


def test_views_differ_by_scope_and_exercise() -> None:
    scopes = [Scope.ALL, Scope.NOTHING, Scope(places=frozenset({"a"})), Scope(companies=frozenset({"a"}))]
    exercises = ["", "*", "=", None, "e-1"]
    digests = {digest_view(scope.digest, exercise) for scope in scopes for exercise in exercises}
    assert len(digests) == len(scopes) * len(exercises)
