"""The one tree of errors that the project raises on purpose.

    RedWhistleError
    ├── ContractError        bytes or values that break a wire contract
    │   ├── TooLarge         over a size or count limit
    │   ├── Malformed        not JSON, not UTF-8, not the model's shape
    │   └── WrongVersion     a version of the contract that this program does not read
    ├── ConfigurationError   a setting, a file or an argument that cannot be used
    ├── PlacesError          a tree of places that does not hold together
    ├── RulesError           a rule pack that cannot be used
    ├── StoreError           the database refused or could not be reached
    │   ├── Unavailable      try again later: connection lost, server starting, disk full
    │   ├── Blocked          somebody else holds a lock on these rows for too long; others can be served
    │   ├── SchemaError      the schema is missing, older or newer than the program
    │   └── NotFound         nothing under this name
    ├── QueueError           an act on a work item that is not allowed now
    │   ├── AlreadyClaimed   somebody else holds the claim (it says who)
    │   ├── WrongState       the item is not in a state in which this can be done
    │   │   └── Changed      the item has another version than the one expected
    │   └── NotYours         the person is not of this grid, or does not hold the claim
    ├── PeopleError          an account, a log-in or a session that cannot be used like this
    │   ├── PersonRefused    a value of an account that cannot be taken (it says which, and why)
    │   │   └── PasswordRefused  too short, too common, or the login itself
    │   ├── LogInFailed      unknown login, wrong password, disabled account: one answer for all
    │   │   └── OidcFailed   a log-in through a provider that did not come to an end (it says at which step)
    │   └── TooManyAttempts  wait before the next try (it says how long)
    ├── OutboxError          the box's outbox cannot keep an item
    │   ├── KeptInMemory     the disk refused an alarm: it is held in memory and sent from there
    │   └── StorageRefused   the disk does not take the outbox at all: full, read-only, dead
    ├── SourceError          a sensor source cannot be opened or read
    ├── ActuatorError        a siren, relay, loudspeaker or gate release cannot be driven
    └── SimulationError      what a simulated device says did not reach the box, or the box refused it

Driver errors (psycopg, sqlite3, paho, cv2) stop at the adapter that uses the driver and come out as one of these.
"""


class RedWhistleError(Exception):
    """Root of all errors that the project raises on purpose. `str(error)` says what to do about it."""


class ContractError(RedWhistleError):
    """Bytes or values that break a wire contract; `code` is stable and goes into the quarantine row."""

    code = "contract"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class TooLarge(ContractError):
    """Over a size or count limit of the contract."""

    code = "too_large"


class Malformed(ContractError):
    """Not UTF-8, not JSON, or not the model's shape."""

    code = "malformed"


class WrongVersion(ContractError):
    """A version of the contract that this program does not read."""

    code = "wrong_version"


class ConfigurationError(RedWhistleError):
    """A setting, a file or an argument that cannot be used; the text names it and the place in the file."""


class PlacesError(RedWhistleError):
    """A tree of places that does not hold together; `problems` has one text per line or feature at fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class RulesError(RedWhistleError):
    """A rule pack that cannot be used; `problems` has one text per rule at fault."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StoreError(RedWhistleError):
    """The database refused, or could not be reached."""


class Unavailable(StoreError):
    """The database cannot serve now (connection lost, starting, disk full): the same call may work later."""


class Blocked(StoreError):
    """Somebody else has held a lock on some of these rows for too long: go on with others, and try these again later."""


class SchemaError(StoreError):
    """The schema is missing, older or newer than this program; the text names the command to run."""


class NotFound(StoreError):
    """Nothing is stored under this name."""


class QueueError(RedWhistleError):
    """An act on a work item that is not allowed now."""


class AlreadyClaimed(QueueError):
    """Somebody else holds the claim."""

    def __init__(self, item: str, owner: str) -> None:
        super().__init__(f"{item} is already claimed by {owner}")
        self.item = item
        self.owner = owner


class WrongState(QueueError):
    """The item is not in a state in which this can be done."""


class Changed(WrongState):
    """The item has another version than the one expected: it could be done, but to something else than was looked at."""


class NotYours(QueueError):
    """The person is not of this grid, or does not hold the claim."""


class PeopleError(RedWhistleError):
    """An account, a log-in or a session that cannot be used like this."""


class PersonRefused(PeopleError):
    """A value of an account that cannot be taken; `field` names it, `code` is stable and says why."""

    def __init__(self, field: str, code: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        self.code = code


class PasswordRefused(PersonRefused):
    """Too short, too long, too common, the login itself, or the same as before."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__("password", code, detail)


class LogInFailed(PeopleError):
    """Unknown login, wrong password, no password or disabled account: the answer is the same for all."""


class OidcFailed(LogInFailed):
    """A log-in through an OpenID Connect provider that did not come to an end; `code` is stable and says at which step."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class TooManyAttempts(PeopleError):
    """Too many tries to log in: the next one is answered in `retry_after_s` seconds."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"too many tries to log in: wait {retry_after_s:.0f} s and try again")
        self.retry_after_s = retry_after_s


class OutboxError(RedWhistleError):
    """The box's outbox cannot keep an item."""


class KeptInMemory(OutboxError):
    """The disk refused an alarm: it is held in memory, sent from there, and lost only if power fails before that."""


class StorageRefused(OutboxError):
    """The disk does not take the outbox at all: full, read-only, dead. The box works from memory then."""


class SourceError(RedWhistleError):
    """A sensor source cannot be opened or read."""


class ActuatorError(RedWhistleError):
    """A siren, relay, loudspeaker or gate release cannot be driven."""


class SimulationError(RedWhistleError):
    """What a simulated device says did not reach the box, or the box refused it."""
