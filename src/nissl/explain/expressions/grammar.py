"""The grammar of typed expressions, read without Python's own parser.

An expression has numbers, inputs, the constants ``pi`` and ``e``, the operators ``+ - * /`` and
``**`` or ``^`` (powers bind tighter than a sign, and to the right), brackets, and calls of the
functions in :func:`nissl.explain.expressions.vocabulary.functions`. There is nothing else that it
could name.
It is read from left to right with a stack of what waits for its right side (Dijkstra's shunting
yard), so that nothing recurses however it is nested; length, depth and size are bounded all the
same.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core import op as ops
from nissl.errors import ArgumentError, NisslError, nearest
from nissl.explain.expressions.vocabulary import CONSTANTS, Known, functions

__all__ = ["Reader", "Step"]

MAX_CHARACTERS = 4000
MAX_DEPTH = 100
MAX_STEPS = 1000
MAX_DIGITS = 40
MAX_INPUTS = 50
_WINDOW = 60  # characters of a long text that an error shows

# name of the function, how tightly it binds, and whether it does so to the right
OPERATORS: dict[str, tuple[str, int, bool]] = {
    "+": ("add", 1, False),
    "-": ("subtract", 1, False),
    "*": ("multiply", 2, False),
    "/": ("divide", 2, False),
    "**": ("pow", 4, True),
}
SIGN = 3  # a minus before an operand: above products, below powers
_SAME = str.maketrans({"−": "-", "–": "-", "·": "*", "⋅": "*", "×": "*", "÷": "/"})
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d]\w*)"
    r"|(?P<mark>\*\*|[-+*/^(),]))",
)
NUMBERED = re.compile(r"([^\W\d_]+)_?(\d+)")


@dataclass(frozen=True)
class _Token:
    kind: str  # "number", "name", "mark" or "end"
    text: str
    place: int  # where it begins, from 0


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


@dataclass
class _Waiting:
    """What waits on the stack for its right side: an operator, a sign, a bracket or a call."""

    token: _Token
    binds: int  # 0 for brackets and calls
    name: str = ""
    count: int = 2
    called: _Token | None = None


class Reader:
    """Reads one text; see :func:`nissl.explain.expressions.expression.parse`."""

    def __init__(self, text: str, names: Sequence[str] | None) -> None:
        self.text = text
        self.names = names
        self.waiting: list[_Waiting] = []
        self.steps: list[Step] = []
        self.constants: list[float | None] = []  # of each operand so far, its value if it has one
        self.inputs: list[str] = []

    def _fail(self, token: _Token, problem: str) -> NoReturn:
        raise ArgumentError(_pointed(self.text, token.place, len(token.text), problem))

    def read(self) -> tuple[tuple[str, ...], tuple[Step, ...]]:
        """Return the inputs, in order, and the steps, operands first."""
        wants_operand = True
        tokens = list(self._tokens())
        for token, after in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
            if self.waiting and self.waiting[-1].token is token:
                continue  # the bracket of a call, read with its name
            wants_operand = self._operand(token, after) if wants_operand else self._operator(token)
            if len(self.waiting) > MAX_DEPTH:
                self._fail(token, f"nested more than {MAX_DEPTH} deep; simplify the expression")
            if len(self.steps) > MAX_STEPS:
                self._fail(token, f"more than {MAX_STEPS} steps; simplify the expression")
        inputs = _ordered(self.inputs) if self.names is None else tuple(self.names)
        return inputs, tuple(self.steps)

    def _tokens(self) -> Iterator[_Token]:
        place = 0
        text = self.text.rstrip()
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                place += len(text[place:]) - len(text[place:].lstrip())
                same = text[place].translate(_SAME)
                if same == text[place]:
                    self._fail(
                        _Token("mark", text[place], place),
                        f"the character {text[place]!r} has no meaning here",
                    )
                yield _Token("mark", same, place)
                place += 1
                continue
            kind = str(found.lastgroup)
            word = found[kind]
            start = found.start(kind)
            place = found.end()
            if kind == "name":
                for index, letter in enumerate(word):
                    if unicodedata.decomposition(letter).startswith("<super>"):
                        power = _Token("mark", letter, start + index)
                        self._fail(power, "a power is written with ^, as in x^2")
                word = "pi" if word == "π" else unicodedata.normalize("NFKC", word)
                if not word.isidentifier():  # such as a half, which is a letter to none but Unicode
                    whole = _Token(kind, found[kind], start)
                    self._fail(whole, f"{found[kind]!r} is no name of an input")
            yield _Token(kind, "**" if word == "^" else word, start)
        yield _Token("end", "", len(text))

    # an operand is wanted: a number, an input, a call, a bracket, a sign before one of them
    def _operand(self, token: _Token, after: _Token) -> bool:
        if token.kind == "number":
            self._number(token)
            return False
        if token.kind == "name":
            return self._name(token, after)
        if token.text == "(":
            self.waiting.append(_Waiting(token, 0))
        elif token.text == "-":
            self.waiting.append(_Waiting(token, SIGN, "negative", 1))
        elif token.text != "+":
            where = f"after {_before(self.text, token.place)!r}" if token.place else "here"
            found = f"but there is {token.text!r}" if token.text else "but the text ends"
            self._fail(token, f"expected a number, a name or a bracket {where}, {found}")
        return True

    def _number(self, token: _Token) -> None:
        if len(token.text) > MAX_DIGITS:
            self._fail(token, f"a number of {len(token.text)} characters; at most {MAX_DIGITS}")
        value = float(token.text)
        if not math.isfinite(value):
            self._fail(token, "this number is too large; float64 ends at about 1.8e308")
        self._emit(Step(token.text, value=value))

    def _name(self, token: _Token, after: _Token) -> bool:
        name = token.text
        called = after.text == "("
        if called:
            if name not in functions():
                if name in CONSTANTS or name in (self.names or self.inputs):
                    self._fail(after, f"{name!r} is no function; expected an operator such as *")
                self._fail(token, _unknown(name))
            self.waiting.append(_Waiting(after, 0, name, 1, called=token))
            return True
        if name in functions():
            self._fail(token, f"{name!r} is a function; expected its bracket, as in {name}(x)")
        if name in CONSTANTS:
            self._emit(Step(name, value=CONSTANTS[name]))
            return False
        if self.names is not None and name not in self.names:
            known = [*self.names, *CONSTANTS]
            self._fail(
                token, f"unknown name {name!r}; {nearest(name, known)}Known: {', '.join(known)}"
            )
        if name not in self.inputs:
            self.inputs.append(name)
        if len(self.inputs) > MAX_INPUTS:
            self._fail(token, f"more than {MAX_INPUTS} inputs")
        self._emit(Step(name))
        return False

    # an operand was read: an operator, a comma, a closing bracket or the end may follow
    def _operator(self, token: _Token) -> bool:
        if token.text in OPERATORS:
            name, binds, to_the_right = OPERATORS[token.text]
            self._settle(binds + to_the_right)
            self.waiting.append(_Waiting(token, binds, name))
            return True
        if token.kind in ("number", "name") or token.text == "(":
            self._fail(token, "expected an operator here, such as * or +")
        self._settle(1)
        last = self.waiting[-1] if self.waiting else None
        if token.kind == "end":
            if last is not None:
                self._fail(last.token, "this bracket is never closed; expected a ')' for it")
            return False
        if token.text == ")":
            if last is None:
                self._fail(token, "this bracket closes none; expected an operator or the end")
            self.waiting.pop()
            if last.called is not None:
                self._call(last, last.called)
            return False
        if last is None or last.called is None:
            self._fail(token, "a comma stands between the arguments of a function only")
        last.count += 1
        return True

    def _settle(self, binds: int) -> None:
        """Emit what waits and binds at least as tightly."""
        while self.waiting and self.waiting[-1].binds >= binds:
            self._apply(self.waiting.pop())

    def _call(self, waiting: _Waiting, token: _Token) -> None:
        known = functions()[waiting.name]
        count = waiting.count
        if not known.least <= count <= known.most:
            takes = f"{known.least}" if known.most == known.least else f"{known.least}-{known.most}"
            takes = takes if known.most < MAX_STEPS else ">= 2"
            self._fail(token, f"arguments that {waiting.name} takes: {takes}; given: {count}")
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


def _pointed(text: str, place: int, length: int, problem: str) -> str:
    """The problem, the text, and a caret below the place."""
    clean = "".join(c if c.isprintable() and not unicodedata.combining(c) else "?" for c in text)
    start = 0
    if len(clean) > _WINDOW:
        start = max(0, min(place - _WINDOW // 2, len(clean) - _WINDOW))
        cut = clean[start : start + _WINDOW]
        ends = ("…" if start else "", "…" if start + _WINDOW < len(clean) else "")
        clean, start = ends[0] + cut + ends[1], start - len(ends[0])
    marks = "^" * max(1, min(length, _WINDOW))
    return f"column {place + 1}: {problem}\n  {clean}\n  {' ' * (place - start)}{marks}"
