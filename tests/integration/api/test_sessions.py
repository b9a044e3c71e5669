"""Logging in, out and about: cookies, limits, passwords, tokens, and what an administrator does to others."""

from collections.abc import Iterator

import httpx
import pytest

from tests.integration.api.conftest import House
from tests.integration.api.world import PASSWORD

pytestmark = pytest.mark.servers
V1 = "/api/v1"
NEW = "another long enough phrase"


@pytest.fixture
def browser(house: House) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=house.at, timeout=30) as client:
        yield client


def log_in(client: httpx.Client, login: str, password: str = PASSWORD) -> httpx.Response:
    answer = client.post(f"{V1}/session", json={"login": login, "password": password})
    if answer.status_code == 200:
        client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return answer


def test_cookies_are_hidden_and_stay_on_this_site(browser: httpx.Client) -> None:
    answer = log_in(browser, "heping")
    cookies = {text.split("=", 1)[0]: text.lower() for text in answer.headers.get_list("set-cookie")}
    assert set(cookies) == {"rw_session", "rw_csrf"}
    assert "httponly" in cookies["rw_session"]
    assert "httponly" not in cookies["rw_csrf"]
    for text in cookies.values():
        assert "samesite=strict" in text
        assert "path=/" in text
    assert answer.json()["csrf"] == browser.cookies["rw_csrf"]
    assert answer.headers["cache-control"] == "no-store"


def test_after_logging_out_the_cookie_is_worth_nothing(browser: httpx.Client) -> None:
    log_in(browser, "heping")
    kept = browser.cookies["rw_session"]
    assert browser.delete(f"{V1}/session").status_code == 204
    assert "rw_session" not in browser.cookies
    browser.cookies.set("rw_session", kept)
    assert browser.get(f"{V1}/me").status_code == 401


def test_unknown_and_wrong_are_answered_alike_and_then_no_more(browser: httpx.Client) -> None:
    wrong = log_in(browser, "wangfang", "not it at all")
    unknown = log_in(browser, "nobody-here", "not it at all")
    assert (
        (wrong.status_code, wrong.content) == (unknown.status_code, unknown.content) == (401, wrong.content)
    )
    for _ in range(4):
        log_in(browser, "wangfang", "not it at all")
    limited = log_in(browser, "wangfang")
    assert (limited.status_code, limited.json()["code"]) == (429, "too_many")
    assert int(limited.headers["retry-after"]) == limited.json()["retry_after_s"] >= 1


def test_another_password_ends_the_other_sessions(house: House, browser: httpx.Client) -> None:
    with httpx.Client(base_url=house.at, timeout=30) as elsewhere:
        log_in(browser, "lina")
        log_in(elsewhere, "lina")
        assert len(browser.get(f"{V1}/me/sessions").json()["items"]) == 2
        short = browser.post(f"{V1}/me/password", json={"current": PASSWORD, "new": "short"})
        assert (short.status_code, short.json()["code"]) == (422, "invalid")
        assert browser.post(f"{V1}/me/password", json={"current": PASSWORD, "new": NEW}).status_code == 204
        assert browser.get(f"{V1}/me").status_code == 200
        assert elsewhere.get(f"{V1}/me").status_code == 401


def test_a_session_elsewhere_can_be_ended(house: House, browser: httpx.Client) -> None:
    with httpx.Client(base_url=house.at, timeout=30) as elsewhere:
        log_in(browser, "nobody")
        log_in(elsewhere, "nobody")
        other = next(one for one in browser.get(f"{V1}/me/sessions").json()["items"] if not one["current"])
        assert browser.delete(f"{V1}/me/sessions/{other['id']}").status_code == 204
        assert elsewhere.get(f"{V1}/me").status_code == 401


def test_a_token_works_until_it_is_revoked(house: House, browser: httpx.Client) -> None:
    log_in(browser, "heping")
    made = browser.post(f"{V1}/me/tokens", json={"name": "wall", "days": 7, "read_only": False}).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    with httpx.Client(base_url=house.at, headers=headers) as wall:
        assert wall.get(f"{V1}/queue").status_code == 200
        assert wall.get(f"{V1}/session").json()["csrf"] == ""
        more = wall.post(f"{V1}/me/tokens", json={"name": "another"})
        assert (more.status_code, more.json()["code"]) == (403, "forbidden")
        assert browser.delete(f"{V1}/me/tokens/{made['row']['id']}").status_code == 204
        assert wall.get(f"{V1}/queue").status_code == 401
    assert made["token"] not in browser.get(f"{V1}/me/tokens").text


def test_a_token_in_an_address_is_no_token(house: House, browser: httpx.Client) -> None:
    log_in(browser, "heping")
    token = browser.post(f"{V1}/me/tokens", json={"name": "x"}).json()["token"]
    for name in ("token", "access_token", "authorization"):
        assert httpx.get(f"{house.at}{V1}/queue", params={name: token}).status_code == 401


def test_an_account_from_its_first_day_to_its_last(house: House, browser: httpx.Client) -> None:
    admin = house.client("chenjing")
    made = admin.post(
        f"{V1}/people",
        json={"login": "newcomer", "name": "新人", "grants": [{"role": "grid_worker", "place": "jinsha-g3"}]},
    )
    assert made.status_code == 201
    person, password = made.json()["person"]["id"], made.json()["password"]
    again = admin.post(f"{V1}/people", json={"login": "newcomer", "name": "新人"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    assert log_in(browser, "newcomer", password).json()["person"]["must_change_password"] is True
    assert browser.get(f"{V1}/queue").json()["code"] == "must_change_password"
    assert browser.post(f"{V1}/me/password", json={"current": password, "new": NEW}).status_code == 204
    assert browser.get(f"{V1}/queue").status_code == 200
    assert browser.patch(f"{V1}/me", json={"on_duty": True, "lang": "en"}).json()["on_duty"] is True
    changed = admin.put(f"{V1}/people/{person}/grants", json={"grants": []})
    assert changed.json()["grants"] == []
    assert browser.get(f"{V1}/queue").json()["code"] == "forbidden"  # at once
    wrong = admin.put(f"{V1}/people/{person}/grants", json={"grants": [{"role": "command"}]})
    assert (wrong.status_code, wrong.json()["errors"][0]["loc"]) == (422, ["body", "grants"])
    assert admin.patch(f"{V1}/people/{person}", json={"disabled": True}).json()["disabled_at"] is not None
    assert browser.get(f"{V1}/me").status_code == 401
    audit = admin.get(f"{V1}/audit?limit=50").json()["items"]
    mine = [one["what"] for one in audit if one["person"] and one["person"]["login"] == "newcomer"]
    assert {"person_added", "granted", "log_in", "password_changed", "revoked", "person_disabled"} <= set(
        mine
    )


def test_the_last_administrator_stays(house: House) -> None:
    admin = house.client("chenjing")
    answer = admin.put(f"{V1}/people/{house.people['chenjing']}/grants", json={"grants": []})
    assert (answer.status_code, answer.json()["errors"][0]["type"]) == (422, "last_admin")


def test_options_offer_nothing_outside_a_demo(house: House) -> None:
    assert httpx.get(f"{house.at}{V1}/session/options").json() == {
        "oidc": None,
        "demo_logins": [],
        "languages": ["zh", "en"],
    }
    assert httpx.get(f"{house.at}{V1}/session/oidc/start").status_code == 404
