"""The picture of a model: boxes with their texts, frames and arrows, or single neurons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nissl import plots
from nissl.explain.diagrams.blocks import Block, Graph
from nissl.explain.diagrams.diagram import Diagram, Shown, end_name, shapes_text, trained_text
from nissl.explain.diagrams.folding import fold
from nissl.explain.diagrams.neurons import draw_neurons
from nissl.explain.drawing import graphs
from nissl.explain.drawing.graphs import EDGE
from nissl.explain.drawing.layout import TITLE, Point, Rectangle, layout
from nissl.explain.drawing.lettering import Lettering, drawable, style
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Box", "boxed", "draw", "draw_blocks"]

HEAD, BODY, SIGN = 10.0, 8.5, 12.0  # points
LINE = 1.45  # height of a line, in heights of its letters
PAD = 0.09  # inches, as all lengths here
GAP = (0.4, 0.3)  # between two rows, and between two blocks of one
PALE, GREY, LABEL = "#e9eef4", "#ededed", "#595959"
_STUB = 0.16  # of an arrow, straight into its box
_LONGEST = 34  # letters of a name
_LOOKS: dict[str, dict[str, Any]] = {
    "trained": {"facecolor": plots.TRAINING, "edgecolor": plots.TRAINING},
    "frozen": {
        "facecolor": PALE, "edgecolor": plots.TRAINING, "hatch": "////", "linestyle": "--",
    },
    "none": {"facecolor": GREY, "edgecolor": EDGE},
}  # fmt: skip


def draw(shown: Diagram) -> Figure:
    """Draw blocks and arrows, or neurons."""
    title = shown.title if shown.shown.names else ""
    if shown.neurons:
        return draw_neurons(shown.model, title)
    return draw_blocks(fold(shown.graph, shown.most), shown.shown, shown.rankdir, title)


def draw_blocks(graph: Graph, shown: Shown, rankdir: str = "TB", title: str = "") -> Figure:
    """Return a figure of a graph of blocks, as large as it needs.

    Args:
        graph: the blocks.
        shown: what each tells.
        rankdir: where the arrows lead: ``"TB"`` down, ``"BT"`` up, ``"LR"`` right, ``"RL"`` left.
        title: a line above.

    Raises:
        MissingDependencyError: matplotlib is not installed.
    """
    from matplotlib.patches import Patch

    figure = plots.new_figure(1, 1)
    lettering = Lettering(figure)
    boxes = {block.key: boxed(block, shown, lettering) for block in graph.blocks}
    titles = {frame.key: drawable(f"{frame.name} ({frame.kind})", 40) for frame in graph.frames}
    ends = Counter(key for edge in graph.edges for key in edge)
    fan = max(ends.values(), default=0)  # many arrows need room to turn
    picture = layout(
        {key: (box.width, box.height) for key, box in boxes.items()},
        graph.edges,
        gap=(GAP[0] + min(0.05 * max(fan - 3, 0), 0.5), GAP[1]),
        direction=rankdir,
        inside={block.key: block.frames for block in graph.blocks},
        titles={key: 1.04 * lettering.width(text, BODY, True) for key, text in titles.items()},
    )
    texts = {
        "trained": _("weights, trained"),
        "frozen": _("weights, not trained"),
        "none": _("no weights"),
    }
    looks = {_look(block) for block in graph.blocks if block.role == "layer"}
    handles = [Patch(label=text, **_LOOKS[look]) for look, text in texts.items() if look in looks]
    heading = [drawable(title, 60)] if title else []
    axes = graphs.page(figure, picture.size, heading, handles if len(handles) > 1 else [])
    for number, (key, place) in enumerate(picture.frames.items()):
        _draw_frame(axes, place, titles[key], number)
    for route in picture.routes:
        graphs.arrow(axes, _upright(route, rankdir))
    for key, place in picture.boxes.items():
        _draw_box(axes, place, boxes[key])
    return figure


# ---- boxes -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Box:
    """A block with its texts.

    Attributes:
        block: what it shows.
        head: lines in the middle of its upper part, the first of them bold.
        rows: pairs of a label and a text below.
        width, height: in inches.
        head_height: height of the upper part.
        label_width: where the texts of the rows begin.
    """

    block: Block
    head: tuple[str, ...]
    rows: tuple[tuple[str, str], ...]
    width: float
    height: float
    head_height: float
    label_width: float


def boxed(block: Block, shown: Shown, lettering: Lettering) -> Box:
    """Return the box of a block, as large as its texts."""
    head = tuple(drawable(text, _LONGEST) for text in _head(block, shown) if text)
    rows = tuple((drawable(a), drawable(b, _LONGEST)) for a, b in _rows(block, shown))
    if block.role == "op" and len(head) == 1 and len(head[0]) == 1:
        side = LINE * SIGN / 72 + 0.06
        return Box(block, head, (), side, side, side, 0.0)
    widths = [lettering.width(text, HEAD, not place) for place, text in enumerate(head)]
    label_width = max((lettering.width(a, BODY) for a, _b in rows), default=0.0) + 0.08
    widths += [label_width + lettering.width(b, BODY) for _a, b in rows]
    head_height = LINE * HEAD / 72 * len(head) + 2 * PAD * 0.6
    body_height = LINE * BODY / 72 * len(rows) + 2 * PAD * 0.6 if rows else 0.0
    width = max([*(1.04 * width for width in widths), 0.5]) + 2 * PAD
    return Box(block, head, rows, width, head_height + body_height, head_height, label_width)


def _head(block: Block, shown: Shown) -> Iterator[str]:
    if block.role in ("input", "output"):
        yield end_name(block)
    elif block.role == "op":
        yield block.name or _("operations")
        yield block.kind
    elif block.role == "fold":
        yield "… " + _("{count} blocks").format(count=grouped(int(block.name))) + " …"
        yield block.kind
    else:
        yield block.kind
        if shown.names:
            yield block.name
        if block.call > 1:
            yield _("call {number}, the same weights").format(number=block.call)


def _rows(block: Block, shown: Shown) -> Iterator[tuple[str, str]]:
    if block.role == "op":
        return
    layer = block.role == "layer"
    if shown.activations and block.activation:
        yield _("Activation"), block.activation
    if shown.dtype and block.dtype:
        yield _("Dtype"), block.dtype
    if shown.shapes and layer:
        yield _("Input"), shapes_text(block.inputs)
        yield _("Output"), shapes_text(block.outputs)
    elif shown.shapes and block.role in ("input", "output"):
        shapes = block.outputs if block.role == "input" else block.inputs
        yield _("Shape"), shapes_text(shapes)
    if shown.params and (layer or block.role == "fold"):
        unbuilt = "" if block.built else " " + _("(not built)")
        yield _("Parameters"), grouped(block.params) + unbuilt
    if shown.trainable and layer and block.trainable is not None:
        yield _("Trained"), trained_text(block.trainable)


def _look(block: Block) -> str:
    if block.trainable is None:
        return "trained" if not block.built else "none"
    return "trained" if block.trainable else "frozen"


# ---- drawing -------------------------------------------------------------------------------------
def _draw_frame(axes: Axes, place: Rectangle, title: str, number: int) -> None:
    look: dict[str, Any] = {"facecolor": "#f7f7f7", "linestyle": (0, (5, 2))}
    graphs.box(axes, place, 0.06, zorder=0.1 + 0.001 * number, **look)
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


def _draw_box(axes: Axes, place: Rectangle, box: Box) -> None:
    role, head = box.block.role, box.head
    sign = role == "op" and len(head) == 1 and len(head[0]) == 1
    ink, paper = plots.INK, None
    if role == "layer":
        look = _look(box.block)
        body = {"facecolor": "white", "edgecolor": _LOOKS[look]["edgecolor"]}
        if look == "frozen":
            body["linestyle"] = "--"
            paper = {"boxstyle": "square,pad=0.12", "facecolor": PALE, "edgecolor": "none"}
        elif look == "trained":
            ink = "white"
        if box.rows:
            graphs.box(axes, place, 0.05, **body)
        upper = Rectangle(place.left, place.top - box.head_height, place.width, box.head_height)
        graphs.box(axes, upper, 0.05, **_LOOKS[look])
    else:
        line = {
            "edgecolor": EDGE if role == "op" else ink,
            "linestyle": ":" if role == "fold" else "-",
        }
        rounded = place.height / 2 if sign else 0.1 if role == "op" else 0.14
        graphs.box(axes, place, rounded, facecolor="white", **line)
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
