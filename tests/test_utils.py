"""utils, backend and registry: seeds, one-hot rows, names."""

from __future__ import annotations

import random as python_random
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import registry
from nissl.errors import ArgumentError, ArgumentTypeError, DataError, FileFormatError, NisslError


def test_one_seed_seeds_everything() -> None:
    def drawn() -> list[Any]:
        nissl.utils.set_random_seed(42)
        layer = nissl.layers.Dense(2)
        layer(np.zeros((1, 3)))
        return [
            python_random.random(),
            float(np.random.random()),
            nissl.random.uniform(3).tolist(),
            layer.get_weights()[0].tolist(),
            np.asarray(nissl.layers.Dropout(0.5)(np.ones((1, 20)), training=True)).tolist(),
        ]

    first = drawn()
    assert drawn() == first
    nissl.utils.set_random_seed(43)
    assert nissl.random.uniform(3).tolist() != first[2]


def test_one_hot_rows() -> None:
    found = nissl.utils.to_categorical([1, 0, 2])
    assert found.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert found.dtype == np.float32
    assert nissl.utils.to_categorical([1, 0], num_classes=4).shape == (2, 4)
    assert nissl.utils.to_categorical([[1], [0]]).shape == (2, 2)  # a last axis of 1 is dropped
    assert nissl.utils.to_categorical([[0, 1], [1, 0]]).shape == (2, 2, 2)
    assert nissl.utils.to_categorical([], num_classes=3).shape == (0, 3)
    assert nissl.utils.to_categorical(np.uint8([255])).shape == (1, 256)
    assert nissl.utils.to_categorical([True, False]).tolist() == [[0, 1], [1, 0]]
    assert nissl.utils.to_categorical(np.float32([0, 1])).tolist() == [[1, 0], [0, 1]]
    assert nissl.utils.to_categorical(3).tolist() == [0, 0, 0, 1]
    assert nissl.utils.to_categorical(nissl.asarray([1, 0])).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("x", "classes", "error"),
    [
        ([3], 3, DataError),
        ([-1], None, DataError),
        ([0.5], None, DataError),
        ([np.nan], None, DataError),
        ([np.inf], None, DataError),
        (["a"], None, DataError),
        ([], None, DataError),
        ([[1, 2], [3]], None, DataError),
        ([1], "3", ArgumentTypeError),
        ([1], 0, NisslError),
    ],
)
def test_what_is_no_class_is_refused(x: Any, classes: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        nissl.utils.to_categorical(x, classes)


def test_vectors_of_length_one() -> None:
    found = nissl.utils.normalize([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0]], rtol=1e-6)
    np.testing.assert_allclose(nissl.utils.normalize([[3.0, 1.0]], order=1), [[0.75, 0.25]])
    columns = nissl.utils.normalize([[3.0, 1.0], [4.0, 0.0]], axis=0)
    np.testing.assert_allclose(columns, [[0.6, 1], [0.8, 0]], rtol=1e-6)


@pytest.mark.parametrize("size", [5e-324, 1e-200, 1e-23, 1.0, 1e20, 1e200, 1.7e308])
@pytest.mark.parametrize(("order", "wanted"), [(1, 0.5), (2, 0.5**0.5), (3, 0.5 ** (1 / 3))])
def test_vectors_of_any_length_are_scaled(size: float, order: float, wanted: float) -> None:
    found = nissl.utils.normalize(np.array([[size, -size], [0.0, 0.0]]), order=order)
    np.testing.assert_allclose(found, [[wanted, -wanted], [0, 0]], rtol=1e-12)
    largest = nissl.utils.normalize(np.array([[size, 0.0]]), order=np.inf)
    assert largest.tolist() == [[1.0, 0.0]]
    assert nissl.utils.normalize([[size, 0.0]]).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    ("dtype", "wanted"),
    [
        ("float16", "float16"),
        ("bfloat16", "bfloat16"),
        ("float32", "float32"),
        ("float64", "float64"),
        ("int8", "float32"),
        ("bool", "float32"),
    ],
)
def test_normalised_arrays_keep_their_dtype(dtype: str, wanted: str) -> None:
    for given in (nissl.asarray([[1, 1]], dtype), nissl.asarray([[1, 1]], dtype).numpy()):
        found = nissl.utils.normalize(given)
        assert found.dtype.name == wanted
        np.testing.assert_allclose(found.astype(float), 0.5**0.5, rtol=1e-2)
    assert nissl.utils.normalize([1.0, 1.0]).dtype == np.float32
    assert nissl.utils.normalize(np.zeros((2, 0))).shape == (2, 0)


@pytest.mark.parametrize(
    "given",
    [
        {"x": ["a"]},
        {"x": [[1.0], [1.0, 2.0]]},
        {"x": [1j]},
        {"x": None},
        {"x": 3.0},
        {"x": [1.0], "axis": 1},
        {"x": [1.0], "axis": "x"},
        {"x": [1.0], "order": 0},
        {"x": [1.0], "order": "2"},
        {"x": [1.0], "order": float("nan")},
    ],
)
def test_what_cannot_be_normalised_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(NisslError, match="normalize"):
        nissl.utils.normalize(**given)


