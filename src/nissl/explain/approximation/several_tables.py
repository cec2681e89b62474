"""Several approximations in numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from nissl.explain.approximation.approximate_tables import errors_table
from nissl.explain.approximation.several import Approximations, ByWidth
from nissl.explain.parts import Cell, Part, Text, format_number
from nissl.i18n import translate as _

__all__ = ["parts"]


def parts(shown: Approximations) -> Iterator[Part]:
    """Yield the errors; of several widths also where the error is least."""
    yield Text(shown.heading(), heading=True)
    if not isinstance(shown, ByWidth):
        function = (_("Function"), lambda each: Cell(each.target.short, each.target.latex))
        yield errors_table(shown.found, function)
        return
    yield errors_table(
        shown.found,
        (_("Hidden units"), lambda each: each.best.width),
        (_("Weights and biases"), lambda each: each.best.model.count_params()),
    )
    errors = [each.best.rmse_away for each in shown.found]
    least = int(np.nanargmin(errors)) if not all(map(math.isnan, errors)) else 0
    text = _("Least error: {error}, with {count} hidden units ({method}, {samples} samples).")
    yield Text(
        text.format(
            error=format_number(errors[least], 3),
            count=shown.widths[least],
            method=shown.found[least].best.name,
            samples=shown.found[0].x.size,
        )
    )
