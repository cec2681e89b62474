"""``x[key]`` against NumPy for every kind of key, alone and mixed, with gradients."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nissl.autodiff import check_grads
from nissl.core import functions as F
from nissl.core.program import trace
from nissl.core.tensor import Tensor
from nissl.errors import (
    AbstractValueError,
    ArgumentTypeError,
    DTypeError,
    NisslError,
    OutOfRangeError,
    ShapeError,
)

X = np.random.default_rng(0).uniform(-2, 2, (3, 4, 5))
MASK = np.arange(12).reshape(3, 4) % 3 == 0
NAMED: dict[str, Any] = {
    "integer": 1,
    "negative integer": -1,
    "integers": (1, -2, 3),
    "slice": slice(1, 3),
    "slices": (slice(None, -1), slice(1, None, 2)),
    "negative step": slice(None, None, -1),
    "negative steps": (slice(2, 0, -1), slice(None, None, -2), slice(4, None, -3)),
    "empty slice": slice(5, 2),
    "empty negative slice": slice(0, 2, -1),
    "slice past the ends": slice(-100, 100),
    "numpy integer": np.int32(2),
    "newaxis": (None, 0, None, slice(1, 2)),
    "ellipsis": (Ellipsis, 2),
    "ellipsis of nothing": (0, 1, Ellipsis, 2),
    "ellipsis alone": Ellipsis,
    "ellipsis and newaxis": (None, Ellipsis, None),
    "nothing": (),
    "array": np.array([2, 0, 2]),
    "list": [0, -1],
    "array of two axes": np.array([[0, 1], [2, -3]]),
    "array in the middle": (slice(None), np.array([3, 0])),
    "two arrays side by side": (slice(None), np.array([3, 0]), np.array([-1, 2])),
    "two arrays apart": (np.array([2, 0]), slice(None), np.array([-1, 2])),
    "arrays that broadcast": (np.array([[2], [0]]), np.array([-1, 2, 0])),
    "array and integer side by side": (slice(None), np.array([3, 0]), 1),
    "array and integer apart": (0, slice(None), np.array([3, 0])),
    "array, newaxis between": (np.array([0, 1]), None, np.array([3, 0])),
    "array, ellipsis between": (np.array([0, 1]), Ellipsis, np.array([3, 0])),
    "array and negative step": (slice(None, None, -1), np.array([3, 0])),
    "array of no elements": np.array([], int),
    "empty list": [],
    "number in an array": np.array(1),
    "tensor": Tensor(np.array([1, 1])),
    "mask": MASK,
    "mask of the first axis": np.array([True, False, True]),
    "mask of the last axis": (Ellipsis, np.array([True, False, True, True, False])),
    "mask, then slice": (MASK, slice(1, 3)),
    "slice, then mask": (slice(1, None), MASK[:, 0].repeat(2)[:4]),
    "mask and integer": (np.array([True, False, True]), slice(None), 2),
    "mask and array": (np.array([True, False, True]), np.array([1, 3])),
    "full mask": X > 0,
    "mask of nothing": np.zeros(3, bool),
}


def as_numpy(key: Any) -> Any:
    parts = key if isinstance(key, tuple) else (key,)
    plain = tuple(p.numpy() if isinstance(p, Tensor) else p for p in parts)
    return plain if isinstance(key, tuple) else plain[0]


@pytest.mark.parametrize("key", NAMED.values(), ids=NAMED.keys())
def test_value_and_gradient(key: Any) -> None:
    wanted = X[as_numpy(key)]
    found = Tensor(X)[key]
    assert found.shape == wanted.shape
    np.testing.assert_array_equal(found.numpy(), wanted)
    check_grads(lambda x: x[key] ** 2, [X], order=2)


@pytest.mark.parametrize("key", NAMED.values(), ids=NAMED.keys())
def test_traced_shapes_agree(key: Any) -> None:
    program = trace(lambda x: x[key], X)
    wanted = X[as_numpy(key)]
    assert program.out_avals[0].shape == wanted.shape
    np.testing.assert_array_equal(program(X)[0].numpy(), wanted)


@settings(max_examples=100)
@given(st.data())
def test_basic_keys(data: Any) -> None:
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    x = np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape)
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    np.testing.assert_array_equal(Tensor(x)[key].numpy(), x[key])


@settings(max_examples=100)
@given(st.data())
def test_mixed_keys(data: Any) -> None:
    """Slices, integers, new axes, ellipsis and integer arrays that broadcast, in any order."""
    shape = data.draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4))
    x = np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape)
    common = data.draw(hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=3))
    key: list[Any] = []
    for length in shape:
        kind = data.draw(st.sampled_from(["slice", "integer", "array", "newaxis"]))
        if kind == "newaxis":
            key.append(None)
            kind = "slice"
        if kind == "slice":
            key.append(data.draw(st.slices(length)))
        elif kind == "integer":
            key.append(data.draw(st.integers(-length, length - 1)))
        else:
            sides = tuple(data.draw(st.sampled_from([1, n])) for n in common)
            key.append(data.draw(hnp.arrays(int, sides, elements=st.integers(-length, length - 1))))
    cut = data.draw(st.integers(0, len(key)))
    whole = tuple(key[:cut]) + ((Ellipsis,) if data.draw(st.booleans()) else ())
    wanted = x[whole]
    found = Tensor(x)[whole]
    assert found.shape == wanted.shape, whole
    np.testing.assert_array_equal(found.numpy(), wanted)


def test_iteration_and_length() -> None:
    x = Tensor(X)
    assert len(x) == 3
    np.testing.assert_array_equal(np.stack([row.numpy() for row in x]), X)


# ---- take and its relatives ------------------------------------------------------------------


@settings(max_examples=40)
@given(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4), st.data())
def test_take(shape: tuple[int, ...], data: Any) -> None:
    x = np.random.default_rng(0).uniform(-2, 2, shape)
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    n = x.shape[axis]
    indices = data.draw(
        hnp.arrays(
            int,
            hnp.array_shapes(min_dims=0, max_dims=2, max_side=3),
            elements=st.integers(-n, n - 1),
        )
    )
    np.testing.assert_array_equal(
        F.take(Tensor(x), indices, axis).numpy(), np.take(x, indices, axis)
    )
    check_grads(lambda x: F.take(x, indices, axis) ** 2, [x])
    sides = list(shape)
    sides[axis] = data.draw(st.integers(0, 3))
    along = data.draw(hnp.arrays(int, tuple(sides), elements=st.integers(-n, n - 1)))
    np.testing.assert_array_equal(
        F.take_along_axis(Tensor(x), along, axis).numpy(), np.take_along_axis(x, along, axis)
    )
    check_grads(lambda x: F.take_along_axis(x, along, axis) ** 2, [x])


def test_index_add_is_the_transpose_of_take() -> None:
    indices, updates = np.array([[0, -1], [0, 2]]), np.ones((2, 2, 3))
    wanted = np.zeros((4, 3))
    np.add.at(wanted, indices, updates)
    np.testing.assert_array_equal(F.index_add(indices, Tensor(updates), 4).numpy(), wanted)
    check_grads(lambda u: F.index_add(indices, u, 4) ** 2, [updates], order=2)


# ---- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "error", "words"),
    [
        (3, OutOfRangeError, ["3", "axis 0", "length 3", "(3, 4, 5)"]),
        ((0, -5), OutOfRangeError, ["-5", "axis 1", "length 4"]),
        ((0, 0, 0, 0), OutOfRangeError, ["4 indices", "3 axes", "(3, 4, 5)"]),
        ((Ellipsis, Ellipsis), OutOfRangeError, ["one ellipsis"]),
        (np.array([0, 7]), OutOfRangeError, ["7", "length 3", "-3 to 2"]),
        (np.array([0.5]), DTypeError, ["float64", "integer"]),
        (1.5, DTypeError, ["integer"]),
        ("a", DTypeError, ["str"]),
        (True, ArgumentTypeError, ["True or False"]),
        (np.array(True), ArgumentTypeError, ["True or False"]),
        (np.ones(4, bool), ShapeError, ["(4,)", "(3,)", "(3, 4, 5)"]),
        ((slice(None), np.ones(5, bool)), ShapeError, ["(5,)", "(4,)"]),
        ((Ellipsis, np.ones(3, bool)), ShapeError, ["(3,)", "(5,)"]),
        ((np.ones(2, bool), Ellipsis), ShapeError, ["(2,)", "(3,)"]),
        ((np.array([0, 1]), np.array([0, 1, 2])), ShapeError, ["(2,)", "(3,)", "indexing"]),
    ],
)
def test_bad_keys(key: Any, error: type[Exception], words: list[str]) -> None:
    with pytest.raises(error) as caught:
        Tensor(X)[key]
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_masks_need_values() -> None:
    with pytest.raises(AbstractValueError, match=r"mask.*abstract.*nissl\.where"):
        trace(lambda x: x[x > 0], X)


def test_assignment_is_refused_with_what_to_do() -> None:
    x = Tensor(X)
    with pytest.raises(ArgumentTypeError, match=r"immutable.*nissl\.where"):
        x[0] = 1.0


def test_an_index_past_the_end_is_clipped_in_programs() -> None:
    program = trace(lambda x, i: F.take(x, i), X[0, 0], np.array([9, -9]))
    from op_sweep import run_on

    found = run_on("xla", program, [X[0, 0], np.array([9, -9])])[0]
    np.testing.assert_array_equal(found, X[0, 0][[-1, 0]])


# ---- every short key -------------------------------------------------------------------------

SMALL = np.random.default_rng(1).uniform(-2, 2, (2, 3, 2, 2))
PARTS: tuple[Any, ...] = (
    1, slice(None), slice(None, None, -1), None, Ellipsis, np.array([1, 0]),
    np.array([[1], [-2]]), np.array([True, False]), np.array(1),
)  # fmt: skip


@pytest.mark.parametrize("first", range(len(PARTS)))
def test_every_key_of_up_to_four_parts(first: int) -> None:
    """NumPy is asked for the value, and ``np.add.at`` for the gradient."""
    x = Tensor(SMALL)
    x.requires_grad = True
    for count in range(4):
        every = itertools.product(PARTS, repeat=count)
        for rest in itertools.islice(every, 0, None, 7 if count == 3 else 1):
            key = (PARTS[first], *rest)
            try:
                wanted = SMALL[key]
            except IndexError:
                with pytest.raises(NisslError):
                    x[key]
                continue
            found = x[key]
            assert found.shape == wanted.shape, key
            np.testing.assert_array_equal(found.numpy(), wanted, str(key))
            if count < 2:
                weights = np.arange(1.0, wanted.size + 1).reshape(wanted.shape)
                slope = np.zeros_like(SMALL)
                np.add.at(slope, key, weights)
                x.grad = None
                found.backward(weights)
                assert x.grad is not None
                np.testing.assert_array_equal(x.grad.numpy(), slope, str(key))


@pytest.mark.parametrize(
    "key",
    [
        (slice(None), 0, Ellipsis, [1, 0], slice(None)),
        (slice(None), 0, slice(None), Ellipsis, [1, 0]),
        ([1, 0], Ellipsis, [0, 1], slice(None), slice(None)),
    ],
)
def test_an_ellipsis_of_nothing_parts_arrays_in_programs_too(key: Any) -> None:
    program = trace(lambda x: x[key], SMALL)
    np.testing.assert_array_equal(program(SMALL)[0].numpy(), SMALL[key])
