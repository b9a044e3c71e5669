"""The console's files: kept for ever, asked again, or a page that says how to build them."""

import asyncio
from pathlib import Path

import pytest
from starlette.types import Message

from server.api.console import Console


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>红哨</title>", "utf-8")
    (tmp_path / "sw.js").write_text("// worker", "utf-8")
    (tmp_path / "assets" / "main-4f3a.js").write_text("x = 1;\n" * 500, "utf-8")
    (tmp_path / "assets" / "main-4f3a.js.br").write_bytes(b"packed by the build")
    (tmp_path / "assets" / "main-4f3a.js.map").write_text("{}", "utf-8")
    return tmp_path


def get(
    console: Console, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    status, told, body = 0, {}, b""

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status, told, body
        if message["type"] == "http.response.start":
            status, told = message["status"], {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            body += message.get("body", b"")

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": method, "path": path, "headers": raw, "query_string": b""}
    asyncio.run(console(scope, receive, send))
    return status, told, body


def test_pages_are_asked_again_and_assets_kept(dist: Path) -> None:
    console = Console(dist)
    for path in ("/", "/q", "/q/1042", "/desk"):
        status, headers, body = get(console, path)
        assert (status, headers["cache-control"]) == (200, "no-cache")
        assert "红哨" in body.decode()
    assert get(console, "/sw.js")[1]["cache-control"] == "no-cache"
    status, headers, _ = get(console, "/assets/main-4f3a.js")
    assert (status, headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert headers["content-type"] == "text/javascript; charset=utf-8"


def test_packed_files_are_sent_to_whom_they_suit(dist: Path) -> None:
    console = Console(dist)
    path = "/assets/main-4f3a.js"
    assert get(console, path, accept_encoding="gzip, br")[2] == b"packed by the build"
    _, headers, body = get(console, path, accept_encoding="gzip")
    assert (headers["content-encoding"], body[:2]) == ("gzip", b"\x1f\x8b")
    assert "content-encoding" not in get(console, path, accept_encoding="br;q=0")[1]
    assert "content-encoding" not in get(console, path)[1]


def test_what_is_known_is_not_sent_again(dist: Path) -> None:
    console = Console(dist)
    etag = get(console, "/")[1]["etag"]
    status, _, body = get(console, "/", if_none_match=etag)
    assert (status, body) == (304, b"")


def test_nothing_outside_is_sent(dist: Path) -> None:
    console = Console(dist)
    for path in ("/assets/none.js", "/assets/main-4f3a.js.map", "/../secret.txt", "/favicon.ico"):
        assert get(console, path)[0] == 404
    assert get(console, "/", method="POST")[0] == 405


def test_without_a_build_it_says_how(tmp_path: Path) -> None:
    status, headers, body = get(Console(tmp_path), "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"make console" in body
    assert get(Console(tmp_path), "/q")[0] == 404
