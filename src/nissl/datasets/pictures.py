"""Folders of images, one sub-folder for each class."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from unicodedata import normalize

import numpy as np

from nissl import arguments
from nissl.core.tensor import Host
from nissl.datasets.dataset import Dataset, Pair, make
from nissl.datasets.files import check_inside, check_regular
from nissl.errors import DataError, FileFormatError, MissingDependencyError
from nissl.files import user_path

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["from_images"]

Colour = Literal["auto", "grey", "rgb"]
SUFFIXES = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)
GREY_MODES = frozenset(("1", "L", "LA", "La"))
CLEAR_MODES = frozenset(("LA", "La", "PA", "RGBA", "RGBa"))
DEEP_MODES = ("I", "F")  # 16 and 32 bits; they would be cut off at 255 without a word


@dataclass(frozen=True)
class Form:
    """What all images are brought to: height and width in pixels, grey or colour."""

    height: int
    width: int
    mode: Literal["L", "RGB"]


def open_image(path: str | os.PathLike[str]) -> tuple[Image, bool]:
    """Return the image in a file, and whether it has transparent parts (needs Pillow).

    It is upright, as the camera held it, in grey (mode ``L``) or colour (``RGB``). Whatever is
    transparent lies on white: a palette, an alpha channel or one transparent colour alike.

    Raises:
        DataError: there is no such file, or it may not be read.
        FileFormatError: it is no image, damaged, implausibly large, or deeper than 8 bits.
        MissingDependencyError: Pillow is not installed.
    """
    path = user_path(path, "open_image: path")
    _need_pillow()
    from PIL import Image, ImageOps, UnidentifiedImageError

    check_regular(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # a file that Pillow opens itself is mapped, and a TIFF that lies on its side then wrong
            with path.open("rb") as file, Image.open(file) as opened:
                if opened.mode.startswith(DEEP_MODES):
                    raise _too_deep(path, opened.mode)
                return _flattened(ImageOps.exif_transpose(opened))
    except UnidentifiedImageError as error:
        raise FileFormatError(f"{path} is not an image that can be read.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise FileFormatError(f"{path} is implausibly large, and was not read: {error}") from error
    except FileFormatError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise FileFormatError(f"{path} is damaged or truncated: {error}") from error


def _flattened(image: Image) -> tuple[Image, bool]:
    """An image on white, in grey or colour, and whether white is seen through it."""
    from PIL import Image

    mode = "L" if image.mode in GREY_MODES else "RGB"
    if image.mode not in CLEAR_MODES and "transparency" not in image.info:
        return image.convert(mode), False
    layer = image.convert("RGBA")
    clear = np.asarray(layer)[..., 3].min() < 255
    white = Image.new("RGBA", layer.size, "white")
    return Image.alpha_composite(white, layer).convert(mode), clear


def read_pixels(path: Path, form: Form) -> Host:
    """The bytes of an image that is brought to a form, ``(height, width[, 3])``."""
    from PIL import Image

    image = open_image(path)[0].convert(form.mode)
    if image.size != (form.width, form.height):
        image = image.resize((form.width, form.height), Image.Resampling.BILINEAR)
    return np.asarray(image, np.uint8)


def _need_pillow() -> None:
    import importlib.util

    if importlib.util.find_spec("PIL") is None:
        raise MissingDependencyError("pillow", "Reading images", "images")


def _too_deep(path: Path, mode: str) -> FileFormatError:
    return FileFormatError(
        f"{path} has more than 8 bits a pixel (mode {mode}); save it with 8 bits."
    )


def _common_form(files: list[Path], size: tuple[int, ...] | None, colour: Colour) -> Form:
    """Size and mode for all, or an error that names the first file that differs."""
    grey = True
    found: tuple[int, int] | None = None
    for path in files:
        image, _clear = open_image(path)
        grey = grey and image.mode == "L"
        found = found or (image.height, image.width)
        if size is None and (image.height, image.width) != found:
            raise DataError(
                f"{path} has {image.height} x {image.width} pixels, and {files[0]} has "
                f"{found[0]} x {found[1]}; give size=(height, width) to bring all to one size."
            )
    height, width = size or found or (0, 0)
    return Form(height, width, "L" if colour == "grey" or (colour == "auto" and grey) else "RGB")


def _class_folders(root: Path) -> dict[str, Path]:
    folders: dict[str, Path] = {}
    for each in sorted(root.iterdir()):
        name = normalize("NFC", each.name)
        if each.is_dir() and not name.startswith("."):
            if name in folders:
                raise DataError(
                    f"{root}: two folders are called {name!r}, in different forms of Unicode; "
                    "bring their images into one."
                )
            folders[name] = each
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


def _read(classes: dict[str, list[Path]], names: list[str], form: Form) -> Pair:
    count = sum(len(files) for files in classes.values())
    channels = () if form.mode == "L" else (3,)
    x = np.empty((count, form.height, form.width, *channels), np.uint8)
    y = np.empty(count, np.int32)
    row = 0
    for name, files in classes.items():
        for path in files:
            x[row] = read_pixels(path, form)
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
        colour: ``"grey"``, ``"rgb"``, or ``"auto"``: grey if all images are. Transparent parts lie
            on white.
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
    sides = None if size is None else arguments.wholes("load", "size", size, count=2, least=1)
    arguments.one_of("load", "colour", colour, ("auto", "grey", "rgb"))
    root = user_path(path, "from_images: path")
    if not root.is_dir():
        raise DataError(f"{root}: there is no such folder.")
    divided = {"train", "test"} <= set(_class_folders(root))
    parts = [_list(root / part) for part in ("train", "test")] if divided else [_list(root)]
    names = sorted(parts[0])
    unknown = sorted(set(parts[-1]) - set(names))
    if unknown:
        raise DataError(f"{root}: the classes {unknown} are in test, and not in train.")
    files = [each for part in parts for paths in part.values() for each in paths]
    form = _common_form(files, sides, colour)
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
