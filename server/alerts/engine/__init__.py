"""The engine: `decide(pack, state, item, now_ms) -> (state, decisions)`. Pure: no IO, no clock, no chance.

The same function serves the live server, replays, drills and back-tests. Time passes through items and through the
wake-up that the state asks for (`wake_at_ms`).
"""

from server.alerts.engine.deciding import decide
from server.alerts.engine.presence import PRESENCE_STEP_MS
from server.alerts.engine.screen import Screen
from server.alerts.engine.state import SiteState, new_state
from server.alerts.engine.stored import dump, load

__all__ = ["PRESENCE_STEP_MS", "Screen", "SiteState", "decide", "dump", "load", "new_state"]
