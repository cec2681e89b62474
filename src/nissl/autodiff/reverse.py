"""Reverse mode: cotangents are pulled back along the graph, one sweep an output.

``adjoint(v_i) = sum over children j of adjoint(v_j) * dv_j/dv_i`` (Griewank and Walther, 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from nissl import arguments
from nissl.autodiff.graph import Graph, between, call, release
from nissl.core import dtypes, tree
from nissl.core.functions import add, asarray, ones_like, zeros_like
from nissl.core.op import quiet
from nissl.core.program import equations_behind
from nissl.core.raw import Slot, pull_values, slot
from nissl.core.tensor import Array, Equation, Key, Tensor, state
from nissl.errors import ArgumentError, DTypeError, GraphError, ShapeError

__all__ = ["vjp", "value_and_grad", "grad"]


def _sweep(
    equations: Sequence[Equation],
    cotangents: dict[Key, Tensor],
    useful: Callable[[Tensor], bool],
) -> None:
    """Pull cotangents back through equations, newest first, to the tensors that are useful."""
    scoped = state.scope
    try:
        for equation in reversed(equations):
            state.scope = f"gradient of {equation.scope}" if equation.scope else scoped
            if len(equation.avals) == 1:
                given = [cotangents.pop((id(equation), 0), None)]
            else:
                given = [
                    cotangents.pop((id(equation), i), None) for i in range(len(equation.avals))
                ]
            if all(each is None for each in given):
                continue
            needed = [useful(t) for t in equation.inputs]
            if not any(needed):
                continue
            pulled = equation.op.kind.vjp(equation, given, needed)
            for t, each, use in zip(equation.inputs, pulled, needed, strict=True):
                if each is None or not use:
                    continue
                key = t.key
                before = cotangents.get(key)
                cotangents[key] = each if before is None else add(before, each)
    finally:
        state.scope = scoped


def _pull_values(
    equations: Sequence[Equation],
    cotangents: dict[Slot, Array],
    useful: Callable[[Tensor], bool] | None = None,
) -> list[Tensor]:
    """Sweep over bare arrays, where no graph of the derivative is wanted."""
    if state.quiet:
        return pull_values(equations, cotangents, useful)
    return state.calmly(pull_values, equations, cotangents, useful)


def gradients(output: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradient of one number by tensors of its graph, zeros where it has none."""
    graph = between(tuple(tensors), (output,), None)
    pulled = pull(graph, [Tensor(np.ones(output.shape, output.dtype))])
    return [zeros_like(t) if g is None else g for g, t in zip(pulled, tensors, strict=True)]


