"""Changing shape and order: reshape, permute, join, cut, repeat."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from nissl.arguments import flag, several, whole, wholes
from nissl.core.functions.arithmetic import where
from nissl.core.functions.convert import (
    as_shape,
    asarray,
    astype,
    broadcast,
    promote,
    stretch,
)
from nissl.core.op import apply
from nissl.core.ops import indexing as takes
from nissl.core.ops import movement as ops
from nissl.core.ops.shapes import (
    broadcast_shapes,
    normalise_axes,
    normalise_axis,
    ordered_axes,
)
from nissl.core.tensor import Axis, Shape, Tensor, TensorLike
from nissl.errors import ArgumentError, ShapeError

__all__ = [
    "broadcast_to", "broadcast_arrays", "reshape", "permute_dims", "matrix_transpose", "moveaxis",
    "expand_dims", "squeeze", "flip", "concat", "stack", "unstack", "slice", "pad", "repeat",
    "tile", "roll",
]  # fmt: skip


def broadcast_to(x: TensorLike, shape: int | Sequence[int]) -> Tensor:
    """Stretch ``x`` to ``shape``, repeating along new axes and axes of length 1."""
    x, wanted = asarray(x), as_shape(shape, "broadcast_to")
    if broadcast_shapes("broadcast_to", x.shape, wanted) != wanted:
        raise ShapeError(f"broadcast_to: shape {x.shape} cannot be stretched to {wanted}")
    return stretch(x, wanted)


def broadcast_arrays(*tensors: TensorLike) -> list[Tensor]:
    """Stretch all tensors to their common shape."""
    return broadcast("broadcast_arrays", [asarray(each) for each in tensors])


def reshape(x: TensorLike, shape: int | Sequence[int], *, copy: bool | None = None) -> Tensor:
    """Return the same elements, in row-major order, in another shape; one length may be -1.

    Args:
        x: any tensor.
        shape: lengths whose product is the number of elements.
        copy: True for memory of its own.
    """
    x = asarray(x, copy=True) if copy is not None and flag("reshape", "copy", copy) else asarray(x)
    lengths = list(wholes("reshape", "shape", shape))
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
    wanted = as_shape(tuple(lengths), "reshape")
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
    order = ordered_axes("permute_dims", several("permute_dims", "axes", axes), x.ndim, "axes")
    if len(order) != x.ndim:
        raise ShapeError(f"permute_dims: axes {order} are not the {x.ndim} axes of {x.shape}")
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
    sources = ordered_axes("moveaxis", source, x.ndim, "source")
    places = ordered_axes("moveaxis", destination, x.ndim, "destination")
    if len(sources) != len(places):
        raise ArgumentError(f"moveaxis: {len(sources)} sources for {len(places)} destinations")
    pairs = list(zip(places, sources, strict=True))
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


def _parts(who: str, tensors: Sequence[TensorLike]) -> list[Tensor]:
    """What is to be joined, in one dtype."""
    given = several(who, "tensors", tensors)
    if not given:
        raise ArgumentError(f"{who}: at least one tensor is needed")
    return promote(*given)


def concat(tensors: Sequence[TensorLike], axis: int | None = 0) -> Tensor:
    """Join tensors along an existing axis; ``None`` flattens them first."""
    parts = _parts("concat", tensors)
    if axis is None:
        parts, axis = [reshape(part, -1) for part in parts], 0
    place = normalise_axis("concat", axis, parts[0].ndim)
    ops.concat.infer(*(part.aval for part in parts), axis=place)
    return parts[0] if len(parts) == 1 else apply(ops.concat, parts, {"axis": place})


def stack(tensors: Sequence[TensorLike], axis: int = 0) -> Tensor:
    """Join tensors of one shape along a new axis."""
    parts = _parts("stack", tensors)
    for part in parts:
        if part.shape != parts[0].shape:
            raise ShapeError(f"stack: shapes {parts[0].shape} and {part.shape} differ")
    return concat([expand_dims(part, axis) for part in parts], axis)


def unstack(x: TensorLike, axis: int = 0) -> tuple[Tensor, ...]:
    """Return the slices of ``x`` along an axis, without that axis."""
    x = asarray(x)
    x = moveaxis(x, normalise_axis("unstack", axis, x.ndim), 0)
    return tuple(x[i] for i in range(x.shape[0]))


def slice(x: TensorLike, starts: Shape, stops: Shape, steps: Shape | None = None) -> Tensor:
    """Cut a box out of ``x``: along axis ``i`` from ``starts[i]`` to before ``stops[i]``."""
    x = asarray(x)
    starts, stops = wholes("slice", "starts", starts), wholes("slice", "stops", stops)
    given = (1,) * x.ndim if steps is None else wholes("slice", "steps", steps)
    if not len(starts) == len(stops) == len(given) == x.ndim:
        raise ShapeError(
            f"slice: {len(starts)} starts, {len(stops)} stops and {len(given)} steps for the "
            f"{x.ndim} axes of {x.shape}"
        )
    if builtins.min(given, default=1) < 1:
        raise ArgumentError(f"slice: steps are at least 1, but {given} was given; use flip")
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


def pad(
    x: TensorLike,
    pad_width: int | Sequence[tuple[int, int]],
    constant_values: float = 0,
) -> Tensor:
    """Surround ``x`` with a constant.

    Args:
        x: any tensor.
        pad_width: counts before and after along each axis, ``((1, 1), (0, 2))``; one number for
            as many everywhere.
        constant_values: the constant, which the dtype of ``x`` must hold.

    >>> import nissl
    >>> nissl.pad([1, 2], [(1, 2)]).tolist()
    [0, 1, 2, 0, 0]
    """
    x = asarray(x)
    low, high = _widths(pad_width, x)
    as_shape(tuple(a + n + b for a, n, b in zip(low, x.shape, high, strict=True)), "pad")
    params: dict[str, Any] = {"low": low, "high": high, "interior": (0,) * x.ndim}
    padded = apply(ops.pad, (x,), params)
    constant = asarray(constant_values, None if hasattr(constant_values, "dtype") else x.dtype)
    if constant.ndim:
        raise ShapeError(f"pad: constant_values is one number, not of shape {constant.shape}")
    if constant.value is not None and not constant.tracked and not constant.value:
        return padded
    inside = apply(ops.pad, (stretch(asarray(True), x.shape),), params)
    return where(inside, padded, astype(constant, x.dtype))


def _widths(pad_width: Any, x: Tensor) -> tuple[Shape, Shape]:
    """How much is added before and after each axis."""
    if not isinstance(pad_width, list | tuple):
        width = whole("pad", "pad_width", pad_width, least=0)
        return (width,) * x.ndim, (width,) * x.ndim
    pairs = [wholes("pad", "pad_width", pair, least=0) for pair in pad_width]
    if len(pairs) != x.ndim:
        raise ShapeError(f"pad: {len(pairs)} widths for the {x.ndim} axes of {x.shape}")
    for pair in pairs:
        if len(pair) != 2:
            raise ShapeError(f"pad: pad_width={pad_width} has a pair of counts for each axis")
    return tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs)


def repeat(x: TensorLike, repeats: int | Sequence[int], axis: int | None = None) -> Tensor:
    """Repeat each slice along ``axis``, as often as ``repeats`` says, in place.

    Args:
        x: any tensor.
        repeats: how often, at least 0; or a count for each slice.
        axis: along which; ``None`` flattens ``x`` first.

    >>> import nissl
    >>> nissl.repeat([[1, 2], [3, 4]], 2).tolist(), nissl.repeat([5, 6], [3, 0]).tolist()
    ([1, 1, 2, 2, 3, 3, 4, 4], [5, 5, 5])
    """
    x = reshape(x, -1) if axis is None else asarray(x)
    place = normalise_axis("repeat", 0 if axis is None else axis, x.ndim)
    counts = wholes("repeat", "repeats", repeats, least=0)
    length = x.shape[place]
    if len(counts) not in (1, length):
        raise ShapeError(f"repeat: {len(counts)} repeats for an axis of length {length}")
    same = len(counts) == 1
    flat = list(x.shape)
    flat[place] = length * builtins.sum(counts) if same else builtins.sum(counts)
    as_shape(tuple(flat), "repeat")
    if not same:
        rows = asarray(np.repeat(np.arange(length), counts))
        return moveaxis(apply(takes.take, (moveaxis(x, place, 0), rows), {}), 0, place)
    wide = expand_dims(x, place + 1)  # (..., n, 1, ...)
    shape = list(wide.shape)
    shape[place + 1] = builtins.sum(counts)
    return reshape(stretch(wide, tuple(shape)), tuple(flat))


def tile(x: TensorLike, repetitions: int | Sequence[int]) -> Tensor:
    """Lay copies of ``x`` side by side, ``repetitions[i]`` times along axis ``i``."""
    x, times = asarray(x), wholes("tile", "repetitions", repetitions, least=0)
    ndim = builtins.max(x.ndim, len(times))
    shape = (1,) * (ndim - x.ndim) + x.shape
    times = (1,) * (ndim - len(times)) + times
    pairs = [each for n in shape for each in (1, n)]
    wide = [each for t, n in zip(times, shape, strict=True) for each in (t, n)]
    total = as_shape(tuple(t * n for t, n in zip(times, shape, strict=True)), "tile")
    return reshape(broadcast_to(reshape(x, tuple(pairs)), tuple(wide)), total)


def roll(
    x: TensorLike, shift: int | Sequence[int], axis: int | Sequence[int] | None = None
) -> Tensor:
    """Move elements by ``shift`` places; those pushed out come in at the other end.

    Args:
        x: any tensor.
        shift: how far, or how far along each of several axes.
        axis: along which, or along which ones; ``None`` rolls the elements in row-major order.

    >>> import nissl
    >>> nissl.roll([[1, 2], [3, 4]], 1).tolist(), nissl.roll([[1, 2], [3, 4]], 1, axis=0).tolist()
    ([[4, 1], [2, 3]], [[3, 4], [1, 2]])
    """
    x = asarray(x)
    if axis is None:
        return reshape(_rolled(reshape(x, -1), whole("roll", "shift", shift), 0), x.shape)
    places = ordered_axes("roll", axis, x.ndim)
    for place, by in zip(places, wholes("roll", "shift", shift, count=len(places)), strict=True):
        x = _rolled(x, by, place)
    return x


def _rolled(x: Tensor, shift: int, place: int) -> Tensor:
    length = x.shape[place]
    if not length or not shift % length:
        return x
    cut = length - shift % length
    index: list[Any] = [builtins.slice(None)] * x.ndim
    index[place] = builtins.slice(cut, None)
    tail = x[tuple(index)]
    index[place] = builtins.slice(None, cut)
    return concat([tail, x[tuple(index)]], place)
