"""Reductions, statistics, sorting and searching, with Array API names."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nissl.arguments import flag, number, one_of, whole
from nissl.core import dtypes
from nissl.core.functions import arithmetic as a
from nissl.core.functions import logic
from nissl.core.functions.convert import asarray, astype
from nissl.core.functions.creation import ones_like
from nissl.core.functions.indexing import take_along_axis
from nissl.core.functions.manipulation import concat, flip, moveaxis, reshape
from nissl.core.op import Op, apply, compute_now
from nissl.core.ops import reduction as ops
from nissl.core.ops.shapes import normalise_axes, normalise_axis
from nissl.core.tensor import Axis, Tensor, TensorLike
from nissl.errors import ArgumentError, ShapeError

__all__ = [
    "sum", "mean", "var", "max", "min", "argmax", "argmin", "all", "any", "count_nonzero", "prod",
    "cumulative_sum", "cumulative_prod", "diff", "argsort", "sort", "top_k", "nonzero",
    "searchsorted",
]  # fmt: skip


def _reduce(op: Op, x: Tensor, axis: Axis, keepdims: bool) -> Tensor:
    axes = tuple(range(x.ndim)) if axis is None else normalise_axes(op.name, axis, x.ndim)
    if not axes:
        result = x
    elif x.value is None:
        result = apply(op, (x,), {"axis": axes})
    else:
        result = compute_now(op, (x,), (x.value,), x.tracked, {"axis": axes})
    if keepdims is False or not flag(op.name, "keepdims", keepdims):
        return result
    return reshape(result, ops.kept(x.shape, axes))


def sum(x: TensorLike, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """Sum along ``axis`` (all by default); small integers and bools are summed in int64.

    Args:
        x: any tensor.
        axis: one axis, or several.
        dtype: dtype to cast to first, and of the result.
        keepdims: keep the axes that are summed, with length 1.
    """
    if not isinstance(x, Tensor) or dtype is not None or x.dtype.kind != "f":
        x = _summable(x, dtype)
    return _reduce(ops.sum, x, axis, keepdims)


def _summable(x: TensorLike, dtype: Any) -> Tensor:
    """``x`` in the dtype that its sums and products have."""
    x = asarray(x)
    if dtype is not None:
        return astype(x, dtype)
    plain = dtypes.is_floating(x.dtype) or x.dtype == dtypes.uint64
    return x if plain else astype(x, dtypes.default_int)


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
    left = _count(x, axis) - number("var", "correction", correction)
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
    if not flag(op.name, "keepdims", keepdims):
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


def _is_far(x: Tensor) -> bool:
    """Whether products of some elements may leave the range that the product of all is in."""
    if x.shape[0] < 3 or not dtypes.is_floating(x.dtype):
        return False
    if x.value is None or x.value.dtype.kind != "f":
        return True
    size = np.abs(x.value[np.isfinite(x.value) & (x.value != 0)])
    ends = np.log2(size.max(initial=1.0)), -np.log2(size.min(initial=1.0))
    return bool(np.max(ends) * x.shape[0] > -np.finfo(x.value.dtype).minexp)


def prod(x: TensorLike, axis: Axis = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """Product along ``axis``; its derivative is right at zeros too.

    It is taken pair by pair, the largest with the smallest, so that it overflows only where the
    result does.

    Args:
        x: any tensor; small integers and bools are multiplied in int64.
        axis: one axis, or several; all by default.
        dtype: dtype to cast to first, and of the result.
        keepdims: keep the axes that are multiplied, with length 1.
    """
    x = _summable(x, dtype)
    axes = normalise_axes("prod", axis, x.ndim)
    rest = ops.reduced(x.shape, axes)
    moved = moveaxis(x, axes, tuple(range(len(axes)))) if axes else x
    total = reshape(moved, (_count(x, axes), *rest))  # (n, rest)
    if total.shape[0] == 0:
        total = a.astype(np.ones((1, *rest)), x.dtype)
    if _is_far(total):
        total = take_along_axis(total, argsort(a.abs(a.stop_gradient(total)), 0), 0)
    while total.shape[0] > 1:
        half = total.shape[0] // 2
        odd = total[half : total.shape[0] - half]
        product = total[:half] * flip(total, 0)[:half]
        total = concat([product, odd]) if odd.shape[0] else product
    return reshape(total, ops.kept(x.shape, axes) if flag("prod", "keepdims", keepdims) else rest)


def cumulative_sum(
    x: TensorLike, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """Running sum along ``axis``.

    Args:
        x: any tensor; small integers and bools are summed in int64.
        axis: along which; may be left out for a tensor of one axis.
        dtype: dtype to cast to first, and of the result.
        include_initial: whether the result begins with a 0, and is one longer.
    """
    x = _summable(x, dtype)
    place = _only_axis("cumulative_sum", x, axis)
    total = apply(ops.cumulative_sum, (x,), {"axis": place, "backwards": False})
    return _begun("cumulative_sum", total, place, 0, include_initial)


def _begun(who: str, total: Tensor, place: int, first: int, include_initial: bool) -> Tensor:
    if not flag(who, "include_initial", include_initial):
        return total
    shape = (*total.shape[:place], 1, *total.shape[place + 1 :])
    return concat([astype(np.full(shape, first), total.dtype), total], place)


def _only_axis(name: str, x: Tensor, axis: int | None) -> int:
    if axis is None and x.ndim != 1:
        raise ArgumentError(f"{name}: axis must be given for a tensor with {x.ndim} axes")
    return normalise_axis(name, 0 if axis is None else axis, x.ndim)


def cumulative_prod(
    x: TensorLike, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Tensor:
    """Running product along ``axis``; its derivative is right at zeros too.

    Doubling distances (W. D. Hillis and G. L. Steele, *Data parallel algorithms*, 1986).
    Arguments as of :func:`cumulative_sum`; ``include_initial`` begins with a 1.
    """
    x = _summable(x, dtype)
    place = _only_axis("cumulative_prod", x, axis)
    total, distance = moveaxis(x, place, 0), 1
    while distance < total.shape[0]:
        shifted = concat([ones_like(total[:distance]), total[:-distance]])
        total, distance = total * shifted, 2 * distance
    return _begun("cumulative_prod", moveaxis(total, 0, place), place, 1, include_initial)


def diff(
    x: TensorLike,
    axis: int = -1,
    n: int = 1,
    prepend: TensorLike = None,
    append: TensorLike = None,
) -> Tensor:
    """Differences of neighbours along ``axis``.

    Args:
        x: tensor with at least one axis.
        axis: along which.
        n: how often differences are taken, at least 0.
        prepend, append: what is joined before and after ``x`` first; as many axes as ``x``.

    >>> import nissl
    >>> nissl.diff([1, 4, 9, 16]).tolist(), nissl.diff([1, 4, 9, 16], n=2).tolist()
    ([3, 5, 7], [2, 2])
    """
    x = asarray(x)
    place = normalise_axis("diff", axis, x.ndim)
    joined = [each for each in (prepend, x, append) if each is not None]
    front = moveaxis(concat(joined, place) if len(joined) > 1 else x, place, 0)
    for _ in range(builtins.min(whole("diff", "n", n, least=0), front.shape[0])):
        front = front[1:] - front[:-1]
    return moveaxis(front, 0, place)


def argsort(x: TensorLike, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Indices (int64) that sort ``x`` along ``axis``; always stable, NaN last when ascending."""
    x = asarray(x)
    place = normalise_axis("argsort", axis, x.ndim)
    flag("argsort", "stable", stable)
    if not flag("argsort", "descending", descending):
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
    if not 0 <= whole("top_k", "k", k) <= x.shape[place]:
        raise ArgumentError(f"top_k: k={k} of an axis of length {x.shape[place]}")
    index: list[Any] = [slice(None)] * x.ndim
    index[place] = slice(0, k)
    chosen = argsort(x, place, descending=True)[tuple(index)]
    return take_along_axis(x, chosen, place), chosen


def nonzero(x: TensorLike) -> tuple[Tensor, ...]:
    """Indices of the elements that are not 0, one tensor an axis; eager only."""
    value = np.asarray(asarray(x).concrete("nonzero's result"))
    if not value.ndim:
        raise ShapeError("nonzero: a tensor without axes has no indices")
    return tuple(Tensor(each) for each in np.nonzero(value))


def searchsorted(x: TensorLike, values: TensorLike, side: str = "left") -> Tensor:
    """Where in the sorted one-axis ``x`` each of ``values`` would be inserted to keep the order."""
    x, values = asarray(x), asarray(values)
    if x.ndim != 1:
        raise ShapeError(f"searchsorted: the sorted tensor has one axis, not shape {x.shape}")
    comparisons: dict[str, Callable[..., Tensor]] = {
        "left": logic.less,
        "right": logic.less_equal,
    }
    one_of("searchsorted", "side", side, comparisons)
    column = reshape(x, (x.shape[0],) + (1,) * values.ndim)
    return sum(comparisons[side](column, values), axis=0)
