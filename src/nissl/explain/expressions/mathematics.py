r"""Formulas put together: what an op says of itself, filled with names or numbers.

Every piece is a :class:`Term`, a text for terminals and LaTeX for pages, with how tightly each
binds, so that brackets stand where they are needed and nowhere else. The patterns are the ops'
own, :attr:`Op.text <nissl.core.op.Op.text>` and :attr:`Op.formula <nissl.core.op.Op.formula>`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

from nissl.core.kinds import Constant
from nissl.core.op import Op
from nissl.explain.expressions.grammar import NUMBERED, Statement, Step
from nissl.explain.expressions.vocabulary import CONSTANTS
from nissl.explain.latex import escape_latex, number_latex
from nissl.explain.parts import format_number

__all__ = [
    "Term",
    "combine",
    "input_latex",
    "derivative_term",
    "name_term",
    "is_move",
    "number_term",
    "statements_latex",
]

CHOICE, COMPARISON, SUM, PREFIX, PRODUCT, SIGN, POWER, ATOM = 0, 5, 10, 15, 20, 30, 40, 50
_BINDS = {
    "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "@": PRODUCT, "%": PRODUCT,
    "**": POWER, "&": 6, "|": 6, "^": 6, "<<": 6, ">>": 6,
}  # fmt: skip
_INFIX = re.compile(r"\{0\} (\S+) \{1\}")
_GREEK = frozenset(
    {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda"}
    | {"mu", "nu", "xi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"}
)


@dataclass(frozen=True)
class Term:
    """A part of a formula.

    Attributes:
        text: what a terminal shows.
        latex: what LaTeX shows.
        binds: how tightly the text binds.
        latex_binds: how tightly the LaTeX does.
        number: the number that this is, whatever the inputs are.
    """

    text: str
    latex: str
    binds: int = ATOM
    latex_binds: int = ATOM
    number: float | None = None

    def within(self, binds: int) -> Term:
        """Return the term in brackets where what is around it binds more tightly."""
        text = self.text if self.binds >= binds else _bracketed(self.text)
        latex = self.latex if self.latex_binds >= binds else _bracketed(self.latex)
        return Term(text, latex)

    def __str__(self) -> str:
        return self.text


def _bracketed(inner: str) -> str:
    return rf"\left({inner}\right)" if r"\frac" in inner else f"({inner})"


def number_term(value: float, digits: int = 6, *, fixed: bool = False) -> Term:
    """Return a number as a term; ``fixed`` says that it does not depend on the inputs."""
    return _numeral(format_number(value, digits), float(value) if fixed else None)


def _numeral(text: str, number: float | None = None) -> Term:
    latex = number_latex(text)
    binds = SIGN if text.startswith("-") else POWER if "e" in text else ATOM
    tall = PRODUCT if "cdot" in latex else min(binds, POWER) if "^" in latex else binds
    return Term(text, latex, binds, tall, number)


def input_latex(name: str) -> str:
    r"""Return a name as mathematics writes it.

    >>> input_latex("x1"), input_latex("y"), input_latex("theta"), input_latex("rate")
    ('x_{1}', 'y', '\\theta', '\\mathit{rate}')
    """
    found = NUMBERED.fullmatch(name)
    if found:
        return f"{input_latex(found[1])}_{{{found[2]}}}"
    if name in _GREEK:
        return f"\\{name}"
    if len(name) == 1 and name.isascii():
        return escape_latex(name)
    return _worded("mathit" if name.isascii() and name.isidentifier() else "text", name)


_ACCENTS = {"v": ("", "{}"), "d": ("\u0307", r"\dot{{{}}}"), "bar": ("\u0304", r"\bar{{{}}}")}
_LOWERED = str.maketrans("-0123456789", "₋₀₁₂₃₄₅₆₇₈₉")
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_INDEXED = re.compile(r"([^\W\d_]+)_?(-?\d+)")


def name_term(name: str, kind: str = "v") -> Term:
    r"""Return a name as mathematics writes it, ``"d"`` with a dot and ``"bar"`` with a bar.

    >>> name_term("v3", "bar").latex, name_term("x12").text, name_term("v-1", "d").latex
    ('\\bar{v}_{3}', 'x₁₂', '\\dot{v}_{-1}')
    """
    accent, latex = _ACCENTS[kind]
    found = _INDEXED.fullmatch(name)
    stem, index = (found[1], found[2]) if found else (name, "")
    text = unicodedata.normalize("NFC", stem + accent) + index.translate(_LOWERED)
    return Term(text, latex.format(input_latex(stem)) + (f"_{{{index}}}" if index else ""))


def derivative_term(output: str, input: str) -> Term:
    """Return the name of a derivative: ``∂f/∂x₁``."""
    text = f"∂{name_term(output)}/∂{name_term(input)}"
    return Term(text, rf"\partial {input_latex(output)} / \partial {input_latex(input)}")


def _worded(command: str, name: str) -> str:
    return f"\\{command}{{{escape_latex(name)}}}"


# ---- ops ------------------------------------------------------------------------------------
def is_move(op: Op) -> bool:
    """Whether an op passes its numbers on as they are: stretched, reshaped or cast."""
    return op.formula == "{0}" and not isinstance(op.kind, Constant)


def combine(
    op: Op,
    operands: Sequence[Term],
    params: Mapping[str, Any] | None = None,
    *,
    simple: bool = True,
) -> Term:
    """Return an op applied to terms; if ``simple``, without a sum with 0 or a product with 1.

    >>> from nissl.core.op import lookup
    >>> x, y = Term("x", "x"), Term("y", "y")
    >>> total = combine(lookup("add"), [x, y])
    >>> combine(lookup("multiply"), [total, x]).text
    '(x + y) * x'
    """
    if is_move(op):
        return operands[0]
    simpler = _simplified(op, operands) if simple else None
    if simpler is not None:
        return simpler
    if op.name == "square":
        return _power(operands[0], number_term(2, fixed=True))
    infix = _INFIX.fullmatch(op.text)
    if infix:
        return _infix(op, infix[1], operands)
    if op.text == "-{0}":
        inner = operands[0].within(SIGN + 1)
        return Term(f"-{inner.text}", f"-{inner.latex}", SIGN, SIGN)
    return _function(op, operands, params or {})


def _simplified(op: Op, operands: Sequence[Term]) -> Term | None:
    first, last = operands[0], operands[-1]
    if op.name == "negative" and first.number is not None:
        return number_term(-first.number, fixed=True)
    if op.name in ("add", "subtract") and last.number == 0:
        return first
    if op.name == "add" and first.number == 0:
        return last
    if op.name == "multiply" and 1 in (first.number, last.number):
        return last if first.number == 1 else first
    if op.name in ("divide", "pow") and last.number == 1:
        return first
    if op.name == "where" and first.number is not None:  # a condition on constants
        return operands[1] if first.number else last
    if op.name == "bitwise_and" and 0 in (first.number, last.number):
        return first if first.number == 0 else last
    return None


def _power(base: Term, exponent: Term) -> Term:
    """A power; in texts, of a whole number, with the exponent raised."""
    inner = base.within(POWER + 1)
    latex = f"{{{inner.latex}}}^{{{exponent.latex}}}"
    if exponent.number is not None and exponent.text.isdigit():
        return Term(inner.text + exponent.text.translate(_RAISED), latex, POWER, POWER)
    text = _joined("**", POWER, base, exponent)
    return Term(text, latex, POWER, POWER)


def _infix(op: Op, sign: str, operands: Sequence[Term]) -> Term:
    binds = _BINDS.get(sign, COMPARISON)
    left, right = operands
    if sign == "**":
        return _power(left, right)
    if op.formula.startswith(r"\frac"):
        latex = op.formula.format(left.latex, right.latex)
        return Term(_joined(sign, binds, left, right), latex, binds, POWER)
    tall = [Term(each.latex, "", each.latex_binds) for each in operands]
    latex = _joined(op.formula, binds, *tall)
    return Term(_joined(sign, binds, left, right), latex, binds, binds)


def _joined(sign: str, binds: int, left: Term, right: Term) -> str:
    """Two texts with a sign, or in a formula, between them; brackets where they are needed."""
    first = left.within(binds + (sign == "**")).text
    signed = right.text.startswith("-")
    latex = "{0}" in sign
    minus = "{0} - {1}" if latex else "-"
    plus = sign in ("+", "{0} + {1}")
    if plus and signed and right.binds >= PRODUCT and right.number is None:
        return _put(minus, first, right.text[1:])  # a + (-b) as a - b
    other = right.within(ATOM if signed and binds >= SUM else binds + (sign != "**")).text
    if sign == r"{0} \, {1}" and other[0].isdigit():
        sign = r"{0} \cdot {1}"
    return _put(sign, first, other)


def _put(sign: str, first: str, other: str) -> str:
    return sign.format(first, other) if "{0}" in sign else f"{first} {sign} {other}"


def _function(op: Op, operands: Sequence[Term], params: Mapping[str, Any]) -> Term:
    settings = [
        f"{key}={_short(value)}"
        for key, value in params.items()
        if _is_plain(value) and not (op.name == "pad" and not any(value))
    ]
    arguments = ", ".join([*(term.text for term in operands), *settings])
    text = f"{op.name}({arguments})"
    if op.text:
        text = op.text.format(*(term.within(ATOM).text for term in operands))
    formula = op.formula
    if params.get("axes") == (1, 0):
        text = f"{operands[0].within(ATOM).text}.T"
    if op.name == "slice":
        place = _place(params)
        text = f"{operands[0].within(ATOM).text}[{place}]"
        formula = formula.replace(r"\cdot", place)
    if not formula:
        inner = ", ".join(term.latex for term in operands)
        return Term(text, f"{_worded('operatorname', op.name)}({inner})")
    return Term(text, _filled(formula, operands), ATOM, _formula_binds(formula))


def _short(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def _is_plain(value: Any) -> bool:
    parts = value if isinstance(value, tuple) else (value,)
    return all(isinstance(part, bool | int | float | str) for part in parts)


def _place(params: Mapping[str, Any]) -> str:
    """``x[0, 1:3]``: what stands in the brackets of a slice."""
    shown: list[str] = []
    for start, stop, step in zip(params["starts"], params["stops"], params["steps"], strict=True):
        one = stop == start + 1
        shown.append(f"{start}" if one else f"{start}:{stop}" + (f":{step}" if step > 1 else ""))
    return ", ".join(shown)


def _filled(formula: str, operands: Sequence[Term]) -> str:
    """A formula with its operands, each in brackets unless the formula has some around it."""
    pieces = list(Formatter().parse(formula))
    needed = COMPARISON if r"\text" in formula else PRODUCT if formula.startswith(r"\sum") else ATOM
    made = ""
    for number, (literal, name, _, _) in enumerate(pieces):
        made += literal
        if name is None:
            continue
        after = pieces[number + 1][0] if number + 1 < len(pieces) else ""
        before = made.rstrip()[-1:]
        closed = before in tuple("({[|,") and after.lstrip()[:1] in tuple(")}]|,")
        operand = operands[int(name)]
        shown = operand.latex if closed else operand.within(needed).latex
        made += f"{{{shown}}}" if after[:1] in ("_", "^") else shown
    return made


def _formula_binds(formula: str) -> int:
    """How tightly a formula binds as a whole."""
    if r"\text{{" in formula:
        return CHOICE
    bare = formula.replace("{{", "<").replace("}}", ">")
    for _ in range(4):
        bare = re.sub(r"<[^<>]*>|\([^()]*\)|\|[^|]*\|", "_", bare)
    if re.search(r" [-+] ", bare):
        return SUM
    if "^" in bare:
        return POWER
    return PREFIX if bare.endswith("}") and bare != "{0}" else ATOM


# ---- what was typed ---------------------------------------------------------------------------
def statements_latex(statements: Sequence[Statement]) -> str:
    """Return what statements compute, in LaTeX; each but a single one with its name."""
    if len(statements) == 1:
        return _steps_latex(statements[0].steps)
    lines = [
        (f"{input_latex(each.name)} = " if each.name else "") + _steps_latex(each.steps)
        for each in statements
    ]
    return r";\; ".join(lines)


def _steps_latex(steps: Sequence[Step]) -> str:
    stack: list[Term] = []
    for step in steps:
        operands = stack[len(stack) - step.count :]
        del stack[len(stack) - step.count :]
        if step.known is None:
            if step.name in CONSTANTS:
                stack.append(Term(step.name, r"\pi" if step.name == "pi" else step.name))
            else:
                name = Term(step.name, input_latex(step.name))
                stack.append(name if step.name.isidentifier() else _numeral(step.name))
        elif step.known.op is not None and step.count == step.known.least:
            stack.append(combine(step.known.op, operands))
        else:
            inner = ", ".join(term.latex for term in operands)
            stack.append(Term(step.name, f"{_worded('operatorname', step.name)}({inner})"))
    return stack[0].latex
