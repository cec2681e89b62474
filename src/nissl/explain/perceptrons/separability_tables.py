"""Texts and tables of separability: the line, or the proof that there is none."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from nissl.explain.formulas import symbol
from nissl.explain.parts import Cell, Part, Table, Text, format_number, formula, table_of
from nissl.explain.perceptrons.forms import exact_number, is_short, linear_form, vector
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.perceptrons.hulls import Point
    from nissl.explain.perceptrons.separability import Separability

__all__ = ["contradiction", "parts"]

_ROWS = 24  # of a table
_LARGEST = 99  # of the numbers that are put into inequalities
_MOST = 12  # inequalities


def parts(found: Separability) -> Iterator[Part]:
    """Yield the line that separates, or the certificate that there is none."""
    if found.weights is None:
        yield from _certificate(found, found.point or ())
        yield from contradiction(found)
    else:
        yield from _line(found, (found.bias, *found.weights))


def _line(found: Separability, weights: Sequence[Fraction]) -> Iterator[Part]:
    yield Text(_("Linearly separable"), heading=True)
    if len(set(found.positive)) == 1:
        yield Text(_("All samples are of one class: any line that has them on one side will do."))
        return
    first, second = found.classes
    yield Text(
        _(
            "{form} is above 0 for every sample of target {second}, below 0 for every one of "
            "{first}."
        ).format(form=linear_form(weights), first=first, second=second)
    )
    yield table_of(
        list(enumerate(weights)),
        [
            (_("weight"), lambda each: symbol("w", each[0])),
            (_("value"), lambda each: exact_number(each[1])),
        ],
        most=_ROWS,
    )
    yield from _digits(weights)
    yield Text(
        _(
            "Distance to the nearest samples: {margin}. Checked in exact fractions for all "
            "{count} samples."
        ).format(margin=format_number(found.margin), count=grouped(len(found.points))),
        style="good",
    )


def _certificate(found: Separability, point: Point) -> Iterator[Part]:
    yield Text(_("Not linearly separable"), heading=True)
    yield Text(
        _(
            "Each class has a combination of its samples, with coefficients that are not "
            "negative and sum to 1; and the two combinations are the same point:"
        )
    )
    shares = found.shares()
    yield table_of(
        shares,
        [
            (_("target"), lambda each: found.label(each[0])),
            (_("sample"), lambda each: each[0]),
            ("x", lambda each: vector(found.points[each[0]])),
            (_("coefficient"), lambda each: exact_number(each[1])),
        ],
        title=_("The certificate"),
        most=_ROWS,
    )
    yield from _digits([*(share for _sample, share in shares), *point])
    yield Text(
        _(
            "The common point is {point}. A line would have it on both of its sides, so there "
            "is none. Checked in exact fractions."
        ).format(point=vector(point)),
        style="bad",
    )


def _digits(values: Iterable[Fraction]) -> Iterator[Part]:
    if not all(map(is_short, values)):
        yield Text(_("Fractions that are too long are shown to six digits."), style="dim")


def contradiction(found: Separability) -> Iterator[Part]:
    """Yield what the weights would have to fulfil, and why they cannot, where that is short.

    Each sample of the certificate asks for one inequality in ``w_0, w_1, ...``. Multiplied by its
    coefficient and added up, those of the second class say that a sum is at least 0, and those of
    the first class that the same sum is below 0.
    """
    shares = found.coefficients or {}
    values = [value for sample in shares for value in found.points[sample]]
    whole = math.lcm(*(share.denominator for share in shares.values()))
    small = all(value.denominator == 1 and abs(value) <= _LARGEST for value in values)
    if not shares or len(shares) > _MOST or len(found.points[0]) > 6 or whole > _LARGEST:
        return
    if not small:
        return
    yield table_of(
        list(shares),
        [
            ("x", lambda sample: vector(found.points[sample])),
            (_("target"), found.label),
            (
                _("what the weights must fulfil"),
                lambda s: _inequality((Fraction(1), *found.points[s]), found.positive[s]),
            ),
            (_("times"), lambda sample: exact_number(shares[sample] * whole)),
        ],
        title=_("The inequalities"),
    )
    total = [whole * value for value in (Fraction(1), *(found.point or ()))]
    yield Table(
        (_("added up over"), _("what follows")),
        [
            (
                _("target {target}").format(target=found.classes[second]),
                _inequality(total, bool(second)),
            )
            for second in (1, 0)
        ],
        title=_("Their contradiction"),
    )
    yield Text(
        _(
            "The same sum, {form}, would be at least 0 and below 0: there are no such weights, "
            "whatever the learning rate and the number of updates."
        ).format(form=linear_form(total, "w", leading="w_{0}")),
        style="bad",
    )


def _inequality(values: Sequence[Fraction], second: bool) -> Cell:
    form = linear_form(values, "w", leading="w_{0}")
    return formula(f"{form.latex} " + (r"\ge 0" if second else "< 0"))
