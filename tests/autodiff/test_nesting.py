"""Derivatives inside derivatives: nothing may be confused with, or lost to, what stands outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nissl.autodiff import grad, hessian, jacobian, jvp, linearize, value_and_grad, vjp
from nissl.core import functions as F
from nissl.core.op import no_grad
from nissl.core.program import trace
from nissl.core.tensor import Aval, Tensor


def number(x: float) -> Tensor:
    return Tensor(np.asarray(x))


def forward(f: Any) -> Any:
    """Derivative of a function of one number, in forward mode."""
    return lambda x: jvp(f, (x,), (F.ones_like(x),))[1]


MODES = pytest.mark.parametrize("inner", [grad, forward], ids=["reverse", "forward"])
OUTER = pytest.mark.parametrize("outer", [grad, forward], ids=["reverse", "forward"])


@MODES
@OUTER
def test_perturbations_are_not_confused(inner: Any, outer: Any) -> None:
    """``d/dx (x * d/dy (x + y))`` is 1, and 2 where the two infinitesimals are mixed up

    (Siskind and Pearlmutter, *Perturbation confusion and referential transparency*, 2005).
    """
    found = outer(lambda x: x * inner(lambda y: x + y)(number(1.0)))(number(1.0))
    assert found.item() == 1.0
    found = outer(lambda x: x * inner(lambda y: x * y)(number(2.0)))(number(3.0))
    assert found.item() == 6.0
    found = outer(lambda x: inner(lambda y: x * y * y)(x))(number(3.0))
    assert found.item() == 4 * 3.0, "the point of the inner derivative moves too"


@MODES
@OUTER
def test_an_inner_derivative_of_an_outer_constant(inner: Any, outer: Any) -> None:
    assert outer(lambda x: inner(lambda y: x * x)(number(1.0)) + x)(number(3.0)).item() == 1.0


@MODES
@OUTER
def test_inside_a_trace_too(inner: Any, outer: Any) -> None:
    program = trace(
        outer(lambda x: x * inner(lambda y: x * y + F.sin(y))(number(2.0))), Aval((), "float64")
    )
    wanted = 2 * 3.0 + np.cos(2.0)
    assert program(3.0)[0].item() == pytest.approx(wanted, rel=1e-15)
    traced = trace(lambda x: inner(lambda y: x * y)(number(2.0)), Aval((), "float64"))
    assert outer(lambda x: x * traced(x)[0])(number(3.0)).item() == 6.0


@OUTER
def test_values_that_come_out_of_an_inner_derivative_keep_their_history(outer: Any) -> None:
    def through_value(w: Any) -> Any:
        value, _ = value_and_grad(lambda x: w * x)(number(2.0))
        return value * w

    assert outer(through_value)(number(3.0)).item() == 12.0

    def untouched(w: Any) -> Any:
        """The inner function returns what stands outside, as it is."""
        value, pull = vjp(lambda x: w, number(2.0))
        return value * w + pull(1.0)[0]

    assert outer(untouched)(number(3.0)).item() == 6.0

    def untouched_forward(w: Any) -> Any:
        value, moved = jvp(lambda x: (w, x), (number(2.0),), (number(1.0),))
        return value[0] * w + moved[1]

    assert outer(untouched_forward)(number(3.0)).item() == 6.0


@OUTER
def test_by_the_tangent_and_by_the_cotangent(outer: Any) -> None:
    point = number(0.7)
    slope = np.cos(0.7)
    found = outer(lambda t: jvp(F.sin, (point,), (t,))[1] ** 2)(number(3.0))
    assert found.item() == pytest.approx(2 * 3.0 * slope**2, rel=1e-14)
    found = outer(lambda t: linearize(F.sin, point)[1](t) ** 2)(number(3.0))
    assert found.item() == pytest.approx(2 * 3.0 * slope**2, rel=1e-14)
    push = linearize(F.sin, point)[1]
    assert outer(lambda t: push(t) ** 2)(number(3.0)).item() == pytest.approx(6 * slope**2)
    pull = vjp(F.sin, point)[1]
    assert outer(lambda u: pull(u)[0] ** 2)(number(3.0)).item() == pytest.approx(6 * slope**2)


def test_grad_inside_jvp_inside_grad() -> None:
    def f(x: Any) -> Any:
        return F.exp(x * 0.5) * F.sin(x)

    def mixed(x: Any) -> Any:
        return jvp(grad(f), (x,), (x * x,))[1]  # f'' x^2

    third = grad(grad(grad(f)))(number(0.3)).item()
    second = grad(grad(f))(number(0.3)).item()
    assert grad(mixed)(number(0.3)).item() == pytest.approx(third * 0.09 + second * 0.6, rel=1e-13)


def test_leaves_outside_are_reached_through_an_inner_derivative() -> None:
    w = F.tensor(3.0, "float64", requires_grad=True)
    slope = grad(lambda x: w * x * x)(number(2.0))
    assert slope.item() == 12.0
    slope.backward()
    assert w.grad is not None
    assert w.grad.item() == 4.0


def test_an_inner_gradient_descent_is_differentiated() -> None:
    """One step down ``(x - w)**2`` from ``x``, then the loss there, by ``w`` and by the rate."""

    def after(w: Any, rate: Any, x: Any) -> Any:
        x = x - rate * grad(lambda x: (x - w) ** 2)(x)
        return (x - w) ** 2

    w, rate, x = 2.0, 0.1, 5.0
    found = grad(after, (0, 1, 2))(number(w), number(rate), number(x))
    shrink = 1 - 2 * rate
    wanted = [-2 * shrink**2 * (x - w), -4 * shrink * (x - w) ** 2, 2 * shrink**2 * (x - w)]
    np.testing.assert_allclose([each.item() for each in found], wanted, rtol=1e-12)


# ---- stopping --------------------------------------------------------------------------------


@OUTER
def test_stop_gradient(outer: Any) -> None:
    assert outer(lambda x: x * F.stop_gradient(x))(number(3.0)).item() == 3.0
    assert outer(outer(lambda x: x * F.stop_gradient(x)))(number(3.0)).item() == 0.0
    assert outer(lambda x: F.stop_gradient(x * x))(number(3.0)).item() == 0.0


@OUTER
def test_no_grad_stops_what_is_computed_in_it(outer: Any) -> None:
    def f(x: Any) -> Any:
        with no_grad():
            y = x * x
        return x * y

    assert outer(f)(number(3.0)).item() == 9.0
    program = trace(f, Aval((), "float64"))
    assert outer(lambda x: program(x)[0])(number(3.0)).item() == 9.0, "the same when traced"
    traced = trace(outer(f), Aval((), "float64"))
    assert traced(3.0)[0].item() == 9.0


def test_derivatives_may_be_taken_under_no_grad() -> None:
    with no_grad():
        assert grad(lambda x: x * x)(number(3.0)).item() == 6.0
        assert hessian(lambda x: F.sum(x**3))(Tensor(np.array([2.0]))).tolist() == [[12.0]]
        assert trace(grad(lambda x: x * x), Aval((), "float64"))(3.0)[0].item() == 6.0
        x = F.tensor(3.0, requires_grad=True)
        assert (x * x).equation is None


def test_jacobian_of_an_inner_gradient() -> None:
    a = np.array([[2.0, 1.0], [0.0, 3.0]])
    found = jacobian(lambda w: grad(lambda x: F.sum((w @ x) * x))(np.array([1.0, 2.0])))(a)
    wanted = np.zeros((2, 2, 2))  # gradient is (W + W^T) x
    for i in range(2):
        for j in range(2):
            unit = np.zeros((2, 2))
            unit[i, j] = 1
            wanted[:, i, j] = (unit + unit.T) @ [1.0, 2.0]
    np.testing.assert_allclose(found.numpy(), wanted)
