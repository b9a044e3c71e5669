"""A real RTSP camera on 127.0.0.1: GStreamer's server as a child of its own, with a clip or a moving pattern."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.servers.folder import server_folder
from bench.servers.installed import ensure, library_path
from redwhistle.errors import Unavailable
from server.embedded.child import ChildServer, await_listener, spawn
from server.embedded.ports import LOOPBACK, free_port

_SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's GObject bindings are built for


class RtspServer(ChildServer):
    """Serves `url` over `folder`; a context manager. `clip` is an MP4 file with H.264; without it, a moving ball."""

    def __init__(self, folder: Path, *, clip: Path | None = None, port: int | None = None) -> None:
        if clip is not None and not clip.is_file():
            raise Unavailable(
                f"there is no clip {clip}: run `make demo-data/bikes.mp4`, or give another file"
            )
        self.folder = folder.resolve()
        self.clip = clip.resolve() if clip is not None else None
        self.port = port if port is not None else free_port()
        super().__init__()

    @property
    def url(self) -> str:
        """What a camera source opens."""
        return f"rtsp://{LOOPBACK}:{self.port}/camera"

    @property
    def log(self) -> Path:
        """Where the child's output goes."""
        return self.folder / "rtsp.log"

    def start(self) -> None:
        """Start and return when it accepts connections; raise Unavailable when it does not come up."""
        if self.running:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        root = ensure("rtsp") / "root"
        child = Path(__file__).with_name("rtsp_child.py")
        words: list[str | Path] = [_SYSTEM_PYTHON, child, str(self.port), self.folder]
        if self.clip is not None:
            words.append(self.clip)
        self._process = spawn(words, log=self.log, env=_environment(root, self.folder), lifeline=True)
        await_listener(self._process, self.port, self.log, timeout_s=60)

    def freeze(self) -> None:
        """SIGSTOP: connections stand and new ones are taken by the kernel; nothing is sent."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it stood."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)


@contextmanager
def running_rtsp(clip: Path | None = None) -> Iterator[RtspServer]:
    """A started server over a temporary folder, stopped and removed afterwards."""
    with server_folder("rtsp") as folder, RtspServer(folder, clip=clip) as server:
        yield server


def _environment(root: Path, folder: Path) -> dict[str, str]:
    """Where the unpacked GStreamer finds its parts, beside what the system has of it."""
    env = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GST_", "GI_"))
    }
    env |= library_path(root)
    plugins = [str(path) for path in root.glob("usr/lib/*/gstreamer-1.0")]
    env["GST_PLUGIN_PATH"] = os.pathsep.join(plugins)
    env["GST_REGISTRY"] = str(folder / "gstreamer-registry.bin")
    env["GI_TYPELIB_PATH"] = os.pathsep.join(str(path) for path in root.glob("usr/lib/*/girepository-1.0"))
    env["PYTHONPATH"] = str(root / "usr/lib/python3/dist-packages")
    for scanner in root.glob("usr/lib/*/gstreamer1.0/gstreamer-1.0/gst-plugin-scanner"):
        env["GST_PLUGIN_SCANNER"] = str(scanner)
    return env
