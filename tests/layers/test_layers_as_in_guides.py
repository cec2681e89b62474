"""Layers of one's own as Keras's guides write them: trained, evaluated, asked, saved and loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nissl
from close import assert_close
from nissl import layers
from nissl.errors import ArgumentError, ArgumentTypeError, FileFormatError, NisslError
from nissl.models import load_model

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
Y = X[:, :1]


class Linear(layers.Layer):
    """Weights in ``build``, settings in ``get_config``."""

    def __init__(self, units: int = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="random_normal", name="w"
        )
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True)

    def call(self, inputs: Any) -> Any:
        return nissl.matmul(inputs, self.w) + self.b

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.update({"units": self.units})
        return config


class LinearAtOnce(layers.Layer):
    """Weights in ``__init__``; it takes no name, and has no ``get_config``."""

    def __init__(self, units: int = 4, input_dim: int = 4) -> None:
        super().__init__()
        self.w = self.add_weight((input_dim, units), "random_normal", regularizer=None)
        self.b = self.add_weight(shape=units, constraint=None, autocast=True)

    def call(self, inputs: Any) -> Any:
        return nissl.matmul(inputs, self.w) + self.b


class RunningSum(layers.Layer):
    """State that each call changes, in every mode."""

    def __init__(self, input_dim: int) -> None:
        super().__init__()
        self.total = self.add_weight((input_dim,), "zeros", trainable=False, name="total")

    def call(self, inputs: Any) -> Any:
        self.total.assign_add(nissl.sum(inputs, axis=0))
        return inputs + 0 * self.total


class Block(layers.Layer):
    """Layers of one's own in one of one's own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first, self.second = Linear(8), Linear(4)

    def call(self, inputs: Any) -> Any:
        return self.second(nissl.relu(self.first(inputs)))


