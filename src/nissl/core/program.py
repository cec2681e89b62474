"""Program: the equations behind some outputs, in order; built by tracing, checked, printed, run."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl import arguments
from nissl.core import tree
from nissl.core.op import apply
from nissl.core.tensor import Array, Aval, Equation, Key, Tensor
from nissl.errors import DTypeError, GraphError, NisslError, ProgramError, ShapeError


def equations_behind(outputs: Iterable[Tensor], since: int = 0) -> list[Equation]:
    """Return every equation that ``outputs`` depend on, oldest first, without recursion.

    Args:
        outputs: where to start.
        since: leave out equations with a smaller serial, and what is behind them.
    """
    found: set[Equation] = set()
    waiting: list[Equation] = []
    for t in outputs:
        if t.equation is not None and t.equation.serial >= since:
            found.add(t.equation)
            waiting.append(t.equation)
    while waiting:
        for t in waiting.pop().inputs:
            made = t.equation
            if made is not None and made not in found and made.serial >= since:
                found.add(made)
                waiting.append(made)
    return sorted(found, key=operator.attrgetter("serial"))


@dataclass(frozen=True, eq=False)
class Program:
    """A function as data: inputs, equations in an order in which they can be run, and outputs.

    Make one with :func:`trace`. A program is immutable; passes return new ones.

    Attributes:
        inputs: abstract tensors that stand for the arguments.
        outputs: the tensors to be computed.
        equations: every equation needed, each after those that it depends on.
        name: what the program is called when printed.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    equations: tuple[Equation, ...]
    name: str = "program"

    def __copy__(self) -> Program:
        return self  # it never changes

    def __deepcopy__(self, memo: Any) -> Program:
        return self

    def __reduce__(self) -> Any:
        raise GraphError(
            f"program {self.name!r} cannot be pickled, for its ops hold functions; pickle the "
            "function that it was traced from, and trace it again"
        )

    @property
    def in_avals(self) -> tuple[Aval, ...]:
        """Shape and dtype of each input."""
        return tuple(t.aval for t in self.inputs)

    @property
    def out_avals(self) -> tuple[Aval, ...]:
        """Shape and dtype of each output."""
        return tuple(t.aval for t in self.outputs)

    @property
    def constants(self) -> tuple[Tensor, ...]:
        """The concrete tensors that the program uses, in order of first use."""
        made = {id(equation) for equation in self.equations}
        given = {t.key for t in self.inputs}
        found: dict[Key, Tensor] = {}
        for t in (*(t for equation in self.equations for t in equation.inputs), *self.outputs):
            if t.value is not None and id(t.equation) not in made and t.key not in given:
                found.setdefault(t.key, t)
        return tuple(found.values())

    def flops(self) -> int:
        """Count floating-point operations of one run, one an element where an op does not say."""
        total = 0
        for equation in self.equations:
            if equation.op.flops is None:
                total += sum(aval.size for aval in out_avals(equation))
            else:
                avals = (t.aval for t in equation.inputs)
                total += equation.op.flops(*avals, **equation.params)
        return total

    def run(
        self,
        engine: str,
        xp: Any,
        arguments: Sequence[Array],
        watch: Callable[[Equation, Sequence[Array], tuple[Array, ...]], None] | None = None,
    ) -> list[Array]:
        """Compute the outputs from raw arrays of namespace ``xp``, in the manner of ``engine``.

        ``watch``, if given, is called after each equation with its input and output values.
        """
        if len(arguments) != len(self.inputs):
            raise _wrong_count(self, len(arguments))
        values: dict[Key, Array] = {}
        for placeholder, value in zip(self.inputs, arguments, strict=True):
            values[placeholder.key] = value
        for equation in self.equations:
            given = [_read(t, values) for t in equation.inputs]
            result = equation.op.run(engine, xp, given, equation.params)
            results = result if isinstance(result, tuple) else (result,)
            if watch is not None:
                watch(equation, given, results)
            values.update(zip(equation.keys, results, strict=True))
        return [_read(t, values) for t in self.outputs]

    def __call__(self, *arguments: Any) -> list[Tensor]:
        """Apply the program to tensors, equation by equation: eager, or traced into another."""
        from nissl.core.functions import asarray

        if len(arguments) != len(self.inputs):
            raise _wrong_count(self, len(arguments))
        return inline(
            self,
            [
                asarray(a) if hasattr(a, "dtype") else asarray(a, place.dtype)
                for a, place in zip(arguments, self.inputs, strict=True)
            ],
        )

    def __str__(self) -> str:
        return show(self)


