"""A NaN or an infinity in training: found, named, and undone, in every way that fit can run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nissl
from close import assert_close
from nissl import callbacks, layers, optimizers
from nissl.errors import NonFiniteError

X = np.linspace(0.1, 1.0, 12, dtype=np.float32)[:, None]
Y = np.ones((12, 1), np.float32)


class Never(callbacks.Callback):
    """Makes fit come back after each epoch."""

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        pass


class NeverEachBatch(callbacks.Callback):
    """Makes fit come back after each batch."""

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        pass


WAYS: dict[str, dict[str, Any]] = {
    "bulk": {},
    "bulk native": {"native": "1"},
    "epochs": {"callbacks": [Never()]},
    "batches": {"callbacks": [NeverEachBatch()]},
    "eager": {"run_eagerly": True},
    "streamed": {"streamed": True},
}


class Falling(layers.Layer):
    """Multiplies by log(fuse); the fuse burns down by 0.25 a step, so the fifth step is log(0)."""

    def build(self, input_shape: Any) -> None:
        self.fuse = self.add_weight((), "ones", trainable=False, name="fuse")
        self.calls = self.add_weight((), "zeros", dtype="int32", trainable=False, name="calls")

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            self.fuse.assign(self.fuse.value - 0.25)
            self.calls.assign(self.calls.value + 1)
        return x + nissl.log(self.fuse.value) if training else x


def burning(monkeypatch: pytest.MonkeyPatch, way: dict[str, Any]) -> tuple[nissl.Sequential, Any]:
    monkeypatch.setenv("NISSL_NATIVE", way.get("native", "0"))
    if way.get("streamed"):
        monkeypatch.setattr("nissl.models.streaming.RESIDENT_BYTES", 0)
        monkeypatch.setattr("nissl.models.streaming.PIECE_BYTES", 1)
    nissl.utils.set_random_seed(4)
    model = nissl.Sequential(
        [nissl.Input((1,)), Falling(name="falling"), layers.Dense(1, name="out")]
    )
    model.compile(optimizers.SGD(0.01), "mse", run_eagerly=way.get("run_eagerly", False))
    return model, way.get("callbacks")


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_layer_op_epoch_and_step_are_named_and_the_step_is_undone(
    way: str, shuffle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, listed = burning(monkeypatch, WAYS[way])
    with pytest.raises(NonFiniteError) as caught:
        # three steps an epoch; log(0) comes in the fourth, which is the first of the second epoch
        model.fit(X, Y, batch_size=4, epochs=9, shuffle=shuffle, verbose=0, callbacks=listed)
    message = str(caught.value)
    assert "epoch 2, step 1 of 3" in message
    assert "falling" in message
    assert "op 'log'" in message
    assert "an infinity" in message
    assert "learning rate" in message
    falling = model.layers[0]
    assert isinstance(falling, Falling)
    assert int(falling.calls.numpy()) == 3
    assert float(falling.fuse.numpy()) == 0.25
    assert model.optimizer is not None
    assert int(model.optimizer.iterations.numpy()) == 3
    assert model.history is not None
    assert len(model.history.history["loss"]) == 1
    assert model.history.epoch == [0]

    # what is left is what three good steps give
    wanted, _ = burning(monkeypatch, WAYS[way])
    wanted.fit(X, Y, batch_size=4, epochs=1, shuffle=shuffle, verbose=0)
    for a, b in zip(model.get_weights(), wanted.get_weights(), strict=True):
        assert_close(a, b, 1e-6)
    assert np.isfinite(model.predict(X, verbose=0)).all()
    falling.fuse.assign(1.0)
    again = model.fit(X, Y, batch_size=4, epochs=1, verbose=0)  # it can go on
    assert np.isfinite(again.history["loss"]).all()


@pytest.mark.parametrize("way", ["bulk", "epochs", "streamed"])
def test_in_the_middle_of_an_epoch(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, listed = burning(monkeypatch, WAYS[way])
    with pytest.raises(NonFiniteError, match="epoch 1, step 4 of 6"):
        model.fit(X, Y, batch_size=2, epochs=3, shuffle=True, verbose=0, callbacks=listed)
    wanted, _ = burning(monkeypatch, {"run_eagerly": True})
    steps = callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: setattr(wanted, "stop_training", batch == 2)
    )
    wanted.fit(X, Y, batch_size=2, epochs=1, shuffle=True, verbose=0, callbacks=[steps])
    for a, b in zip(model.get_weights(), wanted.get_weights(), strict=True):
        assert_close(a, b, 1e-5)


@pytest.mark.parametrize("native", ["0", "1"])
def test_a_learning_rate_that_is_too_high_says_so(
    native: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NISSL_NATIVE", native)
    model = nissl.Sequential([nissl.Input((1,)), layers.Dense(1, name="only")])
    model.compile(optimizers.SGD(1e4), "mse")
    with pytest.raises(NonFiniteError, match=r"epoch \d+, step \d+ of 3.*Lower the learning rate"):
        model.fit(X, Y, batch_size=4, epochs=500, verbose=0)
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert np.isfinite(model.predict(X, verbose=0)).all()


@pytest.mark.parametrize("rule", [optimizers.SGD(1e38), optimizers.SGD(1e38, momentum=0.5)])
@pytest.mark.parametrize("way", WAYS)
def test_weights_that_overflow_while_the_loss_is_finite_are_undone_too(
    way: str, rule: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss would show it a step later, or never, if it was the last step."""
    settings = WAYS[way]
    _, listed = burning(monkeypatch, settings)
    model = nissl.Sequential([nissl.Input((1,)), layers.Dense(1, name="only")])
    eagerly = settings.get("run_eagerly", False)
    for epochs in (1, 5):
        rule = type(rule).from_config(rule.get_config())
        model.set_weights([np.float32([[90.0]]), np.float32([0.0])])
        model.compile(rule, "mse", run_eagerly=eagerly)
        with pytest.raises(NonFiniteError, match=f"in optimizer {rule.name}") as caught:
            model.fit(
                X, Y, batch_size=12, epochs=epochs, shuffle=False, verbose=0, callbacks=listed
            )
        assert "epoch 1, step 1 of 1" in str(caught.value)
        assert model.get_weights()[0].item() == 90.0
        assert int(rule.iterations.numpy()) == 0


