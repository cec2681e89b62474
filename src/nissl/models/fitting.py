"""The training loop: many steps in one compiled call, returning to Python ten times a second."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.callbacks import CallbackList
from nissl.core import memory
from nissl.core.program import Program
from nissl.core.tensor import Array, Aval
from nissl.core.traced import Traced
from nissl.core.variable import Variable
from nissl.engine.base import Engine, Loop, LoopSpec, make_loop
from nissl.models import steps as steps_module
from nissl.models.diagnosis import explain_non_finite
from nissl.models.inputs import Data
from nissl.models.interrupts import finished_first
from nissl.models.steps import Trackers
from nissl.models.streaming import Feed, Piece, Resident, make_feed

if TYPE_CHECKING:
    from nissl.models.trainer import Trainer

Host = np.ndarray[Any, Any]
INTERVAL = 0.1  # seconds between returns to Python
SHORT_EPOCH = 0.02  # seconds: below this, whole epochs are run in one call
_FLOPS = 2e10  # a rough speed, to tell short epochs from long before anything has run
_STEP_SECONDS = 2e-6


@dataclass(eq=False)
class Runner:
    """A compiled loop over batches, with the variables that it carries.

    Attributes:
        loop: what the engine compiled.
        spec: what it was asked for.
        step: the step of a full batch.
        last: the step of the last, smaller batch.
        report: compiled program from the state to the trackers' results.
    """

    loop: Loop
    spec: LoopSpec
    step: Traced
    last: Traced | None
    report: Callable[[Sequence[Array]], list[Array]]
    engine: Engine

    @functools.cached_property
    def seconds_an_epoch(self) -> float:
        """A rough guess of how long an epoch takes."""
        return self.spec.steps * (self.spec.step.flops() / _FLOPS + _STEP_SECONDS)

    def results(self, state: Sequence[Array]) -> tuple[list[Any], int]:
        """Return the trackers' results (numbers or lists) and the first bad step (-1: none)."""
        found = [np.asarray(each) for each in self.report(state)]
        return [each.tolist() for each in found[:-1]], int(found[-1])


def demand_slots(model: Trainer, trained: Sequence[Variable]) -> None:
    """Refuse to train weights whose gradients and optimizer slots cannot fit into memory.

    Raises:
        OutOfMemoryError: says how many bytes they need, and how many there are.
    """
    assert model.optimizer is not None
    there = {*model.optimizer.slot_variables()}
    slots = 0 if there else len(model.optimizer.slot_names)
    needed = sum(v.aval.nbytes for v in trained) * (1 + slots)
    named = "gradients" if not slots else f"gradients and {slots} optimizer slots a weight"
    what = f"training model {model.name!r} ({named})"
    memory.demand(needed, what, "make its layers smaller, or train with SGD, which has no slots")


def demand_batch(model: Trainer, program: Program) -> None:
    """Refuse a step of which one matrix product alone cannot fit into memory.

    Raises:
        OutOfMemoryError: says how many bytes it needs, and how many there are.
    """
    products = [each for each in program.equations if each.op.name == "matmul"]
    made = [output.aval for each in products for output in each.outputs]
    if made:
        largest = max(made, key=lambda aval: aval.nbytes)
        what = f"model {model.name!r}: a matrix product of shape {largest.shape} in a step"
        memory.demand(largest.nbytes, what, "give a smaller batch_size")


Maker = Callable[["Trainer", Trackers, Sequence[Aval]], Traced]


def make_runner(
    model: Trainer, trackers: Trackers, data: Data, batch_size: int, shuffled: bool, maker: Maker
) -> Runner:
    """Trace and compile a step, and the loop around it, for data of these shapes."""
    size = min(batch_size, data.rows)
    left = data.rows % size

    def step_of(rows: int) -> Traced:
        return maker(model, trackers, [Aval((rows, *a.shape[1:]), a.dtype) for a in data.avals])

    step = step_of(size)
    demand_batch(model, step.program)
    last = _aligned(step_of(left), step) if left else None
    spec = LoopSpec(
        step=step.program,
        last=None if last is None else last.program,
        report=steps_module.report(model, trackers, step.state),
        fixed=len(step.fixed),
        state=len(step.state),
        batch_size=size,
        rows=data.rows,
        shuffled=shuffled,
        fresh=steps_module.fresh(trackers, step.state),
        stored=tuple(array.dtype for array in data.arrays),
    )
    engine, loop = make_loop(spec, model.engine_name, step_by_step=model.run_eagerly)
    return Runner(loop, spec, step, last, engine.compile(spec.report), engine)


