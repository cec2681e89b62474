"""Networks of more and more hidden units in numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from nissl.explain.parts import Part, Text, format_number, table_of
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.approximation.width import ByWidth

__all__ = ["parts"]


def parts(shown: ByWidth) -> Iterator[Part]:
    """Yield the error of each width, and where it is least."""
    yield Text(shown.heading, heading=True)
    jumps = bool(shown.found[0].jumps)
    yield table_of(
        list(zip(shown.widths, (each.best for each in shown.found), strict=True)),
        [
            (_("Hidden units"), lambda row: row[0]),
            (_("Weights and biases"), lambda row: row[1].model.count_params()),
            (_("RMSE on the samples"), lambda row: row[1].samples_rmse),
            (_("RMSE on the interval"), lambda row: row[1].rmse),
            (_("RMSE away from jumps"), lambda row: row[1].rmse_away) if jumps else None,
            (_("Largest error"), lambda row: row[1].max_error),
            (_("Seconds"), lambda row: row[1].seconds),
        ],
        digits=3,
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
