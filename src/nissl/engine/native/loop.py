"""The loop around the step, in C, and how it is called."""

from __future__ import annotations

import _ctypes
import ctypes
import os
import weakref
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nissl.core.program import Program
from nissl.core.tensor import Array, Aval, Host
from nissl.engine.base import Loop, LoopSpec
from nissl.engine.native.codegen import Value, program_to_c
from nissl.engine.native.compiler import find_compiler, load
from nissl.engine.native.emit import source_of_arrays
from nissl.engine.native.functions import C_TYPES, PRELUDE, Unsupported, literal

_FLOPS_A_THREAD = 1_000_000  # a step, below which a thread more costs more than it brings
_MOST_COPIED = 1 << 24  # bytes of data; more is brought to the loop piece by piece


def _stores(values: Sequence[Value], first: int) -> list[str]:
    lines: list[str] = []
    for number, value in enumerate(values, first):
        if value.row is not None:
            raise Unsupported("a state with one entry a row")
        for place, index in enumerate(np.ndindex(*value.aval.shape)):
            lines.append(f"p{number}[{place}] = {value.at(index)};")
    return lines


def _pointers(avals: Sequence[Aval], letter: str, array: str, const: str = "") -> list[str]:
    return [
        f"{const}{C_TYPES[a.dtype.name]} *{letter}{i} = "
        f"({const}{C_TYPES[a.dtype.name]} *){array}[{i}];"
        for i, a in enumerate(avals)
    ]


def _step_function(name: str, program: Program, spec: LoopSpec, rows: int) -> str:
    shared = spec.fixed + spec.state
    writer, outputs = program_to_c(program, shared)
    data = program.in_avals[shared:]
    stored = [Aval(a.shape, dtype) for a, dtype in zip(data, spec.stored, strict=True)]
    lines = [
        *_pointers(program.in_avals[:shared], "p", "shared"),
        *_pointers(stored, "d", "data", "const "),
        *writer.before,
        f"for (long r = 0; r < {rows}; r++) {{",
        "const long q = ordered ? (long)order[base + r] : base + r;",
        *writer.inside,
        "}",
        *writer.after,
        *_stores(outputs, spec.fixed),
    ]
    body = "\n  ".join(lines)
    return (
        f"static inline __attribute__((always_inline)) void {name}(void **shared, void **data, "
        f"const int32_t *order, long base, const int ordered) {{\n  {body}\n}}\n"
    )


def _report_function(program: Program, spec: LoopSpec) -> str:
    writer, outputs = program_to_c(program, spec.state)
    stores = [
        f"(({C_TYPES[v.aval.dtype.name]} *)reports[{i}])[epoch] = {v.at(())};"
        for i, v in enumerate(outputs)
        if v.aval.shape == ()
    ]
    if len(stores) != len(outputs):
        raise Unsupported("a report that is not one number")
    body = "\n  ".join([*_pointers(program.in_avals, "p", "state"), *writer.before, *stores])
    return f"static void report(void **state, void **reports, long epoch) {{\n  {body}\n}}\n"


def _renewal(spec: LoopSpec) -> str:
    lines: list[str] = []
    for number, new in enumerate(spec.fresh):
        if new is not None:
            kind = C_TYPES[new.dtype.name]
            for place, value in enumerate(np.ravel(new)):
                text = literal(value.item(), new.dtype)
                lines.append(f"(({kind} *)shared[{spec.fixed + number}])[{place}] = {text};")
    return "\n  ".join(lines)


def source_of_numbers(spec: LoopSpec) -> str:
    """Return the C text of a loop over single numbers, or raise :class:`Unsupported`."""
    size, full = spec.batch_size, spec.full_steps
    parts = [PRELUDE, _step_function("step_full", spec.step, spec, size)]
    last = ""
    if spec.last is not None:
        parts.append(_step_function("step_last", spec.last, spec, spec.rows % size))
        last = (
            f"if (stop > {full}) "
            f"step_last(shared, data, order, (long)({full} - offset) * {size}, ordered);"
        )
    parts.append(_report_function(spec.report, spec))
    parts.append(f"""
static inline __attribute__((always_inline)) void some_steps(void **shared, void **data,
    const int32_t *order, long start, long stop, long offset, const int ordered) {{
  const long full = stop < {full} ? stop : {full};
  for (long s = start; s < full; s++)
    step_full(shared, data, order, (s - offset) * {size}, ordered);
  {last}
}}

static __attribute__((noinline)) void do_steps(void **shared, void **data, const int32_t *order,
    long start, long stop, long offset) {{
  if (order) some_steps(shared, data, order, start, stop, offset, 1);
  else some_steps(shared, data, order, start, stop, offset, 0);
}}

int nissl_steps(void **shared, void **data, const int32_t *order,
                long start, long stop, long offset, long threads) {{
  do_steps(shared, data, order, start, stop, offset);
  return 0;
}}

int nissl_epochs(void **shared, void **data, const int32_t *orders, void **reports, long count,
                 long threads) {{
  for (long e = 0; e < count; e++) {{
  {_renewal(spec)}
  do_steps(shared, data, orders ? orders + e * {spec.rows} : 0, 0, {spec.steps}, 0);
  report(shared + {spec.fixed}, reports, e);
  }}
  return 0;
}}
""")
    return "\n".join(parts)


