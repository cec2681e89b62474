"""Shapes with the batch first: of inputs, of what stands in for them, and as users write them."""

from __future__ import annotations

import sys
from typing import Any, TypeAlias

import numpy as np

from nissl.core import tree
from nissl.core.tensor import Aval, Tensor
from nissl.errors import ArgumentTypeError, ShapeError

BatchShape: TypeAlias = tuple[int | None, ...]
STAND_IN = 2  # for a length that is not known


def is_shape(given: Any) -> bool:
    """Return whether this is one shape: lengths, and ``None`` where one is not known."""
    return isinstance(given, list | tuple) and all(
        n is None or (is_whole(n) and 0 <= n <= sys.maxsize) for n in given
    )


def is_whole(n: Any) -> bool:
    """Return whether this is an integer, NumPy's among them."""
    return isinstance(n, int | np.integer) and not isinstance(n, bool)


def stand_ins(shapes: Any, dtype: np.dtype[Any]) -> Any:
    """Return tensors without values for shapes, batch first; lengths not known are two."""
    if is_shape(shapes):
        known = tuple(STAND_IN if n is None else int(n) for n in shapes)
        return Tensor(None, aval=Aval(known, dtype))
    if isinstance(shapes, dict):
        return {key: stand_ins(each, dtype) for key, each in shapes.items()}
    return None if shapes is None else [stand_ins(each, dtype) for each in shapes]


def shapes_of(found: Any) -> Any:
    """Return the shapes of tensors in a container, with ``None`` for the batch."""
    return tree.map_leaves(_shape_of, found)


def _shape_of(found: Any) -> BatchShape:
    if not isinstance(found, Tensor):
        raise ArgumentTypeError(
            f"a layer returns tensors, not {type(found).__name__} {found!r:.80}"
        )
    return (None, *found.shape[1:]) if found.ndim else ()


def as_batch_shape(shape: Any) -> BatchShape | None:
    """Return a shape without the batch, given as an integer or a sequence, checked."""
    if shape is None:
        return None
    if is_whole(shape):
        shape = (shape,)
    if not isinstance(shape, list | tuple):
        raise ShapeError(f"an input shape is a tuple of lengths, not {shape!r:.80}")
    for length in shape:
        if length is None:
            continue
        if not is_whole(length) or not 0 < length <= sys.maxsize:
            raise ShapeError(f"input shape {tuple(shape)!s:.80}: each length is a positive integer")
    return tuple(None if length is None else int(length) for length in shape)
