"""The built console: files held in memory, small ones and compressed ones ready, pages fall back to index.html."""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from server.api.middleware.wire import header, refuse
from server.api.problems import Code

ASSETS = "/assets/"
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
_TEXTS = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
_ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
MISSING = """<!doctype html><html lang="zh"><meta charset="utf-8"><title>RedWhistle 红哨</title>
<h1>红哨 RedWhistle</h1>
<p>控制台尚未构建。请在源码目录运行 <code>make console</code>，然后重新启动服务器。</p>
<p lang="en">The console is not built yet. Run <code>make console</code> in the checkout and start the server again.</p>
"""


@dataclass(frozen=True, slots=True)
class _File:
    body: bytes
    kind: str
    etag: str
    lasting: bool
    packed: Mapping[str, bytes]


class Console:
    """Serves the files under `folder`; without an index.html there it says how to build one."""

    def __init__(self, folder: Path) -> None:
        self._files = _read(folder)
        self._index = self._files.get("/index.html")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["method"] not in ("GET", "HEAD"):
            await refuse(scope, receive, send, Code.METHOD_NOT_ALLOWED, "pages are read with GET")
            return
        path = scope["path"]
        file = self._files.get("/index.html" if path == "/" else path)
        if file is None and _is_page(path):
            file = self._index
        if file is not None:
            await _answer(file, scope)(scope, receive, send)
        elif self._index is None and path == "/":
            page: ASGIApp = Response(MISSING, media_type="text/html", headers={"Cache-Control": ASK_AGAIN})
            await page(scope, receive, send)
        else:
            await refuse(scope, receive, send, Code.NOT_FOUND, "there is no such page")


def _answer(file: _File, scope: Scope) -> Response:
    headers = {
        "Cache-Control": FOR_EVER if file.lasting else ASK_AGAIN,
        "ETag": file.etag,
        "Content-Type": file.kind,
        "Vary": "Accept-Encoding",
    }
    if file.etag in (header(scope, b"if-none-match") or ""):
        return Response(status_code=304, headers=headers)
    accepted = {
        part.partition(";")[0].strip()
        for part in (header(scope, b"accept-encoding") or "").split(",")
        if not part.replace(" ", "").endswith(";q=0")
    }
    for name, _ in _ENCODINGS:
        if name in file.packed and name in accepted:
            return Response(file.packed[name], headers={**headers, "Content-Encoding": name})
    return Response(file.body, headers=headers)


def _read(folder: Path) -> dict[str, _File]:
    files: dict[str, _File] = {}
    if not (folder / "index.html").is_file():
        return files
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in (".br", ".gz", ".map"):
            name = "/" + path.relative_to(folder).as_posix()
            files[name] = _read_file(path, name)
    return files


def _read_file(path: Path, name: str) -> _File:
    body = path.read_bytes()
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = {}
    for encoding, ending in _ENCODINGS:
        beside = path.with_name(path.name + ending)
        if beside.is_file():
            packed[encoding] = beside.read_bytes()
    if "gzip" not in packed and kind.startswith(_TEXTS) and len(body) > 1000:
        packed["gzip"] = gzip.compress(body, 6, mtime=0)
    etag = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    return _File(body, kind, etag, name.startswith(ASSETS), packed)


def _is_page(path: str) -> bool:
    """A path of the console's own: nothing in it looks like a file."""
    return not PurePosixPath(path).suffix and ".." not in path
