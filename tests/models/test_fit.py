"""What surrounds a step: validation, history, callbacks, evaluation, prediction, single batches.

Expected numbers are computed here with NumPy from the model's own weights, or are Keras 3's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nissl
from close import assert_close
from nissl import callbacks, layers, metrics, optimizers
from nissl.callbacks.base import HOOKS
from nissl.errors import ArgumentError, GraphError
from nissl.models import trainer

RNG = np.random.default_rng(5)
X = RNG.normal(size=(20, 3)).astype(np.float32)
LABELS = RNG.integers(0, 3, 20)
QUIET: dict[str, Any] = {"verbose": 0}


@pytest.fixture(scope="module")
def model() -> nissl.Sequential:
    """A classifier that tests may train on, but not compile again."""
    made = nissl.Sequential(
        [nissl.Input((3,)), layers.Dense(4, "tanh"), layers.Dense(3, "softmax")]
    )
    made.compile(optimizers.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return made


@pytest.fixture
def identity() -> nissl.Sequential:
    """y = x: losses and metrics can be worked out in the head."""
    made = nissl.Sequential(
        [nissl.Input((1,)), layers.Dense(1, use_bias=False, kernel_initializer="ones")]
    )
    made.compile(optimizers.SGD(0.0), "mse", metrics=["mse"], weighted_metrics=["mse"])
    return made


def probabilities(model: nissl.Sequential, x: Any) -> Any:
    k1, b1, k2, b2 = model.get_weights()
    a = np.tanh(x @ k1 + b1) @ k2 + b2
    e = np.exp(a - a.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(model: nissl.Sequential, x: Any, labels: Any) -> float:
    return float(-np.log(probabilities(model, x)[np.arange(len(x)), labels]).mean())


def accuracy(model: nissl.Sequential, x: Any, labels: Any) -> float:
    return float((probabilities(model, x).argmax(axis=1) == labels).mean())


# ---- history and validation --------------------------------------------------------------------


def test_history_has_keras_keys_in_keras_order(model: nissl.Sequential) -> None:
    history = model.fit(X, LABELS, batch_size=7, epochs=3, validation_split=0.25, **QUIET)
    assert list(history.history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    assert all(len(values) == 3 for values in history.history.values())
    assert all(type(v) is float for values in history.history.values() for v in values)
    assert history.epoch == [0, 1, 2]
    assert history.params == {"verbose": 0, "epochs": 3, "steps": 3}  # 15 rows of 20, in sevens
    assert model.history is history
    assert history.model is model


def test_the_last_rows_are_held_out_and_evaluated_after_the_epoch(model: nissl.Sequential) -> None:
    history = model.fit(X, LABELS, batch_size=7, epochs=1, validation_split=0.3, **QUIET)
    wanted = cross_entropy(model, X[14:], LABELS[14:])
    assert history.history["val_loss"] == [pytest.approx(wanted, rel=1e-5)]
    wanted = accuracy(model, X[14:], LABELS[14:])
    assert history.history["val_accuracy"] == [pytest.approx(wanted)]


def test_held_out_rows_are_not_trained_on() -> None:
    def trained(x: Any, y: Any, **settings: Any) -> Any:
        nissl.utils.set_random_seed(1)
        fresh = nissl.Sequential([nissl.Input((3,)), layers.Dense(1)])
        fresh.compile("sgd", "mse")
        fresh.fit(x, y, batch_size=4, epochs=2, verbose=0, **settings)
        return fresh.get_weights()[0]

    y = X.sum(axis=1)
    wanted = trained(X[:16], y[:16])
    np.testing.assert_array_equal(trained(X, y, validation_split=0.2), wanted)
    given = trained(X[:16], y[:16], validation_data=(X[16:], y[16:]))
    np.testing.assert_array_equal(given, wanted)


def test_validation_data_may_have_weights_and_wins_over_a_split(identity: Any) -> None:
    x, zeros = np.arange(10.0)[:, None], np.zeros(10)
    history = identity.fit(
        x[:4], zeros[:4], validation_data=(x, zeros, np.arange(10.0)), validation_split=0.5, **QUIET
    ).history
    # sum(i * i^2) / 10, mean of i^2, sum(i * i^2) / sum(i)
    assert history["val_loss"] == [pytest.approx(202.5)]
    assert history["val_mse"] == [pytest.approx(28.5)]
    assert history["val_weighted_mse"] == [pytest.approx(45.0)]
    assert history["loss"] == [pytest.approx((0 + 1 + 4 + 9) / 4)]  # nothing was split off


def test_weights_in_loss_and_metrics_are_keras(identity: Any) -> None:
    x, zeros, w = np.arange(10.0)[:, None], np.zeros((10, 1)), np.arange(10.0)
    found = identity.evaluate(x, zeros, sample_weight=w, return_dict=True, **QUIET)
    assert found == pytest.approx({"loss": 202.5, "mse": 28.5, "weighted_mse": 45.0})
    assert identity.metrics_names == ["loss", "mse", "weighted_mse"]
    history = identity.fit(x, zeros, batch_size=3, sample_weight=w, shuffle=False, **QUIET).history
    assert history["loss"] == [pytest.approx(202.5)]
    assert history["weighted_mse"] == [pytest.approx(45.0)]
    half = identity.fit(x, zeros, sample_weight=w, validation_split=0.5, **QUIET).history
    assert half["val_loss"] == [pytest.approx((125 + 216 + 343 + 512 + 729) / 5)]


def test_epochs_are_counted_on_from_initial_epoch(model: nissl.Sequential) -> None:
    history = model.fit(X, LABELS, epochs=4, initial_epoch=2, **QUIET)
    assert history.epoch == [2, 3]
    assert len(history.history["loss"]) == 2
    assert model.fit(X, LABELS, epochs=2, initial_epoch=2, **QUIET).epoch == []
    assert model.fit(X, LABELS, epochs=0, **QUIET).history == {}


def test_validation_only_every_so_many_epochs(model: nissl.Sequential) -> None:
    history = model.fit(
        X, LABELS, epochs=5, validation_data=(X, LABELS), validation_freq=2, **QUIET
    )
    assert len(history.history["loss"]) == 5
    assert len(history.history["val_loss"]) == 2
    later = model.fit(
        X,
        LABELS,
        epochs=4,
        initial_epoch=1,
        validation_data=(X, LABELS),
        validation_freq=3,
        **QUIET,
    )
    assert len(later.history["val_loss"]) == 1  # after epoch 3, counted from 1


def test_a_batch_larger_than_the_data_is_the_data(model: nissl.Sequential) -> None:
    history = model.fit(X, LABELS, batch_size=1000, epochs=1, **QUIET)
    assert history.params["steps"] == 1


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float64", "bool"])
def test_inputs_of_any_dtype_are_cast(model: nissl.Sequential, dtype: str) -> None:
    x = (X > 0).astype(dtype)
    wanted = probabilities(model, (X > 0).astype(np.float32))
    assert_close(model.predict(x, **QUIET), wanted, 1e-5)
    assert model.evaluate(x, LABELS, **QUIET)[1] == pytest.approx(
        float((wanted.argmax(axis=1) == LABELS).mean())
    )


def test_lists_tensors_and_other_memory_orders_are_taken(model: nissl.Sequential) -> None:
    wanted = model.predict(X, **QUIET)
    big_endian = X.astype(X.dtype.newbyteorder(">"))
    for given in (
        big_endian,
        X.tolist(),
        nissl.asarray(X),
        np.asfortranarray(X),
        nissl.Variable(X),
        X[::-1][::-1],
    ):
        assert_close(model.predict(given, **QUIET), wanted, 1e-6)


def test_the_other_byte_order_trains_the_same() -> None:
    """As files of other machines, idx among them, have it."""
    histories = []
    for swapped in (False, True):
        nissl.utils.set_random_seed(1)
        small = nissl.Sequential([nissl.Input((3,)), layers.Dense(3, "softmax")])
        small.compile("sgd", "sparse_categorical_crossentropy")
        data = [X, LABELS.astype(np.int32), np.linspace(0, 1, 20)]
        x, y, w = (a.astype(a.dtype.newbyteorder(">")) if swapped else a for a in data)
        history = small.fit(x, y, sample_weight=w, epochs=2, validation_data=(x, y), **QUIET)
        histories.append(history.history)
        assert nissl.asarray(y).dtype.isnative
        np.testing.assert_array_equal(nissl.asarray(y) + 1, LABELS + 1)
    assert histories[0] == histories[1]


def test_the_users_arrays_stay_as_they_were(model: nissl.Sequential) -> None:
    x, y = X.copy(), LABELS.copy()
    x.flags.writeable = y.flags.writeable = False
    model.fit(x, y, batch_size=7, epochs=2, validation_split=0.2, **QUIET)
    model.evaluate(x, y, **QUIET)
    out = model.predict(x, **QUIET)
    out += 1  # what predict gives belongs to the caller
    np.testing.assert_array_equal(x, X)


# ---- metrics -----------------------------------------------------------------------------------


def test_metrics_by_name_object_class_and_function_are_the_same() -> None:
    def mine(y_true: Any, y_pred: Any) -> Any:
        return nissl.mean(nissl.abs(y_true - y_pred), axis=-1)

    small = nissl.Sequential([nissl.Input((3,)), layers.Dense(1)])
    given = [
        "mae",
        metrics.MeanAbsoluteError(name="object"),
        metrics.MeanAbsoluteError,
        mine,
        "MAE",
    ]
    small.compile("sgd", nissl.losses.MeanAbsoluteError(), metrics=given)
    y = X.sum(axis=1)
    found = small.evaluate(X, y, return_dict=True, **QUIET)
    assert set(found) == {"loss", "mae", "object", "mean_absolute_error", "mine", "MAE"}
    wanted = np.abs(small.predict(X, **QUIET)[:, 0] - y).mean()
    assert found == pytest.approx(dict.fromkeys(found, wanted), rel=1e-5)


@pytest.mark.parametrize("options", [{}, {"run_eagerly": True}])
def test_a_metric_of_several_numbers_is_a_list(options: dict[str, Any]) -> None:
    made = nissl.Sequential([nissl.Input((3,)), layers.Dense(1, "sigmoid")])
    recall = metrics.Recall(thresholds=[0.0, 1.0], name="recall")  # all are above, none is
    made.compile(optimizers.SGD(0.0), "binary_crossentropy", metrics=[recall], **options)
    targets = np.arange(20) % 2
    history = made.fit(X, targets, epochs=2, validation_split=0.5, **QUIET).history
    assert history["recall"] == history["val_recall"] == [[1.0, 0.0]] * 2
    assert made.fit(X, targets, epochs=2, **QUIET).history["recall"] == [[1.0, 0.0]] * 2
    assert made.evaluate(X, targets, return_dict=True, **QUIET)["recall"] == [1.0, 0.0]


def test_repeated_names_are_numbered() -> None:
    small = nissl.Sequential([nissl.Input((3,)), layers.Dense(1)])
    small.compile("sgd", "mse", metrics=["mae", "mae"], weighted_metrics=["mae"])
    assert list(small.fit(X, X[:, 0], **QUIET).history) == ["loss", "mae", "mae_1", "weighted_mae"]


@pytest.mark.parametrize(
    ("units", "last", "loss", "targets"),
    [
        (3, "softmax", "sparse_categorical_crossentropy", LABELS),
        (3, "softmax", "categorical_crossentropy", np.eye(3)[LABELS]),
        (1, "sigmoid", "binary_crossentropy", LABELS % 2),
        (1, "sigmoid", "binary_crossentropy", (LABELS % 2)[:, None]),
    ],
)
def test_accuracy_means_what_the_shapes_say(units: int, last: str, loss: str, targets: Any) -> None:
    small = nissl.Sequential([nissl.Input((3,)), layers.Dense(units, last)])
    small.compile("sgd", loss, metrics=["accuracy"])
    p = small.predict(X, **QUIET)
    guess = p.argmax(axis=1) if units > 1 else (p[:, 0] > 0.5).astype(int)
    wanted = (guess == (LABELS if units > 1 else LABELS % 2)).mean()
    assert small.evaluate(X, targets, **QUIET)[1] == pytest.approx(wanted)


# ---- evaluate, predict, single batches ---------------------------------------------------------


def test_evaluation_does_not_depend_on_the_batch_size(model: nissl.Sequential) -> None:
    wanted = [cross_entropy(model, X, LABELS), accuracy(model, X, LABELS)]
    for size in (None, 1, 7, 20, 64):
        assert model.evaluate(X, LABELS, batch_size=size, **QUIET) == pytest.approx(
            wanted, rel=1e-5
        )
    as_dict = model.evaluate(X, LABELS, return_dict=True, **QUIET)
    assert list(as_dict) == ["accuracy", "loss"]


def test_evaluation_changes_nothing(model: nissl.Sequential) -> None:
    before = [*model.get_weights(), model.optimizer.iterations.numpy()]
    model.evaluate(X, LABELS, **QUIET)
    model.predict(X, **QUIET)
    model.test_on_batch(X, LABELS)
    for a, b in zip(
        before, [*model.get_weights(), model.optimizer.iterations.numpy()], strict=True
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("rows", [1, 2, 19, 20])
@pytest.mark.parametrize("size", [None, 1, 6])
def test_predict_gives_a_row_for_each_row(
    model: nissl.Sequential, rows: int, size: int | None
) -> None:
    found = model.predict(X[:rows], batch_size=size, **QUIET)
    assert found.shape == (rows, 3)
    assert_close(found, probabilities(model, X[:rows]), 2e-5)
    assert_close(model.predict_on_batch(X[:rows]), found, 1e-6)
    assert_close(model(X[:rows]), found, 1e-5)


def test_predict_calls_its_callbacks_with_the_outputs(model: nissl.Sequential) -> None:
    heard: list[Any] = []

    class Hear(callbacks.Callback):
        def on_predict_begin(self, logs: Any = None) -> None:
            heard.append("begin")

        def on_predict_batch_end(self, batch: int, logs: Any = None) -> None:
            heard.append((batch, logs["outputs"].shape))

        def on_predict_end(self, logs: Any = None) -> None:
            heard.append("end")

    model.predict(X, batch_size=8, callbacks=[Hear()], **QUIET)
    assert heard == ["begin", (0, (8, 3)), (1, (8, 3)), (2, (4, 3)), "end"]


def test_train_on_batch_is_one_step_of_fit() -> None:
    def fresh() -> nissl.Sequential:
        nissl.utils.set_random_seed(9)
        made = nissl.Sequential([nissl.Input((3,)), layers.Dense(3, "softmax")])
        made.compile(optimizers.Adam(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return made

    first, second = fresh(), fresh()
    p = first.predict(X, **QUIET)
    loss, correct = first.train_on_batch(X, LABELS)
    assert loss == pytest.approx(-np.log(p[np.arange(20), LABELS]).mean(), rel=1e-5)
    assert correct == pytest.approx((p.argmax(axis=1) == LABELS).mean())
    history = second.fit(X, LABELS, batch_size=20, **QUIET)
    assert history.history["loss"] == [pytest.approx(loss, rel=1e-6)]
    for a, b in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
    weights = np.linspace(0, 2, 20)
    again = first.test_on_batch(X, LABELS, sample_weight=weights, return_dict=True)
    q = first.predict(X, **QUIET)
    wanted = -(np.log(q[np.arange(20), LABELS]) * weights).mean()
    assert again["loss"] == pytest.approx(wanted, rel=1e-5)
    assert first.optimizer is not None
    assert int(first.optimizer.iterations.numpy()) == 1
    first.train_on_batch(X[:5], LABELS[:5], class_weight={0: 2.0})
    assert int(first.optimizer.iterations.numpy()) == 2


# ---- callbacks ---------------------------------------------------------------------------------


class Log(callbacks.Callback):
    """Writes down each hook as it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Any] = []


