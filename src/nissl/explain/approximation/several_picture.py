"""Several approximations, one panel each; of several widths also how the error falls."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from nissl import plots
from nissl.explain.approximation.approximate import Approximation
from nissl.explain.approximation.approximate_picture import bishop, rmse_name
from nissl.explain.approximation.several import Approximations, ByWidth
from nissl.explain.panels import Panel, Sheet
from nissl.explain.parts import format_number
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw"]

_SIZE = (3.5, 2.7)


def draw(shown: Approximations) -> Sheet:
    """Return each network over the interval, and the error over the number of units."""
    widths = isinstance(shown, ByWidth)
    panels = [
        Panel(
            partial(_fitted, each=each),
            _title(each, widths),
            each.target.variable,
            size=_SIZE,
        )
        for each in shown.found
    ]
    if isinstance(shown, ByWidth):
        errors = partial(_errors, shown=shown)
        panels.append(Panel(errors, "", _("Hidden units"), "RMSE", size=_SIZE, grid=True))
    count = len(panels)
    columns = min(count, 4 if -count % 4 < -count % 3 else 3)  # which leaves less empty
    if count == 4 and not widths:
        columns = 2
    heading = shown.heading(shown.found[0].target.caption)
    return Sheet.grid(panels, columns, title=heading, legend=4)


def _title(shown: Approximation, by_width: bool) -> str:
    error = format_number(shown.best.rmse_away, 2)
    if not by_width:
        return f"{shown.target.caption}: {rmse_name(shown)} {error}"
    count = shown.best.width
    many, one = _("{count} hidden units: RMSE {error}"), _("{count} hidden unit: RMSE {error}")
    return (many if count > 1 else one).format(count=count, error=error)


def _fitted(axes: Axes, each: Approximation) -> None:
    """The heights: the samples with room around, and where there is room the units' -1 to 1."""
    bishop(axes, each)
    low, high = float(each.t.min()), float(each.t.max())
    span = (high - low) or 1.0
    low, high = low - 0.25 * span, high + 0.25 * span
    if span <= 8 and each.activation == "tanh":
        low, high = min(low, -1.15), max(high, 1.15)
    axes.set_ylim(low, high)


def _errors(axes: Axes, shown: ByWidth) -> None:
    for key, line, marker, colour, label in (
        ("rmse_away", "-", "o", plots.TRAINING, _("on the interval")),
        ("samples_rmse", "--", "s", plots.VALIDATION, _("on the samples")),
    ):
        values = [getattr(each.best, key) or math.nan for each in shown.found]
        axes.plot(
            shown.widths, values, linestyle=line, marker=marker, color=colour, markersize=4,
            linewidth=1.4, label=label,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xscale("log")
    axes.set_xticks(shown.widths, [str(width) for width in shown.widths])
    axes.minorticks_off()
    axes.legend(frameon=False, fontsize=8)
