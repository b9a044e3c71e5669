"""The RTSP server itself. Runs on the system's Python with GStreamer, not in our environment: standard library and gi.

    rtsp_child.py PORT FOLDER [FILE]

serves rtsp://127.0.0.1:PORT/camera: the H.264 video of an MP4 FILE in a loop, or a moving pattern. FOLDER takes
what is made on the way. Ends when standard input closes.
"""

import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - only after require_version

_PAY = "rtph264pay name=pay0 pt=96 config-interval=1"
_PATTERN = (
    "( videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=15/1 "
    f"! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! {_PAY} )"
)


def main() -> None:
    """Serve until killed, or until standard input closes."""
    port, folder = sys.argv[1], Path(sys.argv[2])
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    factory = GstRtspServer.RTSPMediaFactory()
    if len(sys.argv) > 3:
        stream = _transport_stream(Path(sys.argv[3]), folder / "clip.ts")
        play = f'multifilesrc location="{stream}" loop=true ! tsparse set-timestamps=true ! tsdemux ! queue'
        factory.set_launch(f"( {play} ! h264parse config-interval=-1 ! {_PAY} )")
    else:
        factory.set_launch(_PATTERN)
    factory.set_shared(True)
    server.get_mount_points().add_factory("/camera", factory)
    if server.attach(None) == 0:
        raise SystemExit(f"port {port} is taken")
    loop = GLib.MainLoop()
    GLib.io_add_watch(0, GLib.PRIORITY_DEFAULT, GLib.IO_HUP, lambda *_: loop.quit())
    loop.run()


def _transport_stream(source: Path, target: Path) -> Path:
    """Copy the H.264 track of an MP4 file into an MPEG transport stream, which can be played in a loop."""
    line = f'filesrc location="{source}" ! qtdemux ! h264parse ! mpegtsmux ! filesink location="{target}"'
    pipeline = Gst.parse_launch(line)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(
        60 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR
    )
    pipeline.set_state(Gst.State.NULL)
    if message is None or message.type != Gst.MessageType.EOS:
        raise SystemExit(f"{source} is not an MP4 file with an H.264 track")
    return target


if __name__ == "__main__":
    main()