def _listen(name: str, numbered: bool) -> Any:
    if numbered:

        def hook(self: Log, number: int, logs: Any = None) -> None:
            self.heard.append((name, number, sorted(logs or {})))
    else:

        def hook(self: Log, logs: Any = None) -> None:
            self.heard.append((name, sorted(logs or {})))

    return hook


for _name in HOOKS:
    if _name not in ("on_batch_begin", "on_batch_end"):
        setattr(Log, _name, _listen(_name, "epoch" in _name or "batch" in _name))


def test_hooks_come_in_keras_order_with_keras_logs(model: nissl.Sequential) -> None:
    log = Log()
    model.fit(
        X[:4],
        LABELS[:4],
        batch_size=2,
        validation_data=(X[:2], LABELS[:2]),
        validation_batch_size=2,
        callbacks=[log],
        **QUIET,
    )
    names = ["accuracy", "loss"]
    both = [*names, "val_accuracy", "val_loss"]
    assert log.heard == [
        ("on_train_begin", []),
        ("on_epoch_begin", 0, []),
        ("on_train_batch_begin", 0, []),
        ("on_train_batch_end", 0, names),
        ("on_train_batch_begin", 1, []),
        ("on_train_batch_end", 1, names),
        ("on_test_begin", []),
        ("on_test_batch_begin", 0, []),
        ("on_test_batch_end", 0, names),
        ("on_test_end", names),
        ("on_epoch_end", 0, both),
        ("on_train_end", both),
    ]


