"""Passes: programs in, equal programs with less work out. Each result is checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from nissl.core.op import apply
from nissl.core.program import Program, check, equations_behind, out_avals
from nissl.core.tensor import Equation, Key, Tensor

Pass: TypeAlias = Callable[[Program], Program]

FOLD_LIMIT = 4096  # elements: larger constants are cheaper to compute than to carry


def _rebuilt(equation: Equation, inputs: list[Tensor]) -> Equation:
    if all(new is old for new, old in zip(inputs, equation.inputs, strict=True)):
        return equation
    avals = out_avals(equation)
    copy = Equation(equation.op, inputs, equation.params, avals, (None,) * len(avals))
    copy.scope = equation.scope
    return copy


Replacement: TypeAlias = tuple[Tensor, ...] | Equation | None


def _rewrite(program: Program, replace: Callable[[Equation, list[Tensor]], Replacement]) -> Program:
    """Rebuild a program; ``replace`` may give other tensors, or another equation, for one."""
    env: dict[Key, Tensor] = {}
    equations: list[Equation] = []
    for equation in program.equations:
        inputs = [env.get(t.key, t) for t in equation.inputs]
        new = replace(equation, inputs) or _rebuilt(equation, inputs)
        if new is equation:
            equations.append(equation)
            continue
        if isinstance(new, Equation):
            equations.append(new)
            new = new.outputs
        env.update(zip(equation.keys, new, strict=True))
    outputs = tuple(env.get(t.key, t) for t in program.outputs)
    return Program(program.inputs, outputs, tuple(equations), program.name)


def eliminate_dead_code(program: Program) -> Program:
    """Keep only the equations that an output depends on."""
    needed = {id(equation) for equation in equations_behind(program.outputs)}
    kept = tuple(equation for equation in program.equations if id(equation) in needed)
    return Program(program.inputs, program.outputs, kept, program.name)


def _varying(program: Program) -> set[Key]:
    """Keys of the inputs and of all that is computed, which may have values from an eager run."""
    found = {t.key for t in program.inputs}
    for equation in program.equations:
        found.update(equation.keys)
    return found


def _identity_of(tensor: Tensor, varying: set[Key]) -> Any:
    """What makes two inputs the same: the node, or, for small constants, the numbers."""
    value = tensor.value
    if value is None or tensor.key in varying or np.size(value) > FOLD_LIMIT:
        return tensor.key
    array = np.asarray(value)
    return (array.dtype.name, array.shape, array.tobytes())


def likeness(program: Program) -> Any:
    """Describe what a program computes, in a form that is equal for programs that do the same.

    Two traces of one function give two programs, of tensors and equations of their own, but of
    one likeness; unless they hold a large constant, or a function, that is not the same object.

    >>> import nissl
    >>> first, second = (nissl.trace(lambda x: 2.0 * nissl.sin(x), 1.0) for _ in range(2))
    >>> first is second, likeness(first) == likeness(second)
    (False, True)
    """
    varying = _varying(program)
    places: dict[Key, Any] = {t.key: f"input {n}" for n, t in enumerate(program.inputs)}

    def place(tensor: Tensor) -> Any:
        return places.get(tensor.key) or _identity_of(tensor, varying)

    rows: list[Any] = []
    for number, equation in enumerate(program.equations):
        params = tuple(
            (name, likeness(value) if isinstance(value, Program) else value)
            for name, value in equation.params.items()
        )
        rows.append((equation.op, tuple(place(t) for t in equation.inputs), params))
        places.update((key, (number, index)) for index, key in enumerate(equation.keys))
    return program.in_avals, tuple(rows), tuple(place(t) for t in program.outputs)


def share_common_subexpressions(program: Program) -> Program:
    """Compute once what several equations compute from the same inputs."""
    seen: dict[Any, tuple[Tensor, ...]] = {}
    varying = _varying(program)

    def replace(equation: Equation, inputs: list[Tensor]) -> Replacement:
        identities = tuple(_identity_of(t, varying) for t in inputs)
        key = (equation.op, identities, tuple(equation.params.items()))
        try:
            earlier = seen.get(key)
        except TypeError:  # a parameter that cannot be hashed is never shared
            return None
        if earlier is None:
            new = _rebuilt(equation, inputs)
            seen[key] = new.outputs
            return new
        return earlier

    return _rewrite(program, replace)


def fold_constants(program: Program) -> Program:
    """Compute at once the small results that depend on constants only."""

    varying = _varying(program)

    def replace(equation: Equation, inputs: list[Tensor]) -> Replacement:
        if any(t.value is None or t.key in varying for t in inputs) or not inputs:
            return None
        if sum(aval.size for aval in out_avals(equation)) > FOLD_LIMIT:
            return None
        plain = [Tensor(t.value) for t in inputs]
        result = apply(equation.op, plain, equation.params)
        return result if isinstance(result, tuple) else (result,)

    return _rewrite(program, replace)


def drop_identities(program: Program) -> Program:
    """Remove equations that pass a tensor on as it is.

    Those that stop a gradient stay: the program may be differentiated yet.
    """

    def replace(equation: Equation, inputs: list[Tensor]) -> Replacement:
        return (inputs[0],) if equation.op.name == "identity" else None

    return _rewrite(program, replace)


def drop_gradient_stops(program: Program) -> Program:
    """Remove what only matters to differentiation, from a program that is done with it."""

    def replace(equation: Equation, inputs: list[Tensor]) -> Replacement:
        return (inputs[0],) if equation.op.name == "stop_gradient" else None

    return _rewrite(program, replace)


STANDARD: tuple[Pass, ...] = (
    drop_identities,
    fold_constants,
    share_common_subexpressions,
    eliminate_dead_code,
)
FINAL: tuple[Pass, ...] = (drop_gradient_stops, *STANDARD)


def simplify(program: Program, passes: tuple[Pass, ...] = STANDARD) -> Program:
    """Apply passes in turn, checking the program after each.

    >>> import nissl
    >>> from nissl.core.passes import simplify
    >>> p = nissl.trace(lambda x: nissl.sin(x) * nissl.sin(x), 1.0)
    >>> len(p.equations), len(simplify(p).equations)
    (3, 2)
    """
    for each in passes:
        program = each(program)
        check(program)
    return program
