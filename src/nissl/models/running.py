"""What a model does beside ``fit``: predictions, single batches, validation between epochs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nissl.callbacks import CallbackList
from nissl.core.tensor import Array, Aval
from nissl.core.variable import Variable
from nissl.engine.base import Engine
from nissl.engine.choice import engine_for
from nissl.models.compilable import Compilable
from nissl.models.diagnosis import explain_non_finite
from nissl.models.inputs import Data
from nissl.models.loops import ModelLoop, demand_batch, gather
from nissl.models.steps import prediction_step
from nissl.models.streaming import Feed, Host

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


def make_predictor(model: Compilable, aval: Aval) -> Predictor:
    """Trace and compile the prediction of a batch; a small one is left to NumPy."""
    step = prediction_step(model, [aval])
    demand_batch(model, step.program)
    engine = engine_for(step.program, model.engine_name, PREDICT_AT_ONCE)
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


def run_batch(loop: ModelLoop, data: Data, training: bool) -> list[float]:
    """Run one step on data that is one batch, and return the trackers' results."""
    engine, fixed = loop.engine, loop.fixed()
    state = before = loop.spec.renew(loop.state(), engine.to_device)
    with loop.feed(data).epoch(None) as pieces:
        for piece in pieces:
            state = loop.compiled.run(fixed, state, piece.arrays, None, 0, 1)
    values, bad = loop.results(state)
    if training and bad >= 0:
        batch = [np.asarray(a, v.dtype) for a, v in zip(data.arrays, data.avals, strict=True)]
        given = [*(np.asarray(v) for v in (*fixed, *before)), *batch]
        raise explain_non_finite(loop.step, given, 0, 0, 1, engine)
    if training:
        for variable, value in zip(loop.step.state, state, strict=True):
            variable.raw = value
    return values


def evaluate_on(loop: ModelLoop, source: Feed, callbacks: CallbackList) -> list[float]:
    """Run an evaluation over data and return the trackers' results."""
    spec, fixed = loop.spec, loop.fixed()
    state = spec.renew(loop.state(), loop.engine.to_device)
    with source.epoch(None) as pieces:
        for piece in pieces:
            if not callbacks.needs_test_batches:
                state = loop.compiled.run(
                    fixed, state, piece.arrays, None, piece.first, piece.stop, piece.first
                )
                if piece.stop < spec.steps:
                    callbacks.on_progress(piece.stop, spec.steps, {})
                continue
            for number in range(piece.first, piece.stop):
                callbacks.on_test_batch_begin(number, {})
                state = loop.compiled.run(
                    fixed, state, piece.arrays, None, number, number + 1, piece.first
                )
                callbacks.on_test_batch_end(number, loop.named(loop.results(state)[0]))
    return loop.results(state)[0]


class Validator:
    """Evaluates on held-out data, kept on the device, after an epoch."""

    def __init__(self, loop: ModelLoop, data: Data, often: int) -> None:
        self.loop = loop
        self.often = often
        self.feed = loop.feed(data)

    def __call__(self, epoch: int, callbacks: CallbackList) -> dict[str, float]:
        if (epoch + 1) % self.often:
            return {}
        callbacks.on_test_begin({})
        logs = self.loop.named(evaluate_on(self.loop, self.feed, callbacks))
        callbacks.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}
