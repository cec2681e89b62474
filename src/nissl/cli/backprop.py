"""``nissl backprop``: one step of backpropagation, with every number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any

import typer

from nissl.cli import checks, runs, showing, source
from nissl.cli.settings import parse_hidden
from nissl.cli.typed import TypedCommand
from nissl.errors import ArgumentError
from nissl.explain.report import Explanation
from nissl.i18n import grouped, mark
from nissl.i18n import translate as _

MOST_WEIGHTS = 10_000_000  # of a new network

Run = Annotated[
    str | None,
    typer.Argument(
        metavar="RUN",
        help=mark(
            "A run folder of nissl train, or a .keras file; the lecture's network by default."
        ),
    ),
]
Sample = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help=mark("Number of a sample in the test part of the run's data, from 0: 0 by default."),
    ),
]
X = Annotated[
    str | None,
    typer.Option(
        "--x",
        metavar="NUMBERS",
        help=mark("The inputs of one sample, with commas: 1,0.5; pi/2 for the lecture's network."),
    ),
]
T = Annotated[
    str | None,
    typer.Option(
        "--t", metavar="NUMBERS", help=mark("Its targets, with commas; or the number of its class.")
    ),
]
Rate = Annotated[
    float | None,
    typer.Option(
        metavar="ETA",
        help=mark("Size of the step: that of the run's optimizer, or 0.1, by default."),
    ),
]
Hidden = Annotated[
    str | None,
    typer.Option(
        metavar="UNITS",
        help=mark("Show a new network instead, with these hidden units: 3, or 4,3 for two layers."),
    ),
]
Activation = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help=mark("Activation of the new network's hidden units; tanh by default.")
    ),
]
OutputActivation = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help=mark("Activation of the new network's outputs; linear by default.")
    ),
]
LossName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=mark("The error: that of the run, or half_squared_error, by default."),
    ),
]
Steps = Annotated[
    int,
    typer.Option(metavar="N", help=mark("How many steps to make; the first is shown: 1.")),
]
Seed = Annotated[
    int | None,
    typer.Option(metavar="N", help=mark("What the new network's weights follow from; 0.")),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    showing.register(
        app,
        "backprop",
        backprop,
        help=mark(
            "Show one step of backpropagation with every number: forward propagation, errors, "
            "derivatives and new weights, as tables and as a picture of the network."
        ),
        epilog=mark(
            "Examples:\n"
            "  nissl backprop -o network.svg\n"
            "  nissl backprop --x 0.5,1 --t 1 --hidden 2 --activation sigmoid --steps 20\n"
            "  nissl backprop demo-run --sample 3 --format latex"
        ),
        cls=TypedCommand,
    )


@dataclass(frozen=True)
class _New:
    """Options of a new network; ``None`` where they were not given."""

    hidden: str | None
    activation: str | None
    output_activation: str | None
    seed: int | None

    def given(self) -> list[str]:
        """The options that were given, as they are typed."""
        options = {f"--{name.replace('_', '-')}": value for name, value in vars(self).items()}
        return [option for option, value in options.items() if value is not None]


def backprop(
    run: Run = None,
    sample: Sample = None,
    x: X = None,
    t: T = None,
    learning_rate: Rate = None,
    loss: LossName = None,
    steps: Steps = 1,
    hidden: Hidden = None,
    activation: Activation = None,
    output_activation: OutputActivation = None,
    seed: Seed = None,
) -> Explanation:
    """Show a step of backpropagation."""
    from nissl.explain.backpropagation.backprop import backprop as explain

    checks.positive("--learning-rate", learning_rate)
    new = _New(hidden, activation, output_activation, seed)
    if run is not None:
        model, inputs, targets = _from_run(run, sample, x, t, new)
    else:
        if sample is not None:
            raise ArgumentError(_("--sample needs a run to take samples from; give --x and --t"))
        model, inputs, targets = _made(x, t, new)
        loss = loss or "half_squared_error"
    return explain(model, inputs, targets, learning_rate, loss, steps=steps)


def _numbers(option: str, text: str) -> list[float]:
    """Numbers with commas between them, each of which may be typed as pi/2."""
    from nissl.explain.expressions.expression import parse

    values = [parse(part.strip()).constant for part in text.split(",")]
    if None in values:
        raise ArgumentError(
            _("{option} takes numbers with commas between them, such as 1,0.5, not {value}").format(
                option=option, value=repr(text)
            )
        )
    return [value for value in values if value is not None]


def _from_run(
    run: str, sample: int | None, x: str | None, t: str | None, new: _New
) -> tuple[Any, Any, Any]:
    """The model of a run, a sample and its target: typed, or of the test part of the run's data."""
    import numpy as np

    if new.given():
        raise ArgumentError(
            _("{options} make a new network, and {run} is a trained one; give one of them").format(
                options=", ".join(new.given()), run=run
            )
        )
    if (x is None) != (t is None) or (x is not None and sample is not None):
        raise ArgumentError(_("give --sample, or --x and --t together"))
    found = runs.find(run)
    model = found.load()
    if x is None or t is None:
        loaded = source.remembered(found).load()
        number = sample or 0
        if not 0 <= number < len(loaded.x_test):
            raise ArgumentError(
                _("--sample lies from 0 to {last}, not {value}").format(
                    last=len(loaded.x_test) - 1, value=number
                )
            )
        return model, loaded.x_test[number], loaded.y_test[number]
    inputs = np.array(_numbers("--x", x))
    wanted = tuple(model.input_shape[1:])
    if None not in wanted and inputs.size == np.prod(wanted):
        inputs = inputs.reshape(wanted)
    targets = np.array(_numbers("--t", t))
    outputs = model.output_shape[-1]
    if targets.size == 1 and outputs and outputs > 1:
        return model, inputs, int(targets[0])  # a class
    return model, inputs, targets


def _check_size(sizes: Sequence[int]) -> None:
    count = sum((before + 1) * here for before, here in pairwise(sizes))
    if count > MOST_WEIGHTS:
        raise ArgumentError(
            _("--hidden makes a network of {count} weights; at most {most} can be shown").format(
                count=grouped(count), most=grouped(MOST_WEIGHTS)
            )
        )


def _made(x: str | None, t: str | None, new: _New) -> tuple[Any, Any, Any]:
    """The lecture's network, or a new one that the sample fits."""
    inputs = _numbers("--x", "pi/2" if x is None else x)
    targets = _numbers("--t", "1" if t is None else t)
    if not new.given():
        if len(inputs) != 1 or len(targets) != 1:
            raise ArgumentError(
                _("the lecture's network has one input and one output; add --hidden for another")
            )
        from nissl.explain.backpropagation.lecture import lecture_network

        return lecture_network(), inputs, targets
    from nissl import layers, utils
    from nissl.models import Sequential

    units = parse_hidden("3" if new.hidden is None else new.hidden)
    _check_size([len(inputs), *units, len(targets)])
    utils.set_random_seed(new.seed or 0)
    stack: list[Any] = [layers.Input((len(inputs),))]
    for place, count in enumerate(units, start=1):
        hidden = new.activation or "tanh"
        stack.append(layers.Dense(count, hidden, dtype="float64", name=f"hidden_{place}"))
    last = new.output_activation
    stack.append(layers.Dense(len(targets), last, dtype="float64", name="output"))
    return Sequential(stack), inputs, targets
