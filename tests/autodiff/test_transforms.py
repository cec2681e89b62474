"""The transformations of functions: values, containers, arguments, errors, by differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from nissl.autodiff import (
    check_grads,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from nissl.core import functions as F
from nissl.core.program import trace
from nissl.core.tensor import Aval, Tensor
from nissl.errors import ArgumentError, DTypeError, ShapeError

Array = np.ndarray[Any, Any]


def differences(function: Callable[[Array], Array], x: Array, h: float = 1e-5) -> Array:
    """Matrix of first derivatives by central differences, output axes first."""
    columns = []
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = h
        moved = np.asarray(step.reshape(x.shape))
        ahead, behind = function(np.asarray(x + moved)), function(np.asarray(x - moved))
        columns.append((np.asarray(ahead) - np.asarray(behind)) / (2 * h))
    return np.stack(columns, axis=-1).reshape((*np.shape(columns[0]), *x.shape))


def of_arrays(function: Callable[[Any], Any]) -> Callable[[Array], Array]:
    return lambda x: function(Tensor(x)).numpy()


X = np.array([[0.3, -0.7, 1.1], [0.9, 0.2, -1.3]])


def bumpy(x: Any) -> Any:
    return F.tanh(x @ F.matrix_transpose(x)) + F.sum(F.exp(x) * F.sin(x), axis=1)


def scalar(x: Any) -> Any:
    return F.sum(F.softmax(x) * F.sin(x)) + F.logsumexp(x * x)


# ---- grad and value_and_grad -----------------------------------------------------------------


def test_gradient_by_differences() -> None:
    np.testing.assert_allclose(
        grad(scalar)(Tensor(X)).numpy(), differences(of_arrays(scalar), X), atol=1e-8
    )


def test_plain_numbers_arrays_and_keywords() -> None:
    assert grad(lambda x: x * x)(3.0).item() == 6.0
    assert grad(lambda x: F.sum(x * x))(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert grad(lambda x, *, k: k * x)(3.0, k=5.0).item() == 5.0
    value, slope = value_and_grad(lambda x, k=1.0: k * x * x)(3.0, k=2.0)
    assert (value.item(), slope.item()) == (18.0, 12.0)
    assert value.equation is None, "nothing is kept of the graph"
    assert slope.equation is None


@pytest.mark.parametrize(
    ("argnums", "wanted"),
    [(0, 15.0), (2, 6.0), (-1, 6.0), ((0, 1), (15.0, 10.0)), ((2, 0), (6.0, 15.0)), ([1], (10.0,))],
)
def test_argnums(argnums: Any, wanted: Any) -> None:
    found = grad(lambda x, y, z: x * y * z, argnums)(2.0, 3.0, 5.0)
    if isinstance(wanted, tuple):
        assert tuple(each.item() for each in found) == wanted
    else:
        assert found.item() == wanted


class Layer(NamedTuple):
    kernel: Any
    bias: Any


def test_nested_containers_come_back_as_they_were() -> None:
    parameters = {
        "first": Layer(np.ones((2, 3)), np.zeros(3)),
        "rest": [(np.full((3, 1), 2.0), None)],
    }

    def loss(p: Any, x: Any) -> Any:
        hidden = x @ p["first"].kernel + p["first"].bias
        return F.sum(hidden @ p["rest"][0][0])

    slopes = grad(loss)(parameters, np.ones((4, 2)))
    assert isinstance(slopes["first"], Layer)
    assert slopes["first"].kernel.tolist() == [[8.0] * 3] * 2
    assert slopes["first"].bias.tolist() == [8.0] * 3
    assert slopes["rest"][0][0].tolist() == [[8.0]] * 3
    assert slopes["rest"][0][1] is None


def test_an_argument_that_does_not_matter_has_a_gradient_of_zeros() -> None:
    slopes = grad(lambda x, y: F.sum(x), (0, 1))(np.ones(2), np.ones((3, 1)))
    assert slopes[1].tolist() == [[0.0]] * 3
    assert grad(lambda x: F.asarray(5.0))(2.0).item() == 0.0
    assert grad(lambda x: 5.0)(2.0).item() == 0.0


def test_has_aux() -> None:
    def loss(x: Any) -> Any:
        z = x * x
        return F.sum(z), {"z": z, "count": 3, "kind": F.argmax(z), "none": None}

    slope, aux = grad(loss, has_aux=True)(np.array([1.0, 2.0]))
    assert slope.tolist() == [2.0, 4.0]
    assert aux["z"].tolist() == [1.0, 4.0]
    assert aux["count"].item() == 3
    assert aux["none"] is None
    assert aux["z"].equation is None
    assert aux["kind"].item() == 1
    (value, aux), slope = value_and_grad(loss, has_aux=True)(np.array([1.0, 2.0]))
    assert value.item() == 5.0
    assert aux["kind"].item() == 1


def test_dtypes_are_kept() -> None:
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        x = F.asarray([0.5, 1.5], dtype)
        assert grad(lambda x: F.sum(F.tanh(x) * x / 3 + F.softplus(x) ** 2))(x).dtype == x.dtype
        assert jvp(F.gelu, (x,), (x,))[1].dtype == x.dtype
    mixed = grad(lambda x: F.sum(F.astype(x, "float32") ** 2))(F.asarray([0.5], "float16"))
    assert mixed.dtype.name == "float16"


def test_an_argument_used_twice_and_the_same_tensor_given_twice() -> None:
    x = Tensor(np.asarray(3.0))
    assert grad(lambda x, y: x * y, (0, 1))(x, x)[0].item() == 3.0
    assert grad(lambda pair: pair[0] * pair[1])([x, x])[1].item() == 3.0


# ---- jvp, vjp, linearize ---------------------------------------------------------------------


def test_jvp_and_vjp_agree_with_differences() -> None:
    way = np.random.default_rng(0).standard_normal(X.shape)
    weights = np.random.default_rng(1).standard_normal((2, 2))
    matrix = differences(of_arrays(bumpy), X)
    value, moved = jvp(bumpy, (Tensor(X),), (Tensor(way),))
    np.testing.assert_allclose(value.numpy(), bumpy(Tensor(X)).numpy(), rtol=1e-12)
    np.testing.assert_allclose(moved.numpy(), np.tensordot(matrix, way), atol=1e-8)
    value, pull = vjp(bumpy, Tensor(X))
    for scale in (1.0, -2.0):  # many times
        (pulled,) = pull(Tensor(scale * weights))
        np.testing.assert_allclose(pulled.numpy(), scale * np.tensordot(weights, matrix), atol=1e-7)
    value, push = linearize(bumpy, Tensor(X))
    for scale in (1.0, -2.0):
        np.testing.assert_allclose(
            push(Tensor(scale * way)).numpy(), scale * np.tensordot(matrix, way), atol=1e-7
        )


def test_containers_in_and_out() -> None:
    def f(p: Any, y: Any) -> Any:
        return {"sum": p["a"] + y, "parts": (p["a"] * y, p["b"])}

    primals = ({"a": np.array([1.0, 2.0]), "b": np.asarray(3.0)}, np.array([5.0, 7.0]))
    tangents = ({"a": np.array([1.0, 0.0]), "b": np.asarray(1.0)}, np.array([0.0, 1.0]))
    value, moved = jvp(f, primals, tangents)
    assert value["parts"][0].tolist() == [5.0, 14.0]
    assert moved["sum"].tolist() == [1.0, 1.0]
    assert moved["parts"][0].tolist() == [5.0, 2.0]
    assert moved["parts"][1].item() == 1.0
    value, pull = vjp(f, *primals)
    first, second = pull({"sum": np.ones(2), "parts": (np.array([1.0, 2.0]), 4.0)})
    assert first["a"].tolist() == [6.0, 15.0]
    assert first["b"].item() == 4.0
    assert second.tolist() == [2.0, 5.0]


def test_one_output_used_twice() -> None:
    _value, pull = vjp(lambda x: (x, x, x * x), 3.0)
    assert pull((1.0, 10.0, 1.0))[0].item() == 17.0
    assert [t.item() for t in jvp(lambda x: (x, x, x * x), (3.0,), (1.0,))[1]] == [1.0, 1.0, 6.0]


# ---- matrices of derivatives -----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
def test_jacobian(mode: str) -> None:
    found = jacobian(bumpy, mode=mode)(Tensor(X))
    assert found.shape == (2, 2, 2, 3)
    np.testing.assert_allclose(found.numpy(), differences(of_arrays(bumpy), X), atol=1e-8)


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (lambda x: F.concat([x, x, x]), (2,)),  # more outputs than inputs
        (lambda x: F.sum(x), (3, 2)),
        (lambda x: F.reshape(x * x, (2, 3)), (6,)),
        (lambda x: x * x, ()),
        (lambda x: F.stack([x, x * x]), ()),
        (lambda x: x[:0], (3,)),
        (lambda x: F.zeros(0, "float64") * x, ()),
        (lambda x: F.sum(x, axis=0), (0, 2)),
    ],
)
def test_jacobian_of_every_shape(function: Callable[..., Any], shape: tuple[int, ...]) -> None:
    x = np.asarray(np.random.default_rng(0).uniform(-1, 1, shape))
    output = function(Tensor(x)).shape
    results = [jacobian(function, mode=mode)(Tensor(x)) for mode in ("auto", "forward", "reverse")]
    for found in results:
        assert found.shape == (*output, *shape)
        assert found.dtype.name == "float64"
        np.testing.assert_allclose(found.numpy(), results[0].numpy())
        if x.size and np.prod(output, dtype=int):
            np.testing.assert_allclose(
                found.numpy(), differences(of_arrays(function), x), atol=1e-9
            )


def test_jacobian_by_another_argument() -> None:
    found = jacobian(lambda w, x: w @ x, argnum=1)(np.array([[1.0, 2.0], [3.0, 4.0]]), np.ones(2))
    assert found.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_hessian_and_hvp_by_differences() -> None:
    wanted = differences(lambda x: grad(scalar)(Tensor(x)).numpy(), X)
    found = hessian(scalar)(Tensor(X))
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-8)
    flat = found.numpy().reshape(6, 6)
    np.testing.assert_allclose(flat, flat.T, atol=1e-14)
    way = np.random.default_rng(0).standard_normal(X.shape)
    np.testing.assert_allclose(
        hvp(scalar, Tensor(X), Tensor(way)).numpy(), np.tensordot(wanted, way), atol=1e-7
    )


def test_hvp_of_containers() -> None:
    def f(p: Any) -> Any:
        return F.sum(p["a"] ** 2 * p["b"])

    point = {"a": np.array([1.0, 2.0]), "b": np.asarray(3.0)}
    way = {"a": np.array([1.0, 0.0]), "b": np.asarray(1.0)}
    found = hvp(f, point, way)
    assert found["a"].tolist() == [2 * 3 + 2, 4.0]
    assert found["b"].item() == 2.0


def test_reverse_over_reverse_and_forward_over_forward_agree() -> None:
    over = [
        jacobian(grad(scalar), mode="reverse"),
        jacobian(grad(scalar), mode="forward"),
        jacobian(jacobian(scalar, mode="forward"), mode="forward"),
        jacobian(jacobian(scalar, mode="forward"), mode="reverse"),
    ]
    wanted = over[0](Tensor(X)).numpy()
    for each in over[1:]:
        np.testing.assert_allclose(each(Tensor(X)).numpy(), wanted, atol=1e-13)


@pytest.mark.parametrize("order", range(1, 8))
def test_any_order(order: int) -> None:
    """The n-th derivative of sin is sin, n quarter turns on; of x**5, a falling factorial."""
    sine: Any = F.sin

    def power(x: Any) -> Any:
        return x**5

    for _ in range(order):
        sine, power = grad(sine), grad(power)
    x = Tensor(np.asarray(0.7))
    assert sine(x).item() == pytest.approx(np.sin(0.7 + order * np.pi / 2), abs=1e-14)
    factor = np.prod([5 - k for k in range(order)])
    assert power(x).item() == pytest.approx(factor * 0.7 ** max(5 - order, 0), rel=1e-12)


def test_third_order_mixed_modes() -> None:
    x = Tensor(np.asarray(0.7))
    one = Tensor(np.asarray(1.0))

    def forward(f: Any) -> Any:
        return lambda x: jvp(f, (x,), (one,))[1]

    def f(x: Any) -> Any:
        return F.exp(F.sin(x)) * F.tanh(x)

    results = [
        a(b(c(f)))(x).item()
        for a in (grad, forward)
        for b in (grad, forward)
        for c in (grad, forward)
    ]
    np.testing.assert_allclose(results, results[0], rtol=1e-12)
    check_grads(lambda x: grad(grad(f))(x), [0.7])


# ---- inside traces ---------------------------------------------------------------------------


def test_derivatives_are_traced_like_any_function() -> None:
    program = trace(
        lambda x: (value_and_grad(scalar)(x), hvp(scalar, x, x)), Aval((2, 3), "float64")
    )
    value, slope, curved = program(X)
    np.testing.assert_allclose(value.numpy(), scalar(Tensor(X)).numpy(), rtol=1e-12)
    np.testing.assert_allclose(slope.numpy(), grad(scalar)(Tensor(X)).numpy(), rtol=1e-12)
    np.testing.assert_allclose(
        curved.numpy(), hvp(scalar, Tensor(X), Tensor(X)).numpy(), rtol=1e-12, atol=1e-13
    )
    traced = trace(lambda x: jacobian(bumpy)(x), Aval((2, 3), "float64"))
    np.testing.assert_allclose(
        traced(X)[0].numpy(), jacobian(bumpy)(Tensor(X)).numpy(), rtol=1e-13, atol=1e-15
    )


# ---- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: grad(lambda x: x)(np.ones(2)),
            ShapeError,
            ["grad", "(2,)", "nissl.sum", "jacobian"],
        ),
        (lambda: grad(lambda x: (x, x))(1.0), ArgumentError, ["2", "has_aux"]),
        (lambda: grad(lambda x: None)(1.0), ArgumentError, ["0"]),
        (lambda: grad(F.argmax)(np.ones(2)), DTypeError, ["grad", "int64"]),
        (lambda: grad(lambda x: x)(1), DTypeError, ["grad", "int64", "astype", "argnums"]),
        (lambda: grad(lambda x: x, 1)(1.0), ArgumentError, ["argnums", "1"]),
        (lambda: grad(lambda x: x)("a"), DTypeError, ["str"]),
        (lambda: jvp(F.sin, (1.0,), (1.0, 2.0)), ArgumentError, ["jvp", "nested"]),
        (lambda: jvp(F.sin, (np.ones(2),), (np.ones(3),)), ShapeError, ["jvp", "(3,)", "(2,)"]),
        (
            lambda: jvp(F.sin, (np.ones(2),), (np.ones(2, "float32"),)),
            DTypeError,
            ["jvp", "float32", "float64"],
        ),
        (lambda: vjp(F.sin, np.ones(2))[1](np.ones(3)), ShapeError, ["vjp", "(3,)", "(2,)"]),
        (lambda: vjp(lambda x: (x, x), 1.0)[1](1.0), ArgumentError, ["vjp", "nested"]),
        (lambda: jacobian(F.sin, mode="sideways"), ArgumentError, ["jacobian", "'sideways'"]),
        (lambda: jacobian(lambda x: (x, x))(1.0), ArgumentError, ["jacobian", "one tensor"]),
        (
            lambda: jacobian(lambda x: (x, x), mode="forward")(1.0),
            ArgumentError,
            ["jacobian", "one tensor"],
        ),
    ],
)
def test_errors(call: Callable[[], Any], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        call()
    assert all(word in str(caught.value) for word in words), str(caught.value)
