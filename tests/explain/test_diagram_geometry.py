"""Pictures of models can be read: measured in the finished figure.

Boxes do not overlap, texts stay in their boxes, arrows do not cross boxes; in every direction, with
frames, in Vietnamese, and with names in any script.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from html.parser import HTMLParser

import numpy as np
import pytest
from drawn_models import MODELS, NAMES, branches, chain, ends, names, nested
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch

import nissl
from nissl import i18n, plots
from nissl.explain import diagram
from nissl.explain.diagrams.blocks import graph_of
from nissl.explain.diagrams.diagram import Shown
from nissl.explain.diagrams.diagram_picture import boxed, draw_blocks
from nissl.explain.diagrams.folding import fold
from nissl.explain.drawing.layout import Rectangle, layout
from nissl.explain.drawing.lettering import Lettering, drawable, shortened
from nissl.layers import Dense

ALL = Shown(True, True, True, True, True, True)


# ---- geometry ------------------------------------------------------------------------------------
def faults(figure: Figure, dpi: float = 200) -> Iterator[str]:
    """Say what cannot be read: texts that leave their box, overlaps, arrows through boxes."""
    figure.set_dpi(dpi)
    renderer = figure.canvas.get_renderer()
    (axes,) = figure.axes
    width, height = figure.get_size_inches() * dpi
    drawn = [p for p in axes.patches if isinstance(p, FancyBboxPatch) and p.get_zorder() >= 3]
    extents = [p.get_window_extent(renderer) for p in drawn]
    boxes = [
        e for e in extents
        if not any(o is not e and holds(o, e) for o in extents)
    ]  # fmt: skip
    for one, other in itertools.combinations(boxes, 2):
        if overlap(one, other):
            yield f"boxes overlap: {one} {other}"
    outside = []
    for text in axes.texts:
        extent = text.get_window_extent(renderer)
        if not text.get_text():
            continue
        x, y = (extent.x0 + extent.x1) / 2, (extent.y0 + extent.y1) / 2
        around = [b for b in boxes if b.contains(x, y)]
        if not all(holds(box, extent) for box in around):
            yield f"text leaves its box: {text.get_text()}"
        if not around:
            outside.append((text.get_text(), extent))
            if any(overlap(box, extent) for box in boxes):
                yield f"text overlaps a box: {text.get_text()}"
        if extent.x0 < 0 or extent.y0 < 0 or extent.x1 > width or extent.y1 > height:
            yield f"text is cut off: {text.get_text()}"
    for (one, a), (other, b) in itertools.combinations(outside, 2):
        if overlap(a, b):
            yield f"texts overlap: {one} {other}"
    for arrow in (p for p in axes.patches if isinstance(p, PathPatch)):
        (way,) = arrow.get_path().to_polygons(closed_only=False)
        for x, y in axes.transData.transform(dense(way)):
            if any(b.x0 + 2 < x < b.x1 - 2 and b.y0 + 2 < y < b.y1 - 2 for b in boxes):
                yield f"an arrow crosses a box at {x}, {y}"
                break


def dense(way) -> np.ndarray:
    points = [
        np.linspace(a, b, max(2, int(np.hypot(*(b - a)) / 0.02)))
        for a, b in itertools.pairwise(way)
    ]
    return np.concatenate(points)


def holds(outer, inner) -> bool:
    return (
        outer.x0 <= inner.x0 and outer.y0 <= inner.y0 and outer.x1 >= inner.x1
        and outer.y1 >= inner.y1
    )  # fmt: skip


def overlap(one, other) -> bool:
    return (
        min(one.x1, other.x1) - max(one.x0, other.x0) > 1
        and min(one.y1, other.y1) - max(one.y0, other.y0) > 1
    )


def check(figure: Figure, dpi: float = 200) -> None:
    assert list(faults(figure, dpi)) == []


@pytest.mark.parametrize("name", MODELS)
def test_everything_can_be_read(name):
    model = MODELS[name]()
    check(diagram(model, show_dtype=True).figure(), 120)
    check(diagram(model, expand_nested=True, rankdir="LR").figure())
    bare = Shown()
    check(draw_blocks(fold(graph_of(model), 30), bare))


@pytest.mark.parametrize("rankdir", ["TB", "BT", "LR", "RL"])
@pytest.mark.parametrize("make", [branches, nested], ids=lambda each: each.__name__)
def test_every_direction(make, rankdir):
    model = make()
    check(diagram(model, expand_nested=True, rankdir=rankdir.lower()).figure())
    graph = graph_of(model, expand_nested=True)
    lettering = Lettering(plots.new_figure(1, 1))
    boxes = [boxed(block, ALL, lettering) for block in graph.blocks]
    sizes = {box.block.key: (box.width, box.height) for box in boxes}
    titles = {frame.key: 1.5 for frame in graph.frames}
    inside = {block.key: block.frames for block in graph.blocks}
    picture = layout(sizes, graph.edges, direction=rankdir, inside=inside, titles=titles)
    assert set(picture.boxes) == set(sizes)
    sides = {"TB": ("bottom", "top"), "BT": ("top", "bottom"), "LR": ("right", "left"),
             "RL": ("left", "right")}  # fmt: skip
    leaves, enters = sides[rankdir]
    for (source, target), route in zip(graph.edges, picture.routes, strict=True):
        assert on_side(route[0], picture.boxes[source], leaves)
        assert on_side(route[-1], picture.boxes[target], enters)
    for block in graph.blocks:
        for frame, around in picture.frames.items():
            inside = frame in block.frames
            assert contains(around, picture.boxes[block.key]) == inside
            assert inside or apart(around, picture.boxes[block.key])


def on_side(point, r: Rectangle, side: str) -> bool:
    x, y = point
    if side in ("top", "bottom"):
        return abs(y - getattr(r, side)) < 1e-6 and r.left <= x <= r.right
    return abs(x - getattr(r, side)) < 1e-6 and r.bottom <= y <= r.top


def contains(a: Rectangle, b: Rectangle) -> bool:
    return a.left < b.left and a.right > b.right and a.bottom < b.bottom and a.top > b.top


def apart(a: Rectangle, b: Rectangle) -> bool:
    return a.left >= b.right or a.right <= b.left or a.bottom >= b.top or a.top <= b.bottom


def test_the_check_of_pictures_catches_what_it_must():
    def first_text(figure, start):
        return next(t for t in figure.axes[0].texts if t.get_text().startswith(start))

    planted = diagram(chain()).figure()
    first_text(planted, "Dense").set_text("Dense with a text that is far too long")
    assert any("leaves its box" in fault for fault in faults(planted))
    planted = diagram(chain()).figure()
    first_text(planted, "Model").set_text("Model: " + "x" * 80)
    assert any("cut off" in fault for fault in faults(planted))
    planted = diagram(chain()).figure()
    boxes = [p for p in planted.axes[0].patches if isinstance(p, FancyBboxPatch)]
    lowest = min((p for p in boxes if p.get_width() > 0.5), key=lambda p: p.get_y())
    lowest.set_y(lowest.get_y() + 0.8)
    assert any("overlap" in fault for fault in faults(planted))
    planted = diagram(chain()).figure()
    arrow = next(p for p in planted.axes[0].patches if isinstance(p, PathPatch))
    arrow.get_path().vertices[-1] -= (0.0, 1.0)
    assert any("crosses" in fault for fault in faults(planted))


def test_in_vietnamese(tmp_path, monkeypatch):
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    folder = tmp_path / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = i18n.LOCALE / "vi" / "LC_MESSAGES" / "nissl.po"
    (folder / "nissl.po").write_bytes(source.read_bytes())
    with source.open("rb") as catalogue, (folder / "nissl.mo").open("wb") as compiled:
        write_mo(compiled, read_po(catalogue))
    monkeypatch.setattr(i18n, "LOCALE", tmp_path)
    i18n.use("vi")
    try:
        drawn = diagram(branches(), expand_nested=True, show_dtype=True)
        check(drawn.figure())
        assert "Hàm kích hoạt" in str(drawn)
        assert "Tham số được huấn luyện" in branches()._repr_html_()
    finally:
        i18n.use("en")


def test_a_frame_that_is_cut_by_a_fold_is_drawn_without_frames():
    long = nissl.Sequential([nissl.Input((2,)), *[Dense(2) for _ in range(40)]], name="long")
    model = nissl.Sequential([nissl.Input((2,)), Dense(2), long, Dense(2)])
    check(diagram(model, expand_nested=True, most=12).figure())

    class Beside(nissl.Model):
        def __init__(self):
            super().__init__(name="beside")
            self.long = long
            self.other = [Dense(2) for _ in range(40)]

        def call(self, x):
            y = self.long(x)
            for layer in self.other:
                x = layer(x)
            return x + y

    beside = Beside()
    beside(np.ones((1, 2)))
    check(diagram(beside, expand_nested=True, most=12).figure())


# ---- texts ---------------------------------------------------------------------------------------
def test_names_are_drawn_as_they_are_written():
    texts = [text.get_text() for text in diagram(names()).figure().axes[0].texts]
    for name in ("$x_1^2$", r"\alpha_{", "lớp ẩn thứ nhất", "имя слоя", "<b>&", "a□b"):
        assert name in texts
    assert "Model: $m_1$ <tên> (Sequential)" in texts
    assert drawable("層") in texts
    assert shortened("long_" * 40, 34) in texts


def test_a_font_that_is_there_stands_in(monkeypatch):
    from nissl.explain.drawing import lettering

    for function in (lettering.families, lettering._characters):
        function.cache_clear()
    try:
        assert drawable("𝛼") == "□"
        lettering.families.cache_clear()
        lettering._characters.cache_clear()
        monkeypatch.setattr(lettering, "_OTHERS", ("No Such Font", "STIXGeneral"))
        assert lettering.families() == ("DejaVu Sans", "STIXGeneral")
        assert drawable("𝛼") == "𝛼"
    finally:
        monkeypatch.undo()
        lettering.families.cache_clear()
        lettering._characters.cache_clear()


class WellFormed(HTMLParser):
    """Raises where tags do not close each other; collects the texts of cells."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("br", "meta"):
            self.open.append(tag)
        if tag == "td":
            self.cells.append("")

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "td":
            self.cells[-1] += data


def parsed(page: str) -> WellFormed:
    reader = WellFormed()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def test_html_is_well_formed_and_escaped():
    cells = parsed(diagram(names())._repr_html_()).cells
    for name in NAMES:
        assert name.replace("\t", "?") in cells
    with pytest.raises(AssertionError):
        parsed("<table><tr><td>x</tr></table>")


def test_the_table_says_where_each_block_comes_from():
    rows = parsed(diagram(ends()).to_html()).cells
    assert rows[-9:] == ["9", "Output what", "", "", "(None, 3)", "", "", "", "7"]
    text = str(diagram(branches()))
    assert "so they are not drawn: never" in text
    assert "Comes from" not in str(diagram(chain()))
