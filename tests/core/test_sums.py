"""Sums keep their digits on every axis and layout; the oracle is the same in float64, or exact."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nissl
from nissl.core import functions as F
from nissl.core.ops.summation import sum_numpy

MANY = 60_000  # a hundred times what a sum one after the other keeps the tolerance for


def temperatures(shape: tuple[int, ...], dtype: Any) -> np.ndarray[Any, Any]:
    return np.random.default_rng(3).uniform(250, 320, shape).astype(dtype)


LAYOUTS: dict[str, tuple[Callable[[Any], Any], Any]] = {  # an array, and the axes of the sum
    "rows": (lambda d: temperatures((MANY, 3), d), 0),
    "a column": (lambda d: temperatures((MANY, 1), d), 0),
    "columns in memory": (lambda d: np.asfortranarray(temperatures((MANY, 3), d)), 0),
    "last axis": (lambda d: temperatures((3, MANY), d), 1),
    "last axis, transposed": (lambda d: temperatures((MANY, 3), d).T, 1),
    "middle axis": (lambda d: temperatures((2, MANY, 2), d), 1),
    "two axes": (lambda d: temperatures((300, 200, 2), d), (0, 1)),
    "two axes apart": (lambda d: temperatures((300, 2, 200), d), (0, 2)),
    "all axes": (lambda d: temperatures((300, 200), d), None),
    "all axes, transposed and cut": (lambda d: temperatures((300, 400), d).T[::2], None),
    "every second row, backwards": (lambda d: temperatures((2 * MANY, 2), d)[::-2], 0),
    "one row, repeated": (lambda d: np.broadcast_to(temperatures((1, 3), d), (MANY, 3)), 0),
}
STATISTICS = {"sum": (F.sum, np.sum), "mean": (F.mean, np.mean), "std": (F.std, np.std)}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", STATISTICS)
def test_statistics_of_many_numbers(name: str, dtype: str, layout: str) -> None:
    make, axis = LAYOUTS[layout]
    function, oracle = STATISTICS[name]
    x = make(dtype)
    with np.errstate(over="ignore"):
        wanted = oracle(x.astype(np.longdouble), axis=axis).astype(dtype)
    eps = float(np.finfo(dtype).eps)
    atol = 16 * 300 * eps if name == "std" else 0  # what is left of numbers near 300
    found = function(x, axis).numpy()
    assert found.dtype == x.dtype
    np.testing.assert_allclose(found, wanted, rtol=8 * eps, atol=atol)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sum_in_groups_is_that_of_its_exact_terms(dtype: str) -> None:
    x = temperatures((70_001, 2), dtype)
    for column, found in zip(x.T, sum_numpy(x, 0), strict=True):
        assert found == pytest.approx(math.fsum(column), rel=4 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("count", [127, 128, 129, 4095, 4096, 4097, 8191, 70_001])
def test_no_term_is_lost_or_counted_twice(count: int) -> None:
    x = np.arange(2.0 * count).reshape(count, 2)  # whole numbers: exact
    assert sum_numpy(x, 0).tolist() == [count * (count - 1), count * count]
    assert sum_numpy(x.T, 1).tolist() == [count * (count - 1), count * count]
    assert sum_numpy(x, (0, 1), keepdims=True).tolist() == [[count * (2 * count - 1)]]
    assert sum_numpy(x, -2, keepdims=True).shape == (1, 2)


def test_axes_that_are_merged() -> None:
    x = np.arange(5 * 6 * 7 * 8.0).reshape(5, 6, 7, 8)
    for axes in [(0, 1), (1, 2), (0, 2), (1, 3), (0, 1, 3), (0, 1, 2), (0, 1, 2, 3), (2, 3), ()]:
        for view in (x, x.transpose(3, 1, 0, 2), x[::-1, :, 1:]):
            np.testing.assert_array_equal(sum_numpy(view, axes), view.sum(axis=axes))
            found = sum_numpy(view, axes, keepdims=True)
            np.testing.assert_array_equal(found, view.sum(axis=axes, keepdims=True))


def sums_of(x: Any, small: Any) -> list[Any]:
    return [
        F.cumulative_sum(small, axis=0)[-1, -1],
        F.cumulative_sum(F.matrix_transpose(small), axis=1)[-1, -1],
        F.l2_norm(x, axis=0)[0],
        F.logsumexp(x, axis=0)[0],
        F.softmax(x, axis=0)[0, 0],
        F.vecdot(x, x, axis=0)[0],
        F.einsum("ij,ij->j", x, x)[0],
    ]


@pytest.mark.parametrize(
    ("dtype", "rel"), [("float16", 2e-3), ("bfloat16", 2e-2), ("float32", 2e-6)]
)
@pytest.mark.parametrize("way", [lambda f: f, nissl.jit], ids=["eager", "compiled"])
def test_running_sums_and_others_of_many_tenths(way: Any, dtype: str, rel: float) -> None:
    x, small = F.full((MANY, 2), 0.1, dtype), F.full((MANY, 2), 1e-4, dtype)
    tenth, little = x[0, 0].item(), small[0, 0].item()
    wanted = [little * MANY] * 2
    wanted += [tenth * math.sqrt(MANY), tenth + math.log(MANY), 1 / MANY]
    wanted += [tenth**2 * MANY] * 2
    found = [each.item() for each in way(sums_of)(x, small)]
    assert found[:-1] == pytest.approx(wanted[:-1], rel=rel)
    # BLAS adds up to 4,096 products one after the other, in as many sums as a vector has numbers
    assert found[-1] == pytest.approx(wanted[-1], rel=max(rel, 1e-4))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_matrix_products_of_many_terms(dtype: str) -> None:
    x = F.full((MANY, 2), 0.1, dtype)
    found = (F.matrix_transpose(x) @ x).numpy()
    tenth = x[0, 0].item()
    np.testing.assert_allclose(found, tenth**2 * MANY, rtol=1024 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("way", [lambda f: f, nissl.jit], ids=["eager", "compiled"])
def test_what_meets_at_one_index_does_not_stall(dtype: str, way: Any) -> None:
    """Ones added one at a time stop counting at 2048 in float16, and at 256 in bfloat16."""
    count = 20_000
    places = np.zeros(count, np.int64)
    slope = way(nissl.grad(lambda x: F.sum(F.astype(F.take(x, places), "float32"))))
    found = slope(F.ones((2,), dtype))
    assert found.dtype == F.ones((), dtype).dtype
    assert found[0].item() == pytest.approx(count, rel=1e-2)
