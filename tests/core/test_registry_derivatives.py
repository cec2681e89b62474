"""Every op of the registry: both derivatives, at orders 1 and 2, against differences in float64."""

from __future__ import annotations

import numpy as np
import pytest

from nissl.autodiff import check_grads, jvp
from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.kinds import Constant
from nissl.core.op import Op, Sample
from nissl.core.tensor import Tensor
from op_sweep import (
    DELIBERATE,
    assert_close,
    cases,
    directions,
    draw,
    function_of,
    has_body,
    has_derivative,
    judge_to_order_two,
    leaves,
)

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


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize(("op", "sample"), cases(has_derivative))
def test_a_backward_pass_is_the_same_with_a_graph_of_its_own_and_without(
    op: Op, sample: Sample, dtype: str
) -> None:
    """Rules run on bare arrays unless their own graph is wanted; numbers and dtypes must agree."""
    if has_body(sample):
        dtype = "float64"
    results: list[list[Tensor]] = []
    for create_graph in (False, True):
        arrays = draw(sample, dtype)
        inputs = [
            F.tensor(a, requires_grad=True) if dtypes.is_floating(a.dtype) else Tensor(a)
            for a in arrays
        ]
        total = F.asarray(0.0)
        for output in leaves(op(*inputs, **sample.params)):
            total = total + F.sum(output * output)
        total.backward(create_graph=create_graph)
        for x in inputs:
            if x.grad is not None:
                assert x.grad.shape == x.shape
                assert x.grad.dtype == x.dtype
                assert isinstance(x.grad.value, np.ndarray | np.generic)
        results.append([x.grad for x in inputs if x.grad is not None])
    moved = not isinstance(op.kind, Constant)
    assert [len(each) > 0 for each in results] == [moved, moved]
    for bare, recorded in zip(*results, strict=True):
        assert_close(bare.numpy(), recorded.numpy(), 2, op.name)
