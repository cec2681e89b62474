"""Bishop's notation with numbers in it, as plain text and as LaTeX at once.

Every function returns a :class:`~nissl.explain.report.Cell`, whose two forms say the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nissl.explain.formulas import folded
from nissl.explain.latex import number_latex
from nissl.explain.parts import Cell, chosen, format_number

__all__ = ["chosen", "equal", "factor", "folded", "joined", "number", "plus", "symbol", "times"]

DIGITS = 4  # of numbers within formulas
_RAISED = str.maketrans("0123456789()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾")
_GREEK = {"δ": r"\delta"}


def symbol(
    letter: str, *indices: int | str, layer: int | None = None, raised: bool = False
) -> Cell:
    r"""Return a symbol with indices, and in LaTeX the layer in brackets above it.

    Args:
        letter: ``"w"``, ``"δ"``, ...
        indices: what stands below.
        layer: the layer, or ``None``.
        raised: whether plain text names the layer too.

    >>> symbol("w", 1, 0, layer=2).text, symbol("w", 1, 0, layer=2).latex
    ('w_10', 'w_{10}^{(2)}')
    >>> symbol("w", 1, 10).text, symbol("δ", 1, layer=2, raised=True).text
    ('w_1,10', 'δ_1⁽²⁾')
    """
    below = ("," if any(len(str(i)) > 1 for i in indices) else "").join(map(str, indices))
    above = "" if layer is None else f"({layer})"
    text = f"{letter}_{below}" if below else letter
    latex = _GREEK.get(letter, letter) + (f"_{{{below}}}" if below else "")
    return Cell(
        text + (above.translate(_RAISED) if raised else ""),
        latex + (f"^{{{above}}}" if above else ""),
    )


def number(value: Any, digits: int = DIGITS) -> Cell:
    r"""Return a number.

    >>> number(-1.5e-9).text, number(-1.5e-9).latex
    ('-1.5e-09', '-1.5 \\cdot 10^{-9}')
    """
    shown = format_number(value, digits)
    return Cell(shown, number_latex(shown), "" if math.isfinite(value) else "bad")


def factor(value: Any, digits: int = DIGITS) -> Cell:
    """Return a number in brackets, as a factor of a product.

    >>> factor(0.5).text
    '(0.5)'
    """
    shown = number(value, digits)
    return Cell(f"({shown.text})", f"({shown.latex})", shown.style)


def joined(cells: Sequence[Cell], text: str, latex: str) -> Cell:
    """Return cells one after the other with something between them."""
    bad = any(cell.style == "bad" for cell in cells)
    return Cell(
        text.join(cell.text for cell in cells),
        latex.join(cell.latex or cell.text for cell in cells),
        "bad" if bad else "",
    )


def times(*cells: Cell) -> Cell:
    """Return a product; factors that are numbers come in brackets."""
    if all(cell.text.startswith("(") for cell in cells):
        return joined(cells, "", r"\,")
    return joined(cells, " ", r"\,")


def plus(terms: Sequence[Cell]) -> Cell:
    """Return a sum.

    >>> plus([number(1.0), Cell("…", r"\\cdots"), factor(-2.0)]).text
    '1 + … + (-2)'
    """
    return joined(terms, " + ", " + ")


def equal(*sides: Cell) -> Cell:
    """Return sides joined by equals signs."""
    return joined(sides, " = ", " = ")


DOTS = Cell("…", r"\cdots")
