"""Texts in pictures that users wrote: names of layers, in any script, and with ``$`` in them.

None of them is mathematics: draw such a text with ``parse_math=False``.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from nissl.plots import drawing
from nissl.screen import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Lettering", "drawable", "families", "mathematics", "shortened"]

MISSING = "□"
# the first of these that are installed stand in for what DejaVu Sans does not have
_OTHERS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans CJK KR", "Source Han Sans SC",
    "WenQuanYi Zen Hei", "PingFang SC", "Hiragino Sans", "Apple SD Gothic Neo", "Microsoft YaHei",
    "Yu Gothic", "Malgun Gothic", "Noto Sans Devanagari", "Noto Sans Thai", "Noto Sans Bengali",
    "Nirmala UI", "Leelawadee UI", "Arial Unicode MS",
)  # fmt: skip


@functools.cache
def families() -> tuple[str, ...]:
    """Return the fonts that names are drawn with, the next for what the one before lacks."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return ("DejaVu Sans", *(name for name in _OTHERS if name in installed))


@functools.cache
def _characters() -> frozenset[int]:
    from matplotlib import font_manager

    found: set[int] = set()
    for family in families():
        path = font_manager.findfont(family)
        found.update(font_manager.get_font(path).get_charmap())
    return frozenset(found)


def drawable(text: str, length: int | None = None) -> str:
    """Return a text with a box for each character that no font has, or that is not printable.

    Args:
        text: what is to be drawn, with the :func:`style` that is made for it.
        length: characters to which it is shortened.

    >>> drawable("lớp_1 $x$"), drawable("a\\tb"), drawable("a_layer_with_a_long_name", 11)
    ('lớp_1 $x$', 'a□b', 'a_lay…_name')
    """
    known, kept = _characters(), text if length is None else shortened(text, length)
    return "".join(c if printable(c, "") == c and ord(c) in known else MISSING for c in kept)


def shortened(text: str, length: int) -> str:
    """Return a text of at most ``length`` characters, its middle left out if it is longer.

    >>> shortened("a_layer_with_a_long_name", 11)
    'a_lay…_name'
    """
    if len(text) <= length:
        return text
    head = length // 2
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"


def mathematics(latex: str, text: str, breakable: bool = False) -> str:
    """Return a formula for matplotlib: LaTeX's mathematics where it can set that, else the text.

    A ``breakable`` one has a blank before each sign of a sum, where a title may break.

    >>> mathematics(r"\\left(x + 1\\right)^2 + y", "(x + 1)^2 + y", True)
    '$\\\\left(x + 1\\\\right)^2$ ${} + y$'
    """
    from matplotlib.mathtext import MathTextParser

    formula = " ".join(f"${term}$" for term in (_terms(latex) if breakable else [latex]))
    try:
        if latex:
            with drawing():
                MathTextParser("path").parse(formula)
            return formula
    except ValueError:  # a command that matplotlib does not know
        pass
    return text.replace("$", r"\$")


def _terms(latex: str) -> list[str]:
    """The terms of a sum, each but the first with its sign before it."""
    terms, depth = [""], 0
    for piece in re.split(r"( [+-] |[(){}])", latex):
        depth += (piece in ("(", "{")) - (piece in (")", "}"))
        if piece in (" + ", " - ") and not depth:
            terms.append("{}" + piece)
        else:
            terms[-1] += piece
    return terms


class Lettering:
    """Draws and measures plain texts in a figure; lengths in inches."""

    def __init__(self, figure: Figure) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas = figure.canvas
        assert isinstance(canvas, FigureCanvasAgg)
        self._renderer = canvas.get_renderer()
        self._dpi = figure.dpi

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """Return how wide a line is, in a font of ``size`` points."""
        from matplotlib.font_manager import FontProperties

        font = FontProperties(family=list(families()), size=size, weight=weight(bold))
        with drawing():
            width = self._renderer.get_text_width_height_descent(text, font, False)[0]
        return width / self._dpi


def weight(bold: bool) -> str:
    """Return the name of a font's weight."""
    return "bold" if bold else "normal"


def style(size: float, bold: bool = False, colour: str = "#1b1b1b") -> dict[str, Any]:
    """Return what ``axes.text`` is to be given, so that a text is drawn as it was measured."""
    return {
        "fontfamily": list(families()),
        "fontsize": size,
        "fontweight": weight(bold),
        "color": colour,
        "parse_math": False,
    }
