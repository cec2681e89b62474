"""Checks of what users pass, written once: the kind of an argument first, then its range.

Each takes who asks (``"Dense"``, ``"nissl.sum"``), the argument's name, and what was given, and
returns it as a plain Python value, or raises an error of the tree that names all three.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable, Iterable, Mapping, Set
from typing import Any, TypeVar

import numpy as np

from nissl.errors import ArgumentError, ArgumentTypeError, UnknownNameError

__all__ = [
    "flag",
    "function",
    "named",
    "number",
    "one_of",
    "optional",
    "several",
    "whole",
    "wholes",
]

T = TypeVar("T")
_INT = frozenset({int})


def whole(
    who: str, name: str, value: Any, least: int | None = None, most: int | None = None
) -> int:
    """Return a whole number as ``int``; bools and fractions are refused, NumPy's integers taken.

    Raises:
        ArgumentTypeError: ``value`` is not a whole number.
        ArgumentError: it is below ``least`` or above ``most``.

    >>> whole("Dense", "units", np.int64(3), least=1)
    3
    >>> whole("Dense", "units", 2.5)
    Traceback (most recent call last):
    nissl.errors.ArgumentTypeError: Dense: units is a whole number, not float 2.5
    """
    if isinstance(value, bool | np.bool_) or not hasattr(value, "__index__"):
        raise _kind(who, name, "a whole number", value)
    try:
        found = operator.index(value)
    except TypeError:
        raise _kind(who, name, "a whole number", value) from None
    return int(_within(who, name, found, least, most))


def number(
    who: str,
    name: str,
    value: Any,
    least: float | None = None,
    most: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """Return a finite real number as ``float``; bools, texts and arrays with axes are refused.

    ``least`` and ``most`` are allowed themselves, ``above`` and ``below`` are not.

    >>> number("Dropout", "rate", np.float32(0.5), least=0, below=1)
    0.5
    >>> number("Dropout", "rate", 1, least=0, below=1)
    Traceback (most recent call last):
    nissl.errors.ArgumentError: Dropout: rate=1 must be less than 1
    """
    single = getattr(value, "ndim", None) == 0 and hasattr(value, "item")  # an array's, a tensor's
    scalar = value.item() if single else value
    if isinstance(scalar, bool) or not isinstance(scalar, numbers.Real):
        raise _kind(who, name, "a number", value)
    try:
        scalar = float(scalar)
    except OverflowError:  # a whole number beyond all floats
        scalar = math.inf
    if not math.isfinite(scalar):
        raise ArgumentError(f"{who}: {name}={value!r:.80} must be finite")
    _within(who, name, scalar, least, most)
    if above is not None and scalar <= above:
        raise ArgumentError(f"{who}: {name}={scalar:g} must be greater than {above}")
    if below is not None and scalar >= below:
        raise ArgumentError(f"{who}: {name}={scalar:g} must be less than {below}")
    return scalar


def flag(who: str, name: str, value: Any) -> bool:
    """Return True or False; numbers and texts are refused.

    >>> flag("sum", "keepdims", "no")
    Traceback (most recent call last):
    nissl.errors.ArgumentTypeError: sum: keepdims is True or False, not str 'no'
    """
    if not isinstance(value, bool | np.bool_):
        raise _kind(who, name, "True or False", value)
    return bool(value)


def wholes(
    who: str,
    name: str,
    value: Any,
    count: int | None = None,
    least: int | None = None,
    most: int | None = None,
) -> tuple[int, ...]:
    """Return whole numbers as a tuple; one alone is repeated ``count`` times, or stands alone.

    Several are a list, a tuple, an array of one axis, or anything else that has an order.

    >>> wholes("load", "size", 8, count=2), wholes("load", "size", [8, 4], count=2)
    ((8, 8), (8, 4))
    """
    if (
        type(value) is tuple
        and count is least is most is None
        and _INT.issuperset(map(type, value))
    ):
        return value  # as most often
    if not _is_several(value):
        return (whole(who, name, value, least, most),) * (1 if count is None else count)
    found = tuple(whole(who, name, each, least, most) for each in value)
    if count is not None and len(found) != count:
        raise ArgumentError(f"{who}: {name}={value!r} must have {count} numbers, not {len(found)}")
    return found


def several(who: str, name: str, value: Any) -> list[Any]:
    """Return the elements of a list, a tuple, or of anything else that has an order.

    >>> several("concat", "tensors", (1, 2))
    [1, 2]
    """
    if not _is_several(value):
        raise _kind(who, name, "a list or a tuple", value)
    return list(value)


def _is_several(value: Any) -> bool:
    """Whether something has elements in an order, as texts and arrays without axes do not."""
    if isinstance(value, list | tuple):
        return True
    unordered = isinstance(value, str | bytes | bytearray | Mapping | Set | type)
    return not unordered and isinstance(value, Iterable) and getattr(value, "ndim", 1) != 0


def function(who: str, name: str, value: Any) -> Callable[..., Any]:
    """Return what can be called.

    >>> function("grad", "function", 3)
    Traceback (most recent call last):
    nissl.errors.ArgumentTypeError: grad: function is something that can be called, not int 3
    """
    if not callable(value):
        raise _kind(who, name, "something that can be called", value)
    return value


def one_of(who: str, name: str, value: Any, allowed: Iterable[T]) -> T:
    """Return ``value`` if it is one of those allowed; the error names them, and the nearest.

    >>> one_of("Dense", "mode", "relu", ["relu", "tanh"])
    'relu'
    """
    choices = list(allowed)
    for each in choices:
        if type(each) is type(value) and each == value:
            return each
    if isinstance(value, str):
        texts = [each for each in choices if isinstance(each, str)]
        raise UnknownNameError(f"{who} {name}", value, texts)
    listed = ", ".join(map(repr, choices))
    raise _kind(who, name, f"one of {listed}", value)


def named(who: str, name: str, value: Any) -> str:
    """Return a text that is not empty.

    >>> named("Layer", "name", "hidden")
    'hidden'
    """
    if not isinstance(value, str):
        raise _kind(who, name, "a text", value)
    if not value:
        raise ArgumentError(f"{who}: {name}='' must not be empty")
    return value


def optional(check: Callable[..., T]) -> Callable[..., T | None]:
    """Return a check that lets ``None`` through.

    >>> optional(whole)("Dropout", "seed", None, least=0) is None
    True
    """

    def checked(who: str, name: str, value: Any, **limits: Any) -> T | None:
        return None if value is None else check(who, name, value, **limits)

    return checked


def _kind(who: str, name: str, wanted: str, value: Any) -> ArgumentTypeError:
    shown = "None" if value is None else f"{type(value).__name__} {value!r:.80}"
    return ArgumentTypeError(f"{who}: {name} is {wanted}, not {shown}")


def _within(who: str, name: str, value: Any, least: Any, most: Any) -> Any:
    if least is not None and value < least:
        raise ArgumentError(f"{who}: {name}={value!s:.80} must be at least {least:,}")
    if most is not None and value > most:
        raise ArgumentError(f"{who}: {name}={value!s:.80} must be at most {most:,}")
    return value
