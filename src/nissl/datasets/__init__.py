"""Real data: published data sets by name, and a user's own files.

``load(name_or_path)`` returns a ``Dataset``; ``fashion_mnist.load_data()`` and its siblings return
Keras's ``(x_train, y_train), (x_test, y_test)``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nissl.datasets import dataset, digits, fashion_mnist, files, mnist, pictures, registry, table
from nissl.datasets.dataset import *
from nissl.datasets.files import *
from nissl.datasets.pictures import *
from nissl.datasets.pictures import Colour
from nissl.datasets.registry import *
from nissl.datasets.registry import load_published
from nissl.datasets.survey import Header
from nissl.datasets.table import *
from nissl.datasets.table import Task
from nissl.errors import ArgumentError, DataError, FileFormatError
from nissl.files import user_path
from nissl.names import absent

__all__ = ["digits", "fashion_mnist", "load", "mnist"]
__all__ += [*dataset.__all__, *files.__all__, *pictures.__all__, *registry.__all__, *table.__all__]


TABLE_OPTIONS = ("target", "task", "header", "ignore", "category", "decimal", "encoding")


def load(
    name_or_path: str | os.PathLike[str],
    *,
    target: str | int | None = None,
    task: Task | None = None,
    header: Header | None = None,
    ignore: str | int | Iterable[str | int] | None = None,
    category: str | int | Iterable[str | int] | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    size: int | tuple[int, int] | None = None,
    colour: Colour | None = None,
    test_fraction: float | None = None,
    seed: int | None = None,
) -> Dataset:
    """Load a published data set by its name, or a user's own data by its path.

    Args:
        name_or_path: One of ``names()``; or an ``.npz`` file, an idx file, a ``.csv`` or ``.tsv``
            file, a folder of idx files, or a folder of images with one sub-folder a class.
        target: Of a table: name or number of the target column (the last one if not given).
        task: Of a table: ``"classification"``, ``"regression"`` or ``"auto"``.
        header: Of a table: whether its first line has names; ``"infer"``.
        ignore: Of a table: columns to leave out.
        category: Of a table: columns of categories, whatever is in them.
        decimal: Of a table: ``","`` or ``"."`` where its numbers leave it open.
        encoding: Of a table: such as ``"cp1252"``.
        size: Of images: the height and width in pixels to bring all to.
        colour: Of images: ``"grey"``, ``"rgb"`` or ``"auto"``.
        test_fraction: Share set aside for testing if the data have no test part, in (0, 1); 0.2.
        seed: Which split; 0.

    Raises:
        ArgumentError: an option that data of this kind do not have; or an unknown name.
        DataError: the data cannot be trained on, or no source has them.
        FileFormatError: a file is damaged, hostile, or of another format.

    >>> load("digits").x_test.shape
    (360, 8, 8)
    """
    options: dict[str, Any] = {
        "target": target,
        "task": task,
        "header": header,
        "ignore": ignore,
        "category": category,
        "decimal": decimal,
        "encoding": encoding,
        "size": size,
        "colour": colour,
        "test_fraction": test_fraction,
        "seed": seed,
    }
    given = {key: value for key, value in options.items() if value is not None}
    path = user_path(name_or_path, "load: the name or path")
    if name_or_path in names() or not (path.exists() or path.suffix or len(path.parts) > 1):
        _allow(str(name_or_path), given)
        return load_published(str(name_or_path))
    if not path.exists():
        raise DataError(f"{path}: there is no such file or folder.")
    if path.is_dir():
        if any("idx" in each.name or "ubyte" in each.name for each in path.iterdir()):
            _allow(f"the idx folder {path}", given, "test_fraction", "seed")
            return from_idx(path, **given)
        _allow(f"the image folder {path}", given, "size", "colour", "test_fraction", "seed")
        return from_images(path, **given)
    if path.suffix.lower() in (".csv", ".tsv"):
        _allow(f"the table {path}", given, *TABLE_OPTIONS, "test_fraction", "seed")
        return from_csv(path, **given)
    _allow(f"the file {path}", given, "test_fraction", "seed")
    if path.suffix.lower() == ".npz":
        return from_npz(path, **given)
    if "idx" in path.name or "ubyte" in path.name:
        return from_idx(path, **given)
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise FileFormatError(f"{path} is a workbook, not a text; save its sheet as CSV UTF-8.")
    raise FileFormatError(
        f"{path}: data are read from .npz, .csv, .tsv and idx files, and from folders; "
        f"the ending {path.suffix!r} is none of these."
    )


def _allow(what: str, given: dict[str, Any], *options: str) -> None:
    for key in given:
        if key not in options:
            raise ArgumentError(
                f"{key} has no meaning for {what}; it takes {', '.join(options) or 'no options'}."
            )


if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
