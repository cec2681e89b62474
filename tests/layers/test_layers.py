"""Layers: hand-worked answers, shapes, settings, statistics; each of the registry is covered."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nissl
from close import assert_close
from nissl import layers
from nissl.errors import (
    AbstractValueError,
    ArgumentError,
    ArgumentTypeError,
    NisslError,
    ShapeError,
)
from nissl.layers.base import registry

X = np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]], np.float32)
KERNEL = np.array([[1.0, -1.0], [0.5, 2.0], [0.0, 1.0]], np.float32)
BIAS = np.array([0.5, -0.25], np.float32)
SUMS = np.array([[2.5, 1.75], [1.0, 2.25]])  # X @ KERNEL + BIAS, by hand

# one of each, with the shape of an input and of its output
EXAMPLES: dict[str, tuple[Any, tuple[int, ...], tuple[int, ...]]] = {
    "InputLayer": (lambda: layers.InputLayer((3,)), (3,), (3,)),
    "Flatten": (layers.Flatten, (2, 3, 4), (24,)),
    "Dense": (lambda: layers.Dense(5, "relu", use_bias=False), (3,), (5,)),
    "Activation": (lambda: layers.Activation("tanh"), (2, 3), (2, 3)),
    "Dropout": (lambda: layers.Dropout(0.3, seed=1), (2, 3), (2, 3)),
    "Rescaling": (lambda: layers.Rescaling(0.5, offset=-1.0), (3,), (3,)),
    "Sequential": (lambda: nissl.Sequential([layers.Dense(4), layers.Dense(2)]), (3,), (2,)),
}


def dense(**given: Any) -> layers.Dense:
    layer = layers.Dense(2, **given)
    layer(X)
    layer.set_weights([KERNEL, BIAS] if layer.use_bias else [KERNEL])
    return layer


# ---- every registered layer --------------------------------------------------------------------


def test_every_layer_has_an_example_here() -> None:
    nissl.Sequential()
    assert set(registry.names()) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_shapes_dtypes_and_description(name: str) -> None:
    make, taken, given_back = EXAMPLES[name]
    layer = make()
    x = np.random.default_rng(0).normal(size=(7, *taken)).astype(np.float32)
    out = layer(x)
    assert out.shape == (7, *given_back)
    assert out.dtype == np.float32
    assert layer.compute_output_shape((None, *taken)) == (None, *given_back)
    described = registry.serialize(layer)
    assert described["class_name"] == name
    again = registry.deserialize(described)
    assert type(again) is type(layer)
    assert registry.serialize(again) == described
    again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), out)
    assert repr(layer).startswith(f"<{name} ")


@pytest.mark.parametrize("name", [n for n in EXAMPLES if n not in ("InputLayer", "Sequential")])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_other_floating_dtypes(name: str, dtype: str) -> None:
    make, taken, _ = EXAMPLES[name]
    config = make().get_config()
    layer = type(make()).from_config({**config, "dtype": dtype})
    x = np.linspace(-1, 1, 2 * math.prod(taken)).reshape(2, *taken)
    out = layer(x)
    assert out.dtype == nissl.asarray(0, dtype).dtype
    wanted = type(make()).from_config({**config, "dtype": "float64"})
    wanted(x)
    wanted.set_weights(layer.get_weights())
    tight = {"float16": 5e-3, "bfloat16": 4e-2, "float64": 1e-12}[dtype]
    np.testing.assert_allclose(
        np.asarray(out).astype(np.float64), wanted(x), rtol=tight, atol=tight
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_integers_lists_and_tensors_are_taken_as_numbers(name: str) -> None:
    make, taken, _ = EXAMPLES[name]
    layer = make()
    x = np.arange(2 * math.prod(taken)).reshape(2, *taken)
    wanted = np.asarray(layer(x.astype(np.float32)))
    for other in (x, x.tolist(), nissl.asarray(x), x.astype(np.uint8), nissl.Variable(x * 1.0)):
        assert_close(layer(other), wanted, 1e-6)


@pytest.mark.parametrize("name", EXAMPLES)
def test_texts_are_refused(name: str) -> None:
    make, taken, _ = EXAMPLES[name]
    with pytest.raises(NisslError):
        make()(np.full((2, *taken), "a"))


def test_numbers_in_lists_are_not_rounded_below_the_layers_dtype() -> None:
    """0.1 as float64 holds it, not as float32 does: weights and inputs alike."""
    layer = layers.Dense(1, dtype="float64", input_shape=(1,))
    for model in (layer, nissl.Sequential([layer])):
        model([[0.0]])
        model.set_weights([[[0.1]], [0.3]])
        assert [each.item() for each in model.get_weights()] == [0.1, 0.3]
        for x in ([[0.7]], ((0.7,),), np.array([[0.7]])):
            assert model(x).item() == 0.7 * 0.1 + 0.3
    half = layers.Dense(1, dtype="float16")
    half([[0.0]])
    half.set_weights([[[0.1]], [1e-4]])
    assert [w.item() for w in half.get_weights()] == [np.float16(0.1), np.float16(1e-4)]


# ---- Dense -------------------------------------------------------------------------------------


def test_dense_by_hand() -> None:
    assert_close(dense()(X), SUMS)
    assert_close(dense(use_bias=False)(X), SUMS - BIAS)
    assert_close(dense(activation="tanh")(X), np.tanh(SUMS), 1e-6)
    assert_close(dense(activation=nissl.square)(X), SUMS**2, 1e-6)


def test_dense_works_on_the_last_axis() -> None:
    deep = np.stack([X, 2 * X])  # (2, 2, 3)
    out = dense()(deep)
    assert out.shape == (2, 2, 2)
    assert_close(out[0], SUMS)
    assert_close(out[1], 2 * (SUMS - BIAS) + BIAS)


def test_slopes_of_dense_by_hand() -> None:
    layer = dense()
    nissl.sum(layer(X)[:, 1]).backward()
    assert layer.kernel is not None
    assert layer.bias is not None
    assert_close(layer.kernel.grad, [[0, 1.5], [0, 2.0], [0, 2.0]])
    assert_close(layer.bias.grad, [0, 2])


def test_dense_starts_as_keras_does() -> None:
    nissl.utils.set_random_seed(0)
    layer = layers.Dense(400)
    layer(np.zeros((1, 600)))
    kernel, bias = layer.get_weights()
    limit = math.sqrt(6 / 1000)  # Glorot and Bengio 2010, eq. 16
    assert np.abs(kernel).max() <= limit
    assert np.abs(kernel).max() > 0.99 * limit
    assert abs(kernel.mean()) < limit / 100
    assert kernel.var() == pytest.approx(limit**2 / 3, rel=0.02)
    np.testing.assert_array_equal(bias, np.zeros(400))
    other = layers.Dense(400)
    other(np.zeros((1, 600)))
    assert not np.array_equal(other.get_weights()[0], kernel)


def test_initializers_of_dense() -> None:
    layer = layers.Dense(
        2, kernel_initializer="ones", bias_initializer=lambda s, dtype: nissl.full(s, 3.0)
    )
    assert_close(layer(X), X.sum(1, keepdims=True) + 3 * np.ones((2, 2)))
    array = layers.Dense(2, kernel_initializer=KERNEL, bias_initializer=BIAS)
    assert_close(array(X), SUMS)


def test_numpy_integers_are_units() -> None:
    labels = np.array([0, 1, 2])
    layer = layers.Dense(labels.max() + 1)
    assert layer.units == 3
    assert type(layer.get_config()["units"]) is int


# ---- Dropout -----------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate: float) -> None:
    layer = layers.Dropout(rate, seed=3)
    count = 100_000
    out = np.asarray(layer(np.ones((count, 1)), training=True))
    kept = 1 / (1 - rate)
    assert set(np.unique(out)) <= {0.0, np.float32(kept)}
    sigma = math.sqrt(rate * (1 - rate) / count)
    assert abs((out == 0).mean() - rate) <= 5 * sigma
    assert abs(out.mean() - 1) <= 5 * kept * sigma + 1e-6


def test_dropout_rows_and_columns_are_independent() -> None:
    out = np.asarray(layers.Dropout(0.5, seed=0)(np.ones((2000, 50)), training=True)) > 0
    spread = 5 * 0.5 / math.sqrt(2000)
    assert np.all(np.abs(out.mean(axis=0) - 0.5) < spread)
    joint = np.corrcoef(out.T) - np.eye(50)
    assert np.abs(joint).max() < 5 / math.sqrt(2000)


def test_dropout_is_new_each_call_and_the_same_for_a_seed() -> None:
    ones = np.ones((10, 10))
    first, second = layers.Dropout(0.5, seed=1), layers.Dropout(0.5, seed=1)
    a, b = first(ones, training=True), first(ones, training=True)
    assert not np.array_equal(a, b)
    np.testing.assert_array_equal(second(ones, training=True), a)
    np.testing.assert_array_equal(second(ones, training=True), b)
    other = layers.Dropout(0.5, seed=2)
    assert not np.array_equal(other(ones, training=True), a)


def test_dropout_is_the_same_inside_jit() -> None:
    ones = np.ones((10, 10), np.float32)
    eager, compiled = layers.Dropout(0.5, seed=1), layers.Dropout(0.5, seed=1)
    run = nissl.jit(lambda x: compiled(x, training=True))
    for _ in range(3):
        np.testing.assert_array_equal(run(ones), eager(ones, training=True))


def test_dropout_lets_slopes_through_where_it_kept() -> None:
    layer = layers.Dropout(0.5, seed=1)
    x = nissl.tensor(np.ones((5, 5)), requires_grad=True)
    out = layer(x, training=True)
    nissl.sum(out * 3.0).backward()
    np.testing.assert_array_equal(x.grad, np.asarray(out) * 3)


def test_dropout_of_whole_columns() -> None:
    out = np.asarray(
        layers.Dropout(0.5, noise_shape=(1, 20), seed=1)(np.ones((8, 20)), training=True)
    )
    np.testing.assert_array_equal(out, np.broadcast_to(out[:1], out.shape))
    rows = np.asarray(
        layers.Dropout(0.5, noise_shape=(None, 1), seed=1)(np.ones((8, 20)), training=True)
    )
    np.testing.assert_array_equal(rows, np.broadcast_to(rows[:, :1], rows.shape))
    assert 0 < out.mean() < 2


# ---- the others --------------------------------------------------------------------------------


def test_flatten_activation_and_rescaling_by_hand() -> None:
    cube = np.arange(8.0).reshape(2, 2, 2)
    np.testing.assert_array_equal(layers.Flatten()(cube), [[0, 1, 2, 3], [4, 5, 6, 7]])
    np.testing.assert_array_equal(layers.Flatten()(np.arange(3.0)), [[0], [1], [2]])
    np.testing.assert_array_equal(layers.Activation("relu")(X), np.maximum(X, 0))
    soft = np.asarray(layers.Activation("softmax")(X))
    assert_close(soft.sum(axis=1), [1, 1], 1e-6)
    assert_close(layers.Rescaling(1 / 255)(np.uint8([[0, 51, 255]])), [[0, 0.2, 1]], 1e-6)
    assert_close(layers.Rescaling(2.0, -1.0)(X), 2 * X - 1)


@settings(max_examples=25)
@given(shape=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_flatten_keeps_every_number_in_order(shape: list[int]) -> None:
    x = np.arange(math.prod(shape), dtype=np.float64).reshape(shape)
    out = np.asarray(layers.Flatten(dtype="float64")(x))
    assert out.shape == (shape[0], math.prod(shape[1:]))
    np.testing.assert_array_equal(out.ravel(), x.ravel())


# ---- layers of one's own -----------------------------------------------------------------------


class Affine(layers.Layer):
    """Weights made in every way: by add_weight, as a Variable, in a list, in a layer below."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.offset = nissl.Variable(np.float32(0.5), name="offset")
        self.parts = [layers.Dense(2), layers.Dense(2)]
        self.table = {"extra": nissl.Variable([1.0, 1.0], trainable=False, name="extra")}

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight((input_shape[-1],), initializer="ones", name="scale")

    def call(self, x: Any) -> Any:
        z = x * self.scale + self.offset
        return self.parts[0](z) + self.parts[1](z) * self.table["extra"]


