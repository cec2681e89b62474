"""Warnings before training: an output layer that cannot mean what the loss takes it for."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import layers, losses

X = np.linspace(-1, 1, 16, dtype=np.float32).reshape(8, 2)
PAIRS = np.arange(8) % 2
ONE_HOT = np.eye(2, dtype=np.float32)[PAIRS]
BINARY, SPARSE, CATEGORICAL = (
    "binary_crossentropy",
    "sparse_categorical_crossentropy",
    "categorical_crossentropy",
)


def told(units: int, last: Any, loss: Any, y: Any, uses: int = 1) -> list[str]:
    model = nissl.Sequential([nissl.Input((2,)), layers.Dense(units, last)], name="net")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.compile("sgd", loss, metrics=["accuracy"])
        for _ in range(uses):
            model.fit(X, y, verbose=0, validation_data=(X, y))
            model.evaluate(X, y, verbose=0)
    assert all(each.filename == __file__ for each in caught)
    return [str(each.message) for each in caught]


@pytest.mark.parametrize(
    ("units", "last", "loss", "y", "pieces"),
    [
        (1, "softmax", BINARY, PAIRS, ["softmax of one unit", "sigmoid"]),
        (1, "softmax", "mse", PAIRS, ["softmax of one unit"]),
        (1, "sigmoid", SPARSE, 0 * PAIRS, ["one output is always 0", "binary_crossentropy"]),
        (1, None, CATEGORICAL, np.ones((8, 1)), ["one output is always 0"]),
        (2, "sigmoid", SPARSE, PAIRS, ["do not add up to 1", "softmax"]),
        (2, "sigmoid", CATEGORICAL, ONE_HOT, ["do not add up to 1", "softmax"]),
        (2, None, CATEGORICAL, ONE_HOT, ["linear", "'softmax'", "from_logits=True"]),
        (2, "relu", SPARSE, PAIRS, ["relu", "'softmax'", "no activation"]),
        (1, None, BINARY, PAIRS, ["linear", "'sigmoid'", "from_logits=True"]),
        (1, "tanh", BINARY, PAIRS, ["tanh", "'sigmoid'"]),
        (2, None, BINARY, ONE_HOT, ["linear", "'sigmoid'"]),
        (1, None, "crossentropy", PAIRS, ["linear", "'sigmoid'"]),
        (2, "softmax", losses.SparseCategoricalCrossentropy(True), PAIRS, ["from_logits=True"]),
        (1, "sigmoid", losses.BinaryCrossentropy(True), PAIRS, ["from_logits=True", "sigmoid"]),
    ],
)
def test_what_does_not_fit_is_told_once(
    units: int, last: Any, loss: Any, y: Any, pieces: list[str]
) -> None:
    (message,) = told(units, last, loss, y, uses=2)
    for piece in ("model 'net'", *pieces):
        assert piece in message


@pytest.mark.parametrize(
    ("units", "last", "loss", "y"),
    [
        (1, "sigmoid", BINARY, PAIRS),
        (2, "sigmoid", BINARY, ONE_HOT),
        (2, "softmax", BINARY, ONE_HOT),
        (2, "softmax", SPARSE, PAIRS),
        (2, "softmax", CATEGORICAL, ONE_HOT),
        (2, "softmax", "mse", ONE_HOT),
        (1, None, "mse", PAIRS),
        (1, "tanh", "hinge", PAIRS * 2 - 1),
        (1, None, losses.BinaryCrossentropy(from_logits=True), PAIRS),
        (2, None, losses.SparseCategoricalCrossentropy(from_logits=True), PAIRS),
        (2, None, losses.CategoricalCrossentropy(from_logits=True), ONE_HOT),
        (2, lambda a: nissl.exp(a) / nissl.sum(nissl.exp(a), -1, keepdims=True), SPARSE, PAIRS),
        (1, "sigmoid", "crossentropy", PAIRS),
        (1, "relu", lambda t, y: nissl.mean(nissl.abs(t - y), axis=-1), PAIRS),
    ],
)
def test_what_fits_or_is_ones_own_is_not_told_of(units: int, last: Any, loss: Any, y: Any) -> None:
    assert told(units, last, loss, y) == []
