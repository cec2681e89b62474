"""Callbacks: who is called when, what they keep, and what they do to a model."""

import copy
import csv
import json
import math
import pickle
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

from nissl.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from nissl.callbacks.base import HOOKS
from nissl.callbacks.checkpoint import format_path
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    FileFormatError,
    SaveError,
    UnknownNameError,
)


class FakeModel:
    """Counts in its only weight how often it was trained, and remembers where it was saved."""

    def __init__(self, learning_rate=0.1):
        self.stop_training = False
        self.optimizer = SimpleNamespace(learning_rate=learning_rate)
        self.weight = 0
        self.saved = []

    def get_weights(self):
        return [np.array(self.weight)]

    def set_weights(self, weights):
        self.weight = int(weights[0])

    def save(self, path):
        self.saved.append(path.name)

    save_weights = save


def train(callbacks, rows, model=None, **params):
    """Call the hooks as training does; ``rows`` are the logs of each epoch."""
    model = model or FakeModel()
    hooks = CallbackList(
        callbacks, model, {"verbose": 0, "epochs": len(rows), "steps": 1, **params}
    )
    hooks.on_train_begin({})
    logs = {}
    for epoch, row in enumerate(rows):
        hooks.on_epoch_begin(epoch, {})
        model.weight = epoch + 1
        logs = dict(row)
        hooks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    hooks.on_train_end(logs)
    return model


def losses(*values):
    return [{"loss": value} for value in values]


# ---- the list --------------------------------------------------------------------------------
class Recorder(Callback):
    def __init__(self, name, calls):
        super().__init__()
        for hook in HOOKS:
            setattr(self, hook, lambda *a, hook=hook: calls.append((name, hook, *a)))


@pytest.mark.parametrize("hook", [h for h in HOOKS if not h.startswith("on_batch")])
def test_every_hook_reaches_every_callback_in_order(hook):
    calls = []
    hooks = CallbackList([Recorder("first", calls), Recorder("second", calls)])
    arguments = (3, {"loss": 1.0}) if "epoch" in hook or "batch" in hook else ({"loss": 1.0},)
    getattr(hooks, hook)(*arguments)
    assert calls == [("first", hook, *arguments), ("second", hook, *arguments)]


def test_older_batch_names_are_called_too():
    calls = []

    class Old(Callback):
        def on_batch_begin(self, batch, logs=None):
            calls.append(("begin", batch))

        def on_batch_end(self, batch, logs=None):
            calls.append(("end", batch, logs["loss"]))

    hooks = CallbackList([Old()])
    hooks.on_train_batch_begin(0, {})
    hooks.on_train_batch_end(0, {"loss": 2.0})
    assert hooks.needs_batches
    assert calls == [("begin", 0), ("end", 0, 2.0)]


def test_model_and_params_reach_every_callback():
    one, two = Callback(), History()
    model = FakeModel()
    hooks = CallbackList([one, two], model, {"verbose": 2, "epochs": 3, "steps": 4, "more": 5})
    assert one.model is two.model is hooks.model is model
    assert one.params == {"verbose": 2, "epochs": 3, "steps": 4, "more": 5}
    assert two.params == {"verbose": 2, "epochs": 3, "steps": 4}  # what Keras's History has


