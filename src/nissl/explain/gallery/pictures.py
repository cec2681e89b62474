"""How activation functions are drawn: one in a large panel, several in a grid of small ones."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.explain.drawing.lettering import drawable, style
from nissl.explain.gallery.curves import OTHERS, Curve, Kink
from nissl.explain.gallery.formulas import plain, spoken
from nissl.explain.parts import format_number
from nissl.i18n import translate as _
from nissl.plots import GRID, INK, TRAINING, VALIDATION, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FEW = 6  # functions up to which each panel shows its formulas
_STEEP = 1e150  # values past which nothing can be drawn


def gallery(curves: Sequence[Curve], low: float, high: float) -> Figure:
    """Draw every curve with its derivative."""
    count = len(curves)
    columns = 1 if count == 1 else 2 if count in (2, 4) else 3 if count <= _FEW else 5
    rows = math.ceil(count / columns)
    width, height = (7.2, 4.9) if count == 1 else (4.4, 3.7) if count <= _FEW else (2.45, 2.15)
    figure = new_figure(width * columns, height * rows + 0.5)
    for place, curve in enumerate(curves, start=1):
        axes = figure.add_subplot(rows, columns, place)
        _panel(axes, curve, low, high, width if count <= _FEW else None)
    _legend(figure, curves)
    return figure


def _panel(axes: Axes, curve: Curve, low: float, high: float, width: float | None) -> None:
    """One function; with its formulas where a width, in inches, is given for them."""
    for level in (axes.axhline, axes.axvline):
        level(0, color=INK, linewidth=0.7, zorder=1)
    thick, size = (1.6, 4.5) if width is None else (2.0, 6.5)
    for x, y, slope in curve.pieces():
        axes.plot(x, _drawable(y), "-", color=TRAINING, linewidth=thick, zorder=3)
        axes.plot(x, _drawable(slope), "--", color=VALIDATION, linewidth=thick, zorder=4)
    for kink in curve.kinks:
        _circles(axes, kink, size)
    axes.set_xlim(low, high)
    _limits(axes, curve)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    x = "$x_1$" if curve.named.vector else "$x$"
    if width is None:
        axes.set_title(drawable(curve.name, 32), **style(9))
        axes.set_xlabel(x, fontsize=8, labelpad=0)
        axes.tick_params(labelsize=7)
        return
    pad = _formula_lines(axes, curve, width)
    axes.set_title(drawable(curve.name, 40), pad=pad, **style(12, True))
    others = ", ".join(f"x_{i}" for i in range(2, 2 + OTHERS))
    axes.set_xlabel(rf"{x}  (${others} = 0$)" if curve.named.vector else x)


def _formula_lines(axes: Axes, curve: Curve, width: float) -> float:
    """Write the formulas above the panel, as large as fits; return their height in points."""
    facts = curve.named.facts
    if facts is None or not curve.named.by_formula:
        return 6.0
    lines = [("h", facts.formula), ("h'", facts.derivative)]
    if curve.named.vector:
        lines = [("h_i", facts.formula), (r"\partial h_i / \partial x_j", facts.derivative)]
    longest = max(len(plain(text)) for _name, text in lines) + 8
    size = min(11.0, 155 * (width - 0.6) / longest)
    letters = r",\ ".join(
        f"{letter} = {format_number(value, 5)}" for letter, value in curve.named.letters().items()
    )
    texts = [rf"${name} = {_drawn(text)}$" for name, text in lines]
    if letters:
        texts[0] += rf",  ${letters}$"
    axes.annotate(
        "\n".join(texts), (0.5, 1.0), (0, 5), xycoords="axes fraction",
        textcoords="offset points", ha="center", va="bottom", fontsize=size, color=INK,
    )  # fmt: skip
    return 2.9 * size + 8


def _drawn(latex: str) -> str:
    """A formula for matplotlib, which sets no space before a function's name and large sums."""
    latex = re.sub(r"(?<=[A-Za-z]) (?=\\(?:min|max|tanh|ln))", r"\\,", spoken(latex))
    return latex.replace(r"\sum", r"\Sigma")


def _circles(axes: Axes, kink: Kink, size: float) -> None:
    """Filled: what is taken; open: limits from the sides that are not."""
    drawn = [(kink.slope, (kink.slope_left, kink.slope_right), VALIDATION)]
    if kink.jumps:
        drawn.append((kink.value, (kink.value_left, kink.value_right), TRAINING))
    for taken, sides, colour in drawn:
        look: dict[str, Any] = {
            "marker": "o", "linestyle": "none", "markersize": size, "color": colour, "zorder": 5,
        }  # fmt: skip
        for side in sides:
            if abs(side) < _STEEP and not math.isclose(side, taken, abs_tol=1e-6):
                axes.plot([kink.at], [side], markerfacecolor="white", **look)
        if abs(taken) < _STEEP:
            axes.plot([kink.at], [taken], **look)


def _drawable(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.where(np.abs(values) < _STEEP, values, np.nan)


def _limits(axes: Axes, curve: Curve) -> None:
    """Cut off what grows without end, so that the rest can be seen."""
    values = np.concatenate([_drawable(curve.y), _drawable(curve.slope)])
    values = values[np.isfinite(values)]
    if not values.size:
        return
    low, high = values.min(), values.max()
    if any(math.isinf(each) for kink in curve.kinks for each in vars(kink).values()):
        near = float(np.percentile(np.abs(values), 90))
        low, high = max(low, -near), min(high, near)
    room = 0.08 * (high - low) or 0.5
    axes.set_ylim(min(low - room, -room), max(high + room, room))


def _legend(figure: Figure, curves: Sequence[Curve]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=TRAINING, linewidth=2, label=_("h(x), the function")),
        Line2D([], [], color=VALIDATION, linewidth=2, linestyle="--",
               label=_("h'(x), its derivative")),
    ]  # fmt: skip
    if any(curve.kinks for curve in curves):
        dot: dict[str, Any] = {"color": INK, "marker": "o", "linestyle": "none", "markersize": 6}
        handles += [
            Line2D([], [], label=_("value taken"), **dot),
            Line2D([], [], label=_("limit not taken"), markerfacecolor="white", **dot),
        ]
    columns = 2 if len(curves) == 1 else 4
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False)
