"""The pictures of backpropagation: the lecture's network with its numbers, and a single neuron."""

from __future__ import annotations

import math
from pathlib import Path

from nissl import explain


def draw(folder: Path) -> list[Path]:
    """Draw the pictures into a folder; return their paths."""
    network = explain.lecture_network()
    shown = {
        "see-backprop.png": explain.backprop(network, math.pi / 2, 1.0, 0.1, "half_squared_error"),
        "see-neuron.png": explain.neuron([0.8, -1.2, 0.5], 0.3, [1.0, 0.5, -2.0], "tanh"),
    }
    for name, explanation in shown.items():
        explanation.save(folder / name)
    return [folder / name for name in shown]
