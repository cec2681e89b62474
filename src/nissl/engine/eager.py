"""The NumPy engine: a program run equation by equation. Slow, plain, and needing nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nissl.core.op import quiet
from nissl.core.program import Program
from nissl.core.tensor import Array, Host
from nissl.engine.base import Compiled, Engine, Loop, LoopSpec


class NumpyEngine(Engine):
    """Runs programs with NumPy on the host."""

    name = "numpy"

    def compile(self, program: Program, donate: Sequence[int] = ()) -> Compiled:
        def run(values: Sequence[Array]) -> list[Array]:
            with quiet():
                return program.run("numpy", np, values)

        return run

    def loop(self, spec: LoopSpec) -> Loop:
        return _NumpyLoop(spec, self)

    def to_device(self, array: Any) -> Array:
        return np.asarray(array)

    @property
    def shares_memory(self) -> bool:
        return True

    def borrow(self, array: Host) -> Array:
        return array


class _NumpyLoop(Loop):
    def __init__(self, spec: LoopSpec, engine: Engine) -> None:
        self.spec = spec
        self._step = engine.compile(spec.step)
        self._last = None if spec.last is None else engine.compile(spec.last)
        self._report = engine.compile(spec.report)

    def run(
        self,
        fixed: Sequence[Array],
        state: Sequence[Array],
        data: Sequence[Array],
        order: Array | None,
        start: int,
        stop: int,
        offset: int = 0,
    ) -> list[Array]:
        size, carried = self.spec.batch_size, list(state)
        for number in range(start, stop):
            length = size if number < self.spec.full_steps else self.spec.rows % size
            rows = slice((number - offset) * size, (number - offset) * size + length)
            chosen = rows if order is None else order[rows]
            run = self._step if number < self.spec.full_steps else self._last
            assert run is not None
            carried = run([*fixed, *carried, *(each[chosen] for each in data)])
        return carried

    def run_epochs(
        self,
        fixed: Sequence[Array],
        state: Sequence[Array],
        data: Sequence[Array],
        orders: Array | None,
        count: int,
    ) -> tuple[list[Array], list[Host]]:
        reports: list[list[Array]] = []
        carried = list(state)
        for epoch in range(count):
            carried = self.spec.renew(carried, np.asarray)
            order = None if orders is None else orders[epoch]
            carried = self.run(fixed, carried, data, order, 0, self.spec.steps)
            reports.append(self._report(carried))
        return carried, [np.stack(column) for column in zip(*reports, strict=True)]
