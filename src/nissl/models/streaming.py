"""Rows on their way to the device: gathered in order, cast, and handed over a piece at a time.

The data set itself is never copied. While the device works on one piece, a thread gathers the next
into the other of two buffers, which the device reads in place.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nissl.core.tensor import Array, Aval, Host
from nissl.engine.base import Engine, Loop

RESIDENT_BYTES = 1 << 24  # data smaller than this is brought to the device whole
PIECE_BYTES = 1 << 24
_ALIGNMENT = 64  # what XLA asks of memory that it is to use in place


def aligned_empty(aval: Aval) -> Host:
    """Return uninitialised memory that a device on the host can use without a copy."""
    memory = np.empty(aval.nbytes + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    return memory[start : start + aval.nbytes].view(aval.dtype).reshape(aval.shape)


@dataclass(frozen=True, eq=False)
class Piece:
    """Rows on the device, for the steps from ``first`` to before ``stop`` of an epoch.

    Attributes:
        arrays: the rows; those of step ``first`` come first.
        order: the order in which the loop is to gather them, or ``None``: as they lie.
        first, stop: which steps they are for.
    """

    arrays: list[Array]
    order: Array | None
    first: int
    stop: int


class Resident:
    """Data that is where the device reads it, whole, and is gathered there."""

    def __init__(self, arrays: list[Array], steps: int, engine: Engine) -> None:
        self.engine = engine
        self.steps = steps
        self.arrays = arrays

    @contextmanager
    def epoch(self, order: Host | None) -> Generator[Iterator[Piece]]:
        """Give the one piece of an epoch."""
        placed = None if order is None else self.engine.to_device(order)
        yield iter([Piece(self.arrays, placed, 0, self.steps)])


class Streamed:
    """Data that stays where it is, and is gathered piece by piece by a thread."""

    def __init__(
        self,
        arrays: Sequence[Host],
        avals: Sequence[Aval],
        batch_size: int,
        steps: int,
        engine: Engine,
    ) -> None:
        self.arrays = arrays
        self.steps = steps
        self.engine = engine
        row_bytes = sum(aval.nbytes // aval.shape[0] for aval in avals)
        self.piece_steps = max(1, min(steps, PIECE_BYTES // max(1, row_bytes * batch_size)))
        self.rows = self.piece_steps * batch_size
        shapes = [Aval((self.rows, *aval.shape[1:]), aval.dtype) for aval in avals]
        self._buffers = [[aligned_empty(shape) for shape in shapes] for _ in range(2)]

    def _fill(self, number: int, order: Host | None) -> Piece:
        start = number * self.rows
        stop = min(start + self.rows, len(self.arrays[0]))
        buffers = self._buffers[number % 2]
        for source, target in zip(self.arrays, buffers, strict=True):
            part = target[: stop - start]
            if order is None:
                part[...] = source[start:stop]
            elif source.dtype == target.dtype and source.flags.c_contiguous:
                np.take(source, order[start:stop], axis=0, out=part, mode="clip")
            else:
                part[...] = source[order[start:stop]]
        first = number * self.piece_steps
        borrowed = [self.engine.borrow(buffer) for buffer in buffers]
        return Piece(borrowed, None, first, min(first + self.piece_steps, self.steps))

    @contextmanager
    def epoch(self, order: Host | None) -> Generator[Iterator[Piece]]:
        """Give the pieces of an epoch, each valid until the next is asked for."""
        with ThreadPoolExecutor(1, thread_name_prefix="nissl-stream") as pool:

            def pieces() -> Iterator[Piece]:
                count = -(-self.steps // self.piece_steps)
                coming = pool.submit(self._fill, 0, order)
                for number in range(1, count + 1):
                    ready = coming.result()
                    if number < count:
                        coming = pool.submit(self._fill, number, order)
                    yield ready

            yield pieces()


Feed: TypeAlias = Resident | Streamed


def make_feed(
    arrays: Sequence[Host],
    avals: Sequence[Aval],
    batch_size: int,
    steps: int,
    engine: Engine,
    loop: Loop,
) -> Feed:
    """Leave data to a loop that reads them in place; else keep small data on the device, and
    stream large data to where they can be read in place."""
    held = loop.hold(arrays)
    if held is not None:
        return Resident(held, steps, engine)
    size = sum(aval.nbytes for aval in avals)
    if size > RESIDENT_BYTES and engine.shares_memory:
        return Streamed(arrays, avals, batch_size, steps, engine)
    placed = [
        engine.to_device(np.asarray(array, aval.dtype))
        for array, aval in zip(arrays, avals, strict=True)
    ]
    return Resident(placed, steps, engine)
