"""The grammar of typed expressions, read without Python's own parser.

An expression has numbers, inputs, the constants ``pi`` and ``e``, the operators ``+ - * /`` and
``**`` or ``^`` (powers bind tighter than a sign, and to the right), brackets, and calls of the
functions in :func:`nissl.explain.expressions.vocabulary.functions`. There is nothing else that it
could name. What is written on a board is read too, where it has one meaning only: ``x²``, ``|x|``,
``√x``, ``·``, ``×``, ``÷``, the long minus, full-width signs and digits.

Several statements, parted by semicolons or line ends, give names to values on the way to the last.

It is read from left to right: an operand, then each operator that binds more tightly than the one
before, with its right side (V. R. Pratt, *Top Down Operator Precedence*, 1973). Length, depth and
size are bounded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core import op as ops
from nissl.errors import ArgumentError, NisslError, nearest
from nissl.explain.expressions.tokens import Token, narrow, pointed, tokens
from nissl.explain.expressions.vocabulary import CONSTANTS, LETTERS, Known, functions

__all__ = ["Reader", "Statement", "Step", "as_product"]

T = TypeVar("T")

MAX_CHARACTERS = 4000
MAX_DEPTH = 100
MAX_STEPS = 1000
MAX_DIGITS = 40
MAX_INPUTS = 50

# name of the function, how tightly it binds, and whether it does so to the right
OPERATORS: dict[str, tuple[str, int, bool]] = {
    "+": ("add", 1, False),
    "-": ("subtract", 1, False),
    "*": ("multiply", 2, False),
    "/": ("divide", 2, False),
    "**": ("pow", 4, True),
}
SIGN = 3  # a minus before an operand: above products, below powers
ROOT = 5  # a root sign without a bracket: of one number or name only
_CLOSING = {"(": ")", "|": "|"}
NUMBERED = re.compile(r"([^\W\d_]+)_?(-?\d+)")
_HEAD = re.compile(r"\s*[^\W\d]\w*\s*\(\s*([^\W\d]\w*(?:\s*,\s*[^\W\d]\w*)*)\s*\)\s*=(?!=)")
_PIECES = re.compile(r"π|[^\W\d_]\d*")
_JOINED = re.compile(r"(?:[^\W\d_]\d+)+[^\W\d_]\d*|\w*π\w*")  # x1x2, x1y, 2 names in one


@dataclass(frozen=True)
class Step:
    """One step of an expression in the order of evaluation; operands are taken from a stack.

    Attributes:
        name: an input, a constant, a number as it was typed, or a function.
        count: how many operands a function takes; 0 for the others.
        value: the number, where no input is involved.
        known: the function.
    """

    name: str
    count: int = 0
    value: float | None = None
    known: Known | None = None


@dataclass(frozen=True)
class Statement:
    """A value that is computed from inputs and from earlier statements.

    Attributes:
        name: what it is called; empty for the last, if it was given no name.
        steps: what is computed, operands first.
    """

    name: str
    steps: tuple[Step, ...]

    def fold(self, make: Callable[[Step, Sequence[T]], T]) -> T:
        """Make something of each step and of what was made of its operands; return the last."""
        stack: list[T] = []
        for step in self.steps:
            place = len(stack) - step.count
            stack[place:] = [make(step, stack[place:])]
        return stack[0]


class Reader:
    """Reads one text; see :func:`nissl.explain.expressions.expression.parse`."""

    def __init__(self, text: str, names: Sequence[str] | None) -> None:
        self.text = narrow(text.rstrip())
        head = _HEAD.match(self.text)
        listed = re.split(r"\s*,\s*", head[1]) if head else None
        self.names = listed if names is None else names
        self.tokens = list(tokens(self.text, head.end() if head else 0))
        self.at = 0
        self.open: list[Token] = []  # brackets
        self.depth = 0  # of brackets and pending operators
        self.steps: list[Step] = []  # of the statement that is being read
        self.inputs: list[str] = []
        self.statements: list[Statement] = []
        self.given: dict[str, float | None] = {}  # names of values, with those that are constant

    def _fail(self, token: Token, problem: str) -> NoReturn:
        raise ArgumentError(pointed(self.text, token.place, token.length, problem))

    @property
    def _next(self) -> Token:
        return self.tokens[self.at]

    def _take(self) -> Token:
        token = self._next
        if len(self.steps) + sum(len(each.steps) for each in self.statements) > MAX_STEPS:
            self._fail(token, f"more than {MAX_STEPS} steps; simplify the expression")
        self.at += token.kind != "end"
        return token

    def read(self) -> tuple[tuple[str, ...], tuple[Statement, ...]]:
        """Return the inputs, in order, and the statements, each with its steps, operands first."""
        while not self.statements or self._next.kind != "end":
            self._statement()
            while self._next.text == ";":
                self.at += 1
        inputs = _ordered(self.inputs) if self.names is None else tuple(self.names)
        return inputs, tuple(self.statements)

    # ---- statements --------------------------------------------------------------------------
    def _statement(self) -> None:
        """Read up to the end of a statement, which stays the next token."""
        if self.statements and not self.statements[-1].name:
            sign = self.tokens[self.at - 1]
            place = sign if sign.text == ";" else self._next
            self._fail(place, "the line before this one has no name, as in v3 = x1*x2")
        name = self._name_given()
        value = self._expression(0)
        if not self._ends(self._next):
            self._misplaced(self._next)
        self.statements.append(Statement(name, tuple(self.steps)))
        if name:
            self.given[name] = value
        self.steps = []

    def _name_given(self) -> str:
        """The name before ``=``, if the statement begins so."""
        token = self._next
        if token.kind != "name" or self.tokens[self.at + 1].text != "=":
            return ""
        name = token.text
        if name in functions() or name in CONSTANTS:
            self._fail(token, f"{name!r} is a function or a constant; choose another name")
        if name in self.given:
            self._fail(token, f"{name!r} has a value already; choose another name")
        if name in self.inputs or name in (self.names or ()):
            self._fail(token, f"{name!r} is an input, used above; give its value before that")
        self.at += 2
        return name

    def _ends(self, token: Token) -> bool:
        """Whether a statement ends before a token that follows an operand."""
        if token.kind == "end" or token.text == ";":
            return True
        if not token.begins:
            return False
        if token.kind == "name" and self.tokens[self.at + 1].text == "=":
            return True
        return not self.open and (_starts(token) or token.text == "|")

    # ---- expressions: each returns the value, if no input is involved ------------------------
    def _expression(self, least: int) -> float | None:
        """Read an operand, and all operators after it that bind at least so tightly."""
        value = self._operand(least)
        while (token := self._next).text in OPERATORS:
            name, binds, to_the_right = OPERATORS[token.text]
            if token.text == "**" and least == ROOT:
                self._fail(token, "the root of what? write √(x^2) or √(x)^2")
            if binds < least:
                return value
            self._take()
            right = self._right(token, binds if to_the_right else binds + 1)
            value = self._apply(name, [value, right], token)
        if _starts(token) and not self._ends(token):
            self._fail(token, _missing_operator(self.tokens[self.at - 1], token))
        return value

    def _right(self, token: Token, least: int) -> float | None:
        """Read what a sign, an operator or a bracket waits for."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._fail(token, f"nested more than {MAX_DEPTH} deep; simplify the expression")
        value = self._expression(least)
        self.depth -= 1
        return value

    def _operand(self, least: int) -> float | None:
        """Read a number, a name, a call or a bracket, or a sign before one of them."""
        signs = "+-" if least != ROOT else ""
        token = self._take()
        while token.text == "+" and signs:
            token = self._take()
        if token.kind == "number":
            return self._number(token)
        if token.kind == "name":
            return self._name(token)
        if token.text == "√" and self._next.text == "(":
            return self._call(token, "sqrt")
        if token.text == "√":
            return self._apply("sqrt", [self._right(token, ROOT)], token)
        if token.text == "(":
            return self._inside(token)[0]
        if token.text == "|":
            return self._apply("abs", self._inside(token), token)
        if token.text != "-" or not signs:
            where = f"after {_before(self.text, token.place)!r}" if token.place else "here"
            found = f"but there is {token.text!r}" if token.text else "but the text ends"
            self._fail(token, f"expected a number, a name or a bracket {where}, {found}")
        return self._apply("negative", [self._right(token, SIGN)], token)

    def _inside(self, opening: Token, arguments: bool = False) -> list[float | None]:
        """Read what is in a bracket: an expression, or the arguments of a function."""
        self.open.append(opening)
        values = [self._right(opening, 0)]
        while arguments and self._next.text == ",":
            self._take()
            values.append(self._right(opening, 0))
        if self._next.text != _CLOSING[opening.text]:
            self._misplaced(self._next)
        self._take()
        self.open.pop()
        return values

    def _misplaced(self, token: Token) -> NoReturn:
        """Refuse what stands where an expression ends, and closes no bracket."""
        if token.text == "=":
            self._fail(token, "a = stands behind one name only, as in v3 = x1*x2")
        if token.text == ",":
            before, after = self.tokens[self.at - 1], self.tokens[self.at + 1]
            if _is_decimal(before, token, after):
                number = f"{before.text}.{after.text}"
                self._fail(token, f"decimals have a point, not a comma: {number}")
            self._fail(token, "a comma stands between the arguments of a function only")
        if not self.open or (token.text == "|" and all(each.text != "|" for each in self.open)):
            self._fail(token, "this bracket closes none; expected an operator or the end")
        last = self.open[-1]
        closing = _CLOSING[last.text]
        self._fail(last, f"this bracket is never closed; expected a {closing!r} for it")

    def _number(self, token: Token) -> float | None:
        if len(token.text) > MAX_DIGITS:
            self._fail(token, f"a number of {len(token.text)} characters; at most {MAX_DIGITS}")
        value = float(token.text)
        if not math.isfinite(value):
            self._fail(token, "this number is too large; float64 ends at about 1.8e308")
        return self._emit(Step(token.text, value=value))

    def _name(self, token: Token) -> float | None:
        name, after = token.text, self._next
        own = name in self.given or name in (self.inputs if self.names is None else self.names)
        if after.text == "(":
            called = name if own else LETTERS.get(name, name)
            if called in functions():
                return self._call(token, called)
            if name in CONSTANTS or own:
                self._fail(after, f"{name!r} is no function; expected an operator such as *")
            self._fail(token, _unknown(name))
        if name in functions():
            self._fail(token, _without_bracket(name, after))
        if name not in CONSTANTS and name not in self.given:
            self._input(token, own)
        return self._emit(Step(name, value=CONSTANTS.get(name, self.given.get(name))))

    def _input(self, token: Token, own: bool) -> None:
        name = token.text
        known = [*(self.names or ()), *self.given, *CONSTANTS]
        if not own:
            product = as_product(name, None if self.names is None else known)
            if product:
                self._fail(token, f"a product is written with *: {product}?")
            if self.names is not None:
                near = nearest(name, known)
                self._fail(token, f"unknown name {name!r}; {near}Known: {', '.join(known)}")
        if name not in self.inputs:
            self.inputs.append(name)
        if len(self.inputs) > MAX_INPUTS:
            self._fail(token, f"more than {MAX_INPUTS} inputs")

    def _call(self, token: Token, name: str) -> float | None:
        opening = self._take()
        operands = self._inside(opening, arguments=True)
        known, count = functions()[name], len(operands)
        if not known.least <= count <= known.most:
            takes = f"{known.least}" if known.most == known.least else f"{known.least}-{known.most}"
            takes = takes if known.most < MAX_STEPS else ">= 2"
            problem = f"arguments that {name} takes: {takes}; given: {count}"
            if re.search(r"\d,\d", self.text[opening.place : self._next.place]):
                problem += "; decimals have a point, not a comma"
            self._fail(token, problem)
        for place, value in enumerate(operands[known.tensors :], known.tensors + 1):
            if value is None:
                self._fail(token, f"argument {place} of {name} must be a number")
        return self._apply(name, operands, token)

    def _apply(self, name: str, operands: Sequence[float | None], token: Token) -> float | None:
        known = functions()[name]
        try:
            value = _value(known, operands)
        except NisslError as error:  # settings that the function refuses
            self._fail(token, str(error))
        value = None if None in operands else value
        if value is not None and not math.isfinite(value):
            self._fail(token, f"this part is the constant {value}, and not finite")
        return self._emit(Step(name, len(operands), value, known))

    def _emit(self, step: Step) -> float | None:
        self.steps.append(step)
        return step.value


