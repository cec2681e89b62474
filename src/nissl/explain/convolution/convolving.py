"""Convolution by hand: a picture, a kernel, and every product that one pixel is the sum of."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nissl.core import functions as F
from nissl.core.tensor import Tensor, TensorLike
from nissl.errors import ArgumentError, ShapeError
from nissl.explain.convolution.kernels import Kernel, Matrix, entry, kernel
from nissl.explain.convolution.photographs import SIDE, Photograph, photograph
from nissl.explain.report import Cell, Explanation, Part, Table, Text, Value, format_number
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Convolution", "Filtered", "convolve", "correlate"]

Array = NDArray[np.float64]

WIDE = 7  # rows or columns up to which a kernel's products are shown one by one
ABREAST = 3  # columns of a kernel up to which patch, kernel and products stand in one table
MOST = 24  # results on one page
_FORMULA = "C(j, k) = Σ_l Σ_m I(j + l, k + m) K(l, m)"
_FORMULA_LATEX = r"C(j, k) = \sum_l \sum_m I(j + l, k + m) \, K(l, m)"


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
        grouped: dict[int, list[Filtered]] = {}
        for each in self.results:
            grouped.setdefault(id(each.picture), []).append(each)
        return list(grouped.values())

    def parts(self) -> Iterator[Part]:
        """Yield the formula, and for each picture and kernel the sum at one place."""
        yield Text(_("Convolution by hand"), heading=True)
        yield Text(_FORMULA, rf"\[ {_FORMULA_LATEX} \]")
        yield Text(
            _(
                "I: the picture, K: the kernel, rows and columns counted from 0. The kernel is "
                "laid on every place where it fits as a whole, so C is smaller than I."
            ),
            style="dim",
        )
        for group in self.pictures():
            picture = group[0].picture
            rows, columns = picture.pixels.shape
            yield Text(
                _("Picture: {name}, {rows} x {columns} pixels").format(
                    name=picture.name, rows=rows, columns=columns
                ),
                heading=True,
            )
            for remark in picture.remarks:
                yield Text(remark, style="dim")
            for result in group:
                yield from _by_hand(result)
            yield _summary(group)

    def figure(self) -> Figure:
        """Draw pictures and results, and the patch, the kernel and the products at one place."""
        from nissl.explain.convolution.pictures import draw

        return draw(self.pictures())


def _by_hand(result: Filtered) -> Iterator[Part]:
    own, (j, k) = result.kernel, result.at
    title = _("Kernel {name}").format(name=own.name)
    yield Text(f"{title}: {_(own.about)}" if own.about else title, heading=True)
    if not result.by_hand:
        h, w = own.shape
        yield Text(
            _("C({j}, {k}) = {value}, a sum of {count} products, too many to be listed").format(
                j=j, k=k, value=format_number(float(result.result[j, k])), count=h * w
            )
        )
        return
    for number, (weights, products) in enumerate(
        zip(own.matrices, result.products(), strict=True), start=1
    ):
        suffix = "" if len(own.matrices) == 1 else str(number)
        name = f"C{suffix}"
        yield from _products(result, weights, products, suffix)
        if products.size <= 25:
            yield _written_out(result, weights, float(result.parts[number - 1][j, k]), name)
    if len(own.matrices) == 2:
        first, second = (format_number(float(part[j, k])) for part in result.parts)
        value = format_number(float(result.result[j, k]))
        yield Text(
            f"C({j}, {k}) = sqrt(({first})^2 + ({second})^2) = {value}",
            rf"\[ C({j}, {k}) = \sqrt{{({first})^2 + ({second})^2}} = {value} \]",
        )


def _products(result: Filtered, weights: Matrix, products: Array, number: str) -> Iterator[Table]:
    """Patch, kernel and products: side by side, or below each other where that is too wide."""
    (j, k), (height, width) = result.at, products.shape
    patch, lines, indices = result.patch().tolist(), range(height), range(width)
    pixels = [Cell(f"I {k + m}", rf"I(\cdot, {k + m})") for m in indices]
    entries = [Cell(f"K{number} {m}", rf"K{number}(\cdot, {m})") for m in indices]
    multiplied = [Cell(f"I·K{number} {m}", rf"I K{number}(\cdot, {m})") for m in indices]
    shown = [[_weight(value) for value in row] for row in weights]
    sums = [math.fsum(column) for column in products.T.tolist()]
    added: list[list[Value]] = [[*row, math.fsum(row)] for row in products.tolist()]
    total = [Cell(_("sum")), *sums, math.fsum(sums)]
    title = _(
        "{what} at j = {j}, k = {k}: patch I, kernel K, their products, column by column"
    ).format(what=f"C{number}(j, k)", j=j, k=k)
    if width <= ABREAST:
        rows = [[j + n, *patch[n], *shown[n], *added[n]] for n in lines]
        last = [total[0], *[None] * (2 * width), *total[1:]]
        columns = [_("row"), *pixels, *entries, *multiplied, _("row sum")]
        yield Table(columns, [*rows, last], title, digits=5)
        return
    yield Table([_("row"), *pixels], [[j + n, *patch[n]] for n in lines], title, digits=5)
    yield Table([_("row"), *entries], [[n, *shown[n]] for n in lines], digits=5)
    yield Table(
        [_("row"), *multiplied, _("row sum")],
        [*[[j + n, *added[n]] for n in lines], total],
        digits=5,
    )


def _weight(value: Fraction | float) -> Value:
    """A number where it is a whole or a decimal one, so that it is aligned as one."""
    if isinstance(value, Fraction) and value.denominator != 1:
        return Cell(entry(value), rf"{value.numerator}/{value.denominator}")
    return float(value)


def _written_out(result: Filtered, weights: Matrix, value: float, name: str) -> Text:
    """The sum, term by term; terms whose weight is 0 are left out."""
    j, k = result.at
    terms = [
        (format_number(pixel, 5), entry(weight))
        for pixels, own in zip(result.patch().tolist(), weights, strict=True)
        for pixel, weight in zip(pixels, own, strict=True)
        if weight
    ]
    shown = format_number(value)
    signed = [(a, f"({b})" if b.startswith("-") else b) for a, b in terms] or [("0", "0")]
    plain = " + ".join(f"{a}·{b}" for a, b in signed)
    latex = " + ".join(rf"{a} \cdot {b}" for a, b in signed)
    return Text(
        f"{name}({j}, {k}) = {plain} = {shown}", rf"$ {name}({j}, {k}) = {latex} = {shown} $"
    )


def _summary(group: Sequence[Filtered]) -> Table:
    rows: list[list[Value]] = []
    for each in group:
        h, w = each.kernel.shape
        rows.append(
            [
                each.kernel.name,
                f"{h} x {w}",
                " x ".join(map(str, each.result.shape)),
                float(each.result.min()),
                float(each.result.mean()),
                float(each.result.max()),
            ]
        )
    columns = (
        _("Kernel"), _("Kernel's size"), _("Size of C"), _("least"), _("mean"), _("greatest"),
    )  # fmt: skip
    return Table(columns, rows, _("Results C over the whole picture"), digits=5)


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
        kernels: names of :data:`~nissl.explain.kernels.KERNELS`, matrices of numbers, or text such
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

    The lecture's section 4.4; Bishop and Bishop, Deep Learning (2024), section 10.2.3.

    >>> steps = [[0, 0, 9, 9], [0, 0, 9, 9], [0, 0, 9, 9]]
    >>> found = convolve(steps, "vertical").results[0]
    >>> found.result.tolist(), found.at
    ([[27.0, 27.0]], (0, 0))
    >>> found.patch().tolist()
    [[0.0, 0.0, 9.0], [0.0, 0.0, 9.0], [0.0, 0.0, 9.0]]
    """
    chosen = [kernel(each) for each in kernels or ("vertical", "horizontal")]
    several = isinstance(picture, list | tuple) and all(
        isinstance(each, str | os.PathLike | Photograph) for each in picture
    )
    given: list[Any] = list(picture) if several else [picture]
    if not given:
        raise ArgumentError("no picture is named; name one, or none to see the sample photograph")
    if len(given) * len(chosen) > MOST:
        raise ArgumentError(
            f"{len(given)} pictures with {len(chosen)} kernels are more than the {MOST} results "
            "that one page shows"
        )
    results: list[Filtered] = []
    for each in given:
        results += _filtered(photograph(each, side), chosen, at)
    return Convolution(results)


def _filtered(
    picture: Photograph, kernels: Sequence[Kernel], at: tuple[int, int] | None
) -> list[Filtered]:
    shape = picture.pixels.shape
    sizes = [_fits(shape, own.shape, f"kernel {own.name!r}") for own in kernels]
    rows, columns = min(size[0] for size in sizes), min(size[1] for size in sizes)
    if at is not None and not (0 <= at[0] < rows and 0 <= at[1] < columns):
        raise ArgumentError(
            f"({at[0]}, {at[1]}) lies outside of C, whose rows are 0 to {rows - 1} and columns 0 "
            f"to {columns - 1} (picture {picture.name})"
        )
    image = F.asarray(picture.pixels)
    results: list[Filtered] = []
    for own in kernels:
        found = [correlate(image, F.asarray(weights)) for weights in own.arrays()]
        joined = found[0] if len(found) == 1 else F.sqrt(F.sum(F.stack([c * c for c in found]), 0))
        if at is None:
            strongest = np.abs(joined.numpy()[:rows, :columns]).argmax()
            row, column = np.unravel_index(int(strongest), (rows, columns))
            at = int(row), int(column)
        parts = tuple(each.numpy() for each in found)
        results.append(Filtered(picture, own, parts, joined.numpy(), at))
    return results
