"""Who may come in to the demo: its accounts, made anew with random passwords at each start, and the console's port."""

import errno
import secrets
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from redwhistle.errors import Unavailable
from server.demo_logins import DemoLogin
from server.embedded.ports import LOOPBACK
from server.people.accounts import NewPerson
from server.people.people import People
from server.people.records import By
from server.rights.caller import Grant
from server.rights.roles import Role
from server.store.people import PostgresPeople, connections_to

FIRST_PORT = 8080
_PORTS = 100
_PASSWORD_BYTES = 12


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the demo; `place` or `company` bounds the role, where it has bounds."""

    login: str
    name: str
    role: str
    title_zh: str
    title_en: str
    place: str | None = None
    company: str | None = None


WORKER = Account("zhangwei", "张伟", "grid_worker", "网格员", "grid worker", place="jinsha-g1")
SECOND_WORKER = Account(
    "lina", "李娜", "grid_worker", "同网格的网格员", "of the same grid", place="jinsha-g1"
)
MANAGER = Account(
    "wangfang", "王芳", "property_manager", "物业经理", "property manager", company="cuihu-wuye"
)
COMMAND = Account("liuyang", "刘洋", "command", "市指挥中心", "city command", place="kunming")
ADMIN = Account("chenjing", "陈静", "admin", "管理员", "administrator")
ACCOUNTS = (WORKER, SECOND_WORKER, MANAGER, COMMAND, ADMIN)


def fresh_logins() -> tuple[DemoLogin, ...]:
    """A log-in for each account, with a password that exists for this run only."""
    return tuple(
        DemoLogin(
            login=account.login,
            name=account.name,
            role=account.role,
            password=secrets.token_urlsafe(_PASSWORD_BYTES),
        )
        for account in ACCOUNTS
    )


def open_accounts(url: str, logins: Sequence[DemoLogin], now: datetime) -> None:
    """Make the account of each log-in, in the database at `url`."""
    accounts = People.over(PostgresPeople(connections_to(url))).accounts
    for login in logins:
        account = account_of(login)
        person = NewPerson(
            login=login.login,
            name=login.name,
            password=SecretStr(login.password),
            must_change_password=False,
            grants=(Grant(Role(account.role), account.place, account.company),),
        )
        accounts.add(person, By("demo"), now)


def account_of(login: DemoLogin) -> Account:
    """The account that a log-in opens."""
    return next(account for account in ACCOUNTS if account.login == login.login)


def console_port(first: int = FIRST_PORT) -> int:
    """`first`, or the next port of 127.0.0.1 that is free. Raises Unavailable when a hundred are taken."""
    for port in range(first, first + _PORTS):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError as error:
                if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                    raise
            else:
                return port
    raise Unavailable(
        f"the ports {first} to {first + _PORTS - 1} of {LOOPBACK} are all taken: stop what holds them"
    )
