"""Why no weights exist, as inequalities in them that contradict each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from nissl.explain.parts import Cell, Part, Table, Text
from nissl.explain.perceptrons.forms import exact_number, linear_form, vector
from nissl.i18n import translate as _

__all__ = ["contradiction", "readable"]

_LARGEST = 99  # of the numbers that are put into inequalities
_MOST = 12  # inequalities


def readable(points: Sequence[Sequence[Fraction]], coefficients: Mapping[int, Fraction]) -> bool:
    """Say whether inequalities would be short: few, and with small whole numbers in them."""
    values = [value for sample in coefficients for value in points[sample]]
    small = all(value.denominator == 1 and abs(value) <= _LARGEST for value in values)
    few = len(coefficients) <= _MOST and len(points[0]) <= 6
    return few and small and math.lcm(*(c.denominator for c in coefficients.values())) <= _LARGEST


def contradiction(
    points: Sequence[Sequence[Fraction]],
    positive: Sequence[bool],
    coefficients: Mapping[int, Fraction],
    classes: Sequence[object],
) -> Iterator[Part]:
    """Yield what the weights of ``H(w0 + w1 x1 + ...)`` would have to fulfil, and why they cannot.

    Each sample of the certificate asks for one inequality. Multiplied by its coefficient and added
    up, those of the second class say that a sum is at least 0, and those of the first class that
    the same sum is below 0.
    """
    names = [f"w{place}" for place in range(1, len(points[0]) + 1)]
    whole = math.lcm(*(share.denominator for share in coefficients.values()))
    times = {sample: share * whole for sample, share in coefficients.items()}
    rows = [
        (
            vector(points[sample]),
            str(classes[int(positive[sample])]),
            _inequality(Fraction(1), points[sample], names, positive[sample]),
            exact_number(times[sample]),
        )
        for sample in times
    ]
    yield Table(
        ("x", _("target"), _("what the weights must fulfil"), _("times")),
        rows,
        title=_("The inequalities"),
    )
    features = range(len(points[0]))
    first = next(sample for sample in times if not positive[sample])
    members = [sample for sample in times if positive[sample] == positive[first]]
    total = sum((times[sample] for sample in members), Fraction(0))
    summed = [
        sum((times[sample] * points[sample][place] for sample in members), Fraction(0))
        for place in features
    ]
    yield Table(
        (_("added up over"), _("what follows")),
        [
            (
                _("target {target}").format(target=classes[int(second)]),
                _inequality(total, summed, names, second),
            )
            for second in (True, False)
        ],
        title=_("Their contradiction"),
    )
    form = linear_form(total, summed, names, leading="w0")
    yield Text(
        _(
            "The same sum, {form}, would be at least 0 and below 0: there are no such weights, "
            "whatever the learning rate and the number of updates."
        ).format(form=form.text),
        style="bad",
    )


def _inequality(
    constant: Fraction, values: Sequence[Fraction], names: Sequence[str], second: bool
) -> Cell:
    form = linear_form(constant, values, names, leading="w0")
    text, latex = ("≥ 0", r"\ge 0") if second else ("< 0", "< 0")
    return Cell(f"{form.text} {text}", f"{form.latex} {latex}")
