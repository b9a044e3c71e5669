"""What a source has to say, handed to the sink in order; nothing is forgotten when the sink refuses."""

from collections import deque
from collections.abc import Iterable

from edge.agent.observation import EventSeen, Observation
from edge.agent.ports import Sink


class Handover:
    """What the sink refuses stays first in line for the next call or the next run of the source:

    the source has passed it on already and, latched, would not say it again.
    """

    def __init__(self) -> None:
        self._unsaid: deque[Observation] = deque()

    def give(self, sink: Sink, said: Iterable[Observation] = ()) -> None:
        """Hand over all that waits, then `said`. Raises OutboxError."""
        self._unsaid.extend(said)
        while self._unsaid:
            observation = self._unsaid[0]
            if isinstance(observation, EventSeen):
                sink.event(observation)
            else:
                sink.reading(observation)
            self._unsaid.popleft()
