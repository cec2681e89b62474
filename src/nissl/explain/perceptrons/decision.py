"""Two classes and the lines between them, drawn on matplotlib axes.

The weights of a line ``w . x + b = 0`` come as perceptrons hold them: the bias first, then one for
each of one or two features.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl.errors import optional
from nissl.explain.drawing.lettering import drawable, mathematics
from nissl.explain.panels import Panel
from nissl.i18n import translate as _
from nissl.plots import GRID, INK, TRAINING, VALIDATION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Box", "Plane", "clip", "ends", "hull", "outer_labels", "panel", "sides"]

Array: TypeAlias = NDArray[Any]
Weights: TypeAlias = Sequence[float] | Array  # bias first
Box: TypeAlias = tuple[float, float, float, float]  # left, right, bottom, top

REGION, HATCH = "#c9d8e8", "#8aa5c0"  # pale, also in grey; the hatch says the same
MARGIN = 0.3  # around the samples, as a share of their span


# ---- geometry ----------------------------------------------------------------------------------
def _scaled(weights: Weights) -> tuple[float, Array]:
    """Bias and two weights, the larger weight 1: the same line, far from overflow."""
    bias, *slope = (*map(float, weights), 0.0)[:3]
    size = max(map(abs, slope)) or 1.0
    return bias / size, np.array(slope) / size


def clip(box: Box, *halves: Weights) -> Array:
    """Return the corners of the part of a box where ``w . x + b >= 0``, in order, ``(n, 2)``.

    With the weights of several lines, of the part where all are at least 0.

    >>> clip((0, 1, 0, 1), (-0.5, 1, 0)).tolist()
    [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]
    """
    left, right, bottom, top = box
    corners = np.array([(left, bottom), (right, bottom), (right, top), (left, top)], np.float64)
    for bias, slope in map(_scaled, halves):
        values = corners @ slope + bias
        kept: list[Array] = []
        for place, (end, there) in enumerate(zip(corners, values, strict=True)):
            start, here = corners[place - 1], values[place - 1]
            if (here >= 0) != (there >= 0):
                kept.append(start + here / (here - there) * (end - start))
            if there >= 0:
                kept.append(end)
        corners = np.array(kept).reshape(-1, 2)
    return corners


def ends(box: Box, weights: Weights) -> Array:
    """Return where ``w . x + b = 0`` enters and leaves a box, ``(2, 2)``; else ``(0, 2)``."""
    bias, slope = _scaled(weights)
    corners = clip(box, weights)
    on = corners[np.abs(corners @ slope + bias) <= 1e-9 * max(map(abs, box))]
    if len(on) < 2 or not slope.any():
        return np.zeros((0, 2))
    along = on @ (-slope[1], slope[0])
    return on[[along.argmax(), along.argmin()]]


def hull(points: Array) -> Array:
    """Return the corners of the convex hull of points ``(N, 2)``, in order; two of a line.

    >>> sorted(hull(np.array([[0, 0], [1, 1], [2, 0], [1, 0.2]])).tolist())
    [[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]
    """
    ordered = np.unique(np.asarray(points, np.float64), axis=0)  # by x, then by y
    sizes = np.ptp(ordered, axis=0) if len(ordered) else np.zeros(2)
    scaled = (ordered - ordered[:1]) / np.where(sizes > 0, sizes, 1.0)
    if np.linalg.matrix_rank(scaled, tol=1e-9) < 2:
        return ordered[[0, -1]] if len(ordered) > 1 else ordered
    return ordered[optional("scipy.spatial", "Drawing hulls", "plots").ConvexHull(scaled).vertices]


def flat(x: Array, positive: Array) -> Array:
    """Samples of one or two features as points ``(N, 2)``; of one, in two rows, one a class."""
    return x if x.shape[1] == 2 else np.column_stack([x, positive.astype(float)])


def box_of(points: Array) -> Box:
    """A box around points with a margin."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = MARGIN * np.where(high > low, high - low, np.maximum(np.abs(high), 1.0) * 0.5)
    (left, bottom), (right, top) = (low - span).tolist(), (high + span).tolist()
    return left, right, bottom, top


# ---- drawing -----------------------------------------------------------------------------------
class Plane:
    """Axes with samples of two classes in them; those of one feature in two rows, one a class.

    Args:
        axes: where they are drawn.
        x: one or two features, ``(N, 1)`` or ``(N, 2)``.
        positive: which samples are of the second class, ``(N,)``.
    """

    def __init__(self, axes: Axes, x: Array, positive: Array) -> None:
        self.axes, self.positive = axes, positive
        self.points = flat(x, positive)
        self.box = box_of(self.points)
        axes.set_xlim(self.box[:2])
        axes.set_ylim(self.box[2:])
        axes.grid(color=GRID, linewidth=0.6)
        axes.set_axisbelow(True)
        if x.shape[1] == 1:
            axes.set_yticks([])

    def samples(self, classes: Sequence[object], size: float = 60) -> None:
        """Draw the first class as hollow circles, the second as full squares."""
        for second, (marker, colour) in enumerate((("o", VALIDATION), ("s", TRAINING))):
            kept = self.points[self.positive == bool(second)]
            target = mathematics("", drawable(str(classes[second]), 24))
            if len(kept):
                self.axes.scatter(
                    *kept.T, s=size if len(self.points) <= 60 else max(size / 4, 8), marker=marker,
                    facecolors=colour if second else "white", edgecolors=colour, linewidths=1.6,
                    label=_("target {target}").format(target=target), zorder=3,
                )  # fmt: skip

    def line(
        self,
        weights: Weights,
        style: str = "-",
        *,
        label: str = "",
        colour: str = INK,
        text: str = "",
    ) -> None:
        """Draw ``w . x + b = 0`` as far as the axes go, with a text on its middle."""
        points = ends(self.box, weights)
        if not len(points):
            return
        self.axes.plot(*points.T, style, color=colour, linewidth=1.8, label=label or None)
        if text:
            x, y = points.mean(axis=0).tolist()
            self.axes.text(
                x, y, text, ha="center", va="center", fontsize=9, zorder=5,
                bbox={"facecolor": "white", "edgecolor": INK, "pad": 2.5, "linewidth": 0.8},
            )  # fmt: skip

    def ring(self, sample: int, label: str) -> None:
        """Draw a ring around a sample."""
        x, y = self.points[sample]
        self.axes.plot(
            x, y, "o", markersize=13, markerfacecolor="none",
            markeredgecolor=INK, markeredgewidth=1.4, linestyle="none", label=label, zorder=4,
        )  # fmt: skip

    def shade(self, *halves: Weights) -> None:
        """Shade and hatch where all of ``w . x + b`` are at least 0."""
        corners = clip(self.box, *halves)
        if len(corners) > 2:
            self._region(corners)

    def _region(self, corners: Array) -> None:
        from matplotlib.patches import Polygon

        self.axes.add_patch(
            Polygon(
                corners, facecolor=REGION, edgecolor=HATCH, hatch="///", linewidth=0,
                label=_("output 1"), zorder=0,
            )
        )  # fmt: skip

    def shade_where(self, outputs: Callable[[Array], Array], points: int = 121) -> None:
        """Shade and hatch where outputs, asked on a grid, are at least one half."""
        left, right, bottom, top = self.box
        across, up = np.linspace(left, right, points), np.linspace(bottom, top, points)
        grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
        values = np.asarray(outputs(grid)).reshape(points, points)
        drawn: Any = self.axes.contourf(
            across, up, values, levels=[0.5, np.inf], colors=[REGION], hatches=["///"], zorder=0
        )
        drawn.set_edgecolor(HATCH)
        drawn.set_linewidth(0)
        self._region(np.array([[left, bottom]] * 3))  # a contour has no sign in a legend


def panel(
    draw: Callable[[Axes], object], title: str, features: int, size: tuple[float, float]
) -> Panel:
    """Return a panel of a plane of one or two features."""
    y = "$x_2$" if features == 2 else ""
    wrapped = "\n".join(textwrap.wrap(title, int(12 * size[0])))
    return Panel(draw, wrapped, "$x_1$", y, size, framed=True)


def sides(
    axes: Axes, distances: Array, positive: Array, classes: Sequence[object], label: str
) -> None:
    """Draw how far on which side of a plane each sample lies, one row a class."""
    Plane(axes, distances[:, None], positive).samples(classes, 40)
    axes.autoscale(axis="x")
    axes.axvline(0, color=INK, linewidth=1.8, label=label)
    axes.set_xlabel(_("Distance to the plane, in the unit of the features"))


def outer_labels(_figure: Figure, panels: Sequence[Axes]) -> None:
    """Label only the outer of axes that all show the same part of the plane."""
    specs: list[Any] = [axes.get_subplotspec() for axes in panels]
    places = [(spec.rowspan.start, spec.colspan.start) for spec in specs]
    for axes, (row, column) in zip(panels, places, strict=True):
        if column:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
        if (row + 1, column) in places:
            axes.set_xlabel("")
            axes.tick_params(labelbottom=False)
