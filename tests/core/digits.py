"""Oracles in mpmath for elementwise ops: the function and its partial derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import mpmath
import numpy as np

Number = Any
Rule = Callable[..., Number]

inf = mpmath.inf


@dataclass(frozen=True)
class Oracle:
    """A function and its partials, in mpmath; ``None`` for what has no value or no limit there."""

    value: Rule
    partials: tuple[Rule, ...] = ()


def at_infinity(f: Rule, right: Number, left: Number) -> Rule:
    """``f`` with its limits at plus and minus infinity."""

    def limited(x: Number) -> Number:
        if mpmath.isinf(x):
            return right if x > 0 else left
        return f(x)

    return limited


def inside(f: Rule, allowed: Callable[..., bool]) -> Rule:
    """``f`` where it is real, else nothing."""
    return lambda *xs: f(*xs) if allowed(*xs) else None


def _sign(x: Number) -> Number:
    return mpmath.mpf((x > 0) - (x < 0))


def _half_even(x: Number) -> Number:
    return mpmath.nint(x)


def _sigmoid(x: Number) -> Number:
    return 1 / (1 + mpmath.exp(-x))


def _no_opposites(x: Number, y: Number) -> bool:
    return not (mpmath.isinf(x) and mpmath.isinf(y) and x == -y)


def _no_likes(x: Number, y: Number) -> bool:
    return not (mpmath.isinf(x) and mpmath.isinf(y) and x == y)


def _times(x: Number, y: Number) -> Number:
    return None if {mpmath.isinf(x), mpmath.isinf(y)} == {True, False} and 0 in (x, y) else x * y


def _quotient(x: Number, y: Number) -> Number:
    if y == 0 or (mpmath.isinf(x) and mpmath.isinf(y)):
        return None  # a pole whose sign is that of the zero, or no limit
    if mpmath.isinf(y):
        return mpmath.mpf(0)
    return x / y


def _power(x: Number, y: Number) -> Number:
    if mpmath.isinf(x) or mpmath.isinf(y) or (x == 0 and y < 0):
        return None
    if x < 0 and y != mpmath.floor(y):
        return None
    if x == 0:
        return mpmath.mpf(1 if y == 0 else 0)
    return mpmath.power(x, y)


def _angle(x: Number, y: Number) -> Number:
    if mpmath.isinf(x) or mpmath.isinf(y) or (x == 0 and y <= 0):
        return None  # the signs of zeros decide
    return mpmath.atan2(x, y)


def _floored(x: Number, y: Number) -> Number:
    if y == 0 or mpmath.isinf(x) or mpmath.isinf(y):
        return None
    return mpmath.floor(x / y)


def _modulo(x: Number, y: Number) -> Number:
    if y == 0 or mpmath.isinf(x) or mpmath.isinf(y):
        return None
    return x - y * mpmath.floor(x / y)


def _finite(*xs: Number) -> bool:
    return not any(mpmath.isinf(x) for x in xs)


one, zero = mpmath.mpf(1), mpmath.mpf(0)
pi = mpmath.pi  # as precise as asked wherever it is used
with mpmath.workdps(60):
    half_pi = pi / 2

ORACLES: dict[str, Oracle] = {
    "exp": Oracle(at_infinity(mpmath.exp, inf, zero), (at_infinity(mpmath.exp, inf, zero),)),
    "expm1": Oracle(at_infinity(mpmath.expm1, inf, -one), (at_infinity(mpmath.exp, inf, zero),)),
    "log": Oracle(
        inside(lambda x: -inf if x == 0 else mpmath.log(x), lambda x: x >= 0),
        (inside(lambda x: 1 / x, lambda x: x > 0 and _finite(x)),),
    ),
    "log2": Oracle(
        inside(lambda x: -inf if x == 0 else mpmath.log(x, 2), lambda x: x >= 0),
        (inside(lambda x: 1 / (x * mpmath.log(2)), lambda x: x > 0 and _finite(x)),),
    ),
    "log10": Oracle(
        inside(lambda x: -inf if x == 0 else mpmath.log10(x), lambda x: x >= 0),
        (inside(lambda x: 1 / (x * mpmath.log(10)), lambda x: x > 0 and _finite(x)),),
    ),
    "log_cosh": Oracle(
        at_infinity(lambda x: abs(x) + mpmath.log1p(mpmath.expm1(-2 * abs(x)) / 2), inf, inf),
        (at_infinity(mpmath.tanh, one, -one),),
    ),
    "softsign": Oracle(
        at_infinity(lambda x: x / (1 + abs(x)), one, -one),
        (at_infinity(lambda x: 1 / (1 + abs(x)) ** 2, zero, zero),),
    ),
    "log1p": Oracle(
        inside(
            lambda x: -inf if x == -1 else at_infinity(mpmath.log1p, inf, inf)(x), lambda x: x >= -1
        ),
        (inside(lambda x: 1 / (1 + x), lambda x: x > -1),),
    ),
    "sqrt": Oracle(
        inside(mpmath.sqrt, lambda x: x >= 0),
        (inside(lambda x: 1 / (2 * mpmath.sqrt(x)), lambda x: x > 0),),
    ),
    "sin": Oracle(inside(mpmath.sin, _finite), (inside(mpmath.cos, _finite),)),
    "cos": Oracle(inside(mpmath.cos, _finite), (inside(lambda x: -mpmath.sin(x), _finite),)),
    "tan": Oracle(inside(mpmath.tan, _finite), (inside(lambda x: mpmath.sec(x) ** 2, _finite),)),
    "asin": Oracle(
        inside(mpmath.asin, lambda x: abs(x) <= 1),
        (inside(lambda x: 1 / mpmath.sqrt(1 - x * x), lambda x: abs(x) < 1),),
    ),
    "acos": Oracle(
        inside(mpmath.acos, lambda x: abs(x) <= 1),
        (inside(lambda x: -1 / mpmath.sqrt(1 - x * x), lambda x: abs(x) < 1),),
    ),
    "atan": Oracle(
        at_infinity(mpmath.atan, half_pi, -half_pi),
        (at_infinity(lambda x: 1 / (1 + x * x), zero, zero),),
    ),
    "sinh": Oracle(at_infinity(mpmath.sinh, inf, -inf), (at_infinity(mpmath.cosh, inf, inf),)),
    "cosh": Oracle(at_infinity(mpmath.cosh, inf, inf), (at_infinity(mpmath.sinh, inf, -inf),)),
    "tanh": Oracle(
        at_infinity(mpmath.tanh, one, -one),
        (at_infinity(lambda x: mpmath.sech(x) ** 2, zero, zero),),
    ),
    "asinh": Oracle(
        at_infinity(mpmath.asinh, inf, -inf),
        (at_infinity(lambda x: 1 / mpmath.sqrt(1 + x * x), zero, zero),),
    ),
    "acosh": Oracle(
        inside(at_infinity(mpmath.acosh, inf, inf), lambda x: x >= 1),
        (inside(at_infinity(lambda x: 1 / mpmath.sqrt(x * x - 1), zero, zero), lambda x: x > 1),),
    ),
    "atanh": Oracle(
        inside(lambda x: _sign(x) * inf if abs(x) == 1 else mpmath.atanh(x), lambda x: abs(x) <= 1),
        (inside(lambda x: 1 / (1 - x * x), lambda x: abs(x) < 1),),
    ),
    "sigmoid": Oracle(
        at_infinity(_sigmoid, one, zero),
        (at_infinity(lambda x: _sigmoid(x) * _sigmoid(-x), zero, zero),),
    ),
    "softplus": Oracle(
        at_infinity(
            lambda x: mpmath.log1p(mpmath.exp(x)) if x < 0 else x + mpmath.log1p(mpmath.exp(-x)),
            inf,
            zero,
        ),
        (at_infinity(_sigmoid, one, zero),),
    ),
    "relu": Oracle(lambda x: max(x, zero), (lambda x: one if x > 0 else zero,)),
    "erf": Oracle(
        at_infinity(mpmath.erf, one, -one),
        (at_infinity(lambda x: 2 / mpmath.sqrt(pi) * mpmath.exp(-x * x), zero, zero),),
    ),
    "erfc": Oracle(
        at_infinity(mpmath.erfc, zero, 2 * one),
        (at_infinity(lambda x: -2 / mpmath.sqrt(pi) * mpmath.exp(-x * x), zero, zero),),
    ),
    "floor": Oracle(lambda x: mpmath.floor(x) if _finite(x) else x, (lambda x: zero,)),
    "ceil": Oracle(lambda x: mpmath.ceil(x) if _finite(x) else x, (lambda x: zero,)),
    "round": Oracle(lambda x: _half_even(x) if _finite(x) else x, (lambda x: zero,)),
    "negative": Oracle(lambda x: -x, (lambda x: -one,)),
    "abs": Oracle(abs, (_sign,)),
    "sign": Oracle(_sign, (lambda x: zero,)),
    "square": Oracle(lambda x: x * x, (lambda x: 2 * x,)),
    "isfinite": Oracle(lambda x: _finite(x)),
    "isnan": Oracle(lambda x: False),
    "add": Oracle(inside(lambda x, y: x + y, _no_opposites), (lambda x, y: one, lambda x, y: one)),
    "subtract": Oracle(
        inside(lambda x, y: x - y, _no_likes), (lambda x, y: one, lambda x, y: -one)
    ),
    "multiply": Oracle(_times, (lambda x, y: y, lambda x, y: x)),
    "divide": Oracle(
        _quotient,
        (
            lambda x, y: None if y == 0 else (zero if mpmath.isinf(y) else 1 / y),
            lambda x, y: None if y == 0 or not _finite(x, y) else -(x / y) / y,
        ),
    ),
    "pow": Oracle(
        _power,
        (
            lambda x, y: (
                None if _power(x, y - 1) is None or not _finite(x, y) else y * _power(x, y - 1)
            ),
            lambda x, y: (
                None
                if x < 0 or _power(x, y) is None
                else (zero if x == 0 else _power(x, y) * mpmath.log(x))
            ),
        ),
    ),
    "atan2": Oracle(
        _angle,
        (
            lambda x, y: None if not _finite(x, y) or x == y == 0 else y / (x * x + y * y),
            lambda x, y: None if not _finite(x, y) or x == y == 0 else -x / (x * x + y * y),
        ),
    ),
    "maximum": Oracle(
        max,
        (
            lambda x, y: (1 + _sign(x - y)) / 2 if _no_likes(x, y) else one / 2,
            lambda x, y: (1 + _sign(y - x)) / 2 if _no_likes(x, y) else one / 2,
        ),
    ),
    "minimum": Oracle(
        min,
        (
            lambda x, y: (1 + _sign(y - x)) / 2 if _no_likes(x, y) else one / 2,
            lambda x, y: (1 + _sign(x - y)) / 2 if _no_likes(x, y) else one / 2,
        ),
    ),
    "floor_divide": Oracle(_floored, (lambda x, y: zero, lambda x, y: zero)),
    "remainder": Oracle(
        _modulo,
        (lambda x, y: one, lambda x, y: None if _floored(x, y) is None else -_floored(x, y)),
    ),
    "equal": Oracle(lambda x, y: x == y),
    "not_equal": Oracle(lambda x, y: x != y),
    "less": Oracle(lambda x, y: x < y),
    "less_equal": Oracle(lambda x, y: x <= y),
    "greater": Oracle(lambda x, y: x > y),
    "greater_equal": Oracle(lambda x, y: x >= y),
}


def exactly(x: Any) -> Number:
    """A floating number of any dtype, without rounding."""
    return mpmath.mpf(float(x))


def ulps(found: Any, wanted: Number, dtype: Any, least: float = 0.0) -> float:
    """Distance of ``found`` from ``wanted`` in units in the last place of ``dtype``.

    Args:
        found: computed number.
        wanted: mpmath's.
        dtype: floating dtype that was computed in.
        least: size below which the unit no longer shrinks; the smallest normal number by default.
    """
    info = ml_dtypes.finfo(dtype)
    if np.isnan(found):
        return float("inf")
    if mpmath.isinf(wanted) or abs(wanted) > mpmath.mpf(float(info.max)):
        # what overflows may be the largest number or infinity
        right = found * float(_sign(wanted)) >= float(info.max) * (1 - 4 * float(info.eps))
        return 0.0 if right else float("inf")
    if np.isinf(found):
        return float("inf")
    size = max(abs(wanted), mpmath.mpf(float(info.smallest_normal)), mpmath.mpf(least))
    unit = mpmath.mpf(2) ** (mpmath.floor(mpmath.log(size, 2))) * mpmath.mpf(float(info.eps))
    return float(abs(exactly(found) - wanted) / unit)


def points(hard: Sequence[float], count: int, dtype: Any) -> np.ndarray[Any, Any]:
    """All combinations of hard points for ``count`` inputs: shape (count, combinations)."""
    with np.errstate(all="ignore"):
        line = np.asarray(hard, np.float64).astype(dtype)
    return np.stack([g.ravel() for g in np.meshgrid(*[line] * count, indexing="ij")])
