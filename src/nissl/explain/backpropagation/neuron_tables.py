"""One neuron in words and numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from nissl.explain.formulas import DOTS, call, equal, factor, folded, number, plus, symbol, times
from nissl.explain.parts import Cell, Part, Text, table_of
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.backpropagation.neuron import Neuron

__all__ = ["parts"]

_MOST_INPUTS = 12


def parts(shown: Neuron) -> Iterator[Part]:
    """Yield the sum term by term, and the output."""
    count = len(shown.x)
    yield Text(_("A neuron with {count} inputs").format(count=count), heading=True)
    weights, products = [shown.bias, *shown.weights], [shown.bias, *shown.products]
    last = count + 1  # the row of the sum
    yield table_of(
        range(last + 1),
        [
            (_("Weight"), lambda i: "Σ" if i == last else symbol("w", i)),
            (symbol("w", "i"), lambda i: None if i == last else float(weights[i])),
            (
                symbol("x", "i"),
                lambda i: Cell(_("(always 1)")) if not i else None if i == last
                else float(shown.x[i - 1]),
            ),
            (
                times(symbol("w", "i"), symbol("x", "i")),
                lambda i: shown.a if i == last else float(products[i]),
            ),
        ],
        most=_MOST_INPUTS + 1,
        scores=[math.inf, *shown.products, math.inf],
        more=_("{count} more; the largest products are shown"),
        given=(0, 1, 2),
    )  # fmt: skip
    names, terms = [symbol("w", 0)], [number(shown.bias)]
    for i in folded(shown.products):
        names.append(DOTS if i is None else times(symbol("w", i + 1), symbol("x", i + 1)))
        terms.append(DOTS if i is None else times(factor(shown.weights[i]), factor(shown.x[i])))
    a, z, h = symbol("a"), symbol("z"), shown.activation.replace("_", r"\_")
    yield Text(f"{equal(a, plus(names), plus(terms), number(shown.a, 6))}")
    applied = call(rf"\mathrm{{{h}}}", number(shown.a))
    yield Text(f"{equal(z, call('h', a), applied, number(shown.z, 6))}")
    slope = equal(call("h'", a), number(shown.slope, 6))
    yield Text(f"{slope}")
    if not math.isfinite(shown.z):
        yield Text(_("The output is not a finite number."), style="bad")
