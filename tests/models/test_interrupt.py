"""Control-C during fit: the model stays usable, at the last finished step, with its history.

Once by raising KeyboardInterrupt where Python runs, in callbacks; once by a real SIGINT sent to a
process that trains.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nissl
from interruption import running
from nissl import callbacks, layers, optimizers

SOURCE = Path(nissl.__file__).parents[1]
RNG = np.random.default_rng(3)
X = RNG.normal(size=(16, 3)).astype(np.float32)
Y = X.sum(axis=1)


def build() -> nissl.Sequential:
    nissl.utils.set_random_seed(6)
    model = nissl.Sequential([nissl.Input((3,)), layers.Dense(1)])
    model.compile(optimizers.Adam(0.01), "mse")
    return model


def after_steps(steps: int) -> list[Any]:
    """Weights after so many batches of four, in order."""
    model = build()
    for step in range(steps):
        rows = slice(4 * step % 16, 4 * step % 16 + 4)
        model.train_on_batch(X[rows], Y[rows])
    return model.get_weights()


class Stop(callbacks.Callback):
    """Presses Control-C in one hook, at one epoch or batch."""

    def __init__(self, hook: str, at: tuple[int, int]) -> None:
        super().__init__()
        self.at = at
        self.epoch = 0
        self.ended = False
        setattr(self, hook, self._press)

    def wants(self, hook: str) -> bool:
        return hook in vars(self) or hook in ("on_epoch_begin", "on_train_end")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_end(self, logs: Any = None) -> None:
        self.ended = True

    def _press(self, number: int, *rest: Any) -> None:
        del rest
        if (self.epoch, number) == self.at:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("hook", "at", "steps", "epochs"),
    [
        ("on_train_batch_end", (1, 2), 7, 1),
        ("on_train_batch_begin", (1, 2), 6, 1),
        ("on_epoch_end", (1, 1), 8, 1),
        ("on_epoch_begin", (2, 2), 8, 2),
        ("on_test_begin", (1, 0), 8, 1),
    ],
)
def test_the_model_is_at_the_last_finished_step(
    hook: str, at: tuple[int, int], steps: int, epochs: int
) -> None:
    model = build()
    stop = Stop("unused", at)
    if hook == "on_test_begin":
        stop.on_test_begin = lambda logs: stop._press(0) if stop.epoch == 1 else None
    elif hook == "on_epoch_begin":
        stop.on_epoch_begin = lambda epoch, logs: (
            setattr(stop, "epoch", epoch),
            stop._press(epoch),
        )
    else:
        setattr(stop, hook, stop._press)
    with pytest.raises(KeyboardInterrupt):
        model.fit(
            X,
            Y,
            batch_size=4,
            epochs=5,
            shuffle=False,
            verbose=0,
            callbacks=[stop],
            validation_data=(X, Y) if hook == "on_test_begin" else None,
        )
    assert not stop.ended
    for found, wanted in zip(model.get_weights(), after_steps(steps), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)
    assert model.optimizer is not None
    assert int(model.optimizer.iterations.numpy()) == steps
    assert model.history is not None
    assert model.history.epoch == list(range(epochs))
    assert len(model.history.history["loss"]) == epochs
    assert np.isfinite(model.predict(X, verbose=0)).all()
    before = model.evaluate(X, Y, verbose=0)
    model.fit(X, Y, epochs=40, verbose=0)  # goes on
    assert model.evaluate(X, Y, verbose=0) < before


def test_control_c_while_progress_is_shown() -> None:
    model = build()

    class Press(callbacks.Callback):
        every_epoch = False

        def on_progress(self, step: int, steps: int, logs: Any) -> None:
            if step == steps:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(
            X,
            Y,
            batch_size=4,
            epochs=3,
            shuffle=False,
            verbose=0,
            callbacks=[Press()],
            validation_data=(X, Y),
        )
    for found, wanted in zip(model.get_weights(), after_steps(4), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("way", ["native", "xla", "epochs", "shuffled"])
def test_a_real_interruption_leaves_weights_history_and_count_together(way: str) -> None:
    """Whatever the moment, weights, step count and history belong to each other."""
    script = f"""
        import signal, sys, threading
        import numpy as np, nissl
        rng = np.random.default_rng(0)
        x = rng.normal(size=(12, 3)).astype(np.float32); y = x.sum(axis=1)

        def build():
            nissl.utils.set_random_seed(1)
            model = nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(1)])
            model.compile(nissl.optimizers.SGD(1e-6), "mse")
            return model

        way = {way!r}
        listed = []
        if way == "epochs":
            listed = [nissl.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)]
        fit = dict(batch_size=4, shuffle=way == "shuffled", verbose=0)
        build().fit(x, y, epochs=2, **fit)  # what is compiled is now in the cache
        model = build()
        threading.Timer(0.3, lambda: print("now", flush=True)).start()
        try:
            model.fit(x, y, epochs=2_000_000_000, callbacks=listed, **fit)
        except KeyboardInterrupt:
            pass
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        steps, history = int(model.optimizer.iterations.numpy()), model.history
        done = len(history.history["loss"])
        assert history.epoch == list(range(done)), "epochs"
        if way == "epochs":
            assert done <= steps / 3 <= done + 1, (done, steps)
        else:
            assert done == steps / 3, (done, steps)
        assert steps > 0
        again = build()
        again.fit(x, y, epochs=done, **fit)
        if steps == 3 * done:
            for a, b in zip(model.get_weights(), again.get_weights()):
                np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(
                history.history["loss"], again.history.history["loss"], rtol=1e-4
            )
        model.predict(x, verbose=0)
        model.fit(x, y, epochs=1, **fit)
        print("usable")
    """
    variables = {"PYTHONPATH": str(SOURCE), "NISSL_NATIVE": "0" if way == "xla" else "1"}
    with running(script, **variables) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert err == ""
    assert out == "usable\n"
    assert process.returncode == 0