def test_batch_logs_are_running_means(model: nissl.Sequential) -> None:
    seen: list[tuple[float, float]] = []
    batch = callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append((logs["loss"], logs["accuracy"]))
    )
    weights = model.get_weights()
    rate = model.optimizer.learning_rate
    model.optimizer.learning_rate = 0.0
    history = model.fit(
        X, LABELS, batch_size=8, epochs=2, shuffle=False, callbacks=[batch], **QUIET
    )
    model.optimizer.learning_rate = rate
    for a, b in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    ends = [8, 16, 20] * 2  # each epoch anew
    wanted = [
        (cross_entropy(model, X[:e], LABELS[:e]), accuracy(model, X[:e], LABELS[:e])) for e in ends
    ]
    assert_close(seen, wanted, 1e-5)
    assert history.history["loss"] == pytest.approx([seen[2][0], seen[5][0]])


def test_training_stops_after_the_epoch_when_asked(model: nissl.Sequential) -> None:
    def stop(epoch: int, logs: Any) -> None:
        del logs
        model.stop_training = epoch == 1

    ended: list[Any] = []
    history = model.fit(
        X,
        LABELS,
        epochs=10,
        callbacks=[callbacks.LambdaCallback(on_epoch_end=stop, on_train_end=ended.append)],
        **QUIET,
    )
    assert history.epoch == [0, 1]
    assert len(ended) == 1
    assert model.fit(X, LABELS, epochs=2, **QUIET).epoch == [0, 1]  # asked anew each time


