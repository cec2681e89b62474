"""``nissl depth``: why deep networks were hard to train, set-ups side by side."""

from __future__ import annotations

from typing import Annotated

import typer

from nissl.cli import showing
from nissl.explain.report import Explanation
from nissl.i18n import mark

Setups = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SETUP",
        help=mark(
            "Activation and initializer, such as relu:he_normal or sigmoid:random_normal:stddev=1; "
            "by default naive ones beside those made for tanh, relu and selu."
        ),
    ),
]
Layers = Annotated[
    int, typer.Option(metavar="N", help=mark("Hidden layers: 20 by default, at most 200."))
]
Units = Annotated[
    int, typer.Option(metavar="N", help=mark("Units in each of them: 64 by default."))
]
Epochs = Annotated[
    int,
    typer.Option(
        metavar="N", help=mark("Epochs of training: 3 by default; 0 only looks at the beginning.")
    ),
]
Data = Annotated[
    str,
    typer.Option(metavar="NAME", help=mark("A classification data set: digits by default.")),
]
Optimizer = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help=mark("Optimizer: plain sgd with learning rate 0.01 by default.")
    ),
]
BatchSize = Annotated[
    int, typer.Option(metavar="N", help=mark("Samples in a step: 32 by default."))
]
Seed = Annotated[
    int,
    typer.Option(metavar="N", help=mark("The same seed gives the same networks: 42 by default.")),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    showing.register(
        app,
        "depth",
        depth,
        help=mark(
            "Show how signals and gradients vanish or explode in deep networks, and which set-ups "
            "of activation and initializer learn."
        ),
        epilog=mark(
            "Examples:\n"
            "  nissl depth -o depth.svg\n"
            "  nissl depth sigmoid:glorot_uniform relu:he_normal --layers 30 --epochs 5\n"
            "  nissl depth tanh:random_normal:stddev=0.3 tanh:glorot_normal --epochs 0"
        ),
    )


def depth(
    setups: Setups = None,
    layers: Layers = 20,
    units: Units = 64,
    epochs: Epochs = 3,
    data: Data = "digits",
    optimizer: Optimizer = None,
    batch_size: BatchSize = 32,
    seed: Seed = 42,
) -> Explanation:
    """Compare deep networks."""
    from nissl.explain.training.deep import depth as compare

    return compare(
        *(setups or ()),
        layers=layers,
        units=units,
        epochs=epochs,
        data=data,
        optimizer=optimizer,
        batch_size=batch_size,
        seed=seed,
    )
