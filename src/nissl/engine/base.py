"""What an engine is, and what a loop is; :mod:`nissl.engine.choice` says which one is used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from nissl.core.program import Program
from nissl.core.tensor import Array, Host

__all__ = ["LoopSpec", "Loop", "Engine"]

Compiled: TypeAlias = Callable[[Sequence[Array]], list[Array]]


@dataclass(frozen=True, eq=False)
class LoopSpec:
    """A step to be repeated over the batches of data that are already on the device.

    The step's inputs are ``fixed``, then ``state``, then one batch of each data array; its outputs
    are the new state. ``report`` turns state into the numbers kept of each epoch.

    Attributes:
        step: the program of one full batch.
        last: the program of the last, smaller batch; ``None`` when the batches come out even.
        report: program from the state to the values that are kept of an epoch.
        fixed: how many inputs stay the same throughout.
        state: how many inputs are carried from step to step.
        batch_size: rows of a full batch.
        rows: rows of the data.
        shuffled: whether batches are rows gathered in a given order, or slices.
        fresh: for each state entry, what it is set to when an epoch begins; ``None`` keeps it.
        stored: dtypes in which the caller keeps the data arrays; the step's own by default.
    """

    step: Program
    last: Program | None
    report: Program
    fixed: int
    state: int
    batch_size: int
    rows: int
    shuffled: bool
    fresh: tuple[Host | None, ...]
    stored: tuple[np.dtype[Any], ...] = ()

    def __post_init__(self) -> None:
        if not self.stored:
            batch = self.step.in_avals[self.fixed + self.state :]
            object.__setattr__(self, "stored", tuple(aval.dtype for aval in batch))

    @property
    def full_steps(self) -> int:
        """Number of full batches in an epoch."""
        return self.rows // self.batch_size

    @property
    def steps(self) -> int:
        """Number of batches in an epoch, the smaller last one among them."""
        return self.full_steps + (self.last is not None)

    @property
    def capacity(self) -> int:
        """How many epochs one call can run: as many as keep the orders below 16 MB."""
        most = 4096
        return max(1, min(most, (1 << 22) // max(self.rows, 1))) if self.shuffled else most

    def renew(self, state: Sequence[Array], to_device: Callable[[Any], Array]) -> list[Array]:
        """Return the state as it is at the beginning of an epoch."""
        return [
            value if new is None else to_device(new)
            for value, new in zip(state, self.fresh, strict=True)
        ]


class Loop(ABC):
    """A compiled training or evaluation loop; see :class:`LoopSpec`."""

    def hold(self, arrays: Sequence[Host]) -> list[Array] | None:
        """Return the data as this loop reads them in the host's memory; ``None`` if it cannot."""
        return None

    @abstractmethod
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
        """Run batches ``start`` to ``stop - 1`` of one epoch and return the new state.

        ``order`` holds the rows of the epoch in the order in which they are used (int32); without
        it they are used as they lie. ``offset`` is the number of the batch that ``data`` begins
        with, when it is a piece of the whole.
        """

    @abstractmethod
    def run_epochs(
        self,
        fixed: Sequence[Array],
        state: Sequence[Array],
        data: Sequence[Array],
        orders: Array | None,
        count: int,
    ) -> tuple[list[Array], list[Host]]:
        """Run ``count`` whole epochs; return the state and, for each report, its value an epoch."""


class Engine(ABC):
    """Runs programs on arrays of its own kind."""

    name: str

    @abstractmethod
    def compile(self, program: Program, donate: Sequence[int] = ()) -> Compiled:
        """Make a callable from a list of arrays to a list of arrays.

        Args:
            program: what to run.
            donate: inputs whose memory may be reused for outputs; the caller gives them up.
        """

    @abstractmethod
    def loop(self, spec: LoopSpec) -> Loop:
        """Make the loop that ``spec`` describes."""

    @abstractmethod
    def to_device(self, array: Any) -> Array:
        """Bring a host array to where this engine computes."""

    @property
    @abstractmethod
    def shares_memory(self) -> bool:
        """Whether the device can read the host's memory in place."""

    @abstractmethod
    def borrow(self, array: Host) -> Array:
        """Let the device use a host array in place where it can; keep it unchanged meanwhile."""

    def run(self, program: Program, values: Sequence[Array]) -> list[Host]:
        """Run a program on host arrays, compiling it the first time."""
        return [np.asarray(value) for value in self.compile(program)(values)]
