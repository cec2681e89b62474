"""Lengths of vectors, scaled so that no square leaves the range of the dtype on the way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nissl.arguments import flag
from nissl.core import dtypes
from nissl.core.functions import arithmetic as a
from nissl.core.functions.convert import asarray, astype
from nissl.core.functions.manipulation import squeeze
from nissl.core.functions.reduce import deviation, max, sum
from nissl.core.functions.scaling import divisor
from nissl.core.ops.shapes import normalise_axes
from nissl.core.tensor import Axis, Tensor, TensorLike

__all__ = ["l2_norm", "std"]


def root(total: Tensor) -> Tensor:
    """``sqrt(total)`` of a sum of squares; its derivative at 0 is taken as 0.

    A length is not smooth at the origin: of the slopes there, -1 to 1, the middle is taken.
    """
    none = total == 0
    return a.where(none, 0.0, a.sqrt(a.where(none, 1.0, total)))


def l2_norm(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Euclidean norm ``sqrt(sum(x**2))`` along ``axis`` (all by default), without overflow.

    Squares that would overflow, or vanish, are taken of ``x`` divided by its largest element.
    Half precisions are computed in float32. The derivative at the origin is taken as 0. For the
    norm of several tensors together: ``l2_norm(stack([l2_norm(x) for x in tensors]))``.

    >>> l2_norm(np.array([3e200, 0.0])).item()
    3e+200
    """
    x = asarray(x)
    if not dtypes.is_floating(x.dtype):
        x = astype(x, dtypes.default_float())
    wide = astype(x, dtypes.float32) if x.dtype.itemsize == 2 else x
    axes = normalise_axes("l2_norm", axis, x.ndim)
    total = sum(a.square(wide), axis=axes, keepdims=True)
    length = a.sqrt(total) if _is_plain(total) else _scaled(wide, total, axes)
    length = astype(length, x.dtype)
    return length if flag("l2_norm", "keepdims", keepdims) else squeeze(length, axes)


def _limits(dtype: np.dtype[Any]) -> tuple[float, float]:
    """Numbers between which squares can be summed."""
    info = np.finfo(dtype)
    return 2.0 ** (info.minexp // 2 + 16), 2.0 ** (info.maxexp // 2 - 16)


def _is_plain(total: Tensor) -> bool:
    """Whether sums of squares are there to be looked at, and all far from the range's ends."""
    if total.value is None:
        return False
    low, high = _limits(total.dtype)
    return bool(((total.value > low * low) & (total.value < high * high)).all())


def _scaled(x: Tensor, total: Tensor, axes: tuple[int, ...]) -> Tensor:
    if 0 in x.shape:
        return total
    low, high = _limits(x.dtype)
    peak = max(a.abs(a.stop_gradient(x)), axis=axes, keepdims=True)
    plain = ((peak > low) & (peak < high)) | (peak == 0) | (peak == math.inf)
    # the norm does not depend on the scale, so that the scale's derivative may be left out
    scale = a.where(plain, 1.0, divisor(peak))
    return root(sum(a.square(x / scale), axis=axes, keepdims=True)) * scale


def std(
    x: TensorLike, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Square root of :func:`var`, without overflow; its derivative at equal values is taken as 0.

    >>> std(np.array([1.0, 3.0])).item()
    1.0
    """
    x = asarray(x)
    if not dtypes.is_floating(x.dtype):
        x = astype(x, dtypes.default_float())
    away, left = deviation(x, axis, correction)
    return astype(l2_norm(away, axis, keepdims) / math.sqrt(left), x.dtype)
