"""Metrics and losses where data leave little: constants, ties, zeros, no samples, far numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import losses, metrics
from nissl.errors import DataError, NisslError, ShapeError
from nissl.optimizers.base import registry as optimizer_registry

# ---- R2 ----------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
WEIGHTS = {
    "none": None,
    "random": RNG.random(37),
    "some zero": (RNG.random(37) > 0.5).astype(float),
    "column": RNG.random((37, 1)),
}


@pytest.mark.parametrize("value", [0.1, 3.0, -1e10, 1e25, 0.0])
@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_r2_of_constant_targets_is_what_it_says(value: float, weights: str, dtype: str) -> None:
    """The mean of equal numbers is not one of them after rounding: 37 times 0.1, say."""
    y = np.full((37, 1), value, dtype)
    other = y * np.array(2, dtype) if value else y + np.array(1, dtype)
    for output, wanted in ((y, 1.0), (other, 0.0)):
        for size in (37, 10):
            metric = metrics.R2Score()
            for start in range(0, 37, size):
                part = slice(start, start + size)
                given = WEIGHTS[weights]
                metric.update_state(y[part], output[part], None if given is None else given[part])
            assert metric.result().item() == wanted


def test_r2_without_anything_that_counts_is_0() -> None:
    y = np.array([[1.0], [2.0]])
    assert metrics.R2Score()(y, y, [0.0, 0.0]).item() == 0.0
    assert metrics.R2Score()(y[:0], y[:0]).item() == 0.0
    assert metrics.R2Score()(y[:1], y[:1]).item() == 1.0
    metric = metrics.R2Score()
    metric.update_state(y + 5, y, [0.0, 0.0])  # nor do such batches change what others say
    metric.update_state(y, y + 0.5)
    assert metric.result().item() == pytest.approx(1 - 0.5 / 0.5)


def test_r2_of_several_outputs_of_which_some_are_constant() -> None:
    y = np.array([[1.0, 0.1, 0.1], [3.0, 0.1, 0.1], [2.0, 0.1, 0.1]], "float32")
    output = y + np.array([0.5, 0.0, 1.0], "float32")
    each = [1 - 0.75 / 2, 1.0, 0.0]
    np.testing.assert_allclose(metrics.R2Score(None)(y, output), each)
    assert metrics.R2Score()(y, output).item() == pytest.approx(np.mean(each))
    assert metrics.R2Score("variance_weighted_average")(y, output).item() == pytest.approx(each[0])
    constant = metrics.R2Score("variance_weighted_average")(y[:, 1:], output[:, 1:])
    assert constant.item() == pytest.approx(0.5)


def test_r2_against_its_formula_with_weights() -> None:
    y, output, w = RNG.normal(size=(50, 1)), RNG.normal(size=(50, 1)), RNG.random(50)
    mean = np.average(y[:, 0], weights=w)
    wanted = 1 - np.sum(w * (y - output)[:, 0] ** 2) / np.sum(w * (y[:, 0] - mean) ** 2)
    assert metrics.R2Score()(y, output, w).item() == pytest.approx(wanted, rel=1e-12)


# ---- far numbers -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e25, 1e-25])
def test_squares_do_not_leave_the_range_where_the_result_does_not(size: float) -> None:
    y = np.array([[0.0], [1.0], [2.0]]) * size
    output = np.array([[1.0], [1.0], [2.0]]) * size
    y, output = y.astype("float32"), output.astype("float32")
    assert metrics.RootMeanSquaredError()(y, output).item() == pytest.approx(
        size / math.sqrt(3), rel=1e-6
    )
    assert metrics.R2Score()(y, output).item() == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [1e-30, 1e-10, 1.0, 1e10, 1e30])
def test_the_angle_between_vectors_does_not_depend_on_their_length(dtype: str, size: float) -> None:
    a, b = (np.array([each], dtype) for each in ([3.0 * size, 4.0 * size], [size, 0.0]))
    assert metrics.CosineSimilarity()(a, b).item() == pytest.approx(0.6, rel=1e-6)
    assert losses.CosineSimilarity()(a, a).item() == pytest.approx(-1.0, rel=1e-6)
    assert losses.CosineSimilarity()(a, 0 * a).item() == 0.0
    slope = nissl.grad(lambda x: losses.CosineSimilarity()(b, x))(nissl.asarray(a))
    wanted = -np.array([[16.0, -12.0]]) / 125 / size  # d(u/|u|)/du is orthogonal to u
    np.testing.assert_allclose(np.asarray(slope), wanted, rtol=1e-5)


# ---- nothing, one sample, zeros ----------------------------------------------------------------


def single(name: str) -> Any:
    """One sample for a metric, as its kind of targets asks for."""
    if name in ("Mean", "Sum"):
        return ([0.0],)
    if "Sparse" in name:
        return [1], [[0.25, 0.75]]
    if "Categorical" in name or name in ("F1Score", "FBetaScore"):
        return [[0.0, 1.0]], [[0.25, 0.75]]
    return [[0.0, 0.0]], [[0.0, 0.0]]


NAMES = sorted({*metrics.registry} - {"MeanMetricWrapper"})


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_is_a_number_where_little_is_given(name: str) -> None:
    made = metrics.registry.lookup(name)
    given = [np.asarray(each) for each in single(name)]
    assert np.isfinite(np.asarray(made()(*given))).all(), "one sample"
    assert (np.asarray(made()(*given, sample_weight=[0.0])) == 0).all(), "no weight"
    assert (np.asarray(made()(*(each[:0] for each in given))) == 0).all(), "no sample"


@pytest.mark.parametrize("name", sorted({*losses.registry} - {"LossFunctionWrapper"}))
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_every_loss_is_0_where_no_sample_counts(name: str, reduction: str) -> None:
    loss = losses.registry.lookup(name)(reduction=reduction)
    given = [np.asarray(each) for each in single(name)]
    assert loss(*given, sample_weight=[0.0]).item() == 0.0
    assert loss(*(each[:0] for each in given)).item() == 0.0
    assert np.isfinite(loss(*given).item())


def test_percentages_of_zeros_are_finite() -> None:
    assert losses.MeanAbsolutePercentageError()([[0.0]], [[0.0]]).item() == 0.0
    assert losses.MeanAbsolutePercentageError()([[0.0]], [[1.0]]).item() == pytest.approx(1e9)


@pytest.mark.parametrize(
    ("loss", "t", "y", "wanted"),
    [
        (losses.KLDivergence(), [[0.0, 1.0]], [[0.0, 1.0]], 0.0),
        (losses.KLDivergence(), [[0.0, 1.0]], [[1.0, 0.0]], 16.118094),  # 1e-7 for 0
        (losses.Poisson(), [[0.0]], [[0.0]], 0.0),
        (losses.Poisson(), [[1.0]], [[0.0]], 16.118096),
        (losses.Hinge(), [[0.0, 1.0]], [[0.5, 0.5]], (1.5 + 0.5) / 2),  # 0 and 1 are -1 and 1
        (losses.Hinge(), [[-1.0, 1.0]], [[0.5, 0.5]], (1.5 + 0.5) / 2),
        (losses.Hinge(), [[1.0, 1.0]], [[0.5, 0.5]], 0.5),
        (losses.BinaryCrossentropy(label_smoothing=1), [[1.0]], [[0.25]], -math.log(0.1875) / 2),
        (losses.CategoricalCrossentropy(label_smoothing=1), [[1.0, 0.0]], [[0.5, 0.5]], 0.693147),
    ],
)
def test_losses_at_the_ends_of_their_ranges(loss: Any, t: Any, y: Any, wanted: float) -> None:
    assert loss(t, y).item() == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_binary_crossentropy_of_half_precision_ends_where_float32_does(dtype: str) -> None:
    p = nissl.asarray([[0.0, 1.0]], dtype)
    found = losses.BinaryCrossentropy()([[1.0, 0.0]], p)
    assert found.dtype.name == "float32"
    assert found.item() == pytest.approx((16.118095 + 15.942385) / 2, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_weights_may_stand_in_a_column(name: str) -> None:
    made = metrics.registry.lookup(name)
    given = [np.concatenate([np.asarray(each)] * 3) for each in single(name)]
    row = made()(*given, sample_weight=[1.0, 0.5, 0.0])
    column = made()(*given, sample_weight=[[1.0], [0.5], [0.0]])
    np.testing.assert_array_equal(np.asarray(row), np.asarray(column))


# ---- decisions ---------------------------------------------------------------------------------


def test_ties_let_no_more_than_top_k_through() -> None:
    target = np.array([[0, 1, 1, 0], [1, 0, 0, 0]])
    tied = np.full((2, 4), 0.25)
    # the first two of each row: of the four decisions, one of row 0 and one of row 1 are right
    assert metrics.Precision(top_k=2)(target, tied).item() == 2 / 4
    assert metrics.Recall(top_k=2)(target, tied).item() == pytest.approx(2 / 3)
    some = np.array([[0.1, 0.5, 0.5, 0.5], [0.5, 0.5, 0.1, 0.1]])
    assert metrics.Precision(top_k=1)(target, some).item() == 1.0
    for k in range(1, 5):
        said = metrics.Precision(top_k=k)
        said(np.ones((2, 4)), tied)
        assert said.counts["true_positives"].numpy().item() == 2 * k


@pytest.mark.parametrize("name", ["Precision", "Recall"])
@pytest.mark.parametrize("settings", [{"top_k": 3}, {"class_id": 0}])
def test_outputs_are_chosen_among_those_of_a_sample(name: str, settings: dict[str, int]) -> None:
    """Of a vector they would be chosen among the samples of a batch."""
    metric = metrics.registry.lookup(name)(**settings)
    with pytest.raises(ShapeError, match=r"\(5,\).*\(n, outputs\)"):
        metric([1, 0, 1, 1, 0], [0.9, 0.8, 0.7, 0.6, 0.5])
    metric([[1], [0]], [[0.9], [0.8]])


def test_thresholds_may_be_any_list() -> None:
    for given in ([0.25, 0.75], (0.25, 0.75), np.array([0.25, 0.75])):
        metric = metrics.Precision(given)
        assert metric([1, 0], [0.9, 0.5]).tolist() == [0.5, 1.0]
        assert metric.get_config()["thresholds"] == [0.25, 0.75]
    assert metrics.Precision(0)([1, 0], [0.9, 0.5]).item() == 0.5


def test_thresholds_are_compared_in_the_dtype_of_predictions() -> None:
    metric = metrics.TruePositives(0.5)
    assert metric([1, 1], np.array([0.5 + 1e-12, 0.5])).item() == 1.0


def test_beta_is_a_float_in_files() -> None:
    metric = metrics.FBetaScore(average="macro", beta=1, threshold=1)
    assert [type(metric.get_config()[key]) for key in ("beta", "threshold")] == [float, float]


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
def test_f1_against_counts(average: str | None) -> None:
    target = RNG.integers(0, 2, (40, 3))
    output = RNG.random((40, 3)).astype("float32")
    said = output > 0.5
    right, wrong, missed = (
        np.sum(each, axis=0)
        for each in (said & (target == 1), said & (target == 0), ~said & (target == 1))
    )
    wanted = {
        None: 2 * right / (2 * right + wrong + missed),
        "micro": 2 * right.sum() / (2 * right + wrong + missed).sum(),
    }
    each = wanted[None]
    wanted["macro"], wanted["weighted"] = each.mean(), np.average(each, weights=target.sum(axis=0))
    found = np.asarray(metrics.F1Score(average, threshold=0.5)(target, output))
    np.testing.assert_allclose(found, wanted[average], rtol=1e-6)


# ---- labels ------------------------------------------------------------------------------------

P = np.array([[0.2, 0.7, 0.1], [0.3, 0.3, 0.4], [0.5, 0.25, 0.25]])
LABELS = np.array([1, -1, 2])
WANTED = -(math.log(0.7) + math.log(0.25)) / 2


@pytest.mark.parametrize("column", [False, True])
@pytest.mark.parametrize("dtype", ["int8", "int64", "float32", "float64"])
@pytest.mark.parametrize("from_logits", [False, True])
def test_ignored_labels_may_stand_in_a_column(column: bool, dtype: str, from_logits: bool) -> None:
    labels = LABELS.astype(dtype)[:, None] if column else LABELS.astype(dtype)
    output = np.log(P) if from_logits else P
    settings: Any = {"from_logits": from_logits, "ignore_class": -1}
    loss = losses.SparseCategoricalCrossentropy(**settings)
    assert loss(labels, output).item() == pytest.approx(WANTED)
    assert loss(labels, output, [2.0, 5.0, 0.0]).item() == pytest.approx(-math.log(0.7))
    assert loss(labels, output, [[2.0], [5.0], [0.0]]).item() == pytest.approx(-math.log(0.7))
    assert loss(labels * 0 - 1, output).item() == 0.0
    each = losses.sparse_categorical_crossentropy(labels, output, **settings)
    np.testing.assert_allclose(each, [-math.log(0.7), 0.0, -math.log(0.25)], rtol=1e-6)
    slope = nissl.grad(lambda x: loss(labels, x))(nissl.asarray(output))
    assert (np.asarray(slope)[1] == 0).all()
    assert (np.asarray(slope)[0] != 0).any()


@pytest.mark.parametrize("column", [False, True])
def test_ignored_labels_in_sequences(column: bool) -> None:
    labels, output = np.stack([LABELS, LABELS[::-1]]), np.stack([P, P[::-1]])
    given = labels[..., None] if column else labels
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert loss(given, output).item() == pytest.approx(WANTED)
    assert loss(given, output, [1.0, 0.0]).item() == pytest.approx(WANTED / 2)
    by_step = np.ones((2, 3))
    assert loss(given, output, by_step).item() == pytest.approx(WANTED)


@pytest.mark.parametrize("column", [False, True])
def test_a_metric_made_of_a_loss_ignores_what_the_loss_ignores(column: bool) -> None:
    labels = LABELS[:, None] if column else LABELS
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert metrics.get(loss)(labels, P).item() == pytest.approx(WANTED)
    assert metrics.get(loss)(labels, P, [1.0, 7.0, 3.0]).item() == pytest.approx(
        -(math.log(0.7) + 3 * math.log(0.25)) / 4
    )
    function = metrics.MeanMetricWrapper(losses.sparse_categorical_crossentropy, ignore_class=-1)
    assert function(labels.astype("float32"), P).item() == pytest.approx(WANTED)


@pytest.mark.parametrize("label", [-1, 3, 1 << 40, 0.5, math.nan])
def test_a_label_that_names_no_class_is_refused_where_it_can_be_seen(label: float) -> None:
    """It would cost as much as a class of probability 1e-7."""
    loss = losses.SparseCategoricalCrossentropy()
    for given in ([0, label, 1], [[0], [label], [1]]):
        with pytest.raises(DataError, match=r"y_true\[1\] has the value"):
            loss(given, P)
    assert loss(1, P[0]).item() == pytest.approx(-math.log(0.7))


# ---- dtypes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_results_have_the_precision_of_predictions(name: str) -> None:
    made, given = metrics.registry.lookup(name), [np.asarray(each) for each in single(name)]
    assert made()(*(each.astype("float32") for each in given)).dtype.name == "float32"
    assert made()(*(each.astype("float64") for each in given)).dtype.name == "float64"
    assert {v.dtype.name for v in made().variables} <= {"float64"}


def test_a_float64_model_reports_float64() -> None:
    layer = nissl.layers.Dense(1, use_bias=False, dtype="float64")
    model = nissl.Sequential([nissl.Input((1,), dtype="float64"), layer])
    model.set_weights([np.array([[1.0]])])
    model.compile(nissl.optimizers.SGD(0.0), "mae", metrics=["mse"])
    x = np.array([[1.0], [1.0 + 1e-9]])
    found = model.evaluate(x, np.ones((2, 1)), verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(5e-10, rel=1e-6)
    assert found["mse"] == pytest.approx(5e-19, rel=1e-6)


# ---- settings ----------------------------------------------------------------------------------

WRONG = ("x", 1.5, -3, None, True, [1], {"a": 1}, object(), math.nan, b"1", 1j)


def settings_of(cls: type) -> list[str]:
    from nissl.settings import known_settings

    return sorted(known_settings(cls) or ())


CLASSES = [
    *(losses.registry.lookup(name) for name in losses.registry),
    *(metrics.registry.lookup(name) for name in metrics.registry),
    *(optimizer_registry.lookup(name) for name in optimizer_registry),
]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_settings_are_checked_when_it_is_made(cls: Any) -> None:
    """Whatever is given, it is taken, and then is in the config as JSON has it, or refused."""
    fixed = {"fn": lambda t, y: t - y} if "fn" in settings_of(cls) else {}
    for name in settings_of(cls):
        refused = 0
        for value in WRONG:
            try:
                made = cls(**{**fixed, name: value})
            except NisslError as error:
                assert name in str(error) or name in ("dtype", "fn")
                refused += 1
                continue
            if not fixed:
                kept = made.get_config().get(name)
                assert isinstance(kept, str | int | float | list | None), (name, value)
                assert not isinstance(kept, float) or math.isfinite(kept)
        assert refused >= len(WRONG) - 4, name
