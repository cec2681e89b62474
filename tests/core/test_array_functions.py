"""Functions with Array API names against NumPy, on swept and drawn inputs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nissl.autodiff import check_grads, grad
from nissl.core import functions as F
from nissl.core.tensor import Tensor

few = settings(max_examples=40)

shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
solid = hnp.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


def numbers(shape: tuple[int, ...], seed: int = 0) -> np.ndarray[Any, Any]:
    return np.asarray(np.random.default_rng(seed).uniform(-2, 2, shape))


def ties(shape: tuple[int, ...], seed: int = 0) -> np.ndarray[Any, Any]:
    """Small integers as floats, so that many are alike."""
    return np.asarray(np.random.default_rng(seed).integers(-2, 3, shape).astype(float))


def same(found: Tensor, wanted: Any, rtol: float = 1e-13) -> None:
    wanted = np.asarray(wanted)
    assert found.shape == wanted.shape
    assert found.dtype == wanted.dtype, (found.dtype, wanted.dtype)
    np.testing.assert_allclose(found.numpy(), wanted, rtol=rtol, atol=1e-14)


# ---- elementwise, broadcasting ---------------------------------------------------------------

BINARY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "floor_divide": np.floor_divide,
    "remainder": np.remainder,
    "atan2": np.arctan2,
    "hypot": np.hypot,
    "logaddexp": np.logaddexp,
    "less": np.less,
    "greater_equal": np.greater_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
}


@few
@given(
    hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=0), st.data()
)
def test_two_arguments_broadcast(pair: Any, data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(BINARY)))
    x, y = numbers(pair.input_shapes[0]), numbers(pair.input_shapes[1], 1)
    same(getattr(F, name)(Tensor(x), Tensor(y)), BINARY[name](x, y))


@few
@given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3))
def test_where_and_clip_broadcast(triple: Any) -> None:
    c, x, y = (numbers(shape, i) for i, shape in enumerate(triple.input_shapes))
    same(F.where(Tensor(c > 0), Tensor(x), Tensor(y)), np.where(c > 0, x, y))
    low, high = np.minimum(x, y), np.maximum(x, y)
    same(F.clip(Tensor(c), Tensor(low), Tensor(high)), np.clip(c, low, high))


@few
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=1))
def test_the_gradient_of_a_broadcast_sums(pair: Any) -> None:
    x, y = numbers(pair.input_shapes[0]), numbers(pair.input_shapes[1], 1)
    check_grads(lambda x, y: x * y + F.sin(x), [x, y])


UNARY = {
    "exp": np.exp, "expm1": np.expm1, "sin": np.sin, "cos": np.cos, "tan": np.tan,
    "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "atan": np.arctan,
    "square": np.square, "abs": np.abs, "sign": np.sign, "floor": np.floor, "ceil": np.ceil,
    "round": np.round, "trunc": np.trunc, "negative": np.negative, "isfinite": np.isfinite,
    "isnan": np.isnan, "isinf": np.isinf,
}  # fmt: skip
POSITIVE = {
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "sqrt": np.sqrt,
    "reciprocal": np.reciprocal,
}


@pytest.mark.parametrize("name", [*UNARY, *POSITIVE])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 1, 3)])
def test_one_argument(name: str, shape: tuple[int, ...]) -> None:
    x = numbers(shape) if name in UNARY else np.abs(numbers(shape)) + 0.1
    same(getattr(F, name)(Tensor(x)), {**UNARY, **POSITIVE}[name](x))


def test_predicates_of_special_numbers() -> None:
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0])
    for name in ("isnan", "isinf", "isfinite"):
        np.testing.assert_array_equal(getattr(F, name)(Tensor(x)).numpy(), UNARY[name](x))
    for name in ("trunc", "floor", "sign", "abs", "round", "ceil"):
        np.testing.assert_array_equal(getattr(F, name)(Tensor(x)).numpy(), UNARY[name](x))


def test_logic_and_bits() -> None:
    x, y = np.array([0, 1, 2, 7]), np.array([0, 2, 3, 1])
    for name in (
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "bitwise_left_shift",
        "bitwise_right_shift",
    ):
        same(getattr(F, name)(Tensor(x), Tensor(y)), getattr(np, name)(x, y))
    for name in ("logical_and", "logical_or", "logical_xor"):
        same(getattr(F, name)(Tensor(x), Tensor(y)), getattr(np, name)(x, y))
    same(F.logical_not(Tensor(x)), np.logical_not(x))
    same(F.bitwise_invert(Tensor(x)), ~x)
    a, b = Tensor(x > 0), Tensor(y > 1)
    same(a & b, (x > 0) & (y > 1))
    same(a | ~b, (x > 0) | ~(y > 1))
    same(a ^ b, (x > 0) ^ (y > 1))


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, -2, 0.5, 1.5, 2.0, 3.0])
def test_powers_by_a_number(exponent: float) -> None:
    x = np.abs(numbers((4,))) + 0.5
    same(Tensor(x) ** exponent, x**exponent)
    check_grads(lambda x: x**exponent, [x], order=2)
    if exponent in (1, 2, 3):
        check_grads(lambda x: x**exponent, [-x], order=2)


def test_powers_of_integers() -> None:
    x = Tensor(np.array([1, 2, 3]))
    assert (x**2).dtype == np.int64
    assert (x**2).tolist() == [1, 4, 9]
    assert (x**2.0).dtype == np.float32, "a floating exponent makes a floating result"
    assert (x**0).tolist() == [1, 1, 1]
    assert (2**x).tolist() == [2, 4, 8]


# ---- reductions ------------------------------------------------------------------------------

REDUCE = {
    "sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "mean": np.mean, "var": np.var,
    "std": np.std, "all": np.all, "any": np.any,
}  # fmt: skip


@few
@given(solid, st.data())
def test_reductions(shape: tuple[int, ...], data: Any) -> None:
    name = data.draw(st.sampled_from(sorted(REDUCE)))
    axis = data.draw(
        st.none() | hnp.valid_tuple_axes(len(shape)) | st.integers(-len(shape), len(shape) - 1)
    )
    keepdims = data.draw(st.booleans())
    x = ties(shape) > 0 if name in ("all", "any") else numbers(shape)
    same(
        getattr(F, name)(Tensor(x), axis=axis, keepdims=keepdims),
        REDUCE[name](x, axis=axis, keepdims=keepdims),
    )


@few
@given(solid, st.data())
def test_gradients_of_reductions(shape: tuple[int, ...], data: Any) -> None:
    name = data.draw(st.sampled_from(["sum", "prod", "max", "min", "mean", "var"]))
    axis = data.draw(st.none() | hnp.valid_tuple_axes(len(shape)))
    check_grads(lambda x: getattr(F, name)(x, axis=axis), [numbers(shape)])


def test_reductions_of_nothing() -> None:
    x = Tensor(np.zeros((0, 3)))
    assert F.sum(x).item() == 0.0
    assert F.sum(x, axis=0).tolist() == [0.0] * 3
    assert F.prod(x, axis=0).tolist() == [1.0] * 3
    assert F.all(x).item() is True
    assert F.any(x).item() is False
    assert np.isnan(F.mean(x, axis=0).numpy()).all()
    assert F.max(x, axis=1).shape == (0,)


def test_corrected_variance_counts_nonzero_and_sums_of_integers() -> None:
    x = numbers((3, 4))
    same(F.var(Tensor(x), axis=1, correction=1), np.var(x, axis=1, ddof=1))
    same(F.std(Tensor(x), correction=2), np.std(x, ddof=2))
    assert F.count_nonzero(Tensor(ties((3, 4)))).item() == np.count_nonzero(ties((3, 4)))
    small = Tensor(np.full(300, 100, "int8"))
    assert F.sum(small).item() == 30000
    assert F.sum(small).dtype == np.int64
    assert F.sum(small > 0).item() == 300
    assert F.cumulative_sum(small).dtype == np.int64
    assert F.cumulative_prod(Tensor(np.full(9, 9, "int8")))[-1].item() == 9**9
    assert F.prod(Tensor(np.full(9, 9, "int8"))).item() == 9**9


@few
@given(solid, st.data())
def test_running_sums_and_products(shape: tuple[int, ...], data: Any) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = numbers(shape)
    same(F.cumulative_sum(Tensor(x), axis=axis), np.cumsum(x, axis=axis))
    same(F.cumulative_prod(Tensor(x), axis=axis), np.cumprod(x, axis=axis))
    same(F.diff(Tensor(x), axis=axis), np.diff(x, axis=axis))
    check_grads(lambda x: F.cumulative_prod(x, axis=axis), [x])
    check_grads(lambda x: F.cumulative_sum(x, axis=axis), [x])


# ---- sorting and searching -------------------------------------------------------------------


@few
@given(solid, st.booleans(), st.data())
def test_sorting_is_stable(shape: tuple[int, ...], descending: bool, data: Any) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = ties(shape)
    order = np.argsort(-x if descending else x, axis=axis, kind="stable")
    same(F.argsort(Tensor(x), axis=axis, descending=descending), order)
    same(
        F.sort(Tensor(x), axis=axis, descending=descending), np.take_along_axis(x, order, axis=axis)
    )


@few
@given(solid, st.data())
def test_top_k_argmax_argmin(shape: tuple[int, ...], data: Any) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    k = data.draw(st.integers(0, shape[axis]))
    x = ties(shape)
    order = np.take(np.argsort(-x, axis=axis, kind="stable"), range(k), axis=axis)
    values, chosen = F.top_k(Tensor(x), k, axis=axis)
    same(chosen, order)
    same(values, np.take_along_axis(x, order, axis=axis))
    for name in ("argmax", "argmin"):
        same(getattr(F, name)(Tensor(x), axis=axis), getattr(np, name)(x, axis=axis))
        same(getattr(F, name)(Tensor(x)), getattr(np, name)(x))
        same(
            getattr(F, name)(Tensor(x), axis=axis, keepdims=True),
            getattr(np, name)(x, axis=axis, keepdims=True),
        )


def test_sorted_gradients_go_where_the_elements_came_from() -> None:
    x = numbers((3, 5))
    check_grads(lambda x: F.sort(x, axis=1) ** 2, [x], order=2)
    check_grads(lambda x: F.top_k(x, 2, axis=0)[0] ** 2, [x], order=2)


def test_nan_sorts_last() -> None:
    x = np.array([np.nan, 1.0, -np.inf, np.inf])
    np.testing.assert_array_equal(F.sort(Tensor(x)).numpy(), np.sort(x))


@pytest.mark.parametrize("side", ["left", "right"])
def test_searchsorted_and_nonzero(side: str) -> None:
    x, values = np.array([0.0, 1.0, 1.0, 4.0]), np.array([[-1.0, 1.0], [2.0, 5.0]])
    same(F.searchsorted(Tensor(x), Tensor(values), side), np.searchsorted(x, values, side))
    for found, wanted in zip(
        F.nonzero(Tensor(ties((3, 4)))), np.nonzero(ties((3, 4))), strict=True
    ):
        same(found, wanted)


# ---- shapes ----------------------------------------------------------------------------------


@few
@given(shapes, st.data())
def test_reordering(shape: tuple[int, ...], data: Any) -> None:
    x = numbers(shape)
    axes = data.draw(st.permutations(range(x.ndim)))
    same(F.permute_dims(Tensor(x), axes), np.transpose(x, axes))
    axis = data.draw(st.none() | hnp.valid_tuple_axes(x.ndim))
    same(F.flip(Tensor(x), axis), np.flip(x, axis))
    place = data.draw(st.integers(-x.ndim - 1, x.ndim))
    same(F.expand_dims(Tensor(x), place), np.expand_dims(x, place))
    same(F.squeeze(F.expand_dims(Tensor(x), place), place), x)
    if x.ndim:
        a, b = data.draw(st.tuples(*[st.integers(-x.ndim, x.ndim - 1)] * 2))
        same(F.moveaxis(Tensor(x), a, b), np.moveaxis(x, a, b))
    if x.ndim >= 2:
        same(F.matrix_transpose(Tensor(x)), np.swapaxes(x, -1, -2))
    same(F.reshape(Tensor(x), (x.size,)), x.reshape(x.size))
    if x.size:
        same(F.reshape(Tensor(x), -1), x.reshape(-1))


@few
@given(solid, st.data())
def test_copies_in_rows(shape: tuple[int, ...], data: Any) -> None:
    x = numbers(shape)
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    shift = data.draw(st.integers(-7, 7))
    same(F.roll(Tensor(x), shift, axis), np.roll(x, shift, axis))
    count = data.draw(st.integers(0, 3))
    same(F.repeat(Tensor(x), count, axis), np.repeat(x, count, axis))
    times = data.draw(st.lists(st.integers(0, 2), min_size=0, max_size=5))
    same(F.tile(Tensor(x), times), np.tile(x, times))
    width = data.draw(
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=x.ndim, max_size=x.ndim)
    )
    same(F.pad(Tensor(x), width, 7.0), np.pad(x, width, constant_values=7.0))
    same(F.pad(Tensor(x), width), np.pad(x, width))
    check_grads(lambda x: F.pad(F.roll(F.repeat(x, 2, axis), shift, axis), width, 1.0), [x])


@few
@given(solid, st.data())
def test_joining_and_parting(shape: tuple[int, ...], data: Any) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    parts = []
    for seed in range(data.draw(st.integers(1, 3))):
        sides = list(shape)
        sides[axis] = data.draw(st.integers(0, 3))
        parts.append(numbers(tuple(sides), seed))
    same(F.concat(list(map(Tensor, parts)), axis), np.concatenate(parts, axis))
    same(F.concat(list(map(Tensor, parts)), None), np.concatenate(parts, None))
    x = numbers(shape)
    place = data.draw(st.integers(-len(shape) - 1, len(shape)))
    same(F.stack([Tensor(x), Tensor(2 * x)], place), np.stack([x, 2 * x], place))
    for found, wanted in zip(F.unstack(Tensor(x), axis), np.moveaxis(x, axis, 0), strict=True):
        same(found, wanted)


def test_padding_leaves_what_it_surrounds_as_it_is() -> None:
    x = np.array([1.25, -3.5], "float32")
    for constant in (-np.inf, 1e9, np.nan):
        found = F.pad(Tensor(x), [(1, 0)], constant)
        np.testing.assert_array_equal(found.numpy(), np.pad(x, (1, 0), constant_values=constant))
        assert grad(lambda x, c=constant: F.sum(F.pad(x, [(1, 0)], c)[1:]))(Tensor(x)).tolist() == [
            1.0,
            1.0,
        ]
    same(
        F.pad(Tensor(np.array([1, 2], "uint8")), [(1, 1)], 255), np.array([255, 1, 2, 255], "uint8")
    )
    same(F.pad(Tensor(np.array([True])), [(0, 1)], True), np.array([True, True]))


def test_a_box_is_cut_as_slices_cut_it() -> None:
    x = numbers((5, 4))
    same(F.slice(Tensor(x), (1, -3), (9, 4), (2, 1)), x[1:9:2, -3:4])


def test_making_tensors() -> None:
    same(F.zeros((2, 3)), np.zeros((2, 3), "float32"))
    same(F.ones(3, "int8"), np.ones(3, "int8"))
    same(F.full((2,), 7), np.full(2, 7))
    same(F.full((2,), True), np.full(2, True))
    same(F.full_like(Tensor(np.zeros(2, "int16")), 3), np.full(2, 3, "int16"))
    same(F.arange(5), np.arange(5))
    same(F.arange(1.0, 2.0, 0.25), np.arange(1, 2, 0.25, dtype="float32"))
    same(F.arange(5, 1, -2), np.arange(5, 1, -2))
    same(F.linspace(0.0, 1.0, 5, "float64"), np.linspace(0, 1, 5))
    same(
        F.linspace(0.0, 1.0, 5, endpoint=False),
        np.linspace(0, 1, 5, endpoint=False, dtype="float32"),
    )
    same(F.eye(2, 3, k=1), np.eye(2, 3, k=1, dtype="float32"))
    same(
        F.one_hot([[2, 0], [3, -1]], 3),
        np.array([[[0, 0, 1], [1, 0, 0]], [[0, 0, 0], [0, 0, 0]]], "float32"),
    )
    same(F.one_hot([2, 0], 3, axis=0), np.eye(3, dtype="float32")[[2, 0]].T)
    source = np.zeros(2)
    made = F.tensor(source)
    source[0] = 1
    assert made.tolist() == [0.0, 0.0], "tensor() copies"
    assert F.asarray(source).numpy() is source, "asarray() does not"


# ---- sums of products ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)),
        ((3,), (5, 3, 4)), ((4, 1, 2, 3), (5, 3, 2)), ((2, 0), (0, 3)), ((0, 2, 3), (3, 4)),
        ((5, 2, 3), (3, 0)), ((1, 3), (3, 1)), ((2, 3, 0), (0,)),
    ],
)  # fmt: skip
def test_matmul(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    x, y = numbers(left), numbers(right, 1)
    same(F.matmul(Tensor(x), Tensor(y)), x @ y)
    same(Tensor(x) @ Tensor(y), x @ y)
    check_grads(F.matmul, [x, y], order=2)


EINSUMS = [
    ("ij,jk->ik", [(2, 3), (3, 4)]),
    ("bij,bjk->bik", [(5, 2, 3), (5, 3, 4)]),
    ("ij,j", [(2, 3), (3,)]),
    ("ij->ji", [(2, 3)]),
    ("ij->", [(2, 3)]),
    ("ij->j", [(2, 3)]),
    ("i,j->ij", [(2,), (3,)]),
    ("i,i", [(3,), (3,)]),
    ("ij,ij->ij", [(2, 3), (2, 3)]),
    ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 5, 4)]),
    ("bhqk,bkhd->bqhd", [(2, 2, 3, 4), (2, 4, 2, 5)]),
    ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]),
    ("ij,k->j", [(2, 3), (4,)]),
    ("ab,cb,ca->", [(2, 3), (4, 3), (4, 2)]),
    ("i, ij -> j", [(2,), (2, 3)]),
    (",i->i", [(), (3,)]),
    ("ba", [(2, 3)]),
    ("ij,jk->ki", [(2, 0), (0, 4)]),
]


@pytest.mark.parametrize(("subscripts", "sides"), EINSUMS, ids=[e[0] for e in EINSUMS])
def test_einsum(subscripts: str, sides: list[tuple[int, ...]]) -> None:
    arrays = [numbers(shape, i) for i, shape in enumerate(sides)]
    same(F.einsum(subscripts, *map(Tensor, arrays)), np.einsum(subscripts, *arrays))
    check_grads(lambda *xs: F.einsum(subscripts, *xs), arrays)


@few
@given(st.data())
def test_einsum_of_drawn_letters(data: Any) -> None:
    sides = {"i": 2, "j": 3, "k": 1, "l": 4}
    letters = st.lists(st.sampled_from("ijkl"), max_size=3, unique=True).map("".join)
    terms = data.draw(st.lists(letters, min_size=1, max_size=3))
    seen = sorted(set("".join(terms)))
    kept = data.draw(st.permutations(seen))[: data.draw(st.integers(0, len(seen)))]
    subscripts = f"{','.join(terms)}->{''.join(kept)}"
    arrays = [numbers(tuple(sides[c] for c in term), i) for i, term in enumerate(terms)]
    same(F.einsum(subscripts, *map(Tensor, arrays)), np.einsum(subscripts, *arrays))


@pytest.mark.parametrize("axes", [0, 1, 2, ([0], [1]), ([1, 0], [0, 1]), ([-1], [0])])
def test_tensordot_vecdot_outer(axes: Any) -> None:
    x = numbers((3, 3))
    y = numbers((3, 3), 1)
    same(F.tensordot(Tensor(x), Tensor(y), axes), np.tensordot(x, y, axes))
    check_grads(lambda x, y: F.tensordot(x, y, axes), [x, y])
    same(F.vecdot(Tensor(x), Tensor(y)), np.vecdot(x, y))
    same(F.vecdot(Tensor(x), Tensor(y), axis=0), np.vecdot(x, y, axis=0))
    same(F.outer(Tensor(x[0]), Tensor(y[1])), np.outer(x[0], y[1]))
