"""Ops of the kinds that come next, through both modes, both engines and the printer, to order 2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from new_ops import conv, lowered, lstm_cell, scan, window_sum

from nissl.autodiff import check_grads, grad, jvp
from nissl.core import functions as F
from nissl.core.passes import simplify
from nissl.core.program import Program, check, trace
from nissl.core.tensor import Aval, Tensor
from nissl.errors import ShapeError
from op_sweep import assert_close, judge_to_order_two, leaves, program_of, run_on

Vector = np.ndarray[Any, Any]


def drawn(*shapes: tuple[int, ...]) -> list[Vector]:
    rng = np.random.default_rng(0)
    return [np.asarray(rng.uniform(-1, 1, shape)) for shape in shapes]


def loss_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """A curved number made of all outputs, so that second derivatives mean something."""

    def loss(*args: Tensor) -> Any:
        return sum(F.sum(F.sin(each) * (i + 1.5)) for i, each in enumerate(leaves(function(*args))))

    return loss


def through_everything(function: Callable[..., Any], arrays: list[Vector], name: str) -> Program:
    """Derivatives to order 2 in both modes; value, gradient and a second derivative on engines."""
    judge_to_order_two(function, arrays)
    check_grads(function, arrays, order=2)
    loss, places = loss_of(function), tuple(range(len(arrays)))
    ways = drawn(*(a.shape for a in arrays))

    def slopes(*args: Tensor) -> Any:
        return grad(loss, places)(*args)

    def curved(*args: Tensor) -> Any:
        return jvp(slopes, args, list(map(Tensor, ways)))[1]

    def pulled_twice(*args: Tensor) -> Any:
        return grad(loss_of(slopes), places)(*args)

    for each in (function, slopes, curved, pulled_twice):
        eager = [t.numpy() for t in leaves(each(*map(Tensor, arrays)))]
        program = program_of(each, arrays, name)
        small = simplify(program)
        check(small)
        assert name in str(small)
        assert small.flops() > 0
        for engine in ("numpy", "xla"):
            for found, wanted in zip(run_on(engine, small, arrays), eager, strict=True):
                assert_close(found, wanted, 64, f"{each} on {engine}")
    return program_of(function, arrays, name)


# ---- convolution -----------------------------------------------------------------------------


@pytest.mark.parametrize("stride", [1, 2])
def test_convolution(stride: int) -> None:
    x, k = drawn((2, 6, 5, 2), (3, 2, 2, 3))
    program = through_everything(lambda x, k: conv(x, k, stride=stride), [x, k], "c")
    assert f"v3 = v1 conv v2 [stride={stride}]" in str(program)
    assert program.flops() == 2 * program.out_avals[0].size * 3 * 2 * 2
    with pytest.raises(ShapeError, match="conv: shapes"):
        trace(lambda x: conv(x, x, stride=1), Aval((2, 6, 5, 2)))


def test_convolution_is_what_the_lecture_says() -> None:
    """``C(j, k) = sum_l sum_m I(j + l, k + m) K(l, m)``, on its kernel for vertical edges."""
    image = np.zeros((5, 6))
    image[:, 3:] = 1.0
    kernel = np.array([[-1.0, 0, 1], [-1, 0, 1], [-1, 0, 1]])
    wanted = [
        [
            sum(image[j + a, i + b] * kernel[a, b] for a in range(3) for b in range(3))
            for i in range(4)
        ]
        for j in range(3)
    ]
    found = conv(Tensor(image[None, :, :, None]), Tensor(kernel[:, :, None, None]), stride=1)
    assert found.numpy()[0, :, :, 0].tolist() == wanted == [[0.0, 3.0, 3.0, 0.0]] * 3


# ---- several outputs -------------------------------------------------------------------------


def composed_cell(a: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    i, f, g, o = F.unstack(F.reshape(a, (a.shape[0], 4, -1)), axis=1)
    new = F.sigmoid(f) * state + F.sigmoid(i) * F.tanh(g)
    return F.sigmoid(o) * F.tanh(new), new


def test_a_fused_lstm_cell() -> None:
    arrays = drawn((2, 12), (2, 3))
    program = through_everything(lambda a, c: lstm_cell(a, c), arrays, "lstm")
    assert "v3, v4 = lstm_cell(v1, v2)" in str(program)
    assert "float64[2,3], float64[2,3]" in str(program)
    tensors = list(map(Tensor, arrays))
    for fused, plain in zip(lstm_cell(*tensors), composed_cell(*tensors), strict=True):
        np.testing.assert_allclose(fused.numpy(), plain.numpy(), rtol=1e-12)
    for use in (
        lambda out: F.sum(out[0] ** 2),
        lambda out: F.sum(F.exp(out[1])),
    ):  # one output only
        fused = grad(lambda a, c, use=use: use(lstm_cell(a, c)), (0, 1))(*tensors)
        plain = grad(lambda a, c, use=use: use(composed_cell(a, c)), (0, 1))(*tensors)
        for one, two in zip(fused, plain, strict=True):
            np.testing.assert_allclose(one.numpy(), two.numpy(), rtol=1e-13, atol=1e-15)


def test_several_outputs_by_backward() -> None:
    a, c = (F.tensor(x, requires_grad=True) for x in drawn((2, 12), (2, 3)))
    h, new = lstm_cell(a, c)
    (F.sum(h) + F.sum(new * new)).backward()
    wanted = grad(
        lambda a, c: F.sum(composed_cell(a, c)[0]) + F.sum(composed_cell(a, c)[1] ** 2), (0, 1)
    )(a.detach(), c.detach())
    for found, plain in zip((a.grad, c.grad), wanted, strict=True):
        assert found is not None
        np.testing.assert_allclose(found.numpy(), plain.numpy(), rtol=1e-13, atol=1e-15)


# ---- a body program --------------------------------------------------------------------------

UNITS, INPUTS, STEPS = 3, 2, 4


def step(h: Tensor, x: Tensor, w: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    new = F.tanh(h @ w + x @ u)
    return new, F.sum(new * new)


def recurrent_body() -> Program:
    shapes = ((UNITS,), (INPUTS,), (UNITS, UNITS), (INPUTS, UNITS))
    return trace(step, *(Aval(shape, "float64") for shape in shapes), name="step")


def unrolled(h: Tensor, xs: Tensor, w: Tensor, u: Tensor) -> tuple[Tensor, Tensor]:
    results = []
    for t in range(xs.shape[0]):
        h, y = step(h, xs[t], w, u)
        results.append(y)
    return h, F.stack(results)


def test_a_scan_with_a_body_program() -> None:
    body = recurrent_body()
    arrays = drawn((UNITS,), (STEPS, INPUTS), (UNITS, UNITS), (INPUTS, UNITS))

    def scanned(h: Tensor, xs: Tensor, w: Tensor, u: Tensor) -> Any:
        return scan(h, xs, w, u, body=body, carries=1, slices=1)

    program = through_everything(scanned, arrays, "scan")
    text = str(program)
    assert "v5, v6 = scan(v1, v2, v3, v4, body=step, carries=1, slices=1)" in text
    assert "step(v1: float64[3], v2: float64[2]" in text, "the body is printed"
    assert "tanh" in text
    assert program.flops() == STEPS * body.flops()
    tensors = list(map(Tensor, arrays))
    for one, two in zip(scanned(*tensors), unrolled(*tensors), strict=True):
        np.testing.assert_allclose(one.numpy(), two.numpy(), rtol=1e-12)
    for order in (1, 2):
        slopes = [loss_of(scanned), loss_of(unrolled)]
        for _ in range(order - 1):
            slopes = [loss_of(grad(f, (0, 1, 2, 3))) for f in slopes]
        pairs = [grad(f, (0, 1, 2, 3))(*tensors) for f in slopes]
        for one, two in zip(*pairs, strict=True):
            np.testing.assert_allclose(one.numpy(), two.numpy(), rtol=1e-11, atol=1e-13)


def test_a_scan_refuses_a_body_that_does_not_fit() -> None:
    with pytest.raises(ShapeError, match="scan: step takes"):
        trace(
            lambda *args: scan(*args, body=recurrent_body(), carries=1, slices=1),
            Aval((UNITS + 1,)),
            Aval((STEPS, INPUTS)),
            Aval((UNITS, UNITS)),
            Aval((INPUTS, UNITS)),
        )


# ---- an engine's own lowering for one shape --------------------------------------------------


@pytest.mark.parametrize(("size", "used"), [(2, True), (3, False)])
def test_an_own_lowering_may_decline(size: int, used: bool) -> None:
    lowered.clear()
    (x,) = drawn((2, 6))
    program = through_everything(lambda x: window_sum(x, size=size), [x], "window_sum")
    assert bool(lowered) is used
    lowered.clear()
    np.testing.assert_allclose(run_on("numpy", program, [x])[0], x.reshape(2, -1, size).sum(-1))
    assert not lowered, "only the engine of that name uses it"
