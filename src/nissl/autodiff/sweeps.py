"""The two sweeps over a graph: tangents are pushed along its equations, cotangents pulled back."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from nissl.core import bare, functions
from nissl.core.tensor import Equation, Key, Tensor
from nissl.core.thread import thread

TRACKED: Any = operator.attrgetter("tracked")
_VALUE = operator.attrgetter("value")


class BareEquation:
    """An equation as rules see it, with arrays in place of tensors."""

    __slots__ = ("inputs", "op", "outputs", "params")

    def __init__(self, equation: Equation) -> None:
        self.op = equation.op
        self.params = equation.params
        self.inputs = list(map(_VALUE, equation.inputs))
        self.outputs = equation.values


def push_through(equations: Sequence[Equation], tangents: dict[Key, Tensor | None]) -> None:
    """Push tangents through equations, oldest first.

    Args:
        equations: oldest first.
        tangents: by tensor; those of the equations' outputs are added. ``None`` is zero.
    """
    for equation in equations:
        given = [tangents.get(t.key) for t in equation.inputs]
        if any(each is not None for each in given):
            pushed = equation.op.kind.jvp(functions, equation, given)
            tangents.update(zip(equation.keys, pushed, strict=True))


def pull_through(
    equations: Sequence[Equation],
    cotangents: dict[Key, Any],
    useful: Callable[[Tensor], bool] = TRACKED,
    *,
    on_arrays: bool = False,
    keep: bool = False,
) -> list[Tensor]:
    """Pull cotangents back through equations, newest first.

    Args:
        equations: oldest first.
        cotangents: by tensor; changed in place.
        useful: whether a tensor's cotangent is wanted, for itself or for what is behind it; those
            of all tracked tensors are by default.
        on_arrays: whether cotangents are bare arrays, and rules run on bare arrays where they can:
            quicker, and without a graph of the derivative. The equations have values then.
        keep: whether the cotangents of what equations compute are kept too.

    Returns:
        The leaves that were reached, each once, in the order in which they were.
    """
    leaves: dict[Key, Tensor] = {}
    take = cotangents.get if keep else cotangents.pop
    add = bare.add if on_arrays else functions.add
    scope = thread.scope
    try:
        for equation in reversed(equations):
            number = id(equation)
            cotangent = take(number, None)
            if len(equation.avals) == 1:
                if cotangent is None:
                    continue
                given = [cotangent]
            else:
                given = [cotangent, *(take(key, None) for key in equation.keys[1:])]
                if all(each is None for each in given):
                    continue
            inputs, kind = equation.inputs, equation.op.kind
            value: Any = equation.values[0]
            needed = list(map(useful, inputs))
            if not on_arrays:
                thread.scope = f"gradient of {equation.scope}" if equation.scope else scope
                pulled = kind.vjp(functions, equation, given, needed)
            elif kind.on_arrays and value.dtype.kind != "V":
                plain: Any = BareEquation(equation)
                pulled = kind.vjp(bare, plain, given, needed)
            else:  # bfloat16 too is left to tensors: NumPy would widen it beside a Python number
                wrapped = [None if each is None else Tensor(each) for each in given]
                pulled = kind.vjp(functions, equation, wrapped, needed)
            for t, each, wanted in zip(inputs, pulled, needed, strict=True):
                if wanted and each is not None:
                    made = t.equation
                    if made is None:
                        key: Key = id(t)
                        leaves[key] = t
                    else:
                        key = (id(made), t.index) if t.index else id(made)
                    term = each.value if on_arrays and type(each) is Tensor else each
                    before = cotangents.get(key)
                    cotangents[key] = term if before is None else add(before, term)
    finally:
        thread.scope = scope
    return list(leaves.values())
