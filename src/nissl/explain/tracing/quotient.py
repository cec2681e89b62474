"""The derivative from differences of the function alone: what no rule can have made wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nissl.errors import NisslError

__all__ = ["difference_quotient"]

Vector = NDArray[np.float64]
_STEPS = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)


def difference_quotient(
    function: Callable[[Sequence[Vector]], float],
    point: Sequence[Vector],
    direction: Sequence[Vector | None],
) -> float | None:
    """Return the derivative of a function along a direction, by central differences.

    ``(4 D(h/2) - D(h)) / 3`` with ``D(h) = (f(x + h t) - f(x - h t)) / (2 h)``, whose error is of
    order ``h**4`` (Richardson 1911), for several steps; of them, that whose own estimate of its
    error, truncation and rounding together, is smallest.

    Args:
        function: gives one number.
        point: its arguments, in float64.
        direction: one array an argument; ``None`` for one that is held.

    Returns:
        The quotient, in float64; ``None`` where no step gives a finite one.

    >>> import math, numpy as np
    >>> slope = difference_quotient(lambda x: math.sin(x[0].item()), [np.zeros(())], [np.ones(())])
    >>> abs(slope - 1) < 1e-10
    True
    """
    size = max(
        (float(np.max(np.abs(x), initial=0.0)) for x, t in zip(point, direction, strict=True)
         if t is not None),
        default=0.0,
    )  # fmt: skip
    if not np.isfinite(size):
        return None

    def slope(h: float) -> tuple[float, float]:
        """The difference quotient, and how large the values were that it is the difference of."""
        ends: list[float] = []
        for sign in (1, -1):
            moved = [
                x if t is None else x + sign * h * t for x, t in zip(point, direction, strict=True)
            ]
            ends.append(function(moved))
        return (ends[0] - ends[1]) / (2 * h), max(map(abs, ends))

    best, least = None, np.inf
    for scale in _STEPS if size == 0 or size >= 1 else (*_STEPS, *(h * size for h in _STEPS)):
        h = scale * max(1.0, size)
        try:
            with np.errstate(all="ignore"):
                (whole, large), (half, more) = slope(h), slope(h / 2)
        except NisslError:  # the function is not defined there
            continue
        found = (4 * half - whole) / 3
        rounding = 4 * np.finfo(np.float64).eps * max(large, more) / h
        error = abs(found - half) / 100 + rounding
        if np.isfinite(found) and error < least:
            best, least = float(found), error
    return best
