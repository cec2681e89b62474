"""Pictures as matrices of grey values: from files, from arrays, and one that is always at hand."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nissl.core.tensor import Tensor
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    MissingDependencyError,
    NonFiniteError,
    ShapeError,
)
from nissl.i18n import translate as _

__all__ = ["Photograph", "photograph", "sample"]

LUMA = (0.299, 0.587, 0.114)  # red, green, blue: ITU-R BT.601
SIDE = 800  # pixels along the longer side, to which larger files are brought
SMALLEST, LARGEST = 8, 4096  # what may be asked for instead
_MOST = 1 << 24  # pixels of an array
_SAMPLE = "grace_hopper.jpg"


@dataclass(frozen=True, eq=False)
class Photograph:
    """A grey picture ``I(j, k)``.

    Attributes:
        name: what it is called.
        pixels: intensities, shape ``(rows, columns)``, float64; 0 (black) to 255 (white) if it
            comes from a file.
        remarks: what was done to it, and where it comes from.
        black, white: the intensities that are drawn as black and as white.
    """

    name: str
    pixels: NDArray[np.float64]
    remarks: tuple[str, ...] = ()
    black: float = 0.0
    white: float = 255.0


def photograph(given: Any, side: int = SIDE) -> Photograph:
    """Return a picture in grey.

    Args:
        given: the path of a picture file, or an array ``(rows, columns)`` of grey values or
            ``(rows, columns, 3)`` of red, green and blue; ``None`` for :func:`sample`.
        side: pixels along the longer side; a larger file is brought down to it.

    Raises:
        DataError: there is no such file.
        FileFormatError: the file is no picture, damaged, implausibly large, or deeper than 8 bits.
        ArgumentError: ``side`` is out of bounds.
        ShapeError: an array has another shape, or too many pixels.
        NonFiniteError: an array has a NaN or an infinity.
        ArgumentTypeError: it is none of these.
        MissingDependencyError: Pillow is not installed and a file is to be read.

    Colours become grey as ``0.299 red + 0.587 green + 0.114 blue`` (ITU-R BT.601), rounded to whole
    numbers if they were whole.
    """
    if not isinstance(side, int) or not SMALLEST <= side <= LARGEST:
        raise ArgumentError(
            f"the longer side of a picture is {SMALLEST} to {LARGEST} pixels, not {side!r}"
        )
    if given is None:
        return sample(side)
    if isinstance(given, Photograph):
        return given
    if isinstance(given, str | os.PathLike):
        return _read(Path(given), side)
    return _from_array(given)


def sample(side: int = SIDE) -> Photograph:
    """Return a photograph that needs no network: Grace Hopper, 1984.

    A portrait of the computer scientist and rear admiral by James S. Davis for the United States
    Navy, in the public domain as a work of its government. It lies in matplotlib's sample data.

    Raises:
        MissingDependencyError: matplotlib or Pillow is not installed.
        DataError: this matplotlib came without its sample data.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise MissingDependencyError("matplotlib", "The sample photograph", "plots") from error
    path = Path(mpl.get_data_path()) / "sample_data" / _SAMPLE
    if not path.exists():
        raise DataError(f"{path}: there is no such file. Give a picture file of your own")
    found = _read(path, side)
    origin = _(
        "Photograph: Grace Hopper, 1984, by James S. Davis for the United States Navy; in the "
        "public domain, from matplotlib's sample data."
    )
    return replace(found, name="Grace Hopper", remarks=(origin, *found.remarks))


def _read(path: Path, side: int) -> Photograph:
    from nissl.datasets.pictures import open_image

    image, clear = open_image(path)
    from PIL import Image as Images  # there is one, since a file was read

    remarks: list[str] = []
    size = f"{image.height} x {image.width}"
    if max(image.size) > side:
        scale = side / max(image.size)
        kept = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        image = image.resize(kept, Images.Resampling.LANCZOS, reducing_gap=3.0)
        remarks.append(
            _("Scaled down from {given} to {kept} pixels (rows x columns).").format(
                given=size, kept=f"{image.height} x {image.width}"
            )
        )
    if clear:
        remarks.append(_("Transparent parts are shown on white."))
    return _grey(path.name, np.asarray(image), remarks)


def _grey(name: str, array: NDArray[Any], remarks: Sequence[str] = ()) -> Photograph:
    """A picture of grey values ``(rows, columns[, 1])`` or of colours ``(rows, columns, 3)``."""
    pixels = array.astype(np.float64)
    if array.ndim == 3 and array.shape[2] == 3:
        pixels = pixels @ np.array(LUMA)
        if array.dtype.kind in "iu":
            pixels = np.rint(pixels)
        told = _("Colour made grey: I = {red} red + {green} green + {blue} blue (ITU-R BT.601).")
        remarks = [*remarks, told.format(red=LUMA[0], green=LUMA[1], blue=LUMA[2])]
    pixels = pixels.reshape(array.shape[:2])
    bytes_ = array.dtype == np.uint8
    black, white = (0.0, 255.0) if bytes_ else (float(pixels.min()), float(pixels.max()))
    return Photograph(name, pixels, tuple(remarks), black, white)


def _from_array(given: Any) -> Photograph:
    if isinstance(given, Tensor):
        given = given.numpy()
    try:
        array = np.asarray(given)
    except ValueError as error:
        raise ShapeError("the picture's rows differ in length; all rows need the same") from error
    if array.dtype.kind not in "biuf":
        raise ArgumentTypeError(
            f"a picture is a file name or an array of numbers, not {type(given).__name__}"
        )
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3))) or not array.size:
        raise ShapeError(
            f"a picture has shape (rows, columns) or (rows, columns, 3), not {array.shape}"
        )
    if array.shape[0] * array.shape[1] > _MOST:
        raise ShapeError(f"a picture of shape {array.shape} has more than {_MOST:,} pixels")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        raise NonFiniteError(
            f"the picture has {len(bad):,} values that are NaN or infinite, the first at "
            f"{tuple(bad[0].tolist())}"
        )
    return _grey(_("the array"), array)
