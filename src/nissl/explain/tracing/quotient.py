"""The derivative from differences of the function alone: what no rule can have made wrong.

From the left and from the right, at steps from a large one down to the smallest that rounding
leaves, so that kinks, jumps, ends of the domain and vertical tangents are told from derivatives.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nissl.errors import NisslError

__all__ = ["Quotient", "difference_quotient"]

Vector = NDArray[np.float64]
Samples = list[tuple[float, float]]  # signed steps and values there, from the smallest step
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
    """One side.

    Attributes:
        limit: of the values towards the point; ``None`` where there are none.
        quotient: from the value at the point; infinite where the limit is another.
        slope: from the limit.
    """

    limit: float | None = None
    quotient: float | None = None
    slope: Estimate | None = None


def difference_quotient(
    function: Callable[[Vector], float], point: Vector, direction: Vector, noise: float = 0.0
) -> Quotient:
    """Return the derivative of a function along a direction, from its values alone.

    ``(f(x + h t) - f(x)) / h`` for steps ``h`` of both signs, a power of 2 each, and their mean for
    both signs, are extrapolated to ``h = 0`` (Richardson 1911). Each estimate has an error, from
    the extrapolation and from rounding; that with the smallest is taken, among those that agree
    with all at smaller steps.

    Args:
        function: gives one number.
        point: its argument, in float64.
        direction: an array of that shape.
        noise: how far off the values are by rounding on their way, where it is more than the
            rounding of the result.

    >>> import math, numpy as np
    >>> found = difference_quotient(math.sin, np.zeros(()), np.ones(()))
    >>> found.kind, abs(found.value - 1) < 1e-10
    ('smooth', True)
    >>> found = difference_quotient(abs, np.zeros(()), np.ones(()))
    >>> found.kind, found.left, found.right
    ('kink', -1.0, 1.0)
    """

    def at(h: float) -> float:
        try:
            return float(function(point + h * direction))
        except NisslError:  # the function is not defined there
            return math.nan

    size = float(np.max(np.abs(point[direction != 0]), initial=0.0))
    with np.errstate(all="ignore"):
        if not math.isfinite(size) or not math.isfinite(here := at(0.0)):
            return Quotient()
        ladders = [[(h, at(h), at(-h)) for h in steps] for steps in _ladders(size)]
    values = [y for each in ladders for _h, *ys in each for y in ys]
    least = ladders[0][0][0]
    steepest = max((abs(y - here) for y in values if math.isfinite(y)), default=0.0) / least
    right = _side([[(h, up) for h, up, _down in each] for each in ladders], here, noise)
    left = _side([[(-h, down) for h, _up, down in each] for each in ladders], here, noise)
    both = _estimate([_central(each, noise) for each in ladders], 2)
    return _judged(left, right, here, both, steepest)


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
    (step, nearest), *_others = finest = ladders[0]
    if not any(math.isfinite(y) for _h, y in finest[:3]):
        return _Side()
    growth = _growth(finest, here, noise)
    away = math.copysign(math.inf, nearest - here)
    steep = math.copysign(1.0, step) * away
    if growth is not None and growth < 1.05:
        beyond = growth <= 0.95
        slope = None if beyond else _slope(ladders, nearest, step, noise)
        return _Side(away if beyond else nearest, steep, slope)
    if growth is not None and growth < 0.85 * _RATIO:
        return _Side(here, steep, (steep, 0.0))
    slope = _slope(ladders, here, 0.0, noise)
    return _Side(here, slope and slope[0], slope)


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
            ((y - here) / (h - start) + 0.0, max(noise, _rounding(y, here)) / abs(h - start))
            for h, y in samples
            if abs(h) > abs(start) and math.isfinite(y)
        ]
        for samples in ladders
    ]
    return _trusted(_estimate(rows, 1), _ROUGH)


def _central(samples: Sequence[tuple[float, float, float]], noise: float) -> list[Estimate]:
    """Quotients from each step to its opposite, with the rounding in each."""
    return [
        ((up - down) / (2 * h), max(noise, _rounding(up, down)) / h)
        for h, up, down in samples
        if math.isfinite(up) and math.isfinite(down)
    ]


def _trusted(found: Estimate | None, most: float) -> Estimate | None:
    """An estimate, if its error is no more than so much, beside 1 or itself."""
    return None if found is None or found[1] > most * max(1.0, abs(found[0])) else found


def _estimate(ladders: list[list[Estimate]], power: int) -> Estimate | None:
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


def _extrapolated(rows: list[Estimate], power: int) -> list[Estimate]:
    """For each step, from the smallest, the best of what it and the larger ones give."""
    found: list[Estimate] = []
    before: list[float] = []
    for slope, rounding in reversed(rows):
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


def _judged(
    left: _Side, right: _Side, here: float, both: Estimate | None, steepest: float
) -> Quotient:
    """What kind of point it is, from what is on its sides."""
    found = partial(Quotient, left=left.quotient, right=right.quotient, steepest=steepest)
    a, b = left.slope, right.slope
    if left.limit not in (here, None) or right.limit not in (here, None):
        same = a is not None and b is not None and not _differ(a, b)
        beside = a[0] if a is not None and same else None
        return found("jump", before=left.limit, after=right.limit, beside=beside)
    if left.limit is None or right.limit is None:
        inside = a or b
        return found() if inside is None else found("end", *inside)
    if a is None or b is None:
        return found()
    if math.isinf(a[0]) and a[0] == b[0]:
        return found("vertical", a[0], steepest=math.inf)
    if _differ(a, b):
        return found("kink")
    both = _trusted(both, _POOR)
    if both is None:
        return found()
    value, error = both
    return found("smooth", value if abs(value) > error else 0.0, error)  # no digits of rounding
