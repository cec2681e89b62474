"""Sums of NumPy arrays whose error does not grow with the number of what is added.

NumPy adds pairwise (N. J. Higham, *The accuracy of floating point summation*, 1993) along the axis
whose elements are neighbours in memory, and one after the other along any other: a million
float32 numbers lose four digits. Here a long axis is split into groups, whose sums are added; in
memory that is one long addition after the other, and quicker too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nissl.core import dtypes
from nissl.core.tensor import Array, Shape

Axes = tuple[int, ...]

LONG = 128  # numbers that may be added one after the other
GROUPS = 32


def wide(xp: Any, dtype: Any) -> Any:
    """Dtype to accumulate in: half precisions are summed in float32."""
    return xp.float32 if dtypes.is_floating(dtype) and dtype.itemsize == 2 else dtype


def kept(shape: Shape, axis: Axes) -> Shape:
    """A shape with the axes ``axis`` reduced to length 1."""
    return tuple(1 if i in axis else length for i, length in enumerate(shape))


def sum_numpy(x: Array, axis: Axes | int | None = None, keepdims: bool = False) -> Array:
    """Sum of a NumPy array, pairwise or in groups; half precisions are summed in float32."""
    if x.ndim < 2 or x.size <= LONG or x.dtype.kind in "iub":
        return _plain(x, axis, keepdims)
    if type(axis) is tuple and len(axis) == 1 and x.shape[axis[0]] <= LONG:  # most often: be quick
        return _plain(x, axis, keepdims)
    return _sum_of_many(x, axis, keepdims)


def _plain(x: Array, axis: Axes | int | None, keepdims: bool) -> Array:
    if x.dtype.itemsize > 2:
        return np.add.reduce(x, axis, x.dtype, keepdims=keepdims)
    return np.sum(x, axis=axis, dtype=wide(np, x.dtype), keepdims=keepdims).astype(x.dtype)


def _sum_of_many(x: Array, axis: Axes | int | None, keepdims: bool) -> Array:
    shape = x.shape
    given = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = sorted(a % x.ndim for a in given)
    if math.prod(shape[a] for a in axes) <= LONG:
        return _plain(x, axis, keepdims)
    dtype = wide(np, x.dtype)
    total, places = _merged(x, axes) if x.flags.c_contiguous else (x, axes)
    for place in reversed(places):
        total = _sum_along(total, place, dtype)
    if keepdims:
        total = total.reshape(kept(shape, tuple(axes)))
    return total if total.dtype == x.dtype else total.astype(x.dtype)


def _merged(x: Array, axes: list[int]) -> tuple[Array, list[int]]:
    """The array with neighbouring axes of a sum made one, and where these now are."""
    lengths: list[int] = []
    places: list[int] = []
    for a, length in enumerate(x.shape):
        if a in axes and a - 1 in axes:
            lengths[-1] *= length
            continue
        if a in axes:
            places.append(len(lengths))
        lengths.append(length)
    return x.reshape(lengths), places


def _sum_along(x: Array, axis: int, dtype: Any) -> Array:
    """Sum along one axis: in groups while it is long, if its elements are no neighbours."""
    steps = [abs(x.strides[a]) for a, length in enumerate(x.shape) if a != axis and length > 1]
    stride = abs(x.strides[axis])
    before = (slice(None),) * axis
    left: list[Array] = []
    while x.shape[axis] > LONG and steps and (not stride or min(steps) < stride):
        size = x.shape[axis] // GROUPS
        whole, rest = x[(*before, slice(size * GROUPS))], x[(*before, slice(size * GROUPS, None))]
        left.append(np.add.reduce(rest, axis, dtype))
        grouped = (*x.shape[:axis], GROUPS, size, *x.shape[axis + 1 :])  # splits an axis: a view
        x = np.add.reduce(whole.reshape(grouped), axis, dtype)
    total = np.add.reduce(x, axis, dtype)
    for each in left:
        total = total + each
    return total
