"""The pictures of perceptrons, separability and gates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import nissl
from nissl import explain

COLOURS = 64  # enough for a drawing of lines; it makes the file a third as large
INPUTS = [[0, 0], [0, 1], [1, 0], [1, 1]]


def draw(folder: Path) -> list[Path]:
    """Write each picture into a folder; return their paths."""
    learnt = nissl.Perceptron().fit(INPUTS, [0, 0, 0, 1])
    never = nissl.Perceptron(max_updates=40).fit(INPUTS, [0, 1, 1, 0])
    rng = np.random.default_rng(3)
    clouds = np.concatenate([rng.normal(0, 1, (40, 2)), rng.normal(2.2, 1, (40, 2))])
    pictures = {
        "see-perceptron-and.svg": explain.perceptron(learnt),
        "see-perceptron-and.gif": explain.perceptron(learnt),
        "see-perceptron-xor.png": explain.perceptron_study(never, name="XOR"),
        "see-separable.svg": explain.separable(clouds.round(1), [0] * 40 + [1] * 40),
        "see-gate-xor.svg": explain.gate("XOR"),
    }
    for name, picture in pictures.items():
        picture.save(folder / name)
    large = folder / "see-perceptron-xor.png"
    with Image.open(large) as found:
        few = found.convert("RGB").quantize(COLOURS)
    few.save(large, optimize=True)
    return [folder / name for name in pictures]
