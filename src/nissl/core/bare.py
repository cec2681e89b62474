"""The functions that derivative rules use, on bare arrays: what makes an eager backward pass quick.

Rules are given the namespace of functions that they use. When nobody needs the graph of the
derivative itself, it is this module, and the rules run on NumPy arrays, without a Tensor around
each number. The functions that rules use most are NumPy's own; any other is the tensor function.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from operator import add  # operators also take a tensor that a user's rule returned
from operator import mul as multiply
from typing import Any

from numpy import cos, cosh, exp, log, negative, ones_like, sign, sin, sinh, sqrt, zeros_like

from nissl.core import functions, tree
from nissl.core.ops.contraction import matmul_numpy as matmul
from nissl.core.ops.movement import broadcast_numpy as broadcast_to
from nissl.core.ops.summation import sum_numpy as sum
from nissl.core.tensor import Array, Tensor

__all__ = [
    "add", "astype", "broadcast_to", "cos", "cosh", "exp", "log", "matmul", "matrix_transpose",
    "multiply", "negative", "ones_like", "reshape", "sign", "sin", "sinh", "sqrt", "sum",
    "zeros_like",
]  # fmt: skip


def reshape(x: Array, shape: Sequence[int]) -> Array:
    """The same elements in another shape."""
    return x.reshape(shape)


def astype(x: Array, dtype: Any) -> Array:
    """The same values in another dtype."""
    return x.astype(dtype)


def matrix_transpose(x: Array) -> Array:
    """The last two axes exchanged."""
    return x.swapaxes(-1, -2)


def value_of(x: Any) -> Any:
    """The value of a tensor; anything else as it is."""
    return x.value if isinstance(x, Tensor) else x


@functools.cache
def __getattr__(name: str) -> Callable[..., Any]:
    function = getattr(functions, name)

    @functools.wraps(function)
    def on_values(*args: Any, **kwargs: Any) -> Any:
        return tree.map_leaves(value_of, function(*args, **kwargs))

    return on_values
