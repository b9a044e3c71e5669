"""What is going on when somebody looks: a busy evening in 锦园, and the pages on which it shows."""

from dataclasses import dataclass

from bench.city import FIRST_SMOKE, SECOND_SMOKE, SOUTH_GATE, THIRD_SMOKE
from server.alerts.work_item import Act
from tests.e2e.world import World

DRILL = "e7"


@dataclass(frozen=True, slots=True)
class Scene:
    """The work items of a busy evening: ids."""

    fire: str
    smoke: str
    gate: str
    drill: str
    alert: str
    """The alert of the fire."""

    @property
    def names(self) -> dict[str, str]:
        """What stands in the paths of `ROUTES`."""
        return {"item": self.fire, "alert": self.alert, "box": "jinyuan-1"}


@dataclass(frozen=True, slots=True)
class Route:
    """A page, and who looks at it; None: nobody has logged in. `shown` is there once its data has come."""

    path: str
    login: str | None
    shown: str

    @property
    def name(self) -> str:
        """For files and test ids."""
        return self.path.strip("/").replace("/", "-").replace("{", "").replace("}", "") or "home"


ROUTES = (
    Route("/login", None, "[data-testid=log-in]"),
    Route("/q", "zhangwei", "[data-item]"),
    Route("/q/{item}", "zhangwei", "[data-testid=timeline] li"),
    Route("/me", "zhangwei", "[data-testid=sessions] li"),
    Route("/desk", "liuyang", "[role=option]"),
    Route("/alerts", "liuyang", "main a[href^='/alerts/']"),
    Route("/alerts/{alert}", "liuyang", "[data-testid=acts], main h2"),
    Route("/boxes", "wangfang", "main a[href^='/boxes/']"),
    Route("/boxes/{box}", "wangfang", ".value"),
)


def busy(world: World) -> Scene:
    """Smoke on two floors of one unit (a fire, confirmed), a forced gate that 李娜 has claimed, and a drill beside it."""
    box = world.jinyuan
    box.say(FIRST_SMOKE, "smoke", level=0.8, ago_s=40)
    box.say(SECOND_SMOKE, "smoke", level=1.4, ago_s=20)
    box.say(SOUTH_GATE, "gate_forced")
    box.say(THIRD_SMOKE, "smoke", exercise=DRILL)
    gate = world.item(hazard="gate")
    world.act(gate["number"], Act.CLAIM, "lina")
    fire = world.item(hazard="fire")
    return Scene(
        fire=str(fire["id"]),
        smoke=str(world.item(hazard="smoke", exercise="")["id"]),
        gate=str(gate["id"]),
        drill=str(world.item(exercise=DRILL)["id"]),
        alert=str(fire["alert"]),
    )
