"""Tensors among Python's and NumPy's own functions: numbers, text, ``np.sin(t)``, ``array + t``."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nissl
from nissl.core import functions as F
from nissl.core.guests import RENAMED
from nissl.core.tensor import Tensor
from nissl.errors import (
    AbstractValueError,
    ArgumentError,
    ArgumentTypeError,
    GraphError,
    NisslError,
    ShapeError,
)

PI = np.asarray(3.14159)


# ---- Python ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16", "int32", "bool"])
def test_text_of_one_number_is_that_of_the_number(dtype: str) -> None:
    t = nissl.asarray(PI, dtype)
    for spec in (".2f", ">8.3f", "+.1e", "g", "08.2f", ".1%", ""):
        wanted = format(t.item(), spec) if spec else repr(t)
        assert format(t, spec) == wanted
        assert f"{nissl.Variable(t):{spec or '.3f'}}" == format(t.item(), spec or ".3f")
    assert f"{t}" == str(t) == repr(t)


def test_text_of_arrays_formats_each_number() -> None:
    assert f"{nissl.asarray([[1.0, 2.5], [3, -4]]):.1f}" == "[[1.0 2.5]\n [3.0 -4.0]]"
    assert f"{nissl.asarray([1, 22]):03d}" == "[001 022]"
    assert f"{nissl.zeros(0):.1f}" == "[]"
    assert len(f"{nissl.zeros(100_000):.3f}") < 100


def test_a_wrong_format_is_an_error_of_the_tree() -> None:
    for t in (nissl.asarray(1.5), nissl.asarray([1.5])):
        with pytest.raises(ArgumentError, match="'d' does not format float32"):
            format(t, "d")
        with pytest.raises(ArgumentError, match="'what' does not format"):
            format(t, "what")


def test_numbers() -> None:
    t, n = nissl.asarray(PI), nissl.asarray(-7)
    assert (float(t), int(t), bool(t), complex(t)) == (3.14159, 3, True, 3.14159 + 0j)
    assert (math.floor(t), math.ceil(t), math.trunc(-t), math.sqrt(t)) == (3, 4, -3, 3.14159**0.5)
    assert (round(t, 2), round(t), round(nissl.asarray([2.5])), round(n, -1)) == (3.14, 3, 2, -10)
    assert [each.item() for each in divmod(n, 2)] == [-4, 1]
    assert [each.item() for each in divmod(7, nissl.asarray(-2))] == [-4, -1]
    assert abs(n).item() == 7
    assert (2 << nissl.asarray(3)).item() == 16
    assert (16 >> nissl.asarray(3)).item() == 2
    assert 0 < t < 4
    assert not 0 < t < 3
    total: Any = sum([t, t])
    assert total.item() == 2 * t.item()
    assert float(max(t, 1)) == t.item()
    assert operator.index(n) == -7
    for bad in (math.nan, math.inf):
        with pytest.raises(ArgumentError, match="whole number"):
            int(nissl.asarray(bad))
        with pytest.raises(ArgumentError, match="whole number"):
            round(nissl.asarray(bad))
        assert round(nissl.asarray(bad), 2) == bad or math.isnan(bad)
    with pytest.raises(ShapeError, match=r"\(2,\); use nissl\.round"):
        round(nissl.zeros(2))
    with pytest.raises(ArgumentTypeError, match="ndigits"):
        round(t, "a")


def test_membership_equality_and_iteration() -> None:
    m = nissl.asarray([[1.0, 2.0], [3.0, 4.0]])
    for number, inside in ((3, m), (2.0, m[0]), (1, nissl.asarray(1))):
        assert number in inside
    for number, inside in ((5, m), (1, m[:0])):
        assert number not in inside
    assert [0.0, 2.0] in m, "as NumPy: whether any element is equal"
    assert m != None  # noqa: E711
    assert m != "a"
    assert ["a", None, m].index(m) == 2
    assert [row.tolist() for row in m] == m.tolist()
    with pytest.raises(ArgumentTypeError, match="nothing to go over"):
        iter(nissl.asarray(1.0))


@pytest.mark.parametrize(
    "use",
    [lambda x: f"{x:.2f}", round, float, int, bool, math.floor, lambda x: 1.0 in x, np.sum,
     np.concatenate, np.exp2, np.add.reduce, lambda x: np.allclose(x, 1.0)],
)  # fmt: skip
def test_inside_a_trace_there_is_no_number_yet(use: Callable[[Any], Any]) -> None:
    with pytest.raises(AbstractValueError, match="abstract"):
        nissl.trace(use, nissl.Aval((1,)))


# ---- NumPy -----------------------------------------------------------------------------------

SAME = sorted(
    name
    for name, each in vars(np).items()
    if isinstance(each, np.ufunc)
    and each.nin <= 2
    and RENAMED.get(each.__name__, each.__name__) in F.__all__
    and name != "heaviside"
)


@pytest.mark.parametrize("name", SAME)
def test_an_elementwise_function_is_ours(name: str) -> None:
    function = getattr(np, name)
    kind = int if "shift" in name or "bitwise" in name or name == "invert" else float
    x, y = np.array([1, 3, 2]).astype(kind), np.array([2, 1, 2]).astype(kind)
    if name in ("acos", "asin", "atanh", "arccos", "arcsin", "arctanh"):
        x = x / 4
    args = (x, y)[: function.nin]
    wanted = function(*args)
    for tensors in ((Tensor(x), y), (x, Tensor(y)), (Tensor(x), Tensor(y))):
        if function.nin == 1 and not isinstance(tensors[0], Tensor):
            continue
        found = function(*tensors[: function.nin])
        assert isinstance(found, Tensor)
        np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-12)


def test_there_are_such_functions() -> None:
    assert {"sin", "arctan2", "add", "matmul", "absolute", "power", "isfinite"} <= set(SAME)


def test_derivatives_go_through_them_eager_and_compiled() -> None:
    def function(x: Any) -> Any:
        return nissl.sum(np.sin(x) * np.array([1.0, 2.0]))

    x = np.array([0.3, 0.4])
    for slope in (nissl.grad(function), nissl.jit(nissl.grad(function))):
        np.testing.assert_allclose(slope(Tensor(x)).numpy(), np.cos(x) * [1, 2], rtol=1e-12)


def test_arrays_and_scalars_on_the_left() -> None:
    w = nissl.tensor(np.array([1.0, 2.0]), requires_grad=True)
    v = nissl.Variable(np.array([1.0, 2.0]))
    for held in (w, v):
        for left in (np.array([3.0, 4.0]), np.float64(3), np.float32(3), np.int64(3)):
            for op in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow,
                       operator.lt, operator.floordiv, operator.mod):  # fmt: skip
                found = op(left, held)
                assert isinstance(found, Tensor)
                np.testing.assert_allclose(found.numpy(), op(left, np.array([1.0, 2.0])))
    nissl.sum(np.array([3.0, 4.0]) * v).backward()
    assert v.grad is not None
    assert v.grad.tolist() == [3.0, 4.0]


def test_other_functions_work_on_values() -> None:
    t = Tensor(np.array([[3.0, 1.0], [2.0, 5.0]]))
    x = t.numpy()
    for function in (np.mean, np.sum, np.std, np.median, np.sort, np.linalg.norm, np.exp2,
                     np.cumsum, np.ravel, np.add.reduce, np.linalg.inv, np.max):  # fmt: skip
        found = function(t)
        assert not isinstance(found, Tensor)
        np.testing.assert_array_equal(found, function(x))
    np.testing.assert_array_equal(np.concatenate([t, x]), np.concatenate([x, x]))
    np.testing.assert_array_equal(np.einsum("ij,jk", t, x), np.einsum("ij,jk", x, x))
    np.testing.assert_array_equal(np.clip(t, 2, 3), np.clip(x, 2, 3))
    total = np.ones((2, 2))
    total += t
    np.testing.assert_array_equal(total, x + 1)
    assert isinstance(total, np.ndarray)


def test_a_derivative_is_never_lost_silently() -> None:
    w = nissl.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(GraphError, match=r"np\.mean would lose.*nissl\.mean keeps it.*x\.numpy"):
        np.mean(w)
    with pytest.raises(GraphError, match=r"np\.concatenate.*nissl\.concat keeps it"):
        np.concatenate([np.ones(2), w * 2])
    with pytest.raises(GraphError, match=r"np\.exp2"):
        nissl.grad(lambda x: nissl.sum(np.exp2(x)))(nissl.ones(2))
    total = np.ones(2)
    with pytest.raises(GraphError):
        total += w
    for variable in (nissl.Variable([1.0]), nissl.Variable([1.0]).value):
        with pytest.raises(NisslError):
            np.sum(variable)


def test_what_has_no_derivative_may_be_asked_of_any_tensor() -> None:
    w = nissl.tensor([1.0, 2.0], requires_grad=True)
    assert np.allclose(w * 2, [2, 4])
    assert (np.shape(w), np.ndim(w), np.size(w), np.argmax(w)) == ((2,), 1, 2, 1)
    assert np.zeros_like(w).shape == (2,)
    assert nissl.jit(lambda x: x * np.shape(x)[0])(w).tolist() == [2.0, 4.0]


def test_conversion_to_arrays() -> None:
    x = np.array([1.0, 2.0])
    t = Tensor(x)
    assert np.asarray(t) is x
    assert np.array(t) is not x
    assert np.asarray(t, copy=False) is x
    assert np.asarray(t, dtype="float32").dtype == np.float32
    np.testing.assert_array_equal(np.array([t, t]), [x, x])
    with pytest.raises(ValueError, match="copy"):
        np.asarray(t, dtype="float32", copy=False)
    assert not np.shares_memory(np.asarray(nissl.Variable(x)), x)
