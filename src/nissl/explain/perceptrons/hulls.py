"""The closest points of two convex hulls: a linear program, solved in floats, settled in integers.

What is minimised is the distance between a convex combination of one class and one of the other,
as the sum over the features of their absolute difference, each feature in units of its own range
(a power of two). Above distance 0 the multipliers of the program are a line that separates; at 0
the combinations coincide. HiGHS, where SciPy is installed, says in floats which of the two it is,
and a line that then holds exactly is the answer. What floats cannot settle, the simplex method
does from where they stopped, on integers (Edmonds' pivots, which divide without remainder; Bland's
rule where it stands still): coefficients of a common point, a gap below rounding, no SciPy.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Line", "Point", "line_holds", "separate"]

Array: TypeAlias = NDArray[Any]
Point: TypeAlias = tuple[Fraction, ...]
Line: TypeAlias = tuple[Point, Fraction]  # weights and bias
_TOLERANCE = 1e-9  # of what is computed in floats


def separate(points: Sequence[Point], positive: Sequence[bool]) -> Line | dict[int, Fraction]:
    """Return a line between two classes, or convex combinations of them that coincide.

    Args:
        points: the samples, at least one of each class.
        positive: for each whether it is of the second class, on the line's positive side.

    Returns:
        The weights, the largest of size 1, and the bias; or for each sample that takes part its
        coefficient, those of a class summing to 1.
    """
    x: Array = np.array(points, dtype=object)
    second = np.array(positive)
    units = _Units.of(x)
    columns, costs = _program(units.shares(x), second)
    guess = _in_floats(columns, costs)
    multipliers = [] if guess is None else [-float(y) for y in guess.eqlin.marginals]
    for read in (_simple, Fraction) if multipliers else ():
        line = units.line([read(value) for value in multipliers])
        if line_holds(points, positive, *line):
            return line
    basis = _Basis(columns, costs)
    if guess is None or not basis.fill(_likeliest(guess)):
        basis = _Basis(columns, costs)
        basis.fill(_first(x, second))
    if not basis.solve():
        return units.line([Fraction(-y) for y in basis.multipliers()])
    total = sum(basis.amounts)
    shares = sorted(zip(basis.members, basis.amounts, strict=True))
    return {sample: Fraction(2 * amount, total) for sample, amount in shares if amount}


def line_holds(
    points: Sequence[Point], positive: Sequence[bool], weights: Point, bias: Fraction
) -> bool:
    """Say whether a line has each sample strictly on its side, by arithmetic alone.

    >>> line_holds([(Fraction(0),), (Fraction(1),)], [False, True], (Fraction(2),), Fraction(-1))
    True
    """
    values = (sum(map(mul, weights, point), bias) for point in points)
    return all((v > 0 if p else v < 0) for v, p in zip(values, positive, strict=True))


@dataclass(frozen=True)
class _Units:
    """In what each feature is measured, ``(D,)``: from its least value, in powers of two."""

    low: Array
    widths: Array
    spans: Array

    @classmethod
    def of(cls, x: Array) -> _Units:
        low, high = x.min(axis=0), x.max(axis=0)
        return cls(low, high - low, np.array([*map(_power_of_two, high - low)], dtype=object))

    def shares(self, x: Array) -> Array:
        """Samples in these units: from 0 to 1."""
        return (x - self.low) / self.spans

    def line(self, multipliers: Sequence[Fraction]) -> Line:
        """From weights in these units, a bias and one number more; a constant has no weight."""
        *values, bias, _distance = multipliers
        weights: Array = np.array(values, dtype=object)
        weights = weights / self.spans * (self.widths > 0)
        size = np.abs(weights).max() or Fraction(1)
        return tuple(weights / size), (bias - weights @ self.low) / size


def _power_of_two(width: Fraction) -> Fraction:
    """The smallest power of two that a number does not exceed; 1 for 0."""
    if not width:
        return Fraction(1)
    power = Fraction(2) ** (width.numerator.bit_length() - width.denominator.bit_length() - 1)
    while power < width:
        power *= 2
    return power


def _program(shares: Array, second: Array) -> tuple[Array, Array]:
    """The columns ``(N + 2 D, D + 2)`` and the costs of the variables.

    These are the coefficients ``c_i``, then for each feature the combinations' difference upwards
    ``u_j``, then downwards ``d_j``; the rows are ``sum s_i c_i x_ij - u_j + d_j = 0`` with
    ``s_i`` 1 and -1 for the classes, ``sum s_i c_i = 0`` and ``sum c_i = 1``.
    """
    samples, features = shares.shape
    signs = np.where(second, 1, -1)
    ways = np.eye(features, features + 2, dtype=int)
    columns = np.vstack([np.column_stack([shares * signs[:, None], signs, signs**2]), -ways, ways])
    return columns, np.repeat([0, 1], [samples, 2 * features]).astype(object)


def _first(x: Array, second: Array) -> list[int]:
    """A basis that is always there: one sample of each class, and the way between them."""
    samples, features = x.shape
    one, other = int(second.argmax()), int(second.argmin())
    downwards = (x[one] < x[other]).astype(int)
    return [one, other, *(samples + np.arange(features) + features * downwards).tolist()]


def _in_floats(columns: Array, costs: Array) -> Any:
    """HiGHS's solution; ``None`` where it found none, or there is no SciPy."""
    try:
        linprog = importlib.import_module("scipy.optimize").linprog
    except ImportError:
        return None
    rows = columns.T.astype(np.float64)
    found = linprog(costs, A_eq=rows, b_eq=np.eye(len(rows))[-1], method="highs-ds")
    return None if found.x is None else found


