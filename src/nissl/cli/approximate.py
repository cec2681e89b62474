"""``nissl approximate``: what a small network makes of a function that is typed."""

from __future__ import annotations

from typing import Any

from nissl import explain
from nissl.cli.commands import Command
from nissl.cli.typed import TypedCommand
from nissl.cli.words import TWO_NUMBERS, UNITS, argument, option
from nissl.errors import ArgumentError
from nissl.i18n import mark
from nissl.i18n import translate as _


def approximate(
    expression: str,
    *,
    range: tuple[float, float] = (-1.0, 1.0),
    hidden: tuple[int, ...] | None = None,
    **settings: Any,
) -> explain.Explanation:
    """Approximate a typed function by one network, or by several widths of it."""
    function = explain.parse(expression.strip())
    surface = len(function.inputs) == 2
    widths = (10 if surface else 3,) if hidden is None else hidden
    if not widths:
        raise ArgumentError(_("--hidden needs at least one number of units, such as 3"))
    if len(widths) == 1:
        run = explain.approximate_surface if surface else explain.approximate
        return run(function, *range, widths[0], **settings)
    if surface:
        raise ArgumentError(_("a function of two inputs takes one number of --hidden units"))
    return explain.approximate_by_width(function, *range, widths, **settings)


APPROXIMATE = Command(
    "approximate",
    mark(
        "Train a network of one hidden layer on samples of a function, and show the fit, the "
        "weights, what each hidden unit contributes, and what lies outside the interval."
    ),
    mark(
        "Examples:\n"
        '  nissl approximate "x**2" --range -1 1 --hidden 3 --samples 50 -o fit.svg\n'
        '  nissl approximate "sin(x)" --range 0 2*pi --method all\n'
        '  nissl approximate "abs(x)" --hidden 1,2,3,5,10 -o widths.png'
    ),
    {
        "expression": argument(
            "EXPRESSION",
            mark('A function of one input, or of two, in quotes: "x**2", "heaviside(x)", "x1*x2".'),
        ),
        "range": option(
            "LOW HIGH",
            mark("The interval that samples are taken from, such as 0 2*pi: -1 1 by default."),
            TWO_NUMBERS,
        ),
        "hidden": option(
            "M",
            mark(
                "Hidden units: 3 by default, 10 for two inputs; several, as in 1,2,3,5, are "
                "compared."
            ),
            UNITS,
        ),
        "samples": option(
            "N",
            mark("How many samples are taken: 50 by default, 225 for two inputs."),
        ),
        "random": option("", mark("Take samples at random places, not evenly spaced ones.")),
        "noise": option("S", mark("Standard deviation of noise on the samples: 0 by default.")),
        "activation": option("NAME", mark("Activation of the hidden units: tanh by default.")),
        "method": option(
            "NAME",
            mark(
                "How it is trained: levenberg-marquardt (lm), bfgs, adam, sgd, or all to compare "
                "them."
            ),
        ),
        "epochs": option(
            "N",
            mark("Most epochs, or evaluations, of a start; as many as are needed by default."),
        ),
        "starts": option(
            "N",
            mark("First sets of weights that are tried, the best kept: 8 or 16 by default."),
        ),
        "seed": option("N", mark("The same seed gives the same network: 0 by default.")),
    },
    approximate,
    like="approximate",
    cls=TypedCommand,
)
