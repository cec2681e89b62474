"""What both modes share: a function's graph between fresh inputs and its outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from nissl import arguments
from nissl.core import dtypes, tree
from nissl.core.functions import asarray
from nissl.core.op import apply
from nissl.core.ops.control import identity
from nissl.core.program import equations_behind
from nissl.core.tensor import Equation, Tensor
from nissl.core.thread import thread
from nissl.errors import ArgumentError, DTypeError


@dataclass(frozen=True, eq=False)
class Graph:
    """A function that was called on fresh inputs, so that nothing outside is confused with them.

    Attributes:
        inputs: the fresh tensors, one a leaf of the arguments.
        outputs: leaves of the result.
        structure: nesting of the result.
        equations: all that depends on an input and that an output depends on, oldest first.
        watched: whether something outside this graph is being differentiated too, so that the
            derivative must be recorded itself.
    """

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    structure: tree.Structure
    equations: tuple[Equation, ...]
    watched: bool


def _alias(leaf: Any, what: str) -> Tensor:
    x = asarray(leaf)
    if not dtypes.is_floating(x.dtype):
        raise DTypeError(
            f"{what}: only floating tensors have derivatives, not {x.dtype.name}; "
            "cast with nissl.astype(x, 'float32'), or leave the argument out of argnums"
        )
    if x.value is None:
        return apply(identity, (x,), {})
    # an equation of its own even when x is untracked, so that its serial dates the graph
    equation = Equation(identity, (x,), {}, (x.aval,), (x.value,))
    return Tensor(x.value, equation=equation)


def call(
    function: Callable[..., Any], args: Sequence[Any], argnums: Sequence[int], what: str
) -> Graph:
    """Call ``function`` with the arguments at ``argnums`` replaced by fresh tensors."""
    arguments.function(what, "function", function)
    fresh: list[Tensor] = []
    replaced = list(args)
    for place in argnums:
        if not -len(args) <= place < len(args):
            raise ArgumentError(f"{what}: argnums names argument {place} of {len(args)}")
        leaves, structure = tree.flatten(args[place])
        aliases = [_alias(leaf, what) for leaf in leaves]
        fresh.extend(aliases)
        replaced[place] = tree.unflatten(structure, aliases)
    outer = thread.recording, thread.frozen
    thread.recording, thread.frozen = True, False
    try:
        result = function(*replaced)
    finally:
        thread.recording, thread.frozen = outer
    leaves, structure = tree.flatten(result)
    outputs = tuple(asarray(leaf) for leaf in leaves)
    return between(tuple(fresh), outputs, structure)


def between(
    inputs: tuple[Tensor, ...], outputs: tuple[Tensor, ...], structure: tree.Structure
) -> Graph:
    """Find the equations that lead from ``inputs`` to ``outputs``."""
    serials = [t.equation.serial for t in inputs if t.equation is not None]
    since = min(serials) if len(serials) == len(inputs) and serials else 0
    reached = {t.key for t in inputs}
    sources = {id(t.equation) for t in inputs if t.equation is not None}
    watched = any(_outside(t) for alias in inputs for t in _behind(alias))
    equations: list[Equation] = []
    for equation in equations_behind(outputs, since):
        if id(equation) in sources:
            continue
        if any(t.key in reached for t in equation.inputs):
            equations.append(equation)
            reached.update(equation.keys)
        watched = watched or any(t.tracked and t.key not in reached for t in equation.inputs)
    watched = watched or any(t.tracked and t.key not in reached for t in outputs)
    return Graph(inputs, outputs, structure, tuple(equations), watched)


def _behind(alias: Tensor) -> Sequence[Tensor]:
    return () if alias.equation is None else alias.equation.inputs


def _outside(tensor: Tensor) -> bool:
    return tensor.tracked or tensor.value is None


def release(tensor: Tensor, graph: Graph) -> Tensor:
    """Forget the history of a result when nobody outside differentiates it."""
    if graph.watched or tensor.value is None:
        return tensor
    return Tensor(tensor.value)
