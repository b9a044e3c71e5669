"""No way leads from a raw frame to a file, a database or the network but through `blur`: looked for in the code itself."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import python_files, read

BLURRING = "edge/agent/evidence/blurring.py"
# What turns pixels into bytes or files. `encode` in BLURRING takes nothing but a `Blurred`.
ENCODERS = frozenset(
    [
        "imencode",
        "imencodemulti",
        "imwrite",
        "imwritemulti",
        "VideoWriter",
        "FileStorage",
        "imshow",
        "tobytes",
        "tostring",
        "tofile",
        "dump",
        "dumps",
        "save",
        "savez",
        "savez_compressed",
        "savetxt",
        "memmap",
    ]
)
ALSO_OF_OTHERS = frozenset({"dump", "dumps", "save"})
"""Names that json and our own classes use, too: they count where numpy or cv2 is imported."""
OTHER_ENCODERS = frozenset(
    [
        "PIL",
        "imageio",
        "av",
        "skimage",
        "matplotlib",
        "base64",
        "binascii",
        "pickle",
        "marshal",
        "shelve",
        "zlib",
        "gzip",
        "tarfile",
        "zipfile",
    ]
)
WAYS_OUT = frozenset(
    [
        "asyncio",
        "ftplib",
        "http",
        "httpx",
        "io",
        "mmap",
        "multiprocessing",
        "os",
        "paho",
        "pathlib",
        "requests",
        "shutil",
        "smtplib",
        "socket",
        "sqlite3",
        "ssl",
        "subprocess",
        "tempfile",
        "urllib",
    ]
)
# Modules that hold frames and have a way out all the same, with what it is for.
EXCUSED = {
    "edge/agent/sources/camera_reader.py": {
        "mmap",
        "os",
        "pathlib",
    },  # shared memory, two pipes, does the file exist
    "edge/agent/sources/camera_process.py": {"mmap", "os", "subprocess"},  # the other end of them
    "edge/agent/detectors/models.py": {"pathlib"},  # the models' folder
}


@pytest.mark.slow
def test_pixels_become_bytes_in_one_file() -> None:
    """One for each kind of file: `encode` makes a JPEG, `add` a film's picture; both take nothing but a `Blurred`."""
    found = {(path.as_posix(), function) for path in python_files("edge") for function in _encodings(path)}
    assert found == {(BLURRING, "encode"), (BLURRING, "add")}
    film = _class(BLURRING, "BlurredFilm")
    taken = {
        f.name: [ast.unparse(a.annotation) for a in f.args.args if a.annotation] for f in _functions(film)
    }
    assert taken == {"__init__": ["str", "float"], "add": ["Blurred"], "close": []}


def test_only_blur_makes_what_encode_takes() -> None:
    calls = [
        (path.as_posix(), name, function)
        for path in python_files("edge")
        for name, function in _calls(ast.parse(read(path)))
        if name in {"Blurred", "BlurredJpeg"}
    ]
    assert sorted(calls) == [(BLURRING, "Blurred", "blur"), (BLURRING, "BlurredJpeg", "encode")]
    (encode,) = [f for f in _functions(ast.parse(read(Path(BLURRING)))) if f.name == "encode"]
    assert [ast.unparse(a.annotation) for a in encode.args.args if a.annotation] == ["Blurred"]
    assert len(encode.args.args) == 1
    for path in python_files("edge"):
        if path.as_posix() != BLURRING:
            assert "_pixels_bgr" not in read(path)
            assert "_SEAL" not in read(path)


def test_a_frame_has_no_methods_and_a_blurred_picture_gives_no_pixels() -> None:
    frame = _class("edge/agent/pipeline.py", "Frame")
    assert [node for node in frame.body if isinstance(node, ast.FunctionDef)] == []
    blurred = _class(BLURRING, "Blurred")
    assert {node.name for node in blurred.body if isinstance(node, ast.FunctionDef)} == {
        "__init__",
        "size_px",
    }


@pytest.mark.slow
def test_modules_that_hold_frames_have_no_way_out() -> None:
    found: dict[str, set[str]] = {}
    for path in python_files("edge"):
        tree = ast.parse(read(path))
        if _holds_frames(tree):
            ways = {name for name in _imported(tree) if name in WAYS_OUT} - EXCUSED.get(
                path.as_posix(), set()
            )
            ways |= {name for name, _ in _calls(tree) if name in {"open", "write_bytes", "write_text"}}
            if ways:
                found[path.as_posix()] = ways
    assert found == {}


@pytest.mark.slow
def test_no_other_encoder_is_on_a_box() -> None:
    found = {
        (path.as_posix(), name)
        for path in python_files("edge")
        for name in _imported(ast.parse(read(path)))
        if name in OTHER_ENCODERS
    }
    assert found == set()


def test_the_masks_are_the_first_thing_that_happens_to_a_decoded_picture() -> None:
    path = "edge/agent/sources/camera_reader.py"
    functions = {function.name: function for function in _functions(ast.parse(read(Path(path))))}
    decoding = {
        name
        for name, function in functions.items()
        if any(called in {"retrieve", "read"} for called, _ in _calls(function) if called != "os.read")
    }
    assert decoding == {"_give", "_read_line", "run"}  # the last two read bytes of orders and requests
    body = [node for node in functions["give"].body if "picture" in ast.unparse(node)]
    first = next(
        node for node in body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    )
    assert ast.unparse(first) == "black_out(picture, self._masks)"


@pytest.mark.parametrize(
    "program",
    [
        "import cv2\ndef f(image):\n    cv2.imwrite('x', image)",
        "import cv2\ndef f(image):\n    writer = cv2.VideoWriter('x')",
        "from cv2 import imencode\ndef f(image):\n    imencode('.png', image)",
        "import numpy as np\ndef f(image):\n    np.save('x', image)",
        "import numpy\ndef f(image):\n    return image.tobytes()",
        "import numpy\ndef f(image):\n    image.dump('x')",
    ],
)
def test_the_search_for_encoders_finds_them(program: str) -> None:
    assert list(_encodings_in(ast.parse(program))) == ["f"]


def _encodings(path: Path) -> Iterator[str]:
    yield from _encodings_in(ast.parse(read(path)))


def _encodings_in(tree: ast.Module) -> Iterator[str]:
    pixels = bool({"cv2", "numpy"} & set(_imported(tree)))
    for name, function in _calls(tree):
        if name in ENCODERS and (pixels or name not in ALSO_OF_OTHERS):
            yield function


def _holds_frames(tree: ast.Module) -> bool:
    if not {"cv2", "numpy"} & _imported(tree) and "Frame" not in _names_in(tree):
        return False
    names = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(names & {"image_bgr", "picture", "region_bgr"})


def _calls(tree: ast.AST) -> list[tuple[str, str]]:
    """Each call's last name, and the function in which it stands."""
    found: list[tuple[str, str]] = []

    def visit(node: ast.AST, within: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            within = node.name
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                base = "json." if ast.unparse(node.func.value) == "json" else ""
                found.append((base + node.func.attr, within))
            elif isinstance(node.func, ast.Name):
                found.append((node.func.id, within))
        for child in ast.iter_child_nodes(node):
            visit(child, within)

    visit(tree, "")
    return found


def _functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _class(path: str, name: str) -> ast.ClassDef:
    (found,) = [
        node
        for node in ast.walk(ast.parse(read(Path(path))))
        if isinstance(node, ast.ClassDef) and node.name == name
    ]
    return found


def _names_in(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _imported(tree: ast.AST) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    return {name.split(".")[0] for name in names}
