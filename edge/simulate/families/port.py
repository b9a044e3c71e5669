"""What a family of devices must be able to say of itself; owned by the desk. Pure."""

from typing import Protocol

from edge.simulate.steps import Step
from edge.simulate.wishes import Simulated, Wish


class Family(Protocol):
    """The devices of one section of the configuration."""

    def roster(self) -> list[Simulated]:
        """Its devices, in the order of the configuration, with what can be simulated of each."""

    def plan(self, wish: Wish, now_ms: int) -> list[Step]:
        """What goes out for a wish that the roster allows. `now_ms`: wall time, ms since 1970.

        Raises ConfigurationError for options that do not fit the device.
        """
