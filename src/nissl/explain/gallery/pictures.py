"""How activation functions are drawn: one in a large panel, several in a grid of small ones."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.explain.gallery.curves import OTHERS, Curve, Kink
from nissl.explain.gallery.formulas import plain, spoken
from nissl.explain.report import format_number
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
    panels: list[Axes] = []
    for place, curve in enumerate(curves):
        axes = figure.add_subplot(rows, columns, place + 1)
        _panel(axes, curve, low, high, width, formulas=count <= _FEW)
        if count > _FEW:
            axes.tick_params(labelsize=7)
        panels.append(axes)
    _legend(figure, curves)
    return figure


def _panel(
    axes: Axes, curve: Curve, low: float, high: float, width: float, *, formulas: bool
) -> None:
    for level in (axes.axhline, axes.axvline):
        level(0, color=INK, linewidth=0.7, zorder=1)
    thick = 2.0 if formulas else 1.6
    for x, y, slope in curve.pieces():
        axes.plot(x, _drawable(y), "-", color=TRAINING, linewidth=thick, zorder=3)
        axes.plot(x, _drawable(slope), "--", color=VALIDATION, linewidth=thick, zorder=4)
    size = 6.5 if formulas else 4.5
    for kink in curve.kinks:
        _circles(axes, kink, size)
    axes.set_xlim(low, high)
    _limits(axes, curve)
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title(
        plain_name(curve.name),
        fontsize=12 if formulas else 9,
        fontweight="bold" if formulas else None,
    )
    if formulas:
        _formula_lines(axes, curve, width)
        others = ", ".join(f"x_{i}" for i in range(2, 2 + OTHERS))
        axes.set_xlabel(rf"$x_1$  (${others} = 0$)" if curve.named.vector else "$x$")
    else:
        axes.set_xlabel("$x_1$" if curve.named.vector else "$x$", fontsize=8, labelpad=0)


def _formula_lines(axes: Axes, curve: Curve, width: float) -> None:
    """The formulas above the panel, as large as fits."""
    facts = curve.named.facts
    if facts is None or not curve.named.by_formula:
        return
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
    axes.set_title(plain_name(curve.name), fontsize=12, fontweight="bold", pad=2.9 * size + 8)
    axes.annotate(
        "\n".join(texts), (0.5, 1.0), (0, 5), xycoords="axes fraction",
        textcoords="offset points", ha="center", va="bottom", fontsize=size, color=INK,
    )  # fmt: skip


def _drawn(latex: str) -> str:
    """A formula for matplotlib, which sets no space before a function's name and large sums."""
    latex = re.sub(r"(?<=[A-Za-z]) (?=\\(?:min|max|tanh|ln))", r"\\,", spoken(latex))
    return latex.replace(r"\sum", r"\Sigma")


def _circles(axes: Axes, kink: Kink, size: float) -> None:
    """Filled: what is taken; open: limits from the sides that are not."""
    for taken, sides, colour in (
        (kink.slope, (kink.slope_left, kink.slope_right), VALIDATION),
        (kink.value, (kink.value_left, kink.value_right), TRAINING),
    ):
        style: dict[str, Any] = {
            "marker": "o", "linestyle": "none", "markersize": size, "color": colour, "zorder": 5,
        }  # fmt: skip
        if colour == TRAINING and not kink.jumps:
            continue
        for side in sides:
            if abs(side) < _STEEP and not math.isclose(side, taken, abs_tol=1e-6):
                axes.plot([kink.at], [side], markerfacecolor="white", **style)
        if abs(taken) < _STEEP:
            axes.plot([kink.at], [taken], **style)


def _drawable(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.where(np.abs(values) < _STEEP, values, np.nan)


def _limits(axes: Axes, curve: Curve) -> None:
    """Cut off what grows without end, so that the rest can be seen."""
    values = np.concatenate([_drawable(curve.y), _drawable(curve.slope)])
    values = values[np.isfinite(values)]
    if not values.size:
        return
    endless = any(
        math.isinf(each)
        for k in curve.kinks
        for each in (k.value_left, k.value_right, k.slope_left, k.slope_right)
    )
    low, high = values.min(), values.max()
    if endless:
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
    narrow = len(curves) == 1
    figure.legend(
        handles=handles, loc="outside lower center", ncols=2 if narrow else 4, frameon=False
    )


def plain_name(name: str, length: int = 60) -> str:
    """Return a name of at most ``length`` letters that matplotlib does not read as mathematics."""
    clean = "".join(c if c.isprintable() else "?" for c in name)
    cut = clean if len(clean) <= length else clean[: length - 1] + "…"
    return cut.replace("$", r"\$")
