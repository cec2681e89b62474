"""The computational graph of a trace, drawn with its numbers."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import plots
from nissl.autodiff.sweeps import pull_through
from nissl.core.op import no_grad, quiet
from nissl.core.tensor import Array, Key, Tensor
from nissl.explain.drawing import graphs
from nissl.explain.drawing.layout import Point, Rectangle, layout, ranks_of
from nissl.explain.drawing.lettering import drawable, mathematics
from nissl.explain.expressions.mathematics import Term, name_term
from nissl.explain.parts import format_number
from nissl.explain.tracing.recording import Line
from nissl.explain.tracing.trace_tables import title_of
from nissl.explain.tracing.values import is_finite, summary
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nissl.explain.tracing.trace import Trace

__all__ = ["draw"]

_BOXES = 30  # more lines than these are folded
_CHAIN = 14  # and so are more layers, to that many boxes
_PARTIALS = 24  # edges up to which the local derivatives are written on them
_FORMULA = 34  # characters of a formula in a box
_DEEP = 7  # layers from which the graph is drawn downwards
_FONT = 9.0
_FRACTION = re.compile(r"\\frac\{((?:[^{}]|\{[^{}]*\})*)\}\{((?:[^{}]|\{[^{}]*\})*)\}")
_ROW = 0.2  # inches
_PAD = 0.1
_HEIGHT = 0.15  # of a number on an edge
_BAD = "#b3262e"


@dataclass(eq=False)
class _Box:
    """One box: a line of the trace, or several that are folded into one."""

    lines: list[Line]
    rows: list[tuple[str, str]]  # text, colour
    folded: bool
    bad: bool


def draw(made: Trace) -> Figure:
    """Draw the graph: boxes with formula and numbers, arrows with the local derivatives."""
    for most in (_BOXES, _CHAIN):
        boxes = _boxes(made, most)
        edges = _edges(made, boxes)
        pairs = list(edges)
        deepest = max(ranks_of(range(len(boxes)), pairs).values())
        if deepest < _CHAIN:
            break
    down = deepest >= _DEEP
    figure = plots.new_figure(1, 1)
    sizes = {
        number: (
            max([0.7, *(_width(figure, text) for text, _ in box.rows)]) + 2 * _PAD,
            _ROW * len(box.rows) + 2 * _PAD,
        )
        for number, box in enumerate(boxes)
    }
    few = len(edges) <= _PARTIALS
    labels = [_partial(*edge) if few else "" for edge in edges.values()]
    widths = [_width(figure, text) if text else 0.0 for text in labels]
    widest = max(widths, default=0.0)
    gap = (0.55, max(0.3, 0.6 * widest)) if down else (max(0.8, 1.1 * widest + 0.2), 0.3)
    found = layout(sizes, pairs, gap=gap, direction="TB" if down else "LR")
    title = textwrap.wrap(title_of(made, _("Computational graph")), int(found.size[0] * 11) + 20)
    handles = _legend(made, any(labels))
    axes = graphs.page(figure, found.size, [drawable(line) for line in title[:3]], handles)
    for number, box in enumerate(boxes):
        _draw_box(axes, box, found.boxes[number])
    taken = list(found.boxes.values())
    for route, text, width in zip(found.routes, labels, widths, strict=True):
        _draw_edge(axes, route, down, backward=bool(made.adjoints))
        if text:
            _label(axes, route, text, width, taken)
    return figure


# ---- what is drawn ---------------------------------------------------------------------------
def _boxes(made: Trace, most: int) -> list[_Box]:
    return [
        _Box(
            lines,
            _folded_rows(made, name, lines) if name else _rows(made, lines[0]),
            folded=bool(name),
            bad=not all(is_finite(line.value) for line in lines),
        )
        for name, lines in _groups(made.lines, most)
    ]


def _groups(lines: Sequence[Line], most: int) -> list[tuple[str, list[Line]]]:
    """Lines one by one, or, of a long program, layer by layer, or without the middle."""
    single = [("", [line]) for line in lines]
    if len(lines) <= most:
        return single
    runs = [
        (scope, part)
        for scope, run in groupby(lines, key=lambda line: line.scope)
        for listed in [list(run)]
        for part in ([listed] if scope else [[line] for line in listed])
    ]
    groups = runs if len(runs) < len(lines) else single
    if len(groups) > most:
        first, last = most // 2, most // 2 - 1
        hidden = [line for _, part in groups[first:-last] for line in part]
        text = _("{count} more values").format(count=grouped(len(hidden)))
        groups = [*groups[:first], (text, hidden), *groups[-last:]]
    return groups


def _rows(made: Trace, line: Line) -> list[tuple[str, str]]:
    """What stands in the box of one line: formula, value, tangent, adjoint."""
    number = line.number
    dot, bar = line.symbol("dot").latex, line.symbol("bar").latex
    shown = [(_formula(made, line), plots.INK), (_number(line.value), plots.TRAINING)]
    if made.tangents:
        value = made.tangents[made.directions[0].label][number - 1]
        if value is not None:
            shown.append((f"${dot}$ = {_number(value)}", plots.TRAINING))
    if made.adjoints:
        value = made.adjoints[made.seeds[0].label][number - 1]
        if value is not None:
            shown.append((f"${bar}$ = {_number(value)}", plots.VALIDATION))
    return shown


def _formula(made: Trace, line: Line) -> str:
    own = line.symbol()
    names = [name for name, t in made.recording.outputs if t.key == line.tensor.key]
    start = f"{names[0]} = " if names and line.equations else ""
    term = made.rules.formula(line).term() if line.equations else name_term(line.name)
    if term is None or len(term.text) > _FORMULA:
        term = Term(rf"{name_term(line.equations[-1].op.name).latex}(\dots)")
    latex = _FRACTION.sub(r"\1 / \2", term.latex)  # that stays within its row
    both = [own] if own == term else [own, Term(latex)]
    return start + mathematics(" = ".join(each.latex for each in both), " = ".join(map(str, both)))


def _folded_rows(made: Trace, name: str, lines: Sequence[Line]) -> list[tuple[str, str]]:
    first, last = lines[0].symbol(), lines[-1].symbol()
    span = f"{first.text} ... {last.text}" if len(lines) > 1 else first.text
    shown = [(_plain(name), plots.INK), (span, plots.INK)]
    if lines[-1].scope == name:
        shown += _rows(made, lines[-1])[1:]  # a layer's result
    return shown


def _number(value: Array) -> str:
    text = summary(value, 4)
    shape = " x ".join(map(str, np.shape(value)))
    return text if len(text) <= _FORMULA else f"({shape})"


def _plain(text: str) -> str:
    return text.replace("$", r"\$")


def _edges(made: Trace, boxes: Sequence[_Box]) -> dict[tuple[int, int], tuple[Line, Line]]:
    """Edges between boxes, for each the parent and the line that uses it."""
    home = {line.number: number for number, box in enumerate(boxes) for line in box.lines}
    found: dict[tuple[int, int], tuple[Line, Line]] = {}
    for line in made.lines:
        for parent in made.rules.parents(line):
            pair = (home[parent.number], home[line.number])
            if pair[0] != pair[1]:
                found.setdefault(pair, (parent, line))
    return found


def _partial(source: Line, line: Line) -> str:
    """The local derivative of a line by one of its parents, where both are numbers."""
    single = len(line.equations[-1].avals) == 1
    smooth = source.is_smooth and line.is_smooth and single
    if not smooth or source.value.size != 1 or line.value.size != 1:
        return ""
    found: dict[Key, Tensor | None] = {line.tensor.key: Tensor(np.ones_like(line.value))}
    with quiet(), no_grad():
        pull_through(line.equations, found, keep=True)
    slope = found.get(source.tensor.key)
    return format_number(0.0 if slope is None else slope.numpy().item(), 4)


# ---- drawing ---------------------------------------------------------------------------------
def _width(figure: Figure, text: str) -> float:
    """Width of a text, which may be mathematics, in inches."""
    drawn = figure.text(0, 0, text, fontsize=_FONT)
    with plots.drawing():
        width = drawn.get_window_extent().width / figure.dpi
    drawn.remove()
    return width


def _draw_box(axes: Axes, box: _Box, place: Rectangle) -> None:
    source = not box.folded and not box.lines[0].equations
    graphs.box(
        axes, place, 0.08,
        facecolor="#f2f2f2" if source else "white",
        edgecolor=_BAD if box.bad else plots.INK,
        linewidth=2.2 if box.bad else 1.0,
        linestyle=(0, (5, 2)) if box.folded else "-",
    )  # fmt: skip
    for number, (text, colour) in enumerate(box.rows):
        axes.text(
            place.middle[0], place.top - _PAD - _ROW * (number + 0.5), text,
            ha="center", va="center", fontsize=_FONT, color=colour, zorder=4,
        )  # fmt: skip


def _draw_edge(axes: Axes, route: Sequence[Point], down: bool, backward: bool) -> None:
    def moved(by: float) -> list[Point]:
        return [(x + by, y) if down else (x, y + by) for x, y in route]

    apart = 0.045 if backward else 0.0
    graphs.arrow(axes, moved(apart), plots.TRAINING)
    if backward:
        graphs.arrow(axes, moved(-apart)[::-1], plots.VALIDATION, (0, (4, 2)))


def _label(
    axes: Axes, route: Sequence[Point], text: str, width: float, taken: list[Rectangle]
) -> None:
    """Write on an edge, at the first place where it covers nothing."""
    longest = sorted(pairwise(route), key=lambda pair: -math.dist(*pair))[:2]
    for share in (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8):
        for (x0, y0), (x1, y1) in longest:
            x, y = x0 + (x1 - x0) * share, y0 + (y1 - y0) * share
            place = Rectangle(x - width / 2, y - _HEIGHT / 2, width, _HEIGHT)
            if not any(place.overlaps(other) for other in taken):
                taken.append(place)
                paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
                axes.text(
                    x, y, text, ha="center", va="center", fontsize=_FONT - 1.5, color=plots.INK,
                    zorder=4, bbox=paper,
                )  # fmt: skip
                return


def _legend(made: Trace, partials: bool) -> list[Any]:
    """What the colours, line styles and numbers are."""
    from matplotlib.lines import Line2D

    text = _("forward: value")
    if made.tangents:
        text = _("forward: value, tangent $\\dot{{v}}$ by {input}").format(
            input=_plain(made.directions[0].label)
        )
    handles = [Line2D([], [], color=plots.TRAINING, label=text)]
    if made.adjoints:
        text = _("backward: adjoint $\\bar{{v}}$ of {output}").format(
            output=_plain(made.seeds[0].label)
        )
        handles.append(Line2D([], [], color=plots.VALIDATION, linestyle="--", label=text))
    if partials:
        text = _("number on an edge: local derivative")
        handles.append(Line2D([], [], linestyle="", marker="$1$", color=plots.INK, label=text))
    return handles
