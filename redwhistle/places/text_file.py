"""Bytes of a text file into text: UTF-8 with or without a mark, or GB18030 as Excel in China writes it.

Broken bytes and NUL are refused with their line; a UTF-8 file with a broken byte is not taken for GB18030.
"""

from redwhistle.places.problem import Problem, error, warning


def decode_text(data: bytes, name: str, *, gb18030: bool = False) -> tuple[str, Problem | None]:
    """The text, and a note when it was GB18030; raise BrokenText, whose `problem` names file and line."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BrokenText(
            error("utf16", f"{name} line 1", "this is UTF-16: save it as UTF-8 (Excel: CSV UTF-8)")
        )
    if (nul := data.find(b"\0")) >= 0:
        text = "a NUL byte: this is no text, or the file is damaged; export it again"
        raise BrokenText(error("nul", f"{name} line {_line(data, nul)}", text))
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as fault:
        at = fault.start + (3 if data.startswith(_MARK) else 0)
    if gb18030 and not data.startswith(_MARK) and not _is_mostly_utf8(data):
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError as fault:
            at = fault.start
        else:
            note = "read as GB18030; look at the Chinese names, and save as UTF-8 (Excel: CSV UTF-8) if they are wrong"
            return text, warning("gb18030", name, note)
    text = f"byte 0x{data[at]:02x} is not UTF-8{' or GB18030' if gb18030 else ''}: export the file again as UTF-8"
    raise BrokenText(error("broken_bytes", f"{name} line {_line(data, at)}", text))


class BrokenText(ValueError):
    """Bytes that are no text; `problem` says where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether some line is Chinese in UTF-8: GB18030 text hardly ever looks like that by chance."""
    for line in data.splitlines():
        try:
            text = line.decode()
        except UnicodeDecodeError:
            continue
        if any("\u2e80" <= character <= "\uffef" for character in text):
            return True
    return False


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1


_MARK = b"\xef\xbb\xbf"
