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

    Squares are summed in float64, which those of float32 never leave; of float64 itself elements
    are divided by the largest first, where that is far from 1. A vector with an infinity or a NaN
    has no length to be scaled to: it comes back with a NaN.

    >>> import nissl
    >>> clipped = clip_by_norm([nissl.asarray([3e30]), nissl.asarray([-4e30])], 1.0)
    >>> [round(g.item(), 6) for g in clipped]
    [0.6, -0.8]
    """
    filled = [g for g in gradients if g.size]
    if not filled:
        return list(gradients)
    small, most = [F.astype(g, dtypes.float64) for g in gradients], F.asarray(limit, "float64")
    if any(g.dtype == dtypes.float64 for g in filled):
        inverse = 1.0 / _scale(filled)
        small, most = [g * inverse for g in small], most * inverse
    squares = (F.sum(F.square(g)) for g in small if g.size)
    length = F.sqrt(functools.reduce(F.add, squares))
    short = length <= most
    factor = limit / F.where(short, 1.0, length)
    return [
        F.where(short, g, F.astype(s * factor, g.dtype))
        for g, s in zip(gradients, small, strict=True)
    ]


def _scale(gradients: Sequence[Tensor]) -> Tensor:
    """Return what to divide elements by, so that squares can be summed: 1 where they can be."""
    peak = functools.reduce(F.maximum, (F.astype(F.max(F.abs(g)), "float64") for g in gradients))
    plain = ((peak > 1e-100) & (peak < 1e100)) | (peak == 0) | (peak == math.inf)
    return F.where(plain, 1.0, divisor(peak))
