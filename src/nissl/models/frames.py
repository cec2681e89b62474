"""Tables, and arrays of Python objects, brought to arrays of numbers; what is no number is named.

pandas and polars are not imported: a table is what has columns and dtypes, as both have.
"""

from __future__ import annotations

import numbers
from decimal import Decimal
from typing import Any

import numpy as np

from nissl.core.tensor import Host
from nissl.errors import DataError

_MISSING = ("NAType", "NaTType")  # of pandas, which is not imported to ask it


def is_frame(value: Any) -> bool:
    """Whether a value is a table with named columns, as pandas and polars make them."""
    return all(hasattr(value, name) for name in ("to_numpy", "columns", "dtypes"))


def columns_of(value: Any) -> list[str] | None:
    """The names of a table's columns, or ``None`` for what is no table."""
    return [str(name) for name in value.columns] if is_frame(value) else None


def from_frame(frame: Any, name: str) -> Host:
    """Return a table's numbers, one row each, whatever kinds of numbers its columns hold.

    Args:
        frame: columns of numbers and booleans, also pandas's ``Int64`` and ``boolean``.
        name: what messages call it.

    Raises:
        DataError: a column holds texts, dates or gaps; says which, and the first row.
    """
    kinds = {str(each) for each in frame.dtypes}
    if len(kinds) == 1:  # one dtype throughout: nothing to bring together
        whole = np.asarray(frame)
        if whole.dtype.kind in "biuf":
            return whole
    columns = [each for _, each in frame.items()] if hasattr(frame, "items") else list(frame)
    names = columns_of(frame) or []
    made = [
        as_numbers(np.asarray(column), name, f"column {each!r}, ")
        for column, each in zip(columns, names, strict=True)
    ]
    return np.stack(made, axis=1) if made else np.empty((len(frame), 0), np.float32)


def as_numbers(array: Host, name: str, where: str = "") -> Host:
    """Return an array of Python objects as one of numbers; an array of numbers stays as it is.

    Args:
        array: numbers, or objects that are numbers.
        name: what messages call it.
        where: what messages say before the row: the column, and a comma.

    Raises:
        DataError: something in it is no number.
    """
    if array.dtype.kind in "biufc" or array.dtype.name == "bfloat16":
        return array
    if array.dtype.kind != "O":
        first = array.reshape(-1)[:1].astype(object).tolist()
        raise _no_number(array, first[0] if first else "nothing", name, where, 0)
    flat = array.reshape(-1).tolist()
    for place, value in enumerate(flat):
        if not isinstance(value, numbers.Real | np.bool_ | Decimal):
            raise _no_number(array, value, name, where, place // max(1, array[:1].size))
    whole = all(isinstance(value, numbers.Integral | np.bool_) for value in flat)
    small = whole and all(-(1 << 63) <= int(value) < 1 << 63 for value in flat)
    if flat and all(isinstance(value, bool | np.bool_) for value in flat):
        return array.astype(np.bool_)
    return array.astype(np.int64 if small else np.float64)


def _no_number(array: Host, value: Any, name: str, where: str, row: int) -> DataError:
    """Say what stands where a number should, and what to do about it."""
    place = f"{where}row {row}"
    if value is None or type(value).__name__ in _MISSING:
        return DataError(
            f"{name} holds no number in {place}: {value!r}. Training needs every number: leave "
            "such rows out, or fill the gaps, e.g. with frame.dropna() or frame.fillna(0)"
        )
    kind = type(value).__name__ if array.dtype.kind in "OU" else array.dtype.name
    if hasattr(value, "__len__") and not isinstance(value, str | bytes):
        advice = f"if all are of one length, numpy.stack({name}) makes an array of them"
    elif where:
        advice = (
            "make numbers of it, e.g. columns of 0 and 1 with pandas.get_dummies, or leave the "
            "column out"
        )
    else:
        advice = (
            "turn texts into numbers first, e.g. classes into 0, 1, 2, ... with "
            "numpy.unique(y, return_inverse=True)[1]"
        )
    return DataError(
        f"{name} must be an array of numbers, and this one holds {kind} in {place}: "
        f"{value!r:.60}; {advice}"
    )