@pytest.mark.parametrize(
    ("callback", "epochs", "batches", "test"),
    [
        (None, False, False, False),
        (Callback(), False, False, False),
        (History(), False, False, False),
        (LambdaCallback(on_train_begin=print), False, False, False),
        (LambdaCallback(on_epoch_begin=print), True, False, False),
        (LambdaCallback(on_epoch_end=print), True, False, False),
        (LambdaCallback(on_epoch_end=print, every_epoch=False), False, False, False),
        (LambdaCallback(on_train_batch_end=print), True, True, False),
        (LambdaCallback(on_batch_begin=print), True, True, False),
        (LambdaCallback(on_test_end=print), True, False, False),
        (LambdaCallback(on_test_batch_begin=print), True, False, True),
        (LambdaCallback(on_predict_batch_end=print), False, False, False),
        (LambdaCallback(on_progress=print), False, False, False),
        (EarlyStopping(), True, False, False),
        (ModelCheckpoint("m.keras"), True, False, False),
        (ModelCheckpoint("m.keras", save_freq=10), True, True, False),
        (LearningRateScheduler(lambda epoch: 0.1), True, False, False),
        (ReduceLROnPlateau(), True, False, False),
    ],
)
def test_what_the_loop_must_come_back_for(callback, epochs, batches, test):
    hooks = CallbackList([History(), *([callback] if callback else [])])
    assert hooks.needs_epochs is epochs
    assert hooks.needs_batches is batches
    assert hooks.needs_test_batches is test


def test_csv_logger_does_not_hold_up_the_loop(tmp_path):
    assert not CallbackList([CSVLogger(tmp_path / "log.csv")]).needs_epochs


def test_lists_and_single_callbacks_are_taken():
    one, two, three = Callback(), Callback(), Callback()
    assert list(CallbackList(one)) == [one]
    assert list(CallbackList([one, CallbackList([two, three])])) == [one, two, three]
    assert list(CallbackList(CallbackList([one]))) == [one]
    assert len(CallbackList(())) == len(CallbackList()) == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([History(), 3], r"callbacks\[1\] is 3 \(builtins.int\); a callback is a subclass of"),
        ([History], r"callbacks\[0\] is the class History; make one of it: History\(\)"),
        ([len], r"callbacks\[0\] .*LambdaCallback\(on_epoch_end=...\)"),
        ([int], r"callbacks\[0\] is the class int; a callback is"),
        ("early_stopping", "callbacks is a list of nissl.callbacks.Callback, not 'early_stopping'"),
        ({"a": History()}, "callbacks is a list"),
    ],
)
def test_what_is_no_callback_is_named(wrong, message):
    with pytest.raises(ArgumentTypeError, match=message):
        CallbackList(wrong)


def test_many_epochs_at_once_are_told_one_by_one_unless_overridden():
    told = []
    callback = LambdaCallback(
        every_epoch=False,
        on_epoch_begin=lambda epoch, logs: told.append(("begin", epoch, logs)),
        on_epoch_end=lambda epoch, logs: told.append(("end", epoch, logs)),
    )
    record = History()
    hooks = CallbackList([callback, record])
    hooks.on_epochs(4, {"accuracy": [0.5, 0.6], "loss": [2.0, 1.0]})
    assert told == [
        ("begin", 4, {}),
        ("end", 4, {"accuracy": 0.5, "loss": 2.0}),
        ("begin", 5, {}),
        ("end", 5, {"accuracy": 0.6, "loss": 1.0}),
    ]
    assert record.epoch == [4, 5]
    assert record.history == {"accuracy": [0.5, 0.6], "loss": [2.0, 1.0]}


def test_messages_go_through_the_callback_that_draws(capsys):
    said = []

    class Bar(Callback):
        def say(self, text):
            said.append(text)

    quiet, bar = Callback(), Bar()
    quiet.say("alone")
    CallbackList([quiet, bar])
    quiet.say("with a bar")
    assert capsys.readouterr().out == "alone\n"
    assert said == ["with a bar"]


# ---- records ---------------------------------------------------------------------------------
def test_history_keeps_python_floats_in_the_order_of_the_logs():
    record = History()
    train([record], [{"accuracy": np.float32(0.5), "loss": np.float64(2), "val_loss": 3}] * 2)
    assert list(record.history) == ["accuracy", "loss", "val_loss"]
    assert record.history == {"accuracy": [0.5, 0.5], "loss": [2.0, 2.0], "val_loss": [3.0, 3.0]}
    assert {type(v) for column in record.history.values() for v in column} == {float}
    assert record.epoch == [0, 1]


