"""Networks drawn neuron by neuron: circles in columns, weights as lines, numbers beside both.

>>> figure = draw_network([1, 2, 1], [[[0.5, -2.0]], [[1.0], [0.1]]], [[0.0, 1.0], None])
>>> len(figure.axes[0].patches)  # four neurons, and the unit that is always 1
5
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import ArrayLike

from nissl import plots
from nissl.explain.drawing.lettering import families
from nissl.explain.drawing.network_plan import RADIUS, Column, Gap, Options, Plan, make_plan
from nissl.explain.parts import format_number
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_network"]

FORWARD = plots.TRAINING
BACKWARD = "#ad5313"  # the orange of plots.VALIDATION, dark enough for small letters
LINE = "#8a8a8a"
DIGITS = 3
_THINNEST, _WIDEST = 0.5, 4.0  # points
_PAPER = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.88}


def draw_network(
    sizes: Sequence[int],
    weights: Sequence[ArrayLike] | None = None,
    biases: Sequence[ArrayLike | None] | None = None,
    *,
    title: str = "",
    caption: str = "",
    **options: Unpack[Options],
) -> Figure:
    """Return a figure of a fully connected network: each neuron a circle, each weight a line.

    A line is as wide as its weight is large, ``|w|`` against the largest of the network, and dashed
    where the weight is negative, dotted where it is not a number. A column of more than ``most``
    neurons shows its first ones, dots, and its last one.

    Args:
        sizes: neurons of each column, inputs first; at least two columns, each of at least 1.
        weights: for each column but the first an array of shape ``(before, here)``, a ``Dense``
            layer's kernel; lines of one width by default.
        biases: for each column but the first an array of shape ``(here,)``, or ``None``; a bias
            comes from a unit that is always 1, drawn on top of the column before.
        title: text above.
        caption: smaller text below it.
        options: by name,

            - ``labels``: for each column the text in each neuron, also of those that are folded;
              short, e.g. ``"$x_1$"``. By default ``x``, ``z`` and ``y`` with a number;
            - ``titles``: text under each column;
            - ``forward``, ``backward``: for each column a text above, and one below, each neuron;
            - ``slopes``, ``bias_slopes``: derivatives by ``weights`` and ``biases``, of the same
              shapes;
            - ``numbers``: whether to write weights, and derivatives in brackets under them, on the
              lines; between columns with more than 24 lines they are left out;
            - ``most``: neurons of a column up to which each is drawn, 6 by default, at least 3.

    Raises:
        ArgumentError, ShapeError: sizes, weights or texts that do not fit together.
        MissingDependencyError: matplotlib is not installed.
    """
    plan = make_plan(sizes, weights, biases, **options)
    handles = _legend(plan)
    columns = max(1, len(handles) if plan.width > 8 else 2)
    lines = sum(text.count("\n") + 1 for text in (title, caption) if text)
    extra = 0.3 + 0.22 * lines + 0.18 * math.ceil(len(handles) / columns)
    figure = plots.new_figure(max(plan.width, 6.0) + 0.2, plan.height + extra)
    axes = figure.add_subplot()
    _draw(axes, plan)
    if title:
        figure.suptitle(title, fontsize=11)
    if caption:
        axes.set_title(caption, fontsize=9)
    if handles:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize=8
        )
    return figure


# ---- drawing ----------------------------------------------------------------------------------
def _draw(axes: Axes, plan: Plan) -> None:
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-plan.side, plan.x[-1] + plan.side)
    axes.set_ylim(-plan.bottom, plan.height - plan.bottom)
    for place, gap in enumerate(plan.gaps):
        _draw_gap(axes, plan, place, gap)
    for place, column in enumerate(plan.columns):
        _draw_column(axes, plan, place, column)


def _draw_gap(axes: Axes, plan: Plan, place: int, gap: Gap) -> None:
    before, here = plan.columns[place], plan.columns[place + 1]
    sources = [(before.row(i), 1 + unit) for i, unit in enumerate(before.units)]
    if gap.has_bias:
        sources.insert(0, (0, 0))
    x0, x1 = plan.x[place], plan.x[place + 1]
    for source, from_unit in sources:
        for j, to_unit in enumerate(here.units):
            y0, y1 = plan.y(before, source), plan.y(here, here.row(j))
            value = None if gap.weights is None else float(gap.weights[from_unit, to_unit])
            dashes, width = line_of(value, plan.largest)
            axes.plot([x0, x1], [y0, y1], dashes, color=LINE, linewidth=width, zorder=1,
                      solid_capstyle="butt")  # fmt: skip
            if gap.numbered and value is not None:
                slope = None if gap.slopes is None else float(gap.slopes[from_unit, to_unit])
                at = (x0 + gap.at * (x1 - x0), y0 + gap.at * (y1 - y0))
                _number_line(axes, at, value, slope)


def line_of(value: float | None, largest: float) -> tuple[str, float]:
    """Style and width in points of the line of a weight."""
    if value is None:
        return "-", 1.0
    if not math.isfinite(value):
        return ":", 1.0
    share = abs(value) / largest if largest > 0 else 0.0
    return ("--" if value < 0 else "-"), _THINNEST + (_WIDEST - _THINNEST) * share


def _number_line(axes: Axes, at: tuple[float, float], value: float, slope: float | None) -> None:
    kind: dict[str, Any] = {"ha": "center", "fontsize": 7, "zorder": 2, "bbox": _PAPER}
    shift = 0.0 if slope is None else 0.01
    text = axes.text(*at, format_number(value, DIGITS), va="center", color=FORWARD, **kind)
    if slope is not None:
        text.set_position((at[0], at[1] + shift))
        text.set_verticalalignment("bottom")
        axes.text(at[0], at[1] - shift, f"({format_number(slope, DIGITS)})", va="top",
                  color=BACKWARD, style="italic", **kind)  # fmt: skip


def _draw_column(axes: Axes, plan: Plan, place: int, column: Column) -> None:
    x = plan.x[place]
    if column.has_bias:
        _circle(axes, x, plan.y(column, 0), "1", 0.75 * RADIUS, "#e8e8e8")
    for i, unit in enumerate(column.units):
        y = plan.y(column, column.row(i))
        _circle(axes, x, y, column.labels[unit], RADIUS, "white")
        kind: dict[str, Any] = {"ha": "center", "linespacing": 1.05, "zorder": 4, "bbox": _PAPER}
        if column.above[unit]:
            axes.text(
                x,
                y + RADIUS + 0.04,
                column.above[unit],
                va="bottom",
                color=FORWARD,
                fontsize=7.5,
                **kind,
            )
        if column.below[unit]:
            axes.text(x, y - RADIUS - 0.04, column.below[unit], va="top", color=BACKWARD,
                      fontsize=7.5, style="italic", **kind)  # fmt: skip
    if column.folded:
        y = plan.y(column, column.rows - 2)
        axes.plot([x] * 3, [y - 0.12, y, y + 0.12], "o", color=plots.INK, markersize=2.5)
        hidden = column.size - len(column.units)
        axes.text(x + 0.12, y, _("{count} more").format(count=grouped(hidden)), va="center",
                  fontsize=7.5, color=plots.INK, bbox=_PAPER)  # fmt: skip
    if column.title:
        y = plan.title_height - plan.bottom
        axes.text(x, y, column.title, ha="center", va="top", fontsize=8.5, color=plots.INK,
                  fontfamily=list(families()))  # fmt: skip


def _circle(axes: Axes, x: float, y: float, text: str, radius: float, colour: str) -> None:
    from matplotlib.patches import Circle

    axes.add_patch(
        Circle((x, y), radius, facecolor=colour, edgecolor=plots.INK, linewidth=1.1, zorder=3)
    )
    axes.text(x, y, text, ha="center", va="center", fontsize=10, color=plots.INK, zorder=4)


def _legend(plan: Plan) -> list[Any]:
    """What lines and colours mean, as far as they occur."""
    from matplotlib.lines import Line2D

    weights = [gap.weights for gap in plan.gaps if gap.weights is not None]
    handles: list[Any] = []
    if weights:
        wide: dict[str, Any] = {"color": LINE, "linewidth": 2.2}
        handles.append(Line2D([], [], linestyle="-", label=_("weight > 0"), **wide))
        handles.append(
            Line2D([], [], linestyle="--", label=_("weight < 0; wider = larger"), **wide)
        )
        if not all(np.isfinite(w).all() for w in weights):
            handles.append(Line2D([], [], linestyle=":", label=_("not finite"), **wide))
    if plan.noted or any(gap.numbered for gap in plan.gaps):
        told: dict[str, Any] = {"linestyle": "", "markersize": 7}
        handles.append(
            Line2D([], [], marker="s", color=FORWARD, label=_("forward: a, z, w"), **told)
        )
        if any(gap.slopes is not None for gap in plan.gaps):
            label = _("backward, in brackets and below: δ, ∂E/∂w")
            handles.append(Line2D([], [], marker="D", color=BACKWARD, label=label, **told))
    return handles
