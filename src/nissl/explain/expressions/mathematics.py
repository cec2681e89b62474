r"""Formulas put together: what an op says of itself, filled with names or numbers.

Every piece is a :class:`Term`, in LaTeX, with how tightly it binds, so that brackets stand where
they are needed and nowhere else. The patterns are the ops' own, :attr:`Op.formula
<nissl.core.op.Op.formula>`; an op that has settings is written as a call.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

from nissl.core.kinds import Constant
from nissl.core.op import Op
from nissl.explain import formulas, notation
from nissl.explain.expressions.grammar import NUMBERED, Statement, Step
from nissl.explain.latex import escape_latex, number_latex
from nissl.explain.parts import Cell, format_number, formula

__all__ = [
    "Term",
    "combine",
    "is_move",
    "name_term",
    "number_term",
    "statements_latex",
]

CHOICE, COMPARISON, SUM, PREFIX, PRODUCT, SIGN, POWER, ATOM = 0, 5, 10, 15, 20, 30, 40, 50
_BINDS = {
    "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "@": PRODUCT, "%": PRODUCT,
    "&": 6, "|": 6, "^": 6, "<<": 6, ">>": 6,
}  # fmt: skip
_NEUTRAL = {"add": (0, 0), "subtract": (None, 0), "multiply": (1, 1), "divide": (None, 1),
            "pow": (None, 1)}  # fmt: skip
_INFIX = re.compile(r"\{0\} (\S+) \{1\}")
_BEGINS_WITH_NAME = re.compile(r"\{?(?:\\(?:dot|bar|mathit|pi)\b|[^\W\d])")
_WORDS = frozenset({"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa"}
                   | {"lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "phi", "chi", "psi"}
                   | {"omega"})  # fmt: skip


@dataclass(frozen=True)
class Term:
    """A part of a formula.

    Attributes:
        latex: what it is.
        binds: how tightly it binds.
        number: the number that this is, whatever the inputs are.
    """

    latex: str
    binds: int = ATOM
    number: float | None = None

    @property
    def text(self) -> str:
        """What a terminal shows."""
        return notation.text(self.latex)

    def within(self, binds: int) -> str:
        """Return the LaTeX, in brackets where what is around it binds more tightly."""
        if self.binds >= binds:
            return self.latex
        return rf"\left({self.latex}\right)" if r"\frac" in self.latex else f"({self.latex})"

    def cell(self, style: str = "") -> Cell:
        """Return the formula for a table or a sentence."""
        return formula(self.latex, style)

    def __str__(self) -> str:
        return self.text

    def __format__(self, spec: str) -> str:
        return format(self.cell(), spec)


def number_term(value: float, digits: int = 6, *, fixed: bool = False) -> Term:
    """Return a number as a term; ``fixed`` says that it does not depend on the inputs."""
    return _numeral(format_number(value, digits), float(value) if fixed else None)


def _numeral(text: str, number: float | None = None) -> Term:
    latex = number_latex(text)
    tall = PRODUCT if "cdot" in latex else POWER if "^" in latex else ATOM
    return Term(latex, min(tall, SIGN) if text.startswith("-") else tall, number)


def name_term(name: str, accent: str = "") -> Term:
    r"""Return a name as mathematics writes it.

    >>> name_term("x1").latex, name_term("theta").latex, name_term("rate").latex
    ('x_{1}', '\\theta', '\\mathit{rate}')
    >>> name_term("v3", "bar").text, name_term("v-1", "dot").latex
    ('v̄₃', '\\dot{v}_{-1}')
    """
    found = NUMBERED.fullmatch(name)
    stem, *index = found.groups() if found else (name,)
    return Term(formulas.symbol(_letter(stem), *index, accent=accent).latex)


def _letter(name: str) -> str:
    if name in _WORDS:
        return f"\\{name}"
    if len(name) == 1 and name.isascii():
        return escape_latex(name)
    return _worded("mathit" if name.isascii() and name.isidentifier() else "text", name)


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
    >>> x, y = Term("x"), Term("y")
    >>> total = combine(lookup("add"), [x, y])
    >>> combine(lookup("multiply"), [total, x]).text
    '(x + y) x'
    """
    if is_move(op):
        return operands[0]
    simpler = _simplified(op, operands) if simple else None
    if simpler is not None:
        return simpler
    if op.name in ("pow", "square"):
        base, exponent = (*operands, number_term(2))[:2]
        return Term(f"{{{base.within(POWER + 1)}}}^{{{exponent.latex}}}", POWER)
    infix = _INFIX.fullmatch(op.text)
    if infix:
        return _infix(op, _BINDS.get(infix[1], COMPARISON), *operands)
    if op.name == "negative":
        return Term(f"-{operands[0].within(SIGN + 1)}", SIGN)
    return _function(op, operands, params or {})


