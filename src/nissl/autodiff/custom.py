"""A user's own derivative for a user's own function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from nissl import arguments
from nissl.core import tree
from nissl.core.functions import asarray
from nissl.core.kinds import General
from nissl.core.op import Op, apply
from nissl.core.program import Program, trace
from nissl.core.tensor import Array, Aval, Tensor
from nissl.errors import GraphError, ShapeError

__all__ = ["custom_derivative"]


class custom_derivative:
    """Give a function a derivative of one's own, for both modes.

    Args:
        function: takes tensors and returns one tensor or a container of them.

    Then state one rule or both, as decorators:

    - ``f.forward``: ``rule(inputs, outputs, tangents)`` returns the tangents of the outputs;
    - ``f.reverse``: ``rule(inputs, outputs, cotangents)`` returns one cotangent an input
      (``None`` for zero).

    Each argument is a tuple of tensors. The mode whose rule is missing raises an error, and so does
    a function that uses, without taking it as an argument, a tensor that is being differentiated.

    >>> import nissl
    >>> @nissl.custom_derivative
    ... def clipped(x):
    ...     return nissl.clip(x, -1.0, 1.0)
    >>> @clipped.reverse
    ... def straight_through(inputs, outputs, cotangents):
    ...     return cotangents
    >>> nissl.grad(clipped)(5.0).item()
    1.0
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(
            self, arguments.function("custom_derivative", "function", function)
        )
        self.function = function
        self.name = getattr(function, "__name__", "custom")
        self._rules: dict[str, Callable[..., Any]] = {}
        self._op = Op(
            name=f"custom_derivative:{self.name}",
            infer=_infer,
            compute=_compute,
            kind=General(self._forward, self._reverse),
            formula=rf"\operatorname{{{{{self.name}}}}}({{0}})",
        )

    def forward(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """State the forward rule; use as a decorator."""
        self._rules["forward"] = rule
        return rule

    def reverse(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """State the reverse rule; use as a decorator."""
        self._rules["reverse"] = rule
        return rule

    def _rule(self, mode: str) -> Callable[..., Any]:
        if mode not in self._rules:
            raise GraphError(
                f"{self.name} has no {mode} rule of its own; add one with @{self.name}.{mode}, "
                f"or differentiate it in the other mode"
            )
        return self._rules[mode]

    def _checked(self, mode: str, found: Any, like: Sequence[Tensor]) -> list[Tensor | None]:
        items: list[Any] = [found] if isinstance(found, Tensor) else list(found)
        if len(items) != len(like):
            raise GraphError(f"{self.name}.{mode} returned {len(items)} tensors, not {len(like)}")
        for item, reference in zip(items, like, strict=True):
            if item is not None and asarray(item).shape != reference.shape:
                raise ShapeError(
                    f"{self.name}.{mode} returned shape {asarray(item).shape} where "
                    f"{reference.shape} is wanted"
                )
        return [None if item is None else asarray(item) for item in items]

    def _forward(self, F: Any, inputs: Any, outputs: Any, tangents: Any, body: Program) -> Any:
        moved = tuple(
            F.zeros_like(x) if t is None else t for x, t in zip(inputs, tangents, strict=True)
        )
        return self._checked("forward", self._rule("forward")(inputs, outputs, moved), outputs)

    def _reverse(self, F: Any, inputs: Any, outputs: Any, cotangents: Any, body: Program) -> Any:
        filled = tuple(
            F.zeros_like(x) if t is None else t for x, t in zip(outputs, cotangents, strict=True)
        )
        return self._checked("reverse", self._rule("reverse")(inputs, outputs, filled), inputs)

    def __call__(self, *args: Any) -> Any:
        leaves, structure = tree.flatten(args)
        inputs = [asarray(leaf) for leaf in leaves]
        nesting: list[tree.Structure] = []

        def flat(*given: Tensor) -> Any:
            result = self.function(*tree.unflatten(structure, given))
            found, shape = tree.flatten(result)
            nesting.append(shape)
            return found

        body = trace(flat, *(x.aval for x in inputs), name=self.name)
        if any(t.tracked for t in body.constants):
            raise GraphError(
                f"{self.name} uses a tensor from outside that has a history or requires a "
                "gradient, which its rules cannot pass on; make it an argument"
            )
        outputs = apply(self._op, inputs, {"body": body})
        return tree.unflatten(nesting[0], outputs)


def _infer(*avals: Aval, body: Program) -> tuple[Aval, ...]:
    return body.out_avals


def _compute(xp: Any, *values: Array, body: Program) -> tuple[Array, ...]:
    return tuple(body.run("xla" if xp.__name__.startswith("jax") else "numpy", xp, values))
