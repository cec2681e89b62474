"""From a program of a step to C: every number a scalar, and one loop over the rows.

Each tensor is *shared* (the same for all rows: weights, learning rate) or *rowed* (one axis is the
batch). A rowed tensor exists for one row at a time, inside the loop; a sum over the batch becomes
accumulators, whose totals are shared and known after the loop. A program in which a rowed tensor
depends on such a total would need a second loop and is refused, as is whatever is too large.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from nissl.core.program import Program, out_avals
from nissl.core.tensor import Aval, Equation, Key, Tensor
from nissl.engine.native.functions import (
    C_TYPES,
    EXPRESSIONS,
    WITHOUT_C,
    Unsupported,
    cast,
    literal,
)

Index: TypeAlias = tuple[int, ...]
MOST_STATEMENTS = 3000
MOST_ELEMENTS = 512


@dataclass(eq=False)
class Value:
    """A tensor as C expressions, one a distinct element.

    Attributes:
        aval: shape and dtype.
        elements: expression by index; the row axis and uniform axes have index 0.
        row: which axis is the batch, or ``None`` if it is shared.
        uniform: axes along which all elements are equal.
        after: whether it is known only after the loop over rows.
    """

    aval: Aval
    elements: dict[Index, str]
    row: int | None = None
    uniform: frozenset[int] = frozenset()
    after: bool = False

    def at(self, index: Index) -> str:
        """The expression of one element."""
        return self.elements[
            tuple(0 if a == self.row or a in self.uniform else i for a, i in enumerate(index))
        ]

    def indices(self) -> Iterator[Index]:
        """The distinct indices."""
        return indices(self.aval.shape, self.row, self.uniform)


def indices(shape: Index, row: int | None, uniform: frozenset[int]) -> Iterator[Index]:
    """The distinct indices of a tensor."""
    return itertools.product(
        *(range(1 if a == row or a in uniform else n) for a, n in enumerate(shape))
    )


def _count(shape: Index, row: int | None, uniform: frozenset[int]) -> int:
    return math.prod(1 if a == row or a in uniform else n for a, n in enumerate(shape))


@dataclass(eq=False)
class Writer:
    """Collects statements before, inside and after the loop over rows."""

    before: list[str] = field(default_factory=list[str])
    inside: list[str] = field(default_factory=list[str])
    after: list[str] = field(default_factory=list[str])
    names: Iterator[int] = field(default_factory=itertools.count)

    def name(self, expression: str, dtype: np.dtype[Any], section: list[str]) -> str:
        """Give an expression a name in a section."""
        if len(self.before) + len(self.inside) + len(self.after) > MOST_STATEMENTS:
            raise Unsupported("too many statements")
        name = f"v{next(self.names)}"
        section.append(f"const {C_TYPES[dtype.name]} {name} = {expression};")
        return name

    def total(self, expression: str, dtype: np.dtype[Any]) -> str:
        """Sum an expression over the rows; return the name of the total."""
        name = f"v{next(self.names)}"
        self.before.append(f"{C_TYPES[dtype.name]} {name} = 0;")
        self.inside.append(f"{name} += {expression};")
        if len(self.inside) > MOST_STATEMENTS:
            raise Unsupported("too many statements")
        return name


def _section(writer: Writer, row: int | None, after: bool) -> list[str]:
    if row is not None:
        if after:
            raise Unsupported("a row depends on a sum over the batch")
        return writer.inside
    return writer.after if after else writer.before


def _made(
    writer: Writer,
    aval: Aval,
    row: int | None,
    uniform: frozenset[int],
    after: bool,
    expression: Callable[[Index], str],
) -> Value:
    """Write out a tensor, element by element."""
    if _count(aval.shape, row, uniform) > MOST_ELEMENTS:
        raise Unsupported(f"{aval!r} is too large to be written out")
    section = _section(writer, row, after)
    elements = {
        index: writer.name(expression(index), aval.dtype, section)
        for index in indices(aval.shape, row, uniform)
    }
    return Value(aval, elements, row, uniform, after)


def constant(tensor: Tensor) -> Value:
    """A concrete tensor as literals; axes along which it does not change are uniform."""
    array = np.asarray(tensor.value)
    if array.dtype.name not in C_TYPES:
        raise Unsupported(f"dtype {array.dtype.name}")
    uniform = frozenset(
        axis
        for axis, length in enumerate(array.shape)
        if length > 1 and np.array_equal(array, np.broadcast_to(array.take([0], axis), array.shape))
    )
    if _count(array.shape, None, uniform) > MOST_ELEMENTS:
        raise Unsupported("a large constant")
    elements = {
        i: literal(array[i].item(), array.dtype) for i in indices(array.shape, None, uniform)
    }
    return Value(tensor.aval, elements, None, uniform)


def _common_row(values: Sequence[Value]) -> int | None:
    rows = {v.row for v in values if v.row is not None}
    if len(rows) > 1:
        raise Unsupported("the batch lies along different axes")
    row = rows.pop() if rows else None
    if row is not None and any(v.row is None and row not in v.uniform for v in values):
        raise Unsupported("numbers that differ from row to row, but are not data")
    return row


def _elementwise(writer: Writer, equation: Equation, values: list[Value], aval: Aval) -> Value:
    row = _common_row(values)
    shared = frozenset.intersection(*(v.uniform | {v.row} for v in values)) - {row, None}
    uniform = frozenset(a for a in shared if a is not None)
    dtype = values[-1].aval.dtype if aval.dtype.kind == "b" else aval.dtype
    if equation.op.name == "astype":
        write = cast(equation.inputs[0].dtype, aval.dtype)
    else:
        template = EXPRESSIONS[equation.op.name]

        def write(*x: str) -> str:
            return template(dtype, *x)

    after = any(v.after for v in values)
    return _made(
        writer, aval, row, uniform, after, lambda index: write(*(v.at(index) for v in values))
    )


def _broadcast(value: Value, aval: Aval) -> Value:
    offset = aval.ndim - value.aval.ndim
    stretched = {
        a
        for a, n in enumerate(aval.shape)
        if a < offset or (value.aval.shape[a - offset] == 1 and n != 1)
    }
    uniform = frozenset(stretched | {a + offset for a in value.uniform})
    row = None if value.row is None else value.row + offset
    if row in uniform:
        raise Unsupported("a batch of one row, stretched")
    elements = {
        index: value.at(tuple(0 if a in stretched else index[a] for a in range(offset, aval.ndim)))
        for index in indices(aval.shape, row, uniform)
    }
    return Value(aval, elements, row, uniform, value.after)


def _reshape(value: Value, aval: Aval) -> Value:
    old, new = value.aval.shape, aval.shape
    long_old = [a for a, n in enumerate(old) if n != 1 or a == value.row]
    long_new = [a for a, n in enumerate(new) if n != 1]
    if [old[a] for a in long_old] == [new[a] for a in long_new]:  # only axes of length 1 move
        place = dict(zip(long_old, long_new, strict=True))
        row = None if value.row is None else place[value.row]
        uniform = frozenset(place[a] for a in value.uniform if a in place)
        back = {b: a for a, b in place.items()}
        elements: dict[Index, str] = {}
        for index in indices(new, row, uniform):
            source = [0] * len(old)
            for axis, i in enumerate(index):
                if axis in back:
                    source[back[axis]] = i
            elements[index] = value.at(tuple(source))
        return Value(aval, elements, row, uniform, value.after)
    if value.row not in (None, 0) or (value.row == 0 and new[:1] != old[:1]):
        raise Unsupported("a reshape of the batch axis")
    if _count(new, value.row, frozenset()) > MOST_ELEMENTS:
        raise Unsupported("a large reshape")
    elements = {}
    for index in indices(new, value.row, frozenset()):
        flat = int(np.ravel_multi_index(index, new))
        elements[index] = value.at(tuple(int(i) for i in np.unravel_index(flat, old)))
    return Value(aval, elements, value.row, frozenset(), value.after)


def _permute(value: Value, aval: Aval, axes: Index) -> Value:
    row = None if value.row is None else axes.index(value.row)
    uniform = frozenset(axes.index(a) for a in value.uniform)
    elements = {tuple(index[a] for a in axes): text for index, text in value.elements.items()}
    return Value(aval, elements, row, uniform, value.after)


def _along(value: Value, axis: Index, kept: Index) -> Iterator[Index]:
    """Indices of ``value`` that a reduction over ``axis`` joins, at an index of the result."""
    lengths = [1 if a == value.row else value.aval.shape[a] for a in axis]
    for inner in itertools.product(*(range(n) for n in lengths)):
        index, rest = list[int](), iter(kept)
        place = dict(zip(axis, inner, strict=True))
        for a in range(value.aval.ndim):
            index.append(place[a] if a in place else next(rest))
        yield tuple(index)


def _sum(writer: Writer, value: Value, aval: Aval, axis: Index) -> Value:
    free = [a for a in range(value.aval.ndim) if a not in axis]
    times = math.prod(value.aval.shape[a] for a in axis if a in value.uniform)
    counted = tuple(a for a in axis if a not in value.uniform)
    row = free.index(value.row) if value.row in free else None
    uniform = frozenset(free.index(a) for a in value.uniform if a in free)

    def expression(index: Index) -> str:
        full = [0] * value.aval.ndim
        for a, i in zip(free, index, strict=True):
            full[a] = i
        terms: list[str] = []
        for inner in itertools.product(
            *(range(1 if a == value.row else value.aval.shape[a]) for a in counted)
        ):
            for a, i in zip(counted, inner, strict=True):
                full[a] = i
            terms.append(value.at(tuple(full)))
        joined = f"({' + '.join(terms)})" if terms else "0"
        return joined if times == 1 else f"({joined} * {times})"

    if value.row is not None and value.row in axis:
        if value.after:
            raise Unsupported("a row depends on a sum over the batch")
        totals = {
            i: writer.total(expression(i), aval.dtype) for i in indices(aval.shape, None, uniform)
        }
        return Value(aval, totals, None, uniform, after=True)
    return _made(writer, aval, row, uniform, value.after, expression)


def _extreme(writer: Writer, value: Value, aval: Aval, axis: Index, name: str) -> Value:
    if value.row is not None and value.row in axis:
        raise Unsupported("an extreme over the batch")
    free = [a for a in range(value.aval.ndim) if a not in axis]
    row = free.index(value.row) if value.row in free else None
    choose = EXPRESSIONS["maximum" if name in ("max", "any") else "minimum"]

    def expression(index: Index) -> str:
        texts = [value.at(i) for i in _along(value, axis, index)]
        section = _section(writer, row, value.after)
        best = texts[0]
        for each in texts[1:]:
            best = writer.name(choose(aval.dtype, best, each), aval.dtype, section)
        return best

    return _made(writer, aval, row, frozenset(), value.after, expression)


def _argmax(writer: Writer, value: Value, aval: Aval, axis: int) -> Value:
    if value.row == axis:
        raise Unsupported("an argmax over the batch")
    free = [a for a in range(value.aval.ndim) if a != axis]
    row = free.index(value.row) if value.row in free else None

    def expression(index: Index) -> str:
        section = _section(writer, row, value.after)
        texts = [value.at(i) for i in _along(value, (axis,), index)]
        best, place = texts[0], "0"
        for number, each in enumerate(texts[1:], 1):
            first_nan = f"({each} != {each} & {best} == {best})"
            larger = writer.name(f"({each} > {best} | {first_nan})", np.dtype("bool"), section)
            place = writer.name(f"({larger} ? {number} : {place})", aval.dtype, section)
            best = writer.name(f"({larger} ? {each} : {best})", value.aval.dtype, section)
        return place

    return _made(writer, aval, row, frozenset(), value.after, expression)


def _matmul(writer: Writer, x: Value, y: Value, aval: Aval) -> Value:
    if x.aval.ndim != 2:
        raise Unsupported("a batched matrix product")
    inner = x.aval.shape[1]
    after = x.after or y.after
    over_rows = x.row == 1 or y.row == 0
    if over_rows:
        if x.row not in (1, None) or y.row not in (0, None) or after:
            raise Unsupported("a product of this form")
        if (x.row is None and 1 not in x.uniform) or (y.row is None and 0 not in y.uniform):
            raise Unsupported("numbers that differ from row to row, but are not data")
        if aval.size > MOST_ELEMENTS:
            raise Unsupported("a large product")
        totals = {
            (i, j): writer.total(f"{x.at((i, 0))} * {y.at((0, j))}", aval.dtype)
            for i, j in indices(aval.shape, None, frozenset())
        }
        return Value(aval, totals, None, frozenset(), after=True)
    if x.row == 0 and y.row == 1:
        raise Unsupported("a product of all rows with all rows")
    row = 0 if x.row == 0 else (1 if y.row == 1 else None)
    if aval.size * inner // (aval.shape[row] if row is not None else 1) > MOST_STATEMENTS:
        raise Unsupported("a large product")

    def expression(index: Index) -> str:
        i, j = index
        terms = (f"{x.at((i, k))} * {y.at((k, j))}" for k in range(inner))
        return f"({' + '.join(terms)})" if inner else "0"

    return _made(writer, aval, row, frozenset(), after, expression)


def write(equation: Equation, values: list[Value], writer: Writer) -> Value:
    """Write one equation; return its output."""
    name, params = equation.op.name, equation.params
    (aval,) = out_avals(equation)
    if aval.dtype.name not in C_TYPES:
        raise Unsupported(f"dtype {aval.dtype.name}")
    if name in EXPRESSIONS or name == "astype":
        return _elementwise(writer, equation, values, aval)
    match name:
        case "broadcast_to":
            return _broadcast(values[0], aval)
        case "reshape":
            return _reshape(values[0], aval)
        case "permute_dims":
            return _permute(values[0], aval, params["axes"])
        case "sum":
            return _sum(writer, values[0], aval, params["axis"])
        case "max" | "min" | "any" | "all":
            return _extreme(writer, values[0], aval, params["axis"], name)
        case "argmax":
            return _argmax(writer, values[0], aval, params["axis"])
        case "matmul":
            return _matmul(writer, values[0], values[1], aval)
        case _:
            raise Unsupported(f"op {name}: {WITHOUT_C.get(name, 'not written yet')}")


def program_to_c(program: Program, shared: int) -> tuple[Writer, list[Value]]:
    """Write a program whose first ``shared`` inputs are shared and whose others are rows of data.

    Shared input ``i`` is read from ``p<i>``, data input ``i`` from ``d<i>`` at row ``q``.
    """
    writer = Writer()
    values: dict[Key, Value] = {}
    for number, tensor in enumerate(program.inputs):
        aval = tensor.aval
        if aval.dtype.name not in C_TYPES:
            raise Unsupported(f"dtype {aval.dtype.name}")
        row = None if number < shared else 0
        if _count(aval.shape, row, frozenset()) > MOST_ELEMENTS:
            raise Unsupported("a large input")
        width = math.prod(aval.shape[1:]) if row == 0 else 0
        section = writer.before if row is None else writer.inside
        elements: dict[Index, str] = {}
        for place, index in enumerate(indices(aval.shape, row, frozenset())):
            of_row = f"d{number - shared}[q * {width} + {place}]"
            source = f"p{number}[{place}]" if row is None else of_row
            elements[index] = writer.name(source, aval.dtype, section)
        values[tensor.key] = Value(aval, elements, row)
    for equation in program.equations:
        given = [values[t.key] if t.key in values else constant(t) for t in equation.inputs]
        values[equation.keys[0]] = write(equation, given, writer)
    return writer, [values[t.key] if t.key in values else constant(t) for t in program.outputs]
