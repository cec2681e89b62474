"""One artificial neuron: inputs, weights, their sum, and what the activation function makes of it.

>>> shown = neuron([1.0, 1.0], -1.5, [1.0, 0.0], "heaviside")
>>> shown.a, shown.z
(-0.5, 0.0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nissl import activations
from nissl.autodiff import vjp
from nissl.core import functions as F
from nissl.core.tensor import Tensor
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.explain.quantities import Quantity
from nissl.explain.report import Explanation

__all__ = ["Neuron", "neuron"]

Array = NDArray[np.float64]


def neuron(weights: ArrayLike, bias: float, x: ArrayLike, activation: Any = "tanh") -> Neuron:
    r"""Show one neuron at work, ``a = w_0 + \sum_i w_i x_i`` and ``z = h(a)``, in float64.

    Args:
        weights: ``w_1`` to ``w_D``, shape ``(D,)``, at least one.
        bias: ``w_0``.
        x: inputs, shape ``(D,)``.
        activation: ``h``: a name, or a function of a tensor; element by element.

    Raises:
        ShapeError: weights and inputs are not as many.
        ArgumentTypeError: they are no numbers.
        UnknownNameError: there is no such activation.
    """
    w, inputs, first = (_numbers(n, v) for n, v in (("weights", weights), ("x", x), ("bias", bias)))
    w, inputs = np.atleast_1d(w), np.atleast_1d(inputs)
    if w.ndim != 1 or w.shape != inputs.shape or not w.size or first.size != 1:
        raise ShapeError(
            "a neuron has as many weights as inputs, at least one, and one bias; not weights of "
            f"shape {w.shape}, inputs of shape {inputs.shape} and a bias of shape {first.shape}"
        )
    function = activations.get(activation)
    if function in (activations.softmax, activations.log_softmax):
        raise ArgumentError("softmax needs a whole layer of neurons; a single one gives always 1")
    name = activation if isinstance(activation, str) else getattr(function, "__name__", "h")
    shown = str(name) if str(name).isidentifier() else "h"  # a lambda has no name
    return Neuron(w, float(first.item()), inputs, shown, function)


def _numbers(name: str, value: Any) -> Array:
    try:
        return np.asarray(value.numpy() if hasattr(value, "numpy") else value, np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"{name}: numbers are needed, not {value!r}"[:200]) from error


@dataclass(frozen=True, eq=False)
class Neuron(Explanation):
    """A neuron at work; made by :func:`neuron`.

    Attributes:
        weights: ``w_1`` to ``w_D``.
        bias: ``w_0``.
        x: inputs.
        activation: what ``h`` is called.
        function: ``h``.
    """

    weights: Array
    bias: float
    x: Array
    activation: str
    function: Callable[[Tensor], Tensor] = field(repr=False)

    @cached_property
    def a(self) -> float:
        """The sum, or pre-activation."""
        with np.errstate(all="ignore"):
            return float((F.sum(F.asarray(self.products)) + self.bias).item())

    @cached_property
    def products(self) -> Array:
        """The terms of the sum, ``w_i x_i``, shape ``(D,)``."""
        with np.errstate(all="ignore"):
            return (F.asarray(self.weights) * F.asarray(self.x)).numpy()

    @cached_property
    def z(self) -> float:
        """The output."""
        return self.values(np.array([self.a]))[0].item()

    @cached_property
    def slope(self) -> float:
        """``h'(a)``."""
        return self.values(np.array([self.a]))[1].item()

    def values(self, a: Array) -> tuple[Array, Array]:
        """Return ``h`` and ``h'`` at points ``a``, of any shape."""
        with np.errstate(all="ignore"):
            value, back = vjp(self.function, F.asarray(a))
            return value.numpy(), back(F.ones_like(value))[0].numpy()

    def quantities(self) -> Iterator[Quantity]:
        """Yield weights, inputs and products, then ``a``, ``z`` and ``h'(a)``."""
        yield Quantity("", "w_0", self.bias, given=True)
        for i, (w, x) in enumerate(zip(self.weights, self.x, strict=True), start=1):
            yield Quantity("", f"w_{i}", float(w), given=True)
            yield Quantity("", f"x_{i}", float(x), given=True)
        for i, product in enumerate(self.products, start=1):
            yield Quantity("", f"w_{i} x_{i}", float(product))
        for name, value in (("a", self.a), ("z", self.z), ("h'(a)", self.slope)):
            yield Quantity("", name, value)
