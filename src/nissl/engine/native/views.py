"""Arrays in memory, and the ways of stepping through them: strides, counted in numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

Index: TypeAlias = tuple[int, ...]
DType: TypeAlias = np.dtype[Any]

PAD = 16  # numbers that a row is a multiple of, so that it begins at a whole vector
CROWDED = 256  # numbers; rows that are a multiple of it apart would share cache lines


def padded(shape: Index) -> Index:
    """Strides of a new array, in numbers: a matrix's rows begin at multiples of :data:`PAD`.

    Rows that are a power of two apart would share few lines of the first cache, so they are not.
    """
    strides: list[int] = []
    step = 1
    for axis in range(len(shape) - 1, -1, -1):
        strides.append(step)
        step *= shape[axis]
        if len(shape) == 2 and axis == 1:
            step = -(-step // PAD) * PAD
            step += PAD if step % CROWDED == 0 else 0
    return tuple(reversed(strides))


def contiguous(shape: Index) -> Index:
    """Strides of an array without gaps, in numbers."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


@dataclass(eq=False)
class Buffer:
    """Memory in the workspace.

    Attributes:
        name: of the pointer in C.
        dtype: of its numbers.
        count: how many numbers it has room for.
        made: number of the nest that fills it; -1 for what is there when the step begins.
    """

    name: str
    dtype: DType
    count: int
    made: int = -1

    @property
    def nbytes(self) -> int:
        """Bytes, in whole cache lines, with room to read a vector past the end."""
        return (-(-self.count * self.dtype.itemsize // 64) + 2) * 64


@dataclass(frozen=True, eq=False)
class View:
    """A way of stepping through a buffer: index to ``offset + sum(i * stride)``."""

    buffer: Buffer
    shape: Index
    strides: Index
    offset: int = 0

    @property
    def pointer(self) -> str:
        """Where its first number lies, in C."""
        return f"{self.buffer.name} + {self.offset}" if self.offset else self.buffer.name

    def at(self, variables: Sequence[str]) -> str:
        """The number at an index, in C."""
        terms = [
            variable if stride == 1 else f"{variable} * {stride}"
            for variable, stride in zip(variables, self.strides, strict=True)
            if stride
        ]
        if self.offset:
            terms.append(str(self.offset))
        return f"{self.buffer.name}[{' + '.join(terms) or '0'}]"


def turned(view: View) -> View:
    """The transpose of a matrix."""
    rows, columns = view.shape
    return View(view.buffer, (columns, rows), view.strides[::-1], view.offset)


def is_rows(view: View) -> bool:
    """Whether rows are contiguous, aligned, and padded to whole vectors."""
    return view.strides == padded(view.shape) and view.offset % PAD == 0


def stretched(view: View, shape: Index) -> View:
    """The same numbers broadcast to a shape, by strides of 0."""
    offset = len(shape) - len(view.shape)
    strides = tuple(
        0
        if axis < offset or (view.shape[axis - offset] == 1 and n != 1)
        else view.strides[axis - offset]
        for axis, n in enumerate(shape)
    )
    return View(view.buffer, shape, strides, view.offset)


def sliced(view: View, shape: Index, starts: Index, steps: Index) -> View:
    """Every ``step``-th number from a start; where it ends, the shape says."""
    offset = view.offset + sum(i * s for i, s in zip(starts, view.strides, strict=True))
    strides = tuple(s * each for s, each in zip(view.strides, steps, strict=True))
    return View(view.buffer, shape, strides, offset)


def reshaped(shape: Index, strides: Index, new: Index) -> Index | None:
    """Strides of the same numbers in another shape, or ``None`` where they must be copied.

    >>> reshaped((4, 6), (6, 1), (2, 2, 6)), reshaped((4, 6), (16, 1), (24,))
    ((12, 6, 1), None)
    """
    old = [(n, s) for n, s in zip(shape, strides, strict=True) if n != 1]
    result: list[int] = []
    place, place_new = 0, 0
    while place < len(old):
        total, first = old[place][0], place
        while place + 1 < len(old) and old[place][1] == old[place + 1][0] * old[place + 1][1]:
            place += 1  # axes that step as one
            total *= old[place][0]
        group, steps = 1, list[int]()
        while place_new < len(new) and (group < total or new[place_new] == 1):
            group *= new[place_new]
            steps.append(new[place_new])
            place_new += 1
        if group != total:
            return _by_axis(old[first:], result, new)
        step = old[place][1]
        inner: list[int] = []
        for n in reversed(steps):
            inner.append(step)
            step *= n
        result += reversed(inner)
        place += 1
    result += [1] * (len(new) - len(result))
    return tuple(result)


def _by_axis(rest: Sequence[tuple[int, int]], done: Sequence[int], new: Index) -> Index | None:
    """Strides where the remaining axes are the same but for some of length 1."""
    wanted = new[len(done) :]
    if [n for n, _ in rest] != [n for n in wanted if n != 1]:
        return None
    steps = iter(s for _, s in rest)
    return (*done, *(1 if n == 1 else next(steps) for n in wanted))
