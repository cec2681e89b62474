"""Functions composed of ops, at points where a careless formula overflows or cancels: mpmath.

Tolerances are in units in the last place (ulp) of the result, 8 unless said otherwise;
derivatives in ulp of ``max(1, |derivative|)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
from digits import exactly, ulps
from mpmath import mpf

from nissl.autodiff import grad, hessian, jacobian, jvp
from nissl.core import functions as F
from nissl.core.tensor import Tensor

Scalar = Callable[[Any], Any]


@pytest.fixture(autouse=True)
def _digits() -> Iterator[None]:
    """More digits than any float, whatever other tests have asked of mpmath."""
    with mpmath.workdps(60):
        yield


def softplus(x: Any) -> Any:
    return mpmath.log1p(mpmath.exp(-abs(x))) + max(x, 0)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def phi(x: Any) -> Any:
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


def gelu_tanh(x: Any) -> Any:
    inner = mpmath.sqrt(2 / mpmath.pi) * (x + mpf("0.044715") * x**3)
    return x * sigmoid(2 * inner)  # (1 + tanh(u)) / 2 = sigmoid(2u), which does not cancel


with mpmath.workdps(40):
    SELU_ALPHA = mpf("1.6732632423543772848170429916717")
    SELU_SCALE = mpf("1.0507009873554804934193349852946")
POINTS = (-1000.0, -60.0, -20.0, -8.0, -5.0, -1.0, -1e-8, -1e-30, 1e-30, 1e-8, 1.0, 5.0, 20.0, 1e3)

SMOOTH: dict[str, tuple[Callable[..., Any], Scalar, float]] = {
    "softplus": (F.softplus, softplus, 8),
    "sigmoid": (F.sigmoid, sigmoid, 8),
    "log_sigmoid": (F.log_sigmoid, lambda x: -softplus(-x), 8),
    "tanh": (F.tanh, mpmath.tanh, 8),
    "expm1": (F.expm1, mpmath.expm1, 8),
    "silu": (F.silu, lambda x: x * sigmoid(x), 8),
    # erfc(x / sqrt(2)) rounds its argument, which its slope magnifies by x**2
    "gelu": (F.gelu, lambda x: x * phi(x), 128),
    "softsign": (F.softsign, lambda x: x / (1 + abs(x)), 8),
    "elu": (F.elu, lambda x: x if x > 0 else mpmath.expm1(x), 8),
    "selu": (
        F.selu,
        lambda x: SELU_SCALE * (x if x > 0 else SELU_ALPHA * mpmath.expm1(x)),
        8,
    ),
    "hard_tanh": (F.hard_tanh, lambda x: max(mpf(-1), min(mpf(1), x)), 0),
    "leaky_relu": (F.leaky_relu, lambda x: x if x > 0 else x * mpf(0.2), 8),
    "relu": (F.relu, lambda x: max(x, mpf(0)), 0),
    "heaviside": (F.heaviside, lambda x: mpf(int(x >= 0)), 0),
}
LIMITS = {  # at minus and plus infinity
    "softplus": (0.0, np.inf),
    "sigmoid": (0.0, 1.0),
    "log_sigmoid": (-np.inf, 0.0),
    "tanh": (-1.0, 1.0),
    "expm1": (-1.0, np.inf),
    "silu": (0.0, np.inf),
    "gelu": (0.0, np.inf),
    "softsign": (-1.0, 1.0),
    "elu": (-1.0, np.inf),
    "selu": (-float(SELU_ALPHA * SELU_SCALE), np.inf),
    "hard_tanh": (-1.0, 1.0),
    "leaky_relu": (-np.inf, np.inf),
    "relu": (0.0, np.inf),
    "heaviside": (0.0, 1.0),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", SMOOTH)
def test_value_and_derivative_at_hard_points(name: str, dtype: str) -> None:
    function, oracle, most = SMOOTH[name]
    for point in POINTS:
        if name == "hard_tanh" and abs(point) == 1:
            continue  # its kinks
        x = np.asarray(point, dtype)
        value, slope = jvp(function, (Tensor(x),), (Tensor(np.ones((), dtype)),))
        assert value.dtype == x.dtype
        at = exactly(x)
        tiny = abs(oracle(at)) < mpf(float(np.finfo(dtype).smallest_normal))
        assert tiny or ulps(value.numpy(), oracle(at), dtype) <= most, (point, value)
        assert not tiny or abs(value.item()) < 1e-37, (point, value)
        wanted = mpmath.diff(oracle, at, h=mpf(10) ** -35 if abs(at) > 1e-20 else mpf(10) ** -45)
        assert ulps(slope.numpy(), wanted, dtype, least=1.0) <= 8, (point, slope, wanted)
        backward = grad(function)(Tensor(x))
        assert ulps(backward.numpy(), wanted, dtype, least=1.0) <= 8, (point, backward, wanted)


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", LIMITS)
def test_limits_at_infinity(name: str, dtype: str) -> None:
    left, right = SMOOTH[name][0](F.asarray([-np.inf, np.inf], dtype)).numpy().astype(float)
    assert left == pytest.approx(LIMITS[name][0], rel=1e-2), "at minus infinity"
    assert right == LIMITS[name][1], "at plus infinity"


@pytest.mark.parametrize("name", SMOOTH)
def test_nan_stays_nan(name: str) -> None:
    assert np.isnan(SMOOTH[name][0](np.nan).item())


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", [*SMOOTH, "gelu_tanh"])
def test_derivatives_are_finite_over_the_whole_range_of_a_dtype(name: str, dtype: str) -> None:
    import ml_dtypes

    function = (lambda x: F.gelu(x, approximate=True)) if name == "gelu_tanh" else SMOOTH[name][0]
    largest = float(ml_dtypes.finfo(F.asarray(0.0, dtype).dtype).max)
    sizes = [s for s in (0.0, 1.0, 10.0, 300.0, 1e4, 1e20, largest) if s <= largest]
    if name == "expm1":
        sizes = sizes[:3]
    for size in sizes:
        for x in (size, -size):
            slope = grad(lambda x: F.astype(function(x), "float32"))(F.asarray(x, dtype))
            assert np.isfinite(slope.numpy().astype(float)), (name, dtype, x)


def test_gelu_by_tanh() -> None:
    for point in (-30.0, -4.0, -1.0, -1e-8, 1e-8, 1.0, 4.0, 30.0):
        found = F.gelu(Tensor(np.asarray(point)), approximate=True).numpy()
        assert abs(exactly(found) - gelu_tanh(mpf(point))) <= 4 * 2.0**-52 * max(1.0, abs(point))


# ---- two arguments ---------------------------------------------------------------------------

PAIRS = [
    (0.0, 0.0),
    (1.0, 1.0),
    (1.0, -1.0),
    (0.0, 2.0),
    (2.0, 0.0),
    (-3.0, 4.0),
    (1e200, 1e200),
    (1e-200, 1e-200),
    (1e200, 1e-200),
    (-1e17, 5.0),
    (5.0, -1e17),
    (700.0, 710.0),
    (-1000.0, -1001.0),
]


@pytest.mark.parametrize("pair", PAIRS)
def test_logaddexp_and_hypot(pair: tuple[float, float]) -> None:
    x, y = map(mpf, pair)
    top = max(x, y)
    both = top + mpmath.log(mpmath.exp(x - top) + mpmath.exp(y - top))
    args = [Tensor(np.asarray(each)) for each in pair]
    assert ulps(F.logaddexp(*args).numpy(), both, "float64", least=1.0) <= 4
    assert ulps(F.hypot(*args).numpy(), mpmath.sqrt(x * x + y * y), "float64") <= 4
    shares = grad(F.logaddexp, (0, 1))(*args)
    assert ulps(shares[0].numpy(), sigmoid(x - y), "float64", least=1.0) <= 4
    assert ulps(shares[1].numpy(), sigmoid(y - x), "float64", least=1.0) <= 4
    radius = mpmath.sqrt(x * x + y * y)
    slopes = grad(F.hypot, (0, 1))(*args)
    for slope, each in zip(slopes, (x, y), strict=True):
        wanted = each / radius if radius else mpf(0)
        assert ulps(slope.numpy(), wanted, "float64", least=1.0) <= 4


@pytest.mark.parametrize("pair", [(1.0, 1.0), (1.0, -1.0), (0.0, 2.0), (2.0, 0.0), (-3.0, 4.0)])
def test_second_derivatives_at_ties_and_zeros(pair: tuple[float, float]) -> None:
    """Where branches meet, the function is smooth, and so must its derivatives be."""
    x, y = pair
    r = float(np.hypot(x, y))
    wanted = np.array([[y * y, -x * y], [-x * y, x * x]]) / r**3
    point = Tensor(np.array(pair))
    np.testing.assert_allclose(
        hessian(lambda v: F.hypot(v[0], v[1]))(point).numpy(), wanted, atol=1e-15
    )
    s = float(sigmoid(mpf(x - y)))
    wanted = s * (1 - s) * np.array([[1, -1], [-1, 1]])
    np.testing.assert_allclose(
        hessian(lambda v: F.logaddexp(v[0], v[1]))(point).numpy(), wanted, atol=1e-15
    )


def test_asinh_and_atan2_to_third_order_at_zero_and_one() -> None:
    for at in (0.0, 1.0, -1.0):
        third = grad(grad(grad(F.asinh)))(Tensor(np.asarray(at))).item()
        assert third == pytest.approx(float(mpmath.diff(mpmath.asinh, at, 3)), abs=1e-12)
    for x, y in ((0.0, 2.0), (1.0, 1.0), (1.0, -1.0)):
        third = grad(grad(grad(lambda x, y=y: F.atan2(x, y))))(Tensor(np.asarray(x))).item()
        wanted = mpmath.diff(lambda t, y=y: mpmath.atan2(t, y), x, 3)
        assert third == pytest.approx(float(wanted), abs=1e-12)


def test_logaddexp_and_hypot_at_infinity() -> None:
    inf = np.inf
    cases = [
        (inf, inf, inf),
        (-inf, -inf, -inf),
        (-inf, 5.0, 5.0),
        (5.0, -inf, 5.0),
        (inf, -inf, inf),
        (inf, 3.0, inf),
    ]
    for x, y, wanted in cases:
        assert F.logaddexp(x, y).item() == wanted
        assert F.hypot(x, y).item() == (inf if np.isinf(x) or np.isinf(y) else 0)
    slopes = grad(F.logaddexp, (0, 1))(-inf, 5.0)
    assert [each.item() for each in slopes] == [0.0, 1.0]


# ---- along an axis ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([-np.inf, -np.inf], -np.inf),
        ([-np.inf, 0.0], 0.0),
        ([np.inf, 0.0], np.inf),
        ([1e300, 1e300], 1e300),
        ([1000.0, 1000.0], 1000.693147180559945),
        ([-1000.0, -1000.0], -999.306852819440055),
        ([1e-8, 0.0, -1e-8], 1.0986122886681098),
    ],
)
def test_logsumexp(values: list[float], wanted: float) -> None:
    x = Tensor(np.array(values))
    assert F.logsumexp(x).item() == pytest.approx(wanted, rel=1e-15)
    if np.isfinite(wanted):
        slope = grad(F.logsumexp)(x).numpy()
        np.testing.assert_allclose(slope, F.softmax(x).numpy(), rtol=1e-12)


def test_log_softmax_and_softmax_without_underflow() -> None:
    x = np.array([0.0, -1000.0, 700.0])
    top = mpf(700)
    total = mpmath.log(sum(mpmath.exp(mpf(v) - top) for v in x.tolist()))
    found = F.log_softmax(Tensor(x)).numpy()
    for each, v in zip(found, x.tolist(), strict=True):
        assert ulps(each, mpf(v) - top - total, "float64", least=1.0) <= 4
    masked = F.softmax(Tensor(np.array([1.0, -np.inf, 2.0])))
    assert masked[1].item() == 0.0
    assert masked.sum().item() == pytest.approx(1.0, rel=1e-15)
    slopes = jacobian(F.softmax)(Tensor(np.array([1.0, -np.inf, 2.0]))).numpy()
    assert np.isfinite(slopes).all()
    slopes = jacobian(F.log_softmax)(Tensor(x)).numpy()
    np.testing.assert_allclose(slopes, np.eye(3) - F.softmax(Tensor(x)).numpy(), atol=1e-15)


@pytest.mark.parametrize("values", [[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [0.0] * 4, [2.0, -1.0, 5.0]])
def test_products_have_right_derivatives_at_zeros(values: list[float]) -> None:
    x = np.array(values)
    n = len(x)
    exact = [np.prod(np.delete(x, i)) for i in range(n)]
    np.testing.assert_allclose(grad(F.prod)(Tensor(x)).numpy(), exact)
    pairs = [[0.0 if i == j else np.prod(np.delete(x, [i, j])) for j in range(n)] for i in range(n)]
    np.testing.assert_allclose(hessian(F.prod)(Tensor(x)).numpy(), pairs)
    running = jacobian(F.cumulative_prod)(Tensor(x)).numpy()
    wanted = [
        [np.prod(np.delete(x[: i + 1], j)) if j <= i else 0 for j in range(n)] for i in range(n)
    ]
    np.testing.assert_allclose(running, wanted)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_statistics_of_half_precisions_do_not_overflow(dtype: str) -> None:
    x = F.full((4096,), 40.0, dtype)
    assert F.mean(x).item() == 40.0
    spread = F.concat([x, -x])
    assert F.var(spread).item() == pytest.approx(1600.0, rel=1e-2)
    assert F.std(spread, correction=1).item() == pytest.approx(40.0, rel=1e-2)
    assert F.mean(x).dtype == x.dtype
    assert F.var(x).dtype == x.dtype


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sums_of_half_precisions_do_not_stall(dtype: str) -> None:
    """Added one at a time in bfloat16, ones stop counting at 256."""
    x = F.zeros((5000,), dtype)
    assert F.softmax(x)[0].item() == pytest.approx(1 / 5000, rel=1e-2)
    assert F.log_softmax(x)[0].item() == pytest.approx(-np.log(5000), rel=1e-2)
    assert F.logsumexp(x).item() == pytest.approx(np.log(5000), rel=1e-2)
    assert F.sum(F.ones((5000,), dtype)).item() == pytest.approx(5000, rel=1e-2)
    assert F.cumulative_sum(F.ones((5000,), dtype))[-1].item() == pytest.approx(5000, rel=1e-2)
    ones = F.ones((1, 5000), dtype)
    assert (ones @ F.matrix_transpose(ones)).item() == pytest.approx(5000, rel=1e-2)


# ---- conventions at kinks, as the docstrings state -------------------------------------------


@pytest.mark.parametrize(
    ("function", "at", "convention"),
    [
        (F.relu, 0.0, 0.0),
        (F.abs, 0.0, 0.0),
        (F.sign, 0.0, 0.0),
        (F.heaviside, 0.0, 0.0),
        (F.hard_tanh, 1.0, 0.0),
        (F.hard_tanh, -1.0, 0.0),
        (lambda x: F.leaky_relu(x, 0.3), 0.0, 0.3),
        (lambda x: F.clip(x, -1.0, 1.0), 1.0, 0.0),
        (lambda x: F.clip(x, -1.0, 1.0), -1.0, 0.0),
        (lambda x: F.clip(x, -1.0, 1.0), 1.5, 0.0),
        (lambda x: F.maximum(x, 0.0), 0.0, 0.0),
        (lambda x: F.minimum(x, 0.0), 0.0, 0.0),
        (lambda x: F.hypot(x, 0.0), 0.0, 0.0),
        (lambda x: F.pow(0.0, x), 0.0, 0.0),
        (lambda x: F.pow(0.0, x), 2.0, 0.0),
        (F.floor, 1.0, 0.0),
        (F.ceil, 1.0, 0.0),
        (F.round, 0.5, 0.0),
        (F.trunc, 1.0, 0.0),
        (F.elu, 0.0, 1.0),
    ],
)
def test_the_convention_at_a_kink(function: Scalar, at: float, convention: float) -> None:
    assert grad(function)(Tensor(np.asarray(at))).item() == pytest.approx(convention)
    moved = jvp(function, (Tensor(np.asarray(at)),), (Tensor(np.asarray(1.0)),))[1]
    assert moved.item() == pytest.approx(convention)


def test_ties_share_equally() -> None:
    x = Tensor(np.array([3.0, 1.0, 3.0]))
    assert grad(F.max)(x).tolist() == [0.5, 0.0, 0.5]
    assert grad(F.min)(x).tolist() == [0.0, 1.0, 0.0]
    assert grad(lambda x: F.sort(x)[2])(x).tolist() == [0.0, 0.0, 1.0]


def test_square_root_at_zero_is_infinitely_steep() -> None:
    assert grad(F.sqrt)(Tensor(np.asarray(0.0))).item() == np.inf
