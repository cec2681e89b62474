"""Containers, and what a tensor is beside an array: operators, Python numbers, text, identity."""

from __future__ import annotations

import operator
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nissl.core import functions as F
from nissl.core import tree
from nissl.core.op import scope
from nissl.core.program import trace
from nissl.core.tensor import Aval, Tensor
from nissl.errors import ArgumentError, ArgumentTypeError


class Pair(NamedTuple):
    left: Any
    right: Any


trees = st.recursive(
    st.integers() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.builds(Pair, inner, inner)
    ),
    max_leaves=12,
)


@settings(max_examples=60)
@given(trees)
def test_containers_are_taken_apart_and_put_together(nested: Any) -> None:
    leaves, structure = tree.flatten(nested)
    again = tree.unflatten(structure, leaves)
    assert again == nested
    assert type(again) is type(nested)
    assert all(isinstance(leaf, int) for leaf in leaves)
    assert hash(structure) == hash(tree.flatten(again)[1])
    doubled = tree.map_leaves(lambda a, b: a + b, nested, nested)
    assert tree.flatten(doubled)[0] == [2 * leaf for leaf in leaves]


def test_structures_differ_when_the_nesting_does() -> None:
    shapes = [
        [1, 2],
        (1, 2),
        [1, [2]],
        {"a": 1, "b": 2},
        {"a": 1, "c": 2},
        Pair(1, 2),
        [1, 2, None],
    ]
    found = [tree.flatten(each)[1] for each in shapes]
    assert len(set(found)) == len(found)
    with pytest.raises(ArgumentError, match="containers differ in nesting"):
        tree.map_leaves(operator.add, [1, 2], (1, 2))


def test_a_leaf_may_be_the_text_that_marks_leaves() -> None:
    leaves, structure = tree.flatten({"*": ["*", 1]})
    assert tree.unflatten(structure, leaves) == {"*": ["*", 1]}


def test_operators_are_functions_from_both_sides() -> None:
    x, y = np.array([1.0, -2.0, 3.0]), np.array([2.0, 5.0, -4.0])
    pairs = [
        operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
        operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge,
    ]  # fmt: skip
    for op in pairs:
        for one, two in ((Tensor(x), Tensor(y)), (Tensor(x), y), (x, Tensor(y)), (Tensor(x), 2.0)):
            wanted = op(np.asarray(one), np.asarray(two))
            found = op(one, two)
            assert isinstance(found, Tensor), op
            np.testing.assert_array_equal(found.numpy(), wanted)
        np.testing.assert_array_equal(op(2.0, Tensor(y)).numpy(), op(2.0, y))
    np.testing.assert_array_equal((2.0 ** Tensor(y)).numpy(), 2.0**y)
    np.testing.assert_array_equal((-Tensor(x)).numpy(), -x)
    np.testing.assert_array_equal(abs(Tensor(x)).numpy(), abs(x))
    assert (+Tensor(x)).numpy() is x
    i = np.array([1, 6])
    for op in (operator.and_, operator.or_, operator.xor):
        np.testing.assert_array_equal(op(Tensor(i), 3).numpy(), op(i, 3))
        np.testing.assert_array_equal(op(3, Tensor(i)).numpy(), op(3, i))
    np.testing.assert_array_equal((Tensor(i) << 1).numpy(), i << 1)
    np.testing.assert_array_equal((Tensor(i) >> 1).numpy(), i >> 1)
    np.testing.assert_array_equal((~Tensor(i)).numpy(), ~i)
    m = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal((m @ Tensor(m)).numpy(), m @ m)
    np.testing.assert_array_equal(Tensor(m).T.numpy(), m.T)
    np.testing.assert_array_equal(Tensor(m).mT.numpy(), m.T)


def test_methods_are_functions() -> None:
    x = np.arange(6.0).reshape(2, 3)
    t = Tensor(x)
    for name in ("sum", "mean", "max", "min"):
        for axis in (None, 0, (0, 1)):
            np.testing.assert_array_equal(
                getattr(t, name)(axis=axis, keepdims=True).numpy(),
                getattr(x, name)(axis=axis, keepdims=True),
            )
    assert t.reshape(3, 2).shape == t.reshape((3, 2)).shape == t.reshape(-1, 2).shape == (3, 2)
    assert t.reshape(-1).shape == (6,)
    assert t.astype("int8").dtype == np.int8
    assert (t.ndim, t.size, t.device, len(t)) == (2, 6, "cpu", 2)


def test_python_numbers() -> None:
    assert float(F.asarray(1.5)) == 1.5
    assert int(F.asarray([3.0])) == 3
    assert bool(F.asarray([[True]]))
    assert [10, 20, 30][F.asarray(1)] == 20
    assert F.asarray([[7]]).item() == 7
    assert isinstance(F.asarray(1.5).item(), float)


def test_text() -> None:
    assert repr(F.asarray([1.0, 2.5])) == "Tensor([1.  2.5], shape=(2,), dtype=float32)"
    assert repr(Aval((2, 3), "bfloat16")) == "bfloat16[2,3]"
    seen: list[str] = []
    trace(lambda x: seen.append(repr(x)), Aval((2,), "float32"))
    assert seen == ["Tensor(float32[2], abstract)"]
    assert len(repr(F.zeros((1000, 1000)))) < 400


def test_identity_is_not_equality() -> None:
    x = F.asarray([1.0])
    assert len({x, F.asarray([1.0])}) == 2
    assert {x: "found"}[x] == "found"


def test_scopes_name_the_equations_made_in_them() -> None:
    x = F.tensor(1.0, requires_grad=True)
    with scope("model"):
        with scope("dense"):
            y = x * x
        z = y + x
    equations = [each.equation for each in (y, z, z * z)]
    assert [e.scope for e in equations if e is not None] == ["model/dense", "model", ""]


def test_a_view_of_the_users_array_is_not_changed() -> None:
    source = np.arange(4.0)
    x = F.asarray(source)
    for result in (x + 1, -x, F.flip(x), x[::-1] * 2, F.sort(x, descending=True), F.sum(x)):
        assert result.numpy() is not source
    np.testing.assert_array_equal(source, np.arange(4.0))
    with pytest.raises(ArgumentTypeError, match="immutable"):
        x[0] = 5.0
