"""A function run once and looked at: the values v_1, v_2, ... that it goes through, in order.

The function is called on values, with the graph kept, so that its own control flow takes the way
that it takes at this point. The graph becomes a program, which is simplified and run again, and
derivatives are pushed and pulled through it by the rules that train networks.
"""

from __future__ import annotations

import functools
import inspect
import math
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl.autodiff.sweeps import pull_through, push_through
from nissl.core import dtypes, passes, tree
from nissl.core.functions import asarray
from nissl.core.op import apply, no_grad, quiet
from nissl.core.program import Program, build, trace
from nissl.core.tensor import Array, Equation, Key, Tensor
from nissl.core.thread import thread
from nissl.errors import ArgumentError, ArgumentTypeError
from nissl.explain.expressions.expression import Expression
from nissl.explain.expressions.mathematics import Term, is_move, name_term

__all__ = ["Line", "Recording", "record", "recording"]


@dataclass(frozen=True, eq=False)
class Line:
    """One value that a function goes through.

    Attributes:
        number: its place, from 1.
        tensor: the value.
        name: of an input, its name.
        equations: what computes it from earlier values: first what only moves numbers (stretches,
            reshapes, casts them), and the operation itself last; of a typed line, all of it;
            nothing for an input.
        scope: path of the layer that computed it.
        label: what it is called: ``v1``, ``v2``, ... or the name that was typed.
    """

    number: int
    tensor: Tensor
    name: str = ""
    equations: tuple[Equation, ...] = ()
    scope: str = ""
    label: str = ""

    @property
    def value(self) -> np.ndarray[Any, Any]:
        """The value as an array."""
        return self.tensor.numpy()

    def symbol(self, accent: str = "") -> Term:
        """Return the name of the value; of its tangent with ``"dot"``, its adjoint ``"bar"``."""
        return name_term(self.label, accent)

    @property
    def is_smooth(self) -> bool:
        """Whether there are derivatives of it, and by it."""
        return dtypes.is_floating(self.tensor.dtype)


@dataclass(frozen=True, eq=False)
class Recording:
    """A function at a point.

    Attributes:
        lines: the inputs, then each value in the order in which it was computed.
        outputs: what the function returned, with a name for each.
        program: the same without values.
        equations: all of it, with values, in order.
    """

    lines: tuple[Line, ...]
    outputs: tuple[tuple[str, Tensor], ...]
    program: Program
    equations: tuple[Equation, ...]

    @property
    def inputs(self) -> tuple[Line, ...]:
        """The lines of the inputs."""
        return self.lines[: len(self.program.inputs)]

    def line_of(self, tensor: Tensor) -> Line | None:
        """Return the line of a value; ``None`` for a constant."""
        return self.by_key.get(tensor.key)

    @functools.cached_property
    def by_key(self) -> dict[Key, Line]:
        """The lines by the identity of their tensors."""
        return {line.tensor.key: line for line in self.lines}

    @property
    def itemsize(self) -> int:
        """Bytes of a number in the least precise dtype used."""
        return min(line.value.dtype.itemsize for line in self.lines if line.is_smooth)

    def tangents(self, place: int, direction: Array) -> list[Array | None]:
        """Return the tangent of each line, from that of one input, in one forward sweep."""
        found: dict[Key, Tensor | None] = {
            line.tensor.key: Tensor(np.zeros_like(line.value)) if line.is_smooth else None
            for line in self.inputs
        }
        found[self.inputs[place].tensor.key] = Tensor(np.asarray(direction))
        with quiet(), no_grad():
            push_through(self.equations, found)
        return self._each(found)

    def adjoints(self, place: int, weight: Array) -> list[Array | None]:
        """Return the adjoint of each line, from that of one output, in one reverse sweep."""
        found: dict[Key, Tensor | None] = {self.outputs[place][1].key: Tensor(np.asarray(weight))}
        with quiet(), no_grad():
            pull_through(self.equations, found, keep=True)
        return self._each(found)

    def _each(self, found: Mapping[Key, Tensor | None]) -> list[Array | None]:
        """What was found for each line; zeros where nothing was, ``None`` where nothing can be."""
        return [self._zeros_or(found.get(line.tensor.key), line) for line in self.lines]

    def _zeros_or(self, found: Tensor | None, line: Line) -> Array | None:
        if not line.is_smooth:
            return None
        return np.zeros_like(line.value) if found is None else found.numpy()


