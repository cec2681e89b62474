"""The XLA engine: programs compiled through JAX, which is the compiler and device runtime only.

64-bit dtypes are switched on around each call and left as they were for the user's own JAX code.
Compiled programs are kept on disk between runs (JAX's persistent compilation cache), in
``$NISSL_CACHE`` or the user's cache folder, unless the user has set a folder for JAX already.

A process that is forked has none of its parent's threads, so XLA would wait for them for ever. In
the child of a process in which this engine has worked, it refuses at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from nissl.core.program import Program
from nissl.core.tensor import Array, Host
from nissl.engine.base import Compiled, Engine, Loop, LoopSpec
from nissl.errors import EngineError
from nissl.files import cache_folder


class _Process:
    """What this process may do: whether XLA has threads here, or had them before a fork."""

    working = False
    forked = False

    def after_fork(self) -> None:
        """In the child: what worked in the parent does not work here."""
        self.forked = self.forked or self.working


_process = _Process()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_process.after_fork)


@contextmanager
def _device() -> Generator[None]:
    """Everything that XLA does is done in this: 64-bit dtypes are on, and its threads are there.

    Raises:
        EngineError: its threads are not there, or XLA failed, as where there is no memory.
    """
    if _process.forked:
        raise EngineError(
            "XLA cannot be used in this process: it was forked from one in which XLA had worked, "
            "whose threads are not here, so that it would wait for ever. Start processes with "
            "multiprocessing.get_context('spawn'), or before the first jit, fit or predict; or "
            "compute with NumPy in them: nissl.engine.set_engine('numpy')"
        )
    _process.working = True
    try:
        with jax.enable_x64(True):
            yield
    except jax.errors.JaxRuntimeError as error:
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise EngineError(f"XLA could not compute this: {said[0]}") from error


def _backend() -> str:
    with _device():
        return jax.default_backend()


def _keep_compiled_programs() -> None:
    """Point JAX's persistent cache at a folder, unless the user has chosen one.

    Where nothing can be written, nothing is kept: JAX would warn at each program.
    """
    config: Any = jax.config  # whose settings are attributes that JAX adds as it starts
    if config.jax_compilation_cache_dir is not None or os.environ.get("NISSL_NO_CACHE"):
        return
    folder = cache_folder() / "xla"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return
    config.update("jax_compilation_cache_dir", str(folder))
    config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _traced(program: Program) -> Callable[..., list[Any]]:
    """The program as a function that JAX can trace; each output in the dtype that it promises."""

    def run(*values: Any) -> list[Any]:
        results = program.run("xla", jnp, values)
        return [
            jnp.asarray(value, aval.dtype)
            for value, aval in zip(results, program.out_avals, strict=True)
        ]

    return run


class XlaEngine(Engine):
    """Compiles programs with XLA, for the CPU or an accelerator."""

    name = "xla"

    def __init__(self) -> None:
        _keep_compiled_programs()

    def compile(self, program: Program, donate: Sequence[int] = ()) -> Compiled:
        function = _traced(program)
        function.__name__ = "".join(c if c.isalnum() else "_" for c in program.name)
        compiled = jax.jit(function, donate_argnums=tuple(donate))

        def run(values: Sequence[Array]) -> list[Array]:
            with _device():
                return compiled(*values)

        return run

    def loop(self, spec: LoopSpec) -> Loop:
        return _XlaLoop(spec)

    def to_device(self, array: Any) -> Array:
        with _device():
            return jnp.asarray(array)

    @property
    def shares_memory(self) -> bool:
        return _backend() == "cpu"

    def borrow(self, array: Host) -> Array:
        with _device():
            return jax.device_put(array, may_alias=self.shares_memory)


def _loop_options() -> dict[str, Any]:
    """Compiler options for a loop over small steps.

    On the CPU, running a step's kernels one after the other is quicker than handing them to several
    threads: by 8 % for the step of a 784-300-100-10 network with a batch of 32, on two cores.
    """
    if _backend() != "cpu":
        return {}
    return {"xla_cpu_enable_concurrency_optimized_scheduler": False}


class _XlaLoop(Loop):
    """Two compiled functions: some steps of an epoch, and some whole epochs."""

    def __init__(self, spec: LoopSpec) -> None:
        self.spec = spec
        self._step = _traced(spec.step)
        self._last = None if spec.last is None else _traced(spec.last)
        self._report = _traced(spec.report)
        options = _loop_options()
        self._run_steps = jax.jit(self._steps, compiler_options=options)
        self._run_last = jax.jit(self._one_last, compiler_options=options)
        self._run_epochs = jax.jit(
            self._epochs, static_argnames="capacity", compiler_options=options
        )

    def _batch(self, data: Any, order: Any, start: Any, size: int) -> list[Any]:
        if order is None:
            return [lax.dynamic_slice_in_dim(each, start, size) for each in data]
        rows = lax.dynamic_slice_in_dim(order, start, size)
        return [jnp.take(each, rows, axis=0, mode="clip") for each in data]

    def _full(self, fixed: Any, state: Any, data: Any, order: Any, number: Any) -> Any:
        size = self.spec.batch_size
        return self._step(*fixed, *state, *self._batch(data, order, number * size, size))

    def _steps(self, fixed: Any, state: Any, data: Any, order: Any, start: Any, stop: Any) -> Any:
        def body(number: Any, carried: Any) -> Any:
            return self._full(fixed, carried, data, order, number)

        return lax.fori_loop(start, stop, body, list(state))

    def _one_last(self, fixed: Any, state: Any, data: Any, order: Any, number: Any) -> Any:
        assert self._last is not None
        size = self.spec.batch_size
        batch = self._batch(data, order, number * size, self.spec.rows % size)
        return self._last(*fixed, *state, *batch)

    def _epochs(
        self, fixed: Any, state: Any, data: Any, orders: Any, count: Any, capacity: int
    ) -> Any:
        spec = self.spec

        def body(epoch: Any, loop: Any) -> Any:
            carried, kept = loop
            order = None if orders is None else orders[epoch]
            carried = spec.renew(carried, jnp.asarray)
            if spec.full_steps == 1:
                carried = self._full(fixed, carried, data, order, 0)
            else:
                carried = self._steps(fixed, carried, data, order, 0, spec.full_steps)
            if spec.last is not None:
                carried = self._one_last(fixed, carried, data, order, spec.full_steps)
            found = self._report(*carried)
            kept = [
                lax.dynamic_update_index_in_dim(column, each, epoch, 0)
                for column, each in zip(kept, found, strict=True)
            ]
            return carried, kept

        kept = [jnp.zeros((capacity, *a.shape), a.dtype) for a in spec.report.out_avals]
        return lax.fori_loop(0, count, body, (list(state), kept))

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
        full = min(stop, self.spec.full_steps)
        carried = list(state)
        with _device():
            if start < full:
                carried = self._run_steps(
                    fixed, carried, data, order, np.int32(start - offset), np.int32(full - offset)
                )
            if stop > self.spec.full_steps:
                number = np.int32(self.spec.full_steps - offset)
                carried = self._run_last(fixed, carried, data, order, number)
            return jax.block_until_ready(carried)

    def run_epochs(
        self,
        fixed: Sequence[Array],
        state: Sequence[Array],
        data: Sequence[Array],
        orders: Array | None,
        count: int,
    ) -> tuple[list[Array], list[Host]]:
        with _device():
            capacity = self.spec.capacity
            if orders is not None and len(orders) < capacity:  # compiled for one length only
                missing = capacity - len(orders)
                orders = np.concatenate([orders, np.zeros((missing, self.spec.rows), np.int32)])
            carried, reports = self._run_epochs(
                fixed, list(state), data, orders, np.int32(count), capacity=capacity
            )
            return carried, [np.asarray(each)[:count] for each in reports]
