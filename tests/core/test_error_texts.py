"""What is said when shapes, axes and arguments do not fit: class, function and values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nissl.core import functions as F
from nissl.core.program import Program, trace
from nissl.core.tensor import Aval, Tensor
from nissl.errors import (
    AbstractValueError,
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    GraphError,
    NisslError,
    OutOfRangeError,
    ProgramError,
    ShapeError,
    UnknownNameError,
)

A = Tensor(np.ones((2, 3)))
B = Tensor(np.ones((4, 5)))
V = Tensor(np.ones(3))
K = Tensor(np.array([0, 1]))

CASES: list[tuple[str, Callable[[], Any], type[Exception], list[str]]] = [
    ("add", lambda: A + B, ShapeError, ["add", "(2, 3)", "(4, 5)"]),
    ("where", lambda: F.where(A > 0, B, 1.0), ShapeError, ["where", "(2, 3)", "(4, 5)"]),
    ("clip", lambda: F.clip(A, B), ShapeError, ["maximum", "(2, 3)", "(4, 5)"]),
    ("hypot", lambda: F.hypot(A, B), ShapeError, ["hypot", "(2, 3)"]),
    ("matmul", lambda: A @ B, ShapeError, ["matmul", "(2, 3)", "(4, 5)", "3", "4"]),
    (
        "matmul batch",
        lambda: F.ones((2, 3, 4)) @ F.ones((5, 4, 3)),
        ShapeError,
        ["matmul", "(2,)", "(5,)"],
    ),
    (
        "matmul inner",
        lambda: F.ones((2, 3, 4)) @ F.ones((5, 6)),
        ShapeError,
        ["matmul", "(2, 3, 4)", "(5, 6)"],
    ),
    ("matmul of a number", lambda: F.matmul(A, 2.0), ShapeError, ["matmul", "()", "*"]),
    ("outer", lambda: F.outer(A, V), ShapeError, ["outer", "(2, 3)"]),
    ("tensordot", lambda: F.tensordot(A, B, 1), ShapeError, ["tensordot", "(2, 3)", "(4, 5)"]),
    ("tensordot count", lambda: F.tensordot(A, V, 2), ShapeError, ["tensordot", "2", "(3,)"]),
    ("tensordot axis", lambda: F.tensordot(A, V, ([5], [0])), OutOfRangeError, ["tensordot", "5"]),
    ("einsum axes", lambda: F.einsum("ijk->i", A), ShapeError, ["einsum", "'ijk'", "(2, 3)"]),
    ("einsum lengths", lambda: F.einsum("ij,jk", A, B), ShapeError, ["einsum", "'j'", "3", "4"]),
    ("einsum count", lambda: F.einsum("ij,jk", A), ArgumentError, ["einsum", "2", "1"]),
    ("einsum letters", lambda: F.einsum("ii->i", A), ArgumentError, ["einsum", "'ii'"]),
    ("einsum output", lambda: F.einsum("ij->ik", A), ArgumentError, ["einsum", "'k'"]),
    ("reshape", lambda: F.reshape(A, (4, 2)), ShapeError, ["reshape", "(2, 3)", "(4, 2)", "8"]),
    ("reshape -1", lambda: F.reshape(A, (4, -1)), ShapeError, ["reshape", "(2, 3)", "(4, -1)"]),
    ("reshape two -1", lambda: F.reshape(A, (-1, -1)), ShapeError, ["reshape", "(-1, -1)"]),
    ("reshape -2", lambda: F.reshape(A, (-2, 3)), ShapeError, ["(-2, 3)"]),
    ("permute_dims", lambda: F.permute_dims(A, (0, 0)), ShapeError, ["permute_dims", "(0, 0)"]),
    (
        "permute_dims axis",
        lambda: F.permute_dims(A, (0, 2)),
        OutOfRangeError,
        ["permute_dims", "2"],
    ),
    ("matrix_transpose", lambda: F.matrix_transpose(V), ShapeError, ["matrix_transpose", "(3,)"]),
    ("T", lambda: F.ones((2, 3, 4)).T, ShapeError, [".T", "(2, 3, 4)", ".mT"]),
    ("moveaxis", lambda: F.moveaxis(A, (0, 1), 0), ArgumentError, ["moveaxis", "2", "1"]),
    ("squeeze", lambda: F.squeeze(A, 0), ShapeError, ["squeeze", "axis 0", "(2, 3)"]),
    ("expand_dims", lambda: F.expand_dims(A, 4), OutOfRangeError, ["expand_dims", "4"]),
    ("broadcast_to", lambda: F.broadcast_to(A, (2, 4)), ShapeError, ["broadcast_to", "(2, 4)"]),
    ("broadcast_to fewer", lambda: F.broadcast_to(A, (3,)), ShapeError, ["(2, 3)", "(3,)"]),
    ("concat", lambda: F.concat([A, B]), ShapeError, ["concat", "(2, 3)", "(4, 5)", "axis 0"]),
    ("concat axis", lambda: F.concat([A, A], 2), OutOfRangeError, ["concat", "2"]),
    ("concat nothing", lambda: F.concat([]), ArgumentError, ["concat"]),
    ("stack", lambda: F.stack([A, B]), ShapeError, ["stack", "(2, 3)", "(4, 5)"]),
    ("stack nothing", lambda: F.stack([]), ArgumentError, ["at least one"]),
    ("flip", lambda: F.flip(A, 2), OutOfRangeError, ["flip", "2"]),
    ("pad", lambda: F.pad(A, [(1, 1)]), ShapeError, ["pad", "1", "(2, 3)"]),
    ("pad negative", lambda: F.pad(A, [(1, 1), (-1, 0)]), ArgumentError, ["pad", "-1"]),
    ("slice", lambda: F.slice(A, (0,), (1,)), ShapeError, ["slice", "(2, 3)"]),
    ("slice step", lambda: F.slice(A, (0, 0), (1, 1), (1, -1)), ArgumentError, ["slice", "-1"]),
    ("sum axis", lambda: F.sum(A, axis=2), OutOfRangeError, ["sum", "axis 2", "2 axes"]),
    ("sum twice", lambda: F.sum(A, axis=(0, -2)), ShapeError, ["sum", "(0, -2)", "twice"]),
    ("max", lambda: F.max(F.ones((0, 3)), axis=0), ShapeError, ["max", "axis 0", "(0, 3)"]),
    ("argmax", lambda: F.argmax(F.ones((0,))), ShapeError, ["argmax", "(0,)"]),
    ("softmax", lambda: F.softmax(A, axis=2), OutOfRangeError, ["softmax", "2"]),
    ("logsumexp", lambda: F.logsumexp(A, axis=7), OutOfRangeError, ["logsumexp", "7"]),
    ("cumulative_sum", lambda: F.cumulative_sum(A), ArgumentError, ["cumulative_sum", "2 axes"]),
    ("top_k", lambda: F.top_k(V, 4), ArgumentError, ["top_k", "k=4", "3"]),
    ("searchsorted", lambda: F.searchsorted(A, V), ShapeError, ["searchsorted", "(2, 3)"]),
    ("searchsorted side", lambda: F.searchsorted(V, V, "up"), UnknownNameError, ["left", "'up'"]),
    ("take", lambda: F.take(V, [3]), OutOfRangeError, ["take", "3", "length 3"]),
    ("take float", lambda: F.take(V, [0.5]), DTypeError, ["take", "float32"]),
    ("take axis", lambda: F.take(V, K, 1), OutOfRangeError, ["take", "axis 1"]),
    (
        "take_along_axis",
        lambda: F.take_along_axis(A, K, 0),
        ShapeError,
        ["take_along_axis", "(2,)", "(2, 3)"],
    ),
    (
        "take_along_axis side",
        lambda: F.take_along_axis(A, np.zeros((5, 1), int), 1),
        ShapeError,
        ["take_along_axis", "(5, 1)", "(2, 3)"],
    ),
    (
        "index_add",
        lambda: F.index_add(K, F.ones((1, 3)), 4),
        ShapeError,
        ["index_add", "(1, 3)", "(2,)"],
    ),
    (
        "index_add range",
        lambda: F.index_add(K, F.ones((2, 3)), 1),
        OutOfRangeError,
        ["index_add", "1"],
    ),
    ("shape", lambda: F.zeros((2, -1)), ShapeError, ["(2, -1)"]),
    ("arange", lambda: F.arange(0, 5, 0), ArgumentError, ["arange", "0"]),
    ("power", lambda: K**-1, ArgumentError, ["pow", "-1", "astype"]),
    ("not of floats", lambda: ~A, DTypeError, ["bitwise_invert", "float64"]),
    ("and of floats", lambda: A & A, DTypeError, ["bitwise_and", "float64"]),
    ("item", lambda: A.item(), ShapeError, ["(2, 3)"]),
    ("truth", lambda: bool(A), ShapeError, ["(2, 3)", "nissl.all", "nissl.any"]),
    ("length", lambda: len(F.asarray(1.0)), ArgumentTypeError, ["length"]),
    ("index of a float", lambda: [1, 2][V[0]], ArgumentTypeError, ["integer", "float64"]),
]


@pytest.mark.parametrize(
    ("make", "error", "words"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_class_and_text(make: Callable[[], Any], error: type[Exception], words: list[str]) -> None:
    with pytest.raises(NisslError) as caught:
        make()
    assert type(caught.value) is error, f"{type(caught.value).__name__}: {caught.value}"
    for word in words:
        assert word in str(caught.value), f"{word!r} is not in {str(caught.value)!r}"


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda x: float(x), ["abstract", "jit"]),
        (lambda x: np.asarray(x), ["abstract", "NumPy"]),
        (lambda x: x if x[0] > 0 else -x, ["truth", "nissl.where"]),
        (lambda x: x.tolist(), ["abstract"]),
        (lambda x: F.nonzero(x), ["nonzero", "abstract"]),
        (lambda x: F.tensor(x), ["abstract"]),
    ],
)
def test_values_asked_of_abstract_tensors(use: Callable[[Any], Any], words: list[str]) -> None:
    with pytest.raises(AbstractValueError) as caught:
        trace(use, Aval((1,), "float32"))
    assert all(word in str(caught.value) for word in words), str(caught.value)
    assert isinstance(caught.value, TypeError)


def program() -> Program:
    return trace(lambda x, y: x + y, Aval((2,), "float64"), Aval((2,), "float64"), name="f")


def test_arguments_of_programs() -> None:
    with pytest.raises(ProgramError, match="f takes 2 arguments, and 1 were given"):
        program()(np.ones(2))
    with pytest.raises(ProgramError, match="f takes 2 arguments, and 3 were given"):
        program().run("numpy", np, [np.ones(2)] * 3)
    with pytest.raises(ShapeError, match=r"f: .*\(3,\).*\(2,\)"):
        program()(np.ones(2), np.ones(3))
    with pytest.raises(DTypeError, match=r"f: .*float32.*float64"):
        program()(np.ones(2), np.ones(2, "float32"))
    assert program()([1.0, 2.0], [3, 4])[0].dtype.name == "float64"


def test_a_tensor_of_another_trace_is_named() -> None:
    kept: list[Tensor] = []
    trace(kept.append, Aval((2,), "float32"))
    with pytest.raises(ProgramError, match="made inside one trace cannot be used in another"):
        trace(lambda x: x + kept[0], Aval((2,), "float32"))


def test_errors_while_tracing_are_those_of_eager_runs() -> None:
    with pytest.raises(ShapeError, match=r"matmul: \(2, 3\) @ \(4, 5\)"):
        trace(lambda x, y: x @ y, Aval((2, 3)), Aval((4, 5)))


def test_setting_requires_grad_on_a_result() -> None:
    x = F.tensor([1.0], requires_grad=True)
    with pytest.raises(GraphError, match=r"computed by 'add'.*detach"):
        (x + x).requires_grad = True
