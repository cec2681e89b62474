"""Every elementwise function at the edges of its dtype: IEEE 754, each engine, and both modes.

The oracle of values is NumPy in a wider dtype, rounded. XLA takes subnormal numbers for 0, and the
sign of its zeros is its own; both are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import activations
from nissl.core import functions as F

Vector = np.ndarray[Any, Any]

ONE: dict[str, Callable[..., Any]] = {
    "abs": np.abs, "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh,
    "atan": np.arctan, "atanh": np.arctanh, "ceil": np.ceil, "cos": np.cos, "cosh": np.cosh,
    "exp": np.exp, "expm1": np.expm1, "floor": np.floor, "isfinite": np.isfinite,
    "isinf": np.isinf, "isnan": np.isnan, "log": np.log, "log10": np.log10, "log1p": np.log1p,
    "log2": np.log2, "negative": np.negative, "positive": np.positive, "reciprocal": np.reciprocal,
    "round": np.round, "sign": np.sign, "sin": np.sin, "sinh": np.sinh, "sqrt": np.sqrt,
    "square": np.square, "tan": np.tan, "tanh": np.tanh, "trunc": np.trunc,
}  # fmt: skip
TWO: dict[str, Callable[..., Any]] = {
    "add": np.add, "atan2": np.arctan2, "divide": np.divide, "equal": np.equal,
    "floor_divide": np.floor_divide, "greater": np.greater, "greater_equal": np.greater_equal,
    "hypot": np.hypot, "less": np.less, "less_equal": np.less_equal, "logaddexp": np.logaddexp,
    "maximum": np.maximum, "minimum": np.minimum, "multiply": np.multiply,
    "not_equal": np.not_equal, "pow": np.power, "remainder": np.remainder,
    "subtract": np.subtract,
}  # fmt: skip
every_dtype = pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])


def edges(dtype: str) -> Vector:
    info = np.finfo(dtype)
    sizes = [0.0, float(info.smallest_subnormal), float(info.tiny), 0.5, 1.0, 2.5, float(info.max)]
    return np.array([s * size for size in [*sizes, np.inf] for s in (1, -1)] + [np.nan], dtype)


def grid(dtype: str, count: int) -> list[Vector]:
    return [each.ravel() for each in np.meshgrid(*[edges(dtype)] * count, indexing="ij")]


def has_subnormal(dtype: str, given: list[Vector]) -> Vector:
    """Where XLA may take an input for 0; the smallest normal number may be made one on the way."""
    tiny = np.finfo(dtype).tiny
    return np.any([(np.abs(x) <= tiny) & (x != 0) for x in given], axis=0)


def assert_alike(
    found: Vector, wanted: Vector, dtype: str, but: Vector, what: str, least: float = 0.0
) -> None:
    """Equal to some rounding errors, of ``least`` at least; subnormals to the smallest normal."""
    info = np.finfo(dtype)
    assert found.dtype == wanted.dtype, what
    a, b = found[~but].astype(float), wanted[~but].astype(float)
    if wanted.dtype.kind == "b":
        np.testing.assert_array_equal(a, b, what)
        return
    rtol = 24 * float(info.eps)
    np.testing.assert_allclose(a, b, rtol, max(rtol * least, float(info.tiny)), err_msg=what)


def oracle(function: Callable[..., Any], given: list[Vector], dtype: str) -> Vector:
    if dtype == "float64":  # no wider one everywhere
        return function(*given)
    found = function(*(x.astype(np.float64) for x in given))
    return found if found.dtype.kind == "b" else found.astype(dtype)


@every_dtype
@pytest.mark.parametrize(("names", "count"), [(ONE, 1), (TWO, 2)], ids=["one", "two"])
def test_values_are_those_of_ieee_on_each_engine(names: Any, count: int, dtype: str) -> None:
    given = grid(dtype, count)

    def everything(*values: Any) -> list[Any]:
        return [getattr(F, name)(*values) for name in names]

    eager, compiled = everything(*map(F.asarray, given)), nissl.jit(everything)(*given)
    nowhere, small = np.zeros(len(given[0]), bool), has_subnormal(dtype, given)
    with np.errstate(all="ignore"):
        for name, here, there in zip(names, eager, compiled, strict=True):
            wanted = oracle(names[name], given, dtype)
            if name in ("floor_divide", "remainder"):  # a wider dtype has other quotients
                wanted = names[name](*given)
            assert_alike(here.numpy(), wanted, dtype, nowhere, f"{name}, eager")
            assert_alike(there.numpy(), wanted, dtype, small, f"{name}, compiled")


def test_all_functions_of_numbers_are_swept() -> None:
    from nissl.core.functions import arithmetic, logic

    kinds = ("bitwise", "logical")
    known = {*ONE, *TWO, "clip", "erf", "erfc", "identity", "stop_gradient", "where"}
    found = {*arithmetic.__all__, *logic.__all__}
    assert {name for name in found if not name.startswith(kinds)} <= known


def differentiable() -> dict[str, tuple[Callable[..., Any], int]]:
    found: dict[str, tuple[Callable[..., Any], int]] = {}
    for name in activations.registry:
        if name not in ("softmax", "log_softmax"):
            found[f"activations.{name}"] = activations.get(name), 1
    for name in (*ONE, "erf", "erfc", "log_cosh"):
        if not name.startswith("is"):
            found[name] = getattr(F, name), 1
    for name in TWO:
        if "equal" not in name and name not in ("less", "greater"):
            found[name] = getattr(F, name), 2
    found["clip"] = lambda x: F.clip(x, -1, 1), 1
    for power in (-1, 0, 0.5, 2, 3, 2.5):
        found[f"x ** {power}"] = lambda x, power=power: x**power, 1
    found["2 ** x"] = lambda x: 2.0**x, 1
    return found


DIFFERENTIABLE = differentiable()


def pulled(function: Callable[..., Any], given: Any) -> list[Any]:
    value, pull = nissl.vjp(function, *given)
    return list(pull(F.ones_like(value)))


@every_dtype
@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_both_modes_give_one_slope(name: str, dtype: str) -> None:
    function, count = DIFFERENTIABLE[name]
    given = grid(dtype, count)
    nowhere = np.zeros(len(given[0]), bool)
    reverse = pulled(function, given)
    for i, slope in enumerate(reverse):

        def of_one(x: Any, i: int = i) -> Any:
            return function(*(x if j == i else F.asarray(y) for j, y in enumerate(given)))

        moved = nissl.jvp(of_one, (given[i],), (np.ones_like(given[i]),))[1]
        assert_alike(moved.numpy(), slope.numpy(), dtype, nowhere, f"{name} by {i}", 1.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 2])
def test_compiled_slopes_are_the_eager_ones(count: int, dtype: str) -> None:
    chosen = {name: f for name, (f, n) in DIFFERENTIABLE.items() if n == count}
    given = grid(dtype, count)

    def everything(*values: Any) -> list[Any]:
        return [slope for f in chosen.values() for slope in pulled(f, values)]

    eager, compiled = everything(*map(F.asarray, given)), nissl.jit(everything)(*given)
    largest = np.any([np.abs(x) == np.finfo(dtype).max for x in given], axis=0)
    but = has_subnormal(dtype, given) | largest  # whose reciprocal is subnormal
    names = [f"{name} by {i}" for name in chosen for i in range(count)]
    for name, here, there in zip(names, eager, compiled, strict=True):
        assert_alike(there.numpy(), here.numpy(), dtype, but, name, least=1.0)