def _wrong_count(program: Program, given: int) -> ProgramError:
    return ProgramError(
        f"{program.name} takes {len(program.inputs)} arguments, and {given} were given"
    )


def out_avals(equation: Equation) -> tuple[Aval, ...]:
    """Avals of an equation's outputs, also when it was run eagerly."""
    return tuple(t.aval for t in equation.outputs)


def _read(tensor: Tensor, values: dict[Key, Array]) -> Array:
    value = values.get(tensor.key)
    if value is None:
        if tensor.value is None:
            raise ProgramError(f"{tensor!r} was used before it was computed")
        return tensor.value
    return value


def build(inputs: Sequence[Tensor], outputs: Sequence[Tensor], name: str = "program") -> Program:
    """Collect the equations between ``inputs`` and ``outputs`` into a checked program.

    What does not depend on an input and has a value becomes a constant.
    """
    given = {t.key for t in inputs}
    moving = set(given)  # keys of all that depends on an input, or has no value of its own
    kept: list[Equation] = []
    for equation in equations_behind(outputs):
        keys = equation.keys
        if any(key in given for key in keys):
            continue
        abstract = equation.values[0] is None
        if abstract or any(t.key in moving for t in equation.inputs):
            kept.append(equation)
            moving.update(keys)
    program = Program(tuple(inputs), tuple(outputs), tuple(kept), name)
    check(program)
    return program


def placeholder(aval: Aval, name: str = "") -> Tensor:
    """Return the promise of a value, to be passed to a function that is to be traced."""
    return Tensor(None, aval=aval, name=name)


def trace(function: Callable[..., Any], *examples: Any, name: str = "") -> Program:
    """Call ``function`` on abstract tensors and return the program that it is.

    Args:
        function: any function of tensors; containers of tensors are taken and returned.
        examples: for each argument an array, a tensor or an :class:`Aval`, or containers of them.
        name: name of the program; the function's by default.

    >>> import nissl
    >>> print(nissl.trace(lambda x, y: x * y + nissl.sin(y), 1.0, 2.0, name="f"))
    f(v1: float32[], v2: float32[])
      v3 = v1 * v2   : float32[]
      v4 = sin(v2)   : float32[]
      v5 = v3 + v4   : float32[]
    return v5
    """
    arguments.function("trace", "function", function)
    inputs, outputs, _ = call_abstractly(function, examples)
    return build(inputs, outputs, name or getattr(function, "__name__", "program"))


def call_abstractly(
    function: Callable[..., Any], examples: Sequence[Any]
) -> tuple[list[Tensor], list[Tensor], tree.Structure]:
    """Call a function on abstract tensors; return them, the leaves of its result, its nesting."""
    from nissl.core.functions import asarray

    leaves, structure = tree.flatten(examples)
    inputs = [placeholder(x if isinstance(x, Aval) else asarray(x).aval) for x in leaves]
    results, nesting = tree.flatten(function(*tree.unflatten(structure, inputs)))
    return inputs, [asarray(leaf) for leaf in results], nesting


def inline(program: Program, arguments: Sequence[Tensor]) -> list[Tensor]:
    """Apply every equation of ``program`` to ``arguments``."""
    env: dict[Key, Tensor] = {}
    if len(arguments) != len(program.inputs):
        raise _wrong_count(program, len(arguments))
    for place, argument in zip(program.inputs, arguments, strict=True):
        if place.aval.shape != argument.shape:
            raise ShapeError(
                f"{program.name}: an argument of shape {argument.shape} where shape "
                f"{place.aval.shape} is wanted"
            )
        if place.dtype != argument.dtype:
            raise DTypeError(
                f"{program.name}: an argument of {argument.dtype.name} where {place.dtype.name} is "
                "wanted"
            )
        env[place.key] = argument
    for equation in program.equations:
        result = apply(equation.op, [env.get(t.key, t) for t in equation.inputs], equation.params)
        results = result if isinstance(result, tuple) else (result,)
        env.update(zip(equation.keys, results, strict=True))
    return [env.get(t.key, t) for t in program.outputs]


