"""``nissl perceptron``: a perceptron's training on a gate or on data, update by update."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from unicodedata import normalize

import typer

from nissl.cli import checks, showing, source, tables
from nissl.cli.help import HelpCommand
from nissl.cli.options import Debug, Lang, Target
from nissl.cli.showing import Force, Format
from nissl.errors import ArgumentError, DataError, UnknownNameError
from nissl.i18n import mark
from nissl.i18n import translate as _

Data = Annotated[
    str,
    typer.Argument(
        metavar="GATE|DATA",
        help=mark(
            "AND, OR, NAND, NOR, XOR, XNOR or NOT; or the name of a data set, or the path of your "
            "own data."
        ),
    ),
]
Activation = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help=mark("heaviside (outputs 0 and 1, the default) or sign (outputs -1 and 1)."),
    ),
]
LearningRate = Annotated[
    float, typer.Option(metavar="RATE", help=mark("Step size of an update: 1 by default."))
]
MaxUpdates = Annotated[
    int, typer.Option(metavar="N", help=mark("The most updates: 1000 by default."))
]
Initial = Annotated[
    str,
    typer.Option(
        metavar="WEIGHTS",
        help=mark(
            "First weights: zeros (the default), random, or numbers such as -1.5,1,1, the bias "
            "first."
        ),
    ),
]
Shuffle = Annotated[
    bool, typer.Option("--shuffle", help=mark("Take the samples in a new order in each pass."))
]
Seed = Annotated[
    int,
    typer.Option(metavar="N", help=mark("Of what is random; the same seed, the same run.")),
]
Classes = Annotated[
    str | None,
    typer.Option(
        metavar="A,B", help=mark("Of data with more classes: the two that are to be separated.")
    ),
]
Rows = Annotated[
    int,
    typer.Option(metavar="N", help=mark("Updates up to which each is listed: 24 by default.")),
]
Circuit = Annotated[
    bool,
    typer.Option(
        "--circuit",
        help=mark(
            "Train nothing; show the gate by given weights, and by NAND alone, as nissl gate does."
        ),
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        help=mark(
            "Write into this file too: .svg .png .pdf, .gif (the line moves), .txt .md .tex .html; "
            "may be repeated."
        ),
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "perceptron",
        cls=HelpCommand,
        help=mark("Train a perceptron update by update; say why where it cannot learn."),
        epilog=mark(
            "Examples:\n"
            "  nissl perceptron AND -o and.gif\n"
            "  nissl perceptron XOR -o xor.svg\n"
            "  nissl perceptron flowers.csv --classes setosa,virginica --activation sign"
        ),
    )(perceptron)


def perceptron(
    data: Data,
    activation: Activation = "heaviside",
    learning_rate: LearningRate = 1.0,
    max_updates: MaxUpdates = 1000,
    initial: Initial = "zeros",
    shuffle: Shuffle = False,
    seed: Seed = 0,
    target: Target = None,
    classes: Classes = None,
    rows: Rows = 24,
    circuit: Circuit = False,
    output: Output = None,
    force: Force = False,
    format: Format = "table",
    lang: Lang = None,
    debug: Debug = False,
) -> None:
    """Train and show."""
    showing.check(output, force, format, () if circuit else (".gif",))
    from nissl.explain.perceptrons.gates import GATES, gate
    from nissl.explain.perceptrons.run_picture import check_animation
    from nissl.explain.perceptrons.study import perceptron_study
    from nissl.models.perceptron import Perceptron

    name = data.upper() if data.upper() in GATES else ""
    if circuit:
        if not name:
            raise ArgumentError(_("--circuit is for a gate, not for {data}").format(data=data))
        showing.show(gate(name), output, force, format)
        return
    checks.positive("--learning-rate", learning_rate)
    checks.at_least("--max-updates", max_updates)
    checks.at_least("--rows", rows)
    checks.seed(seed)
    fitted = Perceptron(
        activation,
        learning_rate=learning_rate,
        max_updates=max_updates,
        initial_weights=_weights(initial),
        shuffle=shuffle,
        seed=seed,
    )
    if name:
        if target is not None or classes is not None:
            raise ArgumentError(_("--target and --classes are for data, not for a gate"))
        x, y = GATES[name].inputs, list(GATES[name].targets)
    else:
        x, y = _read(data, target, classes)
    study = perceptron_study(fitted.fit(x, y), name=name, title=name or Path(data).name, rows=rows)
    for path in output or ():
        if path.suffix.lower() == ".gif":
            check_animation(study.run, path)
    showing.show(study, output, force, format, (".gif",))


def _weights(text: str) -> Any:
    """What ``--initial`` means: ``zeros``, ``random``, or numbers."""
    if text in ("zeros", "random"):
        return text
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ArgumentError(
            _(
                "--initial is zeros, random, or numbers with commas between, such as -1.5,1,1; "
                "not {value}"
            ).format(value=repr(text))
        ) from None


def _read(place: str, target: str | None, classes: str | None) -> tuple[Any, Any]:
    """Samples as rows of numbers, and the labels of two classes."""
    import numpy as np

    from nissl import datasets
    from nissl.explain.perceptrons.gates import GATES

    path, named = Path(place), place.lower().replace("-", "_")
    if named not in datasets.names() and not (path.exists() or path.suffix or len(path.parts) > 1):
        raise UnknownNameError("gate or data set", place, [*GATES, *datasets.names()])
    table = path.suffix.lower() in (".csv", ".tsv")
    loaded = source.given(place, target=target, task="classification" if table else None).load()
    tables.say(loaded.notes, error=True)
    x, y = source.part(loaded, "all")
    if loaded.task == "regression":
        raise DataError(
            _("{data} has measured values for targets, and a perceptron needs two classes").format(
                data=loaded.name
            )
        )
    names = list(loaded.class_names)
    given = [] if classes is None else normalize("NFC", classes).split(",")
    wanted = names if classes is None else [each.strip() for each in given]
    for each in wanted:
        if each not in names:
            raise UnknownNameError("class", each, names)
    if len(set(wanted)) != 2:
        raise ArgumentError(
            _(
                "a perceptron separates two classes, and {data} has {count}: {names}; choose two "
                "of them, such as --classes {example}"
            ).format(
                data=loaded.name,
                count=len(set(names)),
                names=_shortened(names),
                example=",".join((names * 2)[:2]),
            )
        )
    chosen = np.isin(y, [names.index(each) for each in wanted])
    labels = np.array(names)[y[chosen].astype(np.int64)]
    if all(each.lstrip("-").isdecimal() for each in wanted):
        labels = labels.astype(np.int64)
    return x[chosen].reshape(int(chosen.sum()), -1), labels


def _shortened(names: list[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
