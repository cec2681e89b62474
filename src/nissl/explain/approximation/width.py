"""How the error falls as hidden units are added: universal approximation, seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nissl.errors import ArgumentError
from nissl.explain.approximation.approximate import Approximation, approximate
from nissl.explain.report import Explanation
from nissl.i18n import translate as _

__all__ = ["ByWidth", "approximate_by_width"]

MOST_WIDTHS = 12


@dataclass(frozen=True)
class ByWidth(Explanation):
    """The same samples, approximated by networks of more and more hidden units.

    Attributes:
        widths: the numbers of hidden units, rising.
        found: an approximation for each.
    """

    widths: tuple[int, ...]
    found: tuple[Approximation, ...]

    @property
    def heading(self) -> str:
        """What is shown, in a line."""
        return self.headed(self.found[0].target.short)

    def headed(self, name: str) -> str:
        """Return the heading with the function written in another way."""
        return _("{name} on {interval}, approximated by more and more hidden units").format(
            name=name, interval=self.found[0].interval
        )


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
    if not 1 <= len(widths) <= MOST_WIDTHS:
        raise ArgumentError(
            f"hidden takes 1 to {MOST_WIDTHS} different numbers of units, not {len(widths)}"
        )
    if settings.get("method") == "all":
        raise ArgumentError(
            "method 'all' compares methods for one number of hidden units; choose one method"
        )
    found = [approximate(f, low, high, each, samples, **settings) for each in widths]
    return ByWidth(tuple(widths), tuple(found))
