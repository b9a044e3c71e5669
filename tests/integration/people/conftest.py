"""A database with a few places and companies, and people over it with a quick hash."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher
from pydantic import SecretStr

from bench.servers.databases import Databases
from redwhistle.errors import LogInFailed, TooManyAttempts
from server.people.accounts import NewPerson
from server.people.log_in import Opened
from server.people.passwords import Passwords
from server.people.people import People
from server.people.records import By, Person
from server.people.terms import Terms
from server.rights.caller import Grant
from server.rights.roles import Role
from server.store.connection import connect, open_pool
from server.store.migrate import migrate
from server.store.people import PostgresPeople

NOW = datetime(2026, 5, 24, 6, 0, tzinfo=UTC)
ROOT = By("admin", "192.0.2.1")
PASSWORD = SecretStr("锦园七栋的猫喜欢晒太阳吗")
WRONG = SecretStr("not the password at all")
TERMS = Terms()
WORKER = Grant(Role.GRID_WORKER, place="g3")
HERE = "192.0.2.7"

PLACES = [
    ("kunming", None, "city", "昆明", None),
    ("panlong", "kunming", "district", "盘龙区", None),
    ("jinchen", "panlong", "street", "金辰街道", None),
    ("jinsha", "jinchen", "community", "金沙社区", None),
    ("g3", "jinsha", "grid", "金沙3网格", None),
    ("g4", "jinsha", "grid", "金沙4网格", None),
    ("jinyuan", "g3", "compound", "锦园", "jin"),
    ("jinhe", "g4", "compound", "锦和", "hua"),
]

Make = Callable[..., Person]


def enter(people: People, login: str = "zhangwei", address: str = HERE, now: datetime = NOW) -> Opened:
    """Log in with PASSWORD."""
    return people.log_in.by_password(login, PASSWORD, address, "Firefox\x00\u202e on Linux", now)


def fail(
    people: People, login: str = "zhangwei", address: str = HERE, now: datetime = NOW
) -> type[Exception]:
    """Try a wrong password; how that was answered."""
    with pytest.raises((LogInFailed, TooManyAttempts)) as failed:
        people.log_in.by_password(login, WRONG, address, "", now)
    return failed.type


def quick() -> Passwords:
    """Argon2 at its weakest: what is tested is not its strength."""
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture(scope="module")
def one_database(databases: Databases) -> Iterator[str]:
    """A database for all tests of a file: to copy one takes longer than most of them."""
    address = databases.migrated(migrate)
    yield address
    databases.drop(address)


@pytest.fixture
def url(one_database: str) -> str:
    """A database with nobody in it, and places: kunming > panlong > jinchen > jinsha > g3, g4; jinyuan in g3, jinhe in g4."""
    with connect(one_database, name="test") as connection:
        guards = connection.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE tgname LIKE '%_append_only'"
        ).fetchall()
        for table, guard in guards:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {guard}".encode())
        connection.execute("TRUNCATE people CASCADE")
        connection.execute("TRUNCATE login_attempts")
        for table, guard in guards:
            connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER {guard}".encode())
        connection.execute(
            "INSERT INTO companies (id, name_zh, name_en) VALUES ('jin', '锦园物业', 'Jin'), ('hua', '华物业', '')"
            " ON CONFLICT DO NOTHING"
        )
        connection.cursor().executemany(
            "INSERT INTO places (id, parent, level, name_zh, company) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            PLACES,
        )
    return one_database


@pytest.fixture
def people(url: str) -> Iterator[People]:
    """Over a pool of connections, as in a server."""
    pool = open_pool(url, name="test")
    try:
        yield People.over(PostgresPeople(pool.connection), passwords=quick())
    finally:
        pool.close()


@pytest.fixture
def make(people: People) -> Make:
    """`make("zhangwei", grants…)` makes somebody with PASSWORD, who need not change it."""

    def made(login: str, *grants: Grant, password: SecretStr | None = PASSWORD) -> Person:
        new = NewPerson(login, f"名{login}", password=password, must_change_password=False, grants=grants)
        return people.accounts.add(new, ROOT, NOW)

    return made
