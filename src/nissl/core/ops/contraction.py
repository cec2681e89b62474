"""Sums of products: the matrix product, from which einsum and tensordot are composed."""

from __future__ import annotations

from typing import Any

import numpy as np

from nissl.core import dtypes
from nissl.core.kinds import Bilinear
from nissl.core.op import Op, Sample, register
from nissl.core.ops.summation import sum_numpy
from nissl.core.tensor import Array, Aval
from nissl.errors import DTypeError, ShapeError


def _matmul_infer(x: Aval, y: Aval) -> Aval:
    if x.dtype != y.dtype:
        raise DTypeError(f"matmul: dtypes {x.dtype.name} and {y.dtype.name} differ")
    if x.dtype == dtypes.boolean:
        raise DTypeError("matmul takes numbers, not bool; cast with nissl.astype(x, 'int32')")
    if x.ndim < 2 or y.ndim < 2 or x.shape[:-2] != y.shape[:-2]:
        raise ShapeError(f"matmul: batch axes of {x.shape} and {y.shape} differ")
    if x.shape[-1] != y.shape[-2]:
        raise ShapeError(
            f"matmul: {x.shape} @ {y.shape}: the last axis of the left has length {x.shape[-1]}, "
            f"the second-last of the right {y.shape[-2]}; they must be equal"
        )
    return Aval((*x.shape[:-1], y.shape[-1]), x.dtype)


def _matmul(xp: Any, x: Array, y: Array) -> Array:
    return xp.matmul(x, y)


LONGEST = 4096  # products that BLAS may add one after the other


def matmul_numpy(x: Array, y: Array) -> Array:
    """Matrix product of NumPy arrays; half precisions are summed in float32."""
    if x.dtype.itemsize == 2 and dtypes.is_floating(x.dtype):  # NumPy has no fast half matmul
        return matmul_numpy(x.astype("float32"), y.astype("float32")).astype(x.dtype)
    if x.shape[-1] > LONGEST and dtypes.is_floating(x.dtype):
        starts = range(0, x.shape[-1], LONGEST)
        parts = [x[..., i : i + LONGEST] @ y[..., i : i + LONGEST, :] for i in starts]
        return sum_numpy(np.stack(parts), (0,))
    return x @ y


matmul = register(
    Op(
        name="matmul",
        infer=_matmul_infer,
        compute=_matmul,
        lowerings={"numpy": matmul_numpy},
        kind=Bilinear(
            lambda F, ct, x, y: F.matmul(ct, F.matrix_transpose(y)),
            lambda F, ct, x, y: F.matmul(F.matrix_transpose(x), ct),
        ),
        text="{0} @ {1}",
        formula="{0} {1}",
        flops=lambda x, y: 2 * x.size * y.shape[-1],
        samples=(
            Sample(shapes=((2, 3), (3, 4))),
            Sample(shapes=((5, 2, 3), (5, 3, 2))),
            Sample(shapes=((2, 0), (0, 3))),
        ),
    )
)
