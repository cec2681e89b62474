"""Derivative rules on bare arrays: what makes an eager backward pass quick.

Rules are written once, with operators and with ``late.functions``. When nobody needs the graph of
the derivative itself, the same rules run on NumPy arrays, without a Tensor around each number:
``late.functions`` is then this namespace, in which the functions that rules use most are NumPy's
own, and any other is the tensor function, wrapped.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nissl.core.tensor import Array, Equation, Shape, Tensor, late, state

_SMALL = 4096


def unwrap(value: Any) -> Any:
    """Return the array of a tensor; anything else as it is."""
    return value.value if isinstance(value, Tensor) else value


class RawEquation:
    """An equation as rules see it, with arrays in place of tensors."""

    __slots__ = ("avals", "inputs", "op", "outputs", "params")

    def __init__(self, equation: Equation) -> None:
        self.op = equation.op
        self.params = equation.params
        self.avals = equation.avals
        self.inputs = [t.value for t in equation.inputs]
        self.outputs = equation.values


def _sum(x: Array, axis: Any = None) -> Array:
    if x.dtype.itemsize == 2:  # half precisions are summed in float32
        return np.sum(x, axis=axis, dtype=np.float32).astype(x.dtype)
    return np.add.reduce(x, axis)


def _broadcast_to(x: Array, shape: Shape) -> Array:
    out = np.empty(shape, x.dtype)
    if out.size > _SMALL:
        return np.broadcast_to(x, shape)
    out[...] = x
    return out


class RawFunctions:
    """The namespace of functions that rules meet on bare arrays."""

    add = staticmethod(operator.add)  # operators also take a tensor that a user's rule returned
    multiply = staticmethod(operator.mul)
    negative = staticmethod(np.negative)
    zeros_like = staticmethod(np.zeros_like)
    ones_like = staticmethod(np.ones_like)
    exp = staticmethod(np.exp)
    log = staticmethod(np.log)
    sqrt = staticmethod(np.sqrt)
    sin = staticmethod(np.sin)
    cos = staticmethod(np.cos)
    sinh = staticmethod(np.sinh)
    cosh = staticmethod(np.cosh)
    sign = staticmethod(np.sign)
    sum = staticmethod(_sum)
    broadcast_to = staticmethod(_broadcast_to)

    @staticmethod
    def reshape(x: Array, shape: Sequence[int]) -> Array:
        return x.reshape(shape)

    @staticmethod
    def astype(x: Array, dtype: Any) -> Array:
        return x.astype(dtype)

    @staticmethod
    def matrix_transpose(x: Array) -> Array:
        return x.swapaxes(-1, -2)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(late.module, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            state.raw = False
            try:
                return unwrap(function(*args, **kwargs))
            finally:
                state.raw = True

        return wrapped


late.raw_functions = RawFunctions()


def pull_raw(equation: Equation, cotangents: Sequence[Array | None], needed: Sequence[bool]) -> Any:
    """Apply an equation's reverse rule to bare arrays."""
    kind = equation.op.kind
    if not kind.on_arrays:
        given = [None if each is None else Tensor(each) for each in cotangents]
        return [unwrap(each) for each in kind.vjp(equation, given, needed)]
    state.raw = True
    try:
        return [unwrap(each) for each in kind.vjp(RawEquation(equation), cotangents, needed)]
    finally:
        state.raw = False
