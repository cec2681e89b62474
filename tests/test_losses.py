"""Losses: worked by hand, against figures recorded from Keras 3.15.1 (jax), and at hard points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nissl import losses
from nissl.autodiff import check_grads, grad
from nissl.core import functions as F
from nissl.core.program import trace
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    FileFormatError,
    ShapeError,
    UnknownNameError,
)

T = np.array([[1.0, 0.0, 0.5], [0.2, 2.0, 0.0]], np.float32)
Y = np.array([[0.8, 0.3, 0.1], [1.0, 0.5, 2.5]], np.float32)
BITS = np.array([[1, 0, 1], [0, 0, 1]], np.float32)
P = np.array([[0.9, 0.2, 1.0], [0.0, 0.4, 0.35]], np.float32)
Z = np.array([[2.0, -1.5, 30.0], [-40.0, 0.25, 0.0]], np.float32)
HOT = np.array([[0, 1, 0], [1, 0, 0]], np.float32)
LABELS = np.array([1, 0])
Q = np.array([[0.2, 0.7, 0.2], [0.0, 0.5, 0.5]], np.float32)
SOFT = np.array([[0.2, 0.5, 0.3], [0.1, 0.0, 0.9]], np.float32)
W = np.array([0.5, 3.0], np.float32)

# (loss, targets, predictions, one loss a sample, weighted mean), from Keras
KERAS: list[tuple[losses.Loss, Any, Any, list[float], float]] = [
    (losses.MeanSquaredError(), T, Y, [0.0966666788, 3.04666686], 4.59416676),
    (losses.MeanAbsoluteError(), T, Y, [0.300000012, 1.60000014], 2.47500014),
    (losses.MeanAbsolutePercentageError(), T, Y, [100000040.0, 833333504.0], 1275000320.0),
    (losses.MeanSquaredLogarithmicError(), T, Y, [0.0587106161, 0.770270288], 1.17008305),
    (losses.Huber(), T, Y, [0.0483333394, 1.1066668], 1.6720835),
    (losses.Huber(0.3), T, Y, [0.0466666669, 0.435000032], 0.664166689),
    (losses.LogCosh(), T, Y, [0.0473874621, 0.986587286], 1.49172783),
    (losses.Poisson(), T, Y, [0.858145237, 1.79543138], 2.90768337),
    (losses.CosineSimilarity(), T, Y, [-0.88378787, -0.218001723], -0.547949553),
    (losses.Hinge(), BITS, Y, [0.800000072, 1.16666675], 1.95000017),
    (losses.SquaredHinge(), BITS, Y, [0.846666574, 2.08333349], 3.33666682),
    (losses.CategoricalHinge(), HOT, Y, [1.5, 2.5], 4.125),
    (losses.KLDivergence(), SOFT, Q, [-0.0465965569, 1.91055751], 2.85418701),
    (losses.BinaryCrossentropy(), BITS, P, [0.109501407, 0.520215929], 0.807699203),
    (losses.BinaryCrossentropy(True), BITS, Z, [0.109447107, 0.5063622], 0.78690505),
    (losses.BinaryCrossentropy(False, 0.1), BITS, P, [0.434933186, 0.785291314], 1.28667033),
    (losses.CategoricalCrossentropy(), HOT, Q, [0.451985151, 16.1180954], 24.2901402),
    (losses.CategoricalCrossentropy(), SOFT, Q, [1.07836676, 2.23564196], 3.6230545),
    (losses.CategoricalCrossentropy(True), SOFT, Z, [21.3500004, 4.82593918], 12.5764084),
    (losses.CategoricalCrossentropy(False, 0.2), HOT, Q, [0.619020283, 14.0614367], 21.2469101),
    (losses.SparseCategoricalCrossentropy(), LABELS, Q, [0.451985151, 16.1180954], 24.2901402),
    (losses.SparseCategoricalCrossentropy(True), LABELS, Z, [31.5, 40.8259392], 69.1139069),
]


@pytest.mark.parametrize("case", KERAS, ids=lambda case: repr(case[0]))
def test_agrees_with_keras(case: tuple[losses.Loss, Any, Any, list[float], float]) -> None:
    loss, target, output, samples, weighted = case
    np.testing.assert_allclose(loss.values(target, output).numpy(), samples, rtol=2e-6, atol=1e-7)
    assert loss(target, output).item() == pytest.approx(np.mean(samples), rel=2e-6)
    assert loss(target, output, W).item() == pytest.approx(weighted, rel=2e-6)
    config = losses.serialize(loss)["config"]
    total = losses.get(
        {"class_name": type(loss).__name__, "config": {**config, "reduction": "sum"}}
    )
    assert total(target, output).item() == pytest.approx(np.sum(samples), rel=2e-6)


def test_every_loss_was_compared() -> None:
    own = {"HalfSquaredError", "Crossentropy"}  # Keras has none
    assert {type(case[0]).__name__ for case in KERAS} | own == set(losses.registry)


def test_lecture_error() -> None:
    # E_n = 1/2 (0.5^2 + 2^2) = 2.125 and 1/2 (1^2) = 0.5; dE_n/dy = y - t
    target, output = [[0.0, 1.0], [1.0, 1.0]], [[0.5, 3.0], [0.0, 1.0]]
    assert losses.half_squared_error(target, output).tolist() == [2.125, 0.5]
    loss = losses.get("half_squared_error")
    assert loss(target, output).item() == 1.3125
    total = losses.HalfSquaredError(reduction="sum")
    assert total(target, output).item() == 2.625
    slope = grad(lambda y: total(target, y))(F.asarray(output))
    assert slope.tolist() == [[0.5, 2.0], [-1.0, 0.0]]


# ---- what the numbers of probabilities hide --------------------------------------------------


def test_softmax_is_seen_through() -> None:
    logits = F.asarray([[1000.0, -1000.0, 0.0], [3.0, 3.0, 3.0]])
    for targets, name in (
        (np.array([1, 2]), "sparse_categorical_crossentropy"),
        (np.eye(3)[[1, 2]], "categorical_crossentropy"),
    ):
        loss = losses.get(name)
        slope = grad(lambda z, y=targets, f=loss: f(y, F.softmax(z)))(logits)
        third = 1 / 6  # softmax less one-hot, over two samples
        wanted = [[0.5, -0.5, 0.0], [third, third, third - 0.5]]
        np.testing.assert_allclose(slope.numpy(), wanted, atol=1e-7)
        value = trace(lambda z, y=targets, f=loss: f(y, F.softmax(z)), logits)(logits)[0]
        assert value.item() == pytest.approx((2000 + math.log(3)) / 2, rel=1e-6)


def test_softmax_of_another_axis_is_not_seen_through() -> None:
    logits = np.array([[0.0, 1.0], [2.0, 5.0]])
    p = np.exp(logits) / np.exp(logits).sum(0)
    p /= p.sum(1, keepdims=True)
    program = trace(
        lambda z: losses.sparse_categorical_crossentropy([0, 1], F.softmax(z, 0)), logits
    )
    np.testing.assert_allclose(program(logits)[0].numpy(), -np.log(p[[0, 1], [0, 1]]), rtol=1e-12)


@pytest.mark.parametrize("shape", [(4, 1), (4,)])
def test_sigmoid_is_seen_through(shape: tuple[int, ...]) -> None:
    logits = F.asarray(np.reshape([1000.0, -1000.0, 0.0, 1000.0], shape))
    targets = np.array([1.0, 0.0, 1.0, 0.0]).reshape(4, 1)

    def function(z: Any) -> Any:
        return losses.BinaryCrossentropy()(targets, F.sigmoid(z))

    slope = grad(function)(logits)
    np.testing.assert_allclose(slope.numpy().ravel(), [0.0, 0.0, -0.125, 0.25], atol=1e-12)
    wanted = (0 + 0 + math.log(2) + 1000) / 4
    assert trace(function, logits)(logits)[0].item() == pytest.approx(wanted, rel=1e-12)


def test_probabilities_are_clipped_as_in_keras() -> None:
    # -log(1e-7) = 16.118; the gradient is 0 there, as in Keras
    loss = losses.BinaryCrossentropy()
    assert loss([[1.0]], [[0.0]]).item() == pytest.approx(16.118095, rel=1e-6)
    assert loss([[0.0]], [[0.0]]).item() == pytest.approx(1e-7, abs=2e-7)
    assert grad(lambda p: loss([[1.0]], p))(F.asarray([[0.0]])).tolist() == [[0.0]]
    sparse = losses.SparseCategoricalCrossentropy()
    assert sparse([0], [[0.0, 1.0]]).item() == pytest.approx(16.118095, rel=1e-6)


def test_infinite_logits_do_not_make_nan() -> None:
    logits = [[0.0, -np.inf, 0.0]]
    assert losses.SparseCategoricalCrossentropy(True)([0], logits).item() == pytest.approx(
        math.log(2)
    )
    assert losses.CategoricalCrossentropy(True)([[1, 0, 0]], logits).item() == pytest.approx(
        math.log(2)
    )
    assert losses.SparseCategoricalCrossentropy(True)([1], logits).item() == np.inf


def test_extreme_errors_are_finite() -> None:
    far = [[-3e4]], [[3e4]]
    for name in ("log_cosh", "huber", "mae", "mse", "hinge", "half_squared_error"):
        assert np.isfinite(losses.get(name)([[1.0]], far[1]).item()), name
    assert losses.log_cosh(*far).item() == pytest.approx(6e4 - math.log(2))
    zeros = losses.CosineSimilarity()
    assert zeros([[0.0, 0.0]], [[1.0, 1.0]]).item() == 0.0
    slope = grad(lambda y: zeros([[1.0, 0.0]], y))(F.asarray([[0.0, 0.0]]))
    assert np.isfinite(slope.numpy()).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_half_precision_is_computed_in_single(dtype: str) -> None:
    p = F.asarray([[0.25, 0.75], [1.0, 0.0]], dtype)
    value = losses.sparse_categorical_crossentropy([0, 0], p)
    assert value.dtype.name == ("float64" if dtype == "float64" else "float32")
    np.testing.assert_allclose(value.numpy(), [math.log(4), 1e-7], rtol=1e-6, atol=2e-7)
    logits = F.asarray([[0.0, 8.0]], dtype)
    program = trace(lambda z: losses.SparseCategoricalCrossentropy()([0], F.softmax(z)), logits)
    assert program(logits)[0].item() == pytest.approx(8.000335, rel=1e-5)


# ---- gradients -------------------------------------------------------------------------------


@pytest.mark.parametrize("case", KERAS, ids=lambda case: repr(case[0]))
def test_gradients(case: tuple[losses.Loss, Any, Any, list[float], float]) -> None:
    loss, target, _, _, _ = case
    output = np.random.default_rng(3).uniform(0.15, 0.8, (2, 3))  # off every kink
    check_grads(lambda y: loss(target, y, W), [output], order=2, tolerance=1e-5)


def test_gradients_through_softmax_and_sigmoid() -> None:
    z = np.random.default_rng(4).normal(size=(2, 3))
    for loss, target, neuron in (
        (losses.SparseCategoricalCrossentropy(), LABELS, F.softmax),
        (losses.CategoricalCrossentropy(), SOFT, F.softmax),
        (losses.BinaryCrossentropy(), BITS, F.sigmoid),
    ):
        check_grads(lambda x, f=loss, t=target, h=neuron: f(t, h(x)), [z], order=2, tolerance=1e-5)


# ---- shapes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["mse", "bce", "huber", "hinge", "poisson", "log_cosh"])
def test_a_column_and_a_row_are_the_same(loss: str) -> None:
    row, column = np.array([0.0, 1.0, 1.0]), np.array([[0.3], [0.6], [0.9]])
    wanted = losses.get(loss)(row[:, None], column).item()
    assert losses.get(loss)(row, column).item() == pytest.approx(wanted)
    assert losses.get(loss)(row[:, None], column[:, 0]).item() == pytest.approx(wanted)
    assert losses.get(loss).values(row, column).shape == (3,)


def test_labels_of_any_integral_dtype() -> None:
    p = np.tile(np.linspace(0.1, 1.0, 300), (2, 1))
    wanted = losses.sparse_categorical_crossentropy([299, 3], p).numpy()
    for dtype in ("int8", "uint8", "int16", "uint64", "float16", "float32", "float64"):
        labels = np.array([99, 3]).astype(dtype)
        got = losses.sparse_categorical_crossentropy(labels, p).numpy()
        np.testing.assert_allclose(got[1], wanted[1], rtol=1e-6)
        assert got[0] == pytest.approx(-math.log(p[0, 99] / p[0].sum()))
    column = losses.sparse_categorical_crossentropy([[299], [3]], p).numpy()
    np.testing.assert_allclose(column, wanted)


def test_time_steps() -> None:
    p = np.full((2, 4, 3), 1 / 3)
    labels = np.zeros((2, 4), int)
    assert losses.sparse_categorical_crossentropy(labels, p).shape == (2, 4)
    loss = losses.SparseCategoricalCrossentropy()
    assert loss(labels, p).item() == pytest.approx(math.log(3))
    assert loss(labels, p, [0.0, 2.0]).item() == pytest.approx(math.log(3))
    weights = np.zeros((2, 4))
    weights[0, 0] = 8.0
    assert loss(labels, p, weights).item() == pytest.approx(math.log(3))


@pytest.mark.parametrize("name", sorted({*losses.registry} - {"Crossentropy"}))
def test_nothing_is_broadcast(name: str) -> None:
    loss = losses.get(name)
    target = np.ones(2) if name.startswith("Sparse") else np.ones((4, 1))
    with pytest.raises(ShapeError, match=rf"^{loss.name}: targets .*\(4, 3\)"):
        loss(target, np.full((4, 3), 0.2))


def test_labels_given_to_the_wrong_crossentropy() -> None:
    with pytest.raises(ShapeError, match=r"sparse_categorical_crossentropy.*to_categorical"):
        losses.CategoricalCrossentropy()(np.array([1, 2]), np.full((2, 3), 0.3))
    with pytest.raises(ShapeError, match="use the categorical one"):
        losses.SparseCategoricalCrossentropy()(np.eye(3), np.full((3, 3), 0.3))
    with pytest.raises(ShapeError, match="a last layer of 1 unit instead of 3"):
        losses.MeanSquaredError()(np.zeros(2), np.zeros((2, 3)))


# ---- weights, reductions, masks ----------------------------------------------------------------


def test_reductions() -> None:
    target, output = np.zeros((2, 1)), np.array([[1.0], [2.0]])  # losses 1 and 4
    mse = losses.MeanSquaredError
    assert mse()(target, output).item() == 2.5
    assert mse(reduction="mean")(target, output).item() == 2.5
    assert mse(reduction="sum")(target, output, [1.0, 0.5]).item() == 3.0
    for none in (None, "none"):
        assert mse(reduction=none)(target, output, [1.0, 0.5]).tolist() == [1.0, 2.0]
    assert mse()(target, output, [3.0, 1.0]).item() == 3.5
    by_weight = mse(reduction="mean_with_sample_weight")
    assert by_weight(target, output, [3.0, 1.0]).item() == 1.75
    assert by_weight(target, output, [0.0, 0.0]).item() == 0.0
    assert mse()(target, output, [[3.0], [1.0]]).item() == 3.5
    assert mse()(target, output, 2.0).item() == 5.0


def test_no_samples() -> None:
    assert losses.MeanSquaredError()(np.zeros((0, 1)), np.zeros((0, 1))).item() == 0.0


def test_weights_of_a_wrong_shape() -> None:
    with pytest.raises(ShapeError, match=r"mean_squared_error: sample_weight has shape \(3,\)"):
        losses.MeanSquaredError()(np.zeros((2, 1)), np.zeros((2, 1)), np.ones(3))


def test_ignored_class() -> None:
    labels = np.array([1, -1, 2])
    p = np.array([[0.2, 0.7, 0.1], [0.3, 0.3, 0.4], [0.5, 0.25, 0.25]])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert loss(labels, p).item() == pytest.approx(0.871484697)  # Keras
    assert loss(labels, p, [1.0, 2.0, 3.0]).item() == pytest.approx(2.25777912)  # Keras
    assert loss([-1, -1, -1], p).item() == 0.0
    total = losses.SparseCategoricalCrossentropy(ignore_class=-1, reduction="sum")
    assert total(labels, p).item() == pytest.approx(1.74296927)  # Keras


# ---- names and descriptions --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("short", "cls"),
    [
        ("mse", losses.MeanSquaredError),
        ("MAE", losses.MeanAbsoluteError),
        ("mape", losses.MeanAbsolutePercentageError),
        ("MSLE", losses.MeanSquaredLogarithmicError),
        ("bce", losses.BinaryCrossentropy),
        ("KLD", losses.KLDivergence),
        ("log_cosh", losses.LogCosh),
        ("huber", losses.Huber),
        ("sparse_categorical_crossentropy", losses.SparseCategoricalCrossentropy),
        ("CategoricalHinge", losses.CategoricalHinge),
        (losses.mean_squared_error, losses.MeanSquaredError),
        (losses.Poisson, losses.Poisson),
        ({"class_name": "function", "config": "mean_squared_error"}, losses.MeanSquaredError),
    ],
)
def test_get(short: Any, cls: type[losses.Loss]) -> None:
    assert type(losses.get(short)) is cls


@pytest.mark.parametrize("name", sorted(losses.registry))
def test_config_round_trip(name: str) -> None:
    loss = losses.get(name)
    loss.reduction = "sum"
    described = losses.serialize(loss)
    assert described["module"] == "keras.losses"
    assert described["class_name"] == name
    again = losses.deserialize(described)
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert type(
        losses.deserialize({**described, "config": {**described["config"], "new": None}})
    ) is (type(loss))


def test_config_is_what_keras_writes() -> None:
    assert losses.serialize(losses.SparseCategoricalCrossentropy()) == {
        "module": "keras.losses",
        "class_name": "SparseCategoricalCrossentropy",
        "config": {
            "name": "sparse_categorical_crossentropy",
            "reduction": "sum_over_batch_size",
            "from_logits": False,
            "ignore_class": None,
        },
        "registered_name": None,
    }
    assert losses.Huber(2.0).get_config() == {
        "name": "huber_loss",
        "reduction": "sum_over_batch_size",
        "delta": 2.0,
    }
    assert losses.serialize("mse") == "mse"


def test_own_function() -> None:
    def lopsided(y_true: Any, y_pred: Any) -> Any:
        return F.mean(F.maximum(y_true - y_pred, 0.0), axis=-1)

    loss = losses.get(lopsided)
    assert loss.name == "lopsided"
    assert loss([1.0, 2.0], [[0.0], [5.0]]).item() == 0.5
    with pytest.raises(ArgumentTypeError, match=r"'lopsided'.*function of your own"):
        losses.serialize(loss)
    with pytest.raises(ShapeError):
        loss(np.zeros((2, 1)), np.zeros((2, 3)))  # floating targets are never broadcast
    picked = losses.get(lambda t, y: -F.sum(F.one_hot(t, 3) * y, axis=-1))
    assert picked(np.array([0, 2]), [[1.0, 0, 0], [0, 0, 3.0]]).item() == -2.0  # labels may differ


def test_own_class() -> None:
    class Fourth(losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return F.mean(F.square(F.square(y_true - y_pred)), axis=-1)

    loss = Fourth(reduction="sum")
    assert (loss.name, loss([[0.0]], [[2.0]]).item()) == ("fourth", 16.0)
    assert Fourth(name="x").get_config() == {"name": "x", "reduction": "sum_over_batch_size"}


def test_crossentropy_by_shape() -> None:
    loss = losses.get("ce")
    for target, output, kind in (
        ([[1.0]], [[0.25]], losses.binary_crossentropy),
        ([1.0, 0.0], [[0.25], [0.5]], losses.binary_crossentropy),
        ([1], [[0.25, 0.75]], losses.sparse_categorical_crossentropy),
        ([[1]], [[0.25, 0.75]], losses.sparse_categorical_crossentropy),
        ([[0.0, 1.0]], [[0.25, 0.75]], losses.categorical_crossentropy),
    ):
        np.testing.assert_allclose(
            loss.values(target, output).numpy(), kind(target, output).numpy(), rtol=1e-6
        )


@pytest.mark.parametrize(
    ("made", "error", "text"),
    [
        (lambda: losses.get("msee"), UnknownNameError, "did you mean 'mse'"),
        (lambda: losses.get(3), ArgumentTypeError, "a loss is a name, an object or a function"),
        (lambda: losses.get({"config": {}}), FileFormatError, "class_name"),
        (lambda: losses.MeanSquaredError(reduction="avg"), ArgumentError, "reduction 'avg'"),
        (lambda: losses.Huber(0.0), ArgumentError, "delta=0 must be greater"),
        (
            lambda: losses.BinaryCrossentropy(label_smoothing=2),
            ArgumentError,
            "label_smoothing=2.0",
        ),
        (lambda: losses.SparseCategoricalCrossentropy(axis=1), ArgumentError, "moveaxis"),
        (
            lambda: losses.LossFunctionWrapper("x"),
            ArgumentTypeError,
            "called, not str 'x'",
        ),
    ],
)
def test_refusals(made: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        made()
