"""Comparisons, tests of numbers, bits and truth values, with promotion and broadcasting.

Nothing here has a derivative.
"""

from __future__ import annotations

from nissl.core import dtypes
from nissl.core.functions.convert import asarray, astype, binary
from nissl.core.op import apply
from nissl.core.ops import arithmetic as pairs
from nissl.core.ops import elementwise
from nissl.core.tensor import Tensor, TensorLike

__all__ = [
    "isfinite", "isnan", "isinf", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal", "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift",
    "bitwise_right_shift", "bitwise_invert", "logical_and", "logical_or", "logical_xor",
    "logical_not",
]  # fmt: skip


def isfinite(x: TensorLike) -> Tensor:
    """Whether each element is neither infinite nor NaN."""
    return apply(elementwise.isfinite, (asarray(x),), {})


def isnan(x: TensorLike) -> Tensor:
    """Whether each element is NaN."""
    return apply(elementwise.isnan, (asarray(x),), {})


def isinf(x: TensorLike) -> Tensor:
    """Whether each element is plus or minus infinity."""
    x = asarray(x)
    return bitwise_invert(bitwise_or(isfinite(x), isnan(x)))


def equal(x: TensorLike, y: TensorLike) -> Tensor:
    """Whether ``x == y``."""
    return binary(pairs.equal, x, y)


def not_equal(x: TensorLike, y: TensorLike) -> Tensor:
    """Whether ``x != y``."""
    return binary(pairs.not_equal, x, y)


def less(x: TensorLike, y: TensorLike) -> Tensor:
    """Whether ``x < y``."""
    return binary(pairs.less, x, y)


def less_equal(x: TensorLike, y: TensorLike) -> Tensor:
    """Whether ``x <= y``."""
    return binary(pairs.less_equal, x, y)


def greater(x: TensorLike, y: TensorLike) -> Tensor:
    """Whether ``x > y``."""
    return binary(pairs.greater, x, y)


def greater_equal(x: TensorLike, y: TensorLike) -> Tensor:
    """Whether ``x >= y``."""
    return binary(pairs.greater_equal, x, y)


def bitwise_and(x: TensorLike, y: TensorLike) -> Tensor:
    """And of each bit, of bool or integer tensors."""
    return binary(pairs.bitwise_and, x, y)


def bitwise_or(x: TensorLike, y: TensorLike) -> Tensor:
    """Or of each bit, of bool or integer tensors."""
    return binary(pairs.bitwise_or, x, y)


def bitwise_xor(x: TensorLike, y: TensorLike) -> Tensor:
    """Exclusive or of each bit, of bool or integer tensors."""
    return binary(pairs.bitwise_xor, x, y)


def bitwise_left_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """Shift the bits of ``x`` left by ``y`` places."""
    return binary(pairs.bitwise_left_shift, x, y)


def bitwise_right_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """Shift the bits of ``x`` right by ``y`` places."""
    return binary(pairs.bitwise_right_shift, x, y)


def bitwise_invert(x: TensorLike) -> Tensor:
    """Invert each bit, of bool or integer tensors."""
    return apply(elementwise.bitwise_invert, (asarray(x),), {})


def _bool(x: TensorLike) -> Tensor:
    return astype(x, dtypes.boolean)


def logical_and(x: TensorLike, y: TensorLike) -> Tensor:
    """Whether both are true (not 0)."""
    return bitwise_and(_bool(x), _bool(y))


def logical_or(x: TensorLike, y: TensorLike) -> Tensor:
    """Whether either is true (not 0)."""
    return bitwise_or(_bool(x), _bool(y))


def logical_xor(x: TensorLike, y: TensorLike) -> Tensor:
    """Whether exactly one is true (not 0)."""
    return bitwise_xor(_bool(x), _bool(y))


def logical_not(x: TensorLike) -> Tensor:
    """Whether it is false (0)."""
    return bitwise_invert(_bool(x))
