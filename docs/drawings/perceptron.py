"""The pictures of perceptrons, separability and gates."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import nissl
from nissl import explain

INPUTS = [[0, 0], [0, 1], [1, 0], [1, 1]]


def draw(folder: Path) -> list[Path]:
    """Write each picture into a folder; return their paths."""
    learnt = nissl.Perceptron().fit(INPUTS, [0, 0, 0, 1])
    never = nissl.Perceptron(max_updates=40).fit(INPUTS, [0, 1, 1, 0])
    rng = np.random.default_rng(3)
    clouds = np.concatenate([rng.normal(0, 1, (40, 2)), rng.normal(2.2, 1, (40, 2))])
    pictures = {
        "see-perceptron-and.png": explain.perceptron(learnt),
        "see-perceptron-and.gif": explain.perceptron(learnt),
        "see-perceptron-xor.png": explain.perceptron_study(never, name="XOR"),
        "see-separable.png": explain.separable(clouds.round(1), [0] * 40 + [1] * 40),
        "see-gate-xor.png": explain.gate("XOR"),
        "see-gate-xor-and-not.png": explain.gate("XOR", basis="and,not"),
    }
    for name, picture in pictures.items():
        picture.save(folder / name)
    return [folder / name for name in pictures]
