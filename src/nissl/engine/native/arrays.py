"""From a program of a step to C: whole arrays, matrix products on tiles, and two or more threads.

An equation becomes statements in a *nest* of loops over its output's shape. An elementwise equation
joins a nest of the same shape that everything it reads is ready for, so that a bias, an activation
and its slope, or an optimizer's update are computed on a tile of a matrix product while it is still
in the processor's first cache. Only what another nest reads is stored. Movement of axes costs
nothing: it is another way of stepping through the same numbers.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

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
from nissl.engine.native.reductions import reduction
from nissl.engine.native.views import (
    PAD,
    Buffer,
    Index,
    View,
    contiguous,
    is_rows,
    padded,
    reshaped,
    sliced,
    stretched,
    turned,
)

Operand: TypeAlias = "View | Made | str"
Place: TypeAlias = tuple[str, int, Index]  # a buffer, an offset and strides

MOST_NESTS = 300  # of one program: about six seconds of compiling in all
MOST_BYTES = 1 << 26
MOST_CONSTANT = 4096
MOST_COLUMNS = 1 << 17  # of a product: the numbers of its chunks have 16 bits
SHARED_ELEMENTS = 8192  # from which on a nest is divided among the threads
SUFFIX = {"float32": "f", "float64": "d"}


@dataclass(eq=False)
class Made:
    """A value computed in a nest; stored only once somebody outside asks for it."""

    nest: Nest
    local: str
    aval: Aval
    view: View | None = None


@dataclass(eq=False)
class Product:
    """The matrix product at the root of a nest: ``a[i, k]`` times ``b[k, j]``.

    ``swapped`` says that the transposed product is computed, and each tile turned when it is used.
    """

    a: View
    b: View
    inner: int
    swapped: bool
    local: str


@dataclass(eq=False)
class Nest:
    """Loops over a shape, and what is done at each index.

    Attributes:
        number: its place in the order of nests.
        kind: elementwise, a matrix product with what follows it elementwise, or a reduction.
        levels: declarations by how many of the loops stand around them.
        lines: the statements of the innermost loop.
        stores: the values to be stored.
        locals: what has been read already, by its place.
    """

    number: int
    shape: Index
    kind: Literal["elementwise", "product", "reduction"]
    levels: list[list[str]]
    lines: list[str] = field(default_factory=list[str])
    stores: list[Made] = field(default_factory=list[Made])
    locals: dict[Place, str] = field(default_factory=dict["Place", str])
    reads: set[str] = field(default_factory=set[str])
    product: Product | None = None

    @property
    def writes(self) -> set[str]:
        """Names of the buffers that it fills."""
        return {made.view.buffer.name for made in self.stores if made.view is not None}

    @property
    def is_shared(self) -> bool:
        """Whether the threads divide it."""
        big = math.prod(self.shape) >= SHARED_ELEMENTS
        return self.product is not None or (self.kind == "elementwise" and big)


@dataclass(eq=False)
class Arrays:
    """Turns equations into nests.

    Attributes:
        prefix: what the names of its buffers begin with.
        nests: in order.
        buffers: the workspace that the nests need beside the state.
        constants: definitions of constant arrays.
    """

    prefix: str
    nests: list[Nest] = field(default_factory=list[Nest])
    buffers: list[Buffer] = field(default_factory=list[Buffer])
    constants: list[str] = field(default_factory=list[str])
    values: dict[Key, Operand] = field(default_factory=dict[Key, Operand])
    _names: Iterator[int] = field(default_factory=itertools.count)
    _kept: dict[int, tuple[Any, View]] = field(default_factory=dict[int, tuple[Any, View]])

    # ---- memory --------------------------------------------------------------------------------
    def name(self) -> str:
        """A name that nothing has."""
        return f"{self.prefix}{next(self._names)}"

    def buffer(self, aval: Aval, made: int, strides: Index | None = None) -> View:
        """Set aside memory for an array."""
        steps = padded(aval.shape) if strides is None else strides
        count = 1 + sum((n - 1) * s for n, s in zip(aval.shape, steps, strict=True))
        count = -(-count // PAD) * PAD
        new = Buffer(self.name(), aval.dtype, count, made)
        self.buffers.append(new)
        if sum(each.nbytes for each in self.buffers) > MOST_BYTES:
            raise Unsupported("too much memory")
        return View(new, aval.shape, steps)

    def view(self, operand: Operand) -> View:
        """The numbers of an operand in memory; a value not stored yet will be."""
        if isinstance(operand, View):
            return operand
        if isinstance(operand, str):
            raise Unsupported("a constant where an array is wanted")
        if operand.view is None:
            operand.view = self.buffer(operand.aval, operand.nest.number)
            operand.nest.stores.append(operand)
        return operand.view

    def operand(self, tensor: Tensor) -> Operand:
        """What stands for a tensor: a value made before, or a constant."""
        if tensor.key in self.values:
            return self.values[tensor.key]
        array = np.asarray(tensor.value)
        if array.dtype.name not in C_TYPES or not array.size:
            raise Unsupported(f"a constant of {array.dtype.name}, {array.size} elements")
        first = array.ravel()[0]
        if bool(np.all(array == first)) or (array.size == 1):
            return literal(first.item(), array.dtype)
        return self._constant(array)

    def _constant(self, array: Any) -> View:
        if id(array) in self._kept:
            return self._kept[id(array)][1]
        uniform = [
            n > 1 and bool((array == array.take([0], axis)).all())
            for axis, n in enumerate(array.shape)
        ]
        core = array[tuple(slice(1) if flat else slice(None) for flat in uniform)]
        if core.size > MOST_CONSTANT:
            raise Unsupported("a large constant")
        name = self.name()
        numbers = ", ".join(literal(x.item(), array.dtype) for x in core.ravel())
        kind = C_TYPES[array.dtype.name]
        room = -(-core.size // PAD) * PAD  # a product's tiles read whole vectors
        self.constants.append(f"static _Alignas(LINE) const {kind} {name}[{room}] = {{{numbers}}};")
        steps = contiguous(core.shape)
        strides = tuple(0 if flat else s for flat, s in zip(uniform, steps, strict=True))
        view = View(Buffer(name, array.dtype, core.size), array.shape, strides)
        self._kept[id(array)] = (array, view)  # the array is kept, so that its id stays its own
        return view

    # ---- nests ---------------------------------------------------------------------------------
    def nest(self, shape: Index, kind: Literal["elementwise", "product", "reduction"]) -> Nest:
        """Begin a nest after all others."""
        if len(self.nests) >= MOST_NESTS:
            raise Unsupported("too many loops")
        new = Nest(len(self.nests), shape, kind, [[] for _ in range(len(shape) + 1)])
        self.nests.append(new)
        return new

    def _ready(self, operand: Operand, shape: Index) -> int:
        """Number of the first nest in which an operand can be read."""
        if isinstance(operand, str):
            return 0
        if isinstance(operand, Made):
            return operand.nest.number + (operand.nest.shape != shape)
        return operand.buffer.made + 1

    def _may_join(self, nest: Nest, operands: Sequence[Operand]) -> bool:
        """Whether a nest may read these: a product's tiles reach into the rows' padding."""
        if nest.kind == "elementwise":
            return True
        if nest.kind == "reduction":
            return False
        return all(
            not isinstance(each, View)
            or (each.strides in (padded(nest.shape), (0, 1)) and not each.offset)
            or each.strides[1] == 0
            for each in operands
        )

    def joined(self, shape: Index, operands: Sequence[Operand]) -> Nest:
        """The nest in which something elementwise can be computed, a new one if need be."""
        first = max((self._ready(each, shape) for each in operands), default=0)
        for nest in self.nests[first:]:
            if nest.shape == shape and self._may_join(nest, operands):
                return nest
        return self.nest(shape, "elementwise")

    def read(self, nest: Nest, operand: Operand) -> str:
        """The name of an operand's number at a nest's index."""
        if isinstance(operand, str):
            return operand
        if isinstance(operand, Made):
            if operand.nest is nest:
                return operand.local
            operand = self.view(operand)
        key = (operand.buffer.name, operand.offset, operand.strides)
        if key not in nest.locals:
            level = max((a + 1 for a, stride in enumerate(operand.strides) if stride), default=0)
            local = self.name()
            text = operand.at([f"i{a}" for a in range(len(nest.shape))])
            kind = C_TYPES[operand.buffer.dtype.name]
            nest.levels[level].append(f"const {kind} {local} = {text};")
            nest.locals[key] = local
            nest.reads.add(operand.buffer.name)
        return nest.locals[key]

    def compute(
        self, aval: Aval, operands: Sequence[Operand], expression: Callable[..., str]
    ) -> Made:
        """Compute something elementwise."""
        nest = self.joined(aval.shape, operands)
        texts = [self.read(nest, each) for each in operands]
        made = Made(nest, self.name(), aval)
        # a level that is read late is declared early: nothing declared depends on a statement
        kind = "int" if aval.dtype.kind == "b" else C_TYPES[aval.dtype.name]  # as wide as a float
        nest.lines.append(f"const {kind} {made.local} = {expression(*texts)};")
        return made

    # ---- equations -----------------------------------------------------------------------------
    def write(self, equation: Equation) -> Operand:
        """Write one equation; return its output."""
        name, params = equation.op.name, equation.params
        (aval,) = out_avals(equation)
        operands = [self.operand(t) for t in equation.inputs]
        if aval.dtype.name not in C_TYPES or not aval.size:
            raise Unsupported(f"{aval!r}")
        if name in EXPRESSIONS:
            dtype = equation.inputs[-1].dtype if aval.dtype.kind == "b" else aval.dtype
            template = EXPRESSIONS[name]
            return self.compute(aval, operands, lambda *x: template(dtype, *x))
        if isinstance(operands[0], str) and name in ("broadcast_to", "reshape", "permute_dims"):
            return operands[0]
        match name:
            case "astype":
                return self.compute(aval, operands, cast(equation.inputs[0].dtype, aval.dtype))
            case "broadcast_to":
                return stretched(self.view(operands[0]), aval.shape)
            case "permute_dims":
                x, axes = self.view(operands[0]), params["axes"]
                strides = tuple(x.strides[a] for a in axes)
                return View(x.buffer, aval.shape, strides, x.offset)
            case "slice":
                x = self.view(operands[0])
                return sliced(x, aval.shape, params["starts"], params["steps"])
            case "random_bits":
                return self._random_bits(self.view(operands[0]), aval, params.get("stream", 0))
            case "softmax":
                return self._softmax(operands[0], aval, params["axis"])
            case "reshape":
                return self._reshape(operands[0], aval)
            case "sum" | "max" | "min" | "argmax" | "any" | "all":
                axis = params["axis"]
                return self._reduce(
                    name, self.view(operands[0]), aval, axis if isinstance(axis, tuple) else (axis,)
                )
            case "matmul":
                return self._matmul(self.view(operands[0]), self.view(operands[1]), aval)
            case _:
                raise Unsupported(f"op {name}: {WITHOUT_C.get(name, 'not written yet')}")

    def copied(self, view: View, strides: Index) -> View:
        """A copy with strides of its own."""
        aval = Aval(view.shape, view.buffer.dtype)
        nest = self.nest(view.shape, "elementwise")
        made = Made(nest, self.read(nest, view), aval)
        made.view = self.buffer(aval, nest.number, strides)
        nest.stores.append(made)
        return made.view

    def _reshape(self, operand: Operand, aval: Aval) -> View:
        view = self.view(operand)
        strides = reshaped(view.shape, view.strides, aval.shape)
        if strides is None:
            view = self.copied(view, contiguous(view.shape))
            strides = contiguous(aval.shape)
        return View(view.buffer, aval.shape, strides, view.offset)

    def _random_bits(self, key: View, aval: Aval, stream: int) -> Made:
        words = [
            View(key.buffer, aval.shape, (0,) * aval.ndim, key.offset + i * key.strides[0])
            for i in (0, 1)
        ]
        steps = contiguous(aval.shape)
        place = " + ".join(f"i{a} * {step}" for a, step in enumerate(steps)) or "0"
        half = (aval.size + 1) // 2
        rest = f"{place}, {half}, {stream}"
        return self.compute(aval, words, lambda x, y: f"nissl_bits({x}, {y}, {rest})")

    def _softmax(self, x: Operand, aval: Aval, axis: int) -> Made:
        axis %= aval.ndim
        short = Aval(tuple(n for a, n in enumerate(aval.shape) if a != axis), aval.dtype)

        def along(name: str, values: Operand) -> View:
            total = self._reduce(name, self.view(values), short, (axis,))
            strides = list(total.strides)
            strides.insert(axis, 0)
            return View(total.buffer, aval.shape, tuple(strides))

        write = {name: EXPRESSIONS[name] for name in ("subtract", "exp", "divide")}
        dtype = aval.dtype
        largest = along("max", x)
        lower = self.compute(aval, [x, largest], lambda a, b: write["subtract"](dtype, a, b))
        powers = self.compute(aval, [lower], lambda a: write["exp"](dtype, a))
        total = along("sum", powers)
        return self.compute(aval, [powers, total], lambda a, b: write["divide"](dtype, a, b))

    def _reduce(self, name: str, view: View, aval: Aval, axis: Index) -> View:
        nest = self.nest(view.shape, "reduction")
        result = self.buffer(aval, nest.number)
        nest.reads.add(view.buffer.name)
        made = Made(nest, "", aval, result)
        nest.stores.append(made)
        nest.lines += reduction(name, view, result, axis)
        return result

    def _matmul(self, x: View, y: View, aval: Aval) -> Made:
        if x.buffer.dtype.name not in SUFFIX or len(x.shape) != 2:
            raise Unsupported("a product of this form")
        inner = x.shape[1]
        swapped = y.strides[0] == 1 and y.strides[1] != 1 and not is_rows(y)
        if swapped:  # (y.T @ x.T).T: only the smaller x has to be turned
            a, b = turned(y), turned(x)
        else:
            a, b = x, y
        if not is_rows(b):
            b = self.copied(b, padded(b.shape))
        if b.shape[1] > MOST_COLUMNS:
            raise Unsupported("a wide product")
        nest = self.nest(aval.shape, "product")
        local = self.name()
        nest.product = Product(a, b, inner, swapped, local)
        nest.reads |= {a.buffer.name, b.buffer.name}
        return Made(nest, local, aval)


def program_to_arrays(program: Program, inputs: Sequence[View], prefix: str) -> Arrays:
    """Turn the equations of a program into nests.

    Args:
        program: what to write; one output an equation.
        inputs: for each input, where its numbers lie.
        prefix: what names in the C text begin with.
    """
    made = Arrays(prefix)
    for tensor, view in zip(program.inputs, inputs, strict=True):
        made.values[tensor.key] = view
    for equation in program.equations:
        if len(equation.avals) != 1:
            raise Unsupported(f"op {equation.op.name}, of several outputs")
        made.values[equation.keys[0]] = made.write(equation)
    return made
