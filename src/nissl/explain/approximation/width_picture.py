"""How the error falls as hidden units are added, network by network."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from nissl import plots
from nissl.explain.approximation.approximate import Approximation
from nissl.explain.approximation.approximate_picture import bishop
from nissl.explain.panels import Panel, Sheet
from nissl.explain.parts import format_number
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nissl.explain.approximation.width import ByWidth

__all__ = ["draw"]

_SIZE = (3.5, 2.7)


def draw(shown: ByWidth) -> Sheet:
    """Return each network over the interval, and the error over the number of units."""
    limits = _limits(shown.found[0])

    def fitted(axes: Axes, each: Approximation) -> None:
        bishop(axes, each)
        axes.set_ylim(*limits)

    panels = [
        Panel(
            partial(fitted, each=each),
            _title(width).format(count=width, error=format_number(each.best.rmse_away, 2)),
            each.target.variable,
            size=_SIZE,
        )
        for width, each in zip(shown.widths, shown.found, strict=True)
    ]
    errors = Panel(
        partial(_errors, shown=shown), "", _("Hidden units"), "RMSE", size=_SIZE, grid=True
    )
    count = len(panels) + 1
    columns = min(count, 4 if -count % 4 < -count % 3 else 3)  # which leaves less empty
    return Sheet.grid(
        [*panels, errors],
        columns,
        title=shown.headed(shown.found[0].target.caption),
        legend=4,
    )


def _title(width: int) -> str:
    if width > 1:
        return _("{count} hidden units: RMSE {error}")
    return _("{count} hidden unit: RMSE {error}")


def _limits(first: Approximation) -> tuple[float, float]:
    """The same heights for all: the samples with room around, and the hidden units' -1 to 1."""
    low, high = float(first.t.min()), float(first.t.max())
    span = (high - low) or 1.0
    bounds = (low - 0.25 * span, high + 0.25 * span)
    if span > 8 or first.activation != "tanh":
        return bounds
    return min(bounds[0], -1.15), max(bounds[1], 1.15)


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
