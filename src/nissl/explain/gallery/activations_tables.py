"""What is said of activation functions: formulas, values, derivatives, kinks and jumps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

import numpy as np

from nissl.explain.gallery.curves import OTHERS, Array, Curve, Kink, evaluate
from nissl.explain.parts import (
    Cell,
    Part,
    Table,
    Text,
    Value,
    format_number,
    formula,
    number_latex,
    table_of,
)
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.gallery.activations import Gallery

__all__ = ["parts"]

LISTED = 40  # kinks in one table


def parts(shown: Gallery) -> Iterator[Part]:
    """Yield the formulas, values and derivatives at some points, and the kinks."""
    yield Text(_("Activation functions and their derivatives"), heading=True)
    columns = (_("Function"), formula("h(x)"), formula("h'(x)"), _("Range"))
    yield Table(columns, [_formulas(curve) for curve in shown.curves])
    yield from _remarks(shown.curves)
    yield _values(shown)
    yield from _kinks(shown)


def _formulas(curve: Curve) -> list[Value]:
    """Name, formula, that of the derivative, and range; of code the range seen."""
    facts = curve.named.facts
    if facts is None or math.isnan(facts.low):
        seen = curve.y[np.isfinite(curve.y)]
        low, high = (format_number(end(seen, default=math.nan), 4) for end in (min, max))
        spread = Cell(_("{low} to {high}, seen here").format(low=low, high=high))
    else:
        ends = [formula(number_latex(format_number(end))) for end in (facts.low, facts.high)]
        text = _("{low} to {high}").format(low=ends[0].text, high=ends[1].text)
        spread = Cell(text, r" \ldots ".join(end.latex for end in ends))
    code = (_("given as code"), _("by automatic differentiation"))
    return [curve.name, *(curve.named.formulas() or code), spread]


def _remarks(curves: Sequence[Curve]) -> Iterator[Text]:
    letters = [
        f"{curve.name}: " + ", ".join(f"{each}" for each in curve.named.assignments())
        for curve in curves
        if curve.named.letters
    ]
    if letters:
        yield Text(_("Letters: {letters}.").format(letters="; ".join(letters)))
    facts = [curve.named.facts for curve in curves]
    if any(each is not None and "varphi" in each.derivative for each in facts):
        yield Text(_("Φ and φ: distribution and density of the standard normal law."))
    vectors = [curve.name for curve in curves if curve.named.vector]
    if vectors:
        yield Text(
            _(
                "Functions of a whole vector: {names}. Shown is element 1 of {size}, and its "
                "derivative by x1, with the other elements fixed at 0."
            ).format(names=", ".join(vectors), size=1 + OTHERS)
        )
    yield Text(
        _("Derivatives are computed by automatic differentiation, in forward mode."), style="dim"
    )


def _values(shown: Gallery) -> Table:
    """Of one function a line a point; of several a line a function."""
    first, *others = shown.curves
    points = _points(shown, 3 if others else 9)
    found = [evaluate(curve.named, points) for curve in shown.curves]
    if not others:
        columns = ("x", formula("h(x)"), formula("h'(x)"))
        title = _("Values: {name}").format(name=first.name)
        return Table(columns, list(zip(points, *found[0], strict=True)), title)
    places = [format_number(x, 4) for x in points]
    columns = (_("Function"), *[formula(f"{h}({x})") for h in ("h", "h'") for x in places])
    rows = [[curve.name, *y, *s] for curve, (y, s) in zip(shown.curves, found, strict=True)]
    return Table(columns, rows, _("Values and derivatives at some points"), digits=4)


def _points(shown: Gallery, count: int) -> Array:
    """Round points where -1, 0 and 1 are in the interval, else points spread over it."""
    whole = np.arange(count, dtype=np.float64) - count // 2
    if shown.low <= whole[0] and whole[-1] <= shown.high:
        return whole
    return np.array([float(f"{x:.9g}") for x in np.linspace(shown.low, shown.high, count)])


def _kinks(shown: Gallery) -> Iterator[Part]:
    """Kinks and jumps on the interval, and known kinks that it leaves out."""
    kinks = [kink for curve in shown.curves for kink in curve.kinks]
    if not kinks:
        yield Text(
            _("No kinks from {low} to {high}: there is a derivative everywhere.").format(
                low=format_number(shown.low), high=format_number(shown.high)
            )
        )
    yield from _listed(
        kinks,
        _("Kinks: there is no derivative here, and a value is taken by convention"),
        _("... and {count} more kinks"),
        {
            "function": _("Function"),
            "at": _("at x ="),
            "value": formula("h(x)"),
            "slope_left": _("slope on the left"),
            "slope_right": _("slope on the right"),
            "slope": _("slope taken there"),
        },
    )
    yield from _listed(
        [kink for kink in kinks if kink.jumps],
        _("Jumps of the function itself"),
        _("... and {count} more jumps"),
        {
            "function": _("Function"),
            "at": _("at x ="),
            "value_left": _("limit on the left"),
            "value": _("value there"),
            "value_right": _("limit on the right"),
        },
    )
    outside = [
        f"{curve.name}: {', '.join(map(format_number, places))}"
        for curve in shown.curves
        if (facts := curve.named.facts) is not None
        and (places := [k for k in facts.kinks if not shown.low <= k <= shown.high])
    ]
    if outside:
        yield Text(_("Kinks outside this interval: {places}.").format(places="; ".join(outside)))


def _listed(
    kinks: Sequence[Kink], title: str, more: str, columns: Mapping[str, str | Cell]
) -> Iterator[Table]:
    """A table of kinks, if there are any: columns by what of a kink stands in them."""
    if kinks:
        found = [(name, attrgetter(what)) for what, name in columns.items()]
        yield table_of(kinks, found, title=title, digits=5, most=LISTED, more=more)
