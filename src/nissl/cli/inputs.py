"""What ``nissl predict`` is given: pictures, rows of a table, arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nissl.cli import tables
from nissl.datasets import pictures
from nissl.datasets.columns import Column, Columns
from nissl.datasets.files import check_regular, read_npz
from nissl.datasets.pictures import SUFFIXES, open_image, read_pixels
from nissl.datasets.table import read_like
from nissl.errors import DataError, FileFormatError, ShapeError
from nissl.i18n import translate as _

Array = NDArray[Any]


@dataclass(frozen=True)
class Form:
    """What the model takes, and how pictures are brought to it.

    Attributes:
        shape: shape of one sample.
        resize: whether pictures of another size are resized.
        invert: whether pictures are turned from dark on light to light on dark.
        columns: of a table: the columns that the model was trained on, if they are known.
        encoding: of a table.
    """

    shape: tuple[int, ...]
    resize: bool = False
    invert: bool = False
    columns: Columns | None = None
    encoding: str | None = None


def read(path: Path, form: Form) -> list[tuple[str, Array]]:
    """Return every sample in a file with a name for it.

    Raises:
        DataError: the file is missing, or its samples do not have the model's shape.
        FileFormatError: it is damaged, or of a kind that is not read.
    """
    kind = path.suffix.lower()
    if kind in SUFFIXES:
        return [(path.name, read_picture(path, form))]
    if kind in (".csv", ".tsv"):
        return _table(path, form)
    if kind == ".npz":
        return _arrays(path, form)
    check_regular(path)
    raise FileFormatError(
        _("{path}: predictions are made from pictures, .csv, .tsv and .npz files").format(path=path)
    )


# ---- pictures --------------------------------------------------------------------------------
def read_picture(path: Path, form: Form) -> Array:
    """Return a picture as the model takes it: bytes of shape ``form.shape``."""
    wanted = _picture_form(path, form.shape)
    image, _clear = open_image(path)
    if not form.resize and image.size != (wanted.width, wanted.height):
        raise DataError(
            _(
                "{path} has {given} pixels, and the model takes {wanted}; "
                "add --resize to bring it to this size"
            ).format(
                path=path,
                given=f"{image.height} x {image.width}",
                wanted=f"{wanted.height} x {wanted.width}",
            )
        )
    pixels = read_pixels(path, wanted)
    return (255 - pixels if form.invert else pixels).reshape(form.shape)


def _picture_form(path: Path, shape: tuple[int, ...]) -> pictures.Form:
    if len(shape) == 2 or (len(shape) == 3 and shape[-1] in (1, 3)):
        mode = "RGB" if len(shape) == 3 and shape[-1] == 3 else "L"
        return pictures.Form(shape[0], shape[1], mode)
    raise DataError(
        _("{path} is a picture, and the model takes samples of shape {shape}").format(
            path=path, shape=_shown(shape)
        )
    )


# ---- tables ----------------------------------------------------------------------------------
def _table(path: Path, form: Form) -> list[tuple[str, Array]]:
    columns = form.columns or _numbered(math.prod(form.shape))
    samples, _targets, lines, notes = read_like(path, columns, encoding=form.encoding)
    tables.say(notes, error=True)
    names = (_("{file}, line {line}").format(file=path.name, line=line) for line in lines)
    shaped = samples.reshape(len(samples), *form.shape)
    return list(zip(names, shaped, strict=True))


def _numbered(features: int) -> Columns:
    """What a table has for a model that nothing is known of: numbers, and perhaps a target."""
    used = [Column(str(number), number, "number") for number in range(1, features + 2)]
    return Columns(False, features + 1, used.pop(), tuple(used))


# ---- arrays ----------------------------------------------------------------------------------
def _arrays(path: Path, form: Form) -> list[tuple[str, Array]]:
    arrays = read_npz(path)
    wanted = next((name for name in ("x", "x_test") if name in arrays), None)
    if wanted is None and len(arrays) == 1:
        wanted = next(iter(arrays))
    if wanted is None:
        raise DataError(
            _("{path} has the arrays {names}; name the samples x").format(
                path=path, names=", ".join(sorted(arrays)) or "-"
            )
        )
    array = arrays[wanted]
    if array.shape == form.shape:
        array = array[None]
    if array.shape[1:] != form.shape or not len(array):
        raise ShapeError(
            _("{path}: {name} has shape {given}, and the model takes samples of {wanted}").format(
                path=path, name=wanted, given=array.shape, wanted=_shown(form.shape)
            )
        )
    return [(f"{path.name}, {wanted}[{i}]", sample) for i, sample in enumerate(array)]


def _shown(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)