@pytest.mark.parametrize("way", WAYS)
def test_the_step_that_spoiled_the_weights_is_named_not_the_one_that_noticed(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = WAYS[way]
    _, listed = burning(monkeypatch, settings)
    model = nissl.Sequential([nissl.Input((1,)), layers.Dense(1, name="only")])
    model.set_weights([np.float32([[90.0]]), np.float32([0.0])])
    x = np.concatenate([np.zeros((4, 1)), X[:8]])  # the first batch: no slope of the kernel
    y = np.concatenate([np.zeros((4, 1)), Y[:8]])  # and none of the bias
    model.compile(optimizers.SGD(1e38), "mse", run_eagerly=settings.get("run_eagerly", False))
    with pytest.raises(NonFiniteError, match=r"epoch 1, step 2 of 3.*in optimizer sgd"):
        model.fit(x, y, batch_size=4, epochs=5, shuffle=False, verbose=0, callbacks=listed)
    assert [w.item() for w in model.get_weights()] == [90.0, 0.0]
    assert model.optimizer is not None
    assert int(model.optimizer.iterations.numpy()) == 1


def test_weights_that_were_not_finite_before_the_first_step() -> None:
    model = nissl.Sequential([nissl.Input((1,)), layers.Dense(1, name="only")])
    model.compile("sgd", "mse")
    kernel, bias = model.get_weights()
    model.set_weights([kernel * np.nan, bias])
    with pytest.raises(NonFiniteError, match="'only/kernel'"):
        model.fit(X, Y, epochs=1, verbose=0)


def test_a_loss_of_its_own_that_gives_nan_is_named() -> None:
    def bad(y_true: Any, y_pred: Any) -> Any:
        return nissl.sqrt(nissl.sum(y_pred - y_pred, axis=-1) - 1.0)

    model = nissl.Sequential([nissl.Input((1,)), layers.Dense(1)])
    model.compile("sgd", bad)
    with pytest.raises(NonFiniteError, match=r"NaN first appeared in loss bad, op 'sqrt'"):
        model.fit(X, Y, epochs=1, verbose=0)


def test_single_batches_are_watched_too() -> None:
    model = nissl.Sequential([nissl.Input((1,)), layers.Dense(1, name="only")])
    model.compile(optimizers.SGD(1e25), "mse")
    model.train_on_batch(X, Y)  # finite, but its square is not
    before = model.get_weights()
    with pytest.raises(NonFiniteError, match=r"an infinity first appeared in loss.*'square'"):
        model.train_on_batch(X, Y)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    model.set_weights([np.zeros((1, 1)), np.zeros(1)])
    assert np.isfinite(model.train_on_batch(X, Y))
