"""Gradients held to a length, without squares that leave the range of the dtype on the way."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.functions.arithmetic import divisor
from nissl.core.tensor import Tensor


def clip_by_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Scale tensors, seen as one vector, so that its Euclidean norm is ``limit`` at most.

    Squares are summed of elements divided by the largest where that is far from 1. A vector with an
    infinity or a NaN has no length to be scaled to: it comes back with a NaN.

    >>> import nissl
    >>> [g.tolist() for g in clip_by_norm([nissl.asarray([3e30]), nissl.asarray([-4e30])], 1.0)]
    [[0.6000000238418579], [-0.800000011920929]]
    """
    filled = [g for g in gradients if g.size]
    if not filled:
        return list(gradients)
    wide = dtypes.float64 if any(g.dtype == dtypes.float64 for g in filled) else dtypes.float32
    peak = functools.reduce(F.maximum, (F.astype(F.max(F.abs(g)), wide) for g in filled))
    # squares of what lies between can be summed, of as many as there may be
    plain = ((peak > 1e-13) & (peak < 1e13)) | (peak == 0) | (peak == math.inf)
    scale = F.where(plain, 1.0, divisor(peak))
    inverse = 1.0 / scale
    small = [F.astype(g, wide) * inverse for g in gradients]
    squares = (F.sum(F.square(g)) for g in small if g.size)
    length = F.sqrt(functools.reduce(F.add, squares))
    short = length <= limit / scale
    factor = limit / F.where(short, 1.0, length)
    return [
        F.where(short, g, F.astype(s * factor, g.dtype))
        for g, s in zip(gradients, small, strict=True)
    ]