def test_weights_are_found_however_they_were_made() -> None:
    layer = Affine()
    out = layer(X)
    assert [w.name for w in layer.weights] == [
        *("scale", "offset", "extra"),
        *("kernel", "bias", "kernel", "bias"),
    ]
    assert [w.name for w in layer.non_trainable_weights] == ["extra"]
    assert len(layer.trainable_variables) == 6
    assert layer.count_params() == 3 + 1 + 2 + 2 * 8
    nissl.sum(out).backward()
    for weight in layer.trainable_weights:
        assert weight.grad is not None
        assert weight.grad.shape == weight.shape
    z = X + 0.5
    k1, b1, k2, b2 = (w.numpy() for part in layer.parts for w in part.weights)
    assert_close(out, z @ k1 + b1 + z @ k2 + b2, 1e-5)


def test_a_variable_as_an_attribute_is_trained() -> None:
    model = nissl.Sequential([nissl.Input((3,)), Affine()])
    model.compile(nissl.optimizers.SGD(0.05), "mse")
    affine = model.layers[0]
    assert isinstance(affine, Affine)
    model.fit(X, X[:, :2], epochs=3, verbose=0)
    assert affine.offset.numpy() != 0.5
    np.testing.assert_array_equal(affine.table["extra"].numpy(), [1, 1])


