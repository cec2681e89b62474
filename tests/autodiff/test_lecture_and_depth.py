"""The lecture's function to twelve digits, deep graphs, and programs as equations of a graph."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest

from nissl.autodiff import check_grads, grad, hessian, jvp, vjp
from nissl.autodiff.calls import call
from nissl.core import functions as F
from nissl.core.kinds import Elementwise, Kind, Linear
from nissl.core.op import Op
from nissl.core.program import equations_behind, trace
from nissl.core.tensor import Aval, Equation, Tensor


@pytest.fixture(autouse=True)
def _digits() -> Iterator[None]:
    """More digits than any float, whatever other tests have asked of mpmath."""
    with mpmath.workdps(60):
        yield


# ---- the lecture's function ------------------------------------------------------------------


def lecture(x1: Any, x2: Any) -> Any:
    return x1 * x2 + F.exp(x1 * x2) - F.sin(x2)


def exact(x1: Any, x2: Any) -> Any:
    return x1 * x2 + mpmath.exp(x1 * x2) - mpmath.sin(x2)


ONE_TWO = (Tensor(np.asarray(1.0)), Tensor(np.asarray(2.0)))


def test_the_lectures_value_and_gradient() -> None:
    value = exact(mpmath.mpf(1), mpmath.mpf(2))
    assert mpmath.nstr(value, 15) == "8.47975867210497"
    by_one = 2 + 2 * mpmath.exp(2)
    by_two = 1 + mpmath.exp(2) - mpmath.cos(2)
    assert lecture(*ONE_TWO).item() == pytest.approx(float(value), abs=1e-12)
    reverse = grad(lecture, (0, 1))(*ONE_TWO)
    forward = [
        jvp(lecture, ONE_TWO, tuple(Tensor(np.asarray(float(t))) for t in way))[1]
        for way in ((1, 0), (0, 1))
    ]
    leaves = [F.tensor(x.numpy(), requires_grad=True) for x in ONE_TWO]
    lecture(*leaves).backward()
    for found in (reverse, forward, [x.grad for x in leaves]):
        assert found[0].item() == pytest.approx(float(by_one), abs=1e-12)
        assert found[1].item() == pytest.approx(float(by_two), abs=1e-12)


def test_the_lectures_second_derivatives() -> None:
    found = hessian(lambda v: lecture(v[0], v[1]))(Tensor(np.array([1.0, 2.0]))).numpy()
    for i in range(2):
        for j in range(2):
            orders = tuple((i == k) + (j == k) for k in range(2))
            wanted = mpmath.diff(exact, (1, 2), orders)
            assert found[i, j] == pytest.approx(float(wanted), abs=1e-11)


# ---- depth -----------------------------------------------------------------------------------


class Counting(Kind):
    """Another kind, counted."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.pushed, self.pulled = kind, 0, 0

    def jvp(self, F: Any, equation: Equation, tangents: Any) -> Any:
        self.pushed += 1
        return self.kind.jvp(F, equation, tangents)

    def vjp(self, F: Any, equation: Equation, cotangents: Any, needed: Any) -> Any:
        self.pulled += 1
        return self.kind.vjp(F, equation, cotangents, needed)


def counted() -> tuple[Op, Counting]:
    kind = Counting(Elementwise((lambda F, out, x: F.full_like(x, 0.5),)))
    op = Op(name="halve", infer=lambda x: x, compute=lambda xp, x: x * 0.5 + 1, kind=kind)
    return op, kind


@pytest.mark.parametrize("depth", [1000, 20_000])
def test_a_deep_chain_visits_each_equation_once(depth: int) -> None:
    op, kind = counted()

    def chain(x: Tensor) -> Tensor:
        for _ in range(depth):
            x = op(x)
        return x

    x = Tensor(np.asarray(3.0))
    assert grad(chain)(x).item() == 0.5**depth
    assert (kind.pushed, kind.pulled) == (0, depth)
    assert jvp(chain, (x,), (Tensor(np.asarray(1.0)),))[1].item() == 0.5**depth
    assert (kind.pushed, kind.pulled) == (depth, depth)
    leaf = F.tensor(3.0, requires_grad=True)
    y = chain(leaf)
    assert len(equations_behind([y])) == depth
    y.backward()
    assert kind.pulled == 2 * depth
    del y  # and a deep graph is freed without deep recursion


