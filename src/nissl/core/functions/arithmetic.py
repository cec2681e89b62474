"""Elementwise functions, with Array API names, promotion and broadcasting.

At a kink the derivative is a convention, stated in the docstring. Integers given to a function of
real numbers become the default floating dtype.
"""

from __future__ import annotations

import numpy as np

from nissl.core import dtypes
from nissl.core.functions.convert import asarray, astype, binary, broadcast, promote, unary
from nissl.core.functions.logic import isinf, isnan
from nissl.core.functions.scaling import divisor
from nissl.core.op import Op, apply
from nissl.core.ops import arithmetic as pairs
from nissl.core.ops import control, elementwise
from nissl.core.tensor import Tensor, TensorLike
from nissl.errors import ArgumentError

__all__ = [
    "identity", "stop_gradient", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin",
    "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf",
    "erfc", "reciprocal", "floor", "ceil", "round", "trunc", "negative", "positive", "abs", "sign",
    "square", "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "pow", "atan2",
    "maximum", "minimum", "hypot", "logaddexp", "clip", "where",
]  # fmt: skip


def identity(x: TensorLike) -> Tensor:
    """Return ``x`` as a new node of the graph."""
    return apply(control.identity, (asarray(x),), {})


def stop_gradient(x: TensorLike) -> Tensor:
    """Return ``x``, with a derivative of zero.

    >>> import nissl
    >>> nissl.grad(lambda x: x * nissl.stop_gradient(x))(3.0).item()
    3.0
    """
    return apply(control.stop_gradient, (asarray(x),), {})


def exp(x: TensorLike) -> Tensor:
    """Exponential function, ``e**x``."""
    return unary(elementwise.exp, x)


def expm1(x: TensorLike) -> Tensor:
    """``exp(x) - 1``, precise near 0."""
    return unary(elementwise.expm1, x)


def log(x: TensorLike) -> Tensor:
    """Natural logarithm; -inf at 0 and NaN below."""
    return unary(elementwise.log, x)


def log1p(x: TensorLike) -> Tensor:
    """``log(1 + x)``, precise near 0."""
    return unary(elementwise.log1p, x)


def log2(x: TensorLike) -> Tensor:
    """Logarithm to base 2, exact at powers of 2."""
    return unary(elementwise.log2, x)


def log10(x: TensorLike) -> Tensor:
    """Logarithm to base 10, exact at powers of 10."""
    return unary(elementwise.log10, x)


def sqrt(x: TensorLike) -> Tensor:
    """Square root; its derivative at 0 is infinite."""
    return unary(elementwise.sqrt, x)


def sin(x: TensorLike) -> Tensor:
    """Sine of an angle in radians."""
    return unary(elementwise.sin, x)


def cos(x: TensorLike) -> Tensor:
    """Cosine of an angle in radians."""
    return unary(elementwise.cos, x)


def tan(x: TensorLike) -> Tensor:
    """Tangent of an angle in radians."""
    return unary(elementwise.tan, x)


def asin(x: TensorLike) -> Tensor:
    """Inverse sine, in radians from -pi/2 to pi/2."""
    return unary(elementwise.asin, x)


def acos(x: TensorLike) -> Tensor:
    """Inverse cosine, in radians from 0 to pi."""
    return unary(elementwise.acos, x)


def atan(x: TensorLike) -> Tensor:
    """Inverse tangent, in radians from -pi/2 to pi/2."""
    return unary(elementwise.atan, x)


def sinh(x: TensorLike) -> Tensor:
    """Hyperbolic sine."""
    return unary(elementwise.sinh, x)


def cosh(x: TensorLike) -> Tensor:
    """Hyperbolic cosine."""
    return unary(elementwise.cosh, x)


def tanh(x: TensorLike) -> Tensor:
    """Hyperbolic tangent; derivative ``1 - tanh(x)**2``."""
    return unary(elementwise.tanh, x)


def asinh(x: TensorLike) -> Tensor:
    """Inverse hyperbolic sine."""
    return unary(elementwise.asinh, x)


def acosh(x: TensorLike) -> Tensor:
    """Inverse hyperbolic cosine, of numbers of at least 1."""
    return unary(elementwise.acosh, x)


def atanh(x: TensorLike) -> Tensor:
    """Inverse hyperbolic tangent, of numbers between -1 and 1."""
    return unary(elementwise.atanh, x)


