"""A user's own derivative, in both modes, nested, traced, and where a rule is missing or wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nissl.autodiff import check_grads, custom_derivative, grad, hessian, jacobian, jvp, vjp
from nissl.core import functions as F
from nissl.core.program import trace
from nissl.core.tensor import Aval, Tensor
from nissl.errors import GradientError, GraphError, ShapeError


def log1pexp() -> custom_derivative:
    """The usual example: a formula whose own derivative overflows, with a rule that does not."""

    @custom_derivative
    def function(x: Tensor) -> Tensor:
        return F.log(1 + F.exp(x))

    @function.forward
    def push(inputs: Any, outputs: Any, tangents: Any) -> Any:
        return F.sigmoid(inputs[0]) * tangents[0]

    @function.reverse
    def pull(inputs: Any, outputs: Any, cotangents: Any) -> Any:
        return (F.sigmoid(inputs[0]) * cotangents[0],)

    assert push is not None
    assert pull is not None
    return function


def test_both_modes_use_the_rules_given() -> None:
    function = log1pexp()
    steep = Tensor(np.asarray(1000.0))
    assert np.isnan(grad(lambda x: F.log(1 + F.exp(x)))(steep).item())
    assert grad(function)(steep).item() == 1.0
    assert jvp(function, (steep,), (Tensor(np.asarray(2.0)),))[1].item() == 2.0
    check_grads(function, [np.array([0.3, -2.0])], order=2)
    assert grad(grad(function))(Tensor(np.asarray(0.0))).item() == pytest.approx(0.25)


def test_a_rule_that_is_not_the_derivative() -> None:
    @custom_derivative
    def sign(x: Tensor) -> Tensor:
        return F.sign(x)

    @sign.reverse
    def straight_through(inputs: Any, outputs: Any, cotangents: Any) -> Any:
        return cotangents

    del straight_through
    assert grad(lambda x: F.sum(sign(x) * 3.0))(np.array([0.5, -2.0])).tolist() == [3.0, 3.0]
    with pytest.raises(GradientError, match="reverse derivative of sign"):
        check_grads(sign, [np.array([0.5])], modes=("reverse",))


def test_containers_several_arguments_and_zero_cotangents() -> None:
    @custom_derivative
    def parts(p: Any, y: Any) -> Any:
        return {"product": p["a"] * y, "sum": p["a"] + y}

    @parts.reverse
    def pull(inputs: Any, outputs: Any, cotangents: Any) -> Any:
        (a, y), (ct_product, ct_sum) = inputs, cotangents
        return ct_product * y + ct_sum, ct_product * a + ct_sum

    @parts.forward
    def push(inputs: Any, outputs: Any, tangents: Any) -> Any:
        (a, y), (da, dy) = inputs, tangents
        return da * y + a * dy, da + dy

    del pull, push
    a, y = Tensor(np.asarray(2.0)), Tensor(np.asarray(5.0))
    out = parts({"a": a}, y)
    assert out["product"].item() == 10.0
    assert out["sum"].item() == 7.0
    slopes = grad(lambda p, y: parts(p, y)["product"], (0, 1))({"a": a}, y)
    assert slopes[0]["a"].item() == 5.0
    assert slopes[1].item() == 2.0
    check_grads(lambda a, y: parts({"a": a}, y), [a, y], order=2)
    assert grad(lambda a: parts({"a": a}, y)["sum"])(a).item() == 1.0


def test_none_is_zero_and_integers_have_no_derivative() -> None:
    @custom_derivative
    def pick(x: Tensor, i: Tensor) -> Tensor:
        return F.take(x, i)

    @pick.reverse
    def pull(inputs: Any, outputs: Any, cotangents: Any) -> Any:
        return F.index_add(inputs[1], cotangents[0], inputs[0].shape[0]), None

    del pull
    slope = grad(lambda x: F.sum(pick(x, np.array([0, 2])) * 2.0))(np.ones(3))
    assert slope.tolist() == [2.0, 0.0, 2.0]


@pytest.mark.parametrize(("mode", "use"), [
    ("forward", lambda f: jvp(f, (1.0,), (1.0,))),
    ("reverse", lambda f: grad(f)(1.0)),
])  # fmt: skip
def test_a_missing_rule_says_which(mode: str, use: Any) -> None:
    @custom_derivative
    def plain(x: Tensor) -> Tensor:
        return x * x

    with pytest.raises(GraphError, match=rf"plain has no {mode} rule.*@plain\.{mode}"):
        use(plain)


def test_a_rule_of_the_wrong_shape_or_count() -> None:
    @custom_derivative
    def double(x: Tensor) -> Tensor:
        return 2.0 * x

    @double.reverse
    def pull(inputs: Any, outputs: Any, cotangents: Any) -> Any:
        return F.sum(cotangents[0])

    @double.forward
    def push(inputs: Any, outputs: Any, tangents: Any) -> Any:
        return tangents[0], tangents[0]

    del pull, push
    with pytest.raises(ShapeError, match=r"double\.reverse returned shape \(\) where \(3,\)"):
        grad(lambda x: F.sum(double(x)))(np.ones(3))
    with pytest.raises(GraphError, match=r"double\.forward returned 2 tensors, not 1"):
        jvp(double, (np.ones(3),), (np.ones(3),))


def test_inside_traces_jacobians_and_backward() -> None:
    function = log1pexp()
    program = trace(lambda x: grad(lambda x: F.sum(function(x)))(x), Aval((2,), "float64"))
    x = np.array([1000.0, 0.0])
    assert program(x)[0].tolist() == [1.0, 0.5]
    printed = str(trace(function, Aval((), "float64")))
    assert "custom_derivative:function(v1, body=function)" in printed
    assert "exp(" in printed
    np.testing.assert_allclose(jacobian(function)(x).numpy(), np.diag([1.0, 0.5]))
    np.testing.assert_allclose(jacobian(function, mode="forward")(x).numpy(), np.diag([1.0, 0.5]))
    curved = hessian(lambda x: F.sum(function(x)))(np.array([0.0, 0.0]))
    np.testing.assert_allclose(curved.numpy(), np.eye(2) / 4)
    leaf = F.tensor(x, requires_grad=True)
    F.sum(function(leaf)).backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [1.0, 0.5]


def test_on_both_engines() -> None:
    from nissl.engine import get_engine

    function = log1pexp()
    program = trace(lambda x: vjp(function, x)[1](F.ones_like(x))[0], Aval((2,), "float64"))
    for engine in ("numpy", "xla"):
        (found,) = get_engine(engine).compile(program)([np.array([1000.0, 0.0])])
        assert np.asarray(found).tolist() == [1.0, 0.5]


def test_what_stands_outside_must_be_an_argument() -> None:
    """A tensor that is only closed over would lose its derivative without a word."""

    def times(w: Any) -> custom_derivative:
        @custom_derivative
        def scaled(x: Tensor) -> Tensor:
            return x * w

        scaled.reverse(lambda inputs, outputs, cotangents: cotangents[0] * F.asarray(w))
        return scaled

    assert grad(times(3.0))(2.0).item() == 3.0, "a constant may stand outside"
    with pytest.raises(GraphError, match=r"scaled uses a tensor from outside.*make it an argument"):
        grad(lambda w: times(w)(2.0) * w)(3.0)
    with pytest.raises(GraphError, match="make it an argument"):
        times(F.tensor(3.0, requires_grad=True))(2.0)

    @custom_derivative
    def scaled(x: Tensor, w: Tensor) -> Tensor:
        return x * w

    @scaled.reverse
    def pull(inputs: Any, outputs: Any, cotangents: Any) -> Any:
        return cotangents[0] * inputs[1], cotangents[0] * inputs[0]

    del pull
    assert grad(lambda w: scaled(2.0, w) * w)(3.0).item() == 12.0
