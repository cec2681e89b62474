"""What ``nissl predict`` is given: pictures, rows of a table, arrays."""

from __future__ import annotations

import csv
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nissl.datasets.files import check_regular, read_npz
from nissl.datasets.pictures import SUFFIXES
from nissl.errors import DataError, FileFormatError, MissingDependencyError, ShapeError
from nissl.i18n import translate as _

Array = NDArray[Any]


@dataclass(frozen=True)
class Form:
    """What the model takes, and how pictures are brought to it.

    Attributes:
        shape: shape of one sample.
        resize: whether pictures of another size are resized.
        invert: whether pictures are turned from dark on light to light on dark.
        target: name of the column of a table that holds the target; ``None`` for the last.
    """

    shape: tuple[int, ...]
    resize: bool = False
    invert: bool = False
    target: str | None = None


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
    try:
        from PIL import Image, ImageOps, UnidentifiedImageError
    except ImportError as error:
        raise MissingDependencyError("pillow", "Reading images", "images") from error
    height, width, mode = _picture_form(path, form.shape)
    check_regular(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                if opened.mode.startswith(("I", "F")):
                    raise FileFormatError(
                        _("{path} has more than 8 bits a pixel; save it with 8 bits").format(
                            path=path
                        )
                    )
                image = ImageOps.exif_transpose(opened).convert(mode)
    except FileFormatError:
        raise
    except UnidentifiedImageError as error:
        raise FileFormatError(
            _("{path} is no picture that can be read").format(path=path)
        ) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileFormatError(
            _("{path} is implausibly large, and was not read").format(path=path)
        ) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise FileFormatError(
            _("{path} is damaged: {reason}").format(path=path, reason=error)
        ) from error
    if image.size != (width, height):
        if not form.resize:
            raise DataError(
                _(
                    "{path} has {given} pixels, and the model takes {wanted}; "
                    "add --resize to bring it to this size"
                ).format(
                    path=path,
                    given=f"{image.height} x {image.width}",
                    wanted=f"{height} x {width}",
                )
            )
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, np.uint8)
    return (255 - pixels if form.invert else pixels).reshape(form.shape)


def _picture_form(path: Path, shape: tuple[int, ...]) -> tuple[int, int, str]:
    if len(shape) == 2 or (len(shape) == 3 and shape[-1] in (1, 3)):
        return shape[0], shape[1], "RGB" if len(shape) == 3 and shape[-1] == 3 else "L"
    raise DataError(
        _("{path} is a picture, and the model takes samples of shape {shape}").format(
            path=path, shape=_shown(shape)
        )
    )


# ---- tables ----------------------------------------------------------------------------------
def _table(path: Path, form: Form) -> list[tuple[str, Array]]:
    rows = list(_lines(path))
    if not rows:
        raise DataError(_("{path} has no rows").format(path=path))
    features = int(np.prod(form.shape))
    header = [cell.strip() for cell in rows[0][1]]
    drop: int | None = None
    if len(header) == features + 1:  # the target stands among them
        drop = header.index(form.target) if form.target in header else len(header) - 1
    if any(_number(cell) is None for place, cell in enumerate(header) if place != drop):
        rows = rows[1:]
        if not rows:
            raise DataError(_("{path} has a header, and no rows").format(path=path))
    samples: list[tuple[str, Array]] = []
    for line, cells in rows:
        kept = [cell for place, cell in enumerate(cells) if place != drop]
        if len(kept) != features:
            raise DataError(
                _("{path}, line {line}: {given} columns, and the model takes {wanted}").format(
                    path=path, line=line, given=len(cells), wanted=features
                )
            )
        values = [_number(cell) for cell in kept]
        if None in values:
            bad = kept[values.index(None)]
            raise DataError(
                _("{path}, line {line}: {cell} is not a finite number").format(
                    path=path, line=line, cell=repr(bad)
                )
            )
        name = _("{file}, line {line}").format(file=path.name, line=line)
        samples.append((name, np.array(values, np.float32).reshape(form.shape)))
    return samples


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines of a table that are not blank, with their numbers from 1."""
    check_regular(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            delimiter = max(",;\t", key=file.readline().count)
            file.seek(0)
            reader = csv.reader(file, delimiter=delimiter)
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield reader.line_num, row
    except (csv.Error, UnicodeDecodeError) as error:
        raise FileFormatError(
            _("{path} is damaged: {reason}").format(path=path, reason=error)
        ) from error


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if np.isfinite(np.float32(value)) else None


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
