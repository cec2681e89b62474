"""Norms whose squares leave the range of the dtype: the oracle is mpmath, or worked by hand."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import nissl
from nissl.core import functions as F

WAYS = {"eager": lambda f: f, "compiled": nissl.jit}
SIZES = {
    "float16": (3e-7, 1e-3, 1.0, 2e4),
    "float32": (1e-37, 1e-30, 1e-19, 1.0, 1e18, 1e30, 1e38),
    "float64": (1e-307, 1e-200, 1.0, 1e160, 1e307),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("dtype", "size"), [(d, s) for d in SIZES for s in SIZES[d]])
def test_norm_and_gradient_at_any_size(way: str, dtype: str, size: float) -> None:
    x = (np.array([[0.3, -0.4, 1.2], [0.0, 0.5, 0.0]]) * size).astype(dtype)
    exact = [[mpmath.mpf(float(each)) for each in row] for row in x]
    wanted = [mpmath.sqrt(sum(each**2 for each in row)) for row in exact]
    slopes = [[each / n for each in row] for row, n in zip(exact, wanted, strict=True)]
    rtol = 8 * float(np.finfo(dtype).eps)
    found = WAYS[way](lambda x: F.l2_norm(x, axis=1))(x)
    assert found.dtype == dtype
    atol = float(np.finfo(dtype).smallest_subnormal)  # the result is rounded to a multiple of it
    np.testing.assert_allclose(found.numpy(), [float(n) for n in wanted], rtol, atol)
    slope = WAYS[way](nissl.grad(lambda x: F.sum(F.l2_norm(x, axis=1))))(x)
    wide = [[float(each) for each in row] for row in slopes]
    np.testing.assert_allclose(slope.numpy().astype(float), wide, rtol, atol=rtol)


@pytest.mark.parametrize("way", WAYS)
def test_norms_at_the_ends(way: str) -> None:
    norm = WAYS[way](lambda x: F.l2_norm(x, axis=-1, keepdims=True))
    x = np.array([[0, 0], [np.inf, 1], [-np.inf, np.inf], [np.nan, 1]])
    np.testing.assert_array_equal(norm(x).numpy(), [[0], [np.inf], [np.inf], [np.nan]])
    slope = WAYS[way](nissl.grad(F.l2_norm))(np.zeros(3))
    np.testing.assert_array_equal(slope.numpy(), np.zeros(3))
    moved = nissl.jvp(F.l2_norm, (np.zeros(3),), (np.ones(3),))[1]
    assert moved.item() == 0.0


def test_norms_of_nothing_and_of_integers() -> None:
    assert F.l2_norm(np.zeros(0)).item() == 0.0
    assert F.l2_norm(np.zeros((2, 0)), axis=1).tolist() == [0.0, 0.0]
    assert F.l2_norm([3, 4]).item() == 5.0
    assert F.l2_norm(np.zeros((2, 3)), axis=(0, 1), keepdims=True).shape == (1, 1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("pair", "wanted"),
    [
        ((np.inf, np.nan), np.inf),
        ((np.nan, -np.inf), np.inf),
        ((np.nan, 1.0), np.nan),
        ((-3e300, 4e300), 5e300),
        ((3e-310, 4e-310), 5e-310),
        ((0.0, -0.0), 0.0),
        ((1e308, np.inf), np.inf),
    ],
)
def test_hypot_of_odd_pairs(way: str, pair: tuple[float, float], wanted: float) -> None:
    found = WAYS[way](nissl.hypot)(*map(np.float64, pair)).item()
    if way == "compiled" and 0 < wanted < 1e-307:
        assert (
            0 <= found <= wanted * (1 + 1e-12)
        )  # XLA may take numbers below the normal ones for 0
    else:
        np.testing.assert_allclose(found, wanted, 1e-15)


def second(x: Any) -> Any:
    return nissl.hessian(F.l2_norm)(x).numpy()


def test_second_derivative_of_a_norm() -> None:
    # (1 - u u^T) / |x| with u = x / |x|
    np.testing.assert_allclose(second(np.array([3.0, 4.0])), [[0.128, -0.096], [-0.096, 0.072]])
