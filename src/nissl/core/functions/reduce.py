"""Reductions, statistics, sorting and searching, with Array API names."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nissl.core import dtypes
from nissl.core.functions import arithmetic as a
from nissl.core.functions.convert import asarray, astype, ones_like
from nissl.core.functions.indexing import take_along_axis
from nissl.core.functions.manipulation import concat, flip, moveaxis, reshape
from nissl.core.op import Op, apply, compute_now
from nissl.core.ops import reduction as ops
from nissl.core.ops.shapes import normalise_axes, normalise_axis
from nissl.core.tensor import Axis, Tensor, TensorLike
from nissl.errors import ArgumentError, ShapeError


def _reduce(op: Op, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    axes = tuple(range(x.ndim)) if axis is None else normalise_axes(op.name, axis, x.ndim)
    if not axes:
        result = x
    elif x.value is None:
        result = apply(op, (x,), {"axis": axes})
    else:
        result = compute_now(op, (x,), (x.value,), x.tracked, {"axis": axes})
    return reshape(result, ops.kept(x.shape, axes)) if keepdims else result


def sum(x: TensorLike, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """Sum along ``axis`` (all by default); small integers and bools are summed in int64."""
    if not isinstance(x, Tensor):
        x = asarray(x)
    if dtype is not None:
        x = astype(x, dtype)
    elif not dtypes.is_floating(x.dtype) and x.dtype != dtypes.uint64:
        x = astype(x, dtypes.default_int)
    return _reduce(ops.sum, x, axis, keepdims)


def _float(x: TensorLike) -> Tensor:
    if not isinstance(x, Tensor):
        x = asarray(x)
    return x if dtypes.is_floating(x.dtype) else astype(x, dtypes.default_float())


def _count(x: Tensor, axis: Axis) -> int:
    if axis is None:
        return math.prod(x.shape)
    return math.prod(x.shape[i] for i in normalise_axes("mean", axis, x.ndim))


def mean(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Arithmetic mean along ``axis`` (all by default); NaN of no elements."""
    x = _float(x)
    count = _count(x, axis)
    if x.dtype.itemsize > 2:
        total = _reduce(ops.sum, x, axis, keepdims)
        return total / (float(count) if count else math.nan)
    total = sum(_wide(x), axis=axis, keepdims=keepdims)
    return astype(total / (float(count) if count else math.nan), x.dtype)


def _wide(x: Tensor) -> Tensor:
    """Half precisions as float32, whose sums do not overflow."""
    return astype(x, dtypes.float32) if x.dtype.itemsize == 2 else x


def deviation(x: Tensor, axis: Axis, correction: float) -> tuple[Tensor, float]:
    """Return deviations from the mean, half precisions as float32, and ``n - correction``."""
    left = _count(x, axis) - correction
    wide = _wide(x)
    return wide - mean(wide, axis=axis, keepdims=True), float(left) if left > 0 else math.nan


def var(
    x: TensorLike, axis: Axis = None, correction: float = 0.0, keepdims: bool = False
) -> Tensor:
    """Mean squared deviation from the mean; divided by ``n - correction``."""
    x = _float(x)
    away, left = deviation(x, axis, correction)
    return astype(sum(a.square(away), axis=axis, keepdims=keepdims) / left, x.dtype)


def _extreme(op: Op, x: TensorLike, axis: Axis, keepdims: bool) -> Tensor:
    x = asarray(x)
    axes = normalise_axes(op.name, axis, x.ndim)
    op.infer(x.aval, axis=axes)
    return _reduce(op, x, axes, keepdims)


