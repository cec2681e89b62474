"""From a model to programs: one training step, one evaluation step, a prediction.

Each is :class:`~nissl.core.traced.Traced`: what the model's layers, metrics and optimizer read from
variables are inputs, and what they assign are outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from nissl.autodiff.reverse import gradients
from nissl.core import functions as F
from nissl.core.op import scope
from nissl.core.passes import FINAL
from nissl.core.program import Program
from nissl.core.tensor import Aval, Tensor
from nissl.core.traced import Traced, traced
from nissl.core.variable import Variable
from nissl.errors import ArgumentTypeError
from nissl.models.compilable import Compilable
from nissl.models.trackers import Trackers


def _split(batch: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor | None]:
    return batch[0], batch[1], batch[2] if len(batch) > 2 else None


def one_shape(model: Compilable, shape: Any) -> tuple[int | None, ...]:
    """Return the shape of a model's output, which must be one tensor's."""
    if isinstance(shape, tuple) and all(n is None or isinstance(n, int) for n in shape):
        return shape
    raise _several(model, len(shape))


def forward(model: Compilable, x: Tensor, training: bool) -> Tensor:
    """Return a model's prediction, which must be one tensor."""
    prediction = model(x, training=training)
    if isinstance(prediction, list | tuple | dict):
        raise _several(model, len(prediction))
    return F.asarray(prediction)


def _several(model: Compilable, count: int) -> ArgumentTypeError:
    return ArgumentTypeError(
        f"model {model.name!r} gives {count} outputs, and fit, evaluate and predict take one: "
        "models of several outputs are not there yet. model(x) gives them all; or let call "
        "return one tensor, e.g. with nissl.concat"
    )


def training_step(model: Compilable, trackers: Trackers, batch: Sequence[Aval]) -> Traced:
    """Forward, loss, backward, update of weights, update of trackers."""
    weights = model.trainable_weights
    optimizer, loss_of = model.optimizer, model.loss
    assert optimizer is not None
    assert loss_of is not None

    def work(*given: Tensor) -> None:
        x, y, sample_weight = _split(given)
        leaves = [v.value for v in weights]
        prediction = forward(model, x, training=True)
        with scope(f"loss {loss_of.name}"):
            loss = loss_of(y, prediction, sample_weight)
        slopes = gradients(loss, leaves)
        count = optimizer.iterations.value
        with scope(f"optimizer {optimizer.name}"):
            optimizer.apply(slopes)
        with scope("metrics"):
            trackers.update(loss, y, prediction, sample_weight)
            bad = trackers.bad_step.value
            newly = (bad < 0) & F.logical_not(F.isfinite(loss))
            trackers.bad_step.assign(F.where(newly, F.astype(count, bad.dtype), bad))

    return traced(work, batch, "training_step", state=trackers.variables(), passes=FINAL)


def evaluation_step(model: Compilable, trackers: Trackers, batch: Sequence[Aval]) -> Traced:
    """Forward, loss, update of trackers; nothing of the model changes."""
    loss_of = model.loss
    assert loss_of is not None

    def work(*given: Tensor) -> None:
        x, y, sample_weight = _split(given)
        prediction = forward(model, x, training=False)
        with scope(f"loss {loss_of.name}"):
            loss = loss_of(y, prediction, sample_weight)
        with scope("metrics"):
            trackers.update(loss, y, prediction, sample_weight)

    return traced(work, batch, "evaluation_step", state=trackers.variables(), passes=FINAL)


def prediction_step(model: Compilable, batch: Sequence[Aval]) -> Traced:
    """Forward only."""
    return traced(lambda x: forward(model, x, training=False), batch, "prediction", passes=FINAL)


def report_of(model: Compilable, trackers: Trackers, state: Sequence[Variable]) -> Program:
    """The program from the state to the trackers' results, and the first bad step.

    If the loss was finite throughout and what it moves is not, the last step was bad.
    """
    watched = moved_by_training(model, state)

    def work() -> list[Tensor]:
        results = [F.astype(metric.result(), "float64") for metric in trackers.all]
        bad = trackers.bad_step.value
        if watched:
            assert model.optimizer is not None
            last = F.astype(model.optimizer.iterations.value, bad.dtype) - 1
            # 0 times a NaN or an infinity is NaN, and so is a sum with one
            total = sum(
                (F.astype(F.sum(v.value * 0.0), "float32") for v in watched), F.asarray(0.0)
            )
            bad = F.where((bad < 0) & F.logical_not(F.isfinite(total)), last, bad)
        return [*results, bad]

    program = traced(work, (), "report", state=state).program
    return replace(program, outputs=program.outputs[len(state) :])


def moved_by_training(model: Compilable, state: Sequence[Variable]) -> list[Variable]:
    """The weights and slots among a step's state, which must stay finite."""
    if model.optimizer is None or model.optimizer.iterations not in state:
        return []
    optimizer = model.optimizer
    moved = {*model.trainable_weights, *optimizer.slot_variables(), *optimizer.master_variables()}
    return [v for v in state if v in moved]
