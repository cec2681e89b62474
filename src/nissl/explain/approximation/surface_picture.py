"""Heights of a function of two inputs, of the network that approximates it, and the error."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import plots
from nissl.explain.approximation.approximate import OUTSIDE
from nissl.explain.approximation.surface import SurfaceApproximation
from nissl.explain.approximation.target import SIDE, Array
from nissl.explain.panels import Panel, Sheet, legend_below
from nissl.explain.parts import format_number
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw"]

_LEVELS = 13


def draw(shown: SurfaceApproximation) -> Sheet:
    """Return the function, the network and the error, seen from above."""
    far = OUTSIDE / 2 * (shown.high - shown.low)
    side = np.linspace(shown.low - far, shown.high + far, 121)
    points = shown.target.grid(side[0], side[-1], side.size)
    inner = np.linspace(shown.low, shown.high, SIDE)
    grid = shown.target.grid(shown.low, shown.high)
    inside = shown.target(grid)
    error = (shown.best(grid) - inside).reshape(SIDE, SIDE)
    levels = _levels(float(inside.min()), float(inside.max()))
    first, second = shown.target.inputs
    settings: dict[str, Any] = {"x": first, "y": second, "size": (4.2, 4.8), "framed": True}
    heights = ((_("Function"), shown.target(points)), (_("Network"), shown.best(points)))
    panels = [
        Panel(
            partial(
                _heights, shown=shown, side=side, levels=levels,
                heights=np.ma.masked_invalid(found.reshape(side.size, side.size)),
            ),
            title,
            **settings,
        )
        for title, found in heights
    ]  # fmt: skip
    errors = partial(_errors, shown=shown, inner=inner, error=error)
    panels.append(Panel(errors, _("Error within the square"), **settings))
    return Sheet([panels], shown.heading(shown.target.caption))


def _heights(
    axes: Axes, shown: SurfaceApproximation, side: Array, levels: Array, heights: Any
) -> None:
    drawn = axes.contourf(side, side, heights, levels, cmap="cividis", extend="both")
    _bar(axes, drawn, _("height"), "%.3g")
    _square(axes, shown)
    axes.plot([], [], "--", color="black", label=_("edge of the training square"))
    legend_below(axes, 1, 8)


def _errors(axes: Axes, shown: SurfaceApproximation, inner: Array, error: Array) -> None:
    largest = shown.best.max_error or 1.0
    bands = np.linspace(-largest, largest, _LEVELS)
    drawn = axes.contourf(inner, inner, error, bands, cmap="PuOr")
    axes.contour(inner, inner, error, bands, colors="black", linewidths=0.4)
    label = _("network - function, dashed below 0; RMSE {value}")
    bar = _bar(axes, drawn, label.format(value=format_number(shown.best.rmse, 2)), "%.2g")
    bar.set_ticks([-largest, -largest / 2, 0, largest / 2, largest])
    _square(axes, shown)
    axes.plot(
        shown.x[:, 0], shown.x[:, 1], ".", color=plots.INK, markersize=2,
        label=_("{count} samples").format(count=shown.t.size),
    )  # fmt: skip
    legend_below(axes, 1, 8)


def _bar(axes: Axes, drawn: Any, label: str, form: str) -> Any:
    figure: Any = axes.figure
    bar = figure.colorbar(drawn, ax=axes, shrink=0.9, aspect=30, location="bottom", format=form)
    bar.set_label(label, fontsize=9)
    bar.ax.tick_params(labelsize=8)
    return bar


def _square(axes: Axes, shown: SurfaceApproximation) -> None:
    """The edge of the square that samples were taken from, white below black."""
    low, high = shown.low, shown.high
    edge = [low, high, high, low, low], [low, low, high, high, low]
    axes.plot(*edge, color="white", linewidth=2.2)
    axes.plot(*edge, "--", color="black", linewidth=1.2)
    axes.set_aspect("equal")
    axes.locator_params(nbins=5)
    axes.tick_params(labelsize=8)


def _levels(low: float, high: float) -> Array:
    span = (high - low) or abs(high) or 1.0
    return np.linspace(low - 0.05 * span, high + 0.05 * span, _LEVELS)
