"""What the live stream sends: the JSON in `data:` of each event."""

from typing import Annotated, Literal

from pydantic import Field

from server.api.schemas.queue import Item
from server.api.schemas.wire import Shape, Time


class StreamBox(Shape):
    """A box as the stream tells of it."""

    box: str
    site: str
    online: bool
    clock_synced: bool | None
    last_seen_at: Time | None
    reason: str | None


class StreamBoxes(Shape):
    """The boxes in scope."""

    online: int
    total: int
    list: list[StreamBox]


class StreamSnapshot(Shape):
    """Event `snapshot`: all open items in scope, in server order, and the boxes."""

    cursor: str
    server_time: Time
    items: list[Item]
    boxes: StreamBoxes


class StreamItemChange(Shape):
    """Event `change` of an item."""

    kind: Literal["item"]
    item: Item


class StreamBoxChange(Shape):
    """Event `change` of a box."""

    kind: Literal["box"]
    box: StreamBox


StreamChange = Annotated[StreamItemChange | StreamBoxChange, Field(discriminator="kind")]


class StreamReset(Shape):
    """Event `reset`: the cursor cannot be used; a snapshot follows."""

    reason: str


class StreamTick(Shape):
    """Event `tick`, each 10 s: the stream lives. `stale_since`: the server has lost its database since then."""

    server_time: Time
    cursor: str
    stale_since: Time | None = None