def _aligned(step: Traced, reference: Traced) -> Traced:
    """Check that two traces of one model agree on their variables, as they do."""
    assert step.fixed == reference.fixed
    assert step.state == reference.state
    return step


def gather(variables: Sequence[Variable], engine: Engine) -> list[Array]:
    """The values of variables, on the engine's device."""
    return [engine.to_device(v.raw) for v in variables]


def feed(runner: Runner, data: Data) -> Feed:
    """Arrange how data reaches the device."""
    spec = runner.spec
    return make_feed(
        data.arrays, data.avals, spec.batch_size, spec.steps, runner.engine, runner.loop
    )


def evaluate_on(runner: Runner, source: Feed, callbacks: CallbackList | None = None) -> list[float]:
    """Run an evaluation over data and return the trackers' results."""
    engine, spec = runner.engine, runner.spec
    fixed = gather(runner.step.fixed, engine)
    state = spec.renew(gather(runner.step.state, engine), engine.to_device)
    each_batch = callbacks if callbacks is not None and callbacks.needs_test_batches else None
    with source.epoch(None) as pieces:
        for piece in pieces:
            if each_batch is None:
                state = runner.loop.steps(
                    fixed, state, piece.arrays, None, piece.first, piece.stop, piece.first
                )
                if callbacks is not None and piece.stop < spec.steps:
                    callbacks.on_progress(piece.stop, spec.steps, {})
                continue
            for number in range(piece.first, piece.stop):
                each_batch.on_test_batch_begin(number, {})
                state = runner.loop.steps(
                    fixed, state, piece.arrays, None, number, number + 1, piece.first
                )
                so_far = zip(each_batch.model.metrics_names, runner.results(state)[0], strict=True)
                each_batch.on_test_batch_end(number, dict(sorted(so_far)))
    return runner.results(state)[0]


