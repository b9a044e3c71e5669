"""The codes with which accounts are refused, each with words in both languages in the catalogue."""

from enum import StrEnum


class Refusal(StrEnum):
    """Why a value of an account cannot be taken; the field beside it says which value."""

    FORM = "form"
    """It has not the form that it must have."""
    RESERVED = "reserved"
    """A name of the system's own."""
    TAKEN = "taken"
    """Somebody else has this login."""
    UNKNOWN = "unknown"
    """No place, company or language is called so."""
    LAST_ADMIN = "last_admin"
    """Nobody would be left who manages accounts."""
    DISABLED = "disabled"
    """The account is disabled."""
    OUT_OF_RANGE = "out_of_range"
    """Too few or too many days."""
    TOO_MANY = "too_many"
    """The person has as many tokens as are allowed."""
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    """Among the first passwords that are guessed."""
    LOGIN_INSIDE = "login_inside"
    """Little more than the login."""
    WRONG = "wrong"
    """Not the password one has."""
    SAME = "same"
    """The password one has already."""


class OidcFault(StrEnum):
    """At which step a log-in through a provider ended."""

    REFUSED = "refused"
    """The provider, or the person there, refused."""
    STALE = "stale"
    """It took too long, was begun in another browser, or the answer came twice."""
    PROVIDER = "provider"
    """The provider cannot be reached, or does not answer as it should."""
    TOKEN = "token"  # noqa: S105  a word, no secret
    """What the provider vouches with does not hold: signature, issuer, audience, time or nonce."""
    NO_ACCOUNT = "no_account"
    """There is no account for this person, or it is disabled."""
