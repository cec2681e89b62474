"""Typed expressions taken apart into numbers, names and signs, each with its place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from nissl.errors import ArgumentError

__all__ = ["Token", "narrow", "pointed", "tokens"]

_WINDOW = 60  # characters of a long text that an error shows
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LOWER = str.maketrans(_RAISED + "⁺⁻", "0123456789+-")
_SAME = str.maketrans("−–—·⋅∙×∗÷∕⁄", "---*****///")
_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    rf"|(?P<name>[^\W\d{_RAISED}](?:[^\W{_RAISED}]|[\u0300-\u036f])*)"
    rf"|(?P<power>[⁺⁻]?[{_RAISED}]+)|(?P<mark>\*\*|[-+*/^(),;=|√])"
)


@dataclass(frozen=True)
class Token:
    """A number, a name or a sign of a text."""

    kind: str  # "number", "name", "mark" or "end"
    text: str
    place: int  # where it begins, from 0
    length: int = 1
    begins: bool = False  # a line


def narrow(text: str) -> str:
    """Return a text with full-width characters, and signs that look alike, as those meant.

    >>> narrow("１－ｘ·y")
    '1-x*y'
    """
    return "".join(map(_narrow, text))


def _narrow(c: str) -> str:
    if unicodedata.decomposition(c).startswith(("<wide>", "<narrow>")):
        c = unicodedata.normalize("NFKC", c)
    return c.translate(_SAME)


def tokens(text: str, place: int = 0) -> Iterator[Token]:
    """Yield what stands in a text from a place on, and its end.

    Raises:
        ArgumentError: a character that means nothing; the message shows its place.
    """
    begins = False
    while place < len(text):
        if text[place].isspace():
            begins |= text[place] == "\n"
            place += 1
            continue
        found = _TOKEN.match(text, place)
        if found is None:
            problem = f"the character {text[place]!r} has no meaning here"
            raise ArgumentError(pointed(text, place, 1, problem))
        kind, word = str(found.lastgroup), found[0]
        whole = Token(kind, word, place, len(word), begins)
        begins, place = False, found.end()
        if kind == "name":
            yield replace(whole, text=_plain_name(text, whole))
        elif kind == "power":
            yield replace(whole, kind="mark", text="**")
            for part in re.findall(r"[+-]|\d+", word.translate(_LOWER)):
                yield replace(whole, kind="number" if part.isdigit() else "mark", text=part)
        else:
            yield replace(whole, text="**" if word == "^" else word)
    yield Token("end", "", place)


def _plain_name(text: str, token: Token) -> str:
    for index, letter in enumerate(token.text):
        if unicodedata.decomposition(letter).startswith("<super>"):
            problem = "a power is written with ^, as in x^2"
            raise ArgumentError(pointed(text, token.place + index, 1, problem))
    word = unicodedata.normalize("NFKC", token.text)
    if not word.isidentifier():  # such as a half, which is a letter to none but Unicode
        problem = f"{token.text!r} is no name of an input"
        raise ArgumentError(pointed(text, token.place, token.length, problem))
    return "pi" if word == "π" else word


def pointed(text: str, place: int, length: int, problem: str) -> str:
    """Return a problem with its place, its line, and a caret below the place."""
    lines = text[:place].split("\n")
    whole = text.split("\n")[len(lines) - 1]
    column = place - (len(text[:place]) - len(lines[-1]))
    clean = "".join(c if c.isprintable() and not unicodedata.combining(c) else "?" for c in whole)
    start = 0
    if len(clean) > _WINDOW:
        start = max(0, min(column - _WINDOW // 2, len(clean) - _WINDOW))
        cut = clean[start : start + _WINDOW]
        ends = ("…" if start else "", "…" if start + _WINDOW < len(clean) else "")
        clean, start = ends[0] + cut + ends[1], start - len(ends[0])
    where = f"line {len(lines)}, column {column + 1}" if "\n" in text else f"column {column + 1}"
    marks = "^" * max(1, min(length, _WINDOW))
    return f"{where}: {problem}\n  {clean}\n  {' ' * (column - start)}{marks}"
