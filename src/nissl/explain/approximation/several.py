"""Approximations beside each other: of several functions, or by more and more hidden units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from nissl.arguments import several
from nissl.errors import ArgumentError
from nissl.explain.approximation.approximate import Approximation, approximate
from nissl.explain.report import Explanation
from nissl.i18n import translate as _

__all__ = ["Approximations", "ByWidth", "approximate_all", "approximate_by_width"]

MOST = 12


@dataclass(frozen=True)
class Approximations(Explanation):
    """Several functions, each approximated by a network of its own.

    Attributes:
        found: the approximations.
    """

    found: tuple[Approximation, ...]

    def heading(self, name: str = "") -> str:
        """Return what is shown in a line; ``name`` says how the first function is written there."""
        first = self.found[0]
        return _(
            "Functions approximated by 1-{hidden}-1 networks of {activation} units on {interval}"
        ).format(hidden=first.best.width, activation=first.activation, interval=first.interval)


@dataclass(frozen=True)
class ByWidth(Approximations):
    """The same samples, approximated by networks of more and more hidden units."""

    @property
    def widths(self) -> tuple[int, ...]:
        """The numbers of hidden units, rising."""
        return tuple(each.best.width for each in self.found)

    def heading(self, name: str = "") -> str:
        """Return what is shown in a line; ``name`` says how the function is written there."""
        first = self.found[0]
        return _("{name} on {interval}, approximated by more and more hidden units").format(
            name=name or first.target.short, interval=first.interval
        )


def approximate_all(
    functions: Iterable[Any],
    low: float = -1.0,
    high: float = 1.0,
    hidden: int = 3,
    samples: int = 50,
    **settings: Any,
) -> Approximations:
    """Approximate several functions by networks alike, as in Bishop's figure 5.3.

    Args:
        functions: 1 to 12 of them, each as in :func:`~nissl.explain.approximate`.
        low, high, hidden, samples: as there, for all alike.
        settings: further settings of :func:`~nissl.explain.approximate`.

    Raises:
        ArgumentError: there is no function, there are too many, or one cannot be approximated.

    >>> found = approximate_all(["x^2", "sin(x)", "|x|", "H(x)"], starts=2, epochs=300)
    >>> [each.target.text for each in found.found if each.jumps]
    ['H(x)']
    """
    wanted = several("approximate_all", "functions", functions)
    if not 1 <= len(wanted) <= MOST:
        raise ArgumentError(f"approximate_all takes 1 to {MOST} functions, not {len(wanted)}")
    found = [approximate(each, low, high, hidden, samples, **settings) for each in wanted]
    return Approximations(tuple(found))


def approximate_by_width(
    f: Any,
    low: float = -1.0,
    high: float = 1.0,
    hidden: Sequence[int] = (1, 2, 3, 5, 10),
    samples: int = 50,
    **settings: Any,
) -> ByWidth:
    """Approximate a function by networks of several widths, on the same samples.

    Args:
        f, low, high, samples: as in :func:`~nissl.explain.approximate`.
        hidden: the numbers of hidden units, at most 12.
        settings: further settings of :func:`~nissl.explain.approximate`, for all alike; one method.

    Raises:
        ArgumentError: there is no width, or there are too many, or ``method="all"``.

    >>> found = approximate_by_width("abs(x)", hidden=(1, 3), starts=4)
    >>> found.found[0].best.rmse > 5 * found.found[1].best.rmse
    True
    """
    widths = sorted(set(hidden))
    if not 1 <= len(widths) <= MOST:
        raise ArgumentError(
            f"hidden takes 1 to {MOST} different numbers of units, not {len(widths)}"
        )
    if settings.get("method") == "all":
        raise ArgumentError(
            "method 'all' compares methods for one number of hidden units; choose one method"
        )
    return ByWidth(tuple(approximate(f, low, high, m, samples, **settings) for m in widths))
