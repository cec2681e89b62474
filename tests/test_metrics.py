"""Metrics: worked by hand, against figures recorded from Keras 3.15.1 (jax), eager and traced."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from nissl import losses, metrics
from nissl.core import functions as F
from nissl.core.program import build, placeholder
from nissl.core.variable import Capture, capture
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from nissl.registry import forget_names

W = (np.array([0.5, 3.0], np.float32), np.array([2.0], np.float32))


def _f(*rows: list[float]) -> np.ndarray[Any, Any]:
    return np.array(rows, np.float32)


# two batches each: targets and predictions
NUMBERS = (
    (_f([1.0, 0.0, 0.5], [0.2, 2.0, 0.0]), _f([0.8, 0.3, 0.1], [1.0, 0.5, 2.5])),
    (_f([0.5, 1.0, 1.5]), _f([0.25, 1.25, 3.0])),
)
BITS = (
    (_f([1, 0, 1], [0, 0, 1]), _f([0.9, 0.2, 1.0], [0.0, 0.4, 0.35])),
    (_f([0, 1, 0]), _f([0.6, 0.7, 0.1])),
)
HOT = (
    (_f([0, 1, 0], [1, 0, 0]), _f([0.2, 0.7, 0.2], [0.0, 0.5, 0.5])),
    (_f([0, 0, 1]), _f([0.5, 0.2, 0.3])),
)
LABELS = ((np.array([1, 0]), HOT[0][1]), (np.array([2]), HOT[1][1]))
WHOLE = ((np.array([1, 2]), np.array([1, 3])), (np.array([4]), np.array([4])))

# (metric, batches, result, result with the weights W), from Keras
KERAS: list[tuple[Callable[[], metrics.Metric], Any, Any, Any]] = [
    (metrics.MeanSquaredError, NUMBERS, 1.31166673, 1.95848477),
    (metrics.RootMeanSquaredError, NUMBERS, 1.14528024, 1.39945877),
    (metrics.MeanAbsoluteError, NUMBERS, 0.855555594, 1.14242435),
    (metrics.MeanAbsolutePercentageError, NUMBERS, 311111200.0, 463636480.0),
    (metrics.MeanSquaredLogarithmicError, NUMBERS, 0.306106687, 0.457971692),
    (metrics.LogCoshError, NUMBERS, 0.44658044, 0.65363431),
    (metrics.Poisson, NUMBERS, 1.25364602, 1.46001637),
    (metrics.CosineSimilarity, NUMBERS, 0.68839854, 0.549583852),
    (metrics.R2Score, NUMBERS, -2.63235569, -5.01463699),
    (
        partial(metrics.R2Score, class_aggregation=None),
        NUMBERS,
        [-1.27295995, -0.201249957, -6.42285728],
        [-5.48999929, -1.92769265, -7.6262188],
    ),
    (
        partial(metrics.R2Score, class_aggregation="variance_weighted_average"),
        NUMBERS,
        -2.37929392,
        -4.99940968,
    ),
    (partial(metrics.R2Score, num_regressors=1), NUMBERS, -3.15126371, -5.87387085),
    (metrics.BinaryAccuracy, BITS, 0.777777851, 0.696969748),
    (partial(metrics.BinaryAccuracy, threshold=0.3), BITS, 0.777777851, 0.696969748),
    (metrics.BinaryCrossentropy, BITS, 0.363053173, 0.460778683),
    (metrics.Precision, BITS, 0.75, 0.6),
    (metrics.Recall, BITS, 0.75, 0.5),
    (partial(metrics.Precision, thresholds=[0.3, 0.8]), BITS, [2 / 3, 1.0], [6 / 11, 1.0]),
    (partial(metrics.Recall, class_id=2), BITS, 0.5, 1 / 7),
    (partial(metrics.Precision, top_k=1), BITS, 2 / 3, 5 / 11),
    (metrics.TruePositives, BITS, 3.0, 3.0),
    (metrics.FalsePositives, BITS, 1.0, 2.0),
    (metrics.TrueNegatives, BITS, 4.0, 8.5),
    (metrics.FalseNegatives, BITS, 1.0, 3.0),
    (metrics.Hinge, BITS, 0.816666782, 0.957575798),
    (metrics.SquaredHinge, BITS, 0.965833366, 1.12681818),
    (metrics.F1Score, BITS, [0.0, 2 / 3, 2 / 3], [0.0, 4 / 7, 0.25]),
    (
        partial(metrics.F1Score, average="micro", threshold=0.3),
        BITS,
        0.799999952,
        0.705882311,
    ),
    (partial(metrics.F1Score, average="macro", threshold=0.3), BITS, 0.777777672, 0.634920597),
    (partial(metrics.F1Score, average="weighted", threshold=0.3), BITS, 0.833333254, 0.801587343),
    (
        partial(metrics.FBetaScore, average="macro", beta=2.0, threshold=0.3),
        BITS,
        0.888888836,
        0.774928749,
    ),
    (metrics.CategoricalAccuracy, HOT, 1 / 3, 1 / 11),
    (metrics.CategoricalCrossentropy, HOT, 5.92468405, 9.27058697),
    (metrics.CategoricalHinge, HOT, 1.06666672, 1.30000007),
    (metrics.KLDivergence, HOT, 5.89291143, 9.26191807),
    (partial(metrics.TopKCategoricalAccuracy, 2), HOT, 2 / 3, 5 / 11),
    (metrics.SparseCategoricalAccuracy, LABELS, 1 / 3, 1 / 11),
    (metrics.SparseCategoricalCrossentropy, LABELS, 5.92468405, 9.27058697),
    (partial(metrics.SparseTopKCategoricalAccuracy, 2), LABELS, 2 / 3, 5 / 11),
    (metrics.Accuracy, WHOLE, 2 / 3, 5 / 11),
]


def _name(case: Any) -> str:
    make = case[0]
    return f"{make.func.__name__}-{make.keywords}" if isinstance(make, partial) else make.__name__


def traced(metric: metrics.Metric, batches: Any, weights: Any) -> np.ndarray[Any, Any]:
    """Update a metric as the compiled loop does: one program for each shape of batch, and state."""
    first = batches[0]
    metric.build(first[0].shape, first[1].shape)
    state = {variable: variable.numpy() for variable in metric.variables}
    for number, batch in enumerate(batches):
        given = [F.asarray(x) for x in (*batch, *([] if weights is None else [weights[number]]))]
        inputs = [placeholder(x.aval) for x in given]
        with capture(Capture()) as seen:
            metric.update_state(*inputs)
        assert set(seen.reads) | set(seen.writes) <= set(state)
        program = build([*inputs, *seen.reads.values()], list(seen.writes.values()))
        out = program(*given, *(F.asarray(state[v]) for v in seen.reads))
        state.update({v: new.numpy() for v, new in zip(seen.writes, out, strict=True)})
    with capture(Capture()) as seen:
        result = metric.result()
    program = build(list(seen.reads.values()), [result])
    return program(*(F.asarray(state[v]) for v in seen.reads))[0].numpy()


@pytest.mark.parametrize("case", KERAS, ids=_name)
def test_agrees_with_keras(case: Any) -> None:
    make, batches, plain, weighted = case
    for weights, wanted in ((None, plain), (W, weighted)):
        metric = make()
        for number, batch in enumerate(batches):
            metric.update_state(*batch, *([] if weights is None else [weights[number]]))
        got = metric.result().numpy()
        np.testing.assert_allclose(got, wanted, rtol=3e-6)
        assert got.dtype == np.float32
        fresh = make()
        before = [v.numpy() for v in fresh.variables]
        np.testing.assert_allclose(traced(fresh, batches, weights), got, rtol=1e-6)
        for variable, value in zip(fresh.variables, before, strict=False):
            np.testing.assert_array_equal(variable.numpy(), value)  # tracing changed nothing


def test_every_metric_was_compared() -> None:
    other = {"Mean", "Sum", "MeanMetricWrapper"}
    compared = {getattr(make, "func", make).__name__ for make, *_ in KERAS}
    assert compared | other == set(metrics.registry)


@pytest.mark.parametrize("case", KERAS, ids=_name)
def test_reset(case: Any) -> None:
    make, batches, _, _ = case
    metric = make()
    once = metric(*batches[0]).numpy()
    metric.update_state(*batches[1])
    metric.reset_state()
    assert all(not v.numpy().any() for v in metric.variables)
    np.testing.assert_array_equal(metric(*batches[0]).numpy(), once)


@pytest.mark.parametrize("case", KERAS, ids=_name)
def test_config_round_trip(case: Any) -> None:
    make, batches, _, _ = case
    metric = make()
    described = metrics.serialize(metric)
    assert described["module"] == "keras.metrics"
    assert described["config"]["dtype"] == "float32"
    again = metrics.deserialize({**described, "config": {**described["config"], "newer": None}})
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()
    np.testing.assert_array_equal(again(*batches[0]).numpy(), metric(*batches[0]).numpy())


@pytest.mark.parametrize("case", KERAS, ids=_name)
def test_nothing_yet_is_not_nan(case: Any) -> None:
    assert np.isfinite(case[0]().result().numpy()).all()


# ---- by hand -----------------------------------------------------------------------------------


def test_mean_and_sum() -> None:
    mean = metrics.Mean()
    mean.update_state([1.0, 3.0, 8.0], [1.0, 1.0, 0.5])
    assert mean.result().item() == pytest.approx(8 / 2.5)
    mean.reset_state()
    assert mean(4.0).item() == 4.0
    assert mean(6.0).item() == 5.0
    rows = np.array([[1.0, 3.0], [8.0, 2.0]])
    assert metrics.Mean()(rows, [1.0, 3.0]).item() == 4.25  # (2 + 3 * 5) / 4
    assert metrics.Sum()(rows, [1.0, 3.0]).item() == 34.0
    assert metrics.Mean()([1.0, 2.0], [0.0, 0.0]).item() == 0.0


def test_accuracy_of_ties_and_extremes() -> None:
    # of tied predictions the first counts
    flat = np.zeros((10, 10))
    assert metrics.SparseCategoricalAccuracy()(np.arange(10), flat).item() == pytest.approx(0.1)
    # exactly at the threshold is below it
    assert metrics.BinaryAccuracy()([[0.0], [1.0]], [[0.5], [0.5]]).item() == 0.5
    bad = np.array([[np.nan, np.nan], [np.nan, np.nan]])
    assert metrics.SparseTopKCategoricalAccuracy(1)([0, 1], bad).item() == 0.0
    assert metrics.SparseTopKCategoricalAccuracy(9)([0, 1], [[1.0, 2.0]] * 2).item() == 1.0
    ids = metrics.SparseTopKCategoricalAccuracy(2, from_sorted_ids=True)
    assert ids([3, 1], [[4, 3, 1], [4, 3, 1]]).item() == 0.5


def test_accuracy_sees_the_logits_behind_a_softmax() -> None:
    logits = placeholder(F.asarray(np.zeros((2, 3), np.float32)).aval)
    values = metrics.sparse_categorical_accuracy([2, 0], F.softmax(logits))
    program = build([logits], [values])
    assert "softmax" not in str(program)
    assert program(F.asarray([[0.0, 1.0, 9.0], [0.0, 1.0, 0.5]]))[0].tolist() == [1.0, 0.0]


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
@pytest.mark.parametrize("column", [False, True])
def test_labels_of_any_shape_and_dtype(dtype: str, column: bool) -> None:
    labels = np.array([200, 1], dtype)
    scores = np.zeros((2, 300), np.float32)
    scores[0, 200] = scores[1, 5] = 1.0
    labels = labels[:, None] if column else labels
    assert metrics.sparse_categorical_accuracy(labels, scores).tolist() == [1.0, 0.0]


def test_columns_and_rows() -> None:
    row, column = np.array([0.0, 1.0, 1.0]), np.array([[0.3], [0.6], [0.1]])
    for name in ("binary_accuracy", "mse", "rmse", "precision", "recall", "r2_score", "mae"):
        wanted = metrics.get(name)(row[:, None], column).item()
        assert metrics.get(name)(row, column).item() == pytest.approx(wanted)
        assert metrics.get(name)(row[:, None], column[:, 0]).item() == pytest.approx(wanted)


def test_r2_keeps_digits_of_a_large_mean() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(1000.0, 0.1, (400, 1))
    output = target + rng.normal(0.0, 0.05, (400, 1))
    target, output = target.astype(np.float32), output.astype(np.float32)
    exact = target.astype(np.float64)
    residual = np.sum((exact - output) ** 2)
    wanted = 1 - residual / np.sum((exact - exact.mean()) ** 2)
    metric = metrics.R2Score()
    for batch in range(0, 400, 32):
        metric.update_state(target[batch : batch + 32], output[batch : batch + 32])
    assert metric.result().item() == pytest.approx(wanted, abs=1e-3)


def test_r2_of_constant_targets() -> None:
    assert metrics.R2Score()([[2.0], [2.0]], [[2.0], [2.0]]).item() == 1.0
    assert metrics.R2Score()([[2.0], [2.0]], [[2.0], [3.0]]).item() == 0.0
    assert metrics.R2Score(num_regressors=5)([[1.0], [2.0]], [[1.0], [2.0]]).item() == 1.0


def test_counts_are_exact_far_beyond_a_million() -> None:
    metric = metrics.Mean()
    metric.total.assign(2.0**23)
    metric.count.assign(2.0**24 - 1)
    metric.update_state([1.0])
    assert (metric.total.numpy(), metric.count.numpy()) == (2.0**23 + 1, 2.0**24)


# ---- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "y_shape", "pred_shape", "cls"),
    [
        ("accuracy", (32,), (32, 10), metrics.SparseCategoricalAccuracy),
        ("acc", (32, 1), (32, 10), metrics.SparseCategoricalAccuracy),
        ("ACC", (32, 10), (32, 10), metrics.CategoricalAccuracy),
        ("Accuracy", (32, 1), (32, 1), metrics.BinaryAccuracy),
        ("accuracy", (32,), (32, 1), metrics.BinaryAccuracy),
        ("accuracy", (None, 5), (None, 5, 7), metrics.SparseCategoricalAccuracy),
        ("ce", (32,), (32, 10), metrics.SparseCategoricalCrossentropy),
        ("crossentropy", (32, 3), (32, 3), metrics.CategoricalCrossentropy),
        ("crossentropy", (32, 1), (32, 1), metrics.BinaryCrossentropy),
        ("mse", None, None, metrics.MeanSquaredError),
        ("MSE", None, None, metrics.MeanSquaredError),
        ("SparseCategoricalAccuracy", None, None, metrics.SparseCategoricalAccuracy),
        ("sparse_top_k_categorical_accuracy", None, None, metrics.SparseTopKCategoricalAccuracy),
        ("huber", None, None, metrics.MeanMetricWrapper),
    ],
)
def test_get_by_name(name: str, y_shape: Any, pred_shape: Any, cls: type) -> None:
    metric = metrics.get(name, y_shape, pred_shape)
    assert type(metric) is cls
    assert metric.name == name


def test_crossentropy_follows_the_logits_of_the_loss() -> None:
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    metric = metrics.get("ce", (2,), (2, 3), loss)
    target, logits = [0, 2], [[5.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    assert metric(target, logits).item() == pytest.approx(loss(target, logits).item())


def test_get_by_object_and_function() -> None:
    made = metrics.Recall(name="r")
    assert metrics.get(made) is made
    assert metrics.get(metrics.Mean).name == "mean"
    huber = metrics.get(losses.huber)
    assert huber.name == "huber"
    assert huber([[0.0]], [[3.0]]).item() == 2.5
    assert metrics.deserialize(metrics.serialize(huber))([[0.0]], [[3.0]]).item() == 2.5
    assert metrics.get(losses.Huber(2.0)).name == "huber_loss"

    def worst(y_true: Any, y_pred: Any) -> Any:
        return F.max(F.abs(y_true - y_pred), axis=-1)

    own = metrics.get(worst)
    assert own.name == "worst"
    assert own([1.0, 5.0], [[1.5], [4.0]]).item() == 0.75
    assert own([1.0], [[1.0]], [2.0]).item() == 0.375  # (0.5 + 1 + 2 * 0) / 4
    with pytest.raises(ArgumentTypeError, match="'worst' cannot be written"):
        metrics.serialize(own)


def test_default_names_count_as_in_keras() -> None:
    forget_names()
    assert [metrics.Precision().name for _ in range(2)] == ["precision", "precision_1"]
    forget_names()
    assert metrics.LogCoshError().name == "logcosh"
    assert metrics.SparseCategoricalAccuracy().name == "sparse_categorical_accuracy"


def test_config_is_what_keras_writes() -> None:
    assert metrics.serialize(metrics.BinaryAccuracy()) == {
        "module": "keras.metrics",
        "class_name": "BinaryAccuracy",
        "config": {"name": "binary_accuracy", "dtype": "float32", "threshold": 0.5},
        "registered_name": None,
    }
    assert metrics.serialize("accuracy") == "accuracy"
    policy = {"class_name": "DTypePolicy", "config": {"name": "float64"}}
    assert metrics.get({"class_name": "Mean", "config": {"dtype": policy}}).dtype == "float64"
    assert metrics.get({"class_name": "Mean", "config": {"dtype": None}}).dtype == "float32"


def test_own_class() -> None:
    class Largest(metrics.Metric):
        def __init__(self, name: str | None = None, dtype: Any = None) -> None:
            super().__init__(name=name, dtype=dtype)
            self.largest = self.add_variable(shape=(), initializer="zeros", name="largest")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            error = F.max(F.abs(F.asarray(y_true) - y_pred))
            self.largest.assign(F.maximum(self.largest.value, error))

        def result(self) -> Any:
            return self.largest.value

    forget_names()
    metric = Largest()
    assert metric.name == "largest"
    assert metric([0.0], [2.0]).item() == 2.0
    assert metric([0.0], [1.0]).item() == 2.0
    assert [v.path for v in metric.variables] == ["largest/largest"]


@pytest.mark.parametrize(
    ("made", "error", "text"),
    [
        (lambda: metrics.get("acuracy"), UnknownNameError, "did you mean 'accuracy'"),
        (lambda: metrics.get("accuracy"), ArgumentError, "name one of binary_accuracy"),
        (lambda: metrics.get("MeanMetricWrapper"), ArgumentError, "needs a function"),
        (lambda: metrics.get(2), ArgumentTypeError, "a metric is a name, an object or a function"),
        (
            lambda: metrics.Precision(thresholds=2),
            ArgumentError,
            "thresholds=2.0 must be at most 1",
        ),
        (lambda: metrics.Recall(top_k=0), ArgumentError, "top_k=0 must be at least 1"),
        (lambda: metrics.F1Score(average="all"), ArgumentError, "average 'all'"),
        (lambda: metrics.FBetaScore(beta=0.0), ArgumentError, "beta=0 must be greater"),
        (lambda: metrics.TopKCategoricalAccuracy(0), ArgumentError, "k=0 must be at least 1"),
        (lambda: metrics.R2Score("mean"), ArgumentError, "class_aggregation 'mean'"),
        (lambda: metrics.SparseCategoricalCrossentropy(axis=0), ArgumentError, "moveaxis"),
        (
            lambda: metrics.MeanMetricWrapper("x"),
            ArgumentTypeError,
            "called, not str 'x'",
        ),
        (lambda: metrics.Mean()([1.0, 2.0], [1.0] * 3), ShapeError, r"'mean'.*\(3,\).*\(2,\)"),
        (lambda: metrics.Precision()([1.0], [1.0], [1.0] * 3), ShapeError, r"\(3,\).*\(1,\)"),
        (lambda: metrics.F1Score()([1, 2], np.ones((2, 3))), ShapeError, "to_categorical"),
        (lambda: metrics.Precision(class_id=3)([[1.0]], [[1.0]]), ArgumentError, "of 1 outputs"),
        (lambda: metrics.Precision()([1, 2], np.ones((2, 3))), ShapeError, "precision"),
        (
            lambda: metrics.CategoricalAccuracy()([1, 2], np.ones((2, 3))),
            ShapeError,
            "categorical_accuracy: targets of shape",
        ),
        (
            lambda: metrics.SparseCategoricalAccuracy()(np.eye(3), np.eye(3)),
            ShapeError,
            r"one integer a sample.*use the categorical one",
        ),
    ],
)
def test_refusals(made: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        made()


def test_every_function_of_losses_is_a_metric() -> None:
    made = metrics.get("half_squared_error")
    made.update_state([[1.0, 2.0], [0.0, 0.0]], [[3.0, 2.0], [0.0, 4.0]])
    assert made.result().item() == 5.0  # the mean of (2**2 + 0)/2 and (0 + 4**2)/2