def erf(x: TensorLike) -> Tensor:
    """Error function, ``2/sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0 to ``x``."""
    return unary(elementwise.erf, x)


def erfc(x: TensorLike) -> Tensor:
    """``1 - erf(x)``, precise for large ``x``."""
    return unary(elementwise.erfc, x)


def reciprocal(x: TensorLike) -> Tensor:
    """``1 / x``."""
    return divide(1.0, x)


def _rounding(op: Op, x: TensorLike) -> Tensor:
    x = asarray(x)
    return apply(op, (x,), {}) if dtypes.is_floating(x.dtype) else x


def floor(x: TensorLike) -> Tensor:
    """Largest integer not above ``x``; derivative 0 everywhere."""
    return _rounding(elementwise.floor, x)


def ceil(x: TensorLike) -> Tensor:
    """Smallest integer not below ``x``; derivative 0 everywhere."""
    return _rounding(elementwise.ceil, x)


def round(x: TensorLike) -> Tensor:
    """Nearest integer, halves to the even one; derivative 0 everywhere."""
    return _rounding(elementwise.round, x)


def trunc(x: TensorLike) -> Tensor:
    """Nearest integer towards 0; derivative 0 everywhere."""
    x = asarray(x)
    return where(x < 0, ceil(x), floor(x)) if dtypes.is_floating(x.dtype) else x


def _numeric(op: Op, x: TensorLike) -> Tensor:
    x = asarray(x)
    if x.dtype.kind in "bu":
        op.infer(x.aval)  # NumPy takes dtypes here that other engines and ops refuse
    return apply(op, (x,), {})


def negative(x: TensorLike) -> Tensor:
    """``-x``."""
    return _numeric(elementwise.negative, x)


def positive(x: TensorLike) -> Tensor:
    """``x`` itself."""
    return asarray(x)


def abs(x: TensorLike) -> Tensor:
    """Absolute value; its derivative at the kink, 0, is taken as 0."""
    return _numeric(elementwise.abs, x)


def sign(x: TensorLike) -> Tensor:
    """-1, 0 or 1 by the sign of ``x``; derivative 0 everywhere, also at the jump."""
    return _numeric(elementwise.sign, x)


def square(x: TensorLike) -> Tensor:
    """``x * x``."""
    return _numeric(elementwise.square, x)


def add(x: TensorLike, y: TensorLike) -> Tensor:
    """``x + y``."""
    return binary(pairs.add, x, y)


def subtract(x: TensorLike, y: TensorLike) -> Tensor:
    """``x - y``."""
    return binary(pairs.subtract, x, y)


def multiply(x: TensorLike, y: TensorLike) -> Tensor:
    """``x * y``, element by element."""
    return binary(pairs.multiply, x, y)


def _is_real(x: TensorLike) -> bool:
    return isinstance(x, Tensor) and dtypes.is_floating(x.dtype)


def _real_pair(name: str, x: TensorLike, y: TensorLike) -> list[Tensor]:
    """Two tensors of one shape and one floating dtype."""
    x, y = promote(x, y)
    if not dtypes.is_floating(x.dtype):
        x, y = astype(x, dtypes.default_float()), astype(y, dtypes.default_float())
    return broadcast(name, (x, y))


def divide(x: TensorLike, y: TensorLike) -> Tensor:
    """``x / y``; integers are divided as the default floating dtype."""
    if not (_is_real(x) and (isinstance(y, float) or _is_real(y))):
        x, y = promote(x, y)
        if not dtypes.is_floating(x.dtype):
            x, y = astype(x, dtypes.default_float()), astype(y, dtypes.default_float())
    return binary(pairs.divide, x, y)


def floor_divide(x: TensorLike, y: TensorLike) -> Tensor:
    """Largest integer not above ``x / y``; derivative 0 everywhere."""
    return binary(pairs.floor_divide, x, y)


def remainder(x: TensorLike, y: TensorLike) -> Tensor:
    """``x - y * floor(x / y)``, with the sign of ``y``."""
    return binary(pairs.remainder, x, y)


_POWERS = {1: positive, 2: square}