def source_of(spec: LoopSpec) -> str:
    """Return the C text of a loop, or raise :class:`Unsupported`.

    A network of a few units is written out number by number, one of a few hundred array by array.
    """
    spec = replace(spec, stored=_stored(spec))
    try:
        return source_of_numbers(spec)
    except Unsupported:
        return source_of_arrays(spec)


def _stored(spec: LoopSpec) -> tuple[np.dtype[Any], ...]:
    """Dtypes of the data arrays as the loop reads them: the caller's, where C has them."""
    batch = spec.step.in_avals[spec.fixed + spec.state :]
    return tuple(
        dtype.newbyteorder("=") if dtype.name in C_TYPES else aval.dtype
        for dtype, aval in zip(spec.stored, batch, strict=True)
    )


def _threads(spec: LoopSpec) -> int:
    """How many threads are worth their meetings."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    asked = os.environ.get("NISSL_THREADS", "")
    most = int(asked) if asked.isdecimal() and int(asked) else cores
    return max(1, min(cores, most, spec.step.flops() // _FLOPS_A_THREAD))


def _plain(array: Array, dtype: np.dtype[Any]) -> Host:
    """Return an array as C reads it: contiguous, and each number at a multiple of its size."""
    host = np.asarray(array, dtype)
    return host if host.flags.c_contiguous and host.flags.aligned else host.copy()


class NativeLoop(Loop):
    """The compiled loop; state is copied in, worked on in place, and given back."""

    def __init__(self, spec: LoopSpec, library: ctypes.CDLL) -> None:
        self.spec = spec
        self._library = library
        self._steps = library.nissl_steps
        self._steps.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_long] * 4
        self._epochs = library.nissl_epochs
        self._epochs.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_long] * 2
        self._avals = spec.step.in_avals
        self._stored = _stored(spec)
        self._threads = _threads(spec)
        # its machine code is unmapped with it; when Python ends, everything is
        weakref.finalize(self, _ctypes.dlclose, library._handle).atexit = False

    def hold(self, arrays: Sequence[Host]) -> list[Array] | None:
        """Return the arrays themselves, or a small copy of what C cannot read."""
        rows = self._avals[self.spec.fixed + self.spec.state :]
        copied = sum(
            array.size * aval.dtype.itemsize
            for array, aval, dtype in zip(arrays, rows, self._stored, strict=True)
            if array.dtype != dtype or not (array.flags.c_contiguous and array.flags.aligned)
        )
        return None if copied > _MOST_COPIED else self._rows(arrays)

    def _rows(self, arrays: Sequence[Array]) -> list[Host]:
        return [_plain(array, dtype) for array, dtype in zip(arrays, self._stored, strict=True)]

    @staticmethod
    def _table(arrays: Sequence[Host]) -> Any:
        return (ctypes.c_void_p * len(arrays))(*(a.ctypes.data for a in arrays))

    def _host(self, arrays: Sequence[Array], first: int, copy: bool) -> list[Host]:
        result: list[Host] = []
        for array, aval in zip(arrays, self._avals[first : first + len(arrays)], strict=True):
            host = np.asarray(array, aval.dtype)
            result.append(np.array(host, order="C") if copy else _plain(host, aval.dtype))
        return result

    def _prepared(
        self,
        fixed: Sequence[Array],
        state: Sequence[Array],
        data: Sequence[Array],
        order: Array | None,
    ) -> tuple[list[Host], tuple[Any, ...], Any]:
        """The state that C moves, what C is given, and what must live as long as it works."""
        kept = self._host(fixed, 0, copy=False)
        moving = self._host(state, self.spec.fixed, copy=True)
        rows = self._rows(data)
        gathered = None if order is None else _plain(order, np.dtype(np.int32))
        pointer = None if gathered is None else gathered.ctypes.data
        given = (self._table([*kept, *moving]), self._table(rows), pointer)
        return moving, given, (kept, rows, gathered)

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
        moving, given, _alive = self._prepared(fixed, state, data, order)
        _check(self._steps(*given, start, stop, offset, self._threads))
        return list(moving)

    def run_epochs(
        self,
        fixed: Sequence[Array],
        state: Sequence[Array],
        data: Sequence[Array],
        orders: Array | None,
        count: int,
    ) -> tuple[list[Array], list[Host]]:
        moving, given, _alive = self._prepared(fixed, state, data, orders)
        reports = [np.empty(count, aval.dtype) for aval in self.spec.report.out_avals]
        _check(self._epochs(*given, self._table(reports), count, self._threads))
        return list(moving), reports


def _check(failed: int) -> None:
    if failed:
        raise MemoryError("training: there is no memory for the weights and one batch")


def compile_loop(spec: LoopSpec) -> Loop:
    """Return a loop in machine code.

    Raises:
        Unsupported: there is no C compiler, or it failed, or the step holds what C is not written
            for, or is too large.
        OSError, SaveError, subprocess.SubprocessError: the compiler or its files failed.
    """
    compiler = find_compiler()
    if compiler is None:
        raise Unsupported("there is no C compiler")
    return NativeLoop(spec, load(source_of(spec), compiler))
