"""Changing shape and order: reshape, permute, join, cut, repeat."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

from nissl.core import dtypes
from nissl.core.functions.arithmetic import where
from nissl.core.functions.convert import (
    as_shape,
    asarray,
    broadcast,
    full_like,
    promote,
    stretch,
)
from nissl.core.op import apply
from nissl.core.ops import movement as ops
from nissl.core.ops.shapes import broadcast_shapes, normalise_axes, normalise_axis
from nissl.core.tensor import Axis, Shape, Tensor, TensorLike
from nissl.errors import ArgumentError, ShapeError


def broadcast_to(x: TensorLike, shape: int | Sequence[int]) -> Tensor:
    """Stretch ``x`` to ``shape``, repeating along new axes and axes of length 1."""
    x, wanted = asarray(x), as_shape(shape)
    if broadcast_shapes("broadcast_to", x.shape, wanted) != wanted:
        raise ShapeError(f"broadcast_to: shape {x.shape} cannot be stretched to {wanted}")
    return stretch(x, wanted)


def broadcast_arrays(*tensors: TensorLike) -> list[Tensor]:
    """Stretch all tensors to their common shape."""
    return broadcast("broadcast_arrays", [asarray(each) for each in tensors])


def reshape(x: TensorLike, shape: int | Sequence[int]) -> Tensor:
    """Return the same elements, in row-major order, in another shape; one length may be -1."""
    x = asarray(x)
    lengths = [int(n) for n in (shape if isinstance(shape, Sequence) else (shape,))]
    if lengths.count(-1) > 1:
        raise ShapeError(f"reshape: only one length of {tuple(lengths)} may be -1")
    if -1 in lengths:
        known = 1
        for length in lengths:
            known *= 1 if length == -1 else length
        if known == 0 or x.size % known:
            raise ShapeError(
                f"reshape: {x.size} elements of shape {x.shape} do not divide into {tuple(lengths)}"
            )
        lengths[lengths.index(-1)] = x.size // known
    wanted = as_shape(lengths)
    if wanted == x.shape:
        return x
    if x.size != math.prod(wanted):
        raise ShapeError(
            f"reshape: {x.size} elements of shape {x.shape} do not fill shape {wanted} "
            f"({math.prod(wanted)} elements)"
        )
    return apply(ops.reshape, (x,), {"shape": wanted})


def permute_dims(x: TensorLike, axes: Sequence[int]) -> Tensor:
    """Reorder the axes: axis ``i`` of the result is axis ``axes[i]`` of ``x``."""
    x = asarray(x)
    order = tuple(normalise_axis("permute_dims", axis, x.ndim) for axis in axes)
    if sorted(order) != list(range(x.ndim)):
        raise ShapeError(f"permute_dims: axes {tuple(axes)} are not the {x.ndim} axes, each once")
    return x if order == tuple(range(x.ndim)) else apply(ops.permute_dims, (x,), {"axes": order})


def matrix_transpose(x: TensorLike) -> Tensor:
    """Swap the last two axes."""
    x = asarray(x)
    if x.ndim < 2:
        raise ShapeError(f"matrix_transpose needs at least two axes, not shape {x.shape}")
    n = x.ndim
    return apply(ops.permute_dims, (x,), {"axes": (*range(n - 2), n - 1, n - 2)})


def moveaxis(x: TensorLike, source: Axis, destination: Axis) -> Tensor:
    """Move axes to new places; the others keep their order."""
    x = asarray(x)
    sources = source if isinstance(source, tuple) else (source,)
    places = destination if isinstance(destination, tuple) else (destination,)
    if len(sources) != len(places):
        raise ArgumentError(f"moveaxis: {len(sources)} sources for {len(places)} destinations")
    pairs = [
        (normalise_axis("moveaxis", place, x.ndim), normalise_axis("moveaxis", axis, x.ndim))
        for axis, place in zip(sources, places, strict=True)
    ]
    moved = {axis for _, axis in pairs}
    order = [axis for axis in range(x.ndim) if axis not in moved]
    for place, axis in sorted(pairs):
        order.insert(place, axis)
    return permute_dims(x, order)


def expand_dims(x: TensorLike, axis: int = 0) -> Tensor:
    """Insert an axis of length 1 at ``axis``."""
    x = asarray(x)
    place = normalise_axis("expand_dims", axis, x.ndim + 1)
    return reshape(x, (*x.shape[:place], 1, *x.shape[place:]))


def squeeze(x: TensorLike, axis: Axis) -> Tensor:
    """Remove axes of length 1."""
    x = asarray(x)
    axes = normalise_axes("squeeze", axis, x.ndim)
    for i in axes:
        if x.shape[i] != 1:
            raise ShapeError(f"squeeze: axis {i} of shape {x.shape} has length {x.shape[i]}, not 1")
    return reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


def flip(x: TensorLike, axis: Axis = None) -> Tensor:
    """Reverse the order of elements along axes (all by default)."""
    x = asarray(x)
    return apply(ops.flip, (x,), {"axis": normalise_axes("flip", axis, x.ndim)})


def concat(tensors: Sequence[TensorLike], axis: int | None = 0) -> Tensor:
    """Join tensors along an existing axis; ``None`` flattens them first."""
    if not tensors:
        raise ArgumentError("concat: at least one tensor is needed")
    parts = promote(*tensors)
    if axis is None:
        parts, axis = [reshape(part, -1) for part in parts], 0
    place = normalise_axis("concat", axis, parts[0].ndim)
    ops.concat.infer(*(part.aval for part in parts), axis=place)
    return parts[0] if len(parts) == 1 else apply(ops.concat, parts, {"axis": place})


def stack(tensors: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis."""
    parts = promote(*tensors)
    for part in parts:
        if part.shape != parts[0].shape:
            raise ShapeError(f"stack: shapes {parts[0].shape} and {part.shape} differ")
    return concat([expand_dims(part, axis) for part in parts], axis)


