"""``nissl train``: a network from data, with everything that was learnt about it in a folder."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import typer

from nissl.cli import console, runs, source, tables
from nissl.cli.commands import Command
from nissl.cli.settings import Settings
from nissl.cli.training import Training
from nissl.cli.words import AT_LEAST_1, RATE, SEED, SHARE, UNITS, argument, option
from nissl.files import user_path
from nissl.i18n import translate as _

INTERRUPTED = 130


def train(
    data: str, run: str | None = None, watch: bool = False, verbose: bool = False, **given: Any
) -> None:
    """Train a network on data."""
    chosen = {f.name: given.pop(f.name) for f in fields(Settings) if f.name in given}
    Settings(**chosen)  # what is wrong with them is said before anything is loaded
    place = source.given(data, **given)
    loaded = place.load()
    tables.say(loaded.notes)
    from nissl.cli.network import is_bytes

    default: dict[str, Any] = {"optimizer": "sgd" if is_bytes(loaded.x_train) else "adam"}
    job = Training.prepare(Settings(**default | chosen), loaded, place)
    folder = runs.new_folder(run, place.name)
    if run is not None and folder != user_path(run):
        console.warn(
            _("{wanted} exists, and is left as it is; this run goes into {folder}").format(
                wanted=run, folder=folder
            )
        )
    finished = job.run(folder, verbose, watch)
    raise typer.Exit(0 if finished else INTERRUPTED)


TRAIN = Command(
    "train",
    "Train a network, and write model, curves and mistakes into a folder.",
    (
        "train fashion-mnist",
        "train digits --hidden 64 --activation tanh --optimizer adam",
        "train flowers.csv --target species --run runs/flowers",
    ),
    {
        "data": argument("DATA", "Name of a data set (see: nissl data), or path of your own data."),
        "hidden": option("UNITS", "Units of each hidden layer: 300,100 by default.", UNITS),
        "activation": option("NAME", "Activation of the hidden layers: relu by default."),
        "epochs": option(
            "N", "Passes over the data: 30 by default, more for small data.", AT_LEAST_1
        ),
        "batch_size": option("N", "Samples in a step: 32 by default.", AT_LEAST_1),
        "optimizer": option("NAME", "Optimizer: by default sgd for pictures, adam for other data."),
        "learning_rate": option(
            "RATE", "Step size: by default 0.01 for sgd, 0.001 for adam.", RATE
        ),
        "momentum": option("SHARE", "Momentum of sgd: 0 by default.", SHARE),
        "dropout": option(
            "SHARE", "Share of hidden units dropped in each step: 0 by default.", SHARE
        ),
        "validation_split": option(
            "SHARE", "Share of the training data kept for validation: 1/12 by default.", SHARE
        ),
        "seed": option("N", "The same seed gives the same network: 42 by default.", SEED),
        "run": option(
            "FOLDER", "Folder for the results: runs/DATA-DATE-TIME by default. Never written over."
        ),
        **source.READING,
        "watch": option(
            "",
            "Watch every layer while it trains: activations, gradients, dead units, and a verdict.",
        ),
        "verbose": option("", "Show the network before it is trained.", flags="-v --verbose"),
    },
    train,
    shows=False,
)
