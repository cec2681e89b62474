"""Where the neurons of a network stand, and how much room their numbers need; in inches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nissl.explain.drawing.network import Array

__all__ = ["RADIUS", "Column", "Gap", "Plan", "lines_of"]

RADIUS = 0.27  # of a neuron
_MOST_NUMBERS = 24  # on the lines between two columns


@dataclass(frozen=True)
class Column:
    """The neurons of a column; ``above`` and ``below`` are what stands over and under each."""

    size: int
    most: int
    has_bias: bool
    labels: Sequence[str]
    title: str
    above: Sequence[str]
    below: Sequence[str]

    @cached_property
    def units(self) -> tuple[int, ...]:
        """The numbers of the neurons that are drawn, from 0."""
        folded = (*range(self.most - 2), self.size - 1)
        return tuple(range(self.size)) if self.size <= self.most else folded

    @property
    def hidden(self) -> int:
        """How many neurons are not drawn."""
        return self.size - len(self.units)

    @property
    def rows(self) -> int:
        """Places one below the other: bias unit, neurons, dots."""
        return self.has_bias + len(self.units) + bool(self.hidden)

    def row(self, place: int) -> int:
        """The row of the neuron at ``place`` in ``units``, counted from the top."""
        return self.has_bias + place + (self.hidden > 0 and place == len(self.units) - 1)


@dataclass(frozen=True)
class Gap:
    """The weights between two columns, and derivatives by them; the bias is row 0."""

    before: Column
    here: Column
    weights: Array | None  # (1 + before, here)
    slopes: Array | None
    numbers: bool

    @property
    def numbered(self) -> bool:
        """Whether numbers are written on the lines."""
        few = (len(self.before.units) + self.before.has_bias) * len(self.here.units)
        return self.numbers and self.weights is not None and few <= _MOST_NUMBERS

    @cached_property
    def spot(self) -> tuple[float, int]:
        """Where on the lines, from 0 to 1, their numbers are evenly apart, and in how many rows."""
        sources, targets = len(self.before.units) + self.before.has_bias, len(self.here.units)
        near_source, near_target = 1 / (targets + 1), sources / (sources + 1)
        early = abs(near_source - 0.5) <= abs(near_target - 0.5)
        return (near_source, targets + 1) if early else (near_target, sources + 1)

    @property
    def row(self) -> float:
        """Distance of two rows of neurons that leaves room for the numbers."""
        return self.spot[1] * (0.2 if self.slopes is None else 0.31) if self.numbered else 0.0

    @property
    def width(self) -> float:
        """Distance of the two columns."""
        if not self.numbered:
            return max(1.2, 0.2 * max(self.before.rows, self.here.rows))
        room = RADIUS + 0.42
        return max(1.7 if self.slopes is None else 2.6, room / min(self.spot[0], 1 - self.spot[0]))


@dataclass(frozen=True)
class Plan:
    """Where everything stands."""

    columns: Sequence[Column]
    gaps: Sequence[Gap]
    noted: bool  # whether texts stand over and under the neurons

    @cached_property
    def x(self) -> list[float]:
        """Where the columns are."""
        return np.cumsum([0.0, *(gap.width for gap in self.gaps)]).tolist()

    @cached_property
    def row(self) -> float:
        """From one row to the next below."""
        return max(1.3 if self.noted else 0.75, *(gap.row for gap in self.gaps))

    @property
    def side(self) -> float:
        """Free space left and right of the outer columns."""
        if not self.noted:
            return 0.4
        return 0.75 if any(gap.numbered for gap in self.gaps) else 0.46

    @property
    def top(self) -> float:
        """Height of the topmost row."""
        return (max(column.rows for column in self.columns) - 1) * self.row

    @property
    def bottom(self) -> float:
        """Free space below the lowest row."""
        return (0.68 if self.noted else 0.4) + self.title_height

    @property
    def title_height(self) -> float:
        """Height of the titles under the columns."""
        return max(0.19 * lines_of(column.title) for column in self.columns)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the whole drawing."""
        over = 0.75 if self.noted else 0.4
        return self.x[-1] + 2 * self.side, self.top + over + self.bottom

    def y(self, column: Column, row: int) -> float:
        """Height of a row of a column; all columns have the same middle."""
        return self.top / 2 + ((column.rows - 1) / 2 - row) * self.row

    @property
    def largest(self) -> float:
        """The largest finite weight, by its size."""
        weights = [gap.weights for gap in self.gaps if gap.weights is not None]
        return max([0.0, *(float(abs(w[np.isfinite(w)]).max(initial=0.0)) for w in weights)])


def lines_of(text: str) -> int:
    """Return how many lines a text has; none if it is empty."""
    return text.count("\n") + 1 if text else 0