def pull(graph: Graph, cotangents: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Pull cotangents of the outputs back to the inputs; ``None`` is zero."""
    found: dict[Key, Tensor] = {}
    useful = {t.key for t in graph.inputs}
    for equation in graph.equations:
        useful.update((id(equation), i) for i in range(len(equation.avals)))
    outer, state.recording = state.recording, state.recording and graph.watched
    try:
        for t, cotangent in zip(graph.outputs, cotangents, strict=True):
            if cotangent is not None:
                before = found.get(t.key)
                found[t.key] = cotangent if before is None else add(before, cotangent)
        eager = all(e.values[0] is not None for e in graph.equations)
        if (
            eager
            and not (state.recording or state.raw)
            and all(t.value is not None for t in found.values())
        ):
            values = {slot(t): found[t.key].value for t in graph.outputs if t.key in found}
            _pull_values(graph.equations, values, lambda t: t.key in useful)
            pulled = [values.get(slot(t)) for t in graph.inputs]
            return [None if each is None else Tensor(each) for each in pulled]
        with quiet():
            _sweep(graph.equations, found, lambda t: t.key in useful)
    finally:
        state.recording = outer
    return [found.get(t.key) for t in graph.inputs]


def _cotangents(result: Any, graph: Graph) -> list[Tensor]:
    leaves, structure = tree.flatten(result)
    if structure != graph.structure:
        raise ArgumentError("vjp: cotangents must be nested as the outputs are, one for each")
    found: list[Tensor] = []
    for leaf, out in zip(leaves, graph.outputs, strict=True):
        given = asarray(leaf) if hasattr(leaf, "dtype") else asarray(leaf, out.dtype)
        if given.shape != out.shape:
            raise ShapeError(
                f"vjp: a cotangent of shape {given.shape} for an output of shape {out.shape}"
            )
        found.append(given)
    return found


def vjp(function: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Return ``function(*primals)`` and a function that pulls a cotangent back to the primals.

    The pulling function may be called many times; it returns a tuple, one entry a primal.

    >>> import nissl
    >>> value, pull = nissl.vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> [each.item() for each in pull(1.0)]
    [3.0, 2.0]
    """
    graph = call(function, primals, range(len(primals)), "vjp")
    structure = tree.flatten(primals)[1]

    def pull_back(cotangent: Any) -> Any:
        given = _cotangents(cotangent, graph)
        chosen = graph
        if any(t.tracked or t.value is None for t in given) and not graph.watched:
            chosen = Graph(graph.inputs, graph.outputs, graph.structure, graph.equations, True)
        pulled = pull(chosen, given)
        filled = [
            zeros_like(t) if each is None else each
            for each, t in zip(pulled, graph.inputs, strict=True)
        ]
        return tree.unflatten(structure, filled)

    values = [release(out, graph) for out in graph.outputs]
    return tree.unflatten(graph.structure, values), pull_back


def _scalar_output(graph: Graph, what: str, has_aux: bool) -> Tensor:
    loss = graph.outputs[0] if graph.outputs else None
    if loss is None or (len(graph.outputs) != 1 and not has_aux):
        raise ArgumentError(
            f"{what} needs a function with one number as its result; this one gave "
            f"{len(graph.outputs)}. With has_aux=True, the first of a pair is differentiated."
        )
    if loss.shape != ():
        raise ShapeError(
            f"{what} needs a function whose result is one number, not shape {loss.shape}; "
            "reduce it with nissl.sum or nissl.mean, or use nissl.jacobian"
        )
    if not dtypes.is_floating(loss.dtype):
        raise DTypeError(
            f"{what} needs a function whose result is a floating number, not {loss.dtype.name}"
        )
    return loss


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """Return a function that gives the value of ``function`` and its gradient.

    Args:
        function: returns one floating number, or, with ``has_aux``, a pair.
        argnums: which argument, or arguments, to differentiate by; each may be a container.
        has_aux: whether the function returns such a pair; the second may be any container of
            tensors, arrays and numbers.

    >>> import nissl
    >>> value, slope = nissl.value_and_grad(lambda x: x * x)(3.0)
    >>> value.item(), slope.item()
    (9.0, 6.0)
    """
    arguments.function("grad", function)
    places = arguments.wholes("grad", "argnums", argnums)
    alone = len(places) == 1 and not isinstance(argnums, list | tuple)
    pair = arguments.flag("grad", "has_aux", has_aux)

    def differentiated(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        graph = call(lambda *given: function(*given, **kwargs), args, places, "grad")
        loss = _scalar_output(graph, "grad", pair)
        seeds: list[Tensor | None] = [ones_like(loss), *([None] * (len(graph.outputs) - 1))]
        pulled = pull(graph, seeds)
        slopes = iter(
            zeros_like(t) if each is None else each
            for each, t in zip(pulled, graph.inputs, strict=True)
        )
        found: list[Any] = []
        for place in places:
            leaves, structure = tree.flatten(args[place])
            found.append(tree.unflatten(structure, [next(slopes) for _ in leaves]))
        values = [release(out, graph) for out in graph.outputs]
        value = tree.unflatten(graph.structure, values)
        return value, found[0] if alone else tuple(found)

    differentiated.__name__ = f"value_and_grad_{getattr(function, '__name__', 'function')}"
    return differentiated


def grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """Return a function that gives the gradient of ``function``.

    With ``has_aux``, it returns a pair of the gradient and what the function returned beside its
    value. See :func:`value_and_grad` for the arguments.

    >>> import nissl
    >>> nissl.grad(nissl.grad(lambda x: x ** 3))(2.0).item()
    12.0
    """
    both = value_and_grad(function, argnums, has_aux)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, slope = both(*args, **kwargs)
        return (slope, value[1]) if has_aux else slope

    gradient.__name__ = f"grad_{getattr(function, '__name__', 'function')}"
    return gradient


def _leaves(equations: Iterable[Equation]) -> list[Tensor]:
    found = {
        id(t): t
        for equation in equations
        for t in equation.inputs
        if t.equation is None and t.tracked
    }
    return list(found.values())


def backward(tensor: Tensor, gradient: Any, *, create_graph: bool = False) -> None:
    """Fill ``.grad`` of the leaves behind ``tensor``; see :meth:`nissl.Tensor.backward`."""
    if tensor.value is None:
        raise GraphError("backward() works on values; inside jit or trace use nissl.grad")
    if not tensor.tracked:
        raise GraphError(
            "backward() on a tensor that depends on nothing that requires a gradient; make a leaf "
            "with nissl.tensor(x, requires_grad=True), and do not compute under nissl.no_grad()"
        )
    if not dtypes.is_floating(tensor.dtype):
        raise DTypeError(f"backward() needs a floating tensor, not {tensor.dtype.name}")
    if gradient is None:
        if tensor.size != 1:
            raise ShapeError(
                f"backward() of a tensor of shape {tensor.shape} needs gradient=, a cotangent of "
                "that shape; or reduce it to one number first"
            )
        seed = Tensor(np.ones(tensor.shape, tensor.dtype))
    else:
        seed = asarray(gradient, tensor.dtype)
        if seed.shape != tensor.shape:
            raise ShapeError(f"backward(): gradient has shape {seed.shape}, not {tensor.shape}")
    equations = equations_behind((tensor,))
    outer, state.recording = state.recording, create_graph
    try:
        if create_graph:
            leaves = _leaves(equations) or [tensor]
            cotangents = {tensor.key: seed}
            with quiet():
                _sweep(equations, cotangents, lambda t: t.tracked)
            found = [cotangents.get(leaf.key) for leaf in leaves]
        else:
            values: dict[Slot, Array] = {slot(tensor): seed.value}
            leaves = _pull_values(equations, values) or [tensor]
            gained = [values.get(slot(leaf)) for leaf in leaves]
            found = [None if value is None else Tensor(value) for value in gained]
        for leaf, slope in zip(leaves, found, strict=True):
            if slope is not None:
                leaf.grad = slope if leaf.grad is None else add(leaf.grad, slope)
    finally:
        state.recording = outer