def test_history_begins_anew_with_each_training():
    record = History()
    train([record], losses(1.0, 2.0))
    train([record], losses(3.0))
    assert (record.epoch, record.history) == ([0], {"loss": [3.0]})


def test_a_log_that_a_callback_adds_comes_last_in_the_history():
    record = History()
    train([LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)), record], losses(1.0, 2.0))
    assert record.history == {"loss": [1.0, 2.0], "learning_rate": [0.1, 0.05]}


def test_lambda_callback_refuses_what_is_no_hook():
    with pytest.raises(UnknownNameError, match="did you mean 'on_epoch_end'"):
        LambdaCallback(on_epoch_ends=print)
    with pytest.raises(ArgumentTypeError, match=r"on_epoch_end is something .* called, not int 3"):
        LambdaCallback(on_epoch_end=3)
    assert not LambdaCallback(on_epoch_end=None).wants("on_epoch_end")


def test_csv_logger_writes_whole_lines_at_once(tmp_path):
    path = tmp_path / "new" / "log.csv"
    seen = []
    look = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(path.read_text("utf-8")))
    train([CSVLogger(path), look], [{"loss": 0.5, "accuracy": 0.25}, {"loss": 0.125}])
    assert seen == [
        "epoch,accuracy,loss\n0,0.25,0.5\n",
        "epoch,accuracy,loss\n0,0.25,0.5\n1,NA,0.125\n",
    ]


def test_csv_logger_keeps_every_digit(tmp_path):
    path = tmp_path / "log.csv"
    value = float(np.float32(0.1))
    train([CSVLogger(path, separator=";")], losses(value))
    assert float(path.read_text().splitlines()[1].split(";")[1]) == value


def test_csv_logger_replaces_or_goes_on(tmp_path):
    path = tmp_path / "log.csv"
    train([CSVLogger(path)], losses(1.0))
    train([CSVLogger(path)], losses(2.0))
    assert path.read_text() == "epoch,loss\n0,2.0\n"
    train([CSVLogger(path, append=True)], losses(3.0, 4.0))
    assert path.read_text() == "epoch,loss\n0,2.0\n0,3.0\n1,4.0\n"


