"""What `redwhistle doctor` finds, each by the setting that makes it."""

from datetime import UTC, datetime, timedelta

import pytest

from server import diagnosis
from server.diagnosis import Certificate, Grade
from server.settings import Settings
from server.store.facts import Facts

NOW = datetime(2026, 5, 24, 8, 0, tzinfo=UTC)
GOOD = Facts(NOW, 3, ["chenjing"], [], NOW, 10, 0)


def codes(**settings: object) -> set[str]:
    made = Settings.model_validate(settings)
    return {one.code for one in (*diagnosis.of_doors(made), *diagnosis.of_neighbours(made))}


def test_the_defaults_are_safe() -> None:
    assert codes() == set()


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"api_host": "0.0.0.0"}, "no_tls"),
        ({"api_host": "::"}, "no_tls"),
        ({"public_url": "http://rw.example"}, "cookie_insecure"),
        ({"public_url": "https://rw.example"}, "proxy_unknown"),
        ({"public_url": "https://rw.example", "trusted_proxies": "0.0.0.0/0"}, "proxies_too_wide"),
        ({"trusted_proxies": "::/0"}, "proxies_too_wide"),
        ({"metrics_token": "short"}, "metrics_token_short"),
        ({"mqtt_host": "broker.example"}, "mqtt_plain"),
        ({"database_url": "postgresql://u:p@db.example/rw"}, "database_plain"),
        ({"oidc_issuer": "http://id.example"}, "oidc_plain"),
        ({"map_tiles_url": "http://tiles.example/{z}/{x}/{y}.png"}, "map_tiles_http"),
        ({"demo_logins_file": "/x"}, "demo_logins"),
    ],
)
def test_each_unsafe_setting_is_found(settings: dict[str, object], code: str) -> None:
    assert code in codes(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"api_host": "0.0.0.0", "tls_cert_file": "c", "tls_key_file": "k"},
        {"public_url": "https://rw.example", "trusted_proxies": "10.0.0.0/8, 192.168.1.5"},
        {"mqtt_host": "broker.example", "mqtt_ca_file": "ca"},
        {"database_url": "postgresql://u:p@db.example/rw?sslmode=verify-full"},
        {"database_url": "postgresql:///rw?host=/run/postgresql"},
        {"database_url": "postgresql://u@127.0.0.1/rw"},
    ],
)
def test_what_is_done_well_is_not_blamed(settings: dict[str, object]) -> None:
    assert codes(**settings) == set()


def test_a_password_among_the_arguments_is_found() -> None:
    assert [one.code for one in diagnosis.of_secrets("postgresql://u:p@h/d")] == ["secret_in_arguments"]
    assert not list(diagnosis.of_secrets("postgresql://u@h/d"))
    assert not list(diagnosis.of_secrets(None))


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (Facts(NOW + timedelta(seconds=5), 3, ["a"], [], NOW, 1, 0), "clock_off"),
        (Facts(NOW, 3, [], [], NOW, 1, 0), "no_admin"),
        (Facts(NOW, 0, [], [], NOW, 1, 0), "no_people"),
        (Facts(NOW, 3, ["a"], ["a"], NOW, 1, 0), "password_unchanged"),
        (Facts(NOW, 3, ["a"], [], NOW - timedelta(days=1), 1, 0), "dispatch_idle"),
        (Facts(NOW, 3, ["a"], [], NOW, 0, 0), "no_places"),
        (Facts(NOW, 3, ["a"], [], NOW, 1, 2), "quarantine"),
    ],
)
def test_each_fault_of_the_database_is_found(facts: Facts, code: str) -> None:
    assert [one.code for one in diagnosis.of_database(facts, NOW)] == [code]
    assert not list(diagnosis.of_database(GOOD, NOW))


def test_a_certificate_is_looked_at() -> None:
    def of(days: float, open_key: bool = False) -> list[str]:
        certificate = Certificate(NOW + timedelta(days=days), open_key)
        return [one.code for one in diagnosis.of_certificate(certificate, NOW)]

    assert of(-1) == ["certificate_expired"]
    assert of(3) == ["certificate_soon"]
    assert of(90, open_key=True) == ["key_readable"]
    assert of(90) == []


def test_every_finding_says_what_to_do_in_both_languages() -> None:
    bad = Settings.model_validate({"api_host": "0.0.0.0", "mqtt_host": "b", "trusted_proxies": "0.0.0.0/0"})
    for one in (*diagnosis.of_doors(bad), *diagnosis.of_neighbours(bad)):
        assert any("\u4e00" <= character <= "\u9fff" for character in one.zh)
        assert one.en.isascii()
        assert one.grade in set(Grade)
