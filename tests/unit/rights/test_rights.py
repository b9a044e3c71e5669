"""The table of rights, the gate in front of it, and what a scope covers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rights.caller import Caller, Grant, Via
from server.rights.gate import rights_of, scope_of
from server.rights.roles import BINDING, RIGHTS, Reach, Right, Role
from server.rights.scope import Scope

NOW = datetime(2026, 5, 24, 6, 0, tzinfo=UTC)

# Written out by hand from the decision who may do what: each cell, allowed or not.
ALLOWED = {
    Role.ADMIN: "see_places see_devices see_alerts see_audit manage_people",
    Role.COMMAND: "see_places see_devices see_alerts act comment see_evidence see_audit",
    Role.GRID_WORKER: "see_places see_devices see_alerts act comment see_evidence",
    Role.PROPERTY_MANAGER: "see_places see_devices see_alerts comment see_evidence",
}
GRANTS = {
    Role.ADMIN: (Grant(Role.ADMIN), Scope.ALL),
    Role.COMMAND: (Grant(Role.COMMAND, place="jinchen"), Scope(places=frozenset({"jinchen"}))),
    Role.GRID_WORKER: (Grant(Role.GRID_WORKER, place="g3"), Scope(places=frozenset({"g3"}))),
    Role.PROPERTY_MANAGER: (
        Grant(Role.PROPERTY_MANAGER, company="jin"),
        Scope(companies=frozenset({"jin"})),
    ),
}


def caller(*grants: Grant, **changes: object) -> Caller:
    values: dict[str, object] = {
        "person": "p",
        "login": "zhangwei",
        "name": "张伟",
        "lang": "zh",
        "grants": grants,
        "via": Via.SESSION,
        "credential": "s",
        "until": NOW + timedelta(hours=1),
    }
    return Caller(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
def test_each_role_has_each_right_exactly_where_the_table_says(role: Role, right: Right) -> None:
    grant, reach = GRANTS[role]
    expected = reach if right in ALLOWED[role].split() else Scope.NOTHING
    assert scope_of(caller(grant), right, NOW) == expected


def test_every_role_is_bound_and_has_rights() -> None:
    assert set(BINDING) == set(RIGHTS) == set(Role)


@pytest.mark.parametrize("right", Right)
def test_nobody_and_somebody_without_a_grant_may_do_nothing(right: Right) -> None:
    assert scope_of(None, right, NOW) == Scope.NOTHING
    assert scope_of(caller(), right, NOW) == Scope.NOTHING


@pytest.mark.parametrize("right", Right)
def test_what_has_run_out_allows_nothing(right: Right) -> None:
    everybody = [grant for grant, _ in GRANTS.values()]
    assert not scope_of(caller(*everybody), right, NOW).empty
    assert scope_of(caller(*everybody, until=NOW), right, NOW) == Scope.NOTHING
    assert scope_of(caller(*everybody, must_change_password=True), right, NOW) == Scope.NOTHING


def test_a_read_only_token_reads_and_shows_no_pictures() -> None:
    everybody = [grant for grant, _ in GRANTS.values()]
    reading = caller(*everybody, via=Via.TOKEN, read_only=True)
    assert rights_of(reading, NOW) == {
        Right.SEE_PLACES,
        Right.SEE_DEVICES,
        Right.SEE_ALERTS,
        Right.SEE_AUDIT,
    }
    assert rights_of(caller(*everybody), NOW) == set(Right)


def test_several_grants_add_up_right_by_right() -> None:
    two = caller(
        Grant(Role.GRID_WORKER, place="g3"),
        Grant(Role.GRID_WORKER, place="g4"),
        Grant(Role.PROPERTY_MANAGER, company="jin"),
        Grant(Role.COMMAND, place="jinchen"),
    )
    assert scope_of(two, Right.SEE_ALERTS, NOW) == Scope(
        places=frozenset({"g3", "g4", "jinchen"}), companies=frozenset({"jin"})
    )
    assert scope_of(two, Right.ACT, NOW) == Scope(places=frozenset({"g3", "g4", "jinchen"}))
    assert scope_of(two, Right.SEE_AUDIT, NOW) == Scope(places=frozenset({"jinchen"}))
    assert scope_of(two, Right.MANAGE_PEOPLE, NOW) == Scope.NOTHING


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("place", [None, "", "p"])
@pytest.mark.parametrize("company", [None, "", "c"])
def test_a_grant_names_what_its_role_is_bound_to(role: Role, place: str | None, company: str | None) -> None:
    wanted = {Reach.ALL: (False, False), Reach.PLACE: (True, False), Reach.COMPANY: (False, True)}
    if (bool(place), bool(company)) == wanted[BINDING[role]]:
        assert Grant(role, place, company).role is role
    else:
        with pytest.raises(ValueError, match=role):
            Grant(role, place, company)


def test_a_scope_covers_its_places_what_is_below_them_and_its_companies() -> None:
    scope = Scope(places=frozenset({"g3"}), companies=frozenset({"jin"}))
    assert scope.covers(["kunming", "jinchen", "g3"])
    assert scope.covers(["jinyuan-b7", "jinyuan", "g3", "jinchen"], "other")
    assert scope.covers(["jinhe", "g4"], "jin")
    assert not scope.covers(["jinhe", "g4"], "other")
    assert not scope.covers(["kunming", "jinchen"])
    assert not scope.covers([], "jin"), "a place that is gone is seen by everything only"
    assert Scope.ALL.covers([], None)
    assert not Scope.NOTHING.covers(["kunming"], "jin")


NAMES = st.sampled_from(["a", "b", "c", "城", "\ud800"])
SCOPES = st.builds(Scope, st.booleans(), st.frozensets(NAMES), st.frozensets(NAMES))


@given(SCOPES, SCOPES, st.lists(NAMES), st.none() | NAMES)
def test_a_union_covers_what_one_of_its_parts_covers(
    one: Scope, two: Scope, path: list[str], company: str | None
) -> None:
    both = one.union([two])
    assert both.covers(path, company) == (one.covers(path, company) or two.covers(path, company))
    assert both == two.union([one])
    assert both.empty == (one.empty and two.empty)


@given(SCOPES, SCOPES)
def test_scopes_have_one_form_and_one_digest_each(one: Scope, two: Scope) -> None:
    assert (one == two) == (one.digest == two.digest)
    assert one.digest == Scope(one.everything, one.places, one.companies).digest
    assert set(one.parameters()) == {"scope_all", "scope_places", "scope_companies"}
