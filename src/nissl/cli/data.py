"""``nissl data``: which data sets there are, and what is in one."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from nissl.cli import console, results, source, tables
from nissl.cli.commands import Command
from nissl.cli.messages import translate_message
from nissl.cli.words import argument, option
from nissl.datasets import Dataset
from nissl.errors import ArgumentError
from nissl.i18n import grouped, mark
from nissl.i18n import translate as _

SHOWN = 20  # samples in the picture
_LISTED = 50  # classes up to which each is listed


def data(name: str | None = None, output: str | None = None, **reading: Any) -> None:
    """List data sets or show one."""
    if name is None:
        if output is not None:
            raise ArgumentError(_("--output needs the name of the data to draw samples of"))
        _list()
        return
    place = source.given(name, **reading)
    if place.is_table:
        tables.describe(place)
    loaded = place.load()
    tables.say(loaded.notes)
    _describe(loaded, place)
    if output is not None:
        _draw(loaded, Path(output))


def _list() -> None:
    from nissl import datasets

    for name in datasets.names():
        known = datasets.info(name)
        size = sum(file.size for file in known.files) / 1e6
        console.note(name.replace("_", "-"), "bold")
        console.pairs(
            [
                (_("What"), _about(name)),
                (_("Size"), f"{size:.1f} MB"),
                (_("Licence"), known.licence),
                (_("Where"), _where(name)),
            ]
        )
        console.note()
    console.note(_("Your own data: an .npz, .csv, .tsv or idx file, or a folder of pictures."))


_ABOUT = {
    "fashion_mnist": mark("70,000 grey pictures of clothes, 28 x 28 pixels, 10 classes"),
    "mnist": mark("70,000 grey pictures of handwritten digits, 28 x 28 pixels, 10 classes"),
    "digits": mark("1,797 grey pictures of handwritten digits, 8 x 8 pixels, 10 classes"),
}


def _about(name: str) -> str:
    from nissl import datasets

    return _(_ABOUT[name]) if name in _ABOUT else datasets.info(name).about


def _where(name: str) -> str:
    """Where the data set would be taken from, as far as can be told without the network."""
    from nissl import datasets
    from nissl.files import cache_folder

    known = datasets.info(name)
    places = [(cache_folder() / name, _("in the cache"))]
    if os.environ.get("NISSL_DATA"):
        places.insert(0, (Path(os.environ["NISSL_DATA"]) / name, _("in $NISSL_DATA")))
    for each in known.sources:
        path = getattr(each, "path", None)
        if isinstance(path, Path):
            inside = path.is_relative_to(Path(datasets.__file__).parent)
            places.append((path, _("in the package") if inside else _("on this system")))
    first = known.files[0].name
    for folder, said in places:
        if (folder / first).exists() or (folder / f"{first}.gz").exists():
            return said
    return _("fetched when first used")


def _describe(loaded: Dataset, place: source.Source) -> None:
    from nissl import datasets

    rows = [(_("Name"), loaded.name), (_("Source"), translate_message(loaded.source))]
    if place.published:
        known = datasets.info(place.place)
        rows += [(_("Licence"), known.licence), (_("Citation"), known.citation)]
    tasks = {"classification": _("classification"), "regression": _("regression")}
    rows.append((_("Task"), tasks[loaded.task]))
    for title, x, y in (
        (_("Training"), loaded.x_train, loaded.y_train),
        (_("Test"), loaded.x_test, loaded.y_test),
    ):
        shape = " x ".join(str(n) for n in x.shape)
        values = _("{shape} of {dtype}, from {low} to {high}").format(
            shape=shape, dtype=x.dtype.name, low=f"{x.min():.6g}", high=f"{x.max():.6g}"
        )
        rows.append((title, values))
        if loaded.task == "regression":
            rows.append(
                (
                    _("{part}: targets").format(part=title),
                    _("from {low} to {high}, mean {mean}").format(
                        low=f"{y.min():.6g}", high=f"{y.max():.6g}", mean=f"{y.mean():.6g}"
                    ),
                )
            )
    console.pairs(rows)
    if loaded.task == "classification":
        console.note()
        _count(loaded)


def _count(loaded: Dataset) -> None:
    """Print how many samples each class has."""
    train, test = Counter(loaded.y_train.tolist()), Counter(loaded.y_test.tolist())
    rows = [
        [str(number), name, grouped(train[number]), grouped(test[number])]
        for number, name in enumerate(source.shown_names(loaded.class_names, loaded.name))
    ]
    titles = (_("No."), _("Class"), _("Training"), _("Test"))
    console.table(titles, rows[:_LISTED], numbers=(0, 2, 3))
    if len(rows) > _LISTED:
        console.note(_("... and {count} more classes").format(count=len(rows) - _LISTED))


def _draw(loaded: Dataset, path: Path) -> None:
    """Draw samples: of every class in turn."""
    from nissl import plots

    if not results.is_picture(loaded.x_train.shape[1:]):
        shape = " x ".join(str(n) for n in loaded.x_train.shape[1:])
        raise ArgumentError(
            _("--output draws pictures, and one sample of {data} is {shape} numbers").format(
                data=loaded.name, shape=shape
            )
        )
    if path.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise ArgumentError(
            _("--output is a .png, .svg or .pdf file, not {path}").format(path=path)
        )
    chosen = _of_every_class(loaded.y_train, SHOWN)
    names = source.shown_names(loaded.class_names, loaded.name)
    labels = [names[int(loaded.y_train[i])] if names else str(loaded.y_train[i]) for i in chosen]
    plots.save(plots.samples(loaded.x_train[chosen], labels, loaded.name), path)
    console.note()
    console.note(_("{count} samples are drawn in {path}").format(count=len(chosen), path=path))


def _of_every_class(y: np.ndarray[tuple[int, ...], np.dtype[np.generic]], count: int) -> list[int]:
    """The first samples of each class, the first of all classes first."""
    seen: Counter[object] = Counter()
    ranked: list[tuple[int, float, int]] = []
    for place, value in enumerate(y.reshape(len(y), -1)[:, 0].tolist()):
        if seen[value] < count:
            ranked.append((seen[value], float(value), place))
            seen[value] += 1
    return [place for _rank, _value, place in sorted(ranked)[:count]]


DATA = Command(
    "data",
    "List the data sets, or show what is in one.",
    ("data", "data fashion-mnist -o samples.png"),
    {
        "name": argument("DATA", "Name of a data set, or path of your own data."),
        "output": option("FILE", "Draw some samples into this picture file.", flags="-o --output"),
        **source.READING,
    },
    data,
    shows=False,
)
