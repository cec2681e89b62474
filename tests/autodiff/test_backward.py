"""Define-by-run: ``backward()`` and ``.grad``."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from nissl.core import functions as F
from nissl.core.op import no_grad
from nissl.core.program import trace
from nissl.core.tensor import Aval, Tensor
from nissl.errors import DTypeError, GraphError, NisslError, ShapeError


def leaf(values: Any) -> Tensor:
    return F.tensor(values, "float64", requires_grad=True)


def gradient_of(x: Tensor) -> Tensor:
    assert x.grad is not None
    return x.grad


def test_leaves_get_gradients_and_nothing_else_does() -> None:
    x, w, b = leaf([[1.0, 2.0]]), leaf([[3.0], [4.0]]), F.tensor([5.0], "float64")
    hidden = x @ w
    loss = F.sum((hidden + b) ** 2)
    loss.backward()
    assert gradient_of(w).tolist() == [[32.0], [64.0]]
    assert gradient_of(x).tolist() == [[96.0, 128.0]]
    assert b.grad is None
    assert hidden.grad is None
    assert loss.grad is None
    assert not gradient_of(w).tracked, "a gradient has no history of its own"


def test_gradients_add_up_until_they_are_cleared() -> None:
    x = leaf(3.0)
    (x * x).backward()
    (x * x).backward()
    assert gradient_of(x).item() == 12.0
    x.grad = None
    y = x * x
    y.backward()
    y.backward()  # the graph is kept
    assert gradient_of(x).item() == 12.0


def test_a_leaf_used_many_times() -> None:
    x = leaf(3.0)
    (x * x + x * 2.0 - x / x).backward()
    assert gradient_of(x).item() == pytest.approx(8.0)


def test_control_flow_is_pythons() -> None:
    x = leaf(1.5)
    y = x
    while y.item() < 20:
        y = y * y if y.item() > 3 else y + x
    y.backward()
    # 1.5 -> 3 -> 4.5 -> 20.25: (3 x)**2
    assert gradient_of(x).item() == pytest.approx(2 * 9 * 1.5)


def test_a_cotangent_for_several_numbers() -> None:
    x = leaf([1.0, 2.0, 3.0])
    y = x * x
    y.backward([1.0, 0.0, -1.0])
    assert gradient_of(x).tolist() == [2.0, 0.0, -6.0]
    x.grad = None
    y.backward(gradient=Tensor(np.ones(3)))
    assert gradient_of(x).tolist() == [2.0, 4.0, 6.0]
    one = leaf([[2.0]])
    (one * one).backward()
    assert gradient_of(one).tolist() == [[4.0]]


def test_a_leaf_may_go_backward_itself() -> None:
    x = leaf(3.0)
    x.backward()
    assert gradient_of(x).item() == 1.0


def test_create_graph_gives_derivatives_of_derivatives() -> None:
    x = leaf(0.7)
    F.sin(x).backward(create_graph=True)
    first = gradient_of(x)
    x.grad = None
    first.backward(create_graph=True)
    second = gradient_of(x)
    x.grad = None
    second.backward()
    assert first.item() == pytest.approx(np.cos(0.7))
    assert second.item() == pytest.approx(-np.sin(0.7))
    assert gradient_of(x).item() == pytest.approx(-np.cos(0.7))


def test_a_gradient_penalty() -> None:
    x, w = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    F.sum(F.sin(x * w)).backward(create_graph=True)
    penalty = F.sum(gradient_of(x) ** 2)
    x.grad = w.grad = None
    penalty.backward()
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    c, s = np.cos(a * b), np.sin(a * b)
    np.testing.assert_allclose(gradient_of(x).numpy(), -2 * b**3 * c * s, rtol=1e-12)
    np.testing.assert_allclose(
        gradient_of(w).numpy(), 2 * b * c * c - 2 * a * b**2 * c * s, rtol=1e-12
    )


def test_stopping() -> None:
    x = leaf(3.0)
    (x * x.detach()).backward()
    assert gradient_of(x).item() == 3.0
    x.grad = None
    (x * F.stop_gradient(x)).backward()
    assert gradient_of(x).item() == 3.0
    with no_grad():
        y = x * x
        assert not y.tracked
        assert y.equation is None
        with no_grad():
            pass
        assert (x * x).equation is None
    assert (x * x).tracked


def test_requires_grad_is_set_and_taken_back() -> None:
    x = F.tensor(3.0)
    assert not x.requires_grad
    x.requires_grad = True
    (x * x).backward()
    assert gradient_of(x).item() == 6.0
    x.requires_grad = False
    assert (x * x).equation is None
    assert "requires_grad=True" in repr(leaf(1.0))


def test_dtypes_follow_the_leaf() -> None:
    for dtype in ("float16", "bfloat16", "float32"):
        x = F.tensor([1.0, 2.0], dtype, requires_grad=True)
        F.sum(F.astype(x, "float64") * 2.0).backward()
        assert gradient_of(x).dtype == x.dtype


def test_graphs_are_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        x = leaf([1.0, 2.0])
        y = F.sum(F.exp(x * x))
        y.backward()
        assert y.equation is not None
        watch = weakref.ref(y.equation.inputs[0])
        del y
        assert watch() is None
    finally:
        gc.enable()


def test_a_rule_that_fails_leaves_everything_as_it_was() -> None:
    from dataclasses import replace

    from nissl.core.kinds import Elementwise
    from nissl.core.op import lookup, scope
    from nissl.core.thread import thread

    def failing(F: Any, out: Tensor, x: Tensor) -> Tensor:
        raise ZeroDivisionError

    op = replace(lookup("sin"), kind=Elementwise((failing,)))
    x = leaf(1.0)
    with scope("layer"):
        y = op(x)
    with pytest.raises(ZeroDivisionError):
        y.backward()
    assert thread.recording
    assert not thread.quiet
    assert thread.scope == ""
    assert x.grad is None
    (x * x).backward()
    assert gradient_of(x).item() == 2.0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.tensor(1.0).backward(), GraphError, ["requires_grad=True", "no_grad"]),
        (lambda: leaf([1.0, 2.0]).backward(), ShapeError, ["(2,)", "gradient="]),
        (lambda: leaf([1.0, 2.0]).backward([1.0]), ShapeError, ["(1,)", "(2,)"]),
        (lambda: F.astype(leaf(1.0), "int32").backward(), DTypeError, ["int32"]),
        (lambda: F.tensor([1, 2], requires_grad=True), DTypeError, ["int64"]),
        (lambda: trace(lambda x: (x * x).backward(), Aval(())), GraphError, ["jit", "nissl.grad"]),
    ],
)
def test_errors(call: Any, error: type[NisslError], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_pass_inside_a_pass_leaves_the_outer_one_as_it_was() -> None:
    """A rule may itself differentiate; what it switches, it switches back."""
    from nissl.autodiff import custom_derivative, grad
    from nissl.core.op import quiet
    from nissl.core.thread import thread

    @custom_derivative
    def cube(x: Tensor) -> Tensor:
        return x * x * x

    @cube.reverse
    def pull(inputs: Any, outputs: Any, cotangents: Any) -> Any:
        return cotangents[0] * grad(lambda x: F.sum(x**3))(inputs[0])

    del pull
    x = leaf([0.0, 2.0])
    with quiet():
        F.sum(F.sqrt(cube(x) * x)).backward()
        assert thread.quiet
    assert not thread.quiet
    np.testing.assert_allclose(gradient_of(x).numpy()[1], 4.0)
    # and a warning of NumPy's is raised neither before, in, nor after the inner pass
    y = leaf([0.0, 2.0])
    F.sum(F.log(cube(y) / y)).backward()
    assert np.isnan(gradient_of(y).numpy()[0])


def test_rules_on_bare_arrays_may_use_every_function() -> None:
    """Keeping reduced axes and cutting a tensor up work with a graph of the pass and without."""
    from nissl.core.kinds import Linear
    from nissl.core.op import Op

    def transpose(F: Any, i: int, cotangent: Any, x: Any) -> Any:
        mean = F.sum(cotangent, axis=(1,), keepdims=True) / 3
        first, second = F.unstack(cotangent - mean, axis=0)
        return F.stack([first, second])

    centred = Op(
        name="centred",
        infer=lambda x: x,
        compute=lambda xp, x: x - xp.mean(x, axis=1, keepdims=True),
        kind=Linear(transpose),
    )
    weights = np.array([[1.0, 2.0, 6.0], [0.0, 0.0, 3.0]])
    for create_graph in (False, True):
        x = leaf(np.ones((2, 3)))
        centred(x).backward(weights, create_graph=create_graph)
        np.testing.assert_allclose(gradient_of(x).numpy(), [[-2.0, -1.0, 3.0], [-1.0, -1.0, 2.0]])


def test_an_op_of_bare_arrays_gives_an_array() -> None:
    """So rules that apply ops are written once, for tensors and for bare arrays."""
    from nissl.core.op import lookup

    flip, array = lookup("flip"), np.arange(3.0)
    assert flip(array, axis=(0,)).tolist() == [2.0, 1.0, 0.0]
    assert isinstance(flip(array, axis=(0,)), np.ndarray)
    assert isinstance(flip(Tensor(array), axis=(0,)), Tensor)
    both = lookup("concat")(Tensor(array), array, axis=0)
    assert isinstance(both, Tensor)
    assert both.shape == (6,)
