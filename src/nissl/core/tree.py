"""Nested containers: lists, tuples, named tuples and dicts with tensors at their leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nissl.errors import ArgumentError

Structure = Any  # a hashable description of the nesting
_LEAF = "*"


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """Return the leaves, in order, and a hashable description of how they were nested.

    ``None`` has no leaves. Dicts keep their order.

    >>> flatten({"a": [1, 2], "b": None})[0]
    [1, 2]
    """
    leaves: list[Any] = []

    def visit(node: Any) -> Structure:
        if node is None:
            return None
        if isinstance(node, dict):
            return (dict, tuple((key, visit(child)) for key, child in node.items()))
        if isinstance(node, list | tuple):
            return (type(node), tuple(visit(child) for child in node))
        leaves.append(node)
        return _LEAF

    return leaves, visit(tree)


def unflatten(structure: Structure, leaves: Sequence[Any]) -> Any:
    """Put ``leaves`` back into the nesting that :func:`flatten` described."""
    remaining = iter(leaves)

    def build(node: Structure) -> Any:
        if node is None:
            return None
        if node is _LEAF or node == _LEAF:
            return next(remaining)
        kind, children = node
        if kind is dict:
            return {key: build(child) for key, child in children}
        parts = [build(child) for child in children]
        return kind(*parts) if hasattr(kind, "_fields") else kind(parts)

    return build(structure)


def map_leaves(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """Apply ``function`` to the leaves of one or several trees of the same nesting."""
    leaves, structure = flatten(tree)
    columns = [leaves]
    for other in others:
        more, found = flatten(other)
        if found != structure:
            raise ArgumentError(f"containers differ in nesting: {structure} and {found}")
        columns.append(more)
    return unflatten(structure, [function(*row) for row in zip(*columns, strict=True)])
