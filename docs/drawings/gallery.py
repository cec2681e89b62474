"""The pictures of activation functions: the lecture's six, all of them, and what 8 bits do."""

from __future__ import annotations

from pathlib import Path

from nissl import explain

LECTURE = ("tanh", "hard_tanh", "softplus", "relu", "leaky_relu", "absolute")


def draw(folder: Path) -> list[Path]:
    """Draw all into a folder; return the files."""
    few = folder / "see-activations.png"
    whole = folder / "see-activations-all.png"
    bits = folder / "see-precision.png"
    explain.activations(LECTURE).save(few)
    explain.activations().save(whole)
    explain.precision([*LECTURE, "sigmoid", "gelu"]).save(bits)
    return [few, whole, bits]