def test_csv_logger_goes_on_after_a_line_that_a_crash_cut(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("epoch,loss\n0,1.0\n1,0.", "utf-8")
    train([CSVLogger(path, append=True)], losses(2.0))
    assert path.read_text().splitlines()[-1] == "0,2.0"


def test_csv_logger_gives_a_new_log_a_column(tmp_path):
    path = tmp_path / "log.csv"
    train([CSVLogger(path)], [{"loss": 1.0}, {"loss": 2.0, "val_loss": 3.0}, {"loss": 4.0}])
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows == [
        ["epoch", "loss", "val_loss"],
        ["0", "1.0", "NA"],
        ["1", "2.0", "3.0"],
        ["2", "4.0", "NA"],
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["log.csv"]


def test_csv_logger_takes_many_epochs_at_once(tmp_path):
    path = tmp_path / "log.csv"
    logger = CSVLogger(path)
    logger.on_train_begin()
    logger.on_epochs(0, {"loss": [3.0, 2.0]})
    logger.on_epochs(2, {"loss": [1.0]})
    logger.on_train_end()
    assert path.read_text() == "epoch,loss\n0,3.0\n1,2.0\n2,1.0\n"


def test_csv_logger_needs_no_end(tmp_path):
    logger = CSVLogger(tmp_path / "log.csv")
    logger.on_epoch_end(0, {"loss": 1.0})
    hooks = CallbackList([logger])
    hooks.on_train_begin({})
    hooks.on_epoch_end(0, {"loss": 2.0})
    hooks.close()
    assert (tmp_path / "log.csv").read_text() == "epoch,loss\n0,2.0\n"


def test_csv_logger_leaves_a_strange_file_alone(tmp_path):
    path = tmp_path / "notes.csv"
    path.write_text("name,age\nGolgi,40\n", "utf-8")
    with pytest.raises(FileFormatError, match=r"notes.csv: its first line is 'name,age'"):
        train([CSVLogger(path, append=True)], losses(1.0))
    assert path.read_text() == "name,age\nGolgi,40\n"


def test_csv_logger_says_where_it_cannot_write(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(SaveError, match=r"CSVLogger cannot write .*taken"):
        train([CSVLogger(tmp_path / "taken")], losses(1.0))
    with pytest.raises(ArgumentError, match="separator is a character"):
        CSVLogger(tmp_path / "log.csv", separator="; ")


# ---- watching --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "direction"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("accuracy", "max"),
        ("val_acc", "max"),
        ("sparse_categorical_accuracy_1", "max"),
        ("val_auc", "max"),
        ("mse", "min"),
        ("val_mean_squared_error", "min"),
        ("weighted_mae", "min"),
        ("binary_crossentropy", "min"),
        ("acc_head_loss", "min"),
        ("learning_rate", "min"),
        ("cosine_similarity", "max"),
    ],
)
def test_direction_by_name(name, direction):
    assert EarlyStopping(name).direction() == direction


def test_direction_that_a_name_does_not_tell_is_asked_for():
    with pytest.raises(ArgumentError, match="EarlyStopping: whether 'score' should fall or rise"):
        EarlyStopping("score").direction()
    assert EarlyStopping("score", mode="max").direction() == "max"
    with pytest.raises(ArgumentError, match="unknown EarlyStopping mode 'best'"):
        EarlyStopping(mode="best")


@pytest.mark.parametrize("callback", [EarlyStopping, ReduceLROnPlateau])
def test_an_unknown_log_is_an_error_that_knows_the_nearest(callback):
    with pytest.raises(UnknownNameError, match=r"EarlyStopping|ReduceLROnPlateau") as caught:
        train([callback("val_los", mode="min")], [{"loss": 1.0, "val_loss": 2.0}])
    assert "'val_los'; did you mean 'val_loss'? Known: loss, val_loss." in str(caught.value)


def test_missing_validation_is_said():
    with pytest.raises(UnknownNameError, match="only if fit gets validation_data"):
        train([EarlyStopping()], losses(1.0))


def test_epochs_without_validation_are_passed_over():
    stop = EarlyStopping(patience=1)
    rows = [{"loss": 1.0}, {"loss": 1.0, "val_loss": 1.0}] * 2
    train([stop], rows, validation_freq=2)
    assert stop.stopped_epoch == 3


def test_early_stopping_counts_epochs_without_a_better_value():
    stop = EarlyStopping("loss", patience=2)
    model = train([stop], losses(3.0, 2.0, 2.5, 2.0, 1.0))
    # best at epoch 1; epochs 2 and 3 (equal is not better) use the patience up
    assert (stop.stopped_epoch, stop.best, stop.best_epoch) == (3, 2.0, 1)
    assert model.stop_training
    assert model.weight == 4


def test_early_stopping_lets_a_run_that_improves_go_on():
    stop = EarlyStopping("accuracy", patience=0)
    model = train([stop], [{"accuracy": a} for a in (0.1, 0.2, 0.3)])
    assert not model.stop_training
    assert stop.stopped_epoch == 0


def test_early_stopping_min_delta():
    gains = losses(1.0, 0.95, 0.9, 0.85)
    assert not train([EarlyStopping("loss", patience=1)], gains).stop_training
    stop = EarlyStopping("loss", patience=1, min_delta=0.1)
    assert train([stop], gains).stop_training
    assert stop.stopped_epoch == 1


def test_early_stopping_restores_the_best_weights():
    stop = EarlyStopping("loss", patience=2, restore_best_weights=True, verbose=1)
    model = train([stop], losses(3.0, 1.0, 2.0, 2.0))
    assert model.weight == 2


def test_early_stopping_restores_also_when_it_did_not_stop():
    stop = EarlyStopping("loss", patience=9, restore_best_weights=True)
    assert train([stop], losses(3.0, 1.0, 2.0)).weight == 2


def test_early_stopping_baseline():
    # improves on itself every epoch, but never on the baseline
    stop = EarlyStopping("loss", patience=2, baseline=0.5)
    train([stop], losses(0.9, 0.8, 0.7, 0.7, 0.7))
    assert stop.stopped_epoch == 3
    stop = EarlyStopping("loss", patience=2, baseline=0.5)
    train([stop], losses(0.9, 0.4, 0.7, 0.7, 0.7))
    assert stop.stopped_epoch == 3


def test_early_stopping_start_from_epoch():
    stop = EarlyStopping("loss", patience=0, start_from_epoch=3)
    train([stop], losses(1.0, 2.0, 3.0, 4.0, 3.0, 5.0))
    assert (stop.best, stop.stopped_epoch) == (3.0, 5)


def test_early_stopping_says_so(capsys):
    train(
        [EarlyStopping("loss", patience=1, verbose=1, restore_best_weights=True)], losses(1.0, 2.0)
    )
    assert capsys.readouterr().out == (
        "Epoch 2: early stopping\nRestoring the weights of the best epoch, 1.\n"
    )


def test_early_stopping_can_be_used_again():
    stop = EarlyStopping("loss", patience=1)
    train([stop], losses(1.0, 2.0))
    model = train([stop], losses(9.0, 8.0, 7.0))
    assert not model.stop_training
    assert stop.best == 7.0


@pytest.mark.parametrize("setting", [{"patience": -1}, {"start_from_epoch": -1}])
def test_negative_settings_are_refused(setting):
    with pytest.raises(ArgumentError, match=f"{next(iter(setting))}=-1 must be at least 0"):
        EarlyStopping(**setting)


def test_a_nan_is_never_better():
    stop = EarlyStopping("loss", patience=1)
    train([stop], losses(2.0, math.nan, 1.0))
    assert (stop.best, stop.stopped_epoch) == (2.0, 1)


def test_terminate_on_nan(capsys):
    model = train([TerminateOnNaN()], losses(1.0, math.inf, 1.0))
    assert model.weight == 2
    assert "Epoch 2: the loss is inf" in capsys.readouterr().out


# ---- checkpoints -----------------------------------------------------------------------------
def test_checkpoint_saves_every_epoch_under_its_name():
    path = "runs/m-{epoch:02d}-{val_loss:.2f}.keras"
    model = train([ModelCheckpoint(path)], [{"loss": 1.0, "val_loss": v} for v in (0.456, 0.5)])
    assert model.saved == ["m-01-0.46.keras", "m-02-0.50.keras"]


def test_checkpoint_saves_only_the_best(capsys):
    saver = ModelCheckpoint("m{epoch}.keras", monitor="loss", save_best_only=True, verbose=1)
    model = train([saver], losses(0.5, 0.7, 0.25))
    assert model.saved == ["m1.keras", "m3.keras"]
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 1: loss is 0.5, saving the model to m1.keras",
        "Epoch 2: loss 0.7 is not better than 0.5",
        "Epoch 3: loss improved from 0.5 to 0.25, saving the model to m3.keras",
    ]


