"""Texts that name something together with its settings, read and written in one way.

Settings stand in brackets or after colons. What a command or a function takes so:

>>> read("leaky_relu(negative_slope=0.1)", "elu(alpha=2)")
(['leaky_relu'], {'negative_slope': 0.1})
>>> read("relu:random_normal:stddev=2", "relu:he_normal", names=2)
(['relu', 'random_normal'], {'stddev': 2})
>>> read("sgd:0.01", "adam:0.01", bare="learning_rate")
(['sgd'], {'learning_rate': 0.01})
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from nissl.errors import ArgumentError, UnknownNameError

__all__ = ["check_settings", "label", "read"]

_FORM = re.compile(r"[^()]*(\([^()]*\))?[^()]*")
_EXACT = 1e15  # below it each whole number is its float's


def read(
    text: str, example: str, *, names: int = 1, bare: str = ""
) -> tuple[list[str], dict[str, float]]:
    """Return the names in a text, and the settings behind them.

    Args:
        text: what was typed.
        example: how one is written, for messages.
        names: how many names there may be.
        bare: the setting that a number without a name is; empty if each needs one.

    Raises:
        ArgumentError: something that is neither a name nor ``setting=number``.
    """
    found, settings = list[str](), dict[str, float]()
    if not _FORM.fullmatch(text):
        return [text], settings  # a name that nothing has
    for piece in filter(None, map(str.strip, re.split("[:(),]", text))):
        key, equals, value = (part.strip() for part in piece.rpartition("="))
        key, number = key if equals else bare, _number(value)
        if number is not None and key.isidentifier():
            settings[key] = number
        elif not equals and len(found) < names:
            found.append(piece)
        else:
            raise ArgumentError(
                f"{text!r}: settings are written as setting=number, as in {example}, and not as "
                f"{piece!r}"
            )
    return found, settings


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < _EXACT else number


def label(name: str, settings: Mapping[str, float]) -> str:
    """Return a name with its settings.

    >>> label("random_normal", {"stddev": 2.0}), label("relu", {})
    ('random_normal(stddev=2)', 'relu')
    """
    told = ", ".join(f"{key}={value:g}" for key, value in settings.items())
    return f"{name}({told})" if told else name


def check_settings(name: str, settings: Iterable[str], known: Iterable[str]) -> None:
    """Refuse settings that something does not have.

    Raises:
        ArgumentError: it has none.
        UnknownNameError: it has others; says the nearest.

    >>> check_settings("random_normal", ["std"], ["mean", "stddev"])
    Traceback (most recent call last):
    nissl.errors.UnknownNameError: unknown setting of random_normal 'std'; did you mean 'stddev'? \
Known: mean, stddev.
    """
    names = list(known)
    for each in settings:
        if not names:
            raise ArgumentError(f"{name} has no settings, and {each} was given")
        if each not in names:
            raise UnknownNameError(f"setting of {name}", each, names)
