"""``nissl perceptron``: a perceptron's training on a gate or on data, update by update."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from unicodedata import normalize

from nissl import explain
from nissl.cli import source, tables
from nissl.cli.commands import Command
from nissl.cli.showing import Showing
from nissl.cli.words import AT_LEAST_1, FLAG, NAMES, RATE, SEED, Kind, argument, option
from nissl.errors import ArgumentError, DataError, UnknownNameError
from nissl.i18n import translate as _


def perceptron(
    data: str,
    showing: Showing,
    activation: str = "heaviside",
    target: str | None = None,
    classes: list[str] | None = None,
    rows: int = 24,
    circuit: bool = False,
    **settings: Any,
) -> explain.Explanation:
    """Train and show."""
    from nissl.explain.perceptrons.gates import GATES
    from nissl.explain.perceptrons.run_picture import check_animation
    from nissl.models.perceptron import Perceptron

    name = data.upper() if data.upper() in GATES else ""
    if circuit:
        if not name:
            raise ArgumentError(_("--circuit is for a gate, not for {data}").format(data=data))
        replace(showing, also=()).check()
        return explain.gate(name)
    fitted = Perceptron(activation, **settings)
    if name:
        if target is not None or classes is not None:
            raise ArgumentError(_("--target and --classes are for data, not for a gate"))
        x, y = GATES[name].inputs, list(GATES[name].targets)
    else:
        x, y = _read(data, target, classes)
    study = explain.perceptron_study(
        fitted.fit(x, y), name=name, title=name or Path(data).name, rows=rows
    )
    for path in showing.output:
        if path.lower().endswith(".gif"):
            check_animation(study.run, path)
    return study


def gate(name: str | None = None, basis: str | None = None) -> explain.Explanation:
    """Show one gate, or all of them."""
    if name is not None:
        return explain.gate(name, basis=basis or "NAND")
    if basis is not None:
        raise ArgumentError(_("--from is for one gate; name it, as in: nissl gate XOR --from nor"))
    return explain.gates()


def _initial(option: str, text: str) -> str | list[float]:
    if text in ("zeros", "random"):
        return text
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ArgumentError(
            _(
                "{option} is zeros, random, or numbers with commas between, such as -1.5,1,1; "
                "not {value}"
            ).format(option=option, value=repr(text))
        ) from None


def _read(place: str, target: str | None, classes: list[str] | None) -> tuple[Any, Any]:
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
    wanted = names if classes is None else [normalize("NFC", each) for each in classes]
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


PERCEPTRON = Command(
    "perceptron",
    "Train a perceptron update by update; say why where it cannot learn. Saved as .gif, the "
    "line moves.",
    (
        "perceptron AND -o and.gif",
        "perceptron XOR -o xor.svg",
        "perceptron flowers.csv --classes setosa,virginica --activation sign",
    ),
    {
        "data": argument(
            "GATE|DATA",
            "AND, OR, NAND, NOR, XOR, XNOR or NOT; or the name of a data set, or the path of "
            "your own data.",
        ),
        "activation": option(
            "NAME", "heaviside (outputs 0 and 1, the default) or sign (outputs -1 and 1)."
        ),
        "learning_rate": option("RATE", "Step size of an update: 1 by default.", RATE),
        "max_updates": option("N", "The most updates: 1000 by default.", AT_LEAST_1),
        "initial_weights": option(
            "WEIGHTS",
            "First weights: zeros (the default), random, or numbers such as -1.5,1,1, the bias "
            "first.",
            Kind(str, _initial),
            "--initial",
        ),
        "shuffle": option("", "Take the samples in a new order in each pass.", FLAG),
        "seed": option("N", "Of what is random; the same seed, the same run.", SEED),
        "target": source.READING["target"],
        "classes": option(
            "A,B", "Of data with more classes: the two that are to be separated.", NAMES
        ),
        "rows": option("N", "Updates up to which each is listed: 24 by default.", AT_LEAST_1),
        "circuit": option(
            "",
            "Train nothing; show the gate by given weights, and by NAND alone, as nissl gate does.",
        ),
    },
    perceptron,
    also=(".gif",),
)
