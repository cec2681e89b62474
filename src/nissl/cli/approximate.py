"""``nissl approximate``: what a small network makes of a function that is typed."""

from __future__ import annotations

from typing import Any

from nissl import explain
from nissl.cli import runs, tables
from nissl.cli.commands import Command
from nissl.cli.typed import TypedCommand
from nissl.cli.weights import WEIGHTS, Weights
from nissl.cli.words import TWO_NUMBERS, UNITS, argument, option
from nissl.errors import ArgumentError
from nissl.i18n import translate as _


def approximate(
    expression: str,
    *more: str,
    range: tuple[float, float] | None = None,
    hidden: tuple[int, ...] | None = None,
    model: str | None = None,
    weights: Weights | None = None,
    activation: str = "tanh",
    **settings: Any,
) -> explain.Explanation:
    """Approximate functions by a network each, or one by several widths, or by a given one."""
    function, *others = [explain.parse(each.strip()) for each in (expression, *more)]
    if model is not None or weights is not None:
        if model is not None and weights is not None:
            raise ArgumentError(_("give --model or --weights, not both"))
        given = [*(["--hidden"] if hidden else []), *(f"--{name}" for name in settings)]
        if given:
            raise ArgumentError(
                _("{options} train a new network, and this one is given as it is").format(
                    options=", ".join(given)
                )
            )
        if others:
            raise ArgumentError(_("a given network is shown beside one function"))
        return _given(function, range, model, weights, activation)
    settings["activation"] = activation
    range = range or (-1.0, 1.0)
    surface = len(function.inputs) == 2 and not others
    widths = (10 if surface else 3,) if hidden is None else hidden
    if not widths:
        raise ArgumentError(_("--hidden needs at least one number of units, such as 3"))
    units, *further = widths
    if others:
        if further:
            raise ArgumentError(_("several functions take one number of --hidden units"))
        return explain.approximate_all([function, *others], *range, units, **settings)
    if not further:
        run = explain.approximate_surface if surface else explain.approximate
        return run(function, *range, units, **settings)
    if surface:
        raise ArgumentError(_("a function of two inputs takes one number of --hidden units"))
    return explain.approximate_by_width(function, *range, widths, **settings)


def _given(
    function: explain.Expression,
    ends: tuple[float, float] | None,
    run: str | None,
    weights: Weights | None,
    activation: str,
) -> explain.Explanation:
    """How near a network comes that is trained already, with the samples of its run."""
    if weights is not None:
        return explain.approximation_of(weights.model(activation), function, *(ends or (-1.0, 1.0)))
    found = runs.find(run or "")
    model, x, t = found.load(), None, None
    if found.data:
        loaded = tables.own(found)
        x, t = loaded.x_train, loaded.y_train
        if ends is None and x.size:
            ends = (float(x.min()), float(x.max()))
    return explain.approximation_of(model, function, *(ends or (-1.0, 1.0)), x=x, t=t)


APPROXIMATE = Command(
    "approximate",
    "Train a network of one hidden layer on samples of a function, and show the fit, the "
    "weights, what each hidden unit contributes, and what lies outside the interval.",
    (
        'approximate "x**2" --range -1 1 --hidden 3 --samples 50 -o fit.svg',
        'approximate "sin(x)" --range 0 2*pi --method all',
        'approximate "abs(x)" --hidden 1,2,3,5,10 -o widths.png',
        'approximate "x^2" "sin(x)" "|x|" "H(x)" -o four.svg',
        'approximate "sin(x)" --model sine-run -o sine.svg',
    ),
    {
        "expression": argument(
            "EXPRESSION",
            'A function of one input, or of two, in quotes: "x**2", "heaviside(x)", "x1*x2".',
        ),
        "more": argument("EXPRESSION", "Further functions, each in a panel beside it."),
        "range": option(
            "LOW HIGH",
            "The interval that samples are taken from, such as 0 2*pi: -1 1 by default.",
            TWO_NUMBERS,
        ),
        "hidden": option(
            "M",
            "Hidden units: 3 by default, 10 for two inputs; several, as in 1,2,3,5, are compared.",
            UNITS,
        ),
        "model": option(
            "RUN",
            "Train nothing, and show this run folder of nissl train, or .keras file; over the "
            "interval of its samples by default.",
        ),
        "weights": WEIGHTS,
        "samples": option("N", "How many samples are taken: 50 by default, 225 for two inputs."),
        "random": option("", "Take samples at random places, not evenly spaced ones."),
        "noise": option("S", "Standard deviation of noise on the samples: 0 by default."),
        "activation": option("NAME", "Activation of the hidden units: tanh by default."),
        "method": option(
            "NAME",
            "How it is trained: levenberg-marquardt (lm), bfgs, adam, sgd, or all to compare them.",
        ),
        "epochs": option(
            "N", "Most epochs, or evaluations, of a start; as many as are needed by default."
        ),
        "starts": option(
            "N", "First sets of weights that are tried, the best kept: 8 or 16 by default."
        ),
        "seed": option("N", "The same seed gives the same network: 0 by default."),
    },
    approximate,
    like="approximate",
    cls=TypedCommand,
)
