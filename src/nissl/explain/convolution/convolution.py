"""Convolution by hand: a picture, a kernel, and every product that one pixel is the sum of."""

from __future__ import annotations

import itertools
import operator
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nissl.core import functions as F
from nissl.core.tensor import Tensor, TensorLike
from nissl.errors import ArgumentError, ArgumentTypeError, NonFiniteError, ShapeError
from nissl.explain.convolution.kernels import Kernel, kernel
from nissl.explain.convolution.photographs import SIDE, Photograph, photograph
from nissl.explain.report import Explanation

__all__ = ["Convolution", "convolve", "correlate"]

Array = NDArray[np.float64]

WIDE = 7  # rows or columns up to which a kernel's products are shown one by one
MOST = 24  # results on one page
HUGE = 1e300  # what can be drawn is smaller


def correlate(picture: TensorLike, kernel: TensorLike) -> Tensor:
    r"""Return the lecture's convolution of a picture and a kernel.

    ``C(j, k) = sum_l sum_m I(j + l, k + m) K(l, m)``: the kernel is laid upon every place where it
    fits as a whole, without being turned round; signal processing calls this cross-correlation.

    Args:
        picture: ``I``, shape ``(H, W)``, floating.
        kernel: ``K``, shape ``(h, w)``, of the same dtype; ``h <= H`` and ``w <= W``.

    Returns:
        ``C``, shape ``(H - h + 1, W - w + 1)``; differentiable in both arguments.

    Raises:
        ShapeError: one is no matrix, or the kernel is larger than the picture.

    The lecture's section 4.4; Bishop and Bishop, Deep Learning (2024), equation 10.19.

    >>> correlate([[1.0, 2.0, 4.0], [0.0, 1.0, 3.0]], [[-1.0, 1.0]]).tolist()
    [[1.0, 2.0], [1.0, 2.0]]
    """
    image, weights = F.asarray(picture), F.asarray(kernel)
    if image.ndim != 2 or weights.ndim != 2:
        raise ShapeError(
            f"a picture and a kernel are matrices, not of shapes {image.shape} and {weights.shape}"
        )
    rows, columns = _fits(image.shape, weights.shape, "the kernel")
    total = F.zeros((rows, columns), image.dtype)
    for down in range(weights.shape[0]):  # l
        for right in range(weights.shape[1]):  # m
            shifted = image[down : down + rows, right : right + columns]  # I(j + l, k + m)
            total = total + shifted * weights[down, right]
    return total


def _fits(picture: Sequence[int], weights: Sequence[int], name: str) -> tuple[int, int]:
    """Rows and columns of the result."""
    rows, columns = picture[0] - weights[0] + 1, picture[1] - weights[1] + 1
    if rows < 1 or columns < 1:
        raise ShapeError(
            f"{name} has {weights[0]} x {weights[1]} numbers, and the picture {picture[0]} x "
            f"{picture[1]} pixels only; take a smaller kernel or a larger picture"
        )
    return rows, columns


@dataclass(frozen=True, eq=False)
class Filtered:
    """A picture after a kernel.

    Attributes:
        picture: what was given.
        kernel: which kernel.
        parts: ``C`` for each matrix of the kernel.
        result: ``C``; with two matrices ``sqrt(C1**2 + C2**2)``.
        at: the place ``(j, k)`` that is shown by hand; its patch begins there in the picture.
    """

    picture: Photograph
    kernel: Kernel
    parts: tuple[Array, ...]
    result: Array
    at: tuple[int, int]

    def patch(self) -> Array:
        """Return the pixels under the kernel at :attr:`at`."""
        (j, k), (h, w) = self.at, self.kernel.shape
        return self.picture.pixels[j : j + h, k : k + w]

    def products(self) -> list[Array]:
        """Return pixel times weight, for each matrix of the kernel."""
        patch = F.asarray(self.patch())
        return [(patch * F.asarray(weights)).numpy() for weights in self.kernel.arrays()]

    @property
    def by_hand(self) -> bool:
        """Whether the products are few enough to be shown one by one."""
        return max(self.kernel.shape) <= WIDE


class Convolution(Explanation):
    """Pictures after kernels; see :func:`convolve`.

    Attributes:
        results: one for each picture and kernel, picture by picture.
    """

    def __init__(self, results: Sequence[Filtered]) -> None:
        self.results = tuple(results)

    def pictures(self) -> list[list[Filtered]]:
        """Return the results of each picture."""
        groups = itertools.groupby(self.results, lambda each: id(each.picture))
        return [list(group) for _key, group in groups]


