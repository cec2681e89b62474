"""``nissl backprop``: one step of backpropagation, with every number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from nissl import explain
from nissl.cli import runs, tables
from nissl.cli.commands import Command
from nissl.cli.typed import TypedCommand
from nissl.cli.weights import WEIGHTS, Weights, dense
from nissl.cli.words import NUMBERS, RATE, SEED, UNITS, argument, option, within
from nissl.errors import ArgumentError
from nissl.i18n import grouped
from nissl.i18n import translate as _

MOST_WEIGHTS = 10_000_000  # of a new network


def backprop(
    run: str | None = None,
    *,
    sample: int | None = None,
    x: list[float] | None = None,
    t: list[float] | None = None,
    learning_rate: float | None = None,
    loss: str | None = None,
    steps: int = 1,
    weights: Weights | None = None,
    **new: Any,
) -> explain.Explanation:
    """Show a step of backpropagation in the model of a run, the lecture's, or a new one."""
    if run is not None:
        given = {**({} if weights is None else {"weights": weights}), **new}
        model, inputs, targets = _from_run(run, sample, x, t, given)
    else:
        if sample is not None:
            raise ArgumentError(_("--sample needs a run to take samples from; give --x and --t"))
        model, inputs, targets = _made(x or [math.pi / 2], t or [1.0], weights, **new)
        loss = loss or "half_squared_error"
    return explain.backprop(model, inputs, targets, learning_rate, loss, steps=steps)


def _from_run(
    run: str,
    sample: int | None,
    x: list[float] | None,
    t: list[float] | None,
    new: Mapping[str, Any],
) -> tuple[Any, Any, Any]:
    """The model of a run, a sample and its target: typed, or of the test part of the run's data."""
    import numpy as np

    if new:
        raise ArgumentError(
            _("{options} make a new network, and {run} is a trained one; give one of them").format(
                options=", ".join(f"--{name.replace('_', '-')}" for name in new), run=run
            )
        )
    if (x is None) != (t is None) or (x is not None and sample is not None):
        raise ArgumentError(_("give --sample, or --x and --t together"))
    found = runs.find(run)
    model = found.load()
    if x is None or t is None:
        loaded = tables.own(found)
        number = within("--sample", sample or 0, len(loaded.x_test) - 1)
        return model, loaded.x_test[number], loaded.y_test[number]
    inputs = np.array(x)
    wanted = tuple(model.input_shape[1:])
    if None not in wanted and inputs.size == np.prod(wanted):
        inputs = inputs.reshape(wanted)
    outputs = model.output_shape[-1]
    if len(t) == 1 and outputs and outputs > 1:
        return model, inputs, int(t[0])  # a class
    return model, inputs, np.array(t)


def _made(
    x: list[float], t: list[float], weights: Weights | None, **new: Any
) -> tuple[Any, Any, Any]:
    """The lecture's network, one of given weights, or a new one that the sample fits."""
    if weights is None and not new:
        if len(x) != 1 or len(t) != 1:
            raise ArgumentError(
                _("the lecture's network has one input and one output; add --hidden for another")
            )
        return explain.lecture_network(), x, t
    return _new(len(x), len(t), weights, **new), x, t


def _new(
    inputs: int,
    outputs: int,
    weights: Weights | None,
    hidden: Sequence[int] | None = None,
    activation: str = "tanh",
    output_activation: str | None = None,
    seed: int = 0,
) -> Any:
    from nissl import utils

    if weights is not None:
        units = weights.sizes[1:-1] if hidden is None else hidden
        weights.check([inputs, *units, outputs])
        return weights.model(activation, output_activation)
    sizes = [inputs, *((3,) if hidden is None else hidden), outputs]
    count = sum((before + 1) * here for before, here in pairwise(sizes))
    if count > MOST_WEIGHTS:
        raise ArgumentError(
            _("--hidden makes a network of {count} weights; at most {most} can be shown").format(
                count=grouped(count), most=grouped(MOST_WEIGHTS)
            )
        )
    utils.set_random_seed(seed)
    return dense(sizes, activation, output_activation)


BACKPROP = Command(
    "backprop",
    "Show one step of backpropagation with every number: forward propagation, errors, "
    "derivatives and new weights, as tables and as a picture of the network.",
    (
        "backprop -o network.svg",
        "backprop --x 0.5,1 --t 1 --hidden 2 --activation sigmoid --steps 20",
        "backprop --x 1,0.5 --t 1 --weights weights.csv --learning-rate 0.5",
        "backprop demo-run --sample 3 --format latex",
    ),
    {
        "run": argument(
            "RUN",
            "A run folder of nissl train, or a .keras file; the lecture's network by default.",
        ),
        "sample": option(
            "N", "Number of a sample in the test part of the run's data, from 0: 0 by default."
        ),
        "x": option(
            "NUMBERS",
            "The inputs of one sample, with commas: 1,0.5; pi/2 for the lecture's network.",
            NUMBERS,
        ),
        "t": option("NUMBERS", "Its targets, with commas; or the number of its class.", NUMBERS),
        "learning_rate": option(
            "ETA", "Size of the step: that of the run's optimizer, or 0.1, by default.", RATE
        ),
        "loss": option("NAME", "The error: that of the run, or half_squared_error, by default."),
        "steps": option("N", "How many steps to make; the first is shown: 1."),
        "hidden": option(
            "UNITS",
            "Show a new network instead, with these hidden units: 3, or 4,3 for two layers.",
            UNITS,
        ),
        "weights": WEIGHTS,
        "activation": option(
            "NAME", "Activation of the new network's hidden units; tanh by default."
        ),
        "output_activation": option(
            "NAME", "Activation of the new network's outputs; linear by default."
        ),
        "seed": option("N", "What the new network's weights follow from; 0.", SEED),
    },
    backprop,
    cls=TypedCommand,
)