def _simplified(op: Op, operands: Sequence[Term]) -> Term | None:
    first, last = operands[0], operands[-1]
    if op.name == "negative" and first.number is not None:
        return number_term(-first.number, fixed=True)
    if op.name == "log" and first.number == math.e:
        return number_term(1, fixed=True)
    left, right = _NEUTRAL.get(op.name, (None, None))
    if left is not None and first.number == left:
        return last
    if right is not None and last.number == right:
        return first
    if op.name == "where" and first.number is not None:  # a condition on constants
        return operands[1] if first.number else last
    if op.name == "bitwise_and" and 0 in (first.number, last.number):
        return first if first.number == 0 else last
    return None


def _infix(op: Op, binds: int, left: Term, right: Term) -> Term:
    """Two terms with a sign between them; brackets where they are needed."""
    if op.name == "divide":
        signed = left.latex.startswith("-") and left.binds == SIGN
        above = left.latex[1:] if signed else left.latex
        fraction = op.formula.format(above, right.latex)
        return Term(f"-{fraction}", SIGN) if signed else Term(fraction, POWER)
    signed = right.latex.startswith("-")
    first = left.within(binds)
    if op.name == "add" and signed and right.binds >= PRODUCT and right.number is None:
        return Term(f"{first} - {right.latex[1:]}", SUM)  # a + (-b) as a - b
    last = op.name == "multiply" and right.binds == PREFIX  # as in x ln y
    other = right.latex if last else right.within(ATOM if signed and binds >= SUM else binds + 1)
    dotted = op.name == "multiply" and _is_dotted(first, other)
    pattern = r"{0} \cdot {1}" if dotted else op.formula.replace("} {", r"} \, {")
    return Term(pattern.format(first, other), PREFIX if last else binds)


def _is_dotted(left: str, right: str) -> bool:
    """Whether a product needs its dot: beside numbers and fractions, not between names."""
    if right.lstrip("{")[0].isdigit() or right.startswith(r"\frac"):
        return True
    return bool(re.search(r"\\frac\{.*\}$", left)) or (
        left[-1:].isdigit() and not _BEGINS_WITH_NAME.match(right)
    )


def _function(op: Op, operands: Sequence[Term], params: Mapping[str, Any]) -> Term:
    pattern = op.formula
    if params.get("axes") == (1, 0):
        settings: list[str] = []
    elif op.name == "slice":
        settings, pattern = [], pattern.replace(r"\cdot", _place(params))
    else:
        settings = [
            rf"\text{{{escape_latex(f'{key}={_short(value)}')}}}"
            for key, value in params.items()
            if _is_plain(value) and not (op.name == "pad" and not any(value))
        ]
    fields = {name for _, name, _, _ in Formatter().parse(pattern) if name}
    if (settings and not op.text) or len(fields) < len(operands):
        return _called(op.name, [*(term.latex for term in operands), *settings])
    return Term(_filled(pattern, operands), _formula_binds(pattern))


def _called(name: str, arguments: Sequence[str]) -> Term:
    return Term(f"{_worded('operatorname', name)}({', '.join(arguments)})")


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


def _filled(pattern: str, operands: Sequence[Term]) -> str:
    """A pattern with its operands, each in brackets unless the pattern has some around it."""
    pieces = list(Formatter().parse(pattern))
    needed = COMPARISON if r"\text" in pattern else PRODUCT if pattern.startswith(r"\sum") else ATOM
    made = ""
    for number, (literal, name, _, _) in enumerate(pieces):
        made += literal
        if name is None:
            continue
        after = pieces[number + 1][0] if number + 1 < len(pieces) else ""
        before = made.rstrip()[-1:]
        closed = before in tuple("({[|,") and after.lstrip()[:1] in tuple(")}]|,")
        operand = operands[int(name)]
        shown = operand.latex if closed else operand.within(needed)
        made += f"{{{shown}}}" if after[:1] in ("_", "^") else shown
    return made


def _formula_binds(pattern: str) -> int:
    """How tightly a pattern binds as a whole."""
    if r"\text{{" in pattern:
        return CHOICE
    bare = pattern.replace("{{", "<").replace("}}", ">")
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
    shown = [each.fold(_step).latex for each in statements]
    if len(shown) == 1:
        return shown[0]
    names = [f"{name_term(each.name).latex} = " if each.name else "" for each in statements]
    return r";\; ".join(map(operator.add, names, shown))


def _step(step: Step, operands: Sequence[Term]) -> Term:
    if step.known is None:
        if step.name == "pi":
            return Term(r"\pi")
        return name_term(step.name) if step.name.isidentifier() else _numeral(step.name)
    if step.known.op is not None and step.count == step.known.least:
        return combine(step.known.op, operands, simple=False)
    inner = [term.latex for term in operands]
    return Term(f"H({inner[0]})") if step.name == "heaviside" else _called(step.name, inner)