def test_checkpoint_threshold_mode_and_weights():
    saver = ModelCheckpoint(
        "w{epoch}.weights.h5",
        monitor="accuracy",
        save_best_only=True,
        save_weights_only=True,
        initial_value_threshold=0.6,
    )
    model = train([saver], [{"accuracy": a} for a in (0.5, 0.7, 0.65)])
    assert model.saved == ["w2.weights.h5"]


def test_checkpoint_after_so_many_batches():
    model = FakeModel()
    hooks = CallbackList([ModelCheckpoint("m-{epoch}-{batch}.keras", save_freq=3)], model, {})
    for epoch in range(2):
        hooks.on_epoch_begin(epoch, {})
        for batch in range(4):
            hooks.on_train_batch_end(batch, {"loss": 1.0})
        hooks.on_epoch_end(epoch, {"loss": 1.0})
    assert model.saved == ["m-1-3.keras", "m-2-2.keras"]


def test_a_failed_save_does_not_count_as_the_best():
    class Full(FakeModel):
        def save(self, path):
            raise SaveError("disk full")

    saver = ModelCheckpoint("m.keras", monitor="loss", save_best_only=True)
    with pytest.raises(SaveError):
        train([saver], losses(1.0), Full())
    assert saver.best is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filepath": "m.pkl"}, r"save_weights_only=False filepath ends in '.keras'"),
        ({"filepath": "m.keras", "save_weights_only": True}, "ends in '.weights.h5'"),
        ({"filepath": "{epoch.__class__}.keras"}, "not 'epoch.__class__'"),
        ({"filepath": "{logs[0]}.keras"}, "the name of a log and a format"),
        ({"filepath": "{epoch!r}.keras"}, "the name of a log and a format"),
        ({"filepath": "{}.keras"}, "the name of a log and a format"),
        ({"filepath": "{epoch:{loss}}.keras"}, "the name of a log and a format"),
        ({"filepath": "{epoch.keras"}, "braces that do not match"),
        ({"filepath": "{val_loss:d}.keras"}, "a format that fails"),
        ({"filepath": "m.keras", "save_freq": 0}, "save_freq is 'epoch' or a number of batches"),
        ({"filepath": "m.keras", "save_freq": "batch"}, "not 'batch'"),
    ],
)
def test_checkpoint_settings_are_checked_at_once(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        ModelCheckpoint(**arguments)


def test_checkpoint_path_with_an_unknown_log():
    with pytest.raises(UnknownNameError, match="did you mean 'val_loss'"):
        train([ModelCheckpoint("{val_los:.2f}.keras")], [{"loss": 1.0, "val_loss": 1.0}])
    assert format_path("{{x}}-{epoch}", {"epoch": 3}) == "{x}-3"


# ---- learning rates --------------------------------------------------------------------------
def test_schedule_with_one_argument_and_with_two(capsys):
    rates = []
    look = LambdaCallback(on_epoch_end=lambda epoch, logs: rates.append(logs["learning_rate"]))
    train([LearningRateScheduler(lambda epoch: 10.0 ** -(epoch + 1)), look], losses(1.0, 1.0))
    train([LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1), look], losses(1.0, 1.0))
    assert rates == [0.1, 0.01, 0.05, 0.025]
    assert capsys.readouterr().out.splitlines()[0] == "Epoch 1: the learning rate is set to 0.05."


