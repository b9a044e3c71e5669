"""Passwords: which are taken, how they are kept (argon2id), and how one is checked in the same time whoever asks."""

import re
import secrets
import threading
import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

from redwhistle.errors import PasswordRefused, TooManyAttempts
from server.people.codes import Refusal
from server.people.common_words import ROWS, WORDS

MIN_LENGTH = 12
MAX_LENGTH = 256
WAIT_S = 5.0
"""How long a check waits for its turn before the caller is asked to come back."""
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_LEET = str.maketrans("0134578@$!", "oieastbasi")


class Passwords:
    """Hashes and verifies, a few at once: each takes 64 MiB and a good part of a core for its moment."""

    def __init__(self, hasher: PasswordHasher | None = None, *, at_once: int = 4) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turn = threading.BoundedSemaphore(at_once)

    def hash(self, password: SecretStr) -> str:
        """What is kept of the password: argon2id with its parameters and salt."""
        return self._hasher.hash(_bytes(password))

    def verify(self, kept: str | None, password: SecretStr) -> bool:
        """Whether it is the password. None (no account, no password) takes as long and is never right.

        Raise TooManyAttempts when too many are being checked already.
        """
        if not self._turn.acquire(timeout=WAIT_S):
            raise TooManyAttempts(WAIT_S)
        try:
            self._hasher.verify(kept or self._nobodys, _bytes(password))
            return kept is not None
        except (VerificationError, InvalidHashError):
            return False
        finally:
            self._turn.release()

    def outdated(self, kept: str) -> bool:
        """Whether the password should be hashed anew, because the parameters have become stronger since."""
        return self._hasher.check_needs_rehash(kept)

    def prepare(self) -> None:
        """Compute what the check of an unknown login needs, so that the first one takes no longer than others."""
        _ = self._nobodys

    @cached_property
    def _nobodys(self) -> str:
        return self._hasher.hash(secrets.token_bytes(32))


def check_password(password: SecretStr, login: str) -> None:
    """Raise PasswordRefused for one too short, too long, too common, or built upon the login. No other rule holds."""
    text = unicodedata.normalize("NFKC", password.get_secret_value())
    if len(text) < MIN_LENGTH:
        raise PasswordRefused(
            Refusal.TOO_SHORT, f"a password has at least {MIN_LENGTH} characters: four words in a row do well"
        )
    if len(text) > MAX_LENGTH:
        raise PasswordRefused(Refusal.TOO_LONG, f"a password has at most {MAX_LENGTH} characters: shorten it")
    folded = text.casefold()
    if login and login in folded and len(folded.replace(login, "")) < 8:
        raise PasswordRefused(
            Refusal.LOGIN_INSIDE, "the password is little more than the login: take something else"
        )
    if _is_common(folded):
        raise PasswordRefused(
            Refusal.COMMON, "this password is among the first that are guessed: take another"
        )


def random_password() -> SecretStr:
    """Five groups of four letters and digits that are not mistaken for one another: 99 bits of chance."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(5))
    return SecretStr("-".join(groups))


def _is_common(folded: str) -> bool:
    if re.fullmatch(r"(.{1,6}?)\1+.{0,5}", folded, re.DOTALL):
        return True
    if any(folded in row or folded in row[::-1] for row in ROWS):
        return True
    bare = re.sub(r"[^a-z]+$", "", folded)
    spellings = (folded, folded.translate(_LEET), bare.translate(_LEET))
    return any(_is_words(re.sub(r"[^a-z]", "", one)) for one in spellings)


def _is_words(core: str) -> bool:
    """Whether the letters are nothing but one or two of the words that everybody takes."""
    return core in WORDS or any(core[:at] in WORDS and core[at:] in WORDS for at in range(3, len(core) - 2))


def _bytes(password: SecretStr) -> bytes:
    text = unicodedata.normalize("NFKC", password.get_secret_value()[: 4 * MAX_LENGTH])
    return text.encode("utf-8", "surrogatepass")
