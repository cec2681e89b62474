"""The formulas of the activations, read from their LaTeX and computed with mpmath.

So the text that readers see is judged, and not a second copy of it. The grammar is as small as
these formulas are: sums, products side by side, quotients, powers, functions, sums over ``k``, and
cases with conditions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import mpmath as mp

TOKEN = re.compile(r"(?:\\[A-Za-z]+|[A-Za-z])(?:_\{\w+\}|_\w)?|\d+(?:\.\d+)?|[-+/^(){}|,<>=]")
FUNCTIONS: dict[str, Callable[..., Any]] = {
    r"\max": max,
    r"\min": min,
    r"\ln": mp.log,
    r"\exp": mp.exp,
    r"\sin": mp.sin,
    r"\cos": mp.cos,
    r"\tan": mp.tan,
    r"\sinh": mp.sinh,
    r"\cosh": mp.cosh,
    r"\sqrt": mp.sqrt,
    r"\log_2": lambda x: mp.log(x, 2),
    r"\log_{10}": mp.log10,
    r"\sigma": lambda x: 1 / (1 + mp.exp(-x)),
    r"\sgn": mp.sign,
    r"\tanh": mp.tanh,
    r"\Phi": mp.ncdf,
    r"\varphi": mp.npdf,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "=": lambda a, b: a == b,
    r"\leq": lambda a, b: a <= b,
}


class Reader:
    """One formula, or condition, at one point."""

    def __init__(self, latex: str, letters: Mapping[str, Any], vector: Sequence[Any] = ()) -> None:
        text = re.sub(r"\\(,|(cdot|left|right)(?![a-z]))", " ", latex)
        self.tokens = TOKEN.findall(text)
        assert re.sub(r"\s", "", "".join(self.tokens)) == re.sub(r"\s", "", text), latex
        self.place = 0
        self.letters = dict(letters)
        self.vector = vector

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        assert not wanted or token == wanted, f"{wanted} wanted, {token!r} found"
        self.place += 1
        return token

    def all(self) -> Any:
        value = self.sum()
        assert not self.peek(), f"left over: {self.tokens[self.place :]}"
        return value

    def condition(self) -> bool:
        left, holds = self.sum(), True
        while self.peek():
            compare = COMPARISONS[self.take()]
            right = self.sum()
            holds, left = holds and compare(left, right), right
        return holds

    def sum(self) -> Any:
        value = -self.product() if self.peek() == "-" and self.take() else self.product()
        while self.peek() in ("+", "-"):
            value = value + self.product() if self.take() == "+" else value - self.product()
        return value

    def product(self) -> Any:
        value = self.power()
        while self.peek() and self.peek() not in {"+", "-", ")", "}", "|", ",", *COMPARISONS}:
            if self.peek() == "/":
                self.take()
                value = value / self.power()
            else:
                value = value * self.power()
        return value

    def power(self) -> Any:
        base = self.atom()
        return base ** self.exponent() if self.peek() == "^" and self.take() else base

    def exponent(self) -> Any:
        if self.peek() != "{":
            return self.atom()
        return self.within("{", "}")

    def within(self, opening: str, closing: str) -> Any:
        self.take(opening)
        value = self.sum()
        self.take(closing)
        return value

    def atom(self) -> Any:
        token = self.peek()
        if token in ("(", "{"):
            return self.within(token, ")" if token == "(" else "}")
        if token == "|":
            return abs(self.within("|", "|"))
        self.take()
        if token == r"\frac":
            return self.within("{", "}") / self.within("{", "}")
        if token in FUNCTIONS:
            return self.call(FUNCTIONS[token])
        if token == r"\sum_k":
            return self.sum_over_k()
        if token[0].isdigit():
            return mp.mpf(token)
        if token == "h" and self.peek() == "(":
            self.within("(", ")")
        return self.letters[token]

    def sum_over_k(self) -> Any:
        start, total = self.place, mp.mpf(0)
        for element in self.vector:
            self.letters["x_k"] = element
            self.place = start
            total += self.power()
        return total

    def call(self, function: Callable[..., Any]) -> Any:
        power = self.exponent() if self.peek() == "^" and self.take() else 1
        if self.peek() != "(":
            return function(self.power()) ** power
        self.take("(")
        values = [self.sum()]
        while self.peek() == ",":
            self.take()
            values.append(self.sum())
        self.take(")")
        return function(*values) ** power


def compute(latex: str, letters: Mapping[str, Any], vector: Sequence[Any] = ()) -> Any:
    """Return the value of a formula; of the first case whose condition holds."""
    for case in latex.split(r",\ "):
        formula, _, condition = case.partition(r"\text{ if }")
        if condition and not Reader(condition, letters).condition():
            continue
        return Reader(formula.replace(r"\text{ otherwise}", ""), letters, vector).all()
    raise AssertionError(f"no case holds: {latex}")
