r"""Mathematics written once, as LaTeX, and read by terminals and browsers too.

A formula is a text in the part of LaTeX that formulas of this package need. From it follow the
characters of a terminal, ``w₁₁⁽²⁾`` and ``v̇₃``, and the MathML of a page
(:mod:`nissl.explain.mathml`).

>>> text(r"\delta_j = h'(a_j) \sum_k w_{kj}\,\delta_k")
"δⱼ = h'(aⱼ) Σₖ wₖⱼ δₖ"
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from nissl.explain.signs import (
    ABOVE,
    ACCENTS,
    BELOW,
    CLOSE,
    ESCAPED,
    FUNCTIONS,
    KINDS,
    LETTERS,
    OPEN,
    STYLED,
)

__all__ = ["characters", "is_known", "kind_of", "plain", "read", "text"]


# ---- the tree --------------------------------------------------------------------------------
@dataclass(frozen=True)
class Atom:
    """A letter, number, sign or word; ``kind`` says how it is set and spaced."""

    kind: str  # mi mn relation operation sign large open close word function space punctuation dots
    text: str
    bold: bool = False


@dataclass(frozen=True)
class Row:
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Scripts:
    base: Node
    below: Node | None
    above: Node | None


@dataclass(frozen=True)
class Fraction:
    top: Node
    bottom: Node


@dataclass(frozen=True)
class Root:
    inner: Node


@dataclass(frozen=True)
class Accent:
    name: str
    inner: Node


@dataclass(frozen=True)
class Grid:
    kind: str
    rows: tuple[tuple[Node, ...], ...]


Node: TypeAlias = "Atom | Row | Scripts | Fraction | Root | Accent | Grid"
_EMPTY = Row(())
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:[.]\d+)?|[^\W\d_]|\s+|.", re.DOTALL)


class _Reader:
    """Reads LaTeX into a tree; what is not LaTeX of this part becomes words."""

    def __init__(self, latex: str) -> None:
        self.tokens = _TOKEN.findall(latex)
        self.place = 0
        self.unknown: list[str] = []

    def row(self, *ends: str) -> Row:
        """Read up to one of the tokens, which is left to be read, or to the end."""
        parts: list[Node] = []
        while self.place < len(self.tokens) and self.tokens[self.place] not in ends:
            token = self._next()
            if token in ("_", "^"):
                base = parts.pop() if parts and not _is_space(parts[-1]) else _EMPTY
                parts.append(self._script(base, token))
            elif not token.isspace():
                parts.append(self._node(token))
        return Row(tuple(parts))

    def _next(self) -> str:
        token = self.tokens[self.place]
        self.place += 1
        return token

    def _script(self, base: Node, token: str) -> Scripts:
        inner = self._argument()
        old = base if isinstance(base, Scripts) else Scripts(base, None, None)
        if token == "_":
            return Scripts(old.base, inner, old.above)
        return Scripts(old.base, old.below, inner)

    def _argument(self) -> Node:
        """What a command or script applies to: a group, or one token."""
        while self.place < len(self.tokens) and self.tokens[self.place].isspace():
            self.place += 1
        if self.place == len(self.tokens):
            self.unknown.append("the end")
            return _EMPTY
        token = self._next()
        return (
            self._node(token[0]) if token[0].isdigit() and self._back(token) else self._node(token)
        )

    def _back(self, token: str) -> bool:
        """Give back all but the first digit of a number: ``x_12`` is ``x_1 2``."""
        if len(token) > 1:
            self.place -= 1
            self.tokens[self.place] = token[1:]
        return True

    def _words(self) -> str:
        """The characters of a group as they stand, for ``\\text``."""
        depth, found = 0, ""
        while self.place < len(self.tokens):
            token = self._next()
            depth += (token == "{") - (token == "}")
            if depth == 0 and token == "}":
                break
            if token not in ("{", "}", "$"):
                found += token[1:] if token[0] == "\\" and token[1:] in ESCAPED else token
        return found

    def _node(self, token: str) -> Node:
        if token == "{":
            inner = self.row("}")
            self.place += 1
            return inner.parts[0] if len(inner.parts) == 1 else inner
        if token.startswith("\\"):
            return self._command(token[1:])
        if token[0].isdigit():
            return Atom("mn", token)
        if token in OPEN:
            return Atom("open", token)
        if token in CLOSE:
            return Atom("close", token)
        if token in "=<>≤≥≠←→≈":
            return Atom("relation", token)
        if token in "+-−":
            return Atom("sign", token)
        if token in "·×∧∨⊕":
            return Atom("operation", token)
        if token in ",;":
            return Atom("punctuation", token)
        return Atom("dots" if token in "…⋮" else "mi", token)

    def _command(self, name: str) -> Node:
        for kind, known in KINDS.items():
            if name in known:
                return Atom(kind, known[name])
        if name in FUNCTIONS:
            return Atom("function", name)
        if name in ESCAPED:
            return Atom("mi", name)
        if name in ("left", "right"):
            token = self._next().lstrip("\\") if self.place < len(self.tokens) else "."
            known = OPEN if name == "left" else CLOSE
            return Atom("open" if name == "left" else "close", known.get(token, token.strip(".")))
        if name in ("frac", "tfrac", "dfrac"):
            return Fraction(self._argument(), self._argument())
        if name == "sqrt":
            return Root(self._argument())
        if name in ACCENTS:
            return Accent(name, self._argument())
        if name in STYLED:
            return self._styled(name)
        if name == "begin":
            return self._grid()
        self.unknown.append(name)
        return Atom("word", name)

    def _styled(self, name: str) -> Node:
        if name == "mathbin":
            return Atom("operation", characters(self._argument()))
        if name in ("text", "textbf"):
            return Atom("word", self._words(), bold=name == "textbf")
        inner = characters(self._argument())
        kind = "function" if name == "operatorname" or len(inner) > 1 else "mi"
        return Atom("name" if name == "mathit" else kind, inner, bold=name == "mathbf")

    def _grid(self) -> Node:
        kind, rows, cells = self._words(), list[tuple[Node, ...]](), list[Node]()
        while self.place < len(self.tokens):
            cells.append(self.row("&", "\\\\", "\\end"))
            token = self._next() if self.place < len(self.tokens) else "\\end"
            if token != "&":
                rows.append(tuple(cells))
                cells = []
            if token == "\\end":
                self._words()
                break
        return Grid(kind, tuple(rows))


@functools.lru_cache(4096)
def read(latex: str) -> tuple[Row, tuple[str, ...]]:
    """Return a formula as a tree, and the commands in it that are not known."""
    reader = _Reader(latex)
    found = reader.row()
    while reader.place < len(reader.tokens):  # an end without a beginning
        reader.place += 1
        found = Row((*found.parts, *reader.row().parts))
    return found, tuple(reader.unknown)


def is_known(latex: str) -> bool:
    r"""Say whether all commands of a formula belong to the part of LaTeX that is read here.

    >>> is_known(r"\frac{1}{2}"), is_known(r"\input{secrets}")
    (True, False)
    """
    return not read(latex)[1] and latex.count("{") == latex.count("}")


def _is_space(node: Node) -> bool:
    return isinstance(node, Atom) and node.kind == "space"


# ---- characters ------------------------------------------------------------------------------
def text(latex: str) -> str:
    r"""Return a formula in the characters of a terminal.

    >>> text(r"\frac{\partial E_n}{\partial w_{11}^{(2)}} = \bar{v}_{3} \cdot (-0.5)")
    '∂Eₙ/∂w₁₁⁽²⁾ = v̄₃ · (-0.5)'
    >>> text(r"2.5 \cdot 10^{-7}"), text(r"x^{2} + w_{1,10}"), text(r"\lVert w \rVert")
    ('2.5e-07', 'x² + w_1,10', '‖w‖')
    """
    return re.sub(r" {2,}(?! {2})", " ", characters(read(latex)[0])).strip()


def characters(node: Node) -> str:
    """Return a part of a formula in the characters of a terminal."""
    match node:
        case Atom():
            return node.text
        case Row():
            return _spaced(node.parts)
        case Scripts():
            below = "" if node.below is None else _script(node.below, BELOW, "_")
            above = "" if node.above is None else _script(node.above, ABOVE, "^")
            return characters(node.base) + below + above
        case Fraction():
            top, bottom = characters(node.top), characters(node.bottom)
            return f"{_closed(top)}/{_closed(bottom, '/· ')}"
        case Root():
            inner = characters(node.inner)
            return f"√{inner}" if len(inner) == 1 or inner.isdigit() else f"√({inner})"
        case Accent():
            return _accented(characters(node.inner), node.name)
        case Grid():
            rows = [", ".join(map(characters, row)) for row in node.rows]
            return f"[{'; '.join(rows)}]"


def _accented(inner: str, name: str) -> str:
    return inner[:1] + ACCENTS[name] + inner[1:] if inner else ""


def _script(node: Node, known: dict[str, str], sign: str) -> str:
    shown = characters(node).replace(" ", "")
    if all(c in known for c in shown):
        return "".join(known[c] for c in shown)
    return f"{sign}{shown}" if re.fullmatch(r"[\w,']+|[(\[].*[)\]]", shown) else f"{sign}({shown})"


def _closed(shown: str, signs: str = " ") -> str:
    """A part of a fraction, in brackets where its end could not be seen."""
    bare = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", "", shown)
    return f"({shown})" if any(sign in bare for sign in signs) else shown


_POWER_OF_TEN = re.compile(r"(?:(-?\d+(?:\.\d+)?) · |(?<![\w.)]))10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)(?![\w.])")
_FROMABOVE = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


# kinds after which a sign is that of a number, and stands close to it
BEFORE_A_PREFIX = ("open", "relation", "operation", "sign", "punctuation", "word")


def _spaced(parts: Sequence[Node]) -> str:
    """Characters one after the other, with blanks where mathematics has room."""
    made, before, last = "", "open", "open"
    for part in parts:
        kind, shown = kind_of(part), characters(part)
        if kind == "sign" and last in BEFORE_A_PREFIX:
            kind = "prefix"
        if kind == "space" and (made.endswith(" ") or before == "open"):
            continue
        gap = kind in ("relation", "operation", "sign") or before in (
            "relation", "operation", "sign", "punctuation", "dots",
        )  # fmt: skip
        if kind in ("function", "name", "large", "dots") and before not in ("open", "prefix"):
            gap = True
        if before in ("function", "name", "large", "word") and kind not in ("open", "close"):
            gap = before != "word" or gap
        if before == "large" and kind == "open":
            gap = True
        if kind in ("close", "punctuation", "space") or before in ("open", "space"):
            gap = False
        made += (" " if gap and made and made[-1] not in " /" else "") + shown
        before, last = kind, last if kind == "space" else kind
    made = re.sub(r"\) \(", ")(", made)
    return _POWER_OF_TEN.sub(_power, made)


def _power(found: re.Match[str]) -> str:
    exponent = int(found[2].translate(_FROMABOVE))
    return f"{found[1] or '1'}e{exponent:+03d}"


def kind_of(node: Node) -> str:
    """Return how a part of a formula is spaced, by what it begins with: ``"sign"``, ``"mi"``."""
    match node:
        case Atom():
            return node.kind
        case Scripts():
            return kind_of(node.base)
        case _:
            return "mi"


_ASCII = {
    **{sign: plain for plain, sign in BELOW.items()},
    **{sign: plain for plain, sign in ABOVE.items()},
}  # fmt: skip
_RUNS = (
    (re.compile(f"[{''.join(BELOW.values())}]+"), "_"),
    (re.compile(f"[{''.join(ABOVE.values())}]+"), "^"),
)
_PLAIN = str.maketrans(
    {"\u0307": "'", "\u0304": "bar", "\u0302": "^", "\u0303": "~", "…": "...", "⋮": ":", "−": "-"}
    | {"Σ": "sum", "∂": "d", "·": "*", "×": "x", "≤": "<=", "≥": ">=", "≠": "!=", "←": "<-"}
    | {
        "√": "sqrt",
        "∈": "in",
        "đ": "d",
        "Đ": "D",
        "∞": "inf",
        "‖": "||",
        "→": "->",
        "⇒": "=>",
        "∧": "and",
        "∨": "or",
        "¬": "not ",
    }
)


def plain(shown: str, *, accents: bool = False) -> str:
    """Return a text in the letters of keyboards; those of words keep their accents if asked.

    >>> plain("δⱼ⁽²⁾ = w₁₁, v̇₃ ≤ 1"), plain("đạo hàm")
    ("delta_j^(2) = w_11, v'_3 <= 1", 'dao ham')
    """
    for run, sign in _RUNS:
        shown = run.sub(lambda found, sign=sign: sign + "".join(_ASCII[c] for c in found[0]), shown)
    names = {ord(c): name for name, c in LETTERS.items() if c not in "∂∞⊤"}
    shown = shown.translate(_PLAIN).translate(names)
    if accents:
        return shown
    letters = unicodedata.normalize("NFD", shown)
    return "".join(c for c in letters if not unicodedata.combining(c))
