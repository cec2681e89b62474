"""Softmax: an op of its own, so that a loss can see it and use what went into it."""

from __future__ import annotations

from typing import Any

import numpy as np

from nissl.core.kinds import General
from nissl.core.op import Op, Sample, register
from nissl.core.ops.shapes import floating
from nissl.core.ops.summation import sum_numpy, wide
from nissl.core.tensor import Array, Tensor


def _softmax(xp: Any, x: Array, axis: int) -> Array:
    if not x.size:
        return x
    e = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    if xp is np:
        return e / sum_numpy(e, (axis,), keepdims=True)
    return e / xp.sum(e, axis=axis, keepdims=True, dtype=wide(xp, e.dtype)).astype(e.dtype)


def _centred(F: Any, out: Tensor, change: Tensor, axis: int) -> Tensor:
    """``J @ change`` for the symmetric Jacobian ``J = diag(out) - out out^T``."""
    mean = F.sum(out * change, axis=axis, keepdims=True)
    return out * (change - mean)


def _forward(F: Any, inputs: Any, outputs: Any, tangents: Any, axis: int) -> Any:
    return (_centred(F, outputs[0], tangents[0], axis),)


def _reverse(F: Any, inputs: Any, outputs: Any, cotangents: Any, axis: int) -> Any:
    return (_centred(F, outputs[0], cotangents[0], axis),)


softmax = register(
    Op(
        name="softmax",
        infer=lambda x, axis: floating("softmax", x),
        compute=_softmax,
        kind=General(_forward, _reverse, on_arrays=True),
        formula=r"\operatorname{{softmax}}({0})",
        flops=lambda x, axis: 5 * x.size,
        samples=(
            Sample(shapes=((2, 3),), params={"axis": 1}),
            Sample(shapes=((2, 3),), params={"axis": 0}),
        ),
    )
)
