"""``nissl predict``: what a trained network says of pictures, rows or samples."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nissl.cli import console, inputs, runs, source, tables
from nissl.cli.commands import Command
from nissl.cli.words import AT_LEAST_1, RUN, argument, option, within
from nissl.errors import ArgumentError, DataError
from nissl.files import user_path
from nissl.i18n import translate as _

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Asked:
    """A sample to predict for: its name, its values, and the truth if it is known."""

    name: str
    sample: Array
    truth: str | None = None


def predict(
    run: str,
    *files: str,
    sample: list[int] | None = None,
    top: int = 3,
    resize: bool = False,
    invert: bool = False,
    encoding: str | None = None,
    as_json: bool = False,
) -> None:
    """Predict."""
    if not files and not sample:
        raise ArgumentError(
            _("name a file to predict for, or a test sample of the run with --sample 0")
        )
    found = runs.find(run)
    model = found.load()
    shape = tuple(int(n) for n in model.input_shape[1:])
    form = inputs.Form(shape, resize, invert, tables.columns_of(found), encoding)
    asked = [Asked(*each) for file in files for each in inputs.read(user_path(file), form)]
    if sample:
        asked += _samples(found, sample)
    outputs = model.predict(_stacked(asked), verbose=0)
    if _classifies(found, model):
        _show_classes(found, asked, outputs, top, as_json)
    else:
        _show_values(asked, outputs, as_json)


def _samples(found: runs.Found, numbers: list[int]) -> list[Asked]:
    """Samples of the test part of the run's data, with their truth."""
    loaded = tables.own(found)
    asked: list[Asked] = []
    for number in numbers:
        value = loaded.y_test[within("--sample", number, len(loaded.x_test) - 1)]
        truth = loaded.class_names[int(value)] if loaded.class_names else _values(np.ravel(value))
        name = _("{data}, test sample {number}").format(data=loaded.name, number=number)
        asked.append(Asked(name, loaded.x_test[number], truth))
    return asked


def _stacked(asked: list[Asked]) -> Array:
    """All samples as one array; a mix of kinds becomes float32."""
    kinds = {each.sample.dtype for each in asked}
    shapes = {each.sample.shape for each in asked}
    if len(shapes) > 1:
        raise DataError(_("the inputs have different shapes: {shapes}").format(shapes=shapes))
    array = np.stack([each.sample for each in asked])
    return array if len(kinds) == 1 else array.astype(np.float32)


def _classifies(found: runs.Found, model: Any) -> bool:
    """Whether the outputs are probabilities of classes."""
    from nissl import activations

    if found.data.get("task") in ("classification", "regression"):
        return found.data["task"] == "classification"
    last = getattr(model.layers[-1], "activation", None) if model.layers else None
    return last is activations.softmax


def _show_classes(
    found: runs.Found, asked: list[Asked], outputs: Array, top: int, as_json: bool
) -> None:
    names = found.class_names
    if len(names) != outputs.shape[-1]:
        names = tuple(str(number) for number in range(outputs.shape[-1]))
    shown = source.shown_names(names, str(found.data.get("place")))
    best = np.argsort(-outputs, axis=-1, kind="stable")[:, :top]
    ranked = [
        [(int(i), float(row[i])) for i in order] for row, order in zip(outputs, best, strict=True)
    ]
    if as_json:
        _print(asked, "classes", [
            [{"name": names[i], "probability": share} for i, share in each] for each in ranked
        ])  # fmt: skip
        return
    titles = [_("Rank {number}").format(number=number + 1) for number in range(best.shape[1])]
    titles[0] = _("Prediction")
    told = [[f"{shown[i]} {100 * share:.1f}%" for i, share in each] for each in ranked]
    translated = dict(zip(names, shown, strict=True))
    truths = [translated.get(each.truth or "", each.truth) for each in asked]
    _table(asked, titles, told, truths)


def _show_values(asked: list[Asked], outputs: Array, as_json: bool) -> None:
    flat = outputs.reshape(len(outputs), -1)
    if as_json:
        _print(asked, "values", [[float(value) for value in row] for row in flat])
        return
    told, truths = [[_values(row)] for row in flat], [each.truth for each in asked]
    _table(asked, [_("Prediction")], told, truths, numbers=(1,))


def _print(asked: list[Asked], name: str, found: list[Any]) -> None:
    """Print what was found for each sample as JSON."""
    described = [
        {"input": each.name, **({} if each.truth is None else {"truth": each.truth}), name: value}
        for each, value in zip(asked, found, strict=True)
    ]
    print(json.dumps(described, indent=2, ensure_ascii=False))


def _table(
    asked: list[Asked],
    titles: list[str],
    told: list[list[str]],
    truths: list[str | None],
    numbers: tuple[int, ...] = (),
) -> None:
    """Print a row for each sample, with the truth if any is known."""
    known = any(truth is not None for truth in truths)
    rows = [
        [each.name, *row, *([truth or ""] if known else [])]
        for each, row, truth in zip(asked, told, truths, strict=True)
    ]
    console.table([_("Input"), *titles, *([_("Truth")] if known else [])], rows, numbers=numbers)


def _values(row: Array) -> str:
    return ", ".join(f"{float(value):.6g}" for value in row)


PREDICT = Command(
    "predict",
    "Ask a trained network about pictures, rows of a table, or test samples.",
    (
        "predict demo-run shoe.png --resize",
        "predict demo-run --sample 0 --sample 7",
        "predict runs/flowers new.csv --json",
    ),
    {
        "run": RUN,
        "files": argument(
            "INPUT", "Pictures, tables (.csv, .tsv) or arrays (.npz) to predict for."
        ),
        "sample": option(
            "N", "Number of a sample in the test part of the run's data, from 0; repeatable."
        ),
        "top": option("N", "How many classes to show: 3 by default.", AT_LEAST_1),
        "resize": option("", "Bring pictures to the size that the model takes."),
        "invert": option("", "Turn pictures that are dark on light into light on dark."),
        "encoding": source.READING["encoding"],
        "as_json": option("", "Print the predictions as JSON.", flags="--json"),
    },
    predict,
    shows=False,
)
