"""Session-wide settings under Keras's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nissl.core import dtypes
from nissl.names import absent
from nissl.registry import forget_names


def clear_session() -> None:
    """Start automatic names (``dense``, ``dense_1``, ...) from the beginning again."""
    forget_names()


def floatx() -> str:
    """Return the name of the dtype that new weights take."""
    return dtypes.default_float().name


def set_floatx(value: str) -> None:
    """Set the dtype that new weights take: a floating dtype's name."""
    dtypes.set_default_float(value)


def epsilon() -> float:
    """Return the small number that keeps logarithms and divisions finite."""
    return 1e-7


if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