def test_schedule_must_be_a_function_that_returns_a_number():
    with pytest.raises(ArgumentTypeError, match=r"schedule is something .* called, not float 0\.1"):
        LearningRateScheduler(0.1)
    with pytest.raises(ArgumentTypeError, match="returned None for epoch 0"):
        train([LearningRateScheduler(lambda epoch: None)], losses(1.0))


def test_a_learning_rate_that_cannot_be_set():
    model = FakeModel(learning_rate=lambda step: 0.1)
    with pytest.raises(ArgumentError, match="LearningRateScheduler sets the learning rate, but"):
        train([LearningRateScheduler(lambda epoch: 0.1)], losses(1.0), model)
    model.optimizer = None
    with pytest.raises(ArgumentError, match="needs a compiled model"):
        train([ReduceLROnPlateau("loss")], losses(1.0), model)


def test_plateau_reduces_waits_and_stops_at_the_least(capsys):
    model = FakeModel(learning_rate=1.0)
    record = History()
    plateau = ReduceLROnPlateau("loss", factor=0.5, patience=2, cooldown=1, min_lr=0.25, verbose=1)
    train([plateau, record], losses(*[1.0] * 12), model)
    # epoch 0 is the best; 1 and 2 use the patience up: halved for epoch 3, which cools down. The
    # count is 1 in that epoch, as it is again watched, and 2 in the next.
    assert record.history["learning_rate"][:6] == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]
    assert set(record.history["learning_rate"][5:]) == {0.25}
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 3: the learning rate is reduced to 0.5.",
        "Epoch 5: the learning rate is reduced to 0.25.",
    ]


