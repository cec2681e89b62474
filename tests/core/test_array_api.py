"""The main namespace of the Array API standard 2024.12: what there is, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nissl
from nissl.autodiff import check_grads
from nissl.core import functions as F
from nissl.core.tensor import Tensor
from nissl.errors import ArgumentError, DTypeError, NisslError, ShapeError

#: the standard's list; what is absent has its reason in docs/arrays.md
STANDARD = [
    "e",
    "inf",
    "nan",
    "newaxis",
    "pi",
    "arange",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_dlpack",
    "full",
    "full_like",
    "linspace",
    "meshgrid",
    "ones",
    "ones_like",
    "tril",
    "triu",
    "zeros",
    "zeros_like",
    "astype",
    "broadcast_arrays",
    "broadcast_to",
    "can_cast",
    "finfo",
    "iinfo",
    "isdtype",
    "result_type",
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_invert",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "ceil",
    "clip",
    "copysign",
    "cos",
    "cosh",
    "divide",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "positive",
    "pow",
    "reciprocal",
    "remainder",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "square",
    "sqrt",
    "subtract",
    "tan",
    "tanh",
    "trunc",
    "take",
    "take_along_axis",
    "matmul",
    "matrix_transpose",
    "tensordot",
    "vecdot",
    "concat",
    "expand_dims",
    "flip",
    "moveaxis",
    "permute_dims",
    "repeat",
    "reshape",
    "roll",
    "squeeze",
    "stack",
    "tile",
    "unstack",
    "argmax",
    "argmin",
    "count_nonzero",
    "nonzero",
    "searchsorted",
    "where",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
    "argsort",
    "sort",
    "cumulative_prod",
    "cumulative_sum",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
    "all",
    "any",
    "diff",
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
]

X = np.random.default_rng(0).uniform(-2, 2, (2, 3, 4))
M = X[0]


def test_the_main_namespace_is_there() -> None:
    assert [name for name in STANDARD if name not in nissl.__all__] == []


def same(found: Any, wanted: Any) -> None:
    wanted = np.asarray(wanted)
    assert (found.shape, found.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-12)


CASES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "roll": (lambda x: F.roll(x, 5), lambda x: np.roll(x, 5)),
    "roll back": (lambda x: F.roll(x, -1), lambda x: np.roll(x, -1)),
    "roll axes": (lambda x: F.roll(x, (1, -2), (0, 2)), lambda x: np.roll(x, (1, -2), (0, 2))),
    "roll alike": (lambda x: F.roll(x, 1, (0, 1)), lambda x: np.roll(x, 1, (0, 1))),
    "repeat": (lambda x: F.repeat(x, 3), lambda x: np.repeat(x, 3)),
    "repeat never": (lambda x: F.repeat(x, 0, 1), lambda x: np.repeat(x, 0, 1)),
    "repeat counts": (lambda x: F.repeat(x, [2, 0, 1], 1), lambda x: np.repeat(x, [2, 0, 1], 1)),
    "repeat array": (
        lambda x: F.repeat(x, np.arange(24)),
        lambda x: np.repeat(x, np.arange(24)),
    ),
    "tile": (lambda x: F.tile(x, 2), lambda x: np.tile(x, 2)),
    "tril": (lambda x: F.tril(x), np.tril),
    "tril up": (lambda x: F.tril(x, k=2), lambda x: np.tril(x, 2)),
    "tril far": (lambda x: F.tril(x, k=-9), lambda x: np.tril(x, -9)),
    "triu": (lambda x: F.triu(x), np.triu),
    "triu down": (lambda x: F.triu(x, k=-1), lambda x: np.triu(x, -1)),
    "triu far": (lambda x: F.triu(x, k=2**70), lambda x: np.triu(x, 9)),
    "diff": (lambda x: F.diff(x, n=2), lambda x: np.diff(x, 2)),
    "diff none": (lambda x: F.diff(x, n=0), lambda x: np.diff(x, 0)),
    "diff all": (lambda x: F.diff(x, n=9, axis=1), lambda x: np.diff(x, 9, axis=1)),
    "diff joined": (
        lambda x: F.diff(x, axis=0, prepend=x[:1] * 2, append=x[:1]),
        lambda x: np.diff(x, axis=0, prepend=x[:1] * 2, append=x[:1]),
    ),
    "cumulative_sum from 0": (
        lambda x: F.cumulative_sum(x, axis=1, include_initial=True),
        lambda x: np.cumulative_sum(x, axis=1, include_initial=True),
    ),
    "cumulative_prod from 1": (
        lambda x: F.cumulative_prod(x, axis=-1, include_initial=True),
        lambda x: np.cumulative_prod(x, axis=-1, include_initial=True),
    ),
    "prod": (lambda x: F.prod(x, axis=(0, 2)), lambda x: np.prod(x, axis=(0, 2))),
    "pad": (lambda x: F.pad(x, 1), lambda x: np.pad(x, 1)),
    "moveaxis": (
        lambda x: F.moveaxis(x, [0, -1], [1, 0]),
        lambda x: np.moveaxis(x, [0, -1], [1, 0]),
    ),
    "flip": (lambda x: F.flip(x), np.flip),
    "vecdot": (lambda x: F.vecdot(x, x[0]), lambda x: np.vecdot(x, x[0])),
    "vecdot axis": (lambda x: F.vecdot(x, x, axis=1), lambda x: (x * x).sum(1)),
    "tensordot": (
        lambda x: F.tensordot(x, x, ([0, -1], [0, 2])),
        lambda x: np.tensordot(x, x, ([0, -1], [0, 2])),
    ),
    "tensordot one": (lambda x: F.tensordot(x, x, (1, 1)), lambda x: np.tensordot(x, x, (1, 1))),
    "copysign": (lambda x: F.copysign(x, -x[0]), lambda x: np.copysign(x, -x[0])),
    "meshgrid": (
        lambda x: F.meshgrid(x[0, 0], x[0, :, 0])[1],
        lambda x: np.meshgrid(x[0, 0], x[0, :, 0])[1],
    ),
    "full": (lambda x: F.full((2, 2), x[0, 0, 0]), lambda x: np.full((2, 2), x[0, 0, 0])),
    "take": (lambda x: F.take(x[0, 0], [1, 0]), lambda x: np.take(x[0, 0], [1, 0])),
    "concat": (lambda x: F.concat([x, x[0]], axis=None), lambda x: np.concatenate([x, x[0]], None)),
}


@pytest.mark.parametrize("name", CASES)
def test_value_gradient_and_program(name: str) -> None:
    ours, numpys = CASES[name]
    same(ours(Tensor(X)), numpys(X))
    check_grads(ours, [X])
    np.testing.assert_allclose(nissl.trace(ours, X)(X)[0].numpy(), numpys(X), rtol=1e-12)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (0, 2), (1, 1)])
@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "bool"])
def test_small_and_empty(shape: tuple[int, ...], dtype: str) -> None:
    x = np.ones(shape, dtype)
    t = Tensor(x)
    same(F.roll(t, 1), np.roll(x, 1))
    same(F.repeat(t, 2), np.repeat(x, 2))
    same(F.pad(t, 1), np.pad(x, 1))
    same(F.unique_values(t), np.unique(x))
    same(F.empty_like(t), np.zeros_like(x))
    same(F.signbit(t), np.zeros(shape, bool))
    if len(shape) == 2:
        same(F.tril(t), np.tril(x))
        same(F.triu(t, k=1), np.triu(x, 1))
    if shape and dtype != "bool":
        same(F.diff(t), np.diff(x))
        same(F.diff(t, n=3), np.diff(x, 3))


# ---- dtypes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_finfo(dtype: str) -> None:
    import ml_dtypes

    wanted, found = ml_dtypes.finfo(nissl.asarray(0.0, dtype).dtype), nissl.finfo(dtype)
    for name in ("bits", "eps", "max", "min", "smallest_normal"):
        assert getattr(found, name) == float(getattr(wanted, name)), name
        assert type(getattr(found, name)) in (int, float)
    assert found.dtype.name == dtype
    assert nissl.finfo(nissl.zeros(2, dtype)) == found


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64"])
def test_iinfo(dtype: str) -> None:
    wanted, found = np.iinfo(dtype), nissl.iinfo(dtype)
    assert (found.bits, found.min, found.max) == (wanted.bits, wanted.min, wanted.max)


def test_limits_of_the_wrong_kind() -> None:
    with pytest.raises(DTypeError, match="use iinfo"):
        nissl.finfo("int8")
    with pytest.raises(DTypeError, match="use finfo"):
        nissl.iinfo("float32")


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "float32", "float64"])
def test_isdtype(dtype: str) -> None:
    kinds = ("bool", "signed integer", "unsigned integer", "integral", "real floating",
             "complex floating", "numeric", ("bool", "integral"))  # fmt: skip
    for kind in kinds:
        assert nissl.isdtype(dtype, kind) == np.isdtype(np.dtype(dtype), kind)
    assert nissl.isdtype(dtype, getattr(nissl, dtype))
    assert nissl.isdtype(dtype, (nissl.int32, dtype))
    assert not nissl.isdtype(dtype, nissl.int32)
    assert nissl.isdtype("bfloat16", "real floating")
    with pytest.raises(NisslError, match="isdtype"):
        nissl.isdtype(dtype, "integer-ish")


def test_can_cast_and_result_type() -> None:
    for a in ("int8", "uint8", "int64", "float32", "bool"):
        for b in ("int16", "uint8", "float64", "int64"):
            if nissl.can_cast(a, b):
                assert nissl.result_type(a, b) == np.dtype(b)
    assert not nissl.can_cast("uint64", "int64")
    assert not nissl.can_cast(nissl.zeros(1), "int32")
    assert nissl.result_type(nissl.zeros(1, "float16"), 1.5, 2) == nissl.float16
    assert nissl.result_type("int8", 1.5) == nissl.float32
    with pytest.raises(ArgumentError, match="at least one"):
        nissl.result_type()


def test_dtype_of_sums_and_products() -> None:
    x = np.full((3, 2), 100, "int8")
    for name in ("sum", "prod", "cumulative_sum", "cumulative_prod"):
        function = getattr(F, name)
        assert function(Tensor(x), axis=0, dtype="float64").dtype == np.float64
        assert function(Tensor(x), axis=0).dtype == np.int64
        same(function(Tensor(x), axis=0, dtype="int32"), getattr(np, name)(x, axis=0, dtype="i4"))
    assert Tensor(x).sum(dtype="float16").dtype == np.float16


# ---- copies ----------------------------------------------------------------------------------


def test_copy_of_asarray() -> None:
    source = np.array([1.0, 2.0])
    shared, own = nissl.asarray(source), nissl.asarray(source, copy=True)
    assert nissl.asarray(source, copy=False).numpy() is source
    source[0] = 9
    assert (shared[0].item(), own[0].item()) == (9.0, 1.0)
    for needs in ([1.0], 3, source.astype("float32")):
        with pytest.raises(ArgumentError, match="copy=False"):
            nissl.asarray(needs, "float64", copy=False)
    variable = nissl.Variable([1.0])
    assert not np.shares_memory(nissl.asarray(variable, copy=True).numpy(), variable.value.numpy())


def test_copy_of_astype_and_reshape_keeps_the_derivative() -> None:
    w = nissl.tensor([1.0, 2.0], requires_grad=True)
    for copied in (nissl.astype(w, w.dtype, copy=True), nissl.reshape(w, (2,), copy=True)):
        assert not np.shares_memory(copied.numpy(), w.numpy())
        w.grad = None
        nissl.sum(copied * 3).backward()
        assert w.grad is not None
        assert w.grad.tolist() == [3.0, 3.0]
    assert nissl.astype(w, w.dtype) is w
    assert nissl.jit(lambda x: nissl.asarray(x, copy=True) * 2)(w).tolist() == [2.0, 4.0]


# ---- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda: nissl.asarray(300, "uint8"), "300 does not fit uint8"),
        (lambda: nissl.asarray([1, -1], "uint8"), "-1 does not fit uint8"),
        (lambda: nissl.asarray([1.0, 2.5], "int32"), "2.5 is not a whole number"),
        (lambda: nissl.asarray(float("nan"), "int32"), "nan is not a whole number"),
        (lambda: nissl.full((2,), 2**40, "int32"), "does not fit int32"),
        (lambda: nissl.full_like([1, 2], 0.5), "0.5 is not a whole number"),
        (lambda: nissl.arange(300, dtype="uint8"), "299 does not fit uint8"),
        (lambda: nissl.arange(0, 1, 0.25, dtype="int32"), "0.25 is not a whole number"),
        (lambda: nissl.linspace(0, 1, 3, dtype="int32"), "0.5 is not a whole number"),
        (lambda: nissl.pad([1, 2], 1, 0.5), "0.5 is not a whole number"),
        (lambda: nissl.sum([1.0], axis=0.7), "sum: axis is a whole number, not float 0.7"),
        (lambda: nissl.reshape(M, (2.5, 2)), "reshape: shape is a whole number, not float 2.5"),
        (lambda: nissl.one_hot(1.5, 3), "one_hot: classes are integers, not float32"),
        (lambda: nissl.eye(-1), "eye: n_rows=-1 must be at least 0"),
        (lambda: nissl.einsum(3, M), "einsum: subscripts is a text, not int 3"),
        (lambda: nissl.zeros(2**60), "no machine holds"),
        (lambda: nissl.concat(3), "concat: tensors is a list or a tuple, not int 3"),
        (lambda: nissl.asarray(M)[0.5:], "a slice: start is a whole number, not float 0.5"),
        (lambda: nissl.take(M, [0]), "take: axis must be given for a tensor with 2 axes"),
        (lambda: nissl.vecdot([1.0, 2.0, 3.0], [1.0]), "vecdot: axis -1 .* differs in length"),
        (lambda: nissl.moveaxis(M, (0, 1), (1, 1)), r"moveaxis: destination \(1, 1\) .* twice"),
        (lambda: nissl.roll(M, (1, 2), 0), r"roll: shift=\(1, 2\) must have 1 numbers"),
        (lambda: nissl.sum(M, keepdims="no"), "keepdims is True or False, not str 'no'"),
        (lambda: nissl.repeat(M, [1, 2, 3, 4], 0), "4 repeats for an axis of length 3"),
    ],
)
def test_texts(use: Callable[[], Any], words: str) -> None:
    with pytest.raises(NisslError, match=words):
        use()


def test_numpys_integers_are_whole_numbers() -> None:
    one: tuple[Any, ...] = (np.int64(1), np.uint8(1), np.array(1), Tensor(np.array(1)))
    shape: Any = np.array([2, 3])
    for each in one:
        same(F.sum(Tensor(M), axis=each), M.sum(axis=1))
        assert F.zeros((each, 2)).shape == (1, 2)
        same(F.roll(Tensor(M), each, each), np.roll(M, 1, 1))
    assert F.zeros(shape).shape == F.reshape(F.zeros(6), shape).shape == (2, 3)


# ---- sets, signs -----------------------------------------------------------------------------


def test_unique() -> None:
    x = np.array([[3, 1, 3], [2, 1, 3]])
    for name in ("unique_all", "unique_counts", "unique_inverse"):
        found, wanted = getattr(F, name)(Tensor(x)), getattr(np, name)(x)
        assert found._fields == wanted._fields
        for ours, numpys in zip(found, wanted, strict=True):
            same(ours, numpys)
    np.testing.assert_array_equal(
        F.unique_counts(Tensor(np.array([np.nan, np.nan, 0.0]))).counts.numpy(), [1, 1, 1]
    )
    slope = nissl.grad(lambda x: nissl.sum(F.unique_values(x) * np.array([5.0, 6.0, 7.0])))
    assert slope(Tensor(x.astype(float))).tolist() == [[7.0, 5.0, 0.0], [6.0, 0.0, 0.0]]
    with pytest.raises(NisslError, match="unique"):
        nissl.jit(F.unique_values)(nissl.ones(2))


def test_signs_of_zeros_and_infinities() -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, 1e-320, -1e-320, 2.0, -2.0])
    for way in (F.signbit, nissl.jit(F.signbit)):
        np.testing.assert_array_equal(way(Tensor(x)).numpy(), np.signbit(x))
    for way in (F.copysign, nissl.jit(F.copysign)):
        found = way(Tensor(np.abs(x)), Tensor(x)).numpy()
        np.testing.assert_array_equal(np.signbit(found), np.signbit(x))
        np.testing.assert_array_equal(np.abs(found), np.abs(x))
    same(F.signbit(Tensor(np.array([-1, 0, 1]))), [True, False, False])
    assert np.isnan(F.copysign(np.nan, 1.0).item())
    same(F.copysign(Tensor(np.array([3])), -1), np.array([-3], "float32"))


def test_arrays_of_others_come_in_without_a_copy() -> None:
    x = np.array([1.0, 2.0])
    assert np.shares_memory(nissl.from_dlpack(x).numpy(), x)
    with pytest.raises(NisslError, match="from_dlpack"):
        nissl.from_dlpack([1.0])
    info = nissl.__array_namespace_info__()
    assert info.default_device() == "cpu"
    assert info.default_dtypes()["real floating"] == nissl.default_float()
    assert set(info.dtypes(kind="real floating")) == {"float32", "float64"}
    assert info.devices() == ["cpu"]
    assert not info.capabilities()["boolean indexing"] or nissl.asarray(x)[x > 1].shape == (1,)
    assert nissl.asarray(x).__array_namespace__() is nissl
    with pytest.raises(ShapeError):
        nissl.meshgrid(M)
