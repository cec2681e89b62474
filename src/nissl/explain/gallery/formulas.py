"""Formulas in LaTeX as a reader sees them: in his language, and as plain text in a terminal."""

from __future__ import annotations

import re

from nissl.explain.parts import Cell
from nissl.i18n import mark
from nissl.i18n import translate as _

__all__ = ["formula_cell", "plain", "spoken"]

WORDS = (mark("if"), mark("otherwise"))
_SIGNS = {
    "alpha": "α", "delta": "δ", "lambda": "λ", "Phi": "Φ", "varphi": "φ", "sum": "Σ",
    "leq": "≤", "cdot": "·", "infty": "∞",
}  # fmt: skip


def spoken(latex: str) -> str:
    r"""Return a formula with its words, ``\text{ if }``, in the language in use.

    >>> spoken(r"1 \text{ if } x > 0")
    '1 \\text{ if } x > 0'
    """
    return re.sub(
        r"(\\text\{\s*)(\w+)(\s*\})", lambda m: f"{m[1]}{_(m[2])}{m[3]}", latex, flags=re.UNICODE
    )


def plain(latex: str) -> str:
    r"""Return a formula as plain text.

    >>> plain(r"x \, \Phi(x)"), plain(r"-\ln(1 + e^{-x})")
    ('x Φ(x)', '-ln(1 + e^-x)')
    """
    text = re.sub(r"\\text\{(.*?)\}", r"\1", spoken(latex))
    text = re.sub(r"\\[,; ]", " ", text)
    text = re.sub(r"\\([A-Za-z]+)", lambda m: _SIGNS.get(m[1], m[1]), text)
    text = re.sub(r"([_^])\{(-?\w+)\}", r"\1\2", text)
    text = re.sub(r"([_^])\{(.*?)\}", r"\1(\2)", text)
    return re.sub(r" +", " ", text).strip()


def formula_cell(latex: str) -> Cell:
    """Return a formula for a table: plain where that is read, LaTeX where that is written."""
    return Cell(plain(latex), spoken(latex))
