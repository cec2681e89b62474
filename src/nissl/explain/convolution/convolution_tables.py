"""What a convolution says: the formula, and for each kernel every product of one pixel's sum."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np

from nissl.explain.convolution.convolution import Array, Convolution, Filtered
from nissl.explain.convolution.kernels import entry
from nissl.explain.formulas import bracket, equal, number, plus
from nissl.explain.latex import number_latex
from nissl.explain.parts import Cell, Part, Table, Text, Value, format_number, formula, table_of
from nissl.i18n import translate as _

__all__ = ["parts"]

_FORMULA = formula(r"C(j, k) = \sum_l \sum_m I(j + l, k + m)\,K(l, m)")


def parts(shown: Convolution) -> Iterator[Part]:
    """Yield the formula, and for each picture and kernel the sum at one place."""
    yield Text(_("Convolution by hand"), heading=True)
    yield Text(f"{_FORMULA}")
    yield Text(
        _(
            "I: the picture, K: the kernel, rows and columns counted from 0. The kernel is "
            "laid on every place where it fits as a whole, so C is smaller than I."
        ),
        style="dim",
    )
    for group in shown.pictures():
        picture = group[0].picture
        rows, columns = picture.pixels.shape
        title = _("Picture: {name}, {rows} x {columns} pixels")
        yield Text(title.format(name=picture.name, rows=rows, columns=columns), heading=True)
        yield from (Text(remark, style="dim") for remark in picture.remarks)
        for result in group:
            yield from _by_hand(result)
        yield _summary(group)


def _by_hand(result: Filtered) -> Iterator[Part]:
    own, (j, k) = result.kernel, result.at
    title = _("Kernel {name}").format(name=own.name)
    yield Text(f"{title}: {_(own.about)}" if own.about else title, heading=True)
    whole = number(float(result.result[j, k]), 6)
    if not result.by_hand:
        many = _("C({j}, {k}) = {value}, a sum of {count} products, too many to be listed")
        yield Text(many.format(j=j, k=k, value=whole.text, count=math.prod(own.shape)))
        return
    both = len(own.matrices) == 2
    found: list[Cell] = []
    for place, (products, part) in enumerate(zip(result.products(), result.parts, strict=True)):
        below = f"_{place + 1}" if both else ""
        yield _products(result, place, products, below)
        found.append(number(float(part[j, k]), 6))
        sums = [number(math.fsum(row), 6) for row in products.tolist()]
        added = plus([sums[0], *(bracket(each, each.text.startswith("-")) for each in sums[1:])])
        sides = [added] if len(sums) == 1 else [added, found[-1]]
        yield Text(f"{equal(formula(f'C{below}({j}, {k})'), *sides)}")
    if both:
        squares = " + ".join(f"{bracket(each, each.text[0] == '-').latex}^2" for each in found)
        length = formula(rf"C({j}, {k}) = \sqrt{{{squares}}}")
        yield Text(f"{equal(length, whole)}")


def _products(result: Filtered, place: int, products: Array, below: str) -> Table:
    """Pixel times weight for each place of the patch, and what rows and columns add up to."""
    weights, patch, last = result.kernel.matrices[place], result.patch(), len(products)

    def product(m: int, row: int) -> Value:
        if row == last:
            return math.fsum(products[:, m])
        weight = entry(weights[row][m])
        a, c = format_number(float(patch[row, m]), 5), format_number(float(products[row, m]), 5)
        b = f"({weight})" if weight.startswith("-") else weight
        latex = rf"{number_latex(a)} \cdot {b} = {number_latex(c)}"
        return Cell(f"{a}·{b} = {c}", latex, number=True)

    title = _("{what} at j = {j}, k = {k}: pixel {pixel} times weight {weight}").format(
        what=formula(f"C{below}(j, k)"), j=result.at[0], k=result.at[1],
        pixel=formula("I(j + l, k + m)"), weight=formula(f"K{below}(l, m)"),
    )  # fmt: skip
    return table_of(
        range(last + 1),
        [
            (formula("l"), lambda row: _("sum") if row == last else row),
            *((formula(f"m = {m}"), partial(product, m)) for m in range(products.shape[1])),
            (
                _("row sum"),
                lambda row: math.fsum(np.ravel(products if row == last else products[row])),
            ),
        ],
        title=title,
        digits=5,
    )


def _summary(group: Sequence[Filtered]) -> Table:
    columns = [
        (_("Kernel"), lambda each: each.kernel.name),
        (_("Kernel's size"), lambda each: " x ".join(map(str, each.kernel.shape))),
        (_("Size of C"), lambda each: " x ".join(map(str, each.result.shape))),
        (_("least"), lambda each: float(each.result.min())),
        (_("mean"), lambda each: float(each.result.mean())),
        (_("greatest"), lambda each: float(each.result.max())),
    ]
    return table_of(group, columns, title=_("Results C over the whole picture"), digits=5)
