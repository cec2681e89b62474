"""``nissl activations``: activation functions with their derivatives, formulas and kinks."""

from __future__ import annotations

from nissl import explain
from nissl.cli.commands import Command
from nissl.cli.words import argument, option
from nissl.errors import ArgumentError
from nissl.i18n import translate as _


def activations(
    *names: str,
    interval: tuple[float, float] | None = None,
    precision: bool = False,
    bits: int | None = None,
    fraction: int | None = None,
) -> explain.Explanation:
    """Show activation functions, or what few bits do to them."""
    if not precision:
        if bits is not None or fraction is not None:
            raise ArgumentError(_("--bits and --fraction need --precision"))
        low, high = interval or (-4.0, 4.0)
        return explain.activations(names or None, low=low, high=high)
    if interval is not None:
        raise ArgumentError(
            _("--range has no meaning with --precision, which tries every number of the format")
        )
    bits = 8 if bits is None else bits
    return explain.precision(
        names or None, bits=bits, fraction=bits // 2 if fraction is None else fraction
    )


ACTIVATIONS = Command(
    "activations",
    "Show activation functions: curve, derivative, formula, range and kinks.",
    (
        "activations -o activations.svg",
        "activations relu tanh --range -2 2",
        "activations relu tanh sigmoid --precision",
    ),
    {
        "names": argument(
            "NAME",
            "Activation functions, with settings in brackets if need be, such as "
            "'leaky_relu(negative_slope=0.1)'; all by default.",
        ),
        "interval": option("LOW HIGH", "Interval of x: -4 4 by default.", flags="--range"),
        "precision": option(
            "", "Compare float64, float32, float16 and fixed point of few bits instead."
        ),
        "bits": option("N", "With --precision: bits in all, 2 to 16; 8 by default."),
        "fraction": option(
            "N", "With --precision: bits behind the point; half of them by default."
        ),
    },
    activations,
)
