"""A network that approximates a function of two inputs, in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nissl.explain.approximation.approximate_tables import errors_table, samples_text
from nissl.explain.parts import Part, Text, format_number, table_of
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.approximation.surface import SurfaceApproximation

__all__ = ["parts"]


def parts(shown: SurfaceApproximation) -> Iterator[Part]:
    """Yield the errors and the weights."""
    yield Text(shown.heading(), heading=True)
    yield Text(samples_text(shown))
    yield errors_table([shown])
    first, second = shown.target.inputs
    kernel, biases, out, bias = shown.best.model.get_weights()
    title = _("Weights of the network ({method}); the bias of the output is {value}").format(
        method=shown.best.name, value=format_number(bias[0], 9)
    )
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