def convolve(
    picture: Any = None,
    *kernels: Any,
    at: tuple[int, int] | None = None,
    side: int = SIDE,
) -> Convolution:
    r"""Convolve pictures with kernels by the lecture's formula, and show one pixel's sum by hand.

    ``C(j, k) = sum_l sum_m I(j + l, k + m) K(l, m)``, computed by :func:`correlate`.

    Args:
        picture: path of a picture file, an array ``(rows, columns)`` or ``(rows, columns, 3)``, or
            a list of paths; ``None`` for a photograph that needs no network. Colours are made grey
            by ``0.299 red + 0.587 green + 0.114 blue``.
        kernels: names of :data:`~nissl.explain.KERNELS`, matrices of numbers, or text such
            as ``"-1,0,1;-1,0,1;-1,0,1"``; the lecture's ``"vertical"`` and ``"horizontal"`` by
            default.
        at: the place ``(j, k)`` of ``C`` that is shown by hand, which is where its patch begins in
            the picture; by default where the first kernel's result is farthest from 0.
        side: pixels along the longer side, to which a larger picture file is brought.

    Raises:
        DataError, FileFormatError, ArgumentTypeError, NonFiniteError: there is no such picture, or
            it cannot be used.
        UnknownNameError, ArgumentError, ShapeError: a kernel is none, or larger than the picture;
            ``at`` lies outside.
        NonFiniteError: sums of 1e300 and more.

    The lecture's section 4.4; Bishop and Bishop, Deep Learning (2024), section 10.2.3.

    >>> steps = [[0, 0, 9, 9], [0, 0, 9, 9], [0, 0, 9, 9]]
    >>> found = convolve(steps, "vertical").results[0]
    >>> found.result.tolist(), found.at
    ([[27.0, 27.0]], (0, 0))
    >>> found.patch().tolist()
    [[0.0, 0.0, 9.0], [0.0, 0.0, 9.0], [0.0, 0.0, 9.0]]
    """
    chosen = [kernel(each) for each in kernels or ("vertical", "horizontal")]
    several = isinstance(picture, list | tuple) and any(
        isinstance(each, str | os.PathLike | Photograph) for each in picture
    )
    given: list[Any] = list(picture) if several else [picture]
    if at is not None:
        at = _pair(at)
    if len(given) * len(chosen) > MOST:
        raise ArgumentError(
            f"{len(given)} pictures with {len(chosen)} kernels are more than the {MOST} results "
            "that one page shows"
        )
    results: list[Filtered] = []
    for each in given:
        results += _filtered(photograph(each, side), chosen, at)
    return Convolution(results)


def _pair(given: Any) -> tuple[int, int]:
    try:
        row, column = map(operator.index, given)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(
            f"at is a row and a column, such as (0, 0), not {given!r}"
        ) from error
    return row, column


def _filtered(
    picture: Photograph, kernels: Sequence[Kernel], at: tuple[int, int] | None
) -> list[Filtered]:
    shape = picture.pixels.shape
    sizes = [_fits(shape, own.shape, f"kernel {own.name!r}") for own in kernels]
    rows, columns = min(size[0] for size in sizes), min(size[1] for size in sizes)
    if at is not None and not (at[0] in range(rows) and at[1] in range(columns)):
        raise ArgumentError(
            f"({at[0]}, {at[1]}) lies outside of C, whose rows are 0 to {rows - 1} and columns 0 "
            f"to {columns - 1} (picture {picture.name})"
        )
    image = F.asarray(picture.pixels)
    results: list[Filtered] = []
    for own in kernels:
        found = [correlate(image, F.asarray(weights)) for weights in own.arrays()]
        joined = found[0] if len(found) == 1 else F.sqrt(F.sum(F.stack([c * c for c in found]), 0))
        result = joined.numpy()
        if not max(np.abs(result).max(), np.abs(picture.pixels).max()) < HUGE:
            raise NonFiniteError(
                f"kernel {own.name!r} on picture {picture.name}: numbers of {HUGE:g} and more "
                "cannot be drawn; scale the picture or the kernel down"
            )
        if at is None:
            strongest = int(np.abs(result[:rows, :columns]).argmax())
            at = divmod(strongest, columns)
        results.append(Filtered(picture, own, tuple(c.numpy() for c in found), result, at))
    return results
