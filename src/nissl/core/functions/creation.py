"""Making tensors from a shape, a range, or other tensors' shapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nissl.arguments import flag, number, one_of, whole
from nissl.core import dtypes
from nissl.core.functions.arithmetic import where
from nissl.core.functions.convert import MOST, as_shape, asarray, astype, fitted, stretch
from nissl.core.functions.manipulation import broadcast_to, reshape
from nissl.core.tensor import Array, Shape, Tensor, TensorLike
from nissl.errors import ArgumentError, ShapeError

__all__ = [
    "full", "zeros", "ones", "empty", "full_like", "zeros_like", "ones_like", "empty_like",
    "arange", "linspace", "eye", "tril", "triu", "meshgrid",
]  # fmt: skip


def _float_or(dtype: Any) -> np.dtype[Any]:
    return dtypes.default_float() if dtype is None else dtypes.as_dtype(dtype)


def _one_number(who: str, value: TensorLike, dtype: Any) -> Tensor:
    """A number as a tensor without axes, of a dtype that holds it."""
    found = asarray(value, dtype)
    if found.ndim:
        raise ShapeError(f"{who}: fill_value is one number, not of shape {found.shape}")
    return found


def full(shape: int | Sequence[int], fill_value: float, dtype: Any = None) -> Tensor:
    """Return a tensor of ``shape`` filled with one number, whose dtype it takes by default."""
    wanted, filled = as_shape(shape, "full"), _one_number("full", fill_value, dtype)
    if filled.value is None or filled.tracked:
        return stretch(filled, wanted)
    return Tensor(np.full(wanted, filled.value, filled.dtype))


def zeros(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Return a tensor of zeros."""
    return Tensor(np.zeros(as_shape(shape, "zeros"), _float_or(dtype)))


