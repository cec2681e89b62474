"""Validation: which rows it takes, what weighs there, and that its numbers are evaluate's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nissl
from nissl import layers, losses
from nissl.errors import ArgumentError, ArgumentTypeError
from nissl.models import inputs

RNG = np.random.default_rng(3)
X = RNG.normal(size=(50, 3)).astype(np.float32)
LABELS = RNG.integers(0, 2, 50)
HEAVY = {0: 1.0, 1: 10.0}
FIXED: Any = nissl.initializers.GlorotUniform(seed=4)


def classifier(units: int = 2, loss: Any = "sparse_categorical_crossentropy") -> nissl.Sequential:
    """A network that a learning rate of 0 keeps as it is."""
    last = "softmax" if units > 1 else "sigmoid"
    model = nissl.Sequential(
        [nissl.Input((3,)), layers.Dense(units, last, kernel_initializer=FIXED)]
    )
    model.compile(nissl.optimizers.SGD(0.0), loss, weighted_metrics=["accuracy"])
    return model


def crossentropies(x: Any, labels: Any) -> Any:
    a = x.astype(np.float64) @ np.asarray(classifier().get_weights()[0], np.float64)
    return np.log(np.exp(a).sum(axis=1)) - a[np.arange(len(x)), labels]


def fitted(**given: Any) -> dict[str, Any]:
    model = classifier()
    return model.fit(verbose=0, **given).history


# ---- what weighs where -------------------------------------------------------------------------


def test_class_weights_weigh_training_alone_however_one_validates() -> None:
    each = crossentropies(X, LABELS)
    hits = (X @ classifier().get_weights()[0]).argmax(axis=1) == LABELS
    trained = (each[:40] * np.where(LABELS[:40] == 1, 10.0, 1.0)).mean()
    split = fitted(x=X, y=LABELS, validation_split=0.2, class_weight=HEAVY)
    pair = (X[40:], LABELS[40:])
    data = fitted(x=X[:40], y=LABELS[:40], validation_data=pair, class_weight=HEAVY)
    for found in (split, data):
        assert found["loss"] == pytest.approx([trained], rel=1e-5)
        assert found["val_loss"] == pytest.approx([each[40:].mean()], rel=1e-5)
        assert found["val_accuracy"] == pytest.approx([hits[40:].mean()], rel=1e-6)
    alone = classifier().evaluate(*pair, verbose=0, return_dict=True)
    assert alone["loss"] == pytest.approx(each[40:].mean(), rel=1e-5)


def test_sample_weights_weigh_in_training_and_in_validation() -> None:
    weights = RNG.random(50) + 0.5
    each = crossentropies(X, LABELS) * weights
    split = fitted(x=X, y=LABELS, validation_split=0.2, sample_weight=weights)
    triple = (X[40:], LABELS[40:], weights[40:])
    data = fitted(x=X[:40], y=LABELS[:40], validation_data=triple, sample_weight=weights[:40])
    for found in (split, data):
        assert found["loss"] == pytest.approx([each[:40].mean()], rel=1e-5)
        assert found["val_loss"] == pytest.approx([each[40:].mean()], rel=1e-5)
    assert classifier().evaluate(*triple[:2], sample_weight=triple[2], verbose=0)[0] == (
        pytest.approx(each[40:].mean(), rel=1e-5)
    )


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("size", [7, None])
def test_validation_is_evaluation_for_every_reduction(reduction: Any, size: int | None) -> None:
    loss = losses.SparseCategoricalCrossentropy(reduction=reduction)
    weights = RNG.random(10)
    model = classifier(loss=loss)
    given = (X[:10], LABELS[:10], weights)
    history = model.fit(
        X, LABELS, validation_data=given, validation_batch_size=size, verbose=0
    ).history
    found = model.evaluate(*given[:2], sample_weight=weights, batch_size=size, verbose=0)
    assert [history["val_loss"][0], history["val_accuracy"][0]] == pytest.approx(found, rel=1e-6)


def test_class_weights_of_a_single_batch() -> None:
    each = crossentropies(X, LABELS) * np.where(LABELS == 1, 10.0, 1.0)
    found = classifier().train_on_batch(X, LABELS, class_weight=HEAVY)
    assert found[0] == pytest.approx(each.mean(), rel=1e-5)


# ---- classes and their weights -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "given", "expected"),
    [
        ([0, 1, 2], {0: 2.0, 2: 5.0}, [2.0, 1.0, 5.0]),
        ([[0], [1]], {1: 3.0}, [1.0, 3.0]),
        ([0.0, 1.0], {0.0: 4.0, 1.0: 0}, [4.0, 0.0]),
        ([False, True], {False: 4.0, True: 2.0}, [4.0, 2.0]),
        ([-1, 1], {-1: 7.0}, [7.0, 1.0]),
        ([[0, 0, 1], [1, 0, 0]], {2: 9.0, 1: 3.0}, [9.0, 1.0]),
        ([[0.05, 0.95], [0.95, 0.05]], {1: 2.0}, [2.0, 1.0]),
        ([0, 1], {np.int64(1): np.float32(2.5)}, [1.0, 2.5]),
    ],
)
def test_classes_find_their_weights(y: Any, given: Any, expected: list[float]) -> None:
    data = inputs.Data(np.zeros((len(y), 1)), np.array(y))
    found = inputs.weighted_by_class(data, given, outputs=3)
    assert found.weights is not None
    assert found.weights.tolist() == expected


@pytest.mark.parametrize(
    ("y", "given", "error", "pieces"),
    [
        ([0, 1], [1.0, 5.0], ArgumentTypeError, ["{0: 1.0, 1: 5.0}", "dict(enumerate"]),
        ([0, 1], "balanced", ArgumentTypeError, ["str 'balanced'"]),
        ([0, 1], {3: 1.0}, ArgumentError, ["class 3", "(0, 1)"]),
        ([0, 1], {-1: 1.0}, ArgumentError, ["class -1"]),
        ([0, 1], {0.5: 1.0}, ArgumentTypeError, ["0.5"]),
        ([0, 1], {"shirt": 1.0}, ArgumentTypeError, ["'shirt'"]),
        ([0, 1], {0: [1.0]}, ArgumentTypeError, ["class_weight[0]"]),
        ([0, 1], {0: float("inf")}, ArgumentError, ["class_weight[0]"]),
        ([0.25, 1.5], {0: 1.0}, ArgumentError, ["holds other numbers", "sample_weight"]),
        ([[1, 1, 0], [0, 0, 0]], {0: 1.0}, ArgumentError, ["do not add up to 1", "sample_weight"]),
        ([[[0], [1]]], {0: 1.0}, ArgumentError, ["(1, 2, 1)"]),
    ],
)
def test_what_are_no_weights_of_classes(y: Any, given: Any, error: Any, pieces: Any) -> None:
    data = inputs.Data(np.zeros((len(y), 1)), np.array(y))
    with pytest.raises(error) as caught:
        inputs.weighted_by_class(data, given, outputs=2)
    for piece in ("class_weight", *pieces):
        assert piece in str(caught.value)


def test_weights_of_classes_and_of_samples_exclude_each_other() -> None:
    with pytest.raises(ArgumentError, match="not both"):
        fitted(x=X, y=LABELS, class_weight=HEAVY, sample_weight=np.ones(50))


# ---- which rows --------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [5, 10, 100, 1000, 12345])
def test_a_split_takes_the_rows_that_it_says(rows: int) -> None:
    """``n - floor(n (100 - p) / 100)`` rows, in whole numbers, however ``p / 100`` is written."""
    data = inputs.Data(np.arange(rows)[:, None], np.arange(rows))
    for percent in range(1, 100):
        left = rows * (100 - percent) // 100
        if not 0 < left < rows:
            continue
        for share in (percent / 100, 1 - (100 - percent) / 100, np.float32(percent / 100)):
            train, held_out = inputs.split_validation(data, share)
            assert (train.rows, held_out.rows) == (left, rows - left), share
            assert held_out.x[0, 0] == left
            assert train.x[-1, 0] == left - 1


def test_a_split_of_thirds() -> None:
    data = inputs.Data(np.zeros((9, 1)))
    assert [inputs.split_validation(data, k / 3)[0].rows for k in (1, 2)] == [6, 3]
