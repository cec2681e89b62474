"""Every op of the registry: both derivatives, at orders 1 and 2, against differences in float64."""

from __future__ import annotations

import numpy as np
import pytest
from op_sweep import (
    DELIBERATE,
    cases,
    directions,
    draw,
    function_of,
    has_derivative,
    judge_to_order_two,
    leaves,
)

from nissl.autodiff import check_grads, jvp
from nissl.core import dtypes
from nissl.core.op import Op, Sample
from nissl.core.tensor import Tensor

every_sample = pytest.mark.parametrize(("op", "sample"), cases())


@every_sample
def test_taylor_slope_and_adjoint_identity(op: Op, sample: Sample) -> None:
    function, point = function_of(op, sample, draw(sample))
    if not point:
        return
    outputs = leaves(function(*map(Tensor, point)))
    if op.name in DELIBERATE or not any(dtypes.is_floating(o.dtype) for o in outputs):
        way = directions(point, 1)
        moved = jvp(function, list(map(Tensor, point)), list(map(Tensor, way)))[1]
        assert all(not np.any(each.numpy()) for each in leaves(moved))
        return
    judge_to_order_two(function, point)


@pytest.mark.parametrize(("op", "sample"), cases(has_derivative))
def test_check_grads_agrees(op: Op, sample: Sample) -> None:
    function, point = function_of(op, sample, draw(sample, seed=3))
    check_grads(function, point, order=2)
