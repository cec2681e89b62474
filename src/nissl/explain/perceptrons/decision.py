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

from nissl.explain.drawing.lettering import drawable, families, mathematics
from nissl.i18n import translate as _
from nissl.plots import GRID, INK, TRAINING, VALIDATION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Box", "clip", "ends", "flat", "hull", "limits"]

Array: TypeAlias = NDArray[Any]
Weights: TypeAlias = Sequence[float] | Array  # bias first
Box: TypeAlias = tuple[float, float, float, float]  # left, right, bottom, top

REGION, HATCH = "#c9d8e8", "#8aa5c0"  # pale, also in grey; the hatch says the same
MARKERS = ("o", "s")


def flat(x: Array, positive: Array) -> Array:
    """Samples of one or two features as points in the plane, ``(N, 2)``.

    Those of one feature stand in two rows, one a class.
    """
    if x.shape[1] == 2:
        return x
    return np.concatenate([x, np.asarray(positive, np.float64)[:, None]], axis=1)


def limits(x: Array, margin: float = 0.3) -> Box:
    """Return a box around points ``(N, 2)`` with a margin, as a share of their span."""
    low, high = x.min(axis=0), x.max(axis=0)
    span = np.where(high > low, high - low, np.maximum(np.abs(high), 1.0) * 0.5)
    (left, bottom), (right, top) = low - margin * span, high + margin * span
    return float(left), float(right), float(bottom), float(top)


def _scaled(weights: Weights) -> tuple[float, float, float]:
    """Bias and two weights, the larger weight 1: the same line, far from overflow."""
    bias, across, up = (*map(float, weights), 0.0)[:3]
    size = max(abs(across), abs(up)) or 1.0
    return bias / size, across / size, up / size