def test_a_deep_program_is_traced_checked_printed_and_run() -> None:
    depth = 20_000
    program = trace(
        lambda x: functools.reduce(lambda y, _: y + x, range(depth), x), Aval((), "float64")
    )
    assert len(program.equations) == depth
    assert len(str(program).splitlines()) == depth + 2
    assert program(1.0)[0].item() == depth + 1
    assert grad(lambda x: program(x)[0])(Tensor(np.asarray(1.0))).item() == depth + 1


def test_a_graph_with_many_paths_visits_each_equation_once() -> None:
    kind = Counting(Linear(lambda F, i, ct, x, y: ct))
    op = Op(name="plus", infer=lambda x, y: x, compute=lambda xp, x, y: x + y, kind=kind)

    def doubled(x: Tensor) -> Tensor:
        for _ in range(50):  # 2**50 paths
            x = op(x, x)
        return x

    assert grad(doubled)(Tensor(np.asarray(1.0))).item() == 2.0**50
    assert kind.pulled == 50


def test_what_no_derivative_needs_is_not_visited() -> None:
    op, kind = counted()
    other = op(F.tensor(1.0, requires_grad=True))

    def f(x: Tensor) -> Tensor:
        op(x)  # not part of the result
        return x * op(Tensor(np.asarray(2.0))) + F.stop_gradient(other)

    assert grad(f)(Tensor(np.asarray(3.0))).item() == 2.0
    assert kind.pulled == 0


# ---- a program as one equation ---------------------------------------------------------------


def body() -> Any:
    def f(x: Tensor, y: Tensor, i: Tensor) -> Any:
        return F.sum(F.sin(x) * y), F.take(y, i) * F.stop_gradient(x), i + 1

    return trace(f, Aval((3,), "float64"), Aval((3,), "float64"), Aval((3,), "int64"), name="f")


TAKEN = np.array([0, 2, 1])


def called(runner: Callable[..., Any] | None = None) -> Callable[..., Any]:
    program = body()
    return lambda x, y: tuple(call(program, [x, y, Tensor(TAKEN)], runner)[:2])


def test_a_called_program_is_differentiated_like_its_equations() -> None:
    rng = np.random.default_rng(0)
    point = [rng.uniform(-1, 1, 3) for _ in range(2)]

    def plain(x: Tensor, y: Tensor) -> Any:
        return F.sum(F.sin(x) * y), F.take(y, TAKEN) * F.stop_gradient(x)

    def curved(f: Any) -> Any:
        return lambda x, y: F.sum(F.sin(f(x, y)[0]) * f(x, y)[1])

    tensors = list(map(Tensor, point))
    for order in (1, 2, 3):
        one, two = curved(called()), curved(plain)
        for _ in range(order - 1):
            one, two = (
                (lambda x, y, f=f: sum(F.sum(F.sin(g)) for g in grad(f, (0, 1))(x, y)))
                for f in (one, two)
            )
        for found, wanted in zip(
            grad(one, (0, 1))(*tensors), grad(two, (0, 1))(*tensors), strict=True
        ):
            np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-12, atol=1e-14)
    check_grads(lambda x, y: called()(x, y)[0], point, order=2)


def test_forward_mode_through_a_call_where_only_some_inputs_move() -> None:
    x, y = (Tensor(np.random.default_rng(i).uniform(-1, 1, 3)) for i in range(2))
    found = jvp(lambda y: called()(x, y), (y,), (y,))[1]
    np.testing.assert_allclose(found[0].numpy(), np.sum(np.sin(x.numpy()) * y.numpy()), rtol=1e-12)
    np.testing.assert_allclose(found[1].numpy(), y.numpy()[TAKEN] * x.numpy(), rtol=1e-12)
    value, pull = vjp(lambda y: called()(x, y), y)
    assert pull((Tensor(np.asarray(1.0)), F.zeros_like(value[1])))[0].tolist() == pytest.approx(
        np.sin(x.numpy()).tolist()
    )


def test_a_runner_computes_the_body_and_its_derivatives() -> None:
    ran: list[str] = []

    def runner(program: Any, values: Any) -> Any:
        ran.append(program.name)
        return program.run("numpy", np, values)

    f = called(runner)
    x = Tensor(np.ones(3))
    grad(lambda x: f(x, x)[0])(x)
    assert ran == ["f", "f_vjp"]
    ran.clear()
    jvp(lambda x: f(x, x)[0], (x,), (x,))
    assert ran == ["f", "f_jvp"]
