"""Approximation of a function of two inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nissl.arguments import whole
from nissl.explain.approximation.approximate import Approximation, approximated
from nissl.explain.approximation.small_network import Settings
from nissl.explain.approximation.target import as_target

__all__ = ["SurfaceApproximation", "approximate_surface"]


@dataclass(frozen=True)
class SurfaceApproximation(Approximation):
    """A function of two inputs, samples of it, and networks fitted to them."""


def approximate_surface(
    f: Any,
    low: float = -1.0,
    high: float = 1.0,
    hidden: int = 10,
    samples: int = 225,
    **settings: Any,
) -> SurfaceApproximation:
    """Train a 2-M-1 network on samples of a function of two inputs, and show how near it comes.

    ``y(x) = sum_j w_1j h(sum_i w_ji x_i + w_j0) + w_10``

    Args:
        f: a typed expression of two inputs, or a function of two arrays, tensors or numbers.
        low, high: the interval of both inputs.
        hidden: M, 1 to 100.
        samples: about how many, 4 to 10,000; a square number of them lies on a grid.
        settings: ``activation``, ``method``, ``epochs``, ``starts``, ``noise``, ``random``,
            ``seed``, as in :func:`~nissl.explain.approximate`.

    Raises:
        ArgumentError: a setting is outside its range, or ``f`` is not finite somewhere.

    >>> found = approximate_surface("x1*x2", hidden=4, samples=49, starts=4)
    >>> found.best.rmse < 0.01
    True
    """
    whole("approximate", "samples", samples, 4)
    given = Settings(hidden, samples, **settings)
    return approximated(SurfaceApproximation, as_target(f, 2), low, high, given)
