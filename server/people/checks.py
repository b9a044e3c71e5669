"""What a login, a name, a label and a language may look like."""

import re

from redwhistle.errors import PersonRefused
from server.alerts.queue import RESERVED
from server.people.codes import Refusal
from server.people.records import Lang

LOGIN = re.compile(r"[a-z0-9._-]{2,40}", re.ASCII)
MAX_NAME = 100


def check_login(login: str) -> str:
    """The login; raise PersonRefused for one of another form, or a name of the system's own."""
    if not LOGIN.fullmatch(login):
        raise PersonRefused(
            "login", Refusal.FORM, "a login has 2 to 40 of the characters a-z 0-9 . _ - and no others"
        )
    if login in RESERVED:
        raise PersonRefused("login", Refusal.RESERVED, f"{login!r} is the system's own name: take another")
    return login


def check_name(name: str) -> str:
    """The name as it is shown, without needless blanks; raise PersonRefused."""
    said = _line("name", name)
    if said.casefold() in RESERVED:
        raise PersonRefused("name", Refusal.RESERVED, f"{said!r} is the system's own name: take another")
    return said


def check_label(label: str) -> str:
    """What a token is for; raise PersonRefused."""
    return _line("label", label)


def check_lang(lang: str) -> Lang:
    """zh or en; raise PersonRefused."""
    if lang not in set(Lang):
        raise PersonRefused("lang", Refusal.UNKNOWN, "a language is zh or en")
    return Lang(lang)


def _line(field: str, text: str) -> str:
    said = " ".join(text.split())
    if not said or len(said) > MAX_NAME or not said.isprintable():
        raise PersonRefused(field, Refusal.FORM, f"the {field} has 1 to {MAX_NAME} printable characters")
    return said