class Fit:
    """One call of ``fit``: carries the state from call to call and tells the callbacks."""

    def __init__(
        self,
        model: Trainer,
        runner: Runner,
        trackers: Trackers,
        data: Data,
        callbacks: CallbackList,
        validate: Callable[[int, CallbackList], dict[str, float]] | None,
        seed: int,
    ) -> None:
        self.model = model
        self.runner = runner
        self.trackers = trackers
        self.data = data
        self.callbacks = callbacks
        self.validate = validate
        self.random = np.random.default_rng(seed)
        engine = runner.engine
        self.feed = feed(runner, data)
        self.fixed = gather(runner.step.fixed, engine)
        trackers.bad_step.assign(-1)
        self.state = gather(runner.step.state, engine)
        self.epoch = 0
        self.pace = 1  # steps before the next return to Python

    # ---- state between Python and the device -------------------------------------------------
    def publish(self) -> None:
        """Let the variables have the state: at the last finished step."""
        for variable, value in zip(self.runner.step.state, self.state, strict=True):
            variable.raw = value

    def take_back(self) -> None:
        """Take over what a callback may have changed: weights, learning rate, trainable state."""
        engine = self.runner.engine
        for i, variable in enumerate(self.runner.step.state):
            if variable.raw is not self.state[i]:
                self.state[i] = engine.to_device(variable.raw)
        self.fixed = gather(self.runner.step.fixed, engine)

    def order(self) -> Host | None:
        """The rows of one epoch in random order, or ``None`` when they are taken as they are."""
        if not self.runner.spec.shuffled:
            return None
        return self.random.permutation(self.data.rows).astype(np.int32)

    def logs(self, values: Sequence[float]) -> dict[str, float]:
        """Results by name, in the order in which they are shown."""
        return dict(sorted(zip(self.trackers.names(), values, strict=True)))

    def _diagnose(
        self, before: Sequence[Array], order: Any, first: int, bad_step: int, begun: int
    ) -> None:
        """Stop training: say where the first NaN or infinity came from, and undo to before it."""
        spec, engine = self.runner.spec, self.runner.engine
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
        step = self.runner.step if position < spec.full_steps else self.runner.last
        assert step is not None
        values = [np.asarray(v) for v in (*self.fixed, *state)]
        raise explain_non_finite(step, [*values, *batch], self.epoch, position, spec.steps, engine)

    def _again(self, before: Sequence[Array], order: Any, first: int, stop: int) -> list[Array]:
        """Run some steps of an epoch once more, beside the feed that is in use."""
        state = list(before)
        with feed(self.runner, self.data).epoch(order) as pieces:
            for piece in pieces:
                begin, end = max(first, piece.first), min(stop, piece.stop)
                if begin < end:
                    state = self.runner.loop.steps(
                        self.fixed, state, piece.arrays, piece.order, begin, end, piece.first
                    )
        return state

    def _is_finite(self, state: Sequence[Array]) -> bool:
        """Whether what training moves has finite values only."""
        variables = self.runner.step.state
        moved = steps_module.moved_by_training(self.model, variables)
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
            and self.runner.seconds_an_epoch < SHORT_EPOCH
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
        spec = self.runner.spec
        count = max(1, int(INTERVAL / 2 / self.runner.seconds_an_epoch))
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
                state, reports = self.runner.loop.epochs(self.fixed, before, data, orders, count)
                spent = time.perf_counter() - clock
                flags = np.asarray(reports[-1])
                bad = int(flags[np.argmax(flags >= 0)])  # -1 where no step went wrong
                good = count if bad < 0 else (bad - begun) // spec.steps
                self.state = state
                if good:
                    if self.epoch + good == look:
                        self.publish()
                    columns = dict(zip(self.trackers.names(), reports, strict=False))
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
            self.state, _ = self.runner.loop.epochs(self.fixed, before, data, again, good)

    def _iteration(self) -> int:
        optimizer = self.model.optimizer
        assert optimizer is not None
        place = self.runner.step.state.index(optimizer.iterations)
        return int(np.asarray(self.state[place]))

    def _run_one(self) -> None:
        """Run one epoch in pieces of about a tenth of a second."""
        runner = self.runner
        self.callbacks.on_epoch_begin(self.epoch, {})
        if self.callbacks.needs_epochs:
            self.take_back()
        order = self.order()
        self.state = runner.spec.renew(self.state, runner.engine.to_device)
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
        runner, position = self.runner, piece.first
        per_batch, logs = self.callbacks.needs_batches, dict[str, float]()
        while position < piece.stop:
            stop = min(position + (1 if per_batch else self.pace), piece.stop)
            if per_batch:
                self.callbacks.on_train_batch_begin(position, {})
                self.take_back()
            before, begun = self.state, self._iteration()
            clock = time.perf_counter()
            self.state = runner.loop.steps(
                self.fixed, before, piece.arrays, piece.order, position, stop, piece.first
            )
            values, bad = runner.results(self.state)
            spent = time.perf_counter() - clock
            if bad >= 0:
                self._diagnose(before, order, position, bad, begun)
            logs = self.logs(values)
            if per_batch:
                self.publish()
                self.callbacks.on_train_batch_end(position, logs)
                self.take_back()
                if self.model.stop_training:
                    break
            self.callbacks.on_progress(stop, runner.spec.steps, logs)
            self._set_pace(stop - position, spent)
            position = stop
        return logs

    def _set_pace(self, steps: int, seconds: float) -> None:
        """Choose how many steps to run before the next return to Python."""
        if steps == 1 and self.pace == 1:  # the first call may also have compiled
            self.pace = 16
        else:
            self.pace = max(1, int(steps * INTERVAL / max(seconds, 1e-6)))
