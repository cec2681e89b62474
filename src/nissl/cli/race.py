"""``nissl race``: optimizers on a surface in two variables."""

from __future__ import annotations

from typing import Annotated

import typer

from nissl.cli import showing
from nissl.cli.typed import TypedCommand
from nissl.errors import ArgumentError
from nissl.explain.report import Explanation
from nissl.i18n import mark
from nissl.i18n import translate as _

On = Annotated[
    str,
    typer.Argument(
        metavar="SURFACE",
        help=mark(
            "rosenbrock, beale, himmelblau, saddle or ravine, or an expression in two variables, "
            'in quotes: "x^2 + 3*y^2". rosenbrock by default.'
        ),
    ),
]
Optimizers = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help=mark(
            "Who takes part, with commas: sgd,momentum,nesterov,adam; sgd:0.01 gives a learning "
            "rate. By default all that there are."
        ),
    ),
]
Start = Annotated[
    tuple[str, str] | None,
    typer.Option(
        metavar="X Y", help=mark("Where they start; each surface has a point of its own.")
    ),
]
Steps = Annotated[
    int, typer.Option(metavar="N", help=mark("How many steps each makes: 500 by default."))
]
LearningRate = Annotated[
    float | None,
    typer.Option(
        metavar="RATE",
        help=mark("For all without one of their own; by default each gets the best of nine."),
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    showing.register(
        app,
        "race",
        race,
        help=mark(
            "Let optimizers descend a surface in two variables, and show their paths and how soon "
            "they arrive. Saved as .gif, the paths move."
        ),
        epilog=mark(
            "Examples:\n"
            "  nissl race rosenbrock --optimizers sgd,adam --steps 200 -o race.svg\n"
            "  nissl race ravine --optimizers sgd:0.03,momentum:0.03 -o race.gif\n"
            '  nissl race "x^2 + 10*y^4" --start 2 1'
        ),
        cls=TypedCommand,
        also=(".gif",),
    )


def race(
    surface: On = "rosenbrock",
    optimizers: Optimizers = None,
    start: Start = None,
    steps: Steps = 500,
    learning_rate: LearningRate = None,
) -> Explanation:
    """Race optimizers."""
    from nissl.explain.training.racing import race as run

    names = None if optimizers is None else [n.strip() for n in optimizers.split(",") if n.strip()]
    begin = None if start is None else (_number(start[0]), _number(start[1]))
    return run(surface, names, start=begin, steps=steps, learning_rate=learning_rate)


def _number(text: str) -> float:
    """A number that may begin with a minus."""
    try:
        return float(text)
    except ValueError:
        raise ArgumentError(
            _("--start is two numbers, such as -1.2 1, not {value}").format(
                value=repr(text.strip())
            )
        ) from None
