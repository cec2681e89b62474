"""``nissl activations``: activation functions with their derivatives, formulas and kinks."""

from __future__ import annotations

from typing import Annotated

import typer

from nissl.cli import showing
from nissl.errors import ArgumentError
from nissl.explain.report import Explanation
from nissl.i18n import mark
from nissl.i18n import translate as _

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="NAME",
        help=mark(
            "Activation functions, with settings in brackets if need be, such as "
            "'leaky_relu(negative_slope=0.1)'; all by default."
        ),
    ),
]
Range = Annotated[
    tuple[float, float] | None,
    typer.Option("--range", metavar="LOW HIGH", help=mark("Interval of x: -4 4 by default.")),
]
InFewBits = Annotated[
    bool,
    typer.Option(
        "--precision",
        help=mark("Compare float64, float32, float16 and fixed point of few bits instead."),
    ),
]
Bits = Annotated[
    int | None,
    typer.Option(
        "--bits", metavar="N", help=mark("With --precision: bits in all, 2 to 16; 8 by default.")
    ),
]
Fraction = Annotated[
    int | None,
    typer.Option(
        "--fraction",
        metavar="N",
        help=mark("With --precision: bits behind the point; half of them by default."),
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    showing.register(
        app,
        "activations",
        activations,
        help=mark("Show activation functions: curve, derivative, formula, range and kinks."),
        epilog=mark(
            "Examples:\n"
            "  nissl activations -o activations.svg\n"
            "  nissl activations relu tanh --range -2 2\n"
            "  nissl activations relu tanh sigmoid --precision"
        ),
    )


def activations(
    names: Names = None,
    interval: Range = None,
    in_few_bits: InFewBits = False,
    bits: Bits = None,
    fraction: Fraction = None,
) -> Explanation:
    """Show activation functions, or what few bits do to them."""
    from nissl import explain

    if not in_few_bits:
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
