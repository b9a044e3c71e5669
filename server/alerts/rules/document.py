"""YAML text to plain values that remember their lines. One door, closed to what a rule pack does not need.

Refused with a line number: aliases and anchors (they can make a small file huge), tags, keys given twice, values
that are neither text, number, true/false nor nothing, more than 256 KiB, more than 20 levels.
"""

from dataclasses import dataclass
from typing import Any

import yaml

from redwhistle.errors import RulesError

MAX_CHARACTERS = 256 * 1024
MAX_DEPTH = 20
Path = tuple[str | int, ...]
_PLAIN = ("str", "int", "float", "bool", "null")


@dataclass(frozen=True, slots=True)
class Document:
    """The values of a file, and the line (from 1) of each."""

    value: Any
    lines: dict[Path, int]

    def line(self, path: Path) -> int:
        """The line of the nearest thing around `path` that is written in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read_document(text: str) -> Document:
    """Raise RulesError, with lines, for what is not plain YAML."""
    if len(text) > MAX_CHARACTERS:
        raise RulesError(
            [f"line 1: the file has {len(text)} characters, {MAX_CHARACTERS} are allowed; split it"]
        )
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.events.AliasEvent) or getattr(event, "anchor", None):
                raise RulesError(
                    [f"line {_line(event.start_mark)}: anchors and aliases are not allowed; write it out"]
                )
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise RulesError([f"line {_line(mark)}: not YAML: {error.problem or error.context}"]) from error
    except (yaml.YAMLError, ValueError) as error:
        raise RulesError([f"line 1: not YAML: {str(error).splitlines()[0]}"]) from error
    except RecursionError as error:
        raise RulesError([f"line 1: nested too deeply; {MAX_DEPTH} levels are allowed"]) from error
    if node is None:
        raise RulesError(["line 1: the file is empty; it needs `version: 1` and `rules:`"])
    reader = _Reader()
    value = reader.read(node, ())
    if reader.problems:
        raise RulesError(reader.problems)
    return Document(value, reader.lines)


def _line(mark: object) -> int:
    """Counted from 1; 1 where the parser gives no place."""
    line = getattr(mark, "line", 0)
    return line + 1 if isinstance(line, int) else 1


class _Reader:
    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.problems: list[str] = []
        self._scalars = yaml.constructor.SafeConstructor()

    def read(self, node: yaml.Node, path: Path) -> Any:
        line = node.start_mark.line + 1
        self.lines[path] = line
        if len(path) > MAX_DEPTH:
            self.problems.append(f"line {line}: nested too deeply; {MAX_DEPTH} levels are allowed")
            return None
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._read_scalar(node, line)

    def _read_mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self.problems.append(f"line {line}: a key must be a word")
                continue
            key = str(key_node.value)
            if key in values:
                self.problems.append(f"line {line}: {key!r} is given twice; keep one")
                continue
            values[key] = self.read(child, (*path, key))
            self.lines[(*path, key)] = line
        return values

    def _read_scalar(self, node: yaml.Node, line: int) -> Any:
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind not in _PLAIN:
            self.problems.append(
                f"line {line}: {str(node.value)[:40]!r} is read as a {kind[:40]}; put it in quotes"
            )
            return None
        try:
            return self._scalars.construct_object(node)
        except (ValueError, OverflowError, KeyError, yaml.YAMLError) as error:
            self.problems.append(f"line {line}: {str(node.value)[:40]!r} cannot be read: {str(error)[:100]}")
            return None
