"""What pictures of graphs are made of: a page in inches, boxes with round corners, and arrows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nissl import plots
from nissl.explain.drawing.layers import Size
from nissl.explain.drawing.layout import Point, Rectangle
from nissl.explain.drawing.lettering import Lettering, families, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["arrow", "box", "page"]

Array = NDArray[np.float64]

EDGE = "#4d4d4d"
TITLE, LEGEND = 10.0, 8.5  # points
_MARGIN, _LINE, _ENTRY = 0.2, 0.22, 0.55  # inches: around all, of a line, of a legend's mark
_LENGTH, _WIDTH, _ROUND = 0.1, 0.075, 0.12  # of an arrow's head, and of a corner


def page(
    figure: Figure, size: Size, title: Sequence[str] = (), handles: Sequence[Any] = ()
) -> Axes:
    """Make a figure as large as a graph, with lines above and a legend below.

    Args:
        figure: an empty figure.
        size: width and height of the graph, in inches.
        title: lines, in which nothing is mathematics.
        handles: of the legend, with labels; beside each other where there is room.

    Returns:
        Axes in which one unit is one inch, and the graph begins at ``(0, 0)``.
    """
    lettering, (width, height) = Lettering(figure), size
    entries = [_ENTRY + 1.04 * lettering.width(each.get_label(), LEGEND) for each in handles]
    columns = len(handles) if sum(entries) <= max(width, 3.0) else 1
    told = [1.04 * lettering.width(line, TITLE, True) for line in title]
    wide = max([width, *told, sum(entries) if columns > 1 else max(entries, default=0.0)])
    above = _LINE * len(title) + 0.1 if title else 0.0
    below = _LINE * math.ceil(len(handles) / max(columns, 1)) + 0.1 if handles else 0.0
    total = wide + 2 * _MARGIN, height + above + below + 2 * _MARGIN
    figure.set_layout_engine("none")
    figure.set_size_inches(*total)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    left = (total[0] - width) / 2
    axes.set_xlim(-left, total[0] - left)
    axes.set_ylim(-below - _MARGIN, total[1] - below - _MARGIN)
    for number, line in enumerate(title):
        y = height + _MARGIN + above - 0.1 - _LINE * (number + 0.5)
        axes.text(width / 2, y, line, ha="center", va="center", **style(TITLE, True, plots.INK))
    if handles:
        figure.legend(
            handles=handles, loc="lower center", ncols=columns, frameon=False, borderaxespad=0.8,
            prop={"family": list(families()), "size": LEGEND},
        )  # fmt: skip
    return axes


def box(axes: Axes, place: Rectangle, rounded: float, **look: Any) -> None:
    """Draw a rectangle with round corners."""
    from matplotlib.patches import FancyBboxPatch

    settings: dict[str, Any] = {"linewidth": 1.0, "zorder": 3, "edgecolor": EDGE, **look}
    axes.add_patch(
        FancyBboxPatch(
            (place.left, place.bottom), place.width, place.height,
            boxstyle=f"round,pad=0,rounding_size={rounded}",
            **settings,
        )
    )  # fmt: skip


def arrow(axes: Axes, route: Sequence[Point], colour: str = EDGE, dashes: Any = "-") -> None:
    """Draw a line with round corners, and a point at its end."""
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    points = np.array(route, np.float64)  # (corners, 2)
    ahead = _unit(points[-1] - points[-2])
    aside = np.array([-ahead[1], ahead[0]]) * _WIDTH / 2
    back = points[-1] - _LENGTH * ahead
    corners = [*points[:-1], points[-1] - 0.8 * _LENGTH * ahead]
    vertices, codes = [corners[0]], [Path.MOVETO]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        vertices += [_towards(corner, before), corner, _towards(corner, after)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    line = Path(np.array([*vertices, corners[-1]]), [*codes, Path.LINETO])
    look: dict[str, Any] = {"facecolor": "none", "edgecolor": colour, "zorder": 2}
    axes.add_patch(PathPatch(line, linewidth=1.1, linestyle=dashes, **look))
    head = np.array([points[-1], back + aside, back - aside])
    axes.add_patch(Polygon(head, facecolor=colour, edgecolor="none", zorder=2))


def _unit(way: Array) -> Array:
    return way / max(float(np.hypot(*way)), 1e-9)


def _towards(corner: Array, other: Array) -> Array:
    """A point a little away from a corner, half way at most."""
    way = other - corner
    return corner + min(_ROUND, float(np.hypot(*way)) / 2) * _unit(way)
