"""Derivatives of every order at exact points, in tails and at the ends: mpmath is the oracle.

Forms whose kinks cancel (``|x|`` in a softplus) must be right at the very point where they do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

import nissl
from nissl import activations, losses
from nissl.core import functions as F

Scalar = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def _digits() -> Iterator[None]:
    with mpmath.workdps(80):
        yield


def softplus(x: Any) -> Any:
    return mpmath.log1p(mpmath.exp(x)) if x < 0 else x + mpmath.log1p(mpmath.exp(-x))


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def gelu_tanh(x: Any) -> Any:
    inner = mpmath.sqrt(2 / mpmath.pi) * (x + mpf(0.044715) * x**3)
    return x * sigmoid(2 * inner)


SMOOTH: dict[str, tuple[Scalar, Scalar]] = {
    "softplus": (F.softplus, softplus),
    "sigmoid": (F.sigmoid, sigmoid),
    "log_sigmoid": (F.log_sigmoid, lambda x: -softplus(-x)),
    "tanh": (F.tanh, mpmath.tanh),
    "silu": (F.silu, lambda x: x * sigmoid(x)),
    "mish": (activations.mish, lambda x: x * mpmath.tanh(softplus(x))),
    "gelu": (F.gelu, lambda x: x * mpmath.erfc(-x / mpmath.sqrt(2)) / 2),
    "gelu_tanh": (lambda x: F.gelu(x, approximate=True), gelu_tanh),
    "exponential": (F.exp, mpmath.exp),
    "log_cosh": (F.log_cosh, lambda x: abs(x) + mpmath.log1p(mpmath.expm1(-2 * abs(x)) / 2)),
    "logaddexp": (lambda x: F.logaddexp(x, -x), lambda x: softplus(2 * x) - x),
    "hypot": (lambda x: F.hypot(x, 1.0), lambda x: mpmath.sqrt(x * x + 1)),
    "atan2": (lambda x: F.atan2(x, 1.0), mpmath.atan),
    "logsumexp": (lambda x: F.logsumexp(F.stack([x, -x])), lambda x: softplus(2 * x) - x),
    "binary crossentropy, 1": (
        lambda x: losses.BinaryCrossentropy(from_logits=True)([1.0], F.reshape(x, (1,))),
        lambda x: softplus(-x),
    ),
    "binary crossentropy, 0": (
        lambda x: losses.BinaryCrossentropy(from_logits=True)([0.0], F.reshape(x, (1,))),
        softplus,
    ),
    "binary crossentropy of a sigmoid": (
        lambda x: losses.BinaryCrossentropy()([1.0], F.sigmoid(F.reshape(x, (1,)))),
        lambda x: softplus(-x),
    ),
    "LogCosh": (
        lambda x: losses.LogCosh()([0.0], F.reshape(x, (1,))),
        lambda x: abs(x) + mpmath.log1p(mpmath.expm1(-2 * abs(x)) / 2),
    ),
    "sparse categorical crossentropy": (
        lambda x: losses.SparseCategoricalCrossentropy(from_logits=True)(
            [1], F.reshape(F.stack([-x, x]), (1, 2))
        ),
        lambda x: softplus(-2 * x),
    ),
    "categorical crossentropy": (
        lambda x: losses.CategoricalCrossentropy(from_logits=True)(
            [[0.25, 0.75]], F.reshape(F.stack([-x, x]), (1, 2))
        ),
        lambda x: softplus(-2 * x) + x / 2,
    ),
    "square": (lambda x: losses.MeanSquaredError()([0.0], F.reshape(x, (1,))), lambda x: x * x),
    "Huber, inside": (
        lambda x: losses.Huber(delta=1e5)([0.0], F.reshape(x, (1,))),
        lambda x: x * x / 2,
    ),
}
POINTS = (0.0, 1e-30, -1e-30, 1e-8, -1.0, 1.0, -40.0, 40.0, -1e4, 1e4)


def forward(function: Scalar) -> Scalar:
    return lambda x: nissl.jvp(function, (x,), (F.ones_like(x),))[1]


def derivatives(function: Scalar, x: Any) -> list[Any]:
    """The value and derivatives to order 3, in reverse and in forward mode."""
    back, ahead = function, function
    found = [function(x)]
    for _ in range(3):
        back, ahead = nissl.grad(back), forward(ahead)
        found += [back(x), ahead(x)]
    return found


def wanted_of(oracle: Scalar, at: float) -> list[Any]:
    point = mpf(at)
    step = mpf(10) ** -12
    terms = [oracle(point)]
    for order in (1, 2, 3):
        with mpmath.workdps(200):
            slope = mpmath.diff(oracle, point, order, h=step**4 if abs(at) < 1e-20 else step)
        terms += [slope, slope]
    return terms


def points(name: str) -> list[float]:
    if name == "exponential":
        return [at for at in POINTS if at != 1e4]
    if "of a sigmoid" in name:  # which is seen only where a graph is kept
        return [at for at in POINTS if abs(at) <= 1]
    return list(POINTS)


@pytest.mark.parametrize("name", SMOOTH)
def test_three_orders_in_both_modes(name: str) -> None:
    function, oracle = SMOOTH[name]
    for at in points(name):
        wanted = np.array([float(each) for each in wanted_of(oracle, at)])
        scale = max(1.0, abs(wanted[1])) if name == "exponential" else 1.0
        for dtype, rtol in (("float64", 1e-11), ("float32", 1e-4)):
            found = np.array([each.item() for each in derivatives(function, np.asarray(at, dtype))])
            atol = rtol * scale
            np.testing.assert_allclose(found, wanted, rtol, atol, err_msg=f"{at} {dtype}")


COMPILED = ("softplus", "gelu", "log_cosh", "logaddexp", "hypot", "binary crossentropy, 1")


@pytest.mark.parametrize("name", COMPILED)
def test_second_derivatives_when_compiled(name: str) -> None:
    function, oracle = SMOOTH[name]
    compiled = nissl.jit(nissl.grad(nissl.grad(function)))
    for at in points(name):
        found = compiled(np.float64(at)).item()
        assert found == pytest.approx(float(wanted_of(oracle, at)[3]), rel=1e-11, abs=1e-11), at


def test_newtons_method_from_zero_for_logistic_regression() -> None:
    """Its first step is (X' X / 4)^-1 X' (t - 1/2), for p (1 - p) is 1/4 at w = 0."""
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(20, 2)), rng.integers(0, 2, 20).astype(float)

    def loss(w: Any) -> Any:
        each = losses.BinaryCrossentropy(from_logits=True, reduction="sum")
        return each(t[:, None], F.reshape(F.matmul(x, w), (20, 1)))

    found = nissl.hessian(loss)(np.zeros(2)).numpy()
    np.testing.assert_allclose(found, x.T @ x / 4, 1e-12)


# ---- tails that are small but not 0 --------------------------------------------------------------

TAILS: dict[str, tuple[Scalar, Scalar, float]] = {
    "elu": (F.elu, mpmath.exp, -40.0),
    "selu": (F.selu, lambda x: mpf(1.7580993408473768) * mpmath.exp(x), -40.0),
    "expm1": (F.expm1, mpmath.exp, -40.0),
    "sigmoid": (F.sigmoid, lambda x: mpmath.exp(-x) / (1 + mpmath.exp(-x)) ** 2, -40.0),
    "softplus": (F.softplus, sigmoid, -40.0),
    "log_sigmoid": (F.log_sigmoid, lambda x: sigmoid(-x), 40.0),
    "silu": (F.silu, lambda x: sigmoid(x) * (1 + x * sigmoid(-x)), -40.0),
    "softsign": (F.softsign, lambda x: 1 / (1 + abs(x)) ** 2, 1e12),
    "erfc": (F.erfc, lambda x: -2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x), 12.0),
    "atan": (F.atan, lambda x: 1 / (1 + x * x), 1e12),
    "log10": (F.log10, lambda x: 1 / (x * mpmath.log(10)), 1e300),
    "log_cosh": (F.log_cosh, mpmath.tanh, 1e-30),
}


@pytest.mark.parametrize("name", TAILS)
def test_derivatives_in_tails_keep_their_digits(name: str) -> None:
    function, slope, at = TAILS[name]
    x, wanted = np.float64(at), float(slope(mpf(at)))
    for found in (
        nissl.grad(function)(x),
        forward(function)(x),
        nissl.jit(nissl.grad(function))(x),
    ):
        assert found.item() == pytest.approx(wanted, rel=1e-12, abs=0)


# ---- the ends of the range -----------------------------------------------------------------------

INF = np.inf
ENDS: dict[str, tuple[float, float, float, float]] = {  # values, then slopes, at -inf and inf
    "absolute": (INF, INF, -1, 1),
    "elu": (-1, INF, 0, 1),
    "exponential": (0, INF, 0, INF),
    "gelu": (0, INF, 0, 1),
    "hard_sigmoid": (0, 1, 0, 0),
    "hard_silu": (0, INF, 0, 1),
    "hard_tanh": (-1, 1, 0, 0),
    "heaviside": (0, 1, 0, 0),
    "leaky_relu": (-INF, INF, 0.2, 1),
    "linear": (-INF, INF, 1, 1),
    "log_sigmoid": (-INF, 0, 1, 0),
    "mish": (0, INF, 0, 1),
    "relu": (0, INF, 0, 1),
    "relu6": (0, 6, 0, 0),
    "selu": (-1.7580993408473768, INF, 0, 1.0507009873554805),
    "sigmoid": (0, 1, 0, 0),
    "sign": (-1, 1, 0, 0),
    "silu": (0, INF, 0, 1),
    "softplus": (0, INF, 0, 1),
    "softsign": (-1, 1, 0, 0),
    "tanh": (-1, 1, 0, 0),
}


def test_the_ends_of_all_activations_are_stated() -> None:
    assert set(ENDS) | {"softmax", "log_softmax"} == set(activations.registry)


@pytest.mark.parametrize("name", ENDS)
def test_values_and_slopes_at_infinity(name: str) -> None:
    function = activations.get(name)
    x = np.array([-INF, INF])
    value, reverse = nissl.vjp(function, x)
    pulled = reverse(np.ones(2))[0]
    moved = forward(function)(F.asarray(x))
    both = nissl.jit(lambda x: (function(x), nissl.vjp(function, x)[1](np.ones(2))[0]))(x)
    for found in (value, both[0]):
        np.testing.assert_allclose(found.numpy(), ENDS[name][:2], 1e-15)
    for found in (pulled, moved, both[1]):
        np.testing.assert_allclose(found.numpy(), ENDS[name][2:], 1e-15)


# ---- exact logarithms, far products --------------------------------------------------------------


@pytest.mark.parametrize("way", [lambda f: f, nissl.jit], ids=["eager", "compiled"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_logarithms_are_exact_at_powers_of_their_base(dtype: str, way: Any) -> None:
    info = np.finfo(dtype)
    twos = np.arange(info.minexp, info.maxexp)
    tens = np.arange(int(np.ceil(np.log10(float(info.tiny)))), int(np.log10(float(info.max))) + 1)
    two = way(F.log2)(np.ldexp(np.ones((), dtype), twos).astype(dtype))
    ten = way(F.log10)(np.array([float(f"1e{n}") for n in tens]).astype(dtype))
    np.testing.assert_array_equal(two.numpy(), twos.astype(dtype))
    np.testing.assert_array_equal(ten.numpy(), tens.astype(dtype))
    odd = np.array([0.0, -1.0, np.inf, np.nan], dtype)
    for function in (F.log2, F.log10):
        found = way(function)(odd).numpy()
        np.testing.assert_array_equal(found, np.array([-np.inf, np.nan, np.inf, np.nan], dtype))
    near = np.array([0.999, 1.001, 3.0, 700.0]).astype(dtype)
    eps = float(info.eps)
    for function, oracle in ((F.log2, np.log2), (F.log10, np.log10)):
        found = way(function)(near).numpy().astype(float)
        np.testing.assert_allclose(found, oracle(near.astype(np.longdouble)), 8 * eps)


FAR_APART = [
    [1e200, 1e200, 1e-200, 1e-200],
    [1e-200, 1e-200, 1e200, 1e200],
    [1e200, 1e-200, 1e200, 1e-200, 3.0],
    [1e300, 1e300, *[1e-100] * 6],
    [1e200, 1e200, -1e-300, 1e-50],
    [1e-300, 1e-300, 1e300, 1e300, 1e-5, -2.0, 7.0],
    [1e200, 0.0, 1e200, 1e-300],
    [0.0, 1e300, 0.0, 1e300],
    [2.0, 3.0, -4.0],
]


@pytest.mark.parametrize("numbers", FAR_APART)
def test_products_of_far_magnitudes(numbers: list[float]) -> None:
    exact = [mpf(each) for each in numbers]
    wanted = float(mpmath.fprod(exact))
    slopes = [float(mpmath.fprod(exact[:i] + exact[i + 1 :])) for i in range(len(exact))]
    x = np.array(numbers)
    found = [F.prod(x), nissl.jit(F.prod)(x)]
    assert [each.item() for each in found] == pytest.approx([wanted] * 2, rel=1e-14)
    for way in (nissl.grad(F.prod), nissl.jit(nissl.grad(F.prod))):
        np.testing.assert_allclose(way(x).numpy(), slopes, 1e-13)
    way = np.zeros_like(x)
    way[0] = 1.0
    assert nissl.jvp(F.prod, (x,), (way,))[1].item() == pytest.approx(slopes[0], rel=1e-13)


def test_products_along_axes_with_far_ones() -> None:
    x = np.array([[1e200, 2.0], [1e200, 3.0], [1e-200, 4.0], [1e-200, 5.0]])
    np.testing.assert_allclose(F.prod(x, axis=0).numpy(), [1.0, 120.0], 1e-14)
    np.testing.assert_allclose(F.prod(x, axis=1).numpy(), [2e200, 3e200, 4e-200, 5e-200], 1e-14)
    np.testing.assert_array_equal(F.prod(np.array([1e300, np.nan, 1e300])).numpy(), np.nan)
    np.testing.assert_array_equal(F.prod(np.array([1e300, np.inf, 1e300])).numpy(), np.inf)
