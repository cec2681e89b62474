"""What a model does beside ``fit``: predictions, single batches, validation between epochs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nissl.callbacks import CallbackList
from nissl.core.tensor import Array, Aval
from nissl.core.variable import Variable
from nissl.engine.base import Engine, get_engine
from nissl.models import steps
from nissl.models.diagnosis import explain_non_finite
from nissl.models.fitting import Host, Runner, demand_batch, evaluate_on, feed, gather
from nissl.models.inputs import Data

if TYPE_CHECKING:
    from nissl.models.trainer import Trainer

PREDICT_AT_ONCE = 10_000_000  # operations below which compiling costs more than it saves


@dataclass(eq=False)
class Predictor:
    """A compiled prediction for batches of one shape.

    Attributes:
        aval: shape and dtype of the batch.
        engine: what runs it.
        run: the compiled program, from the variables' values and a batch to the new values of
            ``state``, and the outputs.
        fixed: variables that are only read.
        state: variables that layers assign when they are called, such as seeds.
    """

    aval: Aval
    engine: Engine
    run: Callable[[Sequence[Array]], list[Array]]
    fixed: Sequence[Variable]
    state: Sequence[Variable]


def make_predictor(model: Trainer, aval: Aval) -> Predictor:
    """Trace and compile the prediction of a batch; a small one is left to NumPy."""
    step = steps.prediction_step(model, [aval])
    demand_batch(model, step.program)
    small = step.program.flops() < PREDICT_AT_ONCE
    engine = get_engine("numpy" if small else model.engine_name)
    return Predictor(aval, engine, engine.compile(step.program), step.fixed, step.state)


def predict_on(make: Callable[[int], Predictor], size: int, x: Host, hooks: CallbackList) -> Host:
    """Return the outputs for each row of ``x``, telling the callbacks of each batch.

    The last, smaller batch has a program of its own: a layer may look at its batch as a whole.
    """
    count = -(-len(x) // size)
    full = len(x) // size
    parts = _batches(make(size), x[: full * size], size, count, 0, hooks)
    if full < count:
        rest = x[full * size :]
        parts += _batches(make(len(rest)), rest, len(rest), count, full, hooks)
    return np.concatenate(parts) if len(parts) > 1 else np.array(parts[0])


def _batches(
    predictor: Predictor, x: Host, size: int, count: int, first: int, hooks: CallbackList
) -> list[Host]:
    """Predict batches of one size, number ``first`` and on of ``count``."""
    fixed = gather(predictor.fixed, predictor.engine)
    state = gather(predictor.state, predictor.engine)
    parts: list[Host] = []
    for number in range(first, first + len(x) // size):
        start = (number - first) * size
        given = x[start : start + size].astype(predictor.aval.dtype, copy=False)
        hooks.on_predict_batch_begin(number, {})
        *state, output = predictor.run([*fixed, *state, given])
        found = np.asarray(output)
        parts.append(found)
        hooks.on_predict_batch_end(number, {"outputs": found})
        hooks.on_progress(number + 1, count, {})
    for variable, value in zip(predictor.state, state, strict=True):
        variable.raw = value
    return parts


def run_batch(runner: Runner, data: Data, training: bool) -> list[float]:
    """Run one step on data that is one batch, and return the trackers' results."""
    engine = runner.engine
    fixed = gather(runner.step.fixed, engine)
    before = runner.spec.renew(gather(runner.step.state, engine), engine.to_device)
    state = before
    with feed(runner, data).epoch(None) as pieces:
        for piece in pieces:
            state = runner.loop.steps(fixed, state, piece.arrays, None, 0, 1)
    values, bad = runner.results(state)
    if training and bad >= 0:
        batch = [np.asarray(a, v.dtype) for a, v in zip(data.arrays, data.avals, strict=True)]
        given = [*(np.asarray(v) for v in (*fixed, *before)), *batch]
        raise explain_non_finite(runner.step, given, 0, 0, 1, engine)
    if training:
        for variable, value in zip(runner.step.state, state, strict=True):
            variable.raw = value
    return values


class Validator:
    """Evaluates on held-out data, kept on the device, after an epoch."""

    def __init__(self, model: Trainer, runner: Runner, data: Data, often: int) -> None:
        self.runner = runner
        self.model = model
        self.often = often
        self.feed = feed(runner, data)

    def __call__(self, epoch: int, callbacks: CallbackList) -> dict[str, float]:
        if (epoch + 1) % self.often:
            return {}
        callbacks.on_test_begin({})
        values = evaluate_on(self.runner, self.feed, callbacks)
        logs = dict(sorted(zip(self.model.metrics_names, values, strict=True)))
        callbacks.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}
