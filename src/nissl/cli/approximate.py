"""``nissl approximate``: what a small network makes of a function that is typed."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from nissl.cli import showing
from nissl.cli.settings import parse_hidden
from nissl.cli.typed import TypedCommand
from nissl.errors import ArgumentError
from nissl.explain.report import Explanation
from nissl.i18n import mark
from nissl.i18n import translate as _

Function = Annotated[
    str,
    typer.Argument(
        metavar="EXPRESSION",
        help=mark(
            'A function of one input, or of two, in quotes: "x**2", "heaviside(x)", "x1*x2".'
        ),
    ),
]
Range = Annotated[
    tuple[str, str],
    typer.Option(
        "--range",
        metavar="LOW HIGH",
        help=mark("The interval that samples are taken from, such as 0 2*pi: -1 1 by default."),
    ),
]
Hidden = Annotated[
    str | None,
    typer.Option(
        metavar="M",
        help=mark(
            "Hidden units: 3 by default, 10 for two inputs; several, as in 1,2,3,5, are compared."
        ),
    ),
]
Samples = Annotated[
    int | None,
    typer.Option(
        metavar="N", help=mark("How many samples are taken: 50 by default, 225 for two inputs.")
    ),
]
Random = Annotated[
    bool,
    typer.Option("--random", help=mark("Take samples at random places, not evenly spaced ones.")),
]
Noise = Annotated[
    float,
    typer.Option(
        metavar="S", help=mark("Standard deviation of noise on the samples: 0 by default.")
    ),
]
Activation = Annotated[
    str,
    typer.Option(metavar="NAME", help=mark("Activation of the hidden units: tanh by default.")),
]
Method = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=mark(
            "How it is trained: levenberg-marquardt (lm), bfgs, adam, sgd, or all to compare them."
        ),
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help=mark("Most epochs, or evaluations, of a start; as many as are needed by default."),
    ),
]
Starts = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help=mark("First sets of weights that are tried, the best kept: 8 or 16 by default."),
    ),
]
Seed = Annotated[
    int,
    typer.Option(metavar="N", help=mark("The same seed gives the same network: 0 by default.")),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    showing.register(
        app,
        "approximate",
        approximate,
        help=mark(
            "Train a network of one hidden layer on samples of a function, and show the fit, the "
            "weights, what each hidden unit contributes, and what lies outside the interval."
        ),
        epilog=mark(
            "Examples:\n"
            '  nissl approximate "x**2" --range -1 1 --hidden 3 --samples 50 -o fit.svg\n'
            '  nissl approximate "sin(x)" --range 0 2*pi --method all\n'
            '  nissl approximate "abs(x)" --hidden 1,2,3,5,10 -o widths.png'
        ),
        cls=TypedCommand,
    )


def approximate(
    expression: Function,
    range: Range = ("-1", "1"),
    hidden: Hidden = None,
    samples: Samples = None,
    random: Random = False,
    noise: Noise = 0.0,
    activation: Activation = "tanh",
    method: Method = "levenberg-marquardt",
    epochs: Epochs = None,
    starts: Starts = None,
    seed: Seed = 0,
) -> Explanation:
    """Approximate a typed function."""
    from nissl.explain.approximation.report import approximate as one
    from nissl.explain.approximation.surface import approximate_surface
    from nissl.explain.approximation.width import approximate_by_width
    from nissl.explain.expressions.expression import parse

    function = parse(expression.strip())
    surface = len(function.inputs) == 2
    low, high = _end(range[0]), _end(range[1])
    widths = parse_hidden(("10" if surface else "3") if hidden is None else hidden)
    if not widths:
        raise ArgumentError(_("--hidden needs at least one number of units, such as 3"))
    run: Any = approximate_surface if surface else one
    if len(widths) > 1:
        if surface:
            raise ArgumentError(_("a function of two inputs takes one number of --hidden units"))
        run = approximate_by_width
    return run(
        function,
        low,
        high,
        widths[0] if len(widths) == 1 else widths,
        (225 if surface else 50) if samples is None else samples,
        activation=activation,
        method=method,
        epochs=epochs,
        starts=starts,
        noise=noise,
        random=random,
        seed=seed,
    )


def _end(text: str) -> float:
    """An end of the range: a number, or an expression of numbers such as 2*pi."""
    from nissl.explain.expressions.expression import parse

    value = parse(text.strip()).constant
    if value is None:
        raise ArgumentError(
            _("--range takes two numbers, such as -1 1 or 0 2*pi, not {value}").format(
                value=repr(text.strip())
            )
        )
    return value