def pow(x: TensorLike, y: TensorLike) -> Tensor:
    """``x ** y``; the derivative by ``y`` is taken as 0 where ``x`` is 0 and ``y`` not negative."""
    if isinstance(y, int | float) and not isinstance(y, bool):
        base = asarray(x) if not isinstance(x, bool | int | float) else x
        if isinstance(base, Tensor):
            if isinstance(y, float) and not dtypes.is_floating(base.dtype):
                base = astype(base, dtypes.default_float())
            if y in _POWERS:
                return _POWERS[int(y)](base)
            if y == 3:
                return square(base) * base
            if y == 0.5:
                return sqrt(base)
            if y < 0 and isinstance(y, int) and not dtypes.is_floating(base.dtype):
                raise ArgumentError(
                    f"pow: integers cannot be raised to the negative power {y}; "
                    "cast the base with nissl.astype(x, 'float32')"
                )
            x = base
    return binary(pairs.pow, x, y)


def atan2(x: TensorLike, y: TensorLike) -> Tensor:
    """Angle in radians, -pi to pi, of the point with height ``x`` and abscissa ``y``."""
    return apply(pairs.atan2, _real_pair("atan2", x, y), {})


def _tie(op: Op, x: TensorLike, y: TensorLike) -> Tensor:
    if isinstance(y, int | float):
        return binary(op, x, y, bound=1)
    if isinstance(x, int | float):
        return binary(op, x, y, bound=0)
    return binary(op, x, y)


def maximum(x: TensorLike, y: TensorLike) -> Tensor:
    """The larger of two; at a tie each gets half of the derivative, but beside a number 0.

    A Python number is a bound, which does not move: ``maximum(x, 0)`` is ``relu(x)``.
    """
    return _tie(pairs.maximum, x, y)


def minimum(x: TensorLike, y: TensorLike) -> Tensor:
    """The smaller of two; at a tie each gets half of the derivative, but beside a number 0."""
    return _tie(pairs.minimum, x, y)


def _all_finite(x: Tensor) -> bool:
    """Whether values are there to be looked at, and all of them are finite."""
    return x.value is not None and bool(np.isfinite(x.value).all())


def hypot(x: TensorLike, y: TensorLike) -> Tensor:
    """``sqrt(x**2 + y**2)`` without overflow; infinite beside an infinity, whatever the other is.

    The derivative at the origin is taken as 0.
    """
    x, y = _real_pair("hypot", x, y)
    if not (_all_finite(x) and _all_finite(y)):
        x, y = where(isnan(x) & isinf(y), 0.0, x), where(isnan(y) & isinf(x), 0.0, y)
    large = maximum(abs(x), abs(y))
    plain = (large == 0) | isinf(large)
    # the result does not depend on the scale, so that the scale's derivative may be left out
    scale = stop_gradient(where(plain, 1.0, divisor(large)))
    x, y = where(plain, 1.0, x) / scale, where(plain, 1.0, y) / scale
    return where(plain, large, scale * sqrt(square(x) + square(y)))


def logaddexp(x: TensorLike, y: TensorLike) -> Tensor:
    """``log(exp(x) + exp(y))`` without overflow; two equal infinities share the derivative."""
    x, y = _real_pair("logaddexp", x, y)
    swapped = y > x
    large, small = where(swapped, y, x), where(swapped, x, y)
    alike = (large == small) & isinf(large)
    distance = where(alike, 0.0, small) - where(alike, 0.0, large)
    return where(alike, 0.5 * x + 0.5 * y, large + unary(elementwise.softplus, distance))


def clip(x: TensorLike, min: TensorLike = None, max: TensorLike = None) -> Tensor:
    """Hold ``x`` between ``min`` and ``max``; the derivative at a bound itself is taken as 0.

    Args:
        x: any numeric tensor.
        min, max: bounds that broadcast with ``x``; ``None`` for no bound. Beside NaN the result
            is NaN; where ``min`` is above ``max``, it is ``max``, as in NumPy.
    """
    x = asarray(x)
    if min is not None:
        x = binary(pairs.maximum, x, min, bound=1)
    if max is not None:
        x = binary(pairs.minimum, x, max, bound=1)
    return x


def where(condition: TensorLike, x: TensorLike, y: TensorLike) -> Tensor:
    """Take ``x`` where ``condition`` is true and ``y`` elsewhere; all three broadcast.

    Both sides are computed, and the derivative of the side not taken is multiplied by nothing but
    zeros: keep it finite there, as ``where(x > 0, log(where(x > 0, x, 1)), 0)`` does.
    """
    condition = asarray(condition)
    if condition.dtype != dtypes.boolean:
        condition = astype(condition, dtypes.boolean)
    x, y = promote(x, y)
    return apply(pairs.where, broadcast("where", (condition, x, y)), {})
