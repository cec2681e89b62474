"""What a drawing of neurons is made of: which neurons are shown, and where everything stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypedDict

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nissl.errors import ArgumentError, ShapeError

Array: TypeAlias = NDArray[Any]
Texts: TypeAlias = Sequence[Sequence[str]]

RADIUS = 0.27  # inches, as all lengths here
_ROW = 0.75  # from one neuron to the next below
_NOTED_ROW = 1.3  # the same where texts stand between them
_COLUMN = 2.0  # from one column to the next
_NUMBERED_COLUMN = 2.6
_LABEL = 0.31  # height of the two numbers on a line
_MOST_LABELS = 24  # numbers on the lines between two columns


@dataclass(frozen=True)
class Column:
    """The neurons of a column that are drawn: ``units`` are their numbers, from 0."""

    size: int
    units: tuple[int, ...]
    has_bias: bool
    rows: int  # places, one below the other: bias unit, neurons, dots
    labels: Sequence[str]
    title: str
    above: Sequence[str]
    below: Sequence[str]

    @property
    def folded(self) -> bool:
        """Whether some neurons are not drawn."""
        return len(self.units) < self.size

    def row(self, place: int) -> int:
        """The row of the neuron at ``place`` in ``units``, counted from the top."""
        after_dots = self.folded and place == len(self.units) - 1
        return int(self.has_bias) + place + int(after_dots)


@dataclass(frozen=True)
class Gap:
    """The weights between two columns, the bias as row 0: ``(1 + before, here)``."""

    weights: Array | None
    slopes: Array | None
    has_bias: bool
    numbered: bool
    at: float  # where on a line its numbers stand, from 0 to 1
    levels: int  # numbers between two rows of neurons

    @property
    def width(self) -> float:
        """Distance of the two columns."""
        near = min(self.at, 1 - self.at)
        return max(_NUMBERED_COLUMN, (RADIUS + 0.42) / near) if self.numbered else _COLUMN


@dataclass(frozen=True)
class Plan:
    columns: tuple[Column, ...]
    gaps: tuple[Gap, ...]
    row: float
    largest: float
    noted: bool
    x: tuple[float, ...]

    @property
    def width(self) -> float:
        """Width of the whole drawing."""
        return self.x[-1] + 2 * self.side

    @property
    def side(self) -> float:
        """Free space left and right of the outer columns."""
        return 0.75 if self.noted else 0.5

    @property
    def top(self) -> float:
        """Height of the topmost row."""
        return (max(column.rows for column in self.columns) - 1) * self.row

    @property
    def height(self) -> float:
        """Height of the whole drawing."""
        return self.top + (0.75 if self.noted else 0.4) + self.bottom

    @property
    def bottom(self) -> float:
        """Free space below the lowest row."""
        return (0.68 if self.noted else 0.4) + self.title_height

    @property
    def title_height(self) -> float:
        """Height of the titles under the columns."""
        lines = max(column.title.count("\n") + 1 if column.title else 0 for column in self.columns)
        return 0.17 * lines

    def y(self, column: Column, row: int) -> float:
        """Height of a row of a column; all columns have the same middle."""
        return self.top / 2 + ((column.rows - 1) / 2 - row) * self.row


class Options(TypedDict, total=False):
    """What a drawing may be given beside sizes, weights and biases; see ``draw_network``."""

    labels: Texts | None
    titles: Sequence[str] | None
    forward: Texts | None
    backward: Texts | None
    slopes: Sequence[ArrayLike] | None
    bias_slopes: Sequence[ArrayLike | None] | None
    numbers: bool
    most: int


def make_plan(
    sizes: Sequence[int],
    weights: Sequence[ArrayLike] | None = None,
    biases: Sequence[ArrayLike | None] | None = None,
    *,
    labels: Texts | None = None,
    titles: Sequence[str] | None = None,
    forward: Texts | None = None,
    backward: Texts | None = None,
    slopes: Sequence[ArrayLike] | None = None,
    bias_slopes: Sequence[ArrayLike | None] | None = None,
    numbers: bool = False,
    most: int = 6,
) -> Plan:
    """Decide what is drawn where; arguments as for ``draw_network``."""
    counts = [int(n) for n in sizes]
    if len(counts) < 2 or min(counts) < 1 or most < 3:
        raise ArgumentError(
            f"a network has at least two columns of at least one neuron, and shows at least 3 of "
            f"them; not sizes {tuple(counts)} with most={most}"
        )
    gaps_given = len(counts) - 1
    for name, given in {
        "weights": weights, "biases": biases, "slopes": slopes, "bias_slopes": bias_slopes
    }.items():  # fmt: skip
        if given is not None and len(given) != gaps_given:
            raise ShapeError(
                f"{name}: {len(counts)} columns have {gaps_given} layers of weights between them, "
                f"and {len(given)} were given"
            )
    for name, texts in {
        "labels": labels, "forward": forward, "backward": backward, "titles": titles
    }.items():  # fmt: skip
        if texts is not None and len(texts) != len(counts):
            raise ShapeError(f"{name}: {len(counts)} columns, and texts for {len(texts)}")
    bias_here = [biases is not None and b is not None for b in (biases or [None] * gaps_given)]
    columns = tuple(
        _column(
            size,
            place < gaps_given and bias_here[place],
            most,
            _texts("labels", labels, place, size) or _default_labels(place, len(counts), size),
            "" if titles is None else titles[place],
            _texts("forward", forward, place, size) or [""] * size,
            _texts("backward", backward, place, size) or [""] * size,
        )
        for place, size in enumerate(counts)
    )
    gaps = tuple(
        _gap(
            place, columns, numbers,
            _stacked("weights", place, counts, weights, biases),
            _stacked("slopes", place, counts, slopes, bias_slopes),
        )
        for place in range(gaps_given)
    )  # fmt: skip
    noted = forward is not None or backward is not None
    row = _NOTED_ROW if noted else _ROW
    row = max([row, *(_LABEL * gap.levels for gap in gaps if gap.numbered)])
    x = tuple(float(value) for value in np.cumsum([0.0, *(gap.width for gap in gaps)]))
    finite = [abs(w[np.isfinite(w)]).max(initial=0.0) for g in gaps if (w := g.weights) is not None]
    return Plan(columns, gaps, row, float(max(finite, default=0.0)), noted, x)


def _texts(name: str, given: Texts | None, place: int, size: int) -> Sequence[str] | None:
    if given is None:
        return None
    if len(given[place]) != size:
        raise ShapeError(f"{name}[{place}]: {size} neurons, and {len(given[place])} texts")
    return given[place]


def _default_labels(place: int, columns: int, size: int) -> list[str]:
    letter = "x" if place == 0 else "y" if place == columns - 1 else "z"
    return [f"${letter}_{{{number}}}$" for number in range(1, size + 1)]


def _column(
    size: int, has_bias: bool, most: int, labels: Sequence[str], title: str, above: Sequence[str],
    below: Sequence[str],
) -> Column:  # fmt: skip
    units = tuple(range(size)) if size <= most else (*range(most - 2), size - 1)
    rows = int(has_bias) + len(units) + int(len(units) < size)
    return Column(size, units, has_bias, rows, labels, title, above, below)


def _gap(
    place: int,
    columns: Sequence[Column],
    numbers: bool,
    weights: Array | None,
    slopes: Array | None,
) -> Gap:
    before, here = columns[place], columns[place + 1]
    sources, targets = len(before.units) + before.has_bias, len(here.units)
    # on the line from source i to target j, numbers stand where those of all lines are evenly apart
    near_source, near_target = 1 / (targets + 1), sources / (sources + 1)
    early = abs(near_source - 0.5) <= abs(near_target - 0.5)
    at, levels = (near_source, targets + 1) if early else (near_target, sources + 1)
    shown = numbers and sources * targets <= _MOST_LABELS
    return Gap(weights, slopes, before.has_bias, shown, at, levels)


def _stacked(
    name: str,
    place: int,
    sizes: Sequence[int],
    kernels: Sequence[ArrayLike] | None,
    biases: Sequence[ArrayLike | None] | None,
) -> Array | None:
    """Bias and weights as one array of shape ``(1 + before, here)``, or ``None``."""
    if kernels is None:
        return None
    shape = (sizes[place], sizes[place + 1])
    kernel = np.asarray(kernels[place], np.float64)
    bias = None if biases is None else biases[place]
    row = np.zeros(shape[1]) if bias is None else np.asarray(bias, np.float64)
    if kernel.shape != shape or row.shape != shape[1:]:
        raise ShapeError(
            f"{name}[{place}] between {shape[0]} and {shape[1]} neurons has shape {shape} and its "
            f"bias {shape[1:]}, not {kernel.shape} and {row.shape}"
        )
    return np.concatenate([row[None], kernel])  # (1 + before, here)