class OwnDropout(layers.Layer):
    """Its own seeds, and ``training=None``."""

    def __init__(self, rate: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.seed_generator = nissl.random.SeedGenerator(1337)

    def call(self, inputs: Any, training: Any = None) -> Any:
        if not training:
            return inputs
        keep = nissl.random.bernoulli(inputs.shape, 1 - self.rate, seed=self.seed_generator)
        return nissl.where(keep, inputs / (1 - self.rate), 0.0)


class Residual(layers.Layer):
    """A list under a private name, and dropout."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._chain = [layers.Dense(units, "relu"), layers.Dense(units)]
        self.drop = layers.Dropout(0.1)

    def call(self, x: Any) -> Any:
        y = x
        for layer in self._chain:
            y = layer(y)
        return x + self.drop(y)


class Norm(layers.Layer):
    """``self.built = True`` at the end of ``build``."""

    def __init__(self, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        self.gamma = self.add_weight(input_shape[-1:], "ones", name="gamma")
        self.beta = self.add_weight(input_shape[-1:], "zeros", dtype="float32", name="beta")
        self.built = True

    def call(self, x: Any) -> Any:
        mean, variance = nissl.mean(x, axis=-1, keepdims=True), nissl.var(x, axis=-1, keepdims=True)
        return (x - mean) / nissl.sqrt(variance + self.epsilon) * self.gamma + self.beta


class Batch(layers.Layer):
    """Running means, changed in training alone."""

    def build(self, input_shape: Any) -> None:
        size = input_shape[-1:]
        self.mean = self.add_weight(size, "zeros", trainable=False, name="moving_mean")
        self.variance = self.add_weight(size, "ones", trainable=False, name="moving_variance")
        self.gamma = self.add_weight(size, "ones", name="gamma")

    def call(self, x: Any, training: bool = False) -> Any:
        mean, variance = self.mean.value, self.variance.value
        if training:
            mean, variance = nissl.mean(x, axis=0), nissl.var(x, axis=0)
            self.mean.assign(0.9 * self.mean + 0.1 * mean)
            self.variance.assign(0.9 * self.variance + 0.1 * variance)
        return (x - mean) / nissl.sqrt(variance + 1e-3) * self.gamma


class Gate(layers.Layer):
    """A layer made and built in ``build``."""

    def build(self, input_shape: Any) -> None:
        self.dense = layers.Dense(input_shape[-1], activation="sigmoid")
        self.dense.build(input_shape)

    def call(self, x: Any) -> Any:
        return x * self.dense(x)


class Slopes(layers.Layer):
    """A weight for each number of a row, without a name or an initializer."""

    def build(self, input_shape: Any) -> None:
        self.alpha = self.add_weight(input_shape[1:])
        super().build(input_shape)

    def call(self, x: Any) -> Any:
        return nissl.where(x > 0, x, self.alpha * x)


LAYERS: dict[str, tuple[Callable[[], layers.Layer], list[str]]] = {
    "Linear": (lambda: Linear(4), ["w", "variable"]),
    "LinearAtOnce": (LinearAtOnce, ["variable", "variable"]),
    "RunningSum": (lambda: RunningSum(4), ["total"]),
    "Block": (Block, ["w", "variable", "w", "variable"]),
    "OwnDropout": (lambda: OwnDropout(0.5), []),
    "Residual": (lambda: Residual(4), ["kernel", "bias", "kernel", "bias"]),
    "Norm": (lambda: Norm(epsilon=1e-3), ["gamma", "beta"]),
    "Batch": (Batch, ["gamma", "moving_mean", "moving_variance"]),
    "Gate": (Gate, ["kernel", "bias"]),
    "Slopes": (Slopes, ["variable"]),
}
OWN = {
    cls.__name__: cls
    for cls in (
        *(Linear, LinearAtOnce, RunningSum, Block, OwnDropout),
        *(Residual, Norm, Batch, Gate, Slopes),
    )
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_of_a_guide_is_trained_saved_and_loaded(name: str, tmp_path: Path) -> None:
    make, names = LAYERS[name]
    layer = make()
    model = nissl.Sequential([nissl.Input((4,)), layer, layers.Dense(1)])
    assert [w.name for w in layer.weights] == names
    before = [w.numpy() for w in layer.trainable_weights]
    model.compile(nissl.optimizers.SGD(0.1), "mse")
    losses = model.fit(X, Y, batch_size=16, epochs=3, verbose=0).history["loss"]
    assert np.isfinite(losses).all()
    for weight, old in zip(layer.trainable_weights, before, strict=True):
        assert not np.array_equal(weight.numpy(), old)
    shown = model.predict(X, verbose=0)
    np.testing.assert_allclose(shown, model(X), rtol=1e-5, atol=1e-6)
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(float(np.mean((shown - Y) ** 2)))
    model.summary(print_fn=lambda text: None)

    model.save_weights(tmp_path / "w.weights.h5")
    other = nissl.Sequential([nissl.Input((4,)), make(), layers.Dense(1)])
    other.load_weights(tmp_path / "w.weights.h5")
    np.testing.assert_array_equal(other.predict(X, verbose=0), shown)

    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras", custom_objects=OWN)
    assert type(loaded.layers[0]) is type(layer)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), shown)
    with pytest.raises(FileFormatError, match=f"unknown layer '{name}'.*custom_objects="):
        load_model(tmp_path / "m.keras")


def test_state_that_a_prediction_changes_is_kept() -> None:
    """As a call does; the last, smaller batch counts for the rows that it has."""
    layer = RunningSum(4)
    model = nissl.Sequential([nissl.Input((4,)), layer])
    for size in (40, 16, 7):
        layer.total.assign(np.zeros(4))
        np.testing.assert_array_equal(model.predict(X, batch_size=size, verbose=0), X)
        assert_close(layer.total.numpy(), X.sum(axis=0), 1e-4)


def test_noise_of_a_layer_is_new_in_each_prediction() -> None:
    class Noise(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.seeds = nissl.random.SeedGenerator(3)

        def call(self, x: Any) -> Any:
            return x + nissl.random.normal(x.shape, seed=self.seeds)

    model = nissl.Sequential([nissl.Input((4,)), Noise()])
    first, second = model.predict(X, verbose=0), model.predict(X, verbose=0)
    assert not np.array_equal(first, second)
    halves = model.predict(np.concatenate([X, X]), batch_size=40, verbose=0)
    assert not np.array_equal(halves[:40], halves[40:])


def test_a_layer_that_a_file_cannot_describe_is_refused_when_it_is_saved(tmp_path: Path) -> None:
    class Applies(layers.Layer):
        def __init__(self, function: Any) -> None:
            super().__init__()
            self.function = function

        def call(self, x: Any) -> Any:
            return self.function(x)

    model = nissl.Sequential([nissl.Input((4,)), Applies(nissl.relu)])
    with pytest.raises(ArgumentTypeError, match=r"Applies: function=.*give Applies.*get_config"):
        model.save(tmp_path / "m.keras")
    assert not (tmp_path / "m.keras").exists()


@pytest.mark.parametrize("wrong", [[Linear], {"Linear": 3}, {3: Linear}, "Linear", Linear])
def test_custom_objects_are_names_with_classes(wrong: Any, tmp_path: Path) -> None:
    nissl.Sequential([nissl.Input((4,)), layers.Dense(1)]).save(tmp_path / "m.keras")
    with pytest.raises(ArgumentTypeError, match="custom_objects is a dict"):
        load_model(tmp_path / "m.keras", wrong)
    for options in ({"compile": "no"}, {"safe_mode": False}, {"custom_objects": [1]}):
        with pytest.raises(NisslError, match=next(iter(options))):
            load_model(tmp_path / "m.keras", **options)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"shape": "ab"}, "shape"),
        ({"shape": (None, 2)}, "shape"),
        ({"shape": (2.5,)}, "shape"),
        ({"shape": -1}, "shape"),
        ({"initializer": "glorot"}, "glorot"),
        ({"dtype": "float31"}, "float31"),
        ({"name": 3}, "name"),
        ({"regularizer": "l2"}, "regularizer='l2' is not there yet"),
        ({"regulariser": None}, "no argument 'regulariser'"),
    ],
)
def test_arguments_of_add_weight_are_checked(given: dict[str, Any], said: str) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError, NisslError), match=said):
        layers.Dense(2).add_weight(**given)
