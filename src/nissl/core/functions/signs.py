"""The bit of a number that is its sign, which zeros have too."""

from __future__ import annotations

from nissl.core import dtypes
from nissl.core.functions import arithmetic as a
from nissl.core.functions.convert import asarray, astype, broadcast, promote
from nissl.core.functions.logic import not_equal
from nissl.core.tensor import Tensor, TensorLike

__all__ = ["signbit", "copysign"]


def signbit(x: TensorLike) -> Tensor:
    """Whether each number is negative, or a negative zero; False for NaN.

    >>> import nissl
    >>> nissl.signbit([-2.0, -0.0, 0.0]).tolist()
    [True, True, False]
    """
    x = asarray(x)
    if not dtypes.is_floating(x.dtype):
        return astype(x, dtypes.int64) < 0 if x.dtype.kind != "u" else not_equal(x, x)
    x = a.stop_gradient(x)
    return (x < 0) | ((x == 0) & (a.reciprocal(x) < 0))


def copysign(x: TensorLike, y: TensorLike) -> Tensor:
    """The size of ``x`` with the sign of ``y``; a NaN counts as positive.

    The derivative by ``x`` is 1 or -1, also at 0; by ``y`` it is 0.
    """
    x, y = promote(x, y)
    if not dtypes.is_floating(x.dtype):
        x, y = astype(x, dtypes.default_float()), astype(y, dtypes.default_float())
    x, y = broadcast("copysign", (x, y))
    return a.where(not_equal(signbit(x), signbit(y)), a.negative(x), x)
