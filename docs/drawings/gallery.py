"""The pictures of activation functions: the lecture's six, all of them, and what 8 bits do."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from nissl import explain, plots
from nissl.explain.report import Explanation
from nissl.files import write_bytes

LECTURE = ("tanh", "hard_tanh", "softplus", "relu", "leaky_relu", "absolute")
COLOURS = 32  # which a drawing of lines needs; it makes the file a third as large


def draw(folder: Path) -> list[Path]:
    """Draw all into a folder; return the files."""
    few = folder / "see-activations.png"
    whole = folder / "see-activations-all.png"
    bits = folder / "see-precision.png"
    _save(explain.activations(LECTURE), few)
    _save(explain.activations(), whole)
    explain.precision([*LECTURE, "sigmoid", "gelu"]).save(bits)
    return [few, whole, bits]


def _save(explanation: Explanation, path: Path) -> None:
    """Write a PNG with few colours, which lines need no more of."""
    drawn = io.BytesIO()
    explanation.figure().savefig(drawn, format="png", dpi=plots.DPI)
    small = io.BytesIO()
    with Image.open(drawn) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
            small, format="png", optimize=True
        )
    write_bytes(path, small.getvalue())
