"""``nissl train``: a network from data, with everything that was learnt about it in a folder."""

from __future__ import annotations

from typing import Annotated

import typer

from nissl.cli import console, runs, source, tables
from nissl.cli.help import HelpCommand
from nissl.cli.options import Debug, Lang, Reading, taking
from nissl.cli.settings import Settings, parse_hidden
from nissl.cli.training import Training
from nissl.files import user_path
from nissl.i18n import mark
from nissl.i18n import translate as _

INTERRUPTED = 130

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help=mark("Name of a data set (see: nissl data), or path of your own data."),
    ),
]
Hidden = Annotated[
    str,
    typer.Option(metavar="UNITS", help=mark("Units of each hidden layer: 300,100 by default.")),
]
Activation = Annotated[
    str,
    typer.Option(metavar="NAME", help=mark("Activation of the hidden layers: relu by default.")),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        metavar="N", help=mark("Passes over the data: 30 by default, more for small data.")
    ),
]
BatchSize = Annotated[
    int, typer.Option(metavar="N", help=mark("Samples in a step: 32 by default."))
]
Optimizer = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help=mark("Optimizer: by default sgd for pictures, adam for other data.")
    ),
]
LearningRate = Annotated[
    float | None,
    typer.Option(metavar="RATE", help=mark("Step size: by default 0.01 for sgd, 0.001 for adam.")),
]
Momentum = Annotated[
    float | None, typer.Option(metavar="SHARE", help=mark("Momentum of sgd: 0 by default."))
]
Dropout = Annotated[
    float,
    typer.Option(
        metavar="SHARE", help=mark("Share of hidden units dropped in each step: 0 by default.")
    ),
]
Split = Annotated[
    float,
    typer.Option(
        metavar="SHARE",
        help=mark("Share of the training data kept for validation: 1/12 by default."),
    ),
]
Seed = Annotated[
    int,
    typer.Option(metavar="N", help=mark("The same seed gives the same network: 42 by default.")),
]
Run = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="FOLDER",
        help=mark("Folder for the results: runs/DATA-DATE-TIME by default. Never written over."),
    ),
]
WatchLayers = Annotated[
    bool,
    typer.Option(
        "--watch",
        help=mark(
            "Watch every layer while it trains: activations, gradients, dead units, and a verdict."
        ),
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help=mark("Show the network before it is trained."))
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "train",
        cls=HelpCommand,
        help=mark("Train a network, and write model, curves and mistakes into a folder."),
        epilog=mark(
            "Examples:\n"
            "  nissl train fashion-mnist\n"
            "  nissl train digits --hidden 64 --activation tanh --optimizer adam\n"
            "  nissl train flowers.csv --target species --run runs/flowers"
        ),
    )(taking(Reading, train))


def train(
    data: Data,
    hidden: Hidden = "300,100",
    activation: Activation = "relu",
    epochs: Epochs = None,
    batch_size: BatchSize = 32,
    optimizer: Optimizer = None,
    learning_rate: LearningRate = None,
    momentum: Momentum = None,
    dropout: Dropout = 0.0,
    validation_split: Split = 1 / 12,
    seed: Seed = 42,
    run: Run = None,
    *,
    reading: Reading,
    watch: WatchLayers = False,
    verbose: Verbose = False,
    lang: Lang = None,
    debug: Debug = False,
) -> None:
    """Train a network on data."""

    def settings(default: str) -> Settings:
        return Settings(
            hidden=parse_hidden(hidden),
            activation=activation,
            optimizer=optimizer or default,
            learning_rate=learning_rate,
            momentum=momentum,
            dropout=dropout,
            epochs=epochs,
            batch_size=batch_size,
            validation_split=validation_split,
            seed=seed,
        )

    settings("sgd")  # what is wrong with them is said before anything is loaded
    place = source.given(data, **vars(reading))
    loaded = place.load()
    tables.say(loaded.notes)
    from nissl.cli.network import is_bytes

    job = Training.prepare(settings("sgd" if is_bytes(loaded.x_train) else "adam"), loaded, place)
    folder = runs.new_folder(run, place.name)
    if run is not None and folder != user_path(run):
        console.warn(
            _("{wanted} exists, and is left as it is; this run goes into {folder}").format(
                wanted=run, folder=folder
            )
        )
    finished = job.run(folder, verbose, watch)
    raise typer.Exit(0 if finished else INTERRUPTED)
