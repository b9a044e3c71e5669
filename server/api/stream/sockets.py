"""What a process with thousands of open streams needs of the system: a listening socket that sheds the dead, and files."""

import resource
import socket

from redwhistle.logs import get_logger

BACKLOG = 2_048
"""How many may knock at once: after a restart all come back within seconds."""
STUCK_S = 60
"""A connection that takes nothing for so long is cut by the system, also one whose owner still answers."""
FILES = 65_536

log = get_logger(part="stream")


def listening_socket(host: str, port: int, *, stuck_s: float = STUCK_S) -> socket.socket:
    """A TCP socket bound to `host` and `port` (0: a free one), to give to the web server. OSError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", 30),
            ("TCP_KEEPINTVL", 10),
            ("TCP_KEEPCNT", 3),
            ("TCP_USER_TIMEOUT", int(stuck_s * 1000)),
        ):
            if hasattr(socket, name):  # accepted connections inherit these
                made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        made.bind((host, port))
        made.listen(BACKLOG)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def raise_file_limit(wanted: int = FILES) -> int:
    """Allow this process as many open files as the system lets it, up to `wanted`; return how many. Each stream is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft == resource.RLIM_INFINITY or soft >= limit:
        limit = soft
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        log.info("file_limit_raised", before=soft, now=limit)
    if limit != resource.RLIM_INFINITY and limit < wanted:
        log.warning(
            "file_limit_low",
            limit=limit,
            wanted=wanted,
            advice="each stream needs one: raise LimitNOFILE of the service, or `ulimit -Hn`",
        )
    return limit
