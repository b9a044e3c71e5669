"""What on and off mean to something that can do nothing else."""

from edge.agent.orders import Act, Order
from redwhistle.errors import ActuatorError


def is_on(order: Order) -> bool:
    """Whether it is to be on. Raises ActuatorError for an order to speak."""
    if order.act is Act.SPEAK:
        raise ActuatorError(f"{order.actuator} cannot speak: name a loudspeaker")
    return order.act is Act.ON
