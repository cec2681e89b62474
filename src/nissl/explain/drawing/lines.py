"""Lines that can be told apart, in colour and in grey, and logarithmic axes for them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nissl import plots
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["FAR", "guide", "logarithmic", "nothing", "shaded", "style", "whole_numbers"]

FAR = 1e200  # what lies beyond is drawn here, since axes need room to overflow
_COLOURS = ("#8a8a8a", "#c0504d", "#e07b39", "#1f4e79", "#2e7d5b", "#7a4fa3")
_DASHES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
_MARKERS = "osv^D*"
_LIGHT, _DARK = (0x8F, 0xB4, 0xD6), (0x0B, 0x2A, 0x4A)


def style(number: int) -> dict[str, Any]:
    """Return colour, dashes and marker of line ``number``; 18 of them differ in two at least."""
    place, again = number % 6, number // 6
    return {
        "color": _COLOURS[place],
        "linestyle": _DASHES[(place + 2 * again) % 6],
        "marker": _MARKERS[(place + again) % 6],
        "markersize": 4.5,
        "linewidth": 1.5,
    }


def shaded(number: int, count: int) -> dict[str, Any]:
    """Return the same for lines in an order: from light to dark."""
    share = number / max(count - 1, 1)
    colour = [(a + (b - a) * share) / 255 for a, b in zip(_LIGHT, _DARK, strict=True)]
    return {**style(number), "color": tuple(colour), "markersize": 4, "linewidth": 1.4}


def guide(axes: Axes, height: float, label: str = "") -> None:
    """Draw a level line to compare with."""
    axes.axhline(height, color=plots.INK, linewidth=1, linestyle=(0, (6, 2)), label=label or "_")


def logarithmic(axes: Axes, values: Sequence[float]) -> None:
    """Make the vertical axis logarithmic, from one power of ten to another, without small print."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ends = [max(1 / FAR, min(each, FAR)) for each in (min(values), max(values))]
    low, high = math.floor(math.log10(ends[0])), math.ceil(math.log10(ends[1]))
    high += low == high
    axes.set_yscale("log")
    axes.set_ylim(10.0**low / 1.3, 1.3 * 10.0**high)
    axes.yaxis.set_major_locator(LogLocator(10, numticks=9))
    axes.yaxis.set_minor_formatter(NullFormatter())


def whole_numbers(axes: Axes, first: int, last: int) -> None:
    """Number the horizontal axis by whole numbers, about ten at most."""
    step = max(1, math.ceil((last - first) / 10))
    axes.set_xticks(range(first, last + 1, step))
    margin = 0.045 * (last - first) or 0.5
    axes.set_xlim(first - margin, last + margin)


def nothing(axes: Axes) -> None:
    """Say in place of lines that there are none."""
    axes.annotate(
        _("nothing to show"), (0.5, 0.5), xycoords="axes fraction", ha="center", color=plots.INK
    )
    axes.set_yticks([])
