"""Animated pictures: the frames of a figure as a GIF, written through Pillow."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.errors import ArgumentError, MissingDependencyError
from nissl.files import writing
from nissl.plots import drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["pixels", "write_gif"]


def pixels(figure: Figure) -> np.ndarray[Any, Any]:
    """Return a figure as it is now in RGB bytes, shape ``(height, width, 3)``."""
    canvas: Any = figure.canvas
    with drawing():
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def write_gif(
    path: str | os.PathLike[str],
    frames: Iterable[np.ndarray[Any, Any]],
    milliseconds: int = 80,
    last: int = 2000,
    colours: int = 256,
) -> None:
    """Write frames as a GIF that repeats, whole or not at all.

    Args:
        path: the file; one that is there is replaced.
        frames: RGB bytes, all of one shape ``(height, width, 3)``; at least one.
        milliseconds, last: how long each is shown, and the last one.
        colours: how many colours there are, 2 to 256; those of the last frame, so that none
            flickers.

    Raises:
        ArgumentError: there is no frame.
        MissingDependencyError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependencyError("pillow", "Drawing animations", "images") from error
    pictures = [Image.fromarray(frame) for frame in frames]
    if not pictures:
        raise ArgumentError(f"{os.fspath(path)}: there is no frame to animate")
    palette = pictures[-1].quantize(colours, Image.Quantize.FASTOCTREE)
    flat = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures]
    with writing(path) as beside:
        flat[0].save(
            beside,
            format="GIF",
            save_all=True,
            append_images=flat[1:],
            duration=[*[milliseconds] * (len(flat) - 1), last],
            loop=0,
        )
