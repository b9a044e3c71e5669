"""Cells of a grid over the view as bits of a number: bit `row * columns + column`. Pure, and quick."""

from collections.abc import Iterable

Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in 0..1 of the view."""
_WHOLE_VIEW: Box = (0.0, 0.0, 1.0, 1.0)


def cells_at_least(values: Iterable[float], least: float) -> int:
    """The cells whose value is `least` or more."""
    cells = 0
    for i, value in enumerate(values):
        if value >= least:
            cells |= 1 << i
    return cells


def spread(cells: int, columns: int, rows: int) -> int:
    """`cells` and their eight neighbours each; bits beyond the grid are left out."""
    every = (1 << columns * rows) - 1
    left_edge = sum(1 << row * columns for row in range(rows))
    right_edge = left_edge << columns - 1
    cells &= every
    cells |= (cells & ~right_edge) << 1 | (cells & ~left_edge) >> 1
    return (cells | cells << columns | cells >> columns) & every


def boxes_of(cells: int, columns: int, rows: int) -> tuple[Box, ...]:
    """One box around each group of touching cells, the largest first; the bit after the last cell is the whole view."""
    boxes = []
    rest = cells & ((1 << columns * rows) - 1)
    while rest:
        group = rest & -rest
        while True:
            grown = spread(group, columns, rows) & rest
            if grown == group:
                break
            group = grown
        rest &= ~group
        numbers = [i for i in range(columns * rows) if group >> i & 1]
        xs, ys = [i % columns for i in numbers], [i // columns for i in numbers]
        box = (min(xs) / columns, min(ys) / rows, (max(xs) + 1) / columns, (max(ys) + 1) / rows)
        boxes.append((len(numbers), box))
    boxes.sort(key=lambda each: (-each[0], each[1]))
    found = tuple((round(x1, 4), round(y1, 4), round(x2, 4), round(y2, 4)) for _, (x1, y1, x2, y2) in boxes)
    return found or ((_WHOLE_VIEW,) if cells else ())