def test_a_layer_without_call_says_so() -> None:
    class Nothing(layers.Layer):
        pass

    with pytest.raises(ArgumentTypeError, match=r"'nothing.*' \(Nothing\) has no call"):
        Nothing()(X)


def test_errors_name_the_innermost_layer_once() -> None:
    class Outer(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="outer")
            self.inner = layers.Dense(2, name="inner")

        def call(self, x: Any) -> Any:
            return self.inner(x)

    outer = Outer()
    outer(X)
    with pytest.raises(ShapeError) as caught:
        outer(X[:, :2])
    assert str(caught.value).startswith("layer 'inner' (Dense): ")
    assert str(caught.value).count("layer '") == 1

    class Sum(layers.Layer):
        def call(self, x: Any) -> Any:
            return x @ x

    with pytest.raises(ShapeError, match=r"layer 'sum' \(Sum\): matmul"):
        Sum(name="sum")(X)
    nissl.jit(Sum(name="fine"))(np.eye(2, dtype=np.float32))
    with pytest.raises(AbstractValueError, match=r"layer 'branch' \(Branch\)"):
        nissl.jit(Branch(name="branch"))(X)


class Branch(layers.Layer):
    """Asks for a number, which only works eagerly."""

    def call(self, x: Any) -> Any:
        return x if float(nissl.sum(x)) > 0 else -x


