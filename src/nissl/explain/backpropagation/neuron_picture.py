"""One neuron drawn, and its place on the curve of its activation function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from nissl import plots
from nissl.explain.drawing.network_picture import BACKWARD, FORWARD, LINE, line_of
from nissl.explain.formulas import folded
from nissl.explain.panels import Panel, Sheet
from nissl.explain.parts import format_number
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nissl.explain.backpropagation.neuron import Neuron

__all__ = ["draw"]

_DRAWN = 6


def draw(shown: Neuron) -> Sheet:
    """Return the neuron with its numbers, and beside it the activation function."""
    diagram = Panel(lambda axes: _diagram(axes, shown), size=(5.7, 3.2), framed=True)
    curve = Panel(
        lambda axes: _curve(axes, shown),
        x=_("a (sum of the weighted inputs)"),
        y=_("z (output) and slope"),
        size=(4.5, 4.4),
        grid=True,
    )
    return Sheet([[diagram, curve]])


def _diagram(axes: Axes, shown: Neuron) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch

    places = [i for i in folded(shown.products, _DRAWN) if i is not None]
    hidden = len(shown.x) - len(places)
    rows = [("1", shown.bias, "$w_0$")]
    rows += [
        (f"$x_{{{i + 1}}}$ = {format_number(shown.x[i], 3)}", float(shown.weights[i]),
         f"$w_{{{i + 1}}}$")
        for i in places
    ]  # fmt: skip
    count = len(rows) + bool(hidden)
    largest = max([abs(w) for _text, w, _name in rows if math.isfinite(w)], default=0.0)
    height = max(3.4, 0.75 * count)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-0.9, 6.3)
    axes.set_ylim(-height / 2, height / 2)
    for row, (text, weight, name) in enumerate(rows):
        y = (count - 1) / 2 * 0.75 - row * 0.75
        style, width = line_of(weight, largest)
        axes.plot([0, 2.7], [y, 0], style, color=LINE, linewidth=width, zorder=1)
        axes.text(0, y, text, ha="center", va="center", fontsize=9, color=FORWARD, zorder=3,
                  bbox={"boxstyle": "round,pad=0.35", "facecolor": "white",
                        "edgecolor": plots.INK})  # fmt: skip
        axes.text(1.2, y * (1 - 1.2 / 2.7), f"{name} = {format_number(weight, 3)}",
                  ha="center", va="center", fontsize=8, color=FORWARD, zorder=2,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0})  # fmt: skip
    if hidden:
        y = (count - 1) / 2 * 0.75 - (count - 1) * 0.75
        axes.text(0, y, _("… {count} more").format(count=grouped(hidden)), ha="center",
                  va="center", fontsize=8)  # fmt: skip
    for start, stop in ((3.05, 4.0), (4.9, 5.5)):
        axes.annotate("", (stop, 0), (start, 0), arrowprops={"arrowstyle": "->"})
    axes.add_patch(Circle((2.7, 0), 0.35, facecolor="white", edgecolor=plots.INK, zorder=3))
    axes.text(2.7, 0, "Σ", ha="center", va="center", fontsize=14, zorder=4)
    axes.text(3.5, 0.12, f"a = {format_number(shown.a, 3)}", ha="center", fontsize=8.5,
              color=FORWARD)  # fmt: skip
    axes.add_patch(
        FancyBboxPatch(
            (4.05, -0.3), 0.8, 0.6, boxstyle="round,pad=0.02", facecolor="white",
            edgecolor=plots.INK, zorder=3,
        )
    )  # fmt: skip
    axes.text(4.45, 0, "h(a)", ha="center", va="center", fontsize=10, zorder=4)
    axes.text(4.45, -0.42, shown.activation, ha="center", va="top", fontsize=8.5)
    axes.text(5.55, 0, f"z = {format_number(shown.z, 3)}", ha="left", va="center", fontsize=9,
              color=FORWARD)  # fmt: skip


def _curve(axes: Axes, shown: Neuron) -> None:
    inside = shown.a if math.isfinite(shown.a) else 0.0
    reach = max(4.0, 1.3 * abs(inside))
    a = np.linspace(-reach, reach, 801)
    value, slope = shown.values(a)
    axes.plot(a, value, color=FORWARD, linewidth=1.8, label=f"h(a), {shown.activation}")
    axes.plot(a, slope, "--", color=BACKWARD, linewidth=1.4, label="h'(a)")
    if math.isfinite(shown.a) and math.isfinite(shown.z):
        axes.plot([shown.a, shown.a], [0, shown.z], ":", color=plots.INK, linewidth=1)
        label = f"a = {format_number(shown.a, 3)}, z = {format_number(shown.z, 3)}"
        axes.plot([shown.a], [shown.z], "o", color=plots.INK, markersize=7, label=label)
    axes.axhline(0, color=plots.GRID, linewidth=0.8, zorder=0)
    axes.legend(frameon=False, fontsize=8)
