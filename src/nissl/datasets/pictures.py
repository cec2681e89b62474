"""Folders of images, one sub-folder for each class."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from nissl.datasets.dataset import Dataset, Pair, make
from nissl.datasets.files import check_inside, check_regular
from nissl.errors import ArgumentError, DataError, FileFormatError, MissingDependencyError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["SUFFIXES", "Colour", "from_images", "open_image"]

Colour = Literal["auto", "grey", "rgb"]
SUFFIXES = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)
GREY_MODES = frozenset(("1", "L", "LA"))
DEEP_MODES = ("I", "F")  # 16 and 32 bits; they would be cut off at 255 without a word


@dataclass(frozen=True)
class _Form:
    """What all images are brought to."""

    height: int
    width: int
    mode: Literal["L", "RGB"]


def _decode(path: Path, form: _Form | None) -> tuple[Image, str]:
    """An image as the camera held it and the mode of its file; resized if ``form`` is given."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    check_regular(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                mode = opened.mode
                if form is None:
                    return ImageOps.exif_transpose(opened), mode
                image = ImageOps.exif_transpose(opened).convert(form.mode)
    except UnidentifiedImageError as error:
        raise FileFormatError(f"{path} is not an image that can be read.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileFormatError(f"{path} is implausibly large, and was not read: {error}") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise FileFormatError(f"{path} is damaged or truncated: {error}") from error
    if image.size != (form.width, form.height):
        image = image.resize((form.width, form.height), Image.Resampling.BILINEAR)
    return image, mode


def open_image(path: str | os.PathLike[str]) -> Image:
    """Return the image in a file, upright, in its own mode (needs Pillow).

    Raises:
        DataError: there is no such file, or it may not be read.
        FileFormatError: it is no image, damaged, implausibly large, or deeper than 8 bits.
        MissingDependencyError: Pillow is not installed.
    """
    _need_pillow()
    image, mode = _decode(Path(path), None)
    _refuse_deep(Path(path), mode)
    return image


def _need_pillow() -> None:
    import importlib.util

    if importlib.util.find_spec("PIL") is None:
        raise MissingDependencyError("pillow", "Reading images", "images")


def _refuse_deep(path: Path, mode: str) -> None:
    if mode.startswith(DEEP_MODES):
        raise FileFormatError(
            f"{path} has more than 8 bits a pixel (mode {mode}); save it with 8 bits."
        )


def _common_form(files: list[Path], size: tuple[int, int] | None, colour: Colour) -> _Form:
    """Size and mode for all, or an error that names the first file that differs."""
    grey = True
    found: tuple[int, int] | None = None
    for path in files:
        image, mode = _decode(path, None)
        _refuse_deep(path, mode)
        grey = grey and mode in GREY_MODES
        found = found or (image.height, image.width)
        if size is None and (image.height, image.width) != found:
            raise DataError(
                f"{path} has {image.height} x {image.width} pixels, and {files[0]} has "
                f"{found[0]} x {found[1]}; give size=(height, width) to bring all to one size."
            )
    height, width = size or found or (0, 0)
    return _Form(height, width, "L" if colour == "grey" or (colour == "auto" and grey) else "RGB")


def _class_folders(root: Path) -> dict[str, Path]:
    folders = {
        each.name: each
        for each in sorted(root.iterdir())
        if each.is_dir() and not each.name.startswith(".")
    }
    if not folders:
        raise DataError(f"{root} has no sub-folders; each class needs one, named after it.")
    return folders


def _list(root: Path) -> dict[str, list[Path]]:
    """The image files of every class, in order of their names."""
    classes: dict[str, list[Path]] = {}
    for name, folder in _class_folders(root).items():
        check_inside(root, folder)
        classes[name] = [
            each
            for each in sorted(folder.iterdir())
            if each.suffix.lower() in SUFFIXES and not each.name.startswith(".")
        ]
        for path in classes[name]:
            check_inside(root, path)
        if not classes[name]:
            raise DataError(
                f"{folder} has no images (files that end in {', '.join(sorted(SUFFIXES))})."
            )
    return classes


def _read(classes: dict[str, list[Path]], names: list[str], form: _Form) -> Pair:
    count = sum(len(files) for files in classes.values())
    channels = () if form.mode == "L" else (3,)
    x = np.empty((count, form.height, form.width, *channels), np.uint8)
    y = np.empty(count, np.int32)
    row = 0
    for name, files in classes.items():
        for path in files:
            x[row] = np.asarray(_decode(path, form)[0])
            y[row] = names.index(name)
            row += 1
    return x, y


def from_images(
    path: str | os.PathLike[str],
    *,
    size: int | tuple[int, int] | None = None,
    colour: Colour = "auto",
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """Load a folder of images with one sub-folder a class (needs Pillow).

    Args:
        path: The folder. If it has the sub-folders ``train`` and ``test``, the classes are in each
            of these, and nothing is split.
        size: Height and width in pixels that images are resized to (bilinear), or one number for
            both; without it all must have the same size.
        colour: ``"grey"``, ``"rgb"``, or ``"auto"``: grey if all images are.
        test_fraction: Share of images set aside for testing if there is no ``test``, in (0, 1).
        seed: Which split; the same seed gives the same split.

    Returns:
        Samples of uint8, shape ``(N, height, width)`` if grey and ``(N, height, width, 3)`` if not.

    Raises:
        DataError: no classes, no images in a class, sizes that differ.
        FileFormatError: a file is no image, damaged, deeper than 8 bits, or a link that leaves
            the folder.
        MissingDependencyError: Pillow is not installed.
    """
    _need_pillow()
    if isinstance(size, int):
        size = (size, size)
    if size is not None and min(size) < 1:
        raise ArgumentError(f"size is {size}; height and width must be 1 or more.")
    if colour not in ("auto", "grey", "rgb"):
        raise ArgumentError(f"colour is {colour!r}; it can be auto, grey or rgb.")
    root = Path(path)
    if not root.is_dir():
        raise DataError(f"{root}: there is no such folder.")
    divided = {"train", "test"} <= set(_class_folders(root))
    parts = [_list(root / part) for part in ("train", "test")] if divided else [_list(root)]
    names = sorted(parts[0])
    unknown = sorted(set(parts[-1]) - set(names))
    if unknown:
        raise DataError(f"{root}: the classes {unknown} are in test, and not in train.")
    files = [each for part in parts for paths in part.values() for each in paths]
    form = _common_form(files, size, colour)
    pairs = [_read(part, names, form) for part in parts]
    return make(
        root.name,
        str(root),
        pairs[0],
        pairs[1] if divided else None,
        class_names=tuple(names),
        test_fraction=test_fraction,
        seed=seed,
    )
