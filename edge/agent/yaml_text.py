"""YAML as people write it: read with the line of everything, so that a fault can be named where it stands."""

from typing import Any

import yaml

from redwhistle.errors import ConfigurationError

Lines = dict[tuple[int | str, ...], int]
"""The line, from 1, of each place in a file."""


def parse_yaml(text: bytes, where: str) -> tuple[dict[str, Any], Lines]:
    """A YAML mapping and its line numbers; raise ConfigurationError for anything else, duplicate keys among it."""
    lines: Lines = {}
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None:
            _note_lines(node, (), lines, where)
        raw = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ConfigurationError(f"{where}{line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"{where}: not YAML: {str(error)[:200]}") from error
    if not isinstance(raw, dict) or not all(isinstance(key, str) for key in raw):
        raise ConfigurationError(f"{where}: a mapping with names such as `site:` and `box:` is needed")
    return raw, lines


def _note_lines(node: yaml.Node, at: tuple[int | str, ...], lines: Lines, where: str) -> None:
    if at in lines:
        return  # an alias
    lines[at] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value)
            if (*at, name) in lines:
                raise ConfigurationError(f"{where}, line {key.start_mark.line + 1}: {name!r} is given twice")
            _note_lines(value, (*at, name), lines, where)
            lines[*at, name] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note_lines(value, (*at, index), lines, where)


def describe_fault(loc: tuple[int | str, ...], message: str, where: str, lines: Lines | None) -> str:
    """One fault with its line (that of the nearest known part) and its name."""
    line = ""
    if lines:
        known = next((loc[:n] for n in range(len(loc), -1, -1) if loc[:n] in lines), None)
        line = "" if known is None else f", line {lines[known]}"
    name = ".".join(str(part) for part in loc)
    return f"{where}{line}: {name}: {message}" if name else f"{where}{line}: {message}"
