"""The pictures of evaluation traces in ``docs/see.md``."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np

import nissl
from nissl import explain


def lecture(x1: Any, x2: Any) -> Any:
    """The function that the page differentiates by hand, in seven lines."""
    v3 = x1 * x2
    v4 = nissl.sin(x2)
    v5 = nissl.exp(v3)
    v6 = v3 - v4
    return v5 + v6


def draw(folder: pathlib.Path) -> list[pathlib.Path]:
    """Draw the computational graph, and what each mode costs for many inputs."""
    graph, costs = folder / "see-trace.png", folder / "see-mode-costs.png"
    explain.trace(lecture)(1, 2).save(graph)
    explain.mode_costs(lambda w: nissl.sum(nissl.tanh(w) ** 2), np.zeros(1000)).save(costs)
    return [graph, costs]
