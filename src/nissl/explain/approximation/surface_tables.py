"""A network that approximates a function of two inputs, in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nissl.explain.approximation.small_network import NAMES
from nissl.explain.parts import Part, Text, format_number, table_of
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.approximation.surface import SurfaceApproximation

__all__ = ["parts"]


def parts(shown: SurfaceApproximation) -> Iterator[Part]:
    """Yield the errors and the weights."""
    first, second = shown.expression.inputs
    at = _("at {variable} =")
    yield Text(shown.heading(), heading=True)
    yield Text(_("Trained on {count} samples.").format(count=shown.t.size))
    trained = shown.trained
    yield table_of(
        [shown],
        [
            (_("Method"), lambda each: _(NAMES[trained.method])),
            (_("RMSE on the samples"), lambda each: each.samples_rmse),
            (_("RMSE on the square"), lambda each: each.rmse),
            (_("Largest error"), lambda each: each.max_error),
            (at.format(variable=first), lambda each: each.max_error_at[0]),
            (at.format(variable=second), lambda each: each.max_error_at[1]),
            (_("Steps"), lambda each: trained.steps),
            (_("Starts"), lambda each: trained.starts),
            (_("Seconds"), lambda each: trained.seconds),
        ],
        digits=3,
    )
    kernel, biases, out, bias = trained.model.get_weights()
    title = _("Weights; the bias of the output is {value}").format(value=format_number(bias[0], 9))
    yield table_of(
        range(biases.size),
        [
            (_("Hidden unit"), lambda j: j + 1),
            (first, lambda j: float(kernel[0, j])),
            (second, lambda j: float(kernel[1, j])),
            (_("bias"), lambda j: float(biases[j])),
            (_("to the output"), lambda j: float(out[j, 0])),
        ],
        title=title,
        digits=9,
    )
