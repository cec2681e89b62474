"""Forward mode: tangents are pushed along the graph, one sweep a direction.

``v_i' = sum over parents j of v_j' * dv_i/dv_j`` (Griewank and Walther, section 3.1).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nissl.arguments import several
from nissl.autodiff.graph import Graph, call, release
from nissl.autodiff.sweeps import push_through
from nissl.core import tree
from nissl.core.functions import asarray, zeros_like
from nissl.core.tensor import Key, Tensor
from nissl.core.thread import thread
from nissl.errors import ArgumentError, DTypeError, ShapeError

__all__ = ["jvp", "linearize"]


def push(graph: Graph, tangents: Sequence[Tensor | None]) -> list[Tensor | None]:
    """Push tangents of the inputs through the graph; ``None`` is zero."""
    moving: dict[Key, Tensor | None] = {
        t.key: tangent for t, tangent in zip(graph.inputs, tangents, strict=True)
    }
    outer, thread.recording = thread.recording, thread.recording and graph.watched
    try:
        push_through(graph.equations, moving)
    finally:
        thread.recording = outer
    return [moving.get(t.key) for t in graph.outputs]


def _matching(primals: Sequence[Any], tangents: Sequence[Any]) -> list[Tensor]:
    points, structure = tree.flatten(tuple(primals))
    directions, found = tree.flatten(tuple(several("jvp", "tangents", tangents)))
    if structure != found:
        raise ArgumentError("jvp: primals and tangents must be nested alike, one tangent a primal")
    result: list[Tensor] = []
    for point, direction in zip(points, directions, strict=True):
        x, t = asarray(point), asarray(direction)
        if not hasattr(direction, "dtype"):
            t = asarray(direction, x.dtype)
        if x.shape != t.shape:
            raise ShapeError(f"jvp: a tangent of shape {t.shape} for a primal of shape {x.shape}")
        if x.dtype != t.dtype:
            raise DTypeError(f"jvp: a tangent of {t.dtype.name} for a primal of {x.dtype.name}")
        result.append(t)
    return result


def jvp(
    function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]
) -> tuple[Any, Any]:
    """Return ``function(*primals)`` and its derivative in the direction of ``tangents``.

    Args:
        function: any function of tensors; containers are taken and returned.
        primals: its arguments, floating tensors or containers of them.
        tangents: a direction for each, of the same shapes and dtypes.

    >>> import nissl
    >>> value, slope = nissl.jvp(nissl.sin, (0.0,), (2.0,))
    >>> slope.item()
    2.0
    """
    primals = several("jvp", "primals", primals)
    directions = _matching(primals, tangents)
    graph = call(function, primals, range(len(primals)), "jvp")
    values = [release(out, graph) for out in graph.outputs]
    return tree.unflatten(graph.structure, values), _slopes(graph, directions)


def _slopes(graph: Graph, directions: list[Tensor]) -> Any:
    """Push tangents and fill in zeros; recorded when the tangents are differentiated too."""
    if not graph.watched and any(t.tracked or t.value is None for t in directions):
        graph = Graph(graph.inputs, graph.outputs, graph.structure, graph.equations, True)
    slopes = [
        zeros_like(out) if each is None else each
        for each, out in zip(push(graph, directions), graph.outputs, strict=True)
    ]
    return tree.unflatten(graph.structure, slopes)


def linearize(function: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """Return ``function(*primals)`` and a function that pushes a direction through its derivative.

    The function itself is evaluated once, however many directions follow.
    """
    graph = call(function, primals, range(len(primals)), "linearize")

    def push_direction(*tangents: Any) -> Any:
        return _slopes(graph, _matching(primals, tangents))

    values = [release(out, graph) for out in graph.outputs]
    return tree.unflatten(graph.structure, values), push_direction
