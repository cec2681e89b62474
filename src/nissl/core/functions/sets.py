"""Different elements of a tensor. How many there are depends on the numbers, so eager only."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nissl.core.functions.convert import asarray
from nissl.core.functions.indexing import take
from nissl.core.functions.manipulation import reshape
from nissl.core.tensor import Tensor, TensorLike

__all__ = ["unique_all", "unique_counts", "unique_inverse", "unique_values"]


class UniqueAll(NamedTuple):
    """Result of :func:`unique_all`."""

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """Result of :func:`unique_counts`."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """Result of :func:`unique_inverse`."""

    values: Tensor
    inverse_indices: Tensor


def unique_all(x: TensorLike) -> UniqueAll:
    """Return the different elements, sorted, and where and how often each stands.

    Each NaN is different from any other. The derivative of an element goes where it first stands.

    Returns:
        ``values``, of one axis; ``indices`` of the first of each in ``x`` in row-major order;
        ``inverse_indices``, of the shape of ``x``, which make ``x`` of the values; ``counts``.

    >>> import nissl
    >>> nissl.unique_all([3, 1, 3]).counts.tolist()
    [1, 2]
    """
    x = asarray(x)
    found = np.unique_all(np.asarray(x.concrete("the different elements (unique)")))
    indices = Tensor(found.indices)
    return UniqueAll(
        values=take(reshape(x, -1), indices),
        indices=indices,
        inverse_indices=Tensor(found.inverse_indices),
        counts=Tensor(found.counts),
    )


def unique_counts(x: TensorLike) -> UniqueCounts:
    """Return the different elements, sorted, and how often each stands; eager only."""
    found = unique_all(x)
    return UniqueCounts(found.values, found.counts)


def unique_inverse(x: TensorLike) -> UniqueInverse:
    """Return the different elements, sorted, and the indices that make ``x`` of them; eager only.

    >>> import nissl
    >>> values, inverse = nissl.unique_inverse([3, 1, 3])
    >>> values[inverse].tolist()
    [3, 1, 3]
    """
    found = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


def unique_values(x: TensorLike) -> Tensor:
    """Return the different elements, sorted; eager only."""
    return unique_all(x).values
