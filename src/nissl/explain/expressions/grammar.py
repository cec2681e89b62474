"""The grammar of typed expressions, read without Python's own parser.

An expression has numbers, inputs, the constants ``pi`` and ``e``, the operators ``+ - * /`` and
``**`` or ``^`` (powers bind tighter than a sign, and to the right), brackets, and calls of the
functions in :func:`nissl.explain.expressions.vocabulary.functions`. There is nothing else that it
could name. What is written on a board is read too, where it has one meaning only: ``x²``, ``|x|``,
``√x``, ``·``, ``×``, ``÷``, the long minus, full-width signs and digits.

Several statements, parted by semicolons or line ends, give names to values on the way to the last.

It is read from left to right with a stack of what waits for its right side (Dijkstra's shunting
yard), so that nothing recurses however it is nested; length, depth and size are bounded all the
same.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core import op as ops
from nissl.errors import ArgumentError, NisslError, nearest
from nissl.explain.expressions.tokens import Token, narrow, pointed, tokens
from nissl.explain.expressions.vocabulary import CONSTANTS, LETTERS, Known, functions

__all__ = ["Reader", "Statement", "Step", "as_product"]

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
NUMBERED = re.compile(r"([^\W\d_]+)_?(\d+)")
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


@dataclass
class _Waiting:
    """What waits on the stack for its right side: an operator, a sign, a bracket or a call."""

    token: Token
    binds: int  # 0 for brackets and calls
    name: str = ""
    count: int = 2
    called: Token | None = None


class Reader:
    """Reads one text; see :func:`nissl.explain.expressions.expression.parse`."""

    def __init__(self, text: str, names: Sequence[str] | None) -> None:
        self.text = narrow(text.rstrip())
        head = _HEAD.match(self.text)
        listed = re.split(r"\s*,\s*", head[1]) if head else None
        self.names = listed if names is None else names
        self.tokens = list(tokens(self.text, head.end() if head else 0))
        self.at = 0
        self.waiting: list[_Waiting] = []
        self.steps: list[Step] = []  # of the statement that is being read
        self.constants: list[float | None] = []  # of each operand so far, its value if it has one
        self.inputs: list[str] = []
        self.statements: list[Statement] = []
        self.given: dict[str, float | None] = {}  # names of values, with those that are constant

    def _fail(self, token: Token, problem: str) -> NoReturn:
        raise ArgumentError(pointed(self.text, token.place, token.length, problem))

    @property
    def _next(self) -> Token:
        return self.tokens[self.at]

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
        wants_operand = True
        while wants_operand or not self._ends(self._next):
            token = self._next
            self.at += token.kind != "end"
            wants_operand = (self._operand if wants_operand else self._operator)(token)
            if len(self.waiting) > MAX_DEPTH:
                self._fail(token, f"nested more than {MAX_DEPTH} deep; simplify the expression")
            if len(self.steps) + sum(len(each.steps) for each in self.statements) > MAX_STEPS:
                self._fail(token, f"more than {MAX_STEPS} steps; simplify the expression")
        self._settle(1)
        if self.waiting:
            closing = _CLOSING[self.waiting[-1].token.text]
            self._fail(
                self.waiting[-1].token,
                f"this bracket is never closed; expected a {closing!r} for it",
            )
        self.statements.append(Statement(name, tuple(self.steps)))
        if name:
            self.given[name] = self.constants[0]
        self.steps, self.constants = [], []

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
        is_open = any(not each.binds for each in self.waiting)
        starts = token.kind in ("number", "name") or token.text in ("(", "|", "√")
        return starts and not is_open

    # ---- an operand is wanted: a number, a name, a call, a bracket, a sign before one of them --
    def _operand(self, token: Token) -> bool:
        root = bool(self.waiting) and self.waiting[-1].binds == ROOT
        if token.kind == "number":
            self._number(token)
            return False
        if token.kind == "name":
            return self._name(token)
        if token.text == "√":
            if self._next.text == "(":
                self._open_call(token, "sqrt")
            else:
                self.waiting.append(_Waiting(token, ROOT, "sqrt", 1))
        elif token.text == "(":
            self.waiting.append(_Waiting(token, 0))
        elif token.text == "|":
            self.waiting.append(_Waiting(token, 0, "abs", 1, called=token))
        elif token.text == "-" and not root:
            self.waiting.append(_Waiting(token, SIGN, "negative", 1))
        elif token.text != "+" or root:
            where = f"after {_before(self.text, token.place)!r}" if token.place else "here"
            found = f"but there is {token.text!r}" if token.text else "but the text ends"
            self._fail(token, f"expected a number, a name or a bracket {where}, {found}")
        return True

    def _number(self, token: Token) -> None:
        if len(token.text) > MAX_DIGITS:
            self._fail(token, f"a number of {len(token.text)} characters; at most {MAX_DIGITS}")
        value = float(token.text)
        if not math.isfinite(value):
            self._fail(token, "this number is too large; float64 ends at about 1.8e308")
        self._emit(Step(token.text, value=value))

    def _open_call(self, token: Token, name: str) -> bool:
        self.waiting.append(_Waiting(self._next, 0, name, 1, called=token))
        self.at += 1
        return True

    def _name(self, token: Token) -> bool:
        name, after = token.text, self._next
        own = name in self.given or name in (self.inputs if self.names is None else self.names)
        if after.text == "(":
            called = name if own else LETTERS.get(name, name)
            if called in functions():
                return self._open_call(token, called)
            if name in CONSTANTS or own:
                self._fail(after, f"{name!r} is no function; expected an operator such as *")
            self._fail(token, _unknown(name))
        if name in functions():
            self._fail(token, _without_bracket(name, after))
        if name in CONSTANTS:
            self._emit(Step(name, value=CONSTANTS[name]))
        elif name in self.given:
            self._emit(Step(name, value=self.given[name]))
        else:
            self._input(token, own)
        return False

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
        self._emit(Step(name))

    # ---- an operand was read: an operator, a comma, a closing bracket or the end may follow ----
    def _operator(self, token: Token) -> bool:
        if token.text in OPERATORS:
            name, binds, to_the_right = OPERATORS[token.text]
            if token.text == "**" and self.waiting and self.waiting[-1].binds == ROOT:
                self._fail(token, "the root of what? write √(x^2) or √(x)^2")
            self._settle(binds + to_the_right)
            self.waiting.append(_Waiting(token, binds, name))
            return True
        before = self.tokens[self.at - 2]
        closes = token.text == "|" and any(w.token.text == "|" for w in self.waiting)
        if token.kind in ("number", "name") or token.text in ("(", "√"):
            self._fail(token, _missing_operator(before, token))
        self._settle(1)
        last = self.waiting[-1] if self.waiting else None
        if token.text == ")" or closes:
            if last is None:
                self._fail(token, "this bracket closes none; expected an operator or the end")
            expected = _CLOSING[last.token.text]
            if token.text != expected:
                self._fail(
                    last.token, f"this bracket is never closed; expected a {expected!r} for it"
                )
            self.waiting.pop()
            if last.called is not None:
                self._call(last, last.called)
            return False
        if token.text == "=":
            self._fail(token, "a = stands behind one name only, as in v3 = x1*x2")
        if token.text == "|":
            self._fail(token, "this bracket closes none; expected an operator or the end")
        if last is None or last.called is None or last.token.text == "|":
            if _is_decimal(before, token, self._next):
                number = f"{before.text}.{self._next.text}"
                self._fail(token, f"decimals have a point, not a comma: {number}")
            self._fail(token, "a comma stands between the arguments of a function only")
        last.count += 1
        return True

    def _settle(self, binds: int) -> None:
        """Emit what waits and binds at least as tightly."""
        while self.waiting and self.waiting[-1].binds >= binds:
            self._apply(self.waiting.pop())

    def _call(self, waiting: _Waiting, token: Token) -> None:
        known = functions()[waiting.name]
        count = waiting.count
        if not known.least <= count <= known.most:
            takes = f"{known.least}" if known.most == known.least else f"{known.least}-{known.most}"
            takes = takes if known.most < MAX_STEPS else ">= 2"
            problem = f"arguments that {waiting.name} takes: {takes}; given: {count}"
            inside = self.text[waiting.token.place : self._next.place]
            if re.search(r"\d,\d", inside):
                problem += "; decimals have a point, not a comma"
            self._fail(token, problem)
        for place in range(known.tensors, count):
            if self.constants[len(self.constants) - count + place] is None:
                self._fail(token, f"argument {place + 1} of {waiting.name} must be a number")
        self._apply(waiting)

    def _apply(self, waiting: _Waiting) -> None:
        known = functions()[waiting.name]
        operands = self.constants[len(self.constants) - waiting.count :]
        try:
            value = _value(known, operands)
        except NisslError as error:  # settings that the function refuses
            self._fail(waiting.called or waiting.token, str(error))
        value = None if None in operands else value
        if value is not None and not math.isfinite(value):
            self._fail(waiting.token, f"this part is the constant {value}, and not finite")
        self._emit(Step(waiting.name, waiting.count, value, known))

    def _emit(self, step: Step) -> None:
        del self.constants[len(self.constants) - step.count :]
        self.constants.append(step.value)
        self.steps.append(step)


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
