"""Integer arithmetic where processors, C, NumPy and XLA disagree: one result on every engine.

Integers wrap around, modulo two to the number of their bits; division by 0 gives 0, as in NumPy;
a power with a negative exponent is the true one, cut towards 0; a shift by all bits or more, or by
a negative number, leaves nothing but the sign; a floating number becomes the nearest integer
towards 0 that the dtype holds, and NaN becomes 0. ``docs/numbers.md`` has the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from nissl.core import dtypes
from nissl.core.tensor import Array


def _whole(x: Any) -> bool:
    return x.dtype.kind in "iu"


def quotient(name: str) -> Callable[..., Any]:
    """``floor_divide`` or ``remainder`` for XLA, whose integers divided by 0 give -1 or themselves.

    NumPy gives 0 by itself.
    """

    def compute(xp: Any, x: Any, y: Any) -> Any:
        divide = getattr(xp, name)
        if not _whole(x) or xp is np:
            return divide(x, y)
        none = y == 0
        return xp.where(none, xp.zeros_like(x), divide(x, xp.where(none, xp.ones_like(y), y)))

    return compute


def power(xp: Any, x: Any, y: Any) -> Any:
    """``x ** y`` of NumPy arrays; integers with negative exponents are cut towards 0."""
    if x.dtype.kind != "i" or not (y < 0).any():
        return xp.power(x, y)
    return xp.where(y < 0, _inverse(xp, x, y), xp.power(x, xp.maximum(y, 0)))


def power_xla(x: Any, y: Any) -> Any:
    """``x ** y`` for XLA: integers by repeated squaring, as often as the exponents have bits."""
    import jax.numpy as jnp
    from jax import lax

    if not _whole(x):
        return jnp.power(x, y)

    def more(carried: Any) -> Any:
        return jnp.any(carried[2] != 0)

    def square(carried: Any) -> Any:
        total, base, left = carried
        odd = (left & 1) == 1
        return jnp.where(odd, total * base, total), base * base, left >> 1

    total = lax.while_loop(more, square, (jnp.ones_like(x), x, jnp.maximum(y, jnp.zeros_like(y))))[
        0
    ]
    return total if x.dtype.kind == "u" else jnp.where(y < 0, _inverse(jnp, x, y), total)


def _inverse(xp: Any, x: Any, y: Any) -> Any:
    """``1 / x**-y`` cut towards 0: 1 for 1, 1 or -1 for -1, and 0 for any other number, 0 too."""
    odd = (y & 1) == 1
    negative = xp.where(odd, -xp.ones_like(x), xp.ones_like(x))
    return xp.where(x == 1, xp.ones_like(x), xp.where(x == -1, negative, xp.zeros_like(x)))


def shift(name: str) -> Callable[..., Any]:
    """A shift of bits, also by a negative number or by more bits than there are."""

    def compute(xp: Any, x: Any, y: Any) -> Any:
        move = getattr(xp, name)
        if xp is np:
            return move(x, y)
        bits = 8 * x.dtype.itemsize
        inside = (y >= 0) & (y < bits)
        gone = xp.zeros_like(x)
        if name == "right_shift" and x.dtype.kind == "i":
            gone = xp.where(x < 0, -xp.ones_like(x), gone)
        return xp.where(inside, move(x, xp.where(inside, y, xp.zeros_like(y))), gone)

    return compute


def cast_numpy(x: Array, dtype: np.dtype[Any]) -> Array:
    """The values in another dtype; what an integer dtype cannot hold is cut to its ends."""
    if dtype.kind not in "iu" or not dtypes.is_floating(x.dtype):
        return x.astype(dtype)
    if x.dtype.itemsize == 2:
        x = x.astype(np.float32)
    info = np.iinfo(dtype)
    low, high = float(info.min) - (info.min == 0), float(info.max + 1)
    if x.min(initial=0.0) > low and x.max(initial=0.0) < high:  # as nearly always; NaN is not
        return x.astype(dtype)
    inside = (x > low) & (x < high)
    ends = np.where(x >= high, dtype.type(info.max), dtype.type(0))
    if info.min < 0:
        ends = np.where(x <= low, dtype.type(info.min), ends)
    return np.where(inside, np.where(inside, x, 0).astype(dtype), ends)
