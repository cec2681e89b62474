"""The derivative from differences of the function alone: what no rule can have made wrong.

From the left and from the right, at steps from a large one down to the smallest that rounding
leaves, so that kinks, jumps, ends of the domain and vertical tangents are told from derivatives.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nissl.errors import NisslError

__all__ = ["Quotient", "difference_quotient"]

Vector = NDArray[np.float64]
Samples = list[tuple[float, float]]  # steps and values there, from the smallest step
Row = tuple[float, float, float]  # step, quotient, rounding in it
Estimate = tuple[float, float]  # a number, and how far off it may be
_EPSILON = 2.0**-52
_RATIO = 8.0  # of a step to the next smaller one
_LARGEST, _SMALLEST = 3, 48  # powers of 1/2, of the size of the point
_TINIEST = -1074  # the smallest power of 2 that there is
_LONG = 24  # steps, beyond which two sizes have ladders of their own
_ORDERS = 4  # of extrapolation
_SURE = 3.0  # errors by which estimates at two steps may differ
_TELLING = 30.0  # errors by which the sides of a kink must differ
_NEAR = 1e-6  # relative difference of sides that is no kink yet
_CLEAR = 50.0  # roundings that a jump, or a vertical tangent, must exceed
_ROUGH, _POOR = 0.05, 1e-3  # errors, beside 1 or the slope, with which one side or both say nothing


@dataclass(frozen=True)
class Quotient:
    """What differences say of the derivative along a direction.

    Attributes:
        kind: ``"smooth"``; ``"vertical"``, of infinite slope; ``"kink"``, where the sides differ;
            ``"jump"``; ``"end"`` of the domain, where one side has no values; ``""`` if unknown.
        value: the derivative; at an end that from inside; ``None`` where there is none.
        error: how far off that may be.
        left, right: the quotients from each side, infinite where they grow without bound; ``None``
            where there are none.
        before, after: at a jump, the values that the function comes from and goes to.
        beside: at a jump, the slope on its sides where it is the same on both; else ``None``.
        steepest: the largest slope that the smallest step can tell from a jump.
    """

    kind: str = ""
    value: float | None = None
    error: float = 0.0
    left: float | None = None
    right: float | None = None
    before: float | None = None
    after: float | None = None
    beside: float | None = None
    steepest: float = math.inf


@dataclass(frozen=True)
class _Side:
    """One side: its slope away from the point, and the limit of the values where they jump."""

    slope: Estimate | None = None
    defined: bool = True
    limit: float | None = None


def difference_quotient(
    function: Callable[[Sequence[Vector]], float],
    point: Sequence[Vector],
    direction: Sequence[Vector | None],
    noise: float = 0.0,
) -> Quotient:
    """Return the derivative of a function along a direction, from its values alone.

    ``(f(x + h t) - f(x)) / h`` for steps ``h`` of both signs, a power of 2 each, and their mean for
    both signs, are extrapolated to ``h = 0`` (Richardson 1911). Each estimate has an error, from
    the extrapolation and from rounding; that with the smallest is taken, among those that agree
    with all at smaller steps.

    Args:
        function: gives one number.
        point: its arguments, in float64.
        direction: one array an argument; ``None`` for one that is held.
        noise: how far off the values are by rounding on their way, where it is more than the
            rounding of the result.

    >>> import math, numpy as np
    >>> found = difference_quotient(lambda x: math.sin(x[0].item()), [np.zeros(())], [np.ones(())])
    >>> found.kind, abs(found.value - 1) < 1e-10
    ('smooth', True)
    >>> found = difference_quotient(lambda x: abs(x[0].item()), [np.zeros(())], [np.ones(())])
    >>> found.kind, found.left, found.right
    ('kink', -1.0, 1.0)
    """

    def at(h: float) -> float:
        moved = [x if t is None else x + h * t for x, t in zip(point, direction, strict=True)]
        try:
            return float(function(moved))
        except NisslError:  # the function is not defined there
            return math.nan

    sizes = [
        np.max(np.abs(x[t != 0]), initial=0.0)
        for x, t in zip(point, direction, strict=True)
        if t is not None
    ]
    size = float(max(sizes, default=0.0))
    with np.errstate(all="ignore"):
        if not math.isfinite(size) or not math.isfinite(here := at(0.0)):
            return Quotient()
        ladders = [[(h, at(h), at(-h)) for h in steps] for steps in _ladders(size)]
    ends = [[[(h, ys[i]) for h, *ys in each] for each in ladders] for i in (0, 1)]
    right, left = (_side(each, here, noise) for each in ends)
    moved = [abs(y - here) for each in ladders for _h, *ys in each for y in ys if math.isfinite(y)]
    steepest = max(moved, default=0.0) / ladders[0][0][0]
    if left.limit is not None or right.limit is not None:
        return _jump(ends, left, right, here, noise, steepest)
    return _judged(left, right, _estimate([_central(each, noise) for each in ladders], 2), steepest)


def _ladders(size: float) -> list[list[float]]:
    """Steps from the smallest, for numbers near 1 and for those near the point."""
    power = max(math.frexp(size)[1] - 1, _TINIEST + 12) if size else 0
    top, bottom = max(power, 0) - _LARGEST, power - _SMALLEST
    reach = round(math.log2(_RATIO))
    spans = [(bottom, top)]
    if not size:  # nothing says how fine the function is near 0
        spans = [(-108, -66), (bottom, top)]
    elif (top - bottom) // reach > _LONG:
        spans = [(bottom, power - _LARGEST), (-_SMALLEST, top)]
    return [
        [math.ldexp(1.0, k) for k in range(max(low, _TINIEST), high + 1, reach)]
        for low, high in spans
    ]


# ---- one side --------------------------------------------------------------------------------
def _side(ladders: list[Samples], here: float, noise: float) -> _Side:
    finest = ladders[0]
    if not any(math.isfinite(y) for _h, y in finest[:3]):
        return _Side(defined=False)
    growth = _growth(finest, here, noise)
    away = math.copysign(math.inf, finest[0][1] - here)
    if growth is not None and growth < 1.05:
        return _Side(limit=finest[0][1] if growth > 0.95 else away)
    if growth is not None and growth < 0.85 * _RATIO:
        return _Side((away, 0.0))
    return _Side(_slope(ladders, here, 0.0, noise))


def _growth(samples: Samples, here: float, noise: float) -> float | None:
    """By what the distance from the value here grows with the step: 1 at a jump, 8 at a slope."""
    near = [y - here for _h, y in samples[:4]]
    if len(near) < 4 or not all(map(math.isfinite, near)):
        return None
    least = _CLEAR * max(noise, *(_rounding(y, here) for _h, y in samples[:4]))
    if any(abs(d) <= least or d * near[0] < 0 for d in near):
        return None
    ratios = [after / before for before, after in itertools.pairwise(near)]
    return ratios[0] if max(ratios) < 1.1 * min(ratios) else None


def _rounding(*values: float) -> float:
    return 4 * _EPSILON * max(map(abs, values))


def _slope(ladders: list[Samples], here: float, start: float, noise: float) -> Estimate | None:
    """The slope from one value to those at the steps."""
    rows = [
        [
            (h - start, (y - here) / (h - start), max(noise, _rounding(y, here)) / (h - start))
            for h, y in samples
            if h > start and math.isfinite(y)
        ]
        for samples in ladders
    ]
    found = _estimate(rows, 1)
    return None if found is None or found[1] > _ROUGH * max(1.0, abs(found[0])) else found


def _central(samples: Sequence[tuple[float, float, float]], noise: float) -> list[Row]:
    """Quotients from each step to its opposite, with the rounding in each."""
    return [
        (h, (up - down) / (2 * h), max(noise, _rounding(up, down)) / h)
        for h, up, down in samples
        if math.isfinite(up) and math.isfinite(down)
    ]


def _estimate(ladders: list[list[Row]], power: int) -> Estimate | None:
    """The quotient at step 0, and its error; quotients differ from it by powers of the step."""
    best: Estimate | None = None
    low, high = -math.inf, math.inf
    for rows in ladders:
        for value, error in _extrapolated(rows, power):
            if value + _SURE * error < low or value - _SURE * error > high:
                return best  # larger steps reach something that the smaller ones do not
            low, high = max(low, value - _SURE * error), min(high, value + _SURE * error)
            if best is None or error < best[1]:
                best = (value, error)
    return best


def _extrapolated(rows: list[Row], power: int) -> list[Estimate]:
    """For each step, from the smallest, the best of what it and the larger ones give."""
    found: list[Estimate] = []
    before: list[float] = []
    for _h, slope, rounding in reversed(rows):
        table, best = [slope], (slope, math.inf)
        for order, last in enumerate(before[:_ORDERS], 1):
            table.append(table[-1] + (table[-1] - last) / (_RATIO ** (power * order) - 1))
            error = max(abs(table[-1] - table[-2]), abs(table[-1] - last)) + rounding
            if error < best[1]:
                best = (table[-1], error)
        if all(map(math.isfinite, best)):
            found.append(best)
        before = table
    return found[::-1]


# ---- both sides ------------------------------------------------------------------------------
def _differ(a: Estimate, b: Estimate) -> bool:
    if math.isinf(a[0]) or math.isinf(b[0]):
        return a[0] != b[0]
    allowed = _TELLING * (a[1] + b[1]) + _NEAR * max(abs(a[0]), abs(b[0]))
    return abs(a[0] - b[0]) > allowed


def _turned(slope: Estimate | None) -> Estimate | None:
    return None if slope is None else (0.0 - slope[0], slope[1])


def _judged(left: _Side, right: _Side, both: Estimate | None, steepest: float) -> Quotient:
    a, b = _turned(left.slope), right.slope
    sides = (a and a[0], b and b[0])
    if not left.defined or not right.defined:
        inside = a or b
        if inside is None:
            return Quotient(steepest=steepest)
        return Quotient("end", *inside, *sides, steepest=steepest)
    if a is None or b is None:
        return Quotient("", None, 0.0, *sides, steepest=steepest)
    if math.isinf(a[0]) and a[0] == b[0]:
        return Quotient("vertical", a[0], 0.0, *sides)
    if _differ(a, b):
        return Quotient("kink", None, 0.0, *sides, steepest=steepest)
    if both is None or both[1] > _POOR * max(1.0, abs(both[0])):
        return Quotient("", None, 0.0, *sides, steepest=steepest)
    value = both[0] if abs(both[0]) > both[1] else 0.0  # no digits of rounding alone
    return Quotient("smooth", value, both[1], *sides, steepest=steepest)


def _jump(
    ends: list[list[Samples]], left: _Side, right: _Side, here: float, noise: float, steepest: float
) -> Quotient:
    """A jump: the values before and after it, and the slope beside it."""
    limits: list[float | None] = []
    slopes: list[float | None] = []
    beside: list[Estimate | None] = []
    for ladders, side, sign in ((ends[1], left, -1), (ends[0], right, 1)):
        start, limit = 0.0, side.limit
        slope = side.slope
        if limit is None:
            limits.append(here if side.defined else None)
            slopes.append(slope and sign * slope[0])
        else:
            limits.append(limit)
            slopes.append(sign * math.copysign(math.inf, limit - here))
            start = ladders[0][0][0]
            slope = _slope(ladders, limit, start, noise) if math.isfinite(limit) else None
        beside.append(slope if sign == 1 else _turned(slope))
    a, b = beside
    return Quotient(
        "jump",
        left=slopes[0],
        right=slopes[1],
        before=limits[0],
        after=limits[1],
        beside=a[0] if a is not None and b is not None and not _differ(a, b) else None,
        steepest=steepest,
    )
