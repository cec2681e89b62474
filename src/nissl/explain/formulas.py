r"""The algebra of formulas: symbols and numbers, and what is made of them.

Every function returns a :class:`~nissl.explain.parts.Cell`, of which terminal, page and LaTeX show
the same. Notation is Bishop's (*Pattern Recognition and Machine Learning*, 2006, chapter 5): a
weight ``w_{ji}^{(l)}`` leads from unit ``i`` to unit ``j`` of layer ``l``, counted from 1.

>>> delta, z = symbol("δ", 1, layer=2), symbol("z", 3, layer=1)
>>> equal(derivative("E_n", symbol("w", 1, 3, layer=2)), times(delta, z)).text
'∂Eₙ/∂w₁₃⁽²⁾ = δ₁⁽²⁾ z₃⁽¹⁾'
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from nissl.explain.latex import number_latex
from nissl.explain.parts import Cell, chosen, format_number, formula
from nissl.explain.signs import SIGNS

__all__ = [
    "DOTS",
    "bracket",
    "call",
    "derivative",
    "equal",
    "factor",
    "folded",
    "joined",
    "matrix",
    "minus",
    "number",
    "plus",
    "signed",
    "symbol",
    "times",
]

DIGITS = 4  # of numbers within formulas
DOTS = formula(r"\cdots")
_NAMES = {sign: f"\\{name}" for name, sign in SIGNS.items()}


def symbol(
    letter: str, *indices: int | str, layer: int | str | None = None, accent: str = ""
) -> Cell:
    r"""Return a symbol with indices below and the layer above it.

    Args:
        letter: ``"w"``, ``"δ"``, ...
        indices: what stands below.
        layer: the layer, or ``None``.
        accent: ``"dot"``, ``"bar"`` or another of LaTeX's, or none.

    >>> symbol("w", 1, 0, layer=2).text, symbol("w", 1, 0, layer=2).latex
    ('w₁₀⁽²⁾', 'w_{10}^{(2)}')
    >>> symbol("w", 1, 10).text, symbol("v", 3, accent="dot").text
    ('w_1,10', 'v̇₃')
    """
    below = ("," if any(len(str(i)) > 1 for i in indices) else "").join(map(str, indices))
    latex = _NAMES.get(letter, letter)
    latex = rf"\{accent}{{{latex}}}" if accent else latex
    latex += f"_{{{below}}}" if below else ""
    return formula(latex + ("" if layer is None else f"^{{({layer})}}"))


def number(value: Any, digits: int = DIGITS) -> Cell:
    r"""Return a number.

    >>> number(-1.5e-9).text, number(-1.5e-9).latex
    ('-1.5e-09', '-1.5 \\cdot 10^{-9}')
    """
    shown = format_number(value, digits)
    return Cell(shown, number_latex(shown), "" if math.isfinite(value) else "bad")


def matrix(rows: Any, digits: int = DIGITS) -> Cell:
    r"""Return numbers as a matrix.

    >>> matrix([[1.0, -0.5], [0.25, 2.0]]).text
    '[1, -0.5; 0.25, 2]'
    """
    lines = (" & ".join(number(value, digits).latex for value in row) for row in rows)
    return formula(r"\begin{bmatrix} " + r" \\ ".join(lines) + r" \end{bmatrix}")


def bracket(cell: Cell, wanted: bool = True) -> Cell:
    r"""Return a formula in brackets, if they are wanted.

    >>> bracket(symbol("x", 1)).latex
    '\\left(x_{1}\\right)'
    """
    if not wanted:
        return cell
    tall = len(cell.latex) > 12 or "\\frac" in cell.latex or "_" in cell.latex
    latex = rf"\left({cell.latex}\right)" if tall else f"({cell.latex})"
    return Cell(f"({cell.text})", latex, cell.style)


def factor(value: Any, digits: int = DIGITS) -> Cell:
    """Return a number in brackets, as a factor of a product.

    >>> factor(0.5).text
    '(0.5)'
    """
    return bracket(number(value, digits))


def joined(cells: Sequence[Cell], sign: str) -> Cell:
    """Return formulas with LaTeX between them."""
    bad = any(cell.style == "bad" for cell in cells)
    return formula(sign.join(cell.latex or rf"\text{{{cell.text}}}" for cell in cells), "bad" * bad)


def times(*cells: Cell) -> Cell:
    """Return a product; factors that are numbers come in brackets."""
    return joined(cells, r"\,")


def plus(terms: Sequence[Cell]) -> Cell:
    """Return a sum.

    >>> plus([number(1.0), DOTS, factor(-2.0)]).text
    '1 + … + (-2)'
    """
    return joined(terms, " + ")


def signed(terms: Sequence[Cell]) -> Cell:
    """Return a sum in which a term that begins with a minus is subtracted.

    >>> signed([symbol("x"), number(-2.0), number(0.5)]).text
    'x - 2 + 0.5'
    """
    latex, *rest = (each.latex for each in terms)
    for each in rest:
        latex += f" - {each[1:]}" if each.startswith("-") else f" + {each}"
    return formula(latex, "bad" * any(each.style == "bad" for each in terms))


def minus(left: Cell, right: Cell) -> Cell:
    """Return a difference.

    >>> minus(symbol("y", 1), symbol("t", 1)).text
    'y₁ - t₁'
    """
    return joined((left, right), " - ")


def equal(*sides: Cell, sign: str = "=") -> Cell:
    r"""Return sides joined by equals signs, or another relation.

    >>> equal(symbol("w", 1), number(0.5), sign=r"\leftarrow").text
    'w₁ ← 0.5'
    """
    return joined(sides, f" {sign} ")


def call(function: str, *arguments: Cell) -> Cell:
    r"""Return a function of arguments; the function is LaTeX, such as ``h'``.

    >>> call("h'", symbol("a", 2)).text
    "h'(a₂)"
    """
    inner = ", ".join(each.latex for each in arguments)
    return formula(f"{function}({inner})")


def derivative(of: Cell | str, by: Cell | str) -> Cell:
    r"""Return a partial derivative on one line.

    >>> derivative("E", symbol("w", "j", "i")).latex
    '\\partial E / \\partial w_{ji}'
    """
    above, below = (each if isinstance(each, str) else each.latex for each in (of, by))
    return formula(rf"\partial {above} / \partial {below}")


def folded(sizes: Any, most: int = 4) -> list[int | None]:
    """Return the places of the terms of a sum that are written; ``None`` is dots for the others.

    Of a long sum those are the largest ones.

    >>> folded([1.0, 2.0, 3.0]), folded([0.1, 5.0, 0.0, -7.0, 0.2], most=3)
    ([0, 1, 2], [1, 3, None])
    """
    if len(sizes) <= most:
        return list(range(len(sizes)))
    return [*chosen(sizes, most - 1), None]
