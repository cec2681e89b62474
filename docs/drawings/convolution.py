"""The pictures of convolution: the lecture's two edge filters by hand, and other kernels."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.colors import to_rgb
from PIL import Image

from nissl import explain, plots
from nissl.explain.report import Explanation
from nissl.files import write_bytes

KERNELS = ("edges", "sobel_vertical", "laplacian", "sharpen", "box", "gaussian", "emboss")
GREYS = 13  # of the photograph; all 256 would make the files several times as large
TINTS = (0.2, 0.5, 1.0)  # of the two colours that numbers are tinted with
DPI = 80


def draw(folder: Path) -> list[Path]:
    """Draw all into a folder; return the files."""
    hand = folder / "see-convolution.png"
    whole = folder / "see-kernels.png"
    _save(explain.convolve(None, "vertical", "horizontal", side=400), hand)
    _save(explain.convolve(None, *KERNELS, side=150), whole)
    return [hand, whole]


def _save(explanation: Explanation, path: Path) -> None:
    """Write a PNG with a few greys and the colours of the numbers."""
    drawn, small = io.BytesIO(), io.BytesIO()
    explanation.figure().savefig(drawn, format="png", dpi=DPI)
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(palette=_palette(), dither=Image.Dither.NONE).save(
            small, format="png", optimize=True
        )
    write_bytes(path, small.getvalue())


def _palette() -> Image.Image:
    colours = [(round(255 * n / (GREYS - 1)),) * 3 for n in range(GREYS)]
    for name in (plots.TRAINING, plots.VALIDATION):
        for share in TINTS:
            colours.append(tuple(round(255 * (1 - share + share * c)) for c in to_rgb(name)))
    palette = Image.new("P", (1, 1))
    palette.putpalette([value for colour in colours for value in colour])
    return palette
