"""Activation functions: curve, derivative, formula, range, and what is taken at each kink."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nissl.errors import ArgumentError
from nissl.explain.gallery.curves import Curve, Wanted, named, study
from nissl.explain.report import Explanation

__all__ = ["Gallery", "activations"]

MOST = 60  # functions in one gallery
WIDEST, NARROWEST = 1e9, 1e-3  # how long the interval may be


@dataclass(frozen=True, eq=False)
class Gallery(Explanation):
    """Activation functions, explained; see :func:`activations`.

    Attributes:
        curves: each function on the interval, with its derivative and its kinks.
        low, high: the interval.
    """

    curves: tuple[Curve, ...]
    low: float
    high: float


def activations(names: Wanted = None, *, low: float = -4.0, high: float = 4.0) -> Gallery:
    r"""Explain activation functions: each with its curve, derivative, formula, range and kinks.

    Derivatives are those that training uses, ``h'(x)`` by automatic differentiation; where there
    is none, what is taken is said and drawn. A function of a vector, such as softmax, is shown by
    its first element against ``x1``, the other two elements being 0.

    Args:
        names: what to show: names of :mod:`nissl.activations`, with settings in brackets if need
            be, such as ``"leaky_relu(negative_slope=0.1)"``; functions of tensors; or a mapping of
            names of your own to these. One, or several. By default all that are registered.
        low, high: the interval of ``x``.

    Raises:
        UnknownNameError: a name that no activation has.
        ArgumentError: the interval is empty, too wide or too narrow, or nothing is named.
        ArgumentTypeError: something is neither a name nor a function of one tensor.
        ShapeError: a function does not keep the shape of what it is given.

    The lecture's section 4.1; Bishop and Bishop, Deep Learning (2024), section 6.2.3.

    >>> shown = activations(["relu", "tanh"], low=-2, high=2)
    >>> [(kink.at, kink.slope) for kink in shown.curves[0].kinks]
    [(0.0, 0.0)]
    >>> print(list(shown.parts())[1].to_markdown())
    | Function | h(x) | h'(x) | Range |
    |----------|------|-------|-------|
    | relu | max(0, x) | 1 if x \> 0, 0 otherwise | 0 to ∞ |
    | tanh | tanh x | 1 - tanh² x | -1 to 1 |
    """
    width = high - low
    if not (math.isfinite(low) and math.isfinite(high) and NARROWEST <= width <= WIDEST):
        raise ArgumentError(
            f"the interval from {low:g} to {high:g} cannot be drawn; its ends are finite, the "
            f"first is below the second, and it is {NARROWEST:g} to {WIDEST:g} wide"
        )
    found = named(names)
    if len(found) > MOST:
        raise ArgumentError(f"{len(found)} functions are more than the {MOST} that one page shows")
    return Gallery(tuple(study(each, float(low), float(high)) for each in found), low, high)
