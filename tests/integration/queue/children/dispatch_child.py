"""A dispatcher as a process of its own. With `stuck` it takes a wake-up, writes a file, and never commits."""

import sys
import threading
import time
from pathlib import Path

from redwhistle.clock import SystemClock
from server.alerts.model import Decision, Item, WakeItem
from server.alerts.ports import Pack
from server.alerts.testing import PlainJudge, PlainPack, PlainState
from server.dispatch.dispatcher import Dispatcher


class StuckJudge(PlainJudge):
    def decide(
        self, pack: Pack, state: PlainState, item: Item, now_ms: int
    ) -> tuple[PlainState, tuple[Decision, ...]]:
        if isinstance(item, WakeItem):
            Path(sys.argv[2]).touch()
            time.sleep(600)
        return super().decide(pack, state, item, now_ms)


Dispatcher(sys.argv[1], PlainPack(), SystemClock(), judge=StuckJudge()).run(threading.Event())
