"""Taking elements by integer indices, and its transpose, adding at indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from nissl.core import dtypes
from nissl.core.kinds import Linear
from nissl.core.op import Op, Sample, register
from nissl.core.ops.summation import LONG, wide
from nissl.core.tensor import Array, Aval, Tensor
from nissl.errors import DTypeError, OutOfRangeError, ShapeError


def _integer(name: str, indices: Aval) -> None:
    if dtypes.kind(indices.dtype) != "integer":
        raise DTypeError(f"{name}: indices must be integers, not {indices.dtype.name}")


def _take_infer(x: Aval, indices: Aval) -> Aval:
    _integer("take", indices)
    if not x.shape:
        raise ShapeError("take: a tensor without axes has nothing to take from")
    if not x.shape[0] and indices.size:
        raise OutOfRangeError(
            f"take: an axis of length 0 has no elements, {indices.size} are asked"
        )
    return Aval((*indices.shape, *x.shape[1:]), x.dtype)


def check_range(name: str, indices: Array, length: int) -> None:
    """Refuse indices outside an axis, naming the first culprit."""
    if indices.size and (indices.min() < -length or indices.max() >= length):
        bad = indices.min() if indices.min() < -length else indices.max()
        raise OutOfRangeError(
            f"{name}: index {int(bad)} is outside an axis of length {length} "
            f"(allowed: {-length} to {length - 1})"
        )


def _take_numpy(x: Array, indices: Array) -> Array:
    check_range("take", np.asarray(indices), x.shape[0])
    return np.take(x, indices, axis=0)


def _take(xp: Any, x: Array, indices: Array) -> Array:
    if not x.shape[0]:  # nor are there indices, which jax.numpy then does not look at
        return xp.zeros((*indices.shape, *x.shape[1:]), x.dtype)
    # compiled code cannot raise: an index past the end takes the last element
    from_front = xp.where(indices < 0, indices + x.shape[0], indices)
    return xp.take(x, from_front, axis=0, mode="clip")


def _take_transpose(F: Any, i: int, ct: Tensor, x: Tensor, indices: Tensor) -> Tensor:
    return index_add(indices, ct, length=x.shape[0])


take = register(
    Op(
        name="take",
        infer=_take_infer,
        compute=_take,
        lowerings={"numpy": _take_numpy},
        kind=Linear(_take_transpose, positions=(0,)),
        text="{0}[{1}]",
        formula=r"{0}_{{{1}}}",
        flops=lambda x, indices: 0,
        samples=(
            Sample(shapes=((4, 2), (3,)), values={1: [0, -1, 0]}),
            Sample(shapes=((4,), (2, 2)), values={1: [[0, 1], [3, 1]]}),
        ),
    )
)


def _index_add_infer(indices: Aval, updates: Aval, length: int) -> Aval:
    _integer("index_add", indices)
    if updates.shape[: indices.ndim] != indices.shape:
        raise ShapeError(
            f"index_add: updates of shape {updates.shape} must begin with the shape of the "
            f"indices, {indices.shape}"
        )
    return Aval((length, *updates.shape[indices.ndim :]), updates.dtype)


def _index_add_numpy(indices: Array, updates: Array, length: int) -> Array:
    indices = np.asarray(indices)
    check_range("index_add", indices, length)
    dtype = updates.dtype
    if dtypes.is_floating(dtype) and (dtype.itemsize == 2 or indices.size > LONG):
        updates = updates.astype(np.float64)  # many may meet in one place, one after the other
    out = np.zeros((length, *updates.shape[indices.ndim :]), updates.dtype)
    np.add.at(out, indices, updates)
    return out if out.dtype == dtype else out.astype(dtype)


def _index_add(xp: Any, indices: Array, updates: Array, length: int) -> Array:
    dtype = wide(xp, updates.dtype)
    out = xp.zeros((length, *updates.shape[indices.ndim :]), dtype)
    return out.at[indices].add(updates.astype(dtype)).astype(updates.dtype)


index_add = register(
    Op(
        name="index_add",
        infer=_index_add_infer,
        compute=_index_add,
        lowerings={"numpy": _index_add_numpy},
        kind=Linear(lambda F, i, ct, indices, updates, length: take(ct, indices), positions=(1,)),
        formula=r"\sum_{{{0} = i}} {1}",
        samples=(Sample(shapes=((3,), (3, 2)), values={0: [0, 2, 0]}, params={"length": 4}),),
    )
)
