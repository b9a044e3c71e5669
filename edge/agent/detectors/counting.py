"""The two models that count people, as one detector of a camera."""

from dataclasses import dataclass, field

from edge.agent.detectors.decode import Floats
from edge.agent.detectors.density import CrowdCounter, count_of
from edge.agent.pipeline import Detector, Found, Image
from edge.agent.policy.handover import CountMode, HandoverRules, HandoverState, count_people
from edge.agent.policy.sight import PERSON


@dataclass(frozen=True, slots=True)
class Counting:
    """How one camera's people are counted."""

    mode: CountMode = CountMode.AUTO
    crowd: str = "auto"
    """Which crowd model: `auto`, `off`, or a model's name."""
    rules: HandoverRules = field(default_factory=HandoverRules)
    looks_per_s: float = 4.0
    """How often the camera is looked at."""


class CountingDetector:
    """Boxes of people, and a crowd's points where the crowd model counts. One camera, one thread."""

    def __init__(self, people: Detector | None, crowd: CrowdCounter, counting: Counting) -> None:
        """`people` is None where there is no model for people, or none is wanted: then the crowd model counts alone."""
        self._people = people
        self._crowd = crowd
        self._mode = CountMode.CROWD if people is None else counting.mode
        self._rules = rules = counting.rules
        # Counted in looks, not in seconds: a recorded clip is judged as it was when it was live. While nothing moves
        # a camera looks less often; no crowd forms where nothing moves.
        self._probe_every = max(1, round(rules.probe_every_s * counting.looks_per_s))
        self._state = HandoverState()

    @property
    def labels(self) -> frozenset[str]:
        return frozenset({PERSON})

    @property
    def model(self) -> str | None:
        return self._crowd.model if self._people is None else self._people.model

    def look(self, image_bgr: Image) -> Found:
        """Boxes of people always, where there is a model for them; `crowd_points` where the crowd model counts."""
        found = Found() if self._people is None else self._people.look(image_bgr)
        boxes = sum(each.label == PERSON for each in found.detections)
        seen: list[Floats] = []

        def crowd() -> float:
            seen.append(self._crowd.look(image_bgr))
            return count_of(seen[-1])

        self._state, counted = count_people(
            self._rules, self._mode, self._state, boxes, crowd, self._probe_every
        )
        if not counted.by_crowd:
            return found
        points = tuple((float(x), float(y), float(people)) for x, y, people in seen[-1])
        return Found(found.detections, found.moving_regions, crowd_points=points)