def unstack(x: TensorLike, axis: int = 0) -> tuple[Tensor, ...]:
    """Return the slices of ``x`` along an axis, without that axis."""
    x = moveaxis(x, axis, 0)
    return tuple(x[i] for i in range(x.shape[0]))


def slice(x: TensorLike, starts: Shape, stops: Shape, steps: Shape | None = None) -> Tensor:
    """Cut a box out of ``x``: along axis ``i`` from ``starts[i]`` to before ``stops[i]``."""
    x = asarray(x)
    given = steps or (1,) * x.ndim
    if not len(starts) == len(stops) == len(given) == x.ndim:
        raise ShapeError(
            f"slice: {len(starts)} starts, {len(stops)} stops and {len(given)} steps for the "
            f"{x.ndim} axes of {x.shape}"
        )
    if builtins.min(given, default=1) < 1:
        raise ArgumentError(f"slice: steps are at least 1, but {tuple(given)} was given; use flip")
    bounds = [
        builtins.slice(a, b, c).indices(n)
        for a, b, c, n in zip(starts, stops, given, x.shape, strict=True)
    ]
    return apply(
        ops.slice_,
        (x,),
        {
            "starts": tuple(b[0] for b in bounds),
            "stops": tuple(b[1] for b in bounds),
            "steps": tuple(b[2] for b in bounds),
        },
    )


def pad(x: TensorLike, pad_width: Sequence[tuple[int, int]], constant_values: float = 0) -> Tensor:
    """Surround ``x`` with a constant: ``pad_width[i]`` counts before and after along axis i."""
    x = asarray(x)
    if len(pad_width) != x.ndim:
        raise ShapeError(f"pad: {len(pad_width)} widths for the {x.ndim} axes of {x.shape}")
    low, high = (tuple(int(w[k]) for w in pad_width) for k in (0, 1))
    if builtins.min((*low, *high), default=0) < 0:
        raise ArgumentError(f"pad: widths are not negative, but {pad_width} was given")
    params: dict[str, Any] = {"low": low, "high": high, "interior": (0,) * x.ndim}
    padded = apply(ops.pad, (x,), params)
    if not constant_values:
        return padded
    inside = apply(ops.pad, (full_like(x, True, dtypes.boolean),), params)
    return where(inside, padded, constant_values)


def repeat(x: TensorLike, repeats: int, axis: int = 0) -> Tensor:
    """Repeat each slice along ``axis``, ``repeats`` times in place."""
    x = asarray(x)
    place = normalise_axis("repeat", axis, x.ndim)
    wide = expand_dims(x, place + 1)  # (..., n, 1, ...)
    shape = list(wide.shape)
    shape[place + 1] = repeats
    flat = list(x.shape)
    flat[place] *= repeats
    return reshape(stretch(wide, tuple(shape)), flat)


def tile(x: TensorLike, repetitions: Sequence[int]) -> Tensor:
    """Lay copies of ``x`` side by side, ``repetitions[i]`` times along axis ``i``."""
    x, times = asarray(x), tuple(repetitions)
    ndim = builtins.max(x.ndim, len(times))
    shape = (1,) * (ndim - x.ndim) + x.shape
    times = (1,) * (ndim - len(times)) + times
    pairs = [each for n in shape for each in (1, n)]
    wide = [each for t, n in zip(times, shape, strict=True) for each in (t, n)]
    total = [t * n for t, n in zip(times, shape, strict=True)]
    return reshape(broadcast_to(reshape(x, pairs), wide), total)


def roll(x: TensorLike, shift: int, axis: int) -> Tensor:
    """Move elements along ``axis`` by ``shift``; those pushed out come in at the other end."""
    x = asarray(x)
    place = normalise_axis("roll", axis, x.ndim)
    length = x.shape[place]
    if not length or not shift % length:
        return x
    cut = length - shift % length
    index: list[Any] = [builtins.slice(None)] * x.ndim
    index[place] = builtins.slice(cut, None)
    tail = x[tuple(index)]
    index[place] = builtins.slice(None, cut)
    return concat([tail, x[tuple(index)]], place)
