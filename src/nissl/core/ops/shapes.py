"""Shape and dtype rules that several families of ops share, and their error texts."""

from __future__ import annotations

import functools
from typing import Any

from nissl.arguments import whole, wholes
from nissl.core import dtypes
from nissl.core.tensor import Aval, Shape
from nissl.errors import DTypeError, OutOfRangeError, ShapeError


def same_shape(name: str, *avals: Aval) -> Aval:
    """Infer an elementwise op: all inputs alike in shape and dtype."""
    first = avals[0]
    for other in avals[1:]:
        if other.shape != first.shape:
            raise ShapeError(f"{name}: shapes {first.shape} and {other.shape} differ")
        if other.dtype != first.dtype:
            raise DTypeError(f"{name}: dtypes {first.dtype.name} and {other.dtype.name} differ")
    return first


def floating(name: str, aval: Aval) -> Aval:
    """Refuse dtypes that are not floating."""
    if not dtypes.is_floating(aval.dtype):
        raise DTypeError(
            f"{name} takes floating tensors, not {aval.dtype.name}; "
            f"cast with nissl.astype(x, 'float32')"
        )
    return aval


def numeric(name: str, *avals: Aval) -> Aval:
    """Infer an elementwise op of numbers: as :func:`same_shape`, and bools are refused."""
    aval = same_shape(name, *avals)
    if aval.dtype == dtypes.boolean:
        raise DTypeError(f"{name} takes numbers, not bool; cast with nissl.astype(x, 'int32')")
    return aval


def integral(name: str, *avals: Aval) -> Aval:
    """Infer an elementwise op of bits: as :func:`same_shape`, and floating dtypes are refused."""
    aval = same_shape(name, *avals)
    if dtypes.is_floating(aval.dtype):
        raise DTypeError(f"{name} takes bool or integer tensors, not {aval.dtype.name}")
    return aval


@functools.lru_cache(maxsize=4096)
def broadcast_shapes(name: str, *shapes: Shape) -> Shape:
    """Return the shape that all shapes stretch to (Array API, *Broadcasting*)."""
    ndim = max(len(shape) for shape in shapes)
    result: list[int] = []
    for axis in range(-ndim, 0):
        lengths = [shape[axis] for shape in shapes if len(shape) >= -axis]
        wanted = {length for length in lengths if length != 1}
        if len(wanted) > 1:
            raise ShapeError(
                f"{name}: shapes {' and '.join(map(str, shapes))} do not broadcast: axis {axis} "
                f"has lengths {' and '.join(map(str, lengths))}, which must be equal or 1"
            )
        result.append(wanted.pop() if wanted else 1)
    return tuple(result)


def normalise_axis(name: str, axis: Any, ndim: int) -> int:
    """Return ``axis`` counted from the front, or say that there is no such axis."""
    number = axis if type(axis) is int else whole(name, "axis", axis)
    if not -ndim <= number < ndim:
        raise OutOfRangeError(f"{name}: axis {number} does not exist in a tensor with {ndim} axes")
    return number % ndim


def normalise_axes(name: str, axis: Any, ndim: int) -> tuple[int, ...]:
    """Return a sorted tuple of axes; ``None`` means all."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(sorted(ordered_axes(name, axis, ndim)))


def ordered_axes(name: str, axis: Any, ndim: int, argument: str = "axis") -> tuple[int, ...]:
    """Return axes counted from the front in the order in which they were given, each once."""
    given = (axis,) if type(axis) is int else wholes(name, argument, axis)
    axes = tuple([normalise_axis(name, each, ndim) for each in given])
    if len(set(axes)) != len(axes):
        raise ShapeError(f"{name}: {argument} {tuple(given)} names an axis twice")
    return axes
