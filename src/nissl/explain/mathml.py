"""Formulas in MathML Core, which browsers set by themselves."""

from __future__ import annotations

import html
from collections.abc import Iterator

from nissl.explain.notation import (
    BEFORE_A_PREFIX,
    Accent,
    Atom,
    Fraction,
    Grid,
    Node,
    Root,
    Row,
    Scripts,
    characters,
    kind_of,
    read,
)

__all__ = ["mathml"]

_TIGHT = 'lspace="0" rspace="0" stretchy="false"'  # brackets are as high as what is around
_MARKS = {"dot": "˙", "bar": "¯", "hat": "^", "tilde": "~", "vec": "→"}


def mathml(latex: str, *, display: bool = False) -> str:
    r"""Return a formula in MathML Core, which browsers set by themselves.

    >>> mathml(r"\bar{v}_{3}")
    '<math><msub><mover accent="true"><mi>v</mi><mo>¯</mo></mover><mn>3</mn></msub></math>'
    """
    mode = ' display="block"' if display else ""
    return f"<math{mode}>{''.join(_elements(read(latex)[0]))}</math>"


def _elements(node: Node) -> Iterator[str]:
    match node:
        case Atom():
            yield _element(node)
        case Row():
            before = "open"
            for part in node.parts:
                kind = kind_of(part)
                if kind == "sign" and before in BEFORE_A_PREFIX:
                    yield (
                        '<mo form="prefix">' + ("−" if characters(part) == "-" else "+") + "</mo>"
                    )
                else:
                    yield from _elements(part)
                before = before if kind == "space" else kind
        case Scripts():
            yield _scripts(node)
        case Fraction():
            yield f"<mfrac>{_one(node.top)}{_one(node.bottom)}</mfrac>"
        case Root():
            yield f"<msqrt>{''.join(_elements(node.inner))}</msqrt>"
        case Accent():
            mark = _MARKS[node.name]
            yield f'<mover accent="true">{_one(node.inner)}<mo>{mark}</mo></mover>'
        case Grid():
            rows = "".join(
                "<mtr>" + "".join(f"<mtd>{''.join(_elements(c))}</mtd>" for c in row) + "</mtr>"
                for row in node.rows
            )
            yield f"<mrow><mo>[</mo><mtable>{rows}</mtable><mo>]</mo></mrow>"


def _scripts(node: Scripts) -> str:
    given = [each for each in (node.base, node.below, node.above) if each is not None]
    inner = "".join(map(_one, given))
    both = node.below is not None and node.above is not None
    name = "msubsup" if both else "msub" if node.above is None else "msup"
    if kind_of(node.base) == "large":
        name = {"msubsup": "munderover", "msub": "munder", "msup": "mover"}[name]
    return f"<{name}>{inner}</{name}>"


def _one(node: Node) -> str:
    """A node as one element, as scripts and fractions want it."""
    found = list(_elements(node))
    return found[0] if len(found) == 1 else f"<mrow>{''.join(found)}</mrow>"


def _element(atom: Atom) -> str:
    shown = html.escape("−" if atom.text == "-" else atom.text)
    bold = ' style="font-weight:bold"' if atom.bold else ""
    match atom.kind:
        case "mn":
            return f"<mn>{shown}</mn>"
        case "mi" | "name" | "function" | "dots":
            return f"<mi{bold}>{'′' if shown == '&#x27;' else shown}</mi>"
        case "word":
            return f"<mtext{bold}>{shown.replace(' ', ' ')}</mtext>"
        case "space":
            return f'<mspace width="{0.17 * max(len(shown), 1):.2f}em"></mspace>' if shown else ""
        case "open" | "close":
            form = "prefix" if atom.kind == "open" else "postfix"
            return f'<mo form="{form}" {_TIGHT}>{shown}</mo>' if shown else ""
        case "large":
            return f'<mo movablelimits="true">{ {"Σ": "∑", "Π": "∏"}.get(shown, shown) }</mo>'
        case _:
            return f"<mo>{shown}</mo>"
