"""Networks drawn neuron by neuron: circles in columns, weights as lines, numbers beside both.

>>> figure = draw_network([1, 2, 1], [[[0.5, -2.0]], [[1.0], [0.1]]], [[0.0, 1.0], None])
>>> len(figure.axes[0].patches)  # four neurons, and the unit that is always 1
5
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from nissl import plots
from nissl.errors import ArgumentError, ShapeError
from nissl.explain.drawing.lettering import families
from nissl.explain.drawing.network import Arrays, Network, layer_name, stacked
from nissl.explain.drawing.network_plan import RADIUS, Column, Gap, Plan, lines_of
from nissl.explain.panels import seen
from nissl.explain.parts import format_number
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_network"]

Texts: TypeAlias = Sequence[Sequence[str]]

FORWARD = plots.TRAINING
BACKWARD = "#ad5313"  # the orange of plots.VALIDATION, dark enough for small letters
LINE = "#8a8a8a"
DIGITS = 3
_THINNEST, _WIDEST = 0.5, 4.0  # points
_PAPER = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.88}


def draw_network(
    sizes: Sequence[int],
    weights: Sequence[ArrayLike] | None = None,
    biases: Arrays = None,
    *,
    title: str = "",
    caption: str = "",
    labels: Texts | None = None,
    titles: Sequence[str] | None = None,
    forward: Texts | None = None,
    backward: Texts | None = None,
    slopes: Sequence[ArrayLike] | None = None,
    bias_slopes: Arrays = None,
    numbers: bool = False,
    bias: bool | Sequence[bool] = False,
    most: int = 6,
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
        labels: for each column the text in each neuron, also of those that are folded; short, e.g.
            ``"$x_1$"``. By default ``x``, ``z`` and ``y`` with a number; of several hidden layers
            ``z`` with the number of its layer, from 1, above.
        titles: text under each column.
        forward, backward: for each column a text above, and one below, each neuron.
        slopes, bias_slopes: derivatives by ``weights`` and ``biases``, of the same shapes.
        numbers: whether to write weights, and derivatives in brackets under them, on the lines;
            between columns with more than 24 lines they are left out.
        bias: whether units that are always 1 are drawn where there are no ``biases``; for all
            layers, or for each.
        most: neurons of a column up to which each is drawn, at least 3.

    Raises:
        ArgumentError, ShapeError: sizes, weights or texts that do not fit together.
        MissingDependencyError: matplotlib is not installed.
    """
    counts = [int(n) for n in sizes]
    if len(counts) < 2 or min(counts) < 1 or most < 3:
        raise ArgumentError(
            f"a network has at least two columns of at least one neuron, and shows at least 3 of "
            f"them; not sizes {tuple(counts)} with most={most}"
        )
    own = stacked("weights", counts, weights, biases)
    slope = stacked("slopes", counts, slopes, bias_slopes)
    if titles is not None and len(titles) != len(counts):
        raise ShapeError(f"titles: {len(counts)} columns, and texts for {len(titles)}")
    texts = [
        _texts(name, given, counts)
        for name, given in {"labels": labels, "forward": forward, "backward": backward}.items()
    ]
    wanted = [bias] * (len(counts) - 1) if isinstance(bias, bool) else [*bias]
    given_biases = biases or [None] * (len(counts) - 1)
    has_bias = [a or b is not None for a, b in zip(wanted, given_biases, strict=True)]
    columns = [
        Column(
            size, most, here, texts[0][place] or _labels(place, counts),
            titles[place] if titles else "", *(each[place] or [""] * size for each in texts[1:]),
        )
        for place, (size, here) in enumerate(zip(counts, [*has_bias, False], strict=True))
    ]  # fmt: skip
    gaps = [
        Gap(before, here, weight, by_weight, numbers)
        for (before, here), weight, by_weight in zip(pairwise(columns), own, slope, strict=True)
    ]
    return _figure(Plan(columns, gaps, forward is not None or backward is not None), title, caption)


def draw(shown: Network) -> Figure:
    """Return the picture of a network that is explained."""
    titles = [layer_name(place, shown.sizes, "\n") for place in range(len(shown.sizes))]
    return draw_network(
        shown.sizes, shown.weights, shown.biases, titles=titles, bias=shown.bias, numbers=True,
        most=shown.most,
    )  # fmt: skip


# ---- what is given ----------------------------------------------------------------------------
def _texts(name: str, given: Texts | None, counts: Sequence[int]) -> Sequence[Sequence[str]]:
    """Texts for each neuron of each column; none where none are given."""
    if given is None:
        return [[]] * len(counts)
    if len(given) != len(counts):
        raise ShapeError(f"{name}: {len(counts)} columns, and texts for {len(given)}")
    for place, (size, texts) in enumerate(zip(counts, given, strict=True)):
        if len(texts) != size:
            raise ShapeError(f"{name}[{place}]: {size} neurons, and {len(texts)} texts")
    return given


def _labels(place: int, counts: Sequence[int]) -> list[str]:
    last = len(counts) - 1
    letter = "x" if place == 0 else "y" if place == last else "z"
    layer = f"^{{({place})}}" if letter == "z" and last > 2 else ""
    return [f"${letter}_{{{number}}}{layer}$" for number in range(1, counts[place] + 1)]