def test_one_hot_rows_need_no_table_of_all_classes() -> None:
    """A table of 2**20 classes squared would take 4 TiB."""
    found = nissl.utils.to_categorical([(1 << 20) - 1])
    assert found.shape == (1, 1 << 20)
    assert found[0, -1] == found.sum() == 1


@pytest.mark.parametrize("label", [2**63, 1e300, 1 << 40])
def test_numbers_that_are_no_classes_are_told_from_them(label: Any) -> None:
    given = np.array([label], "uint64") if label == 2**63 else [label]
    with pytest.raises(DataError, match="columns"):
        nissl.utils.to_categorical(given)
    with pytest.raises(DataError, match="outside 0 to 9"):
        nissl.utils.to_categorical(given, 10)


@pytest.mark.parametrize("seed", [-1, 1 << 32, 1.5, "1", None, True])
def test_seeds_are_checked(seed: Any) -> None:
    with pytest.raises(NisslError, match="seed"):
        nissl.utils.set_random_seed(seed)


def test_the_floating_dtype_of_new_weights() -> None:
    assert nissl.backend.floatx() == "float32"
    assert nissl.backend.epsilon() == 1e-7
    nissl.backend.set_floatx("float64")
    try:
        assert nissl.backend.floatx() == "float64"
        layer = nissl.layers.Dense(2)
        assert layer(np.zeros((1, 3))).dtype == np.float64
        assert layer.get_weights()[0].dtype == np.float64
        model = nissl.Sequential([nissl.Input((1,)), nissl.layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(np.ones((4, 1)), np.ones(4), verbose=0)
        assert model.predict(np.ones((1, 1)), verbose=0).dtype == np.float64
        assert nissl.utils.to_categorical([0]).dtype == np.float64
    finally:
        nissl.backend.set_floatx("float32")
    for bad in ("int32", "float33", 3, None):
        with pytest.raises(NisslError):
            nissl.backend.set_floatx(bad)
    assert nissl.backend.floatx() == "float32"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Dense", "dense"),
        ("LeakyReLU", "leaky_re_lu"),
        ("LSTM", "lstm"),
        ("Conv2D", "conv2d"),
        ("BatchNormalization", "batch_normalization"),
        ("RMSprop", "rm_sprop"),
        ("SparseCategoricalCrossentropy", "sparse_categorical_crossentropy"),
        ("InputLayer", "input_layer"),
    ],
)
def test_snake_case_is_that_of_keras_files(name: str, wanted: str) -> None:
    assert registry.snake_case(name) == wanted


def test_a_registry_finds_makes_and_describes() -> None:
    things: registry.Registry[Any] = registry.Registry("thing", "keras.things")

    @things.add("nickname")
    class LongName:
        """A thing."""

        def __init__(self, size: int = 1, note: str = "") -> None:
            self.size, self.note = size, note

        def get_config(self) -> dict[str, Any]:
            return {"size": self.size, "note": self.note}

    @things.add()
    def plain(x: Any) -> Any:
        """A function."""
        return x

    assert things.names() == list(things) == ["LongName", "plain"]
    for name in ("LongName", "long_name", "nickname"):
        assert name in things
        assert isinstance(things.get(name), LongName)
    assert things.get("plain") is plain
    assert things.get(LongName).size == 1
    made = LongName(3)
    assert things.get(made.get_config) == made.get_config  # any function is itself
    described = things.serialize(made)
    assert described == {
        "module": "keras.things",
        "class_name": "LongName",
        "config": {"size": 3, "note": ""},
        "registered_name": None,
    }
    assert things.deserialize(described).size == 3
    newer = {**described, "config": {"size": 4, "unheard": None, "also": False}}
    assert things.deserialize(newer).size == 4
    with pytest.raises(ArgumentError, match=r"LongName: unheard=2\.0 is not offered"):
        things.deserialize({**described, "config": {"unheard": 2.0}})
    assert things.serialize(plain) == "plain"
    assert things.serialize(None) is None
    assert things.deserialize("long_name").size == 1
    function = {"module": "builtins", "class_name": "function", "config": "plain"}
    assert things.deserialize(function) is plain
    with pytest.raises(ArgumentError, match="thing named 'plain' is registered already"):
        things.add()(plain)
    with pytest.raises(ArgumentTypeError, match="'<lambda>' cannot be written to a file"):
        things.serialize(lambda x: x)
    for bad in (
        3,
        [1],
        {"config": {}},
        {"class_name": 3},
        {"class_name": "LongName", "config": []},
    ):
        with pytest.raises((FileFormatError, ArgumentTypeError)):
            things.deserialize(bad)
    with pytest.raises(ArgumentTypeError, match="thing is a name"):
        things.get(3)
