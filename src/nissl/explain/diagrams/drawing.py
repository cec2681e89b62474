"""Drawing the blocks of a model: boxes with their texts, frames, and arrows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nissl import plots
from nissl.explain.diagrams.blocks import Graph
from nissl.explain.diagrams.boxes import BODY, HEAD, LINE, PAD, SIGN, Box, Shown, boxed
from nissl.explain.drawing.layout import TITLE, Layout, Point, Rectangle, layout
from nissl.explain.drawing.lettering import Lettering, drawable, style
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_blocks"]

Array = NDArray[np.float64]

GAP = (0.4, 0.3)  # inches between two rows, and between two blocks of one
MARGIN = 0.2  # inches around all
EDGE = "#4d4d4d"
PALE = "#e9eef4"
GREY = "#ededed"
LABEL = "#595959"
_HEAD_LENGTH, _HEAD_WIDTH, _ROUND, _STUB = 0.1, 0.075, 0.12, 0.16


def draw_blocks(graph: Graph, shown: Shown, *, rankdir: str = "TB", title: str = "") -> Figure:
    """Return a figure of a graph of blocks, as large as it needs.

    Args:
        graph: the blocks.
        shown: what each tells.
        rankdir: where the arrows lead: ``"TB"`` down, ``"BT"`` up, ``"LR"`` right, ``"RL"`` left.
        title: a line above.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    figure = plots.new_figure(1, 1)
    lettering = Lettering(figure)
    boxes = {block.key: boxed(block, shown, lettering) for block in graph.blocks}
    sizes = {key: (box.width, box.height) for key, box in boxes.items()}
    titles = {frame.key: drawable(f"{frame.name} ({frame.kind})", 40) for frame in graph.frames}
    widths = {key: 1.04 * lettering.width(text, BODY, True) for key, text in titles.items()}
    ends = Counter(key for edge in graph.edges for key in edge)
    fan = max(ends.values(), default=0)  # many arrows need room to turn
    picture = layout(
        sizes, graph.edges, gap=(GAP[0] + min(0.05 * max(fan - 3, 0), 0.5), GAP[1]),
        direction=rankdir, inside={block.key: block.frames for block in graph.blocks},
        titles=widths,
    )  # fmt: skip
    heading = drawable(title, 60)
    legend = _legend(boxes.values())
    axes = _page(figure, lettering, picture, heading, legend)
    for number, (key, rectangle) in enumerate(picture.frames.items()):
        _draw_frame(axes, rectangle, titles[key], number)
    for route in picture.routes:
        _draw_arrow(axes, _upright(route, rankdir))
    for key, rectangle in picture.boxes.items():
        _draw_box(axes, rectangle, boxes[key])
    return figure


# ---- the page ----------------------------------------------------------------------------------
def _legend(boxes: Any) -> list[tuple[str, str]]:
    """What the looks of boxes mean, where there are several: pairs of a look and a text."""
    texts = {
        "trained": _("weights, trained"),
        "frozen": _("weights, not trained"),
        "none": _("no weights"),
    }
    found = {_look(box) for box in boxes if box.block.role == "layer"}
    return [(look, text) for look, text in texts.items() if look in found] if len(found) > 1 else []


def _look(box: Box) -> str:
    block = box.block
    if block.trainable is None:
        return "trained" if not block.built else "none"
    return "trained" if block.trainable else "frozen"


def _page(
    figure: Figure,
    lettering: Lettering,
    picture: Layout[str],
    heading: str,
    legend: Sequence[tuple[str, str]],
) -> Axes:
    """Make the figure as large as its contents; return axes in which one unit is one inch."""
    width, height = picture.size
    entries = [0.34 + lettering.width(text, BODY) * 1.04 for _look, text in legend]
    everything = list(range(len(legend)))
    row = _line_width(entries, everything)
    lines = [everything] if row <= max(width, 3.0) else [[i] for i in everything]
    below = 0.24 * len(lines) + 0.1 if legend else 0.0
    above = 0.34 if heading else 0.0
    needed = [width, 1.04 * lettering.width(heading, HEAD, True) if heading else 0.0]
    needed += [_line_width(entries, line) for line in lines]
    total = max(needed) + 2 * MARGIN, height + above + below + 2 * MARGIN
    figure.set_layout_engine("none")
    figure.set_size_inches(*total)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    left = (total[0] - width) / 2
    bottom = below + MARGIN
    axes.set_xlim(-left, total[0] - left)
    axes.set_ylim(-bottom, total[1] - bottom)
    if heading:
        y = height + MARGIN + above / 2 - 0.1
        axes.text(width / 2, y, heading, ha="center", va="center", **style(HEAD, True, plots.INK))
    widest = max((_line_width(entries, line) for line in lines), default=0.0)
    for number, line in enumerate(lines):
        x, y = (width - widest) / 2, -0.1 - 0.24 * (number + 0.5)
        for i in line:
            look, text = legend[i]
            _rectangle(axes, Rectangle(x, y - 0.07, 0.26, 0.14), _LOOKS[look], 0.02)
            axes.text(
                x + 0.34, y, text, ha="left", va="center_baseline",
                **style(BODY, False, plots.INK),
            )  # fmt: skip
            x += entries[i] + 0.2
    return axes


def _line_width(entries: Sequence[float], line: Sequence[int]) -> float:
    return sum(entries[i] for i in line) + 0.2 * max(len(line) - 1, 0)