def _starts(token: Token) -> bool:
    """Whether an operand begins here, and nothing can end."""
    return token.kind in ("number", "name") or token.text in ("(", "√")


def _value(known: Known, operands: Sequence[float | None]) -> float | None:
    """The function at its operands, 0.5 for what is not constant; none if only tensors vary."""
    if None in operands and len(operands) <= known.tensors:
        return None
    values = [0.5 if each is None else each for each in operands]
    tensors = [F.asarray(each, dtypes.float64) for each in values[: known.tensors]]
    with ops.quiet():
        return float(known.function(*tensors, *values[known.tensors :]).item())


def _unknown(name: str) -> str:
    if len(name) == 1:
        return f"{name!r} is no function; expected an operator such as * before the bracket"
    near = nearest(name, functions())
    return (
        f"unknown function {name!r}; {near or 'Known: ' + ', '.join(sorted(functions()))}".strip()
    )


def _without_bracket(name: str, after: Token) -> str:
    if after.text == "**":
        return f"a power of {name} is written behind its bracket, as in {name}(x)^2"
    inner = after.text if after.kind in ("number", "name") else "x"
    return f"{name!r} is a function; expected its bracket, as in {name}({inner})"


def _missing_operator(before: Token, token: Token) -> str:
    if before.kind == token.kind == "number":
        return "expected an operator here, such as * or +"
    return f"expected an operator here, such as {before.text}*{token.text}"


def _is_decimal(before: Token, comma: Token, after: Token) -> bool:
    beside = before.place + before.length == comma.place == after.place - 1
    return beside and before.kind == after.kind == "number"


def as_product(name: str, known: Sequence[str] | None) -> str:
    """Return names that stand side by side in one, as ``x1*x2`` for ``x1x2``; else nothing."""
    if known is None:
        pieces = _PIECES.findall(name) if _JOINED.fullmatch(name) else []
    else:
        words = "|".join(map(re.escape, sorted([*known, "π"], key=len, reverse=True)))
        pieces = re.findall(words, name) if re.fullmatch(f"(?:{words})+", name) else []
    return "*".join(pieces) if len(pieces) > 1 else ""


def _before(text: str, place: int) -> str:
    return (text[:place].split() or ["("])[-1][-12:]


def _ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Names in the order of first appearance, those of one stem in the order of their numbers."""
    stems: dict[str, int] = {}
    keys: dict[str, tuple[int, int]] = {}
    for name in names:
        found = NUMBERED.fullmatch(name)
        stem, number = (found[1], int(found[2])) if found else (name, -1)
        keys[name] = (stems.setdefault(stem, len(stems)), number)
    return tuple(sorted(names, key=lambda name: keys[name]))
