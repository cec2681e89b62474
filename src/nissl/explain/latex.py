"""Words and numbers in LaTeX, and what a document needs that takes them in."""

from __future__ import annotations

from nissl.explain.signs import ABOVE, BELOW, SIGNS
from nissl.screen import printable

__all__ = ["PREAMBLE"]

PREAMBLE = r"""\usepackage{iftex}
\iftutex\usepackage{fontspec}\else\usepackage[T1,T5]{fontenc}\fi
\usepackage{amsmath,amssymb,adjustbox}
\setlength{\emergencystretch}{4em}"""
_DOCUMENT = r"""\documentclass{article}
%s
\usepackage[margin=2cm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{1ex}
\begin{document}
%s
\end{document}
"""


def document(body: str) -> str:
    """Return a whole document, to be compiled as it is, around LaTeX."""
    return _DOCUMENT % (PREAMBLE, body)


def number_latex(text: str) -> str:
    r"""Return a formatted number in LaTeX's mathematics.

    >>> number_latex("2.5e-07"), number_latex("1e+06"), number_latex("-inf")
    ('2.5 \\cdot 10^{-7}', '10^{6}', '-\\infty')
    """
    mantissa, e, exponent = text.lower().partition("e")
    if not e or not exponent.lstrip("+-").isdigit():
        return text.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")
    power = f"10^{{{int(exponent)}}}"
    return power if mantissa == "1" else rf"{mantissa} \cdot {power}"


_CHARACTERS = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "−": r"\ensuremath{-}",
    "\u202f": r"\,", "\u2009": r"\,", "\u00a0": "~",
    **{c: "\\" + c for c in "&%$#_{}"},
    **{sign: rf"\ensuremath{{\{name}}}" for name, sign in SIGNS.items()},
    **{sign: rf"\ensuremath{{^{plain}}}" for plain, sign in ABOVE.items() if plain.isascii()},
    **{sign: rf"\ensuremath{{_{plain}}}" for plain, sign in BELOW.items() if plain.isascii()},
}  # fmt: skip


def escape_latex(text: str) -> str:
    r"""Return a text in which LaTeX reads every character as itself.

    >>> escape_latex("50 % of x_1 ≤ η")
    '50 \\% of x\\_1 \\ensuremath{\\leq} \\ensuremath{\\eta}'
    """
    return "".join(_CHARACTERS.get(c, c) for c in printable(text, "\n"))
