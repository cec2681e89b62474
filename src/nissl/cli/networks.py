"""``nissl neuron`` and ``nissl network``: one neuron at work, and a network by its sizes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nissl import explain
from nissl.cli.commands import Command
from nissl.cli.weights import ENDINGS, WEIGHTS, Weights, read
from nissl.cli.words import NUMBER, NUMBERS, UNITS, Kind, argument, option
from nissl.errors import ArgumentError
from nissl.i18n import translate as _


def neuron(
    *,
    weights: Sequence[float] | Weights | None = None,
    bias: float | None = None,
    inputs: Sequence[float] | None = None,
    activation: str = "heaviside",
) -> explain.Explanation:
    """Show one neuron at work."""
    if isinstance(weights, Weights):
        if bias is not None:
            raise ArgumentError(_("the file of weights has the bias too; leave out --bias"))
        weights.check([weights.sizes[0], 1])
        bias, *weights = weights.layers[0][0].tolist()
    if weights is None:
        weights, bias = [1.0, 1.0], -1.5 if bias is None else bias  # the gate AND
    return explain.neuron(weights, bias or 0.0, inputs or [1.0] * len(weights), activation)


def _weights(option: str, text: str) -> Weights | list[float]:
    """Numbers, or a file of them."""
    return read(text) if Path(text).suffix.lower() in ENDINGS else NUMBERS.read(option, text)


NEURON = Command(
    "neuron",
    "Show one neuron at work: its sum term by term, and what the activation makes of it.",
    (
        "neuron --weights 1,1 --bias -1.5 --inputs 1,0",
        "neuron --weights 0.8,-1.2 --bias 0.3 --activation tanh -o neuron.svg",
    ),
    {
        "weights": option(
            "NUMBERS|FILE",
            "w_1, w_2, ... with commas; or a .csv, .json or .npz file that has the bias w_0 "
            "before them. 1,1 by default, with the bias -1.5: AND.",
            Kind(str, _weights),
        ),
        "bias": option("NUMBER", "w_0: 0 by default.", NUMBER),
        "inputs": option("NUMBERS", "x_1, x_2, ... with commas: 1 by default.", NUMBERS),
        "activation": option("NAME", "Activation function: heaviside by default."),
    },
    neuron,
)


def network(sizes: tuple[int, ...], *, weights: Weights | None = None) -> explain.Explanation:
    """Show a network by its sizes."""
    if weights is None:
        return explain.network(sizes)
    weights.check(sizes)
    kernels = [each[:, 1:].T for each in weights.layers]
    return explain.network(sizes, kernels, [each[:, 0] for each in weights.layers])


NETWORK = Command(
    "network",
    "Draw a fully connected feed-forward network of given sizes, and count its weights and biases.",
    ("network 2,4,3 -o network.svg", "network 1,3,1 --weights weights.csv -o network.svg"),
    {
        "sizes": argument("SIZES", "Numbers of units with commas, inputs first: 2,4,3.", UNITS),
        "weights": WEIGHTS,
    },
    network,
)
