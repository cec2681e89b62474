"""Watching training: numbers against NumPy by hand, verdicts against planted faults."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nissl
from nissl import explain
from nissl.callbacks import Callback
from nissl.datasets import digits
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    GraphError,
    NonFiniteError,
    ShapeError,
)
from nissl.explain.training import measures
from nissl.explain.training import verdict as verdicts
from nissl.explain.training.measures import LayerState, Record, Spread

Array = Any
RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=(12, 3))
T = RANDOM.normal(size=(12, 2))


def two_layers(hidden: str = "tanh", **options: Any) -> Any:
    nissl.utils.set_random_seed(3)
    dense = nissl.layers.Dense
    model = nissl.Sequential(
        [
            nissl.Input((3,), dtype="float64"),
            dense(4, hidden, dtype="float64", name="hidden"),
            dense(2, dtype="float64", name="output"),
        ]
    )
    model.compile(options.pop("optimizer", "sgd"), "mse", **options)
    weights = [RANDOM.normal(size=w.shape) for w in model.weights]
    model.set_weights(weights)
    return model


def loss_by_hand(weights: list[Array], added: Array = 0.0) -> float:
    """The mean square error, with a number added to each pre-activation of the hidden layer."""
    w1, b1, w2, b2 = weights
    y = np.tanh(X @ w1 + b1 + added) @ w2 + b2
    return float(np.mean((y - T) ** 2))


def difference_quotients(function: Any, at: Array) -> Array:
    found = np.zeros(at.shape)
    for place in np.ndindex(at.shape):
        step = np.zeros(at.shape)
        step[place] = 1e-6
        found[place] = (function(at + step) - function(at - step)) / 2e-6
    return found


def rms(values: Array) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


# ---- numbers ---------------------------------------------------------------------------------
def test_activations_and_gradients_agree_with_numpy_and_with_difference_quotients() -> None:
    model = two_layers()
    w1, b1, w2, b2 = weights = model.get_weights()
    record = explain.initialisation(model, X, T).records[0]
    hidden, output = record.layers
    a = X @ w1 + b1
    assert record.loss == pytest.approx(loss_by_hand(weights), rel=1e-11)
    assert hidden.a.rms == pytest.approx(rms(a), rel=1e-11)
    assert hidden.z.quantiles[3] == pytest.approx(np.median(np.tanh(a)), rel=1e-11)
    assert hidden.z.deviation == pytest.approx(np.std(np.tanh(a)), rel=1e-11)
    assert hidden.signal == pytest.approx(math.sqrt(np.tanh(a).var(axis=0).mean()), rel=1e-11)
    assert output.a.mean == pytest.approx((np.tanh(a) @ w2 + b2).mean(), rel=1e-11)
    delta = difference_quotients(lambda e: loss_by_hand(weights, e), np.zeros((12, 4)))
    assert hidden.delta.rms == pytest.approx(rms(delta), rel=1e-7)
    assert hidden.delta.quantiles[0] == pytest.approx(delta.min(), rel=1e-6)
    for place, (layer, number) in enumerate([(hidden, 0), (hidden, 1), (output, 0), (output, 1)]):

        def moved(value: Array, place: int = place) -> float:
            return loss_by_hand([*weights[:place], value, *weights[place + 1 :]])

        slope = difference_quotients(moved, weights[place])
        state = layer.weights[number]
        assert state.gradient_norm == pytest.approx(np.linalg.norm(slope), rel=1e-7), state.name
        assert state.gradient.mean == pytest.approx(slope.mean(), rel=1e-5, abs=1e-9)
        assert state.norm == pytest.approx(np.linalg.norm(weights[place]), rel=1e-11)
    both = math.hypot(*(w.gradient_norm for w in hidden.weights))
    assert hidden.gradient_norm == both


def test_the_step_is_the_optimizers_own_and_nothing_is_changed() -> None:
    model = two_layers(optimizer=nissl.optimizers.SGD(0.25))
    before = model.get_weights()
    layer = explain.initialisation(model, X, T).records[0].layers[0]
    assert layer.step_ratio == pytest.approx(0.25 * layer.gradient_norm / layer.weight_norm)
    model.compile(nissl.optimizers.Adam(0.125), "mse")
    first = explain.initialisation(model, X, T).records[0].layers[1].weights
    # Adam's first step is the learning rate in each entry (Kingma and Ba 2015, section 2.1)
    assert [w.step_norm for w in first] == pytest.approx(
        [0.125 * math.sqrt(8), 0.125 * math.sqrt(2)], rel=1e-3
    )
    model.compile(nissl.optimizers.SGD(1.0, clipnorm=0.001), "mse")
    clipped = explain.initialisation(model, X, T).records[0].layers[1].weights
    assert [w.step_norm for w in clipped] == pytest.approx([0.001, 0.001])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert model.optimizer.iterations.numpy() == 0
    assert model.layers[0].activation is nissl.activations.tanh
    assert "call" not in vars(model.layers[0])


def test_dead_and_saturated_are_counted() -> None:
    dense = nissl.layers.Dense(4, "relu", name="r")
    model = nissl.Sequential([nissl.Input((1,)), dense, nissl.layers.Dense(1)])
    dense.set_weights([[[1.0, -1.0, 1.0, 0.0]], [0.0, 0.0, -9.0, 0.0]])
    x, y = np.array([[0.5], [2.0]]), np.zeros((2, 1))
    layer = explain.initialisation(model, x, y, loss="mse").records[0].layers[0]
    assert (layer.dead, layer.units) == (3, 4)  # the second, the third, and the one that is 0
    for name, flat in [("tanh", 1 / 4), ("sigmoid", 0.0), ("hard_tanh", 1 / 2), ("sign", 1.0)]:
        layer = nissl.layers.Activation(name)
        single = nissl.Sequential([nissl.Input((4,)), layer, nissl.layers.Dense(1)])
        x = np.array([[0.1, 0.9, -1.2, 3.0]] * 2)
        state = explain.initialisation(single, x, y, loss="mse").records[0].layers[0]
        assert state.saturated == pytest.approx(flat), name
        assert state.dead == -1


@settings(max_examples=60)
@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=40))
def test_spread_agrees_with_numpy(values: list[float]) -> None:
    found, scale = Spread.of(values), max(map(abs, values)) or 1.0
    scaled = np.array(values) / scale
    assert found.quantiles == pytest.approx(
        np.quantile(scaled, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]) * scale, rel=1e-9, abs=1e-9 * scale
    )
    assert found.rms == pytest.approx(rms(scaled) * scale, rel=1e-9)
    assert found.deviation == pytest.approx(scaled.std() * scale, rel=1e-6, abs=1e-9 * scale)
    assert sum(found.counts) == len(values)


def test_spread_of_what_is_hard() -> None:
    assert Spread.of(np.zeros(0)).size == 0
    half = Spread.of(np.full(9, 6e4, np.float16))  # whose square is beyond float16
    assert half.rms == pytest.approx(6e4, rel=1e-3)
    mixed = Spread.of([math.nan, 1.0, math.inf, 3.0])
    assert (mixed.size, mixed.bad, mixed.mean, mixed.quantiles[3]) == (4, 2, 2.0, 2.0)
    nothing = Spread.of([math.nan])
    assert nothing.bad == 1
    assert math.isnan(nothing.rms)
    many = Spread.of(np.arange(100_001.0))  # thinned for quantiles, whole for the ends
    assert (many.quantiles[0], many.quantiles[-1]) == (0.0, 100_000.0)
    assert many.quantiles[3] == pytest.approx(50_000, rel=1e-2)


# ---- verdicts on planted networks ------------------------------------------------------------
def deep(activation: Any, initializer: Any, layers: int = 12, last: str = "softmax") -> Any:
    nissl.utils.set_random_seed(1)
    hidden = [
        nissl.layers.Dense(32, activation, kernel_initializer=initializer, name=f"h{n}")
        for n in range(layers)
    ]
    model = nissl.Sequential(
        [
            nissl.Input((8, 8)),
            nissl.layers.Flatten(),
            nissl.layers.Rescaling(1 / 16),
            *hidden,
            nissl.layers.Dense(10, last, name="out"),
        ]
    )
    model.compile(nissl.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
    return model


def looked_at(model: Any) -> explain.WatchReport:
    (x, y), _ = digits.load_data()
    return explain.initialisation(model, x, y)


def changed(model: Any, name: str, kernel: float | None = None, bias: float | None = None) -> Any:
    layer = model.get_layer(name)
    k, b = layer.get_weights()
    layer.set_weights([k if kernel is None else k * kernel, b if bias is None else b + bias])
    return model


NORMAL = nissl.initializers.RandomNormal(stddev=1.0, seed=1)


@pytest.mark.parametrize(
    ("make", "kind", "layer", "word", "advised"),
    [
        (lambda: deep("relu", "he_normal"), "healthy", "h0", "", ""),
        (lambda: deep("tanh", "glorot_uniform"), "healthy", "h0", "", ""),
        (lambda: deep("sigmoid", "glorot_uniform"), "vanishing", "h0", "∂E/∂a", "he_normal"),
        (lambda: deep("tanh", "random_uniform"), "vanishing", "h0", "∂E/∂a", "glorot_uniform"),
        (lambda: deep("relu", NORMAL), "exploding", "h0", "∂E/∂a", "he_normal"),
        (
            lambda: changed(deep("relu", "he_normal"), "h3", bias=-99.0),
            "dead", "h3", "32 of 32 units", "leaky_relu",
        ),
        (
            lambda: changed(deep("tanh", "glorot_uniform", 3), "h1", kernel=50.0),
            "saturated", "h1", "tanh is flat", "glorot_uniform",
        ),
        (
            lambda: changed(deep("relu", "he_normal"), "h2", kernel=math.nan),
            "not finite", "h2", "NaN or infinite", "clipnorm",
        ),
    ],
)  # fmt: skip
def test_planted_networks_get_their_verdicts(
    make: Any, kind: str, layer: str, word: str, advised: str
) -> None:
    report = looked_at(make())
    assert report.verdict == kind
    found = next(f for f in report.findings if f.layer.name == layer)
    assert found.kind == kind
    assert word in verdicts.words(found)
    assert advised in verdicts.advice(found)
    text = str(report)
    if kind != "healthy":
        assert layer in text
        assert "What to do" in text
        if kind in ("dead", "vanishing", "exploding", "saturated"):
            assert "limit" in text


def test_layers_below_a_dead_one_are_told_why() -> None:
    report = looked_at(changed(deep("relu", "he_normal"), "h3", bias=-99.0))
    below, above = report.findings[2], report.findings[4]
    assert (below.rule, below.other) == ("blocked", "h3")
    assert "h3 is dead" in verdicts.words(below)
    assert "h3" in verdicts.advice(below)
    assert above.kind == "dead"  # its inputs are 0, and so is relu of its bias


def test_a_step_that_is_too_large_is_named() -> None:
    model = deep("relu", "he_normal", 2)
    model.compile(nissl.optimizers.SGD(1e4), "sparse_categorical_crossentropy")
    report = looked_at(model)
    assert report.verdict == "exploding"
    assert all(f.rule == "step" and "learning rate" in verdicts.advice(f) for f in report.findings)


def spread(size: float) -> Spread:
    return Spread(4, 0, 0.0, size, size, (0.0,) * 7, (0.0, 0.0), (0,))


def layer(name: str, delta: float = 1.0, signal: float = 1.0, **more: Any) -> LayerState:
    facts: dict[str, Any] = {"activation": "tanh", "dead": -1, "saturated": 0.0, **more}
    return LayerState(
        name, "Dense", facts["activation"], "glorot_uniform", 4, spread(1), spread(1),
        spread(delta), signal, 0.0, facts["dead"], facts["saturated"], (),
    )  # fmt: skip


@pytest.mark.parametrize(("dtype", "below"), [("float32", 1e-8), ("float64", 1e-17)])
def test_differences_below_rounding_are_no_signal(dtype: str, below: float) -> None:
    """Samples that differ by less than the last place of outputs near 1/2, and by much more."""
    rng = np.random.default_rng(0)
    for size, is_lost in ((below, True), (1e4 * below, False)):
        x = np.asarray(0.5 + size * rng.standard_normal((64, 8)), dtype)
        found = measures.signal([x])
        assert found == 0 if is_lost else found == pytest.approx(size, rel=0.1)
    assert measures.signal([np.zeros((4, 2), dtype)]) == 0
    assert measures.signal([np.full((1, 2), 1, dtype)]) != 0  # of one sample there is none


def test_equal_outputs_are_called_so_in_place_of_digits() -> None:
    x = np.random.default_rng(0).random((64, 4)).astype("float32")
    nissl.utils.set_random_seed(0)
    deep = [
        nissl.layers.Dense(8, "sigmoid", kernel_initializer="random_uniform") for _ in range(12)
    ]
    model = nissl.Sequential([nissl.Input((4,)), *deep, nissl.layers.Dense(1)])
    report = explain.initialisation(model, x, x[:, 0], loss="mse")
    lost = [f for f in report.findings if f.layer.is_lost]
    assert lost
    assert str(report).count("below rounding") == len(lost) + 1
    alike = verdicts.judge(Record(0, 0, 1.0, (layer("first"), layer("l", signal=0), layer("end"))))
    assert "same for all samples" in verdicts.words(alike[1])


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        (layer("l", delta=1.01e-3), "healthy"),
        (layer("l", delta=0.99e-3), "vanishing"),
        (layer("l", delta=0.99e3), "healthy"),
        (layer("l", delta=1.01e3), "exploding"),
        (layer("l", signal=0.99e-3), "vanishing"),
        (layer("l", signal=1.01e3), "exploding"),
        (layer("l", dead=2, activation="relu"), "healthy"),
        (layer("l", dead=3, activation="relu"), "dead"),
        (layer("l", saturated=0.33), "healthy"),
        (layer("l", saturated=0.34), "saturated"),
    ],
)
def test_limits_are_where_they_are_said_to_be(case: LayerState, kind: str) -> None:
    found = verdicts.judge(Record(0, 0, 1.0, (layer("first"), case, layer("last"))))
    assert [f.kind for f in found] == ["healthy", kind, "healthy"]


def test_a_network_that_has_learnt_may_be_sure_of_itself() -> None:
    first = Record(0, 0, 2.0, (layer("a"), layer("b")))
    sure = (layer("a", saturated=0.9), layer("b"))
    assert verdicts.worst(verdicts.judge(Record(5, 9, 0.3, sure), first)) == "saturated"
    assert verdicts.worst(verdicts.judge(Record(5, 9, 0.1, sure), first)) == "healthy"


def test_since_and_earlier_verdicts() -> None:
    ill, well = (layer("a", 1e-9), layer("b")), (layer("a"), layer("b"))
    records = [Record(n, n, 1.0, x) for n, x in enumerate([well, ill, well, ill, ill])]
    assert verdicts.since(records, 0) == 3
    report = explain.WatchReport(records[:3], 8)
    assert report.verdict == "healthy"
    assert "It was vanishing for a time, first at epoch 1." in str(report)


# ---- the callback ----------------------------------------------------------------------------
def test_watching_changes_nothing_and_sees_every_epoch() -> None:
    (x, y), _ = digits.load_data()
    x, y = x[:200], y[:200]
    histories: list[Any] = []
    watch = explain.Watch(x, y, rows=40)
    callbacks: list[list[Callback]] = [[], [watch]]
    for each in callbacks:
        model = deep("relu", "he_normal", 2)
        histories.append(model.fit(x, y, epochs=4, verbose=0, callbacks=each).history)
    assert histories[0] == histories[1]
    assert [r.epoch for r in watch.kept] == [0, 1, 2, 3, 4]
    assert [r.step for r in watch.kept] == [0, 7, 14, 21, 28]
    assert watch.kept[-1].loss < watch.kept[0].loss
    report = watch.report()
    assert report.rows == 40
    assert report.training_seconds > report.seconds > 0


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({"every": 3}, [0, 3, 6, 9, 10]),
        ({"records": 2}, [0, 10]),
        ({"records": 3}, [0, 5, 10]),
        ({"every": 1, "records": 4}, [0, 4, 8, 10]),
    ],
)
def test_records_stay_few(options: dict[str, int], epochs: list[int]) -> None:
    model, watch = two_layers(), explain.Watch(X, T, **options)
    model.fit(X, T, epochs=10, verbose=0, callbacks=[watch])
    assert [r.epoch for r in watch.kept] == epochs
    model.fit(X, T, epochs=12, initial_epoch=10, verbose=0, callbacks=[watch])
    assert (watch.kept[0].epoch, watch.kept[-1].epoch) == (10, 12)


def test_training_that_fails_is_recorded_and_reported() -> None:
    model = two_layers("relu", optimizer=nissl.optimizers.SGD(1e38))
    watch = explain.Watch(X, T)
    with pytest.raises(NonFiniteError):
        model.fit(X, T, epochs=3, verbose=0, callbacks=[watch])
    report = watch.report()
    assert report.verdict == "not finite"
    assert "not finite" in report.to_markdown()
    assert "not finite" in report.to_latex()
    report.figure()


def test_training_that_is_broken_off_is_reported() -> None:
    class Stop(Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    watch = explain.Watch(X, T)
    with pytest.raises(KeyboardInterrupt):
        two_layers().fit(X, T, epochs=9, verbose=0, callbacks=[watch, Stop()])
    assert watch.report().records[-1].epoch == 2


def test_all_kinds_of_networks_can_be_watched() -> None:
    dense = nissl.layers.Dense

    class Own(nissl.Model):
        def __init__(self) -> None:
            super().__init__()
            self.shared, self.out = dense(3, "relu", name="shared"), dense(2, name="out")

        def call(self, x: Any) -> Any:
            return self.out(self.shared(self.shared(x)))

    class Scale(nissl.layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.factor = self.add_weight((), initializer="ones", name="factor")

        def call(self, x: Any) -> Any:
            return x * self.factor

    frozen = dense(4, "relu", name="frozen", trainable=False)
    inner = nissl.Sequential([dense(5, lambda a: nissl.maximum(a, 0.0), name="own")], name="inner")
    stack = nissl.Sequential([nissl.layers.Dropout(0.5), frozen, inner, Scale(name="s"), dense(2)])
    found: dict[str, LayerState] = {}
    for model in (Own(), stack):
        model.compile("adam", "mse")
        watch = explain.Watch(X, T)
        model.fit(X, T, epochs=2, verbose=0, callbacks=[watch])
        found.update({each.name: each for each in watch.report().records[-1].layers})
        assert str(watch.report())
        watch.report().figure()
    assert list(found)[:5] == ["shared", "out", "frozen", "inner/own", "s"]
    assert found["shared"].a.size == 2 * 12 * 3  # both calls
    assert math.isnan(found["frozen"].gradient_norm)
    assert found["inner/own"].dead >= 0
    assert found["s"].weights[0].name.endswith("factor")


def test_one_sample_has_no_difference_between_samples() -> None:
    report = explain.initialisation(two_layers(), X[:1], T[:1])
    assert math.isnan(report.records[0].layers[0].signal)
    assert report.verdict == "healthy"
    report.figure()


# ---- what it looks like ----------------------------------------------------------------------
def test_report_in_all_forms(tmp_path: Any) -> None:
    (x, y), _ = digits.load_data()
    model, watch = deep("sigmoid", "glorot_uniform", 9), explain.Watch(x[:64], y[:64])
    model.fit(x[:64], y[:64], epochs=2, verbose=0, callbacks=[watch])
    report = watch.report()
    assert "Verdict: vanishing, in 9 of 10 layers." in str(report)
    assert "| h0 | sigmoid | vanishing |" in report.to_markdown()
    assert r"\lVert" in report.to_latex()
    assert "<table>" in report.to_html()
    figure = report.figure()
    assert figure.get_suptitle() == report.headline
    titles = " ".join(axes.get_title() for axes in figure.axes)
    for seen in ("Outputs z at epoch 2", "Gradients ∂E/∂a", "gradient of the weights", "one step",
                 "Dead units"):  # fmt: skip
        assert seen in titles
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert names == [each.name for each in report.records[0].layers]  # the input's at the top
    assert figure.axes[0].yaxis_inverted()
    for ending in ("svg", "md"):
        report.save(tmp_path / f"watch.{ending}")
        assert (tmp_path / f"watch.{ending}").stat().st_size > 1000


def test_panels_stand_below_each_other_on_a_narrow_page_and_alone() -> None:
    report = looked_at(deep("tanh", "glorot_uniform", 3))
    wide, narrow = report.figure(), report.figure(width=8 / 2.54)
    named = [[axes.yaxis.get_tick_params()["labelleft"] for axes in each.axes]
             for each in (wide, narrow)]  # fmt: skip
    assert named == [[True, False], [True, True]]  # the names of the layers stand once a row
    (alone,) = report.figure(panel=2).axes
    assert alone.get_title() == "Gradients ∂E/∂a at epoch 0"
    assert alone.yaxis.get_tick_params()["labelleft"]


# ---- bad input -------------------------------------------------------------------------------
def test_what_cannot_be_watched_is_said() -> None:
    model = two_layers()
    with pytest.raises(GraphError, match=r"give it to model\.fit"):
        explain.Watch(X, T).report()
    with pytest.raises(ShapeError, match=r"the probe: model .* takes inputs of shape"):
        explain.initialisation(model, X[:, :2], T)
    with pytest.raises(ShapeError, match="probe"):
        model.fit(X, T, verbose=0, callbacks=[explain.Watch(X[:, :2], T)])
    with pytest.raises(DataError):
        explain.initialisation(model, X, T[:5])
    with pytest.raises(DataError):
        explain.initialisation(model, np.full_like(X, np.nan), T)
    with pytest.raises(ShapeError):
        explain.initialisation(model, X, T[:, :1] * np.ones((12, 5)))
    with pytest.raises(ArgumentError, match="targets"):
        explain.initialisation(model, X, None)
    bare = nissl.Sequential([nissl.layers.Dense(1)])
    with pytest.raises(GraphError, match="has no loss"):
        explain.initialisation(bare, X, T)
    empty = nissl.Sequential([nissl.Input((3,)), nissl.layers.Flatten()])
    with pytest.raises(ArgumentError, match="nothing to watch"):
        explain.initialisation(empty, X, X, loss="mse")
    each = nissl.losses.MeanSquaredError(reduction=None)
    with pytest.raises(ShapeError, match="only one number"):
        explain.initialisation(model, X, T, loss=each)
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"every": 0}, ArgumentError),
        ({"rows": 0}, ArgumentError),
        ({"records": 1}, ArgumentError),
        ({"rows": "all"}, ArgumentTypeError),
    ]
    for options, error in wrong:
        with pytest.raises(error):
            explain.Watch(X, T, **options)
