"""What can be asked of dtypes: their limits, their kind, and what promotion makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl.arguments import one_of
from nissl.core import dtypes
from nissl.errors import DTypeError

__all__ = ["finfo", "iinfo", "isdtype", "can_cast"]


def _dtype_of(given: Any) -> np.dtype[Any]:
    """The dtype of a tensor, or the dtype that was given."""
    return dtypes.as_dtype(getattr(given, "dtype", given))


@dataclass(frozen=True)
class FloatLimits:
    """What a floating dtype can hold.

    Attributes:
        bits: how many bits a number takes.
        eps: distance from 1 to the next larger number.
        max, min: the largest number, and the lowest (its negative).
        smallest_normal: the smallest positive number with full precision.
        dtype: the dtype.
    """

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype[Any]


@dataclass(frozen=True)
class IntegerLimits:
    """What an integer dtype can hold.

    Attributes:
        bits: how many bits a number takes.
        max, min: the largest number, and the lowest.
        dtype: the dtype.
    """

    bits: int
    max: int
    min: int
    dtype: np.dtype[Any]


def finfo(type: Any) -> FloatLimits:
    """Return the limits of a floating dtype, or of a tensor's.

    Raises:
        DTypeError: it is not floating.

    >>> import nissl
    >>> nissl.finfo("float16").max, nissl.finfo("float32").eps == 2.0**-23
    (65504.0, True)
    """
    wanted = _dtype_of(type)
    if not dtypes.is_floating(wanted):
        raise DTypeError(f"finfo takes floating dtypes, not {wanted.name}; use iinfo for integers")
    if wanted.kind == "f":
        info: Any = np.finfo(wanted)
    else:
        import ml_dtypes

        info = ml_dtypes.finfo(wanted)
    return FloatLimits(
        bits=int(info.bits),
        eps=float(info.eps),
        max=float(info.max),
        min=float(info.min),
        smallest_normal=float(info.smallest_normal),
        dtype=wanted,
    )


def iinfo(type: Any) -> IntegerLimits:
    """Return the limits of an integer dtype, or of a tensor's.

    Raises:
        DTypeError: it is not an integer dtype.

    >>> import nissl
    >>> nissl.iinfo("int8").min, nissl.iinfo("uint8").max
    (-128, 255)
    """
    wanted = _dtype_of(type)
    if dtypes.kind(wanted) != "integer":
        raise DTypeError(f"iinfo takes integer dtypes, not {wanted.name}; use finfo for floats")
    info = np.iinfo(wanted)
    return IntegerLimits(bits=info.bits, max=int(info.max), min=int(info.min), dtype=wanted)


_KINDS = {
    "bool": "b",
    "signed integer": "i",
    "unsigned integer": "u",
    "integral": "iu",
    "real floating": "f",
    "complex floating": "",
    "numeric": "iuf",
}


def isdtype(dtype: Any, kind: Any) -> bool:
    """Say whether a dtype is of a kind, is another dtype, or is one of several.

    Args:
        dtype: dtype, or its name.
        kind: ``"bool"``, ``"signed integer"``, ``"unsigned integer"``, ``"integral"``,
            ``"real floating"``, ``"complex floating"`` (none is), ``"numeric"``; or a dtype; or a
            tuple of these.

    >>> import nissl
    >>> nissl.isdtype(nissl.int8, "integral"), nissl.isdtype("float32", ("bool", nissl.float32))
    (True, True)
    """
    found = dtypes.as_dtype(dtype)
    letter = "f" if dtypes.is_floating(found) else found.kind
    for each in kind if isinstance(kind, tuple) else (kind,):
        if isinstance(each, str) and each not in dtypes.type_names:  # "bool" is a dtype as well
            if letter in _KINDS[one_of("isdtype", "kind", each, _KINDS)]:
                return True
        elif found == dtypes.as_dtype(each):
            return True
    return False


def can_cast(from_: Any, to: Any) -> bool:
    """Say whether promotion takes the first dtype (or tensor) to the second.

    >>> import nissl
    >>> nissl.can_cast("int8", "int16"), nissl.can_cast("float32", "int64")
    (True, False)
    """
    start, wanted = _dtype_of(from_), dtypes.as_dtype(to)
    try:
        return dtypes.promote(start, wanted) == wanted
    except DTypeError:  # no integer dtype holds both
        return False
