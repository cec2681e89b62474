"""Indexing with slices, integers, newaxis, ellipsis, integer arrays, and boolean masks."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from nissl.arguments import whole
from nissl.core import dtypes
from nissl.core.functions.arithmetic import where
from nissl.core.functions.convert import as_shape, asarray, astype, broadcast
from nissl.core.functions.manipulation import flip, moveaxis, permute_dims, reshape
from nissl.core.op import apply
from nissl.core.ops import indexing as ops
from nissl.core.ops import movement
from nissl.core.ops.shapes import normalise_axis
from nissl.core.tensor import Tensor, TensorLike
from nissl.errors import ArgumentError, ArgumentTypeError, DTypeError, OutOfRangeError, ShapeError

__all__ = ["take", "index_add", "take_along_axis", "one_hot", "index"]


def take(x: TensorLike, indices: TensorLike, axis: int | None = None) -> Tensor:
    """Take slices of ``x`` along ``axis`` at integer ``indices``, which may have any shape.

    Negative indices count from the end. An index out of range is an error when eager, and takes
    the nearest end inside ``jit``.

    Args:
        x: tensor with at least one axis.
        indices: integers.
        axis: along which; may be left out for a tensor of one axis.
    """
    x, indices = asarray(x), asarray(indices)
    if axis is None and x.ndim > 1:
        raise ArgumentError(f"take: axis must be given for a tensor with {x.ndim} axes")
    place = normalise_axis("take", 0 if axis is None else axis, x.ndim)
    if not indices.size and dtypes.is_floating(indices.dtype):
        indices = astype(indices, dtypes.default_int)  # an empty list
    if dtypes.kind(indices.dtype) != "integer":
        raise DTypeError(f"take: indices must be integers, not {indices.dtype.name}")
    taken = apply(ops.take, (moveaxis(x, place, 0), indices), {})
    front = tuple(range(indices.ndim))
    return moveaxis(taken, front, tuple(place + i for i in front))


def index_add(indices: TensorLike, updates: TensorLike, length: int) -> Tensor:
    """Add up ``updates`` at ``indices`` in zeros of ``length`` slices: the transpose of take.

    Args:
        indices: integers of shape ``s``.
        updates: shape ``s + rest``.
        length: how many slices the result has; its shape is ``(length,) + rest``.
    """
    indices, updates = asarray(indices), asarray(updates)
    length = whole("index_add", "length", length, least=0)
    as_shape((length, *updates.shape[indices.ndim :]), "index_add")
    ops.index_add.infer(indices.aval, updates.aval, length=length)
    return apply(ops.index_add, (indices, updates), {"length": length})


def take_along_axis(x: TensorLike, indices: TensorLike, axis: int = -1) -> Tensor:
    """Take along ``axis`` one element for each index; other axes of both go in step."""
    x, indices = asarray(x), asarray(indices)
    place = normalise_axis("take_along_axis", axis, x.ndim)
    if indices.ndim != x.ndim:
        raise ShapeError(
            f"take_along_axis: indices of shape {indices.shape} need the {x.ndim} axes of {x.shape}"
        )
    grids: list[Any] = []
    for i, length in enumerate(indices.shape):
        if i == place:
            grids.append(indices)
            continue
        if length not in (1, x.shape[i]):
            raise ShapeError(
                f"take_along_axis: axis {i} of the indices {indices.shape} does not fit {x.shape}"
            )
        shape = [1] * x.ndim
        shape[i] = x.shape[i]
        grids.append(np.arange(x.shape[i]).reshape(shape))
    return index(x, tuple(grids))


def one_hot(x: TensorLike, num_classes: int, dtype: Any = None, axis: int = -1) -> Tensor:
    """Return 1 at the class along a new axis and 0 elsewhere; all 0 for a class out of range.

    Args:
        x: classes, of an integer dtype or bool.
        num_classes: how many there are, at least 0.
        dtype: dtype of the result, the default float by default.
        axis: where the new axis stands in the result.

    >>> import nissl
    >>> nissl.one_hot([2, 0], 3).tolist()
    [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """
    x = asarray(x)
    if dtypes.is_floating(x.dtype):
        raise DTypeError(
            f"one_hot: classes are integers, not {x.dtype.name}; cast with nissl.astype(x, 'int64')"
        )
    count = whole("one_hot", "num_classes", num_classes, least=0)
    as_shape((*x.shape, count), "one_hot")
    classes = np.arange(count, dtype=dtypes.int64)
    hot = reshape(astype(x, dtypes.int64), (*x.shape, 1)) == classes
    chosen = dtypes.default_float() if dtype is None else dtypes.as_dtype(dtype)
    return moveaxis(astype(hot, chosen), -1, normalise_axis("one_hot", axis, x.ndim + 1))


# ---- x[key] ----------------------------------------------------------------------------------


def _is_array(part: Any) -> bool:
    return not isinstance(part, int | np.integer | slice | type(None) | type(Ellipsis))


def _expand(key: Any, x: Tensor) -> tuple[list[Any], int]:
    """Turn a key into a full list of parts: masks into indices, the ellipsis into slices.

    Also returns before which part an ellipsis stood that covers nothing, which parts arrays too.
    """
    parts: list[Any] = []
    masks: list[tuple[int, Tensor]] = []  # where among the parts, and the mask
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, bool | np.bool_):
            raise ArgumentTypeError("a tensor cannot be indexed with a single True or False")
        if not _is_array(part):
            parts.append(part)
            continue
        array = asarray(part)
        if array.size == 0 and dtypes.is_floating(array.dtype):
            array = astype(array, dtypes.default_int)  # an empty list of indices
        if array.dtype == dtypes.boolean:
            if not array.ndim:
                raise ArgumentTypeError("a tensor cannot be indexed with a single True or False")
            masks.append((len(parts), array))
            parts.extend(np.nonzero(array.concrete("the mask of a selection")))
        elif dtypes.kind(array.dtype) == "integer":
            parts.append(array)
        else:
            raise DTypeError(
                f"an index is an integer, a slice, None, ..., or an array of integers or bools, "
                f"not {array.dtype.name}"
            )
    used = builtins.sum(part is not None and part is not Ellipsis for part in parts)
    if used > x.ndim:
        raise OutOfRangeError(f"{used} indices for a tensor with {x.ndim} axes, shape {x.shape}")
    dots = [i for i, part in enumerate(parts) if part is Ellipsis]
    if len(dots) > 1:
        raise OutOfRangeError("an index can have one ellipsis (...) only")
    fill = [slice(None)] * (x.ndim - used)
    place = dots[0] if dots else len(parts)
    full = [*parts[:place], *fill, *parts[place + 1 :]]
    for start, mask in masks:
        _check_mask(mask, x, full[: start + len(fill) - 1 if dots and place < start else start])
    return full, place if dots and not fill else len(full)


def _check_mask(mask: Tensor, x: Tensor, before: list[Any]) -> None:
    start = builtins.sum(part is not None for part in before)
    covered = x.shape[start : start + mask.ndim]
    if covered != mask.shape:
        raise ShapeError(
            f"a mask of shape {mask.shape} does not fit the axes {covered} of {x.shape}"
        )


def _bounds(part: slice, length: int) -> tuple[int, int, int]:
    """A slice's start, stop and step within an axis, all whole numbers."""
    try:
        return part.indices(length)
    except (TypeError, ValueError):
        for name in ("start", "stop", "step"):
            given = getattr(part, name)
            if given is not None:
                whole("a slice", name, given)
        raise ArgumentError("a slice: step=0 never arrives") from None


def index(x: TensorLike, key: Any) -> Tensor:
    """Return ``x[key]``, with NumPy's meaning of every kind of key."""
    x = asarray(x)
    parts, gap = _expand(key, x)
    arrays = any(_is_array(part) for part in parts)
    starts, stops, steps, flips = [], [], [], []
    shape: list[int] = []  # shape after slicing, with new axes and without integer ones
    gathers: list[tuple[int, Any]] = []  # (axis in that shape, integer array)
    places: list[int] = []  # where among the parts the arrays stand
    axis = 0
    for place, part in enumerate(parts):
        if part is None:
            shape.append(1)
            continue
        length = x.shape[axis]
        if isinstance(part, slice):
            start, stop, step = _bounds(part, length)
            count = len(range(start, stop, step))
            if step < 0:  # take the same elements forwards, then flip
                start, stop, step = start + (count - 1) * step, start + 1, -step
                flips.append(len(shape))
            starts.append(start if count else 0)
            stops.append(stop if count else 0)
            steps.append(step)
            shape.append(count)
        elif _is_array(part):
            starts.append(0)
            stops.append(length)
            steps.append(1)
            gathers.append((len(shape), asarray(part)))
            places.append(place + (place >= gap))
            shape.append(length)
        else:
            number = int(part)
            if not -length <= number < length:
                raise OutOfRangeError(
                    f"index {number} is outside axis {axis} of length {length} in shape {x.shape}"
                )
            if arrays:
                starts.append(0)
                stops.append(length)
                steps.append(1)
                gathers.append((len(shape), asarray(np.asarray(number))))
                places.append(place + (place >= gap))
                shape.append(length)
            else:
                number %= length
                starts.append(number)
                stops.append(number + 1)
                steps.append(1)
        axis += 1
    cut = x
    if tuple(stops) != x.shape or any(starts) or any(step != 1 for step in steps):
        params = {"starts": tuple(starts), "stops": tuple(stops), "steps": tuple(steps)}
        cut = apply(movement.slice_, (x,), params)
    cut = reshape(cut, shape)
    if flips:
        cut = flip(cut, tuple(flips))
    if not gathers:
        return cut
    adjacent = places == list(range(places[0], places[0] + len(places)))
    return _gather(cut, gathers, gathers[0][0] if adjacent else 0)


def _gather(x: Tensor, gathers: list[tuple[int, Tensor]], place: int) -> Tensor:
    """Index several axes at once by turning their indices into one."""
    axes = [axis for axis, _ in gathers]
    indices = broadcast("indexing", [array for _, array in gathers])
    linear: Tensor | None = None
    for axis, given in zip(axes, indices, strict=True):
        length = x.shape[axis]
        if given.value is not None:
            ops.check_range(f"indexing axis {axis}", np.asarray(given.value), length)
        signed = astype(given, dtypes.default_int)
        array = where(signed < 0, signed + length, signed)
        linear = array if linear is None else linear * length + array
    assert linear is not None
    rest = [i for i in range(x.ndim) if i not in axes]
    front = permute_dims(x, [*axes, *rest])
    merged = reshape(front, (math.prod(x.shape[i] for i in axes), *(x.shape[i] for i in rest)))
    taken = apply(ops.take, (merged, linear), {})
    source = tuple(range(linear.ndim))
    return moveaxis(taken, source, tuple(place + i for i in source))
