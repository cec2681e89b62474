"""The data that a command is given: by name or by path, and remembered in a run."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nissl import datasets
from nissl.cli.runs import Found
from nissl.cli.words import FLAG, PIXELS, TEXT, TEXTS, Kind, option
from nissl.datasets import Dataset
from nissl.errors import ArgumentError, DataError, UnknownNameError
from nissl.files import user_path
from nissl.i18n import mark
from nissl.i18n import translate as _

Array = NDArray[Any]
Part = Literal["train", "test", "all"]
PARTS: tuple[Part, ...] = ("train", "test", "all")


def _task(_option: str, name: str) -> str:
    tasks = ("auto", "classification", "regression")
    if name not in tasks:
        raise UnknownNameError("task", name, tasks)
    return name


@dataclass(frozen=True)
class Source:
    """Where data come from, and how they are read.

    Attributes:
        place: name of a published data set, or an absolute path.
        options: of :func:`nissl.datasets.load`.
    """

    place: str
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def published(self) -> bool:
        """Whether it is a published data set."""
        return self.place in datasets.names()

    @property
    def name(self) -> str:
        """A short name, such as a folder of a run can have."""
        stem = self.place if self.published else Path(self.place).name.split(".")[0]
        clean = "".join(c if c.isalnum() or c in "-_" else "-" for c in stem).strip("-")
        return clean or "data"

    @property
    def is_table(self) -> bool:
        """Whether it is a table in a text file."""
        return not self.published and Path(self.place).suffix.lower() in (".csv", ".tsv")

    def load(self) -> Dataset:
        """Load the data; what they are noted for is in the result, and not warned of."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return datasets.load(self.place, **self.options)


READING = {  # options of datasets.load, as a command line has them
    "target": option(
        "COLUMN", "Of a table: the column to predict, by name or number; the last.", TEXT
    ),
    "task": option(
        "TASK",
        "Of a table: classification or regression; by default words are classes.",
        Kind(str, _task),
    ),
    "header": option(
        "",
        "Of a table: whether its first line has names; by default where it has words.",
        FLAG,
        "--header/--no-header",
    ),
    "ignore": option("COLUMN", "Of a table: a column to leave out; repeatable.", TEXTS),
    "category": option(
        "COLUMN", "Of a table: a column of categories, whatever is in it; repeatable.", TEXTS
    ),
    "decimal": option(
        "MARK", "Of a table: the decimal mark, . or , where its numbers leave it open.", TEXT
    ),
    "encoding": option(
        "NAME", "Of a table: its encoding, such as cp1252 or cp1258; UTF-8 by default.", TEXT
    ),
    "size": option(
        "PIXELS", "Of a folder of pictures: bring all to this size, such as 28 or 28x20.", PIXELS
    ),
    "colour": option("MODE", "Of a folder of pictures: grey or rgb; by default as they are.", TEXT),
    "test_fraction": option(
        "SHARE",
        "Of own data without a test part: the share set aside for testing; 0.2.",
        Kind(float),
    ),
}


def given(place: str, **options: Any) -> Source:
    """Return the source that arguments on the command line mean.

    ``fashion-mnist`` means ``fashion_mnist``; a relative path is kept as an absolute one. Options
    are those of ``nissl.datasets.load``.
    """
    if not place.strip():
        raise ArgumentError(_("the data are a name or a path, and it is empty"))
    named = place.lower().replace("-", "_")
    if named in datasets.names():
        place = named
    elif user_path(place).exists():
        place = str(user_path(place).absolute())
    return Source(place, options)


def remembered(found: Found) -> Source:
    """Return the source of the data that a run was trained on."""
    place, options = found.data.get("place"), found.data.get("options")
    if not isinstance(place, str) or not isinstance(options, dict):
        raise ArgumentError(
            _("{path} does not say which data it was trained on; name them: {command}").format(
                path=found.path, command=f"nissl evaluate {found.path} DATA"
            )
        )
    return Source(place, dict(options))


CLASSES = (  # of published data sets, in their own order; names of the user's own classes stay
    mark("T-shirt/top"),
    mark("Trouser"),
    mark("Pullover"),
    mark("Dress"),
    mark("Coat"),
    mark("Sandal"),
    mark("Shirt"),
    mark("Sneaker"),
    mark("Bag"),
    mark("Ankle boot"),
)


def shown_names(names: Sequence[str], data_name: str) -> tuple[str, ...]:
    """Return the names of classes as a reader sees them: translated if the data are published."""
    if data_name not in datasets.names():
        return tuple(names)
    return tuple(_(name) if name in CLASSES else name for name in names)


def part(data: Dataset, wanted: Part) -> tuple[Array, Array]:
    """Return samples and targets of a part of the data."""
    if wanted == "train":
        return data.x_train, data.y_train
    if wanted == "test":
        return data.x_test, data.y_test
    x = np.concatenate([data.x_train, data.x_test])
    return x, np.concatenate([data.y_train, data.y_test])


def renumbered(y: Array, names: tuple[str, ...], wanted: tuple[str, ...], what: str) -> Array:
    """Number classes as the model does, by their names.

    Args:
        y: class numbers, shape ``(N,)``.
        names: the names that they stand for.
        wanted: the names in the model's order; empty if they are not known.
        what: the data, for the error.
    """
    if not wanted or names == wanted:
        return y
    strangers = [name for name in names if name not in wanted]
    if strangers:
        raise DataError(
            _("{data} has the classes {strangers}, and the model knows only {known}").format(
                data=what, strangers=", ".join(strangers), known=", ".join(wanted)
            )
        )
    return np.array([wanted.index(name) for name in names])[y.astype(np.int64)]