def test_python_control_flow_works_eagerly() -> None:
    np.testing.assert_array_equal(Branch()(X), X)
    np.testing.assert_array_equal(Branch()(-X), X)

    class Own(nissl.Model):
        def __init__(self) -> None:
            super().__init__()
            self.branch = Branch(name="branch")

        def call(self, x: Any, training: bool = False) -> Any:
            return self.branch(x)

    model = Own()
    np.testing.assert_array_equal(model(-X), X)  # eagerly it may; a step of fit is a program
    model.compile("sgd", "mse")
    with pytest.raises(AbstractValueError, match="layer 'branch'"):
        model.fit(X, X, verbose=0)
    with pytest.raises(AbstractValueError, match="layer 'branch'"):
        nissl.Sequential([nissl.Input((3,)), Branch(name="branch")])


def test_build_is_called_once_with_the_batch_unknown() -> None:
    seen = []

    class Once(layers.Layer):
        def build(self, input_shape: Any) -> None:
            seen.append(input_shape)

        def call(self, x: Any) -> Any:
            return x

    layer = Once()
    for rows in (2, 1, 2):
        layer(X[:rows])
    assert seen == [(None, 3)]


def test_layers_take_nested_inputs() -> None:
    class Both(layers.Layer):
        def call(self, x: Any) -> Any:
            return x["a"] + x["b"][0]

    np.testing.assert_array_equal(Both()({"a": X, "b": [X]}), 2 * X)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("trainable", "yes"), ("trainable", None), ("name", 3), ("dtype", "int32"), ("units", 0)],
)
def test_settings_are_checked(setting: str, value: Any) -> None:
    with pytest.raises(NisslError, match=setting):
        layers.Dense(**{"units": 2, setting: value})


def test_settings_that_no_layer_has_are_refused() -> None:
    with pytest.raises(TypeError, match="unit"):
        layers.Dense(**{"unit": 2})
    with pytest.raises(ArgumentError, match="kernel_regularizer='l2' is not there yet"):
        registry.deserialize(
            {"class_name": "Dense", "config": {"units": 2, "kernel_regularizer": "l2"}}
        )