_LOOKS: dict[str, dict[str, Any]] = {
    "trained": {"facecolor": plots.TRAINING, "edgecolor": plots.TRAINING},
    "frozen": {
        "facecolor": PALE, "edgecolor": plots.TRAINING, "hatch": "////", "linestyle": "--",
    },
    "none": {"facecolor": GREY, "edgecolor": EDGE},
}  # fmt: skip


# ---- parts -------------------------------------------------------------------------------------
def _rectangle(
    axes: Axes, place: Rectangle, look: dict[str, Any], rounded: float, **more: Any
) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(
        FancyBboxPatch(
            (place.left, place.bottom), place.width, place.height,
            boxstyle=f"round,pad=0,rounding_size={rounded}",
            **{"linewidth": 1.0, "zorder": 3, **look, **more},
        )
    )  # fmt: skip


def _draw_frame(axes: Axes, place: Rectangle, title: str, number: int) -> None:
    look = {"facecolor": "#f7f7f7", "edgecolor": EDGE, "linestyle": (0, (5, 2))}
    _rectangle(axes, place, look, 0.06, zorder=0.1 + 0.001 * number)
    x, y = place.left + 0.1, place.top - TITLE / 2
    paper = {"boxstyle": "square,pad=0.15", "facecolor": look["facecolor"], "edgecolor": "none"}
    axes.text(
        x, y, title, ha="left", va="center_baseline", zorder=2.5, bbox=paper,
        **style(BODY, True, plots.INK),
    )  # fmt: skip


def _upright(route: Sequence[Point], rankdir: str) -> list[Point]:
    """A route that does not run along the side of the box that it ends at, but into it."""
    (x0, y0), (x1, y1) = route[-2], route[-1]
    down = rankdir in ("TB", "BT")
    along, across = (abs(y1 - y0), abs(x1 - x0)) if down else (abs(x1 - x0), abs(y1 - y0))
    if across <= along or along < 2 * _STUB:
        return list(route)
    if down:
        before = x1, y1 + (_STUB if y0 > y1 else -_STUB)
    else:
        before = x1 + (_STUB if x0 > x1 else -_STUB), y1
    return [*route[:-1], before, route[-1]]


def _draw_arrow(axes: Axes, route: Sequence[Point]) -> None:
    """A line with round corners, and a point at its end."""
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    points = np.array(route, np.float64)  # (corners, 2)
    ahead = _unit(points[-1] - points[-2])
    aside = np.array([-ahead[1], ahead[0]]) * _HEAD_WIDTH / 2
    back = points[-1] - _HEAD_LENGTH * ahead
    corners = [*points[:-1], points[-1] - 0.8 * _HEAD_LENGTH * ahead]
    vertices, codes = [corners[0]], [Path.MOVETO]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        vertices += [_towards(corner, before), corner, _towards(corner, after)]
        codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
    line = Path(np.array([*vertices, corners[-1]]), [*codes, Path.LINETO])
    axes.add_patch(PathPatch(line, facecolor="none", edgecolor=EDGE, linewidth=1.1, zorder=2))
    head = np.array([points[-1], back + aside, back - aside])
    axes.add_patch(Polygon(head, facecolor=EDGE, edgecolor="none", zorder=2))


def _unit(way: Array) -> Array:
    return way / max(float(np.hypot(*way)), 1e-9)


def _towards(corner: Array, other: Array) -> Array:
    """A point a little away from a corner, half way at most."""
    way = other - corner
    return corner + min(_ROUND, float(np.hypot(*way)) / 2) * _unit(way)


def _draw_box(axes: Axes, place: Rectangle, box: Box) -> None:
    role, head = box.block.role, box.head
    sign = role == "op" and len(head) == 1 and len(head[0]) == 1
    ink, paper = plots.INK, None
    if role == "layer":
        look = _look(box)
        body = {"facecolor": "white", "edgecolor": _LOOKS[look]["edgecolor"]}
        if look == "frozen":
            body["linestyle"] = "--"
            paper = {"boxstyle": "square,pad=0.12", "facecolor": PALE, "edgecolor": "none"}
        elif look == "trained":
            ink = "white"
        if box.rows:
            _rectangle(axes, place, body, 0.05)
        upper = Rectangle(place.left, place.top - box.head_height, place.width, box.head_height)
        _rectangle(axes, upper, _LOOKS[look], 0.05)
    else:
        line = {
            "edgecolor": EDGE if role == "op" else ink,
            "linestyle": ":" if role == "fold" else "-",
        }
        rounded = place.height / 2 if sign else 0.1 if role == "op" else 0.14
        _rectangle(axes, place, {"facecolor": "white", **line}, rounded)
    step = LINE * HEAD / 72
    first = place.top - box.head_height / 2 + step * (len(head) - 1) / 2
    for number, text in enumerate(head):
        axes.text(
            place.middle[0], first - number * step, text, ha="center", va="center_baseline",
            zorder=4, bbox=paper, **style(SIGN if sign else HEAD, not number, ink),
        )  # fmt: skip
    step = LINE * BODY / 72
    first = place.top - box.head_height - 0.6 * PAD - step / 2
    for number, row in enumerate(box.rows):
        for text, x, colour in zip(row, (0.0, box.label_width), (LABEL, plots.INK), strict=True):
            axes.text(
                place.left + PAD + x, first - number * step, text, ha="left",
                va="center_baseline", zorder=4, **style(BODY, False, colour),
            )  # fmt: skip
