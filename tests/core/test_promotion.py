"""Dtypes: the standard's promotion table, Python scalars, and eager against abstract."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.program import placeholder, trace
from nissl.core.tensor import Aval, Tensor
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    NisslError,
    ShapeError,
    UnknownNameError,
)

# Array API standard, "Type promotion": signed, unsigned, mixed and floating tables
SIGNED = ["int8", "int16", "int32", "int64"]
UNSIGNED = ["uint8", "uint16", "uint32", "uint64"]
FLOATING = ["float32", "float64"]
MIXED = {
    "int8": ["int16", "int32", "int64"],
    "int16": ["int16", "int32", "int64"],
    "int32": ["int32", "int32", "int64"],
    "int64": ["int64", "int64", "int64"],
}
TABLE = {
    **{
        (a, b): max(a, b, key=row.index)
        for row in (SIGNED, UNSIGNED, FLOATING)
        for a in row
        for b in row
    },
    **{(s, u): row[i] for s, row in MIXED.items() for i, u in enumerate(UNSIGNED[:3])},
    ("bool", "bool"): "bool",
}
BEYOND = {  # what the standard leaves open and Nissl defines
    ("bool", "int8"): "int8",
    ("bool", "float32"): "float32",
    ("int64", "float32"): "float32",
    ("uint8", "float16"): "float16",
    ("int32", "bfloat16"): "bfloat16",
    ("float16", "bfloat16"): "float32",
    ("float16", "float32"): "float32",
    ("bfloat16", "float32"): "float32",
    ("bfloat16", "float64"): "float64",
}


@pytest.mark.parametrize(("pair", "wanted"), [*TABLE.items(), *BEYOND.items()])
def test_the_promotion_table(pair: tuple[str, str], wanted: str) -> None:
    for a, b in (pair, pair[::-1]):
        assert F.where(Tensor(np.ones(1, bool)), F.ones(1, a), F.ones(1, b)).dtype.name == wanted
        assert dtypes.result_type(a, b).name == wanted
        if wanted != "bool":
            assert (F.ones(1, a) + F.ones(1, b)).dtype.name == wanted


@pytest.mark.parametrize("signed", SIGNED)
def test_no_integer_holds_uint64_and_a_signed_one(signed: str) -> None:
    with pytest.raises(DTypeError, match=rf"uint64.*{signed}|{signed}.*uint64"):
        F.ones(1, "uint64") + F.ones(1, signed)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_python_scalars_follow_the_tensor(dtype: str) -> None:
    x = F.ones((2,), dtype)
    for op in (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow):
        for scalar in (2, 2.5, True):
            assert op(x, scalar).dtype.name == dtype, (op, scalar)
            assert op(scalar, x).dtype.name == dtype, (op, scalar)
    assert F.maximum(x, 0).dtype.name == dtype
    assert F.where(x > 0, x, 0.0).dtype.name == dtype


def test_python_scalars_beside_integers_and_bools() -> None:
    assert (F.ones(2, "int8") + 1).dtype.name == "int8"
    assert (F.ones(2, "int8") + 1.5).dtype.name == "float32"
    assert (F.ones(2, "int8") / 2).dtype.name == "float32"
    assert (F.ones(2, "int8") // 2).dtype.name == "int8"
    assert F.where(Tensor(np.array([True])), True, 2).dtype.name == "int64"
    with pytest.raises(ArgumentError, match="200 does not fit int8"):
        F.ones(2, "int8") + 200
    with pytest.raises(ArgumentTypeError, match="complex"):
        F.ones(2) + 1j


def test_a_scalar_past_the_range_of_float16_is_infinite() -> None:
    assert (F.ones(2, "float16") * 1e9).tolist() == [np.inf, np.inf]
    assert F.where(Tensor(np.array([True])), -1e9, F.ones(1, "float16")).tolist() == [-np.inf]


def test_numpy_arrays_join_on_either_side() -> None:
    x, y = Tensor(np.ones(2, "float32")), np.full(2, 3.0, "float32")
    assert isinstance(y + x, Tensor)
    assert isinstance(x + y, Tensor)
    assert (y - x).tolist() == [2.0, 2.0]
    assert np.asarray(x).dtype == np.float32
    assert np.array(x, dtype="float64").dtype == np.float64
    assert np.from_dlpack(x).tolist() == [1.0, 1.0]


def test_what_python_numbers_become() -> None:
    assert F.asarray(1.5).dtype.name == "float32"
    assert F.asarray([1.5, 2]).dtype.name == "float32"
    assert F.asarray(1).dtype.name == "int64"
    assert F.asarray([True]).dtype.name == "bool"
    assert F.asarray(np.ones(1)).dtype.name == "float64"
    dtypes.set_default_float("float64")
    try:
        assert F.asarray(1.5).dtype.name == "float64"
        assert F.zeros(1).dtype.name == "float64"
        assert F.sin(1).dtype.name == "float64"
    finally:
        dtypes.set_default_float("float32")


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ("text", DTypeError, ["str", "numbers"]),
        (["a", "b"], DTypeError, ["'a'"]),
        ([[1, 2], [3]], ShapeError, ["lengths differ"]),
        ({"a": 1}, DTypeError, ["dict"]),
        (None, DTypeError, ["NoneType"]),
        (1j, DTypeError, ["complex"]),
        (np.array(["2020-01-01"], "datetime64[D]"), DTypeError, ["datetime64"]),
    ],
)
def test_what_no_tensor_can_be_made_of(
    value: Any, error: type[Exception], words: list[str]
) -> None:
    with pytest.raises(error) as caught:
        F.asarray(value)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_names_of_dtypes() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'float32'"):
        F.zeros(1, "flaot32")
    with pytest.raises(DTypeError, match="complex64"):
        F.zeros(1, np.complex64)
    with pytest.raises(ArgumentError, match="int8"):
        dtypes.set_default_float("int8")


# ---- the same whether there are values or not ------------------------------------------------

ONE = ["negative", "abs", "sign", "square", "exp", "log", "sqrt", "sin", "tanh", "sigmoid", "relu",
       "softplus", "erf", "floor", "round", "trunc", "isnan", "isfinite", "isinf", "logical_not",
       "bitwise_invert", "softmax", "logsumexp", "log_softmax", "elu", "gelu", "silu", "heaviside",
       "hard_tanh", "leaky_relu", "softsign", "sum", "prod", "max", "min", "mean", "var", "std",
       "all", "any", "argmax", "argsort", "sort", "cumulative_sum", "cumulative_prod",
       "count_nonzero", "log2", "reciprocal", "flip"]  # fmt: skip
TWO = ["add", "subtract", "multiply", "divide", "floor_divide", "remainder", "pow", "maximum",
       "minimum", "atan2", "hypot", "logaddexp", "equal", "less", "bitwise_and",
       "bitwise_left_shift",
       "logical_or", "matmul", "vecdot", "outer"]  # fmt: skip
EVERY = ["bool", "int8", "int64", "uint8", "uint32", "float16", "bfloat16", "float32", "float64"]


def outcome(function: Any, inputs: list[Tensor]) -> Any:
    try:
        result = function(*inputs)
    except NisslError as error:
        return type(error), str(error)
    return result.aval


@pytest.mark.parametrize("dtype", EVERY)
@pytest.mark.parametrize("name", [*ONE, *TWO])
def test_eager_and_abstract_agree_on_dtypes(name: str, dtype: str) -> None:
    count = 1 if name in ONE else 2
    values = [Tensor(np.ones(3).astype(dtypes.as_dtype(dtype))) for _ in range(count)]
    promises = [placeholder(x.aval) for x in values]
    function = getattr(F, name)
    eager, abstract = outcome(function, values), outcome(function, promises)
    assert eager == abstract
    if isinstance(eager, tuple):
        named = name in eager[1] or "multiply" in eager[1]  # of which vecdot and outer are made
        assert named, f"{eager[1]!r} should name {name}"
        assert dtype in eager[1], f"{eager[1]!r} should name {dtype}"


@pytest.mark.parametrize("pair", [("float32", "int8"), ("float16", "float64"), ("uint8", "int8")])
@pytest.mark.parametrize("name", TWO)
def test_eager_and_abstract_agree_on_mixed_dtypes(name: str, pair: tuple[str, str]) -> None:
    values = [F.ones((3,), dtype) for dtype in pair]
    promises = [placeholder(x.aval) for x in values]
    assert outcome(getattr(F, name), values) == outcome(getattr(F, name), promises)


def test_casts_to_integers_have_no_derivative() -> None:
    from nissl.autodiff import grad, jvp

    def truncated(x: Any) -> Any:
        return F.sum(F.astype(F.astype(x, "int32"), "float64") * x)

    x = Tensor(np.array([1.5, -2.5]))
    assert grad(truncated)(x).tolist() == [1.0, -2.0]
    assert jvp(truncated, (x,), (Tensor(np.ones(2)),))[1].item() == -1.0
    assert grad(lambda x: F.sum(F.astype(F.astype(x, "bool"), "float64")))(x).tolist() == [0.0, 0.0]
    assert grad(lambda x: F.sum(F.astype(x, "float32")))(x).dtype.name == "float64"


def test_traced_dtypes_are_those_of_eager_runs() -> None:
    program = trace(lambda x: F.astype(x, "bfloat16") * 2 + 1, Aval((2,), "float32"))
    assert program.out_avals[0].dtype.name == "bfloat16"