def clip(box: Box, *halves: Weights) -> Array:
    """Return the corners of the part of a box where ``w . x + b >= 0``, in order, ``(n, 2)``.

    With the weights of several lines, of the part where all are at least 0.

    >>> clip((0, 1, 0, 1), (-0.5, 1, 0)).tolist()
    [[0.5, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 1.0]]
    """
    left, right, bottom, top = box
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    for bias, across, up in map(_scaled, halves):
        values = [across * x + up * y + bias for x, y in corners]
        kept: list[tuple[float, float]] = []
        for place, (end, there) in enumerate(zip(corners, values, strict=True)):
            start, here = corners[place - 1], values[place - 1]
            if (here >= 0) != (there >= 0):
                share = here / (here - there)
                kept.append(
                    (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
                )
            if there >= 0:
                kept.append(end)
        corners = kept
    return np.array(corners, np.float64).reshape(-1, 2)


def ends(box: Box, weights: Weights) -> Array:
    """Return where ``w . x + b = 0`` enters and leaves a box, ``(2, 2)``; else ``(0, 2)``."""
    bias, across, up = _scaled(weights)
    size = max(map(abs, box))
    on = [(x, y) for x, y in clip(box, weights) if abs(across * x + up * y + bias) <= 1e-9 * size]
    if len(on) < 2 or not (across or up):
        return np.zeros((0, 2))
    along = [across * y - up * x for x, y in on]
    return np.array([on[int(np.argmin(along))], on[int(np.argmax(along))]])


def shade(axes: Axes, box: Box, *halves: Weights, label: str = "") -> None:
    """Shade and hatch where all of ``w . x + b`` are at least 0."""
    corners = clip(box, *halves)
    if len(corners) > 2:
        _patch(axes, corners, label)


def _patch(axes: Axes, corners: Array, label: str) -> None:
    from matplotlib.patches import Polygon

    axes.add_patch(
        Polygon(
            corners, closed=True, facecolor=REGION, edgecolor=HATCH, hatch="///", linewidth=0,
            label=label or None, zorder=0,
        )
    )  # fmt: skip


def shade_where(
    axes: Axes, box: Box, outputs: Callable[[Array], Array], label: str = "", points: int = 121
) -> None:
    """Shade and hatch where the outputs, asked on a grid of the box, are at least one half."""
    across, up = np.linspace(box[0], box[1], points), np.linspace(box[2], box[3], points)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    values = np.asarray(outputs(grid)).reshape(points, points)
    drawn: Any = axes.contourf(
        across, up, values, levels=[0.5, np.inf], colors=[REGION], hatches=["///"], zorder=0
    )
    drawn.set_edgecolor(HATCH)
    drawn.set_linewidth(0)
    _patch(axes, np.array([[box[0], box[2]]] * 3), label)  # a contour has no sign in a legend


def line(
    axes: Axes,
    box: Box,
    weights: Weights,
    *,
    style: str = "-",
    label: str = "",
    colour: str = INK,
    text: str = "",
) -> None:
    """Draw ``w . x + b = 0`` as far as the box goes, with a text on its middle."""
    points = ends(box, weights)
    if len(points):
        axes.plot(
            points[:, 0], points[:, 1], style, color=colour, linewidth=1.8, label=label or None
        )
        if text:
            x, y = points.mean(axis=0).tolist()
            axes.text(
                x, y, text, ha="center", va="center", fontsize=9, zorder=5,
                bbox={"facecolor": "white", "edgecolor": INK, "pad": 2.5, "linewidth": 0.8},
            )  # fmt: skip


def samples(
    axes: Axes, x: Array, positive: Array, classes: Sequence[object], *, size: float = 60
) -> None:
    """Draw points ``(N, 2)``: the first class as hollow circles, the second as full squares."""
    for second, colour in enumerate((VALIDATION, TRAINING)):
        chosen = x[positive == bool(second)]
        if len(chosen):
            axes.scatter(
                chosen[:, 0], chosen[:, 1],
                s=size if len(x) <= 60 else max(size / 4, 8),
                marker=MARKERS[second],
                facecolors=colour if second else "white",
                edgecolors=colour,
                linewidths=1.6,
                label=_("target {target}").format(
                    target=mathematics("", drawable(str(classes[second]), 24))
                ),
                zorder=3,
            )  # fmt: skip


def ring(axes: Axes, point: Array, label: str) -> None:
    """Draw a ring around a point."""
    axes.plot(
        point[:1], point[1:], "o", markersize=13, markerfacecolor="none",
        markeredgecolor=INK, markeredgewidth=1.4, linestyle="none", label=label, zorder=4,
    )  # fmt: skip


def label_axes(axes: Axes, box: Box, features: int) -> None:
    """Set limits and labels; a single feature has no vertical axis."""
    axes.set_xlim(box[0], box[1])
    axes.set_ylim(box[2], box[3])
    axes.set_xlabel("$x_1$")
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    if features == 1:
        axes.set_yticks([])
    else:
        axes.set_ylabel("$x_2$")


def sides(
    axes: Axes, distances: Array, positive: Array, classes: Sequence[object], label: str
) -> None:
    """Draw how far on which side of a plane each sample lies, one row a class."""
    samples(axes, flat(distances[:, None], positive), positive, classes, size=40)
    axes.axvline(0, color=INK, linewidth=1.8, label=label)
    axes.set_ylim(-0.6, 1.6)
    axes.set_yticks([])
    axes.set_xlabel(_("Distance to the plane, in the unit of the features"))
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def inner_labels(figure: Figure, columns: int) -> None:
    """Label only the outer of axes that all show the same part of the plane."""
    for place, axes in enumerate(figure.axes):
        if place % columns:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
        if place + columns < len(figure.axes):
            axes.set_xlabel("")
            axes.tick_params(labelbottom=False)


def title(axes: Axes, text: str, width: int = 48) -> None:
    """Write above the axes, in as many lines as it takes."""
    axes.set_title("\n".join(textwrap.wrap(text, width)), fontsize=10)


def legend(figure: Figure, columns: int = 3) -> None:
    """Put one legend for all axes below them, each text once."""
    found: dict[str, Any] = {}
    for axes in reversed(figure.axes):
        for handle, text in zip(*axes.get_legend_handles_labels(), strict=True):
            found.setdefault(text, handle)
    figure.legend(
        list(found.values()), list(found), loc="outside lower center", ncols=columns,
        frameon=False, prop={"family": list(families()), "size": 9},
    )  # fmt: skip


def hull(points: Array) -> Array:
    """Return the corners of the convex hull of points ``(N, 2)``, in order (Andrew 1979).

    >>> hull(np.array([[0, 0], [1, 1], [2, 0], [1, 0.2]])).tolist()
    [[0.0, 0.0], [2.0, 0.0], [1.0, 1.0]]
    """
    ordered = np.unique(np.asarray(points, np.float64), axis=0)  # by x, then by y
    corners: list[Array] = []
    for walk in (ordered, ordered[::-1]):
        half: list[Array] = []
        for point in walk:
            while len(half) > 1 and _turn(half[-1] - half[-2], point - half[-2]) <= 0:
                half.pop()
            half.append(point)
        corners += half[:-1]
    return np.array(corners) if corners else ordered


def _turn(one: Array, other: Array) -> float:
    """Above 0 where the other vector turns left from the one."""
    return one[0] * other[1] - one[1] * other[0]
