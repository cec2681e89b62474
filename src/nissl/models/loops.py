"""From a model and the shape of its data to a compiled loop over batches."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl.core import memory
from nissl.core.program import Program
from nissl.core.tensor import Array, Aval
from nissl.core.traced import Traced
from nissl.core.variable import Variable
from nissl.engine.base import Compiled, Engine, Loop, LoopSpec
from nissl.engine.choice import make_loop
from nissl.models.compilable import Compilable
from nissl.models.inputs import Data
from nissl.models.steps import report_of
from nissl.models.streaming import Feed, make_feed
from nissl.models.trackers import Trackers

_FLOPS = 2e10  # a rough speed, to tell short epochs from long before anything has run
_STEP_SECONDS = 2e-6


@dataclass(eq=False)
class ModelLoop:
    """A model's compiled loop over batches, with the variables that it carries.

    Attributes:
        compiled: what the engine made of it.
        spec: what the engine was asked for.
        step: the step of a full batch.
        last: the step of the last, smaller batch.
        report: compiled program from the state to the trackers' results.
        trackers: what it counts.
        engine: whose arrays it takes.
    """

    compiled: Loop
    spec: LoopSpec
    step: Traced
    last: Traced | None
    report: Compiled
    trackers: Trackers
    engine: Engine

    @functools.cached_property
    def seconds_an_epoch(self) -> float:
        """A rough guess of how long an epoch takes."""
        return self.spec.steps * (self.spec.step.flops() / _FLOPS + _STEP_SECONDS)

    def results(self, state: Sequence[Array]) -> tuple[list[Any], int]:
        """Return the trackers' results (numbers or lists) and the first bad step (-1: none)."""
        found = [np.asarray(each) for each in self.report(state)]
        return [each.tolist() for each in found[:-1]], int(found[-1])

    def named(self, values: Sequence[Any]) -> dict[str, Any]:
        """Results by name, in the order in which they are shown."""
        return dict(sorted(zip(self.trackers.names(), values, strict=True)))

    def fixed(self) -> list[Array]:
        """The values of the variables that are only read, on the engine's device."""
        return gather(self.step.fixed, self.engine)

    def state(self) -> list[Array]:
        """The values of the variables that it carries, on the engine's device."""
        return gather(self.step.state, self.engine)

    def feed(self, data: Data) -> Feed:
        """Arrange how data reaches the device."""
        spec = self.spec
        return make_feed(
            data.arrays, data.avals, spec.batch_size, spec.steps, self.engine, self.compiled
        )


def demand_slots(model: Compilable, trained: Sequence[Variable]) -> None:
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


def demand_batch(model: Compilable, program: Program) -> None:
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


Maker = Callable[[Compilable, Trackers, Sequence[Aval]], Traced]


def make_model_loop(
    model: Compilable, trackers: Trackers, data: Data, batch_size: int, shuffled: bool, maker: Maker
) -> ModelLoop:
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
        report=report_of(model, trackers, step.state),
        fixed=len(step.fixed),
        state=len(step.state),
        batch_size=size,
        rows=data.rows,
        shuffled=shuffled,
        fresh=trackers.fresh(step.state),
        stored=tuple(array.dtype for array in data.arrays),
    )
    engine, compiled = make_loop(spec, model.engine_name, step_by_step=model.run_eagerly)
    return ModelLoop(compiled, spec, step, last, engine.compile(spec.report), trackers, engine)


def _aligned(step: Traced, reference: Traced) -> Traced:
    """Check that two traces of one model agree on their variables, as they do."""
    assert step.fixed == reference.fixed
    assert step.state == reference.state
    return step


def gather(variables: Sequence[Variable], engine: Engine) -> list[Array]:
    """The values of variables, on the engine's device."""
    return [engine.to_device(v.raw) for v in variables]
