"""The training loop: many steps in one compiled call, returning to Python ten times a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nissl.callbacks import CallbackList
from nissl.core.tensor import Array, Host
from nissl.models.compilable import Compilable
from nissl.models.diagnosis import explain_non_finite
from nissl.models.inputs import Data
from nissl.models.interrupts import finished_first
from nissl.models.loops import ModelLoop
from nissl.models.steps import moved_by_training
from nissl.models.streaming import Piece, Resident

INTERVAL = 0.1  # seconds between returns to Python
SHORT_EPOCH = 0.02  # seconds: below this, whole epochs are run in one call


class Fit:
    """One call of ``fit``: carries the state from call to call and tells the callbacks."""

    def __init__(
        self,
        model: Compilable,
        loop: ModelLoop,
        data: Data,
        callbacks: CallbackList,
        validate: Callable[[int, CallbackList], dict[str, float]] | None,
        seed: int,
    ) -> None:
        self.model = model
        self.loop = loop
        self.data = data
        self.callbacks = callbacks
        self.validate = validate
        self.random = np.random.default_rng(seed)
        self.feed = loop.feed(data)
        self.fixed = loop.fixed()
        loop.trackers.bad_step.assign(-1)
        self.state = loop.state()
        self.epoch = 0
        self.pace = 1  # steps before the next return to Python

    # ---- state between Python and the device -------------------------------------------------
    def publish(self) -> None:
        """Let the variables have the state: at the last finished step."""
        for variable, value in zip(self.loop.step.state, self.state, strict=True):
            variable.raw = value

    def take_back(self) -> None:
        """Take over what a callback may have changed: weights, learning rate, trainable state."""
        engine = self.loop.engine
        for i, variable in enumerate(self.loop.step.state):
            if variable.raw is not self.state[i]:
                self.state[i] = engine.to_device(variable.raw)
        self.fixed = self.loop.fixed()

    def order(self) -> Host | None:
        """The rows of one epoch in random order, or ``None`` when they are taken as they are."""
        if not self.loop.spec.shuffled:
            return None
        return self.random.permutation(self.data.rows).astype(np.int32)

    def _diagnose(
        self, before: Sequence[Array], order: Any, first: int, bad_step: int, begun: int
    ) -> None:
        """Stop training: say where the first NaN or infinity came from, and undo to before it."""
        spec, engine = self.loop.spec, self.loop.engine
        position = bad_step - begun + first  # step within the epoch
        state = self._again(before, order, first, position)
        while position > first and not self._is_finite(state):
            position -= 1  # a step before had a finite loss, and spoiled the weights
            state = self._again(before, order, first, position)
        self.state = state
        self.publish()
        rows = slice(position * spec.batch_size, (position + 1) * spec.batch_size)
        chosen = rows if order is None else order[rows]
        batch = [
            np.asarray(array[chosen], aval.dtype)
            for array, aval in zip(self.data.arrays, self.data.avals, strict=True)
        ]
        step = self.loop.step if position < spec.full_steps else self.loop.last
        assert step is not None
        values = [np.asarray(v) for v in (*self.fixed, *state)]
        raise explain_non_finite(step, [*values, *batch], self.epoch, position, spec.steps, engine)

    def _again(self, before: Sequence[Array], order: Any, first: int, stop: int) -> list[Array]:
        """Run some steps of an epoch once more, beside the feed that is in use."""
        state = list(before)
        with self.loop.feed(self.data).epoch(order) as pieces:
            for piece in pieces:
                begin, end = max(first, piece.first), min(stop, piece.stop)
                if begin < end:
                    state = self.loop.compiled.run(
                        self.fixed, state, piece.arrays, piece.order, begin, end, piece.first
                    )
        return state

    def _is_finite(self, state: Sequence[Array]) -> bool:
        """Whether what training moves has finite values only."""
        variables = self.loop.step.state
        moved = moved_by_training(self.model, variables)
        values = (np.asarray(state[variables.index(v)], np.float64) for v in moved)
        return all(bool(np.isfinite(value).all()) for value in values)

    # ---- running -----------------------------------------------------------------------------
    def run(self, initial_epoch: int, epochs: int) -> None:
        """Train from ``initial_epoch`` to before ``epochs``."""
        self.epoch = initial_epoch
        in_bulk = (
            self.validate is None
            and not self.callbacks.needs_epochs
            and not self.callbacks.needs_batches
            and isinstance(self.feed, Resident)
            and self.loop.seconds_an_epoch < SHORT_EPOCH
        )
        try:
            while self.epoch < epochs and not self.model.stop_training:
                if in_bulk:
                    self._run_many(epochs)
                else:
                    self._run_one()
        finally:
            self.publish()

    def _run_many(self, epochs: int) -> None:
        """Run whole epochs in each call, and tell the callbacks of each afterwards."""
        assert isinstance(self.feed, Resident)
        data = self.feed.arrays
        spec = self.loop.spec
        count = max(1, int(INTERVAL / 2 / self.loop.seconds_an_epoch))
        while self.epoch < epochs and not self.model.stop_training:
            look = self.callbacks.next_look(self.epoch)
            stop = epochs if look is None else min(look, epochs)
            pace, count = count, min(count, spec.capacity, stop - self.epoch)
            orders = None
            if spec.shuffled:
                drawn: list[Any] = [self.order() for _ in range(count)]
                orders = np.stack(drawn)  # (count, rows)
            before, begun = self.state, self._iteration()
            clock = time.perf_counter()
            with finished_first():  # so that weights and history are of the same epoch
                state, reports = self.loop.compiled.run_epochs(
                    self.fixed, before, data, orders, count
                )
                spent = time.perf_counter() - clock
                flags = np.asarray(reports[-1])
                bad = int(flags[np.argmax(flags >= 0)])  # -1 where no step went wrong
                good = count if bad < 0 else (bad - begun) // spec.steps
                self.state = state
                if good:
                    if self.epoch + good == look:
                        self.publish()
                    columns = dict(zip(self.loop.trackers.names(), reports, strict=False))
                    listed = {name: columns[name][:good].tolist() for name in sorted(columns)}
                    self.callbacks.on_epochs(self.epoch, listed)
                    self.epoch += good
            if bad >= 0:
                self._restart(before, orders, good)
                order = None if orders is None else orders[good]
                self._diagnose(self.state, order, 0, bad, begun + good * spec.steps)
            count = max(1, min(8 * max(count, pace), int(count * INTERVAL / max(spent, 1e-6))))

    def _restart(self, before: Sequence[Array], orders: Any, good: int) -> None:
        """Go again through the epochs before the one that went wrong."""
        self.state = list(before)
        if good:
            again = None if orders is None else orders[:good]
            assert isinstance(self.feed, Resident)
            data = self.feed.arrays
            self.state, _ = self.loop.compiled.run_epochs(self.fixed, before, data, again, good)

    def _iteration(self) -> int:
        optimizer = self.model.optimizer
        assert optimizer is not None
        place = self.loop.step.state.index(optimizer.iterations)
        return int(np.asarray(self.state[place]))

    def _run_one(self) -> None:
        """Run one epoch in pieces of about a tenth of a second."""
        loop = self.loop
        self.callbacks.on_epoch_begin(self.epoch, {})
        if self.callbacks.needs_epochs:
            self.take_back()
        order = self.order()
        self.state = loop.spec.renew(self.state, loop.engine.to_device)
        if self.callbacks.needs_batches:
            self.publish()  # so that what is taken back before a batch is this epoch's
        logs: dict[str, float] = {}
        with self.feed.epoch(order) as pieces:
            for piece in pieces:
                logs = self._run_piece(piece, order)
                if self.model.stop_training and self.callbacks.needs_batches:
                    break
        looked_at = self.callbacks.next_look(self.epoch) == self.epoch + 1
        if self.validate is not None or self.callbacks.needs_epochs or looked_at:
            self.publish()
        if self.validate is not None:
            logs = {**logs, **self.validate(self.epoch, self.callbacks)}
        self.callbacks.on_epoch_end(self.epoch, logs)
        if self.callbacks.needs_epochs:
            self.take_back()
        self.epoch += 1

    def _run_piece(self, piece: Piece, order: Host | None) -> dict[str, float]:
        """Run the steps that a piece of data is for, returning to Python often enough."""
        loop, position = self.loop, piece.first
        per_batch, logs = self.callbacks.needs_batches, dict[str, float]()
        while position < piece.stop:
            stop = min(position + (1 if per_batch else self.pace), piece.stop)
            if per_batch:
                self.callbacks.on_train_batch_begin(position, {})
                self.take_back()
            before, begun = self.state, self._iteration()
            clock = time.perf_counter()
            self.state = loop.compiled.run(
                self.fixed, before, piece.arrays, piece.order, position, stop, piece.first
            )
            values, bad = loop.results(self.state)
            spent = time.perf_counter() - clock
            if bad >= 0:
                self._diagnose(before, order, position, bad, begun)
            logs = loop.named(values)
            if per_batch:
                self.publish()
                self.callbacks.on_train_batch_end(position, logs)
                self.take_back()
                if self.model.stop_training:
                    break
            self.callbacks.on_progress(stop, loop.spec.steps, logs)
            self._set_pace(stop - position, spent)
            position = stop
        return logs

    def _set_pace(self, steps: int, seconds: float) -> None:
        """Choose how many steps to run before the next return to Python."""
        if steps == 1 and self.pace == 1:  # the first call may also have compiled
            self.pace = 16
        else:
            self.pace = max(1, int(steps * INTERVAL / max(seconds, 1e-6)))
