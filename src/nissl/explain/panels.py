"""Pictures as lists of panels, which a sheet arranges for a page of any width.

A panel says what is drawn and what is written around it; the sheet makes the figure, stacks panels
that do not fit beside each other, draws one of them alone, and keeps every text large enough to
read.

>>> sheet = Sheet([[Panel(lambda axes: axes.plot([0, 1], [0, 1]), title="A line", x="x")]])
>>> wide = sheet.figure()
>>> narrow = sheet.figure(width=8 / 2.54)
>>> [axes.get_title() for axes in narrow.axes], round(float(narrow.get_figwidth()) * 2.54, 2)
(['A line'], 8.0)
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nissl import plots
from nissl.errors import ArgumentError
from nissl.explain.drawing.lettering import families

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

__all__ = ["Panel", "Sheet"]

SMALLEST = 6.0  # points: what is smaller is not read on paper
_TITLE, _SHEET_TITLE, _LEGEND = 10.0, 11.0, 8.5  # points
_LETTERS = 11.5  # in an inch of a title or label
_HELD = 0xE000  # private characters, which stand for formulas while lines are broken
_MARKUP = re.compile(r"\\[a-zA-Z]+|[{}$^_\\]")  # of mathematics, which takes no room
_BELOW = 0.42  # inches from axes to a legend below them: numbers and a label have room
_BESIDE = 0.4  # inches that numbers and a label beside axes take of their room, at least
_LEAST = 0.55  # of its own width, to which a panel may shrink


@dataclass(frozen=True)
class Panel:
    """One set of axes.

    Attributes:
        draw: draws into axes.
        title, x, y: what stands above, below and beside; what ``draw`` has set stays otherwise.
        size: width and height in inches, labels included.
        grid: whether lines of a grid lie below everything.
        framed: whether the frame above and to the right is drawn too.
        legend: columns of a legend of its own below; 0 for none.
        legend_title: what stands above the legend.
        projection: ``"3d"``, or ``""``.
    """

    draw: Callable[[Axes], object]
    title: str = ""
    x: str = ""
    y: str = ""
    size: tuple[float, float] = (4.4, 3.8)
    grid: bool = False
    framed: bool = False
    legend: int = 0
    legend_title: str = ""
    projection: str = ""

    def fill(self, axes: Axes, room: float = math.inf) -> None:
        """Draw into axes, and write around them, in lines that a room in inches has space for."""
        if not self.framed:
            plots.bare(axes, grid=self.grid)
        self.draw(axes)
        if self.title:
            over = (room - _BESIDE) * _LETTERS  # it stands in the middle of the axes
            axes.set_title(
                "\n".join(_wrapped(self.title, over)), fontsize=_TITLE,
                fontfamily=list(families()),
            )  # fmt: skip
        if self.x:
            axes.set_xlabel("\n".join(_wrapped(self.x, room * _LETTERS)))
        if self.y:
            axes.set_ylabel(self.y)
        if self.legend:
            columns = max(1, int(self.legend * min(room / self.size[0], 1.0) + 0.01))
            legend_below(axes, columns, title=self.legend_title)


@dataclass(frozen=True)
class Sheet:
    """Panels in rows, below a title, above a legend.

    Attributes:
        rows: the panels.
        title: a line above all, wrapped to the width, not within mathematics in ``$``.
        legend: columns of one legend for all panels, each label once; 0 for none.
        handles: what the legend shows, by label; by default what panels without one have drawn.
        told: a line above the legend.
        share: ``"x"``, ``"y"``, ``"xy"`` or ``""``: which axes the panels of a row share.
        spread: whether each row is spread over the width; else all panels stand in columns.
        finish: is given the figure and its axes at the end.
    """

    rows: Sequence[Sequence[Panel]]
    title: str = ""
    legend: int = 0
    handles: Mapping[str, Any] = field(default_factory=dict[str, Any])
    told: str = ""
    share: str = ""
    spread: bool = True
    finish: Callable[[Figure, Sequence[Axes]], object] | None = None

    @classmethod
    def grid(cls, panels: Sequence[Panel], columns: int, **settings: Any) -> Sheet:
        """Return a sheet of panels in rows of ``columns``."""
        rows = [panels[place : place + columns] for place in range(0, len(panels), columns)]
        return cls(rows, spread=False, **settings)

    @property
    def panels(self) -> list[Panel]:
        """All panels, row by row."""
        return [panel for row in self.rows for panel in row]

    def figure(self, width: float | None = None, panel: int | None = None) -> Figure:
        """Draw the sheet.

        Args:
            width: of the figure, in inches; as wide as the panels are by default. In a narrow
                figure panels stand below each other.
            panel: which panel alone is drawn, from 1; all by default.

        Raises:
            ArgumentError: there is no such panel, or its texts could not be read at this width.
        """
        rows = self.rows if panel is None else [[self._chosen(panel)]]
        natural = max(sum(each.size[0] for each in row) for row in rows)
        if width is None:
            return self._drawn(rows, natural, 1.0)
        widest = max(each.size[0] for row in rows for each in row)
        least = _LEAST * widest
        if width < least:
            raise ArgumentError(
                f"a width of {_centimetres(width)} is too small to read this picture; give at "
                f"least {_centimetres(least)}"
                + (", or one panel alone" if panel is None and len(self.panels) > 1 else "")
            )
        scale = min(1.0, max(width / natural, SMALLEST / 7.5))
        return self._drawn(list(_packed(rows, width / scale)), width, scale)

    def _chosen(self, number: int) -> Panel:
        panels = self.panels
        if not 1 <= number <= len(panels):
            names = "; ".join(f"{i} {each.title}".strip() for i, each in enumerate(panels, start=1))
            raise ArgumentError(f"this picture has no panel {number}; its panels are: {names}")
        return panels[number - 1]

    def _drawn(self, rows: Sequence[Sequence[Panel]], width: float, scale: float) -> Figure:
        heights = [max(_height(each, row, width, scale) for each in row) for row in rows]
        lines = _wrapped(self.title, width * 10 / scale)
        extra = 0.25 * scale * (len(lines) if self.title else 0) + (
            0.45 * scale if self.legend else 0
        )
        figure = plots.new_figure(width, sum(heights) + extra)
        columns = 1 if self.spread else max(map(len, rows))
        grid: Any = figure.add_gridspec(len(rows), columns, height_ratios=heights)
        for place, row in enumerate(rows):
            spec: Any = [grid[place, column] for column in range(columns)]
            if self.spread:
                spec = spec[0].subgridspec(1, len(row), width_ratios=[p.size[0] for p in row])
            first: Axes | None = None
            for column, each in enumerate(row):
                shared = {f"share{axis}": first for axis in self.share if first is not None}
                kind = {"projection": each.projection} if each.projection else {}
                axes = figure.add_subplot(spec[column], **shared, **kind)
                first = first or axes
                each.fill(axes, width * each.size[0] / sum(p.size[0] for p in row) / scale)
        if self.title:
            figure.suptitle("\n".join(lines), fontsize=_SHEET_TITLE)
        if self.legend:
            columns = max(1, int(self.legend * min(1.0, width / scale / _width(self.rows))))
            _shared_legend(figure, columns, self.handles, self.told)
        if self.finish is not None:
            self.finish(figure, figure.axes)
        if scale < 1:
            _shrink(figure, scale)
        return figure


@dataclass(frozen=True)
class Ways:
    """A picture that is not made of panels, drawn in the first way that can be read.

    Attributes:
        ways: draw it: the first as it should be, the next ones with less in them, narrower.
    """

    ways: Sequence[Callable[[], Figure]]

    def figure(self, width: float | None = None) -> Figure:
        """Draw the picture, ``width`` inches wide.

        Raises:
            ArgumentError: at this width the texts of none could be read.
        """
        *better, last = self.ways
        for way in better:
            try:
                return fitted(way(), width)
            except ArgumentError:
                continue
        return fitted(last(), width)


def legend_below(axes: Axes, columns: int, size: float = 7.5, title: str = "") -> None:
    """Draw the legend of axes below them."""
    from matplotlib.transforms import ScaledTranslation

    if axes.get_legend_handles_labels()[0]:
        below = ScaledTranslation(0, -_BELOW, axes.figure.dpi_scale_trans)
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, 0, 0, 0), ncols=columns,
            bbox_transform=axes.transAxes + below, frameon=False,
            prop=_lettered(size), handlelength=3.2, columnspacing=1.4, title=title or None,
            title_fontsize=size,
        )  # fmt: skip


def fitted(figure: Figure, width: float | None) -> Figure:
    """Bring a figure, whose texts shrink with it, to a width in inches.

    Raises:
        ArgumentError: its texts would be smaller than 6 points.
    """
    if width is None:
        return figure
    natural = figure.get_figwidth()
    scale = width / natural
    sizes = [float(text.get_fontsize()) for text in _texts(figure)]
    least = natural * SMALLEST / min(sizes, default=SMALLEST)
    if width < min(least, natural):
        raise ArgumentError(
            f"at a width of {_centimetres(width)} the smallest text of this picture would have "
            f"{min(sizes) * scale:.1f} points, and {SMALLEST:.0f} can be read; give at least "
            f"{_centimetres(least)}"
        )
    _scale_all(figure, scale)
    return figure


def _scale_all(figure: Figure, scale: float) -> None:
    figure.set_size_inches(figure.get_figwidth() * scale, figure.get_figheight() * scale)
    for text in _texts(figure):
        text.set_fontsize(float(text.get_fontsize()) * scale)
    lines: list[Any] = figure.findobj(lambda artist: hasattr(artist, "set_markersize"))
    for line in lines:
        line.set_markersize(line.get_markersize() * scale)
    for artist in figure.findobj(lambda artist: hasattr(artist, "set_linewidth")):
        with_width: Any = artist
        now = with_width.get_linewidth()
        with_width.set_linewidth(
            [w * scale for w in now] if hasattr(now, "__len__") else now * scale
        )


def _shrink(figure: Figure, scale: float) -> None:
    """Make all texts smaller, but none too small to read."""
    for text in _texts(figure):
        text.set_fontsize(max(SMALLEST, float(text.get_fontsize()) * scale))


def _texts(figure: Figure) -> Iterator[Text]:
    from matplotlib.text import Text

    for axes in figure.axes:  # ticks make their labels when they are asked for them
        axes.get_xticklabels()
        axes.get_yticklabels()
    found: list[Any] = figure.findobj(Text)
    return (text for text in found if text.get_text())


def _packed(rows: Sequence[Sequence[Panel]], width: float) -> Iterator[list[Panel]]:
    """Rows of panels that fit into a width beside each other."""
    for row in rows:
        kept: list[Panel] = []
        for panel in row:
            if kept and sum(each.size[0] for each in (*kept, panel)) > width * 1.001:
                yield kept
                kept = []
            kept.append(panel)
        yield kept


def _height(panel: Panel, row: Sequence[Panel], width: float, scale: float) -> float:
    """A panel keeps its shape where it is narrower than it would be, down to half its height."""
    room = width * panel.size[0] / sum(each.size[0] for each in row)
    return panel.size[1] * max(min(room / panel.size[0], 1.0), min(scale, 1.0))


def _width(rows: Sequence[Sequence[Panel]]) -> float:
    return max(sum(each.size[0] for each in row) for row in rows)


def _wrapped(title: str, characters: float) -> list[str]:
    """Lines of a title; mathematics, which is narrower than its LaTeX, stays whole."""
    if math.isinf(characters):
        return title.split("\n")
    formulas = re.findall(r"(?<!\\)\$.*?\$", title)
    for number, each in enumerate(formulas):
        short = chr(_HELD + number) * seen(each)
        title = title.replace(each, short, 1)
    wide = max(int(characters), 20)
    lines = [line for part in title.split("\n") for line in textwrap.wrap(part, wide) or [""]]
    for number, each in enumerate(formulas):
        lines = [re.sub(f"{chr(_HELD + number)}+", lambda _, each=each: each, x) for x in lines]
    return lines


def seen(text: str) -> int:
    """Return how many characters are about seen of a text with formulas in it.

    >>> seen("E"), seen(r"$\\frac{a}{b}$")
    (1, 2)
    """
    return max(len(_MARKUP.sub("", text)), 1)


def _shared_legend(figure: Figure, columns: int, given: Mapping[str, Any], title: str) -> None:
    handles = dict(given)
    own = [axes for axes in figure.axes if axes.get_legend() is None]
    for axes in () if handles else own:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    if handles:
        figure.legend(
            handles.values(), handles.keys(), loc="outside lower center", frameon=False,
            ncols=min(columns, len(handles)), prop=_lettered(_LEGEND), handlelength=3,
            title=title or None, title_fontsize=_LEGEND,
        )  # fmt: skip


def _lettered(size: float) -> dict[str, Any]:
    """The fonts of a legend, in which there may be names in any script."""
    return {"family": list(families()), "size": size}


def _centimetres(inches: float) -> str:
    return f"{inches * 2.54:.1f} cm"