def test_training_stops_within_the_epoch_when_asked_there(model: nissl.Sequential) -> None:
    steps = int(model.optimizer.iterations.numpy())

    def stop(batch: int, logs: Any) -> None:
        del logs
        model.stop_training = batch == 2

    stopper = callbacks.LambdaCallback(on_train_batch_end=stop)
    history = model.fit(X, LABELS, batch_size=2, epochs=10, callbacks=[stopper], **QUIET)
    assert history.epoch == [0]
    assert int(model.optimizer.iterations.numpy()) - steps == 3


def test_weights_seen_by_a_callback_are_those_of_its_epoch(model: nissl.Sequential) -> None:
    losses: list[float] = []

    def look(epoch: int, logs: Any) -> None:
        del epoch
        losses.append(cross_entropy(model, X, LABELS))
        assert logs["val_loss"] == pytest.approx(losses[-1], rel=1e-5)

    model.fit(
        X,
        LABELS,
        batch_size=8,
        epochs=3,
        validation_data=(X, LABELS),
        callbacks=[callbacks.LambdaCallback(on_epoch_end=look)],
        **QUIET,
    )
    assert len(set(losses)) == 3


def test_the_best_weights_come_back_after_early_stopping() -> None:
    small = nissl.Sequential([nissl.Input((3,)), layers.Dense(1)])
    small.compile(optimizers.SGD(5.0), "mse")  # far too fast: it gets worse
    start = small.get_weights()
    early = callbacks.EarlyStopping(monitor="loss", patience=2, restore_best_weights=True)
    history = small.fit(X, X[:, 0], epochs=8, callbacks=[early], **QUIET)
    assert len(history.epoch) == 3
    assert np.abs(small.get_weights()[0]).max() < 100 * (1 + np.abs(start[0]).max())