def test_plateau_needs_a_real_gain():
    model = FakeModel(learning_rate=1.0)
    train([ReduceLROnPlateau("loss", patience=1, min_delta=0.01)], losses(1.0, 0.995), model)
    assert model.optimizer.learning_rate == pytest.approx(0.1)
    model = FakeModel(learning_rate=1.0)
    train([ReduceLROnPlateau("loss", patience=1, min_delta=0.001)], losses(1.0, 0.995), model)
    assert model.optimizer.learning_rate == 1.0


@pytest.mark.parametrize("factor", [0.0, 1.0, 2.0, -0.5])
def test_plateau_factor_is_between_0_and_1(factor):
    with pytest.raises(ArgumentError, match=r"factor=.* must be (less than 1|greater than 0)"):
        ReduceLROnPlateau(factor=factor)


# ---- a history of millions of epochs -----------------------------------------------------------
def test_history_keeps_eight_bytes_a_number_until_it_is_looked_at():
    record = History()
    record.on_train_begin()
    tracemalloc.start()
    for first in range(0, 100_000, 1000):
        record.on_epochs(first, {"loss": np.linspace(first, first + 1, 1000).tolist()})
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000 * (8 + 8) * 1.3  # a loss and a number an epoch, and room to grow
    assert record.last() == {"loss": 99001.0}


def test_history_is_a_dict_of_lists_at_any_time():
    record = History()
    record.on_train_begin()
    assert record.history == {}
    record.on_epochs(0, {"loss": [0.1, 0.2]})
    seen = record.history
    assert type(seen) is dict
    assert type(seen["loss"]) is list
    record.on_epoch_end(2, {"loss": 0.3, "val_loss": 0.5})  # what was handed out goes on growing
    record.on_epochs(3, {"loss": [1e-300, math.inf], "val_loss": [-0.0, 0.1]})
    assert record.history is seen
    assert seen == {"loss": [0.1, 0.2, 0.3, 1e-300, math.inf], "val_loss": [0.5, -0.0, 0.1]}
    assert all(type(value) is float for column in seen.values() for value in column)
    assert record.epoch == [0, 1, 2, 3, 4]
    assert type(record.epoch) is list
    assert json.loads(json.dumps(seen)) == seen


def test_history_of_what_is_no_single_number():
    record = History()
    record.on_epochs(0, {"loss": [0.5], "f1": [[0.25, 0.75]]})
    record.on_epochs(1, {"loss": [0.4], "f1": [[0.5, 0.5]]})
    record.on_epoch_end(2, {"loss": 0.3, "f1": "none"})
    record.on_epoch_end(3, {"loss": None, "f1": 1.0})
    assert record.last() == {"loss": None, "f1": 1.0}
    assert record.history["f1"] == [[0.25, 0.75], [0.5, 0.5], "none", 1.0]
    assert record.history["loss"] == [0.5, 0.4, 0.3, None]


@pytest.mark.parametrize("looked", [False, True])
def test_history_can_be_pickled_and_copied(looked):
    record = History()
    record.on_epochs(3, {"loss": [0.1, 0.2]})
    if looked:
        assert record.history
    for twin in (pickle.loads(pickle.dumps(record)), copy.deepcopy(record)):
        assert (twin.history, twin.epoch) == ({"loss": [0.1, 0.2]}, [3, 4])
        twin.on_epoch_end(5, {"loss": 0.3})
        assert twin.history["loss"] == [0.1, 0.2, 0.3]
    assert record.history["loss"] == [0.1, 0.2]
