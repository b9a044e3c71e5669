"""What somebody wants a device to say, and what it can say. Pure.

A wish comes from a command line or as one JSON object a line; both are checked here.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from redwhistle.contracts.codec import describe
from redwhistle.contracts.ids import DeviceId
from redwhistle.errors import ConfigurationError

MAX_LINE_BYTES = 16 * 1024
Word = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_-]*$")]


class Options(BaseModel):
    """What an act may be told besides its name; each act takes some of these and refuses the others."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    direction: Literal["in", "out"] | None = None
    card: Annotated[str, Field(pattern=r"^[0-9]{1,20}$")] | None = None
    """Made up: no real card's number belongs into a test."""
    people: Annotated[int, Field(ge=0, le=100)] | None = None
    reason: Annotated[str, Field(pattern=r"^[a-z]+(_[a-z]+){0,5}$", max_length=40)] | None = None
    value: Annotated[float, Field(ge=-1e9, le=1e9)] | None = None
    """In the unit of the metric."""
    metric: Word | None = None
    zone: Annotated[int, Field(ge=0, le=0xFFFF)] | None = None
    no: Annotated[int, Field(ge=0, le=0xFFFF)] | None = None
    """A component's number in its zone."""
    component: Annotated[int, Field(ge=0, le=255)] | None = None
    """A fire panel's component type: 40 smoke, 30 heat, 23 call point."""
    gesture: Literal["single", "double", "hold"] | None = None
    input: Word | None = None
    """Which of a device's contacts, by what it says."""
    bits: Literal[26, 34, 37] | None = None
    reader: Annotated[int, Field(ge=0, le=126)] | None = None
    """Which of a door's readers, from 0."""

    def given(self) -> frozenset[str]:
        """The names of those that were given."""
        return frozenset(self.model_dump(exclude_none=True))


class Wish(BaseModel):
    """One act of one device."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    device: DeviceId
    act: Word
    test: bool = False
    """With the device's own test mark, where its protocol has one."""
    options: Options = Options()


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a device can be made to say. `takes` are names of `Options`."""

    name: str
    says: str
    takes: frozenset[str] = frozenset()
    test: bool = False
    """Its protocol can mark it as a test, and the box takes the mark for one."""


@dataclass(frozen=True, slots=True)
class Simulated:
    """A device of the configuration with what can be simulated of it; the first act is the one that shows the most.

    `source` is the section's name in the configuration; `why_no_test` says why `--test` is refused, where it is.
    """

    device: str
    family: str
    source: str
    label: str
    acts: tuple[Act, ...]
    why_no_test: str = "its protocol has no test mark"

    def act(self, wish: Wish) -> Act:
        """The act that is wished for. Raises ConfigurationError with what can be done instead."""
        found = next((each for each in self.acts if each.name == wish.act), None)
        if found is None:
            raise ConfigurationError(
                f"{self.device} ({self.family}) cannot do {wish.act!r}; it can: {_names(a.name for a in self.acts)}"
            )
        if strange := sorted(wish.options.given() - found.takes):
            can = _names(f"--{each}" for each in sorted(found.takes)) if found.takes else "no options"
            raise ConfigurationError(f"{wish.act} of {self.device} takes no --{strange[0]}: {can}")
        if wish.test and not found.test:
            raise ConfigurationError(
                f"{wish.act} of {self.device} cannot be marked as a test: {self.why_no_test}. "
                "Tell the people at the server, and use --yes"
            )
        return found


def read_wish(line: bytes) -> Wish:
    """A wish from one line of JSON: `{"device": …, "act": …, "test": …, "options": {…}}`. Raises ConfigurationError."""
    if len(line) > MAX_LINE_BYTES:
        raise ConfigurationError(f"longer than {MAX_LINE_BYTES} bytes")
    try:
        return Wish.model_validate_json(line)
    except ValidationError as error:
        raise ConfigurationError(describe(error)) from None
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def make_options(**given: object) -> Options:
    """Options from a command line. Raises ConfigurationError."""
    try:
        return Options.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise ConfigurationError(describe(error)) from None


def _names(words: Iterable[str]) -> str:
    return ", ".join(words)