def test_a_callback_may_evaluate_predict_and_save_inside(
    model: nissl.Sequential, tmp_path: Any
) -> None:
    def work(epoch: int, logs: Any) -> None:
        del logs
        model.evaluate(X, LABELS, **QUIET)
        model.predict(X, **QUIET)
        model.save(tmp_path / f"{epoch}.keras")

    nissl.utils.set_random_seed(2)
    start = model.get_weights()
    model.fit(X, LABELS, epochs=2, callbacks=[callbacks.LambdaCallback(on_epoch_end=work)], **QUIET)
    disturbed = model.get_weights()
    model.set_weights(start)
    nissl.utils.set_random_seed(2)
    model.fit(X, LABELS, epochs=2, **QUIET)
    for a, b in zip(disturbed, model.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert len(list(tmp_path.iterdir())) == 2


# ---- what must have come before ----------------------------------------------------------------


def test_fit_before_compile_says_what_to_call() -> None:
    small = nissl.Sequential([nissl.Input((3,)), layers.Dense(1)], name="small")
    with pytest.raises(GraphError, match=r"'small' was not compiled; call model.compile\("):
        small.fit(X, X[:, 0])
    small.compile("sgd")
    with pytest.raises(GraphError, match="compiled without a loss"):
        small.evaluate(X, X[:, 0])
    assert small.predict(X, **QUIET).shape == (20, 1)  # needs neither


@pytest.mark.parametrize("verbose", [3, "loud", None, -1])
def test_verbose_is_0_1_2_or_auto(model: nissl.Sequential, verbose: Any) -> None:
    with pytest.raises(ArgumentError, match="verbose is 0, 1, 2 or 'auto'"):
        model.fit(X, LABELS, verbose=verbose)


def test_progress_is_one_readable_line_an_epoch_in_a_log_file(
    model: nissl.Sequential, capsys: pytest.CaptureFixture[str]
) -> None:
    model.fit(X, LABELS, batch_size=5, epochs=2, validation_data=(X, LABELS))
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\x08" not in out
    lines = [line for line in out.splitlines() if "val_loss" in line]
    assert len(lines) == 2
    assert all("4/4" in line and "accuracy: " in line for line in lines)
    model.fit(X, LABELS, verbose=0)
    assert capsys.readouterr().out == ""


# ---- programs that are kept --------------------------------------------------------------------


def test_programs_for_many_numbers_of_rows_are_not_all_kept(
    model: nissl.Sequential, monkeypatch: pytest.MonkeyPatch
) -> None:
    model._compiled.most = 4
    made: list[int] = []
    make = trainer.make_predictor

    def counted(model: Any, aval: Any) -> Any:
        made.append(aval.shape[0])
        return make(model, aval)

    monkeypatch.setattr(trainer, "make_predictor", counted)
    model._compiled.clear()
    for rows in range(1, 11):
        model.predict(X[:rows], **QUIET)
        model.evaluate(X[:rows], LABELS[:rows], **QUIET)
        assert len(model._compiled) <= 4
    assert made == list(range(1, 11))
    for _ in range(3):  # the same sizes again and again are made once
        for rows in (9, 10, 3):
            found = model.predict(X[:rows], **QUIET)
            np.testing.assert_allclose(found, probabilities(model, X[:rows]), atol=1e-6)
    assert made == [*range(1, 11), 3]


def test_the_last_batch_is_predicted_as_a_batch_of_its_own() -> None:
    class Centred(nissl.Model):
        def call(self, x: Any) -> Any:
            return x - nissl.mean(x, axis=0, keepdims=True)

    found = Centred().predict(X, batch_size=8, **QUIET)
    parts = [X[:8], X[8:16], X[16:]]
    expected = np.concatenate([part - part.mean(axis=0) for part in parts])
    np.testing.assert_allclose(found, expected, atol=1e-6)
