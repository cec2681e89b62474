"""Reverse mode: cotangents are pulled back along the graph, one sweep an output.

``adjoint(v_i) = sum over children j of adjoint(v_j) * dv_j/dv_i`` (Griewank and Walther, 3.2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nissl import arguments
from nissl.autodiff.graph import Graph, between, call, release
from nissl.autodiff.sweeps import TRACKED, pull_through
from nissl.core import dtypes, functions, tree
from nissl.core.functions import add, asarray, ones_like, zeros_like
from nissl.core.kinds import accumulate
from nissl.core.op import quiet, quietly
from nissl.core.program import equations_behind
from nissl.core.tensor import Equation, Key, Tensor
from nissl.core.thread import thread
from nissl.errors import ArgumentError, DTypeError, GraphError, ShapeError

__all__ = ["vjp", "value_and_grad", "grad"]


def _pull_quietly(
    equations: Sequence[Equation],
    cotangents: dict[Key, Any],
    useful: Callable[[Tensor], bool] = TRACKED,
    *,
    on_arrays: bool,
) -> list[Tensor]:
    """Pull cotangents back without NumPy's warnings; see :func:`pull_through`."""
    if on_arrays:
        return quietly(pull_through, equations, cotangents, useful, on_arrays=True)
    with quiet():
        return pull_through(equations, cotangents, useful)


def gradients(output: Tensor, tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return the gradient of one number by tensors of its graph, zeros where it has none."""
    graph = between(tuple(tensors), (output,), None)
    pulled = pull(graph, [Tensor(np.ones(output.shape, output.dtype))])
    return [zeros_like(t) if g is None else g for g, t in zip(pulled, tensors, strict=True)]


def pull(graph: Graph, cotangents: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Pull cotangents of the outputs back to the inputs; ``None`` is zero."""
    found: dict[Key, Any] = {}
    known = {t.key for t in graph.inputs}
    for equation in graph.equations:
        known.update(equation.keys)
    outer, thread.recording = thread.recording, thread.recording and graph.watched
    try:
        for t, cotangent in zip(graph.outputs, cotangents, strict=True):
            found[t.key] = accumulate(functions, found.get(t.key), cotangent)
        found = {key: each for key, each in found.items() if each is not None}
        values = [each.value for each in found.values()]
        values += [equation.values[0] for equation in graph.equations]
        on_arrays = not thread.recording and all(value is not None for value in values)
        if on_arrays:
            found = {key: each.value for key, each in found.items()}
        _pull_quietly(graph.equations, found, lambda t: t.key in known, on_arrays=on_arrays)
    finally:
        thread.recording = outer
    pulled = [found.get(t.key) for t in graph.inputs]
    return [Tensor(x) if on_arrays and x is not None else x for x in pulled]


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
    arguments.function("grad", "function", function)
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
    cotangents: dict[Key, Any] = {tensor.key: seed if create_graph else seed.value}
    outer, thread.recording = thread.recording, create_graph
    try:
        equations = equations_behind((tensor,))
        leaves = _pull_quietly(equations, cotangents, on_arrays=not create_graph) or [tensor]
        for leaf in leaves:
            slope = cotangents.get(leaf.key)
            if slope is not None:
                gained = slope if create_graph else Tensor(slope)
                leaf.grad = gained if leaf.grad is None else add(leaf.grad, gained)
    finally:
        thread.recording = outer
