"""Samples and labels of two classes, checked, and what is wrong with them said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from nissl.core.tensor import Host
from nissl.errors import ArgumentTypeError, DataError, NonFiniteError, ShapeError

__all__ = ["as_array", "as_labels", "as_samples", "check_samples", "frozen", "two_classes"]


def two_classes(y: ArrayLike, samples: int, natural: tuple[int, int] = (0, 1)) -> tuple[Host, Host]:
    """Return the two classes that labels name, and which samples are of the second one.

    Args:
        y: labels, shape ``(N,)`` or ``(N, 1)``: integers, booleans, floats or texts.
        samples: how many there must be, ``N``.
        natural: the pair of labels that stand for themselves, though only one may occur.

    Returns:
        The classes, shape ``(2,)``, and booleans, shape ``(N,)``.

    Raises:
        DataError: the labels are not of two classes.

    >>> classes, second = two_classes(["no", "yes", "no"], 3)
    >>> classes.tolist(), second.tolist()
    (['no', 'yes'], [False, True, False])
    """
    labels = as_labels(y, samples)
    found = np.unique(labels)
    for pair in (natural, (0, 1), (-1, 1)):
        signed = labels.dtype.kind in "if" or min(pair) >= 0
        if labels.dtype.kind in "biuf" and signed and set(found.tolist()) <= set(pair):
            return np.array(pair, labels.dtype), labels == pair[1]
    if len(found) != 2:
        named = ", ".join(repr(each) for each in found[:6].tolist())
        more = ", ..." if len(found) > 6 else ""
        raise DataError(
            f"two classes are needed, and the labels are of {len(found)}: {named}{more}; keep the "
            "samples of two of them, or say with 0 and 1 which belong together"
        )
    return found, labels == found[1]


def as_samples(x: ArrayLike) -> Host:
    """Return samples as a float64 array ``(N, D)`` of their own, or say what is wrong with them.

    Raises:
        ShapeError: not two axes, no sample or no feature.
        ArgumentTypeError: not real numbers.
        NonFiniteError: a NaN or an infinity.
    """
    given = as_array("x", x)
    check_samples(given.shape)
    if given.dtype.kind not in "biuf" and given.dtype.name != "bfloat16":
        raise ArgumentTypeError(f"x is of real numbers, not of dtype {given.dtype}")
    given = given.astype(np.float64)
    finite = np.isfinite(given)
    if not finite.all():
        sample, feature = (int(place) for place in np.argwhere(~finite)[0])
        raise NonFiniteError(
            f"x has {int((~finite).sum())} values that are NaN or infinite, the first in sample "
            f"{sample}, feature {feature}; remove these samples, or fill the gaps"
        )
    return frozen(given)


def check_samples(shape: Sequence[int]) -> None:
    """Raise a ShapeError unless a shape is that of samples, ``(N, D)``, none of them empty."""
    if len(shape) != 2 or 0 in shape:
        hint = "; for one feature write [[value] for value in x]" if len(shape) == 1 else ""
        raise ShapeError(
            f"x has the shape (samples, features), with one of each at least, not {tuple(shape)}"
            f"{hint}"
        )


def as_labels(y: ArrayLike, samples: int) -> Host:
    """Return labels as an array ``(N,)``, or say what is wrong with them."""
    labels = as_array("y", y)
    if labels.dtype.kind == "O":  # as pandas holds texts
        labels = as_array("y", labels.tolist())
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (samples,):
        raise ShapeError(
            f"y has one label for each of the {samples} samples, and not the shape {labels.shape}"
        )
    if labels.dtype.kind not in "biufU":
        raise ArgumentTypeError(f"y is of numbers or texts, not of dtype {labels.dtype}")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise NonFiniteError("y has labels that are NaN or infinite; remove these samples")
    return labels


def as_array(name: str, value: ArrayLike) -> Host:
    """Return an array of what was given, or raise a ShapeError that names it."""
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ShapeError(f"{name}: rows of different lengths are no array") from error


def frozen(array: ArrayLike) -> Host:
    """Return a copy that nobody can write into."""
    found = np.array(array)
    found.flags.writeable = False
    return found