# ---- drawing ----------------------------------------------------------------------------------
def _figure(plan: Plan, title: str, caption: str) -> Figure:
    handles = _legend(plan)
    width, height = plan.size
    told = 0.08 * max(map(seen, (title + "\n" + caption).split("\n")))  # inches, about
    width = max(width, min(told, 6.0)) + 0.2
    columns = max(1, len(handles) if width > 8 else int(width / 2.2))
    lines = lines_of(title) + lines_of(caption)
    extra = 0.1 + 0.25 * lines + 0.2 * math.ceil(len(handles) / columns)
    figure = plots.new_figure(width, height + extra)
    axes = figure.add_subplot()
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_xlim(-plan.side, plan.x[-1] + plan.side)
    axes.set_ylim(-plan.bottom, plan.size[1] - plan.bottom)
    for place, gap in enumerate(plan.gaps):
        _draw_gap(axes, plan, place, gap)
    for place, column in enumerate(plan.columns):
        _draw_column(axes, plan, place, column)
    if title:
        figure.suptitle(title, fontsize=11)
    if caption:
        axes.set_title(caption, fontsize=9)
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=columns,
            frameon=False,
            fontsize=8 if plan.noted else 9.2,
        )
    return figure


def _draw_gap(axes: Axes, plan: Plan, place: int, gap: Gap) -> None:
    sources = [(gap.before.row(i), 1 + unit) for i, unit in enumerate(gap.before.units)]
    if gap.before.has_bias:
        sources.insert(0, (0, 0))
    x0, x1 = plan.x[place : place + 2]
    at, size = gap.spot[0], 7.0 if plan.noted else 9.2
    for source, from_unit in sources:
        for j, to_unit in enumerate(gap.here.units):
            y0, y1 = plan.y(gap.before, source), plan.y(gap.here, gap.here.row(j))
            value = None if gap.weights is None else float(gap.weights[from_unit, to_unit])
            dashes, width = line_of(value, plan.largest)
            axes.plot([x0, x1], [y0, y1], dashes, color=LINE, linewidth=width, zorder=1,
                      solid_capstyle="butt")  # fmt: skip
            if gap.numbered and value is not None:
                slope = None if gap.slopes is None else float(gap.slopes[from_unit, to_unit])
                _number_line(axes, (x0 + at * (x1 - x0), y0 + at * (y1 - y0)), value, slope, size)


def line_of(value: float | None, largest: float) -> tuple[str, float]:
    """Style and width in points of the line of a weight."""
    if value is None:
        return "-", 1.0
    if not math.isfinite(value):
        return ":", 1.0
    share = abs(value) / largest if largest > 0 else 0.0
    return ("--" if value < 0 else "-"), _THINNEST + (_WIDEST - _THINNEST) * share


def _number_line(
    axes: Axes, at: tuple[float, float], value: float, slope: float | None, size: float
) -> None:
    kind: dict[str, Any] = {"ha": "center", "fontsize": size, "zorder": 2, "bbox": _PAPER}
    told = format_number(value, DIGITS)
    if slope is None:
        axes.text(*at, told, va="center", color=FORWARD, **kind)
        return
    axes.text(at[0], at[1] + 0.01, told, va="bottom", color=FORWARD, **kind)
    axes.text(at[0], at[1] - 0.01, f"({format_number(slope, DIGITS)})", va="top",
              color=BACKWARD, style="italic", **kind)  # fmt: skip


def _draw_column(axes: Axes, plan: Plan, place: int, column: Column) -> None:
    x = plan.x[place]
    kind: dict[str, Any] = {"ha": "center", "linespacing": 1.05, "zorder": 4, "bbox": _PAPER,
                            "fontsize": 7.5}  # fmt: skip
    if column.has_bias:
        _circle(axes, x, plan.y(column, 0), "1", 0.75 * RADIUS, "#e8e8e8")
    for i, unit in enumerate(column.units):
        y = plan.y(column, column.row(i))
        _circle(axes, x, y, column.labels[unit], RADIUS, "white")
        if above := column.above[unit]:
            axes.text(x, y + RADIUS + 0.04, above, va="bottom", color=FORWARD, **kind)
        if below := column.below[unit]:
            axes.text(x, y - RADIUS - 0.04, below, va="top", color=BACKWARD, style="italic", **kind)
    if column.hidden:
        y = plan.y(column, column.rows - 2)
        axes.plot([x] * 3, [y - 0.12, y, y + 0.12], "o", color=plots.INK, markersize=2.5)
        more = _("{count} more").format(count=grouped(column.hidden))
        axes.text(x + 0.12, y, more, va="center", fontsize=9.5, color=plots.INK, bbox=_PAPER)
    if column.title:
        y = plan.title_height - plan.bottom
        axes.text(x, y, column.title, ha="center", va="top", fontsize=9.5, color=plots.INK,
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
    wide: dict[str, Any] = {"color": LINE, "linewidth": 2.2}
    told: dict[str, Any] = {"linestyle": "", "markersize": 7}
    handles: list[Any] = []
    if weights:
        handles.append(Line2D([], [], linestyle="-", label=_("weight > 0"), **wide))
        label = _("weight < 0; wider = larger")
        handles.append(Line2D([], [], linestyle="--", label=label, **wide))
    if not all(np.isfinite(w).all() for w in weights):
        handles.append(Line2D([], [], linestyle=":", label=_("not finite"), **wide))
    if plan.noted:
        numbers = any(gap.numbered for gap in plan.gaps)
        label = _("forward: a, z, w") if numbers else _("forward: a, z")
        handles.append(Line2D([], [], marker="s", color=FORWARD, label=label, **told))
    numbered = any(gap.numbered and gap.slopes is not None for gap in plan.gaps)
    if numbered or any(any(column.below) for column in plan.columns):
        label = _("backward, below: δ")
        if numbered:
            label = _("backward, in brackets and below: δ, ∂E/∂w")
        handles.append(Line2D([], [], marker="D", color=BACKWARD, label=label, **told))
    return handles
