"""Dtypes: their names, their promotion, and the dtype that a Python scalar takes.

Promotion follows the Array API standard within a kind (bool, integer, floating). Where the
standard leaves a mix undefined, Nissl takes the choice that never widens by surprise: an integer
or a bool joined with a floating tensor takes the floating dtype, and a Python scalar never widens
a tensor of its own or a higher kind. ``float16`` with ``bfloat16`` gives ``float32``.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np

from nissl.errors import ArgumentError, DTypeError, MissingDependencyError, UnknownNameError

__all__ = [
    "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
    "float64", "default_float", "set_default_float", "result_type",
]  # fmt: skip

type_names: Final = (
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
)

boolean = np.dtype("bool")
int8 = np.dtype("int8")
int16 = np.dtype("int16")
int32 = np.dtype("int32")
int64 = np.dtype("int64")
uint8 = np.dtype("uint8")
uint16 = np.dtype("uint16")
uint32 = np.dtype("uint32")
uint64 = np.dtype("uint64")
float16 = np.dtype("float16")
float32 = np.dtype("float32")
float64 = np.dtype("float64")

default_int: Final = int64
_native = {name: np.dtype(name) for name in type_names if name != "bfloat16"}
_native_dtypes = frozenset(_native.values())


class _Defaults:
    """The floating dtype that Python numbers and new weights take."""

    floating: np.dtype[Any] = float32


def default_float() -> np.dtype[Any]:
    """Return the floating dtype of Python numbers and of new weights (``float32`` unless set)."""
    return _Defaults.floating


def set_default_float(dtype: Any) -> None:
    """Set the floating dtype of Python numbers and of new weights.

    Args:
        dtype: one of ``float16``, ``bfloat16``, ``float32``, ``float64``, or its name.
    """
    chosen = as_dtype(dtype)
    if not is_floating(chosen):
        raise ArgumentError(f"the default floating dtype cannot be {chosen.name}")
    _Defaults.floating = chosen


@functools.cache
def bfloat16() -> np.dtype[Any]:
    """Return the dtype bfloat16, which NumPy has through the package ml_dtypes."""
    try:
        import ml_dtypes
    except ImportError as error:
        raise MissingDependencyError("ml_dtypes", "the dtype bfloat16", "xla") from error
    return np.dtype(ml_dtypes.bfloat16)


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """Return ``dtype`` (a dtype, its name, or ``bool``/``int``/``float``) as a NumPy dtype.

    >>> as_dtype("float32")
    dtype('float32')
    """
    if dtype is None:  # which NumPy takes for float64
        raise DTypeError(f"None is not a dtype; known: {', '.join(type_names)}")
    if isinstance(dtype, np.dtype):
        if dtype in _native_dtypes:
            return dtype
        found = dtype
    elif dtype is float:
        return default_float()
    elif dtype is int:
        return default_int
    elif isinstance(dtype, str):
        if dtype == "bfloat16":
            return bfloat16()
        if dtype not in _native:
            raise UnknownNameError("dtype", dtype, type_names)
        return _native[dtype]
    else:
        try:
            if hasattr(dtype, "dtype") and not isinstance(dtype, type):
                raise TypeError  # NumPy would take the dtype of an array given by mistake
            found = np.dtype(dtype)
        except (TypeError, ValueError) as error:
            raise DTypeError(f"{dtype!r} is not a dtype; known: {', '.join(type_names)}") from error
    if found.name not in type_names:
        raise DTypeError(
            f"tensors cannot hold dtype {found.name!r}; known: {', '.join(type_names)}. "
            "Texts and objects must be turned into numbers first."
        )
    return _native.get(found.name, found)  # in this machine's byte order


@functools.cache
def kind(dtype: np.dtype[Any]) -> str:
    """Return ``"bool"``, ``"integer"`` or ``"floating"``."""
    if dtype == boolean:
        return "bool"
    return "integer" if dtype.kind in "iu" else "floating"


def is_floating(dtype: np.dtype[Any]) -> bool:
    """Say whether ``dtype`` is one of the floating dtypes, bfloat16 among them."""
    return dtype.kind == "f" or kind(dtype) == "floating"


@functools.cache
def smallest_normal(dtype: np.dtype[Any]) -> float:
    """Return the smallest positive number of a floating dtype that has all its digits."""
    if dtype.kind == "f":
        return float(np.finfo(dtype).tiny)
    return float(np.finfo(float32).tiny)  # bfloat16 has float32's exponents


_RANK = {"bool": 0, "integer": 1, "floating": 2}


@functools.cache
def promote(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that holds the values of both (Array API, section *Type promotion*).

    >>> promote(as_dtype("int8"), as_dtype("uint8"))
    dtype('int16')
    """
    if a == b:
        return a
    kind_a, kind_b = kind(a), kind(b)
    if kind_a != kind_b:
        return a if _RANK[kind_a] > _RANK[kind_b] else b
    if kind_a == "integer":
        if "uint64" in (a.name, b.name) and a.kind != b.kind:
            raise DTypeError(
                f"no integer dtype holds both {a.name} and {b.name}; "
                "cast one with astype(x, 'int64') or astype(x, 'float32')"
            )
        return np.promote_types(a, b)
    if a.itemsize == b.itemsize:  # float16 with bfloat16
        return float32
    return a if a.itemsize > b.itemsize else b


def scalar_dtype(value: bool | int | float, other: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that a Python scalar takes beside a tensor of dtype ``other``."""
    if isinstance(value, bool):
        return boolean
    other_kind = kind(other)
    if isinstance(value, int):
        return default_int if other_kind == "bool" else other
    return other if other_kind == "floating" else default_float()


def result_type(*dtypes: Any) -> np.dtype[Any]:
    """Return the dtype that promotion gives for dtypes, tensors, and Python numbers beside them.

    >>> result_type("int8", "uint8"), result_type("float16", 2.0)
    (dtype('int16'), dtype('float16'))
    """
    scalars = [each for each in dtypes if type(each) in (bool, int, float)]
    strong = [
        as_dtype(getattr(each, "dtype", each))
        for each in dtypes
        if type(each) not in (bool, int, float)
    ]
    if not strong:
        raise ArgumentError("result_type: at least one dtype or tensor is needed")
    found = functools.reduce(promote, strong)
    return functools.reduce(lambda d, each: promote(d, scalar_dtype(each, d)), scalars, found)
