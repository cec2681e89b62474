"""Derivative rules on bare arrays: what makes an eager backward pass quick.

Rules are written once, with operators and with ``late.functions``. When nobody needs the graph of
the derivative itself, the same rules run on NumPy arrays, without a Tensor around each number:
``late.functions`` is then this namespace, in which the functions that rules use most are NumPy's
own, and any other is the tensor function, wrapped.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from nissl.core import tree
from nissl.core.ops.contraction import matmul_numpy
from nissl.core.ops.movement import broadcast_numpy
from nissl.core.ops.summation import sum_numpy
from nissl.core.tensor import Array, Equation, Key, Tensor, late, state

Slot: TypeAlias = int | Key


_VALUE, _TRACKED = operator.attrgetter("value"), operator.attrgetter("tracked")


class RawEquation:
    """An equation as rules see it, with arrays in place of tensors."""

    __slots__ = ("avals", "inputs", "op", "outputs", "params")

    def __init__(self, equation: Equation) -> None:
        self.op = equation.op
        self.params = equation.params
        self.avals = equation.avals
        self.inputs = list(map(_VALUE, equation.inputs))
        self.outputs = equation.values


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
    sum = staticmethod(sum_numpy)
    broadcast_to = staticmethod(broadcast_numpy)
    matmul = staticmethod(matmul_numpy)

    @staticmethod
    def reshape(x: Array, shape: Sequence[int]) -> Array:
        """The same elements in another shape."""
        return x.reshape(shape)

    @staticmethod
    def astype(x: Array, dtype: Any) -> Array:
        """The same values in another dtype."""
        return x.astype(dtype)

    @staticmethod
    def matrix_transpose(x: Array) -> Array:
        """The last two axes exchanged."""
        return x.swapaxes(-1, -2)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        function = getattr(late.module, name)

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            state.raw = False
            try:
                result = function(*args, **kwargs)
                return tree.map_leaves(lambda x: x.value if isinstance(x, Tensor) else x, result)
            finally:
                state.raw = True

        return wrapped


late.raw_functions = RawFunctions()


def slot(tensor: Tensor) -> Slot:
    """Where the sweep keeps a tensor's cotangent: a number, but for an op's further outputs."""
    made = tensor.equation
    if made is None:
        return id(tensor)
    return (id(made), tensor.index) if tensor.index else id(made)


def pull_values(
    equations: Sequence[Equation],
    cotangents: dict[Slot, Array],
    useful: Callable[[Tensor], bool] | None = None,
) -> list[Tensor]:
    """Pull cotangents back through equations, newest first, on bare arrays.

    Args:
        equations: oldest first; all with values.
        cotangents: cotangents by :func:`slot`; changed in place.
        useful: whether a tensor's cotangent is wanted, for itself or for what is behind it; those
            of all tracked tensors are by default.

    Returns:
        The leaves that were reached, each once, in the order in which they were.
    """
    leaves: dict[int, Tensor] = {}
    outer = state.raw, state.quiet
    state.raw = state.quiet = True
    try:
        for equation in reversed(equations):
            number = id(equation)
            cotangent = cotangents.pop(number, None)
            if len(equation.avals) == 1:
                if cotangent is None:
                    continue
                given = [cotangent]
            else:
                others = range(1, len(equation.avals))
                given = [cotangent, *(cotangents.pop((number, i), None) for i in others)]
                if all(each is None for each in given):
                    continue
            inputs = equation.inputs
            needed = list(map(_TRACKED if useful is None else useful, inputs))
            kind = equation.op.kind
            value = equation.values[0]
            if kind.on_arrays and value is not None and value.dtype.kind != "V":
                plain: Any = RawEquation(equation)
                pulled = kind.vjp(plain, given, needed)
            else:  # bfloat16 is left to tensors: NumPy would widen it beside a Python number
                pulled = _on_tensors(equation, given, needed)
            for t, each, use in zip(inputs, pulled, needed, strict=True):
                if use and each is not None:
                    made = t.equation
                    if made is None:
                        key: Slot = id(t)
                        leaves[key] = t
                    else:
                        key = (id(made), t.index) if t.index else id(made)
                    value = each.value if type(each) is Tensor else each
                    before = cotangents.get(key)
                    cotangents[key] = value if before is None else before + value
    finally:
        state.raw, state.quiet = outer
    return list(leaves.values())


def _on_tensors(equation: Equation, given: Sequence[Any], needed: Sequence[bool]) -> Any:
    """Apply a rule that may ask anything of its tensors."""
    state.raw = False
    try:
        wrapped = [None if each is None else Tensor(each) for each in given]
        return equation.op.kind.vjp(equation, wrapped, needed)
    finally:
        state.raw = True
