"""The functions that a typed expression may call: the library's own elementwise ones, by name.

They are found, not listed again: every public function of :mod:`nissl.core.functions.arithmetic`
and every activation that takes real numbers and gives real numbers of the same shape.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, reduce
from typing import Any

from nissl import activations
from nissl.core import op as ops
from nissl.core.aval import Aval
from nissl.core.functions import arithmetic
from nissl.core.functions.convert import binary
from nissl.core.op import Op
from nissl.core.program import placeholder
from nissl.core.tensor import Tensor
from nissl.errors import NisslError

__all__ = ["CONSTANTS", "LETTERS", "Known", "functions"]

CONSTANTS = {"pi": math.pi, "e": math.e}

LETTERS = {"H": "heaviside", "σ": "sigmoid"}  # where they are called; else they are inputs

# what mathematics calls functions that the Array API calls otherwise
_OTHER_NAMES = {
    "ln": "log",
    "lg": "log10",
    "lb": "log2",
    "cosin": "cos",
    "tg": "tan",
    "arctg": "atan",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "step": "heaviside",
    "sgn": "sign",
    "swish": "silu",
}
_LARGEST = {"max": "maximum", "min": "minimum"}  # of two arguments or more
_WITHOUT_MEANING = ("stop_gradient", "where")  # a derivative is asked for; there is no condition
_MANY = 1_000_000


@dataclass(frozen=True)
class Known:
    """A function that expressions may call.

    Attributes:
        function: takes and gives tensors.
        least, most: how many arguments it takes.
        tensors: how many of the first may depend on inputs; the others are settings, numbers.
        op: the op that it is with ``least`` arguments, if it is one.
    """

    function: Callable[..., Tensor]
    least: int
    most: int
    tensors: int
    op: Op | None = None


@cache
def functions() -> dict[str, Known]:
    """Return every function that expressions may call, by name.

    >>> {"sin", "exp", "ln", "relu", "max"} <= set(functions())
    True
    >>> "sum" in functions() or "open" in functions()
    False
    """
    found: dict[str, Known] = {}
    for name, function in vars(arithmetic).items():
        public = not name.startswith("_") and name not in _WITHOUT_MEANING
        if public and getattr(function, "__module__", "") == arithmetic.__name__:
            _add(found, name, function)
    for name in activations.registry.names():
        if name not in found:
            _add(found, name, activations.registry.lookup(name))
    found["pow"] = replace(found["pow"], function=_power)
    for other, name in _OTHER_NAMES.items():
        found[other] = found[name]
    for name in ("cot", "cotg"):
        found[name] = Known(_cotangent, 1, 1, 1)
    for short, name in _LARGEST.items():
        one = found[name]
        found[short] = Known(_folded(one.function), 2, _MANY, _MANY, one.op)
    return found


def _power(x: Any, y: Any) -> Tensor:
    """A power as it was typed: no root or products in its place."""
    return (
        arithmetic.square(x)
        if isinstance(y, float) and y == 2.0
        else binary(ops.registry["pow"], x, y)
    )


def _cotangent(x: Any) -> Tensor:
    return arithmetic.divide(arithmetic.cos(x), arithmetic.sin(x))


def _folded(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def of_many(*arguments: Any) -> Tensor:
        return reduce(function, arguments)

    return of_many


def _add(found: dict[str, Known], name: str, function: Any) -> None:
    """Add a function, if it turns real numbers into real numbers."""
    if not inspect.isfunction(function):
        return
    parameters = list(inspect.signature(function).parameters.values())
    tensors = [p for p in parameters if p.default is inspect.Parameter.empty]
    settings = [
        p for p in parameters[len(tensors) :] if p.default is None or type(p.default) is float
    ]
    like = Aval((), "float32")
    try:
        made: Any = function(*(placeholder(like) for _ in tensors))
    except NisslError:  # it takes something else: integers, an axis
        return
    if isinstance(made, Tensor) and made.aval == like:
        count = len(tensors)
        op = ops.registry.get(name)
        found[name] = Known(function, count, count + len(settings), count, op)
