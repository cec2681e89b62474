"""The closest points of two convex hulls: a linear program, solved in floats, proved in fractions.

What is minimised is the distance between a convex combination of one class and one of the other,
as the sum over the features of their absolute difference, each feature in units of its own range
(a power of two). Above distance 0 the multipliers of the program are a line that separates; at 0
the combinations coincide. SciPy's HiGHS says in floats which of the two it is. Its line is tried
as it is; then the basis at which it stopped is solved exactly, for another line, or for the
coefficients of a common point. What is returned holds exactly.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from operator import mul
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl.errors import DataError, optional

__all__ = ["Line", "Point", "line_holds", "separate"]

Array: TypeAlias = NDArray[Any]
Point: TypeAlias = tuple[Fraction, ...]
Line: TypeAlias = tuple[Point, Fraction]  # weights and bias
Shares: TypeAlias = dict[int, Fraction]  # coefficients of samples
_TOLERANCE = 1e-9  # of what is computed in floats


def separate(points: Sequence[Point], positive: Sequence[bool]) -> Line | Shares:
    """Return a line between two classes, or convex combinations of them that coincide.

    Args:
        points: the samples, at least one of each class.
        positive: for each whether it is of the second class, on the line's positive side.

    Returns:
        The weights, the largest of size 1, and the bias; or for each sample that takes part its
        coefficient, those of a class summing to 1.

    Raises:
        DataError: the hulls are so near to touching that floats lead to neither.
        MissingDependencyError: SciPy is not installed.
    """
    x: Array = np.array(points, dtype=object)
    low, widths = x.min(axis=0), x.max(axis=0) - x.min(axis=0)
    spans: Array = np.array([*map(_power_of_two, widths)], dtype=object)
    columns, costs = _program((x - low) / spans, np.array(positive))
    guess = _in_floats(columns, costs)
    for multipliers, shares in _candidates(guess, columns, costs):
        weights = multipliers[:-2] / spans * (widths > 0)
        size = np.abs(weights).max() or Fraction(1)
        line = tuple(weights / size), (multipliers[-2] - weights @ low) / size
        if line_holds(points, positive, *line):
            return line
        if shares:
            return shares
    raise DataError(
        "whether a line separates these samples is undecided within rounding: the hulls of the "
        f"classes are {guess.fun} apart, each feature in units of its range; give the samples "
        "as rounded whole numbers, or leave out those that nearly touch"
    )


def line_holds(
    points: Sequence[Point], positive: Sequence[bool], weights: Point, bias: Fraction
) -> bool:
    """Say whether a line has each sample strictly on its side, by arithmetic alone.

    >>> line_holds([(Fraction(0),), (Fraction(1),)], [False, True], (Fraction(2),), Fraction(-1))
    True
    """
    values = (sum(map(mul, weights, point), bias) for point in points)
    return all((v > 0 if p else v < 0) for v, p in zip(values, positive, strict=True))


def _power_of_two(width: Fraction) -> Fraction:
    """The smallest power of two that a number above 0 does not exceed."""
    power = Fraction(2) ** (width.numerator.bit_length() - width.denominator.bit_length())
    return power if power >= width else 2 * power


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


def _in_floats(columns: Array, costs: Array) -> Any:
    """HiGHS's solution."""
    rows = columns.T.astype(np.float64)
    linprog = optional("scipy.optimize", "Deciding separability", "science").linprog
    return linprog(costs, A_eq=rows, b_eq=np.eye(len(rows))[-1], method="highs-ds")


def _candidates(guess: Any, columns: Array, costs: Array) -> Iterator[tuple[Array, Shares]]:
    """Multipliers that may be a line, with coefficients of a common point where they are some."""
    if guess.x is None:
        return
    for read in (_simple, Fraction):
        yield np.array([read(-float(y)) for y in guess.eqlin.marginals], dtype=object), {}
    samples = len(columns) - 2 * (columns.shape[1] - 2)
    used = np.where(guess.x > _TOLERANCE, guess.x, 0)
    near = np.abs(guess.lower.marginals)
    for last in (costs * 0, costs):  # those that are used first; then samples before distances
        members, amounts, multipliers = _basis(
            columns, costs, np.lexsort((near, -used, last)).tolist()
        )
        shares = {m: 2 * c for m, c in sorted(zip(members, amounts, strict=True)) if c}
        whole = all(0 <= m < samples and c > 0 for m, c in shares.items())
        yield -multipliers, shares if whole else {}


def _simple(value: float) -> Fraction:
    """The fraction that a float most likely stands for, or else the one that it is."""
    near = Fraction(value).limit_denominator(1000)
    return near if abs(near - Fraction(value)) < _TOLERANCE else Fraction(value)


def _basis(
    columns: Array, costs: Array, order: Iterable[int]
) -> tuple[list[int], list[Fraction], Array]:
    """The first independent variables of an order, their values, and the rows' multipliers.

    Elimination is on integers, which divide without remainder (Edmonds 1967; Bareiss 1968).
    """
    whole = math.lcm(*(value.denominator for value in columns.flat))
    size = columns.shape[1]
    inverse: Array = np.eye(size, dtype=int).astype(object)
    divisor, members = 1, [-1] * size
    for variable in order:
        column: Array = np.array([int(each * whole) for each in columns[variable]], dtype=object)
        direction = inverse @ column
        rows = [row for row, member in enumerate(members) if member < 0 and direction[row]]
        if not rows:
            continue
        by, kept = direction[rows[0]], inverse[rows[0]].copy()
        inverse = (by * inverse - np.outer(direction, kept)) // divisor
        inverse[rows[0]], divisor, members[rows[0]] = kept, by, variable
    amounts = [Fraction(value * whole, divisor) for value in inverse[:, -1]]
    return members, amounts, costs[members] @ inverse * Fraction(whole, divisor)
