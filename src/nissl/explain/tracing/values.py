"""Values as a trace shows them: numbers in full, arrays in few words, what is not finite marked."""

from __future__ import annotations

from typing import Any

import numpy as np

from nissl.core.tensor import Array
from nissl.explain.parts import Cell, Value, format_number
from nissl.i18n import translate as _

__all__ = ["digits_of", "is_finite", "shown_value", "summary"]

_DIGITS = {2: 4, 4: 8}  # significant digits that a number of so many bytes has
_SMALL = 6  # elements of an array whose numbers are all shown
_BRIEF = 5  # digits of an array's numbers


def digits_of(itemsize: int, digits: int) -> int:
    """Return how many significant digits are shown of a number of so many bytes."""
    return min(digits, _DIGITS.get(itemsize, digits))


def summary(value: Array, digits: int = _BRIEF) -> str:
    """Return an array in few words: its numbers, or its shape and range.

    >>> import numpy as np
    >>> summary(np.eye(2)), summary(np.arange(12.0))
    ('[[1, 0], [0, 1]]', '(12): 0 ... 11')
    """
    array = np.asarray(value)
    digits = digits_of(array.dtype.itemsize, digits)
    if array.ndim == 0 or 0 < array.size <= _SMALL:
        return _nested(array, digits)
    shape = " x ".join(map(str, array.shape))
    if not array.size or array.dtype.kind == "b":
        return f"({shape})"
    wide = np.asarray(array, np.float64)
    finite = wide[np.isfinite(wide)]
    texts = [f"({shape})"]
    if finite.size:
        low, high = format_number(finite.min(), digits), format_number(finite.max(), digits)
        texts.append(f": {low} ... {high}")
    if finite.size < wide.size:
        texts.append(_(", {count} not finite").format(count=wide.size - finite.size))
    return "".join(texts)


def _nested(array: np.ndarray[Any, Any], digits: int) -> str:
    if array.ndim:
        return f"[{', '.join(_nested(part, digits) for part in array)}]"
    return str(bool(array)) if array.dtype.kind == "b" else format_number(array.item(), digits)


def shown_value(value: Array | None, digits: int) -> Value:
    """Return a value for a table: a number, or an array's summary; marked if it is not finite."""
    if value is None:
        return Cell("-", style="dim", number=True)
    array = np.asarray(value)
    if array.ndim or array.dtype.kind == "b":
        return Cell(summary(array), style="" if is_finite(array) else "bad", number=True)
    number = array.item()
    shown = digits_of(array.dtype.itemsize, digits)
    return float(f"{number:.{shown}g}") if isinstance(number, float) else number


def is_finite(value: Array | None) -> bool:
    """Whether an array has neither an infinity nor a NaN."""
    return value is None or bool(np.isfinite(np.asarray(value, np.float64)).all())
