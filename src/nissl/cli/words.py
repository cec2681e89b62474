"""The words of a command line: what help says of each, and how it is read.

A kind is written once for all commands; its errors name the option as it was typed.

>>> UNITS.read("--hidden", "4,3"), NUMBERS.read("--x", "0.5, -2*pi"), LENGTH.read("--width", "8cm")
((4, 3), [0.5, -6.283185307179586], 3.149606299212598)
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from nissl.errors import ArgumentError
from nissl.i18n import mark
from nissl.i18n import translate as _

_INCHES = {"cm": 1 / 2.54, "mm": 1 / 25.4, "in": 1.0, "pt": 1 / 72}


def _as_it_is(_option: str, value: Any) -> Any:
    """Return what was typed."""
    return value


@dataclass(frozen=True)
class Kind:
    """How a word is read: by Typer as ``typed``, then by ``read``, which is told the option."""

    typed: Any = str
    read: Callable[[str, Any], Any] = _as_it_is


@dataclass(frozen=True)
class Word:
    """An option or an argument; made by :func:`option` and :func:`argument`.

    Attributes:
        metavar: what stands in help for its value; nothing for a flag.
        help: what it is.
        kind: how it is read; by default as the function's signature says.
        flags: its name on the command line, with dashes; by default that of the parameter.
        is_argument: whether it is known by its place, and has no name.
    """

    metavar: str
    help: str
    kind: Kind | None = None
    flags: str = ""
    is_argument: bool = False

    def typed(self, name: str) -> str:
        """What an error calls it."""
        return self.metavar if self.is_argument else self.names(name)[-1].split("/")[0]

    def names(self, name: str) -> list[str]:
        """What it is called where it belongs to a parameter of this name."""
        return self.flags.split() or [f"--{name.replace('_', '-')}"]

    def declared(self, name: str) -> Any:
        """How Typer is told of it."""
        if self.is_argument:
            return typer.Argument(metavar=self.metavar, help=self.help)
        return typer.Option(*self.names(name), metavar=self.metavar or None, help=self.help)


def option(metavar: str, help: str, kind: Kind | None = None, flags: str = "") -> Word:
    """Return a word that is known by a name of its own; its help is marked for translation."""
    return Word(metavar, help, kind, flags)


def argument(metavar: str, help: str, kind: Kind | None = None) -> Word:
    """Return a word that is known by its place; its help is marked for translation."""
    return Word(metavar, help, kind, is_argument=True)


# ---- numbers that lie between limits -----------------------------------------------------------
def _limited(typed: type, fits: Callable[[Any], bool], said: str) -> Kind:
    """Numbers that fit, and what is said of others."""

    def read(option: str, value: Any) -> Any:
        if not fits(value):
            raise ArgumentError(_(said).format(option=option, value=value))
        return value

    return Kind(typed, read)


AT_LEAST_1 = _limited(
    int, lambda n: n >= 1, mark("{option} is a whole number of at least 1, not {value}")
)
RATE = _limited(
    float, lambda x: 0 < x < math.inf, mark("{option} is a number above 0, not {value}")
)
SHARE = _limited(float, lambda x: 0 <= x < 1, mark("{option} lies from 0 to below 1, not {value}"))


def within(option: str, value: int, last: int) -> int:
    """Return a number from 0 to ``last``."""
    if not 0 <= value <= last:
        raise ArgumentError(
            _("{option} lies from 0 to {last}, not {value}").format(
                option=option, last=last, value=value
            )
        )
    return value


def _length(option: str, text: str) -> float:
    """Inches."""
    found = re.fullmatch(r"(\d+|\d*[.,]\d+)\s*(cm|mm|in|pt)", text.strip().lower())
    if found is None:
        raise ArgumentError(
            _("{option} is a length in cm, mm, in or pt, such as 8cm, not {value}").format(
                option=option, value=repr(text)
            )
        )
    return float(found[1].replace(",", ".")) * _INCHES[found[2]]


# ---- numbers as they are typed -----------------------------------------------------------------
def constant(text: str) -> float | None:
    """The value of an expression such as ``2*pi``; ``None`` if it has inputs."""
    from nissl.explain.expressions.expression import parse

    return parse(text.strip()).constant


def _constants(option: str, texts: Sequence[str], said: str) -> list[float]:
    values = [constant(text) for text in texts]
    if None in values:
        wrong = texts[values.index(None)].strip()
        raise ArgumentError(_(said).format(option=option, value=repr(wrong)))
    return [value for value in values if value is not None]


def _number(option: str, text: str) -> float:
    said = mark("{option} takes a number, such as -1.5 or pi/2, not {value}")
    return _constants(option, [text], said)[0]


def _numbers(option: str, text: str) -> list[float]:
    said = mark("{option} takes numbers with commas between them, such as 1,0.5, not {value}")
    return _constants(option, text.split(","), said)


def _two_numbers(option: str, texts: Sequence[str]) -> list[float]:
    said = mark("{option} takes two numbers, such as -1 1 or 0 2*pi, not {value}")
    return _constants(option, texts, said)


def _units(option: str, text: str) -> tuple[int, ...]:
    """Numbers of units; none where the text is empty."""
    words = [part.strip() for part in text.split(",")] if text.strip() else []
    for place, word in enumerate(words, start=1):
        if not (word.isascii() and word.isdecimal() and int(word)):
            raise ArgumentError(
                _(
                    "{option} takes whole numbers above 0 with commas between, such as 300,100; "
                    "number {place} of {text} is {value}"
                ).format(option=option, place=place, text=repr(text), value=repr(word))
            )
    return tuple(map(int, words))


def _pixels(option: str, text: str) -> int | tuple[int, int]:
    parts = text.lower().split("x")
    if len(parts) not in (1, 2) or not all(part.isdecimal() and int(part) for part in parts):
        raise ArgumentError(
            _(
                "{option} is one number of pixels, or height x width as in 28x28, not {value}"
            ).format(option=option, value=repr(text))
        )
    height, width = int(parts[0]), int(parts[-1])
    return height if len(parts) == 1 else (height, width)


def _names(_option: str, text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _names_each(option: str, texts: Sequence[str]) -> list[str]:
    return [name for text in texts for name in _names(option, text)]


TEXT = Kind()
TEXTS = Kind(list[str])
FLAG = Kind(bool)
SEED = Kind(int, lambda option, value: within(option, value, (1 << 32) - 1))
LENGTH = Kind(str, _length)
NUMBER = Kind(str, _number)
NUMBERS = Kind(str, _numbers)
TWO_NUMBERS = Kind(tuple[str, str], _two_numbers)
UNITS = Kind(str, _units)
PIXELS = Kind(str, _pixels)
NAMES = Kind(str, _names)
NAMES_EACH = Kind(list[str], _names_each)

RUN = argument("RUN", "A run folder of nissl train, or a .keras file.")