def ones(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Return a tensor of ones."""
    return Tensor(np.ones(as_shape(shape, "ones"), _float_or(dtype)))


def empty(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """Return a tensor whose numbers nobody has chosen: zeros here, so that runs can be repeated."""
    return Tensor(np.zeros(as_shape(shape, "empty"), _float_or(dtype)))


def full_like(x: TensorLike, fill_value: float, dtype: Any = None) -> Tensor:
    """Return a tensor of the shape and dtype of ``x``, filled with one number."""
    x = asarray(x)
    chosen = x.dtype if dtype is None else dtypes.as_dtype(dtype)
    if type(fill_value) is int and -1 < fill_value < 2:  # what every dtype holds
        return stretch(Tensor(np.asarray(fill_value, chosen)), x.shape)
    return stretch(_one_number("full_like", fill_value, chosen), x.shape)


def zeros_like(x: TensorLike, dtype: Any = None) -> Tensor:
    """Return zeros of the shape and dtype of ``x``."""
    return full_like(x, 0, dtype)


def ones_like(x: TensorLike, dtype: Any = None) -> Tensor:
    """Return ones of the shape and dtype of ``x``."""
    return full_like(x, 1, dtype)


def empty_like(x: TensorLike, dtype: Any = None) -> Tensor:
    """Return a tensor of the shape and dtype of ``x`` whose numbers nobody has chosen: zeros."""
    return full_like(x, 0, dtype)


def _bound(who: str, name: str, value: Any) -> int | float:
    """One end of a range: a whole number that an int64 holds, or any finite one."""
    if isinstance(value, Tensor):
        value = value.concrete(f"{name} of {who}")
    scalar = (
        value.item() if isinstance(value, np.ndarray | np.generic) and not value.ndim else value
    )
    if isinstance(scalar, int) and not isinstance(scalar, bool):
        return whole(who, name, value, least=-(2**63), most=2**63 - 1)
    return number(who, name, value)


def arange(start: float, stop: float | None = None, step: float = 1, dtype: Any = None) -> Tensor:
    """Return ``start, start + step, ...`` before ``stop``; from 0 when one number is given.

    Raises:
        ArgumentError: ``step`` is 0, or ``dtype`` is an integer dtype that cannot hold a number.

    >>> import nissl
    >>> nissl.arange(5, 1, -2).tolist()
    [5, 3]
    """
    if stop is None:
        start, stop = 0, start
    first = _bound("arange", "start", start)
    last, step = _bound("arange", "stop", stop), _bound("arange", "step", step)
    if step == 0:
        raise ArgumentError("arange: step 0 never arrives")
    are_whole = all(isinstance(each, int) for each in (first, last, step))
    if not (last - first) / step <= MOST:
        raise ArgumentError(f"arange: no machine holds as many numbers as {first}:{last}:{step}")
    if dtype is None:
        dtype = dtypes.default_int if are_whole else dtypes.default_float()
    return Tensor(fitted(np.arange(first, last, step), dtypes.as_dtype(dtype)))


def linspace(
    start: float, stop: float, num: int, dtype: Any = None, *, endpoint: bool = True
) -> Tensor:
    """Return ``num`` evenly spaced numbers from ``start`` to ``stop``.

    Args:
        start, stop: finite numbers.
        num: how many, at least 0.
        dtype: wanted dtype, the default float by default.
        endpoint: whether ``stop`` is the last of them.
    """
    (count,) = as_shape(whole("linspace", "num", num, least=0), "linspace")
    low, high = _bound("linspace", "start", start), _bound("linspace", "stop", stop)
    chosen, ends = _float_or(dtype), flag("linspace", "endpoint", endpoint)
    with np.errstate(over="ignore", invalid="ignore"):
        return Tensor(fitted(np.linspace(low, high, count, endpoint=ends), chosen))


def eye(n_rows: int, n_cols: int | None = None, *, k: int = 0, dtype: Any = None) -> Tensor:
    """Return ones on diagonal ``k`` and zeros elsewhere."""
    rows = whole("eye", "n_rows", n_rows, least=0)
    columns = rows if n_cols is None else whole("eye", "n_cols", n_cols, least=0)
    shape = as_shape((rows, columns), "eye")
    return Tensor(np.eye(*shape, k=_diagonal("eye", k, shape), dtype=_float_or(dtype)))


def _diagonal(who: str, k: int, shape: Shape) -> int:
    """A diagonal's number; those that lie outside the matrix are all alike."""
    return max(-shape[-2], min(shape[-1], whole(who, "k", k)))


def _triangle(who: str, x: TensorLike, k: int) -> tuple[Tensor, Array]:
    x = asarray(x)
    if x.ndim < 2:
        raise ShapeError(f"{who} needs at least two axes, not shape {x.shape}")
    return x, np.tri(*x.shape[-2:], k=_diagonal(who, k, x.shape), dtype=bool)


def tril(x: TensorLike, *, k: int = 0) -> Tensor:
    """Keep what lies on diagonal ``k`` and below in the last two axes; zeros elsewhere.

    >>> import nissl
    >>> nissl.tril([[1, 2], [3, 4]]).tolist()
    [[1, 0], [3, 4]]
    """
    x, kept = _triangle("tril", x, k)
    return where(kept, x, astype(False, x.dtype))


def triu(x: TensorLike, *, k: int = 0) -> Tensor:
    """Keep what lies on diagonal ``k`` and above in the last two axes; zeros elsewhere.

    >>> import nissl
    >>> nissl.triu([[1, 2], [3, 4]], k=1).tolist()
    [[0, 2], [0, 0]]
    """
    x, below = _triangle("triu", x, whole("triu", "k", k) - 1)
    return where(below, astype(False, x.dtype), x)


def meshgrid(*tensors: TensorLike, indexing: str = "xy") -> list[Tensor]:
    """Return the coordinates of a grid, one tensor for each of the given axes.

    Args:
        tensors: the coordinates along each axis, of one axis each (or one number).
        indexing: ``"xy"``, where the first runs along the second axis, as in a picture; ``"ij"``,
            where the i-th runs along axis i.

    >>> import nissl
    >>> [each.tolist() for each in nissl.meshgrid([1, 2], [3, 4])]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    one_of("meshgrid", "indexing", indexing, ("xy", "ij"))
    parts = [asarray(each) for each in tensors]
    for part in parts:
        if part.ndim > 1:
            raise ShapeError(f"meshgrid: each tensor has one axis, not shape {part.shape}")
    places = list(range(len(parts)))
    if indexing == "xy" and len(parts) > 1:
        places[:2] = [1, 0]
    lengths = [1] * len(parts)
    for part, place in zip(parts, places, strict=True):
        lengths[place] = part.size
    columns = [
        reshape(part, tuple(part.size if i == place else 1 for i in range(len(parts))))
        for part, place in zip(parts, places, strict=True)
    ]
    return [broadcast_to(column, tuple(lengths)) for column in columns]
