"""Keras and Nissl by the same text: only the name of the imported library differs."""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np

from benchmarks.peers import common
from benchmarks.peers.common import Result, Settings

LIBRARY = os.environ["BENCHMARK_LIBRARY"]
PACKAGES = {
    "nissl": ("nissl", "jax", "numpy"),
    "tensorflow": ("keras", "tensorflow-cpu", "numpy"),
    "jax": ("keras", "jax", "numpy"),
}
keras: Any = importlib.import_module(LIBRARY)


def _sine(settings: Settings) -> Result:
    x, t = common.sine_data()
    model = keras.Sequential(
        [
            keras.layers.Input((1,)),
            keras.layers.Dense(3, activation="tanh"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer=keras.optimizers.SGD(common.SINE_LEARNING_RATE), loss="mse")

    def train() -> None:
        model.fit(x, t, batch_size=common.SAMPLES, epochs=settings.epochs, shuffle=False, verbose=0)

    result = common.stopwatch(
        lambda: model.set_weights(common.sine_weights()), train, settings, settings.epochs
    )
    return common.judge_sine(result, _weights(model), settings)


def _fashion(settings: Settings, script: bool = False, **options: object) -> Result:
    """With `script`, the data are as the lecture's script has them: 28 x 28, float64."""
    if script:
        x, t = common.fashion_pictures(settings)
        first = [keras.layers.Input((28, 28)), keras.layers.Flatten()]
    else:
        x, t, _, _ = common.fashion_data(settings)
        first = [keras.layers.Input((784,))]
    model = keras.Sequential(
        [
            *first,
            keras.layers.Dense(300, activation="relu"),
            keras.layers.Dense(100, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(common.FASHION_LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        **options,
    )

    def train() -> float:
        history = model.fit(
            x, t, batch_size=common.FASHION_BATCH, epochs=settings.epochs, verbose=0
        )
        return float(history.history["loss"][-1])

    result = common.stopwatch(
        lambda: model.set_weights(common.fashion_weights()), train, settings, settings.epochs
    )
    return common.judge_fashion(result, _weights(model), settings)


def _weights(model: Any) -> list[np.ndarray]:
    return [np.asarray(weight) for weight in model.get_weights()]


if __name__ == "__main__":
    common.main(
        {
            ("sine", "fit"): _sine,
            ("fashion", "fit"): _fashion,
            ("fashion", "no-jit"): lambda s: _fashion(s, jit_compile=False),
            ("fashion", "script"): lambda s: _fashion(s, script=True),
            ("fashion", "jit-32"): lambda s: _fashion(s, jit_compile=True, steps_per_execution=32),
        },
        PACKAGES["nissl" if LIBRARY == "nissl" else os.environ["KERAS_BACKEND"]],
    )
