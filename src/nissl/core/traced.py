"""A function that reads and assigns variables, traced into a program that has them as inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nissl.core import tree
from nissl.core.passes import Pass, simplify
from nissl.core.program import Program, build, call_abstractly
from nissl.core.variable import Capture, Variable, capture


@dataclass(frozen=True, eq=False)
class Traced:
    """A function as a program, and the variables that are inputs and outputs of it.

    Attributes:
        program: inputs are the values of ``fixed``, those of ``state``, then the arguments;
            outputs the new values of ``state``, then the results.
        fixed: variables that are only read.
        state: variables that are assigned.
        nesting: how the results were nested.
    """

    program: Program
    fixed: tuple[Variable, ...]
    state: tuple[Variable, ...]
    nesting: tree.Structure


def traced(
    work: Callable[..., Any],
    examples: Sequence[Any],
    name: str = "",
    *,
    state: Sequence[Variable] = (),
    passes: tuple[Pass, ...] = (),
) -> Traced:
    """Call ``work`` on abstract tensors, and return all that it computes.

    Args:
        work: any function of tensors; containers of tensors are taken and returned.
        examples: for each argument an array, a tensor or an Aval, or containers of them.
        name: name of the program; the function's by default.
        state: variables that are part of the state even if ``work`` does not assign them.
        passes: applied to the program.

    >>> import nissl
    >>> count = nissl.Variable(0.0, name="count")
    >>> found = traced(lambda x: count.assign_add(x), [nissl.Aval(())], "counted")
    >>> found.state, len(found.program.inputs), len(found.program.outputs)
    ((<Variable 'count' float32[]>,), 2, 1)
    """
    with capture(Capture()) as seen:
        arguments, results, nesting = call_abstractly(work, examples)
        for variable in state:
            seen.writes.setdefault(variable, variable.value)
    fixed = [variable for variable in seen.reads if variable not in seen.writes]
    given = [seen.stand_in(variable) for variable in (*fixed, *seen.writes)]
    name = name or getattr(work, "__name__", "program")
    program = build([*given, *arguments], [*seen.writes.values(), *results], name)
    return Traced(simplify(program, passes), tuple(fixed), tuple(seen.writes), nesting)