# ---- calling ---------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Call:
    """A function with its arguments, of which the tensors are told apart from the settings.

    Attributes:
        function: what is called.
        names: of each tensor among the arguments.
        values: their values.
        fill: puts tensors in the places of those values, and calls the function, or another that
            takes the same.
    """

    function: Callable[..., Any]
    names: tuple[str, ...]
    values: tuple[Array, ...]
    fill: Callable[..., Any]


def _is_tensor(leaf: Any) -> bool:
    """Whether an argument is a number or an array, and no setting such as a text or a function."""
    if isinstance(leaf, Tensor) or hasattr(leaf, "__nissl_tensor__"):
        return True
    plain = isinstance(leaf, int | float) or hasattr(leaf, "__array__")
    return plain and not (isinstance(leaf, bool | str | bytes) or callable(leaf))


def arguments(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Call:
    """Sort the arguments of a call: Python's numbers are taken in float64, arrays as they are."""
    if not callable(function):
        raise ArgumentTypeError(
            f"what is traced is a function of tensors, not {type(function).__name__} {function!r}"
        )
    named = _named(function, args, kwargs)
    leaves, structure = tree.flatten((tuple(args), dict(kwargs)))
    labels = [label for name, value in named for label in _labels(name, value)]
    places = [i for i, leaf in enumerate(leaves) if _is_tensor(leaf)]
    values = [_value(leaves[i]) for i in places]

    def fill(tensors: Sequence[Any], called: Callable[..., Any] = function) -> Any:
        filled = list(leaves)
        for i, tensor in zip(places, tensors, strict=True):
            filled[i] = tensor
        given, options = tree.unflatten(structure, filled)
        return called(*given, **options)

    return Call(function, tuple(labels[i] for i in places), tuple(values), fill)


def _value(leaf: Any) -> Array:
    if isinstance(leaf, int | float):
        return np.asarray(leaf, np.float64)
    return asarray(leaf).concrete("a value at which to trace")


def _named(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> list[tuple[str, Any]]:
    """Each argument with its name, as the function calls it where it says so."""
    try:
        known = inspect.signature(function).bind_partial(*args)
    except (TypeError, ValueError):  # a builtin says nothing of its arguments
        return [*((f"x{i}", x) for i, x in enumerate(args, 1)), *kwargs.items()]
    named: list[tuple[str, Any]] = []
    for name, value in known.arguments.items():
        if known.signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
            named += [(f"{name}{i}", x) for i, x in enumerate(value, 1)]
        else:
            named.append((name, value))
    return [*named, *kwargs.items()]


def _labels(name: str, value: Any) -> Iterator[str]:
    """A name for each leaf of an argument, such as ``weights[0]`` or ``state.mean``."""
    if value is None:
        return
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _labels(f"{name}.{key}", child)
    elif isinstance(value, list | tuple):
        for place, child in enumerate(value):
            yield from _labels(f"{name}[{place}]", child)
    else:
        yield name


# ---- recording -------------------------------------------------------------------------------
@contextmanager
def recording() -> Generator[None]:
    """Keep the graph of what is computed within, quietly."""
    outer = thread.recording, thread.frozen, thread.scope
    thread.recording, thread.frozen = True, False
    try:
        with quiet():
            yield
    finally:
        thread.recording, thread.frozen, thread.scope = outer


def record(call: Call, *, share: bool = True) -> Recording:
    """Call a function and keep every value that it goes through.

    Args:
        call: the function and its arguments.
        share: whether what is computed twice from the same is shown once.

    Raises:
        ArgumentError: no argument is a floating number or array, or the function returns nothing.
    """
    if not any(dtypes.is_floating(value.dtype) for value in call.values):
        raise ArgumentError(
            "trace needs a number or a floating array among the arguments, to differentiate by"
        )
    with recording():
        given = [Tensor(value, requires_grad=True) for value in call.values]
        typed = call.function if isinstance(call.function, Expression) else None
        statements = typed.statements if typed and len(typed.statements) > 1 else ()
        named = call.fill(given, typed.values) if typed and statements else []
        leaves, structure = tree.flatten(named[-1] if named else call.fill(given))
        if not leaves:
            raise ArgumentError("the function returned nothing; it must return a tensor or several")
        name = getattr(call.function, "__name__", "f")
        name = name if name.isidentifier() else "f"
        program = build(given, [*map(asarray, leaves), *named], name)
        opened = trace(functools.partial(_applied, program), *program.in_avals, name=name)
        chosen = [each for each in passes.STANDARD if (share and not named) or each is not _SHARE]
        inputs = [Tensor(x, requires_grad=True) for x in call.values]
        results = _applied(passes.simplify(opened, tuple(chosen)), *inputs)
        outputs = results[: len(leaves)]
        equations = build(inputs, results).equations
        program = build(inputs, outputs, name)
    places = _labels("", tree.unflatten(structure, list(range(len(leaves)))))
    labels: dict[Key, str] = {}
    for statement, t in zip(statements, results[len(leaves) :], strict=True):
        labels.setdefault(t.key, statement.name)
    return Recording(
        _lines(inputs, call.names, equations, outputs, labels),
        tuple((f"f{place}", t) for place, t in zip(places, outputs, strict=False)),
        program,
        equations,
    )


_SHARE = passes.share_common_subexpressions


def _applied(program: Program, *given: Tensor, scope: str | None = None) -> list[Tensor]:
    """Apply a program, with the bodies of compiled functions in place of their calls."""
    env: dict[Key, Tensor] = {t.key: x for t, x in zip(program.inputs, given, strict=True)}
    for equation in program.equations:
        inputs = [env.get(t.key, t) for t in equation.inputs]
        thread.scope = equation.scope if scope is None else scope
        if equation.op.name == "call":
            result: Any = _applied(equation.params["body"], *inputs, scope=thread.scope)
        else:
            result = apply(equation.op, inputs, equation.params)
        results = result if isinstance(result, list | tuple) else (result,)
        env.update(zip(equation.keys, results, strict=True))
    return [env.get(t.key, t) for t in program.outputs]


def _lines(
    inputs: Sequence[Tensor],
    names: Sequence[str],
    equations: Sequence[Equation],
    outputs: Sequence[Tensor],
    labels: Mapping[Key, str],
) -> tuple[Line, ...]:
    """Number the values; what only moves numbers becomes a part of the lines that use them.

    Of typed lines, to which ``labels`` gives their names, all steps on the way become such a part.
    """
    kept = {t.key for t in outputs}
    lines = [
        Line(number, t, name, label=label)
        for number, (t, name, label) in enumerate(
            zip(inputs, names, _input_labels(inputs, names, labels), strict=True), 1
        )
    ]
    moves: dict[Key, tuple[Equation, ...]] = {}  # how a moved value comes from a numbered one
    for equation in equations:
        before = {each.serial: each for t in equation.inputs for each in moves.get(t.key, ())}
        whole = (*(before[serial] for serial in sorted(before)), equation)
        outs = equation.outputs
        smooth = all(dtypes.is_floating(t.dtype) for t in (*equation.inputs, *outs))
        part = outs[0].key not in labels if labels else is_move(equation.op) and smooth
        if part and outs[0].key not in kept:
            moves[outs[0].key] = whole
            continue
        for t in outs:
            label = labels.get(t.key) or _next_label(lines)
            lines.append(Line(len(lines) + 1, t, "", whole, equation.scope, label))
    return tuple(lines)


_NUMBERED = re.compile(r"v_?(-?\d+)")


def _next_label(lines: Sequence[Line]) -> str:
    """``v8`` after ``v7``; ``f`` after what has another name."""
    last = _NUMBERED.fullmatch(lines[-1].label) if lines else None
    return f"v{int(last[1]) + 1}" if last else "f"


def _input_labels(
    inputs: Sequence[Tensor], names: Sequence[str], labels: Mapping[Key, str]
) -> list[str]:
    """What inputs are called: ``v1``, ...; before typed lines, what leaves those their numbers.

    Inputs before a typed ``v1`` are ``v-1`` and ``v0``, as Griewank and Walther number them; among
    lines of other names they keep their own.
    """
    own = {t.key for t in inputs}
    typed = [_NUMBERED.fullmatch(name) for key, name in labels.items() if name and key not in own]
    first = min((int(found[1]) for found in typed if found), default=math.inf)
    start = 1 if first > len(inputs) else int(first) - len(inputs)
    places = range(start, start + len(inputs))
    numbered = [f"v{place}" if all(typed) else "" for place in places]
    return [
        labels.get(t.key) or (name if label in ("", *labels.values()) else label)
        for t, name, label in zip(inputs, names, numbered, strict=True)
    ]
