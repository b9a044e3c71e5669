"""Looks at a camera for a while through the reader that the agent uses."""

import time
from contextlib import closing
from dataclasses import replace

import cv2

from edge.agent.pipeline import Image
from edge.agent.sources.camera_process import Ended, FrameReady, Gone, Opened, ReaderProcess
from edge.agent.sources.camera_settings import CameraSettings, hide_secrets, shown
from edge.reaching import reach_camera
from edge.viewing.probe_report import Glance, ProbeReport
from redwhistle.errors import SourceError

_GREY_SIDE_PX = 160
_SPARE_S = 2.0


def look_for(settings: CameraSettings, seconds: float) -> ProbeReport:
    """Open it, look for so long, and say what came. Raises SourceError with what to do when no picture comes."""
    url = settings.url.get_secret_value()
    began_s = time.monotonic()
    patience_s = settings.open_timeout_s + settings.read_timeout_s + _SPARE_S
    glances: list[Glance] = []
    opened: Opened | None = None
    open_s = first_s = 0.0
    ended = False
    size_px = (0, 0)
    with closing(ReaderProcess(settings.reader_order())) as reader:
        reader.ask()
        while not ended and not (glances and time.monotonic() - first_s >= seconds):
            answer = reader.wait(0.2)
            now_s = time.monotonic()
            match answer:
                case Opened():
                    opened, open_s = answer, now_s - began_s
                case FrameReady(image_bgr, age_ms, read, _, camera_px):
                    size_px = camera_px
                    first_s = first_s or now_s
                    glances.append(Glance(now_s - first_s, age_ms, read, *_light(image_bgr)))
                    reader.ask()
                case Ended():
                    ended = True
                case Gone(reason):
                    raise SourceError(_explain(url, reason, opened is not None))
                case None:
                    if now_s - (glances[-1].at_s + first_s if glances else began_s) > patience_s:
                        raise SourceError(_explain(url, "no picture came in time", opened is not None))
    if opened is None or not glances:
        raise SourceError(_explain(url, "it ended before a picture came", opened is not None))
    return ProbeReport(
        camera=shown(url),
        kind=settings.kind,
        facts=replace(opened.facts, width_px=size_px[0], height_px=size_px[1]),
        analyse_fps=settings.analyse_fps,
        open_s=open_s,
        first_frame_s=first_s - began_s,
        looked_s=time.monotonic() - first_s,
        glances=tuple(glances),
        ended=ended,
    )


def _light(image_bgr: Image) -> tuple[float, float]:
    """Mean and standard deviation of the grey levels, 0..255."""
    small = cv2.resize(image_bgr, (_GREY_SIDE_PX, _GREY_SIDE_PX), interpolation=cv2.INTER_AREA)
    mean, deviation = cv2.meanStdDev(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY))
    return float(mean[0, 0]), float(deviation[0, 0])


def _explain(url: str, reason: str, opened: bool) -> str:
    text = f"{shown(url)}: {hide_secrets(url)(reason)}"
    problem = None if opened else reach_camera(url)
    return text if problem is None or problem in text else f"{text}\n{problem}"