def check(program: Program) -> None:
    """Raise :class:`~nissl.errors.ProgramError` unless the program keeps every rule.

    Each tensor used is an input, a constant, or an output of an earlier equation, and each
    equation's outputs have the shapes and dtypes that its op infers.
    """
    known = {t.key for t in program.inputs}
    if len(known) != len(program.inputs):
        raise ProgramError(f"{program.name}: the same tensor is given as two inputs")
    for number, equation in enumerate(program.equations, 1):
        where = f"{program.name}, equation {number} ({equation.op.name})"
        for t in equation.inputs:
            if t.key not in known and t.value is None:
                raise ProgramError(
                    f"{where}: input {t!r} is neither an input of the program nor computed before. "
                    "A tensor made inside one trace cannot be used in another."
                )
        try:
            inferred = equation.op.infer(*(t.aval for t in equation.inputs), **equation.params)
        except NisslError as error:
            raise ProgramError(f"{where}: {error}") from error
        wanted = (inferred,) if isinstance(inferred, Aval) else tuple(inferred)
        if wanted != out_avals(equation):
            raise ProgramError(
                f"{where}: outputs are {out_avals(equation)}, but the op's rule gives {wanted}"
            )
        known.update(equation.keys)
    for t in program.outputs:
        if t.key not in known and t.value is None:
            raise ProgramError(f"{program.name}: output {t!r} is not computed by any equation")


def _literal(value: Array) -> str:
    array = np.asarray(value)
    if array.ndim == 0:
        return format(array.item(), ".6g") if array.dtype.kind != "b" else str(bool(array))
    return f"constant {Aval(array.shape, array.dtype)!r}"


def _parameter(value: Any) -> str:
    return value.name if isinstance(value, np.dtype | Program) else str(value)


def show(program: Program, indent: str = "") -> str:
    """Print a program as an evaluation trace: v1, v2, ... in order, each with its formula."""
    names: dict[Key, str] = {}
    for t in program.inputs:
        names[t.key] = f"v{len(names) + 1}"
    header = ", ".join(f"{names[t.key]}: {t.aval!r}" for t in program.inputs)
    rows: list[tuple[str, str]] = []
    bodies: list[list[str]] = []
    for equation in program.equations:
        arguments = [
            names[t.key] if t.key in names else _literal(t.concrete()) for t in equation.inputs
        ]
        params = [f"{key}={_parameter(value)}" for key, value in equation.params.items()]
        text = equation.op.text
        formula = text.format(*arguments) if text else f"{equation.op.name}({', '.join(arguments)})"
        if params:
            joined = ", ".join(params)
            formula = f"{formula} [{joined}]" if text else f"{formula[:-1]}, {joined})"
        outputs: list[str] = []
        for key in equation.keys:
            names[key] = f"v{len(names) + 1}"
            outputs.append(names[key])
        avals = ", ".join(repr(aval) for aval in out_avals(equation))
        rows.append((f"{', '.join(outputs)} = {formula}", avals))
        nested = [value for value in equation.params.values() if isinstance(value, Program)]
        bodies.append([show(body, indent + "    ") for body in nested])
    width = max((len(left) for left, _ in rows), default=0)
    lines = [f"{indent}{program.name}({header})"]
    for (left, right), nested in zip(rows, bodies, strict=True):
        lines.append(f"{indent}  {left:<{width}}   : {right}")
        lines.extend(nested)
    results = ", ".join(
        names[t.key] if t.key in names else _literal(t.concrete()) for t in program.outputs
    )
    return "\n".join([*lines, f"{indent}return {results}"])
