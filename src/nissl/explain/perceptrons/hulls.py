"""The closest points of two convex hulls, exactly: a linear program solved in whole numbers.

What is minimised is the distance between a convex combination of one class and one of the other,
as the sum over the features of their absolute difference, each feature in units of its own range
(a power of two). At distance 0 the combinations coincide; above it, the multipliers of the program
are a line that separates. The simplex method runs on integers (Edmonds' pivots, which divide
without remainder; Bland's rule where it stands still), so what it ends with is exact. Where SciPy
is installed, HiGHS says in floating point where to start; the answer does not rest on it.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Meeting", "Point", "closest", "floating_line"]

Array: TypeAlias = NDArray[Any]
Point: TypeAlias = tuple[Fraction, ...]
_TOLERANCE = 1e-9  # below this HiGHS's numbers are taken for zero


@dataclass(frozen=True)
class Meeting:
    """What the program ends with: a line, or combinations that coincide.

    Attributes:
        weights, bias: a line; ``None`` if the hulls meet.
        shares: for each sample that takes part, its coefficient; those of a class sum to 1.
    """

    weights: Point | None
    bias: Fraction
    shares: dict[int, Fraction]


@dataclass(frozen=True)
class _Scaled:
    """Samples in whole numbers: feature ``j`` is ``low[j] + unit[j] * values[:, j]``."""

    values: Array  # (N, D), Python integers
    low: list[Fraction]
    unit: list[Fraction]
    parts: list[int]  # how many units make the span that a feature is measured in
    signs: Array  # (N,), 1 or -1

    @classmethod
    def of(cls, points: Sequence[Point], positive: Sequence[bool]) -> _Scaled:
        low: list[Fraction] = []
        unit: list[Fraction] = []
        whole: list[list[int]] = []
        parts: list[int] = []
        for column in zip(*points, strict=True):
            start = min(column)
            span = _power_of_two(max(column) - start)
            shares = [(value - start) / span for value in column]
            part = math.lcm(*(share.denominator for share in shares))
            whole.append([int(share * part) for share in shares])
            low.append(start)
            unit.append(span / part)
            parts.append(part)
        values = np.array(whole, dtype=object).T
        signs = np.where(positive, 1, -1).astype(object)
        return cls(values, low, unit, parts, signs)

    def line(self, weights: Sequence[Fraction], bias: Fraction) -> tuple[Point, Fraction]:
        """A line in these units as one in the units of the data, the largest weight 1."""
        found = [w / unit for w, unit in zip(weights, self.unit, strict=True)]
        bias -= sum((w * low for w, low in zip(found, self.low, strict=True)), Fraction(0))
        size = max(map(abs, found))
        return tuple(w / size for w in found), bias / size


def _power_of_two(span: Fraction) -> Fraction:
    """The smallest power of two that a positive number does not exceed."""
    power = Fraction(2) ** (span.numerator.bit_length() - span.denominator.bit_length() - 1)
    while power < span:
        power *= 2
    return power


class _Basis:
    """The simplex method's basis, its inverse kept as whole numbers over one divisor.

    Variables are numbered: ``0 .. N-1`` the shares of the samples, then ``D`` differences that
    count upwards, then ``D`` that count downwards; -1 stands for none.
    """

    def __init__(self, scaled: _Scaled) -> None:
        samples, features = scaled.values.shape
        self.samples, self.features = samples, features
        self.size = features + 2
        signed = np.concatenate([scaled.values, np.ones((samples, 1), int)], axis=1)
        # a column a sample: s * features, s, 1
        self.columns = np.concatenate(
            [signed.astype(object) * scaled.signs[:, None], np.ones((samples, 1), object)], axis=1
        )
        most = math.lcm(*scaled.parts)
        self.cost = [most // part for part in scaled.parts]  # of one unit of a difference
        self.inverse: Array = np.eye(self.size, dtype=int).astype(object)
        self.divisor = 1
        self.members = [-1] * self.size

    def column(self, variable: int) -> Array:
        if variable < self.samples:
            return self.columns[variable]
        place, down = self._feature(variable)
        found = np.zeros(self.size, int).astype(object)
        found[place] = 1 if down else -1
        return found

    def _feature(self, variable: int) -> tuple[int, bool]:
        place = variable - self.samples
        return (place - self.features, True) if place >= self.features else (place, False)

    def costs(self, variable: int) -> int:
        return 0 if variable < self.samples else self.cost[self._feature(variable)[0]]

    def fill(self, wanted: Iterable[int]) -> bool:
        """Take in these variables, as far as they are independent; say whether it is a basis.

        It is one if nothing is missing and no variable is negative.
        """
        for variable in wanted:
            if variable in self.members:
                continue
            direction = self.inverse @ self.column(variable)
            rows = [r for r, m in enumerate(self.members) if m < 0 and direction[r]]
            if rows:
                self.pivot(rows[0], variable, direction)
        return min(self.members) >= 0 and min(self.amounts()) >= 0

    def pivot(self, row: int, variable: int, direction: Array) -> None:
        """Put a variable into a row of the basis."""
        by = direction[row]
        kept = self.inverse[row].copy()
        changed = by * self.inverse - np.outer(direction, kept)
        self.inverse = changed // self.divisor  # without remainder
        self.inverse[row] = kept
        self.divisor = by
        if by < 0:
            self.inverse, self.divisor = -self.inverse, -by
        self.members[row] = variable

    def amounts(self) -> Array:
        """The values of the variables in the basis, times the divisor."""
        return self.inverse[:, -1]

    def distance(self) -> int:
        """The distance between the combinations, times the divisor."""
        return sum(self.costs(m) * x for m, x in zip(self.members, self.amounts(), strict=True))

    def multipliers(self) -> Array:
        """One a row, times the divisor."""
        return np.array([self.costs(m) for m in self.members], dtype=object) @ self.inverse

    def entering(self, first: bool) -> int:
        """A variable that shortens the distance: the first, or the one that promises most; -1."""
        y = self.multipliers()
        gains = self.columns @ y  # (N,)
        best = -1
        if first:
            better = np.flatnonzero(gains > 0)
            best = int(better[0]) if len(better) else -1
        elif gains.max() > 0:
            best = int(gains.argmax())
        if best >= 0:
            return best
        for place, cost in enumerate(self.cost):
            if cost * self.divisor + y[place] < 0:
                return self.samples + place
        for place, cost in enumerate(self.cost):
            if cost * self.divisor - y[place] < 0:
                return self.samples + self.features + place
        return -1

    def leaving(self, direction: Array) -> int:
        """The row whose variable first reaches zero; of several, the variable counted first."""
        amounts = self.amounts()
        rows = [row for row in range(self.size) if direction[row] > 0]
        return min(
            rows, key=lambda row: (Fraction(amounts[row], direction[row]), self.members[row])
        )

    def solve(self) -> bool:
        """Shorten the distance as far as it goes; say whether it came to 0."""
        still = False
        while self.distance() > 0:
            variable = self.entering(first=still)
            if variable < 0:
                return False
            direction = self.inverse @ self.column(variable)
            row = self.leaving(direction)
            still = self.amounts()[row] == 0
            self.pivot(row, variable, direction)
        return True


@dataclass(frozen=True)
class _Guess:
    """A solution in floating point: of each variable its amount and reduced cost, of each row its
    multiplier, in spans."""

    amounts: Array
    multipliers: Array
    reduced: Array


def closest(points: Sequence[Point], positive: Sequence[bool]) -> Meeting:
    """Return a line between two classes, or convex combinations of them that coincide.

    Args:
        points: the samples, at least one of each class; no feature may be constant.
        positive: for each whether it is of the second class, on the line's positive side.
    """
    scaled = _Scaled.of(points, positive)
    basis = _Basis(scaled)
    guess = _floating(scaled)
    if guess is None or not basis.fill(_guessed_members(basis, guess)):
        basis = _Basis(scaled)
        basis.fill(_first_members(basis, scaled))
    if basis.solve():
        shares = {
            m: Fraction(2 * x, basis.divisor)
            for m, x in sorted(zip(basis.members, basis.amounts(), strict=True))
            if x > 0
        }
        return Meeting(None, Fraction(0), shares)
    y = basis.multipliers()
    found = [Fraction(-value, basis.divisor) for value in y]
    weights, bias = scaled.line(found[:-2], found[-2])
    return Meeting(weights, bias, {})


def floating_line(
    points: Sequence[Point], positive: Sequence[bool]
) -> tuple[Point, Fraction] | None:
    """Return the line that HiGHS finds, unproved, or ``None`` where there is no SciPy."""
    scaled = _Scaled.of(points, positive)
    guess = _floating(scaled)
    if guess is None or not guess.multipliers[:-2].any():
        return None
    *multipliers, bias, _distance = [Fraction(-float(y)) for y in guess.multipliers]
    weights = [y / part for y, part in zip(multipliers, scaled.parts, strict=True)]
    return scaled.line(weights, bias)


def _first_members(basis: _Basis, scaled: _Scaled) -> list[int]:
    """A basis that is always there: one sample of each class, and the way between them."""
    one, other = (int(np.flatnonzero(scaled.signs == sign)[0]) for sign in (1, -1))
    ways = [
        basis.samples + place + (0 if up >= down else basis.features)
        for place, (up, down) in enumerate(
            zip(scaled.values[one], scaled.values[other], strict=True)
        )
    ]
    return [one, other, *ways]


def _guessed_members(basis: _Basis, guess: _Guess) -> list[int]:
    """Variables for a first basis, the likeliest first, from a floating point solution."""
    largest_first = np.argsort(-guess.amounts, kind="stable")
    used = [int(v) for v in largest_first if guess.amounts[v] > _TOLERANCE]
    tight = np.argsort(np.abs(guess.reduced), kind="stable")[: 4 * basis.size]
    spare = range(basis.samples, basis.samples + 2 * basis.features)
    return [*used, *(int(v) for v in tight), *spare]


def _floating(scaled: _Scaled) -> _Guess | None:
    """The program's solution by HiGHS; ``None`` where there is none."""
    try:
        optimize = importlib.import_module("scipy.optimize")
    except ImportError:
        return None
    samples, features = scaled.values.shape
    shares = (scaled.values / np.array(scaled.parts, dtype=object)).astype(
        np.float64
    )  # (N, D), from 0 to 1
    signed = np.concatenate([shares, np.ones((samples, 1))], axis=1)
    signed *= scaled.signs.astype(np.float64)[:, None]
    ways = np.concatenate([np.eye(features), np.zeros((2, features))])
    rows = np.concatenate([signed.T, np.ones((1, samples))])
    solved = optimize.linprog(
        np.concatenate([np.zeros(samples), np.ones(2 * features)]),
        A_eq=np.concatenate([rows, -ways, ways], axis=1),
        b_eq=np.concatenate([np.zeros(features + 1), [1.0]]),
        method="highs-ds",
    )
    if solved.x is None:
        return None
    return _Guess(solved.x, solved.eqlin.marginals, solved.lower.marginals)