def max(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Largest element along ``axis``; tied elements share the derivative equally."""
    return _extreme(ops.max, x, axis, keepdims)


def min(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Smallest element along ``axis``; tied elements share the derivative equally."""
    return _extreme(ops.min, x, axis, keepdims)


def _arg(op: Op, x: TensorLike, axis: int | None, keepdims: bool) -> Tensor:
    x = asarray(x)
    flat = reshape(x, -1) if axis is None else x
    place = 0 if axis is None else normalise_axis(op.name, axis, x.ndim)
    op.infer(flat.aval, axis=place)
    result = apply(op, (flat,), {"axis": place})
    if not keepdims:
        return result
    return reshape(result, (1,) * x.ndim if axis is None else ops.kept(x.shape, (place,)))


def argmax(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index (int64) of the largest element, the first of tied ones; over all by default."""
    return _arg(ops.argmax, x, axis, keepdims)


def argmin(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Index (int64) of the smallest element, the first of tied ones; over all by default."""
    return _arg(ops.argmin, x, axis, keepdims)


def all(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all elements along ``axis`` are true (not 0)."""
    return _reduce(ops.all, astype(x, dtypes.boolean), axis, keepdims)


def any(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether any element along ``axis`` is true (not 0)."""
    return _reduce(ops.any, astype(x, dtypes.boolean), axis, keepdims)


def count_nonzero(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """How many elements along ``axis`` are not 0."""
    return sum(astype(x, dtypes.boolean), axis=axis, keepdims=keepdims)


def _halves(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    half = x.shape[0] // 2
    return x[:half], x[half : 2 * half], x[2 * half :]


def prod(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Product along ``axis``, taken pair by pair, so that its derivative is right at zeros too."""
    x = asarray(x)
    if not dtypes.is_floating(x.dtype) and x.dtype != dtypes.uint64:
        x = astype(x, dtypes.default_int)
    axes = normalise_axes("prod", axis, x.ndim)
    rest = ops.reduced(x.shape, axes)
    moved = moveaxis(x, axes, tuple(range(len(axes)))) if axes else x
    total = reshape(moved, (_count(x, axes), *rest))  # (n, rest)
    if total.shape[0] == 0:
        total = a.astype(np.ones((1, *rest)), x.dtype)
    while total.shape[0] > 1:
        left, right, odd = _halves(total)
        product = left * right
        total = concat([product, odd]) if odd.shape[0] else product
    return reshape(total, ops.kept(x.shape, axes) if keepdims else rest)


def cumulative_sum(x: TensorLike, axis: int | None = None) -> Tensor:
    """Running sum along ``axis``, which may be left out for a tensor of one axis."""
    x = asarray(x)
    if not dtypes.is_floating(x.dtype) and x.dtype != dtypes.uint64:
        x = astype(x, dtypes.default_int)
    place = _only_axis("cumulative_sum", x, axis)
    return apply(ops.cumulative_sum, (x,), {"axis": place, "backwards": False})


def _only_axis(name: str, x: Tensor, axis: int | None) -> int:
    if axis is None and x.ndim != 1:
        raise ArgumentError(f"{name}: axis must be given for a tensor with {x.ndim} axes")
    return normalise_axis(name, 0 if axis is None else axis, x.ndim)


def cumulative_prod(x: TensorLike, axis: int | None = None) -> Tensor:
    """Running product along ``axis``; its derivative is right at zeros too.

    Doubling distances (W. D. Hillis and G. L. Steele, *Data parallel algorithms*, 1986).
    """
    x = asarray(x)
    if not dtypes.is_floating(x.dtype) and x.dtype != dtypes.uint64:
        x = astype(x, dtypes.default_int)
    place = _only_axis("cumulative_prod", x, axis)
    total, distance = moveaxis(x, place, 0), 1
    while distance < total.shape[0]:
        shifted = concat([ones_like(total[:distance]), total[:-distance]])
        total, distance = total * shifted, 2 * distance
    return moveaxis(total, 0, place)


def diff(x: TensorLike, axis: int = -1) -> Tensor:
    """Differences of neighbours along ``axis``."""
    front = moveaxis(x, axis, 0)
    return moveaxis(front[1:] - front[:-1], 0, axis)


def argsort(x: TensorLike, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Indices (int64) that sort ``x`` along ``axis``; always stable, NaN last when ascending."""
    x = asarray(x)
    place = normalise_axis("argsort", axis, x.ndim)
    if not descending:
        return apply(ops.argsort, (x,), {"axis": place})
    backwards = flip(apply(ops.argsort, (flip(x, place),), {"axis": place}), place)
    return (x.shape[place] - 1) - backwards


def sort(x: TensorLike, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Sort along ``axis``; the derivative of an element goes where the element came from."""
    return take_along_axis(x, argsort(x, axis, descending, stable), axis)


def top_k(x: TensorLike, k: int, axis: int = -1) -> tuple[Tensor, Tensor]:
    """Return the ``k`` largest elements along ``axis``, largest first, and their indices."""
    x = asarray(x)
    place = normalise_axis("top_k", axis, x.ndim)
    if not 0 <= k <= x.shape[place]:
        raise ArgumentError(f"top_k: k={k} of an axis of length {x.shape[place]}")
    index: list[Any] = [slice(None)] * x.ndim
    index[place] = slice(0, k)
    chosen = argsort(x, place, descending=True)[tuple(index)]
    return take_along_axis(x, chosen, place), chosen


def nonzero(x: TensorLike) -> tuple[Tensor, ...]:
    """Indices of the elements that are not 0, one tensor an axis; eager only."""
    return tuple(Tensor(each) for each in np.nonzero(asarray(x).concrete("nonzero's result")))


def searchsorted(x: TensorLike, values: TensorLike, side: str = "left") -> Tensor:
    """Where in the sorted one-axis ``x`` each of ``values`` would be inserted to keep the order."""
    x, values = asarray(x), asarray(values)
    if x.ndim != 1:
        raise ShapeError(f"searchsorted: the sorted tensor has one axis, not shape {x.shape}")
    comparisons: dict[str, Callable[..., Tensor]] = {"left": a.less, "right": a.less_equal}
    if side not in comparisons:
        raise ArgumentError(f"searchsorted: side is 'left' or 'right', not {side!r}")
    column = reshape(x, (x.shape[0],) + (1,) * values.ndim)
    return sum(comparisons[side](column, values), axis=0)
