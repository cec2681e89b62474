"""Sums such as ``-1.5 + x1 - 2 x2`` as readers write them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np

from nissl.explain.latex import number_latex
from nissl.explain.parts import Cell, format_number
from nissl.i18n import translate as _

__all__ = [
    "exact_number",
    "feature_names",
    "fold",
    "is_short",
    "linear_form",
    "right_or_wrong",
    "variable",
    "vector",
]

_Row = TypeVar("_Row")
_LONGEST = 12  # characters of a fraction that is written out
_TERMS = 6  # of a sum that are written out
_ENTRIES = 4  # of a vector


def feature_names(count: int) -> tuple[str, ...]:
    """Return ``x1, x2, ...``."""
    return tuple(f"x{place}" for place in range(1, count + 1))


def exact_number(value: Fraction) -> str:
    """Return a fraction as it is, decimals or ``a/b``; one that is too long to six digits.

    >>> exact_number(Fraction(-3, 2)), exact_number(Fraction(1, 3)), exact_number(Fraction(0.1))
    ('-1.5', '1/3', '0.1')
    """
    short = _decimal(value)
    if is_short(value) and Fraction(short) != value:
        return str(value)
    return short


def is_short(value: Fraction) -> bool:
    """Say whether :func:`exact_number` shows all of a fraction."""
    return Fraction(_decimal(value)) == value or len(str(value)) <= _LONGEST


def _decimal(value: Fraction) -> str:
    """Six digits of a fraction of any size."""
    found = Decimal(value.numerator) / Decimal(value.denominator)
    beyond = found and not 1e-300 < abs(found) < 1e300  # what a float holds
    return f"{found:.5e}" if beyond else format_number(found)


def linear_form(
    constant: Any, coefficients: Sequence[Any], names: Sequence[str], *, leading: str = ""
) -> Cell:
    """Return ``constant * leading + sum coefficients * names`` without what is zero.

    Long sums are cut in the middle.

    >>> linear_form(-1.5, [1, -2], ["x1", "x2"]).latex
    '-1.5 + x_{1} - 2 x_{2}'
    >>> linear_form(2, [1, 0], ["w1", "w2"], leading="w0").text
    '2 w0 + w1'
    """
    terms = [(constant, leading), *zip(coefficients, names, strict=True)]
    kept = [(value, name) for value, name in terms if value]
    parts: list[str] = []
    tex: list[str] = []
    for value, name in kept:
        size = abs(value)
        short = exact_number(size) if isinstance(value, Fraction) else format_number(size)
        short = "" if name and size == 1 else short
        sign = ("-" if value < 0 else "") if not parts else "- " if value < 0 else "+ "
        parts.append(sign + f"{short} {name}".strip())
        tex.append(sign + f"{number_latex(short)} {variable(name).latex}".strip())
    if len(parts) > _TERMS + 1:
        parts[_TERMS - 1 : -1] = ["+ ..."]
        tex[_TERMS - 1 : -1] = [r"+ \cdots"]
    return Cell(" ".join(parts) or "0", " ".join(tex) or "0")


def vector(values: Sequence[Any] | np.ndarray[Any, Any]) -> Cell:
    """Return ``(1, 0, 2)``; long ones are cut in the middle.

    >>> vector([0.5, -1]).text
    '(0.5, -1)'
    """
    shown = [
        exact_number(value) if isinstance(value, Fraction) else format_number(value, 4)
        for value in values
    ]
    if len(shown) > _ENTRIES:
        shown[2:-1] = ["..."]
    text = f"({', '.join(shown)})"
    return Cell(text, text.replace("...", r"\ldots"))


def variable(name: str) -> Cell:
    """A name such as ``x12``, with its number as an index in LaTeX."""
    letter = name.rstrip("0123456789")
    return Cell(name, f"{letter}_{{{name[len(letter) :]}}}" if letter != name else name)


def right_or_wrong(target: float, output: float) -> Cell:
    """A word for whether an output is its target."""
    if target == output:
        return Cell(_("right"), style="good")
    return Cell(_("wrong"), style="bad")


def fold(rows: Sequence[_Row], between: _Row, most: int = 24) -> list[_Row]:
    """Return the first and the last rows, with ``between`` in place of what is left out.

    >>> fold(list("abcdefgh"), "...", most=4)
    ['a', 'b', 'c', '...', 'h']
    """
    if len(rows) <= most:
        return list(rows)
    last = max(most // 4, 1)
    return [*rows[: most - last], between, *rows[len(rows) - last :]]
