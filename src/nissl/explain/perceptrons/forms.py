"""Exact numbers, vectors, and sums such as ``-1.5 + x₁ - 2 x₂``, as readers write them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from nissl.explain.formulas import symbol
from nissl.explain.latex import number_latex
from nissl.explain.parts import Cell, format_number, formula
from nissl.i18n import grouped
from nissl.i18n import translate as _

__all__ = [
    "counted",
    "exact_number",
    "is_short",
    "linear_form",
    "right_or_wrong",
    "variable",
    "vector",
]

_LONGEST = 12  # characters of a fraction that is written out
_TERMS = 6  # of a sum that are written out
_ENTRIES = 4  # of a vector


def exact_number(value: Fraction) -> str:
    """Return a fraction as it is, decimals or ``a/b``; one that is too long to six digits.

    >>> exact_number(Fraction(-3, 2)), exact_number(Fraction(1, 3)), exact_number(Fraction(0.1))
    ('-1.5', '1/3', '0.1')
    """
    short = _decimal(value)
    return str(value) if is_short(value) and Fraction(short) != value else short


def is_short(value: Fraction) -> bool:
    """Say whether :func:`exact_number` shows all of a fraction."""
    return Fraction(_decimal(value)) == value or len(str(value)) <= _LONGEST


def _decimal(value: Fraction) -> str:
    """Six digits of a fraction of any size."""
    found = Decimal(value.numerator) / Decimal(value.denominator)
    beyond = found and not 1e-300 < abs(found) < 1e300  # what a float holds
    return f"{found:.5e}" if beyond else format_number(found)


def _number(value: Any, digits: int = 6) -> str:
    return exact_number(value) if isinstance(value, Fraction) else format_number(value, digits)


def linear_form(values: Sequence[Any], letter: str = "x", *, leading: str = "") -> Cell:
    r"""Return ``values[0] leading + sum values[i] letter_i``, without what is zero.

    Long sums are cut in the middle.

    >>> linear_form([-1.5, 1, -2]).text, linear_form([-1.5, 1, -2]).latex
    ('-1.5 + x₁ - 2 x₂', '-1.5 + x_{1} - 2\\,x_{2}')
    >>> linear_form([2, 1, 0], "w", leading="w_{0}").text
    '2 w₀ + w₁'
    """
    terms: list[str] = []
    for place, value in enumerate(values):
        name = symbol(letter, place).latex if place else leading
        if value:
            size = "" if name and abs(value) == 1 else number_latex(_number(abs(value)))
            terms.append(("- " if value < 0 else "+ ") + r"\,".join(filter(None, (size, name))))
    if len(terms) > _TERMS + 1:
        terms[_TERMS - 1 : -1] = [r"+ \cdots"]
    latex = " ".join(terms).removeprefix("+ ") or "0"
    return formula(f"-{latex[2:]}" if latex.startswith("- ") else latex)


def vector(values: Sequence[Any] | np.ndarray[Any, Any]) -> Cell:
    """Return ``(1, 0, 2)``; long ones are cut in the middle.

    >>> vector([0.5, -1]).text
    '(0.5, -1)'
    """
    shown = [number_latex(_number(value, 4)) for value in values]
    if len(shown) > _ENTRIES:
        shown[2:-1] = [r"\ldots"]
    return formula(f"({', '.join(shown)})")


def variable(name: str) -> Cell:
    """A name such as ``x12``, with its number below.

    >>> variable("x12").text
    'x₁₂'
    """
    return symbol(name[0], name[1:]) if name[1:] else formula(name)


def counted(count: int, one: str, many: str) -> str:
    """Return words for a number of things, such as ``1 pass`` or ``{count} passes``.

    >>> counted(1, "1 pass", "{count} passes"), counted(0, "1 pass", "{count} passes")
    ('1 pass', '0 passes')
    """
    return one if count == 1 else many.format(count=grouped(count))


def right_or_wrong(target: float, output: float) -> Cell:
    """A word for whether an output is its target."""
    if target == output:
        return Cell(_("right"), style="good")
    return Cell(_("wrong"), style="bad")
