"""Aval: what is known of a tensor without its value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from nissl.arguments import wholes
from nissl.core import dtypes
from nissl.errors import ShapeError

_INT = frozenset({int})
Shape: TypeAlias = tuple[int, ...]


class Aval:
    """What is known of a tensor without its value: shape and dtype.

    >>> Aval((2, 3), "float32")
    float32[2,3]
    """

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Sequence[int], dtype: Any = "float32") -> None:
        if type(shape) is not tuple or not _INT.issuperset(map(type, shape)):
            shape = wholes("Aval", "shape", shape)
        if shape and min(shape) < 0:
            raise ShapeError(f"Aval: shape {shape} has a negative length")
        self.shape: Shape = shape
        self.dtype: np.dtype[Any] = dtypes.as_dtype(dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        total = 1
        for length in self.shape:
            total *= length
        return total

    @property
    def nbytes(self) -> int:
        """Memory that the elements take."""
        return self.size * self.dtype.itemsize

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Aval) and (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"
