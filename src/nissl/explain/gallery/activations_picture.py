"""How activation functions are drawn: one in a large panel, several in a grid of small ones."""

from __future__ import annotations

import math
import re
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.explain.drawing.lettering import drawable, style
from nissl.explain.gallery.curves import OTHERS, Curve, Kink
from nissl.explain.panels import Panel, Sheet
from nissl.i18n import translate as _
from nissl.plots import INK, TRAINING, VALIDATION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nissl.explain.gallery.activations import Gallery

__all__ = ["draw"]

_FEW = 6  # functions up to which each panel shows its formulas
_STEEP = 1e150  # values past which nothing can be drawn


def draw(shown: Gallery) -> Sheet:
    """Draw each function solid and its derivative dashed, kinks marked by circles."""
    count = len(shown.curves)
    columns = 1 if count == 1 else 2 if count in (2, 4) else 3 if count <= _FEW else 5
    size = (7.2, 4.9) if count == 1 else (4.4, 3.7) if count <= _FEW else (2.45, 2.15)
    panels = [_panel(curve, (shown.low, shown.high), size) for curve in shown.curves]
    kinks = any(curve.kinks for curve in shown.curves)
    return Sheet.grid(panels, columns, legend=2 if count == 1 else 4, handles=_handles(kinks))


def _panel(curve: Curve, interval: tuple[float, float], size: tuple[float, float]) -> Panel:
    """One function; a large panel has its formulas above it."""
    small = size[0] < 4
    x = "$x_1$" if curve.named.vector else "$x$"
    if curve.named.vector and not small:
        x += f"  (${', '.join(f'x_{i}' for i in range(2, 2 + OTHERS))} = 0$)"

    def draw(axes: Axes) -> None:
        for level in (axes.axhline, axes.axvline):
            level(0, color=INK, linewidth=0.7, zorder=1)
        wide = 1.6 if small else 2.0
        for places, y, slope in curve.pieces():
            axes.plot(places, _drawable(y), "-", color=TRAINING, linewidth=wide, zorder=3)
            axes.plot(places, _drawable(slope), "--", color=VALIDATION, linewidth=wide, zorder=4)
        for kink in curve.kinks:
            _circles(axes, kink, 4.5 if small else 6.5)
        axes.set_xlim(*interval)
        _limits(axes, curve)
        if small:
            axes.set_title(drawable(curve.name, 32), **style(9))
            axes.tick_params(labelsize=7)
            axes.xaxis.label.set_fontsize(8)
            axes.xaxis.labelpad = 0
        else:
            pad = _formula_lines(axes, curve, size[0])
            axes.set_title(drawable(curve.name, 40), pad=pad, **style(12, True))

    return Panel(draw, x=x, size=size, grid=True)


def _formula_lines(axes: Axes, curve: Curve, width: float) -> float:
    """Write the formulas above the panel, as large as fits; return their height in points."""
    cells = curve.named.formulas()
    if not cells:
        return 6.0
    names = ("h_i", r"\partial h_i / \partial x_j") if curve.named.vector else ("h", "h'")
    size = min(11.0, 155 * (width - 0.6) / (max(len(cell.text) for cell in cells) + 8))
    texts = [f"${name} = {_drawn(cell.latex)}$" for name, cell in zip(names, cells, strict=True)]
    letters = r",\ ".join(each.latex for each in curve.named.assignments())
    texts[0] += f",  ${letters}$" if letters else ""
    axes.annotate(
        "\n".join(texts), (0.5, 1.0), (0, 5), xycoords="axes fraction",
        textcoords="offset points", ha="center", va="bottom", fontsize=size, color=INK,
    )  # fmt: skip
    return 2.9 * size + 8


def _drawn(latex: str) -> str:
    """A formula for matplotlib, which sets no space before a function's name and large sums."""
    latex = re.sub(r"(?<=[A-Za-z]) (?=\\(?:min|max|tanh|ln))", r"\\,", latex)
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
    if any(math.isinf(each) for kink in curve.kinks for each in astuple(kink)[1:]):
        near = float(np.percentile(np.abs(values), 90))
        low, high = max(low, -near), min(high, near)
    room = 0.08 * (high - low) or 0.5
    axes.set_ylim(min(low - room, -room), max(high + room, room))


def _handles(kinks: bool) -> dict[str, Any]:
    from matplotlib.lines import Line2D

    dot: dict[str, Any] = {"color": INK, "marker": "o", "linestyle": "none", "markersize": 6}
    lines = {
        _("h(x), the function"): Line2D([], [], color=TRAINING, linewidth=2),
        _("h'(x), its derivative"): Line2D([], [], color=VALIDATION, linewidth=2, linestyle="--"),
    }
    dots = {
        _("value taken"): Line2D([], [], **dot),
        _("limit not taken"): Line2D([], [], markerfacecolor="white", **dot),
    }
    return {**lines, **dots} if kinks else lines