def _likeliest(guess: Any) -> list[int]:
    """All variables: those that HiGHS uses, the largest first, then those it would use next."""
    used = np.where(guess.x > _TOLERANCE, guess.x, 0)
    return np.lexsort((np.abs(guess.lower.marginals), -used)).tolist()


def _simple(value: float) -> Fraction:
    """The fraction that a float most likely stands for, or else the one that it is."""
    near = Fraction(value).limit_denominator(1000)
    return near if abs(near - Fraction(value)) < _TOLERANCE else Fraction(value)


class _Basis:
    """The simplex method's basis, its inverse kept as integers over one divisor."""

    def __init__(self, columns: Array, costs: Array) -> None:
        whole = math.lcm(*(value.denominator for value in columns.flat))
        self.columns: Array = np.vectorize(int, otypes=[object])(columns * whole)
        self.costs = costs
        size = self.columns.shape[1]
        self.inverse: Array = np.eye(size, dtype=int).astype(object)
        self.divisor = 1
        self.members = [-1] * size  # -1 stands for none

    @property
    def amounts(self) -> Array:
        """The values of the variables in the basis, times one number for all."""
        return self.inverse[:, -1]

    def multipliers(self) -> Array:
        """One a row, times the divisor; the last one is the distance of the combinations."""
        return self.costs[self.members] @ self.inverse

    def fill(self, wanted: Iterable[int]) -> bool:
        """Take in these variables as far as they are independent; say whether it is a basis.

        It is one if nothing is missing and no variable is negative.
        """
        for variable in wanted:
            if -1 not in self.members:
                break
            direction = self.inverse @ self.columns[variable]
            rows = [r for r, m in enumerate(self.members) if m < 0 and direction[r]]
            if rows:
                self.pivot(rows[0], variable, direction)
        return min(self.members) >= 0 and min(self.amounts) >= 0

    def pivot(self, row: int, variable: int, direction: Array) -> None:
        """Put a variable into a row of the basis."""
        by, kept = direction[row], self.inverse[row].copy()
        changed = (by * self.inverse - np.outer(direction, kept)) // self.divisor
        changed[row] = kept
        self.inverse, self.divisor = (changed, by) if by > 0 else (-changed, -by)
        self.members[row] = variable

    def solve(self) -> bool:
        """Shorten the distance as far as it goes; say whether it came to 0."""
        still = False
        while (y := self.multipliers())[-1] > 0:
            gains = self.columns @ y - self.costs * self.divisor
            if gains.max() <= 0:
                return False
            variable = int((gains > 0).argmax() if still else gains.argmax())
            direction = self.inverse @ self.columns[variable]
            rows = [row for row, by in enumerate(direction) if by > 0]
            row = min(
                rows, key=lambda r: (Fraction(self.amounts[r], direction[r]), self.members[r])
            )
            still = self.amounts[row] == 0
            self.pivot(row, variable, direction)
        return True
