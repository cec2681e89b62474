"""Draw the pictures of the documentation, each from a training that Nissl does here and now.

Run it with ``make docs``. It takes a few seconds and needs no data set.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import nissl
from nissl.files import writing

FOLDER = Path(__file__).parent / "pictures"
Array = np.ndarray[Any, Any]

INK = "#1b1b1b"
NETWORK = "#b3262e"
SAMPLES = "#1f4e79"
UNITS = ("#7a9cc0", "#7fb28a", "#d0a45c")
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)))
FUNCTIONS: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    (r"$x^2$", np.square),
    (r"$\sin \pi x$", lambda x: np.sin(np.pi * x)),
    (r"$|x|$", np.abs),
    (r"$H(x)$", lambda x: np.heaviside(x, 1.0)),
)
EPOCHS = 20_000
SEED = 2


def trained(x: Array, y: Array) -> tuple[nissl.Sequential, float]:
    """Train a network of three tanh units on 50 samples; return it and its last loss."""
    nissl.utils.set_random_seed(SEED)
    model = nissl.Sequential(
        [
            nissl.Input((1,)),
            nissl.layers.Dense(3, activation="tanh"),
            nissl.layers.Dense(1),
        ]
    )
    model.compile(optimizer=nissl.optimizers.Adam(0.02), loss="mse")
    history = model.fit(x, y, batch_size=len(x), epochs=EPOCHS, verbose=0)
    return model, history.history["loss"][-1]


def draw(axes: Axes, name: str, function: Callable[[Array], Array]) -> None:
    """Draw samples, the network's output, and what each hidden unit gives."""
    x = np.linspace(-1, 1, 50, dtype=np.float32)[:, None]
    y = function(x)
    model, loss = trained(x, y)
    fine = np.linspace(-1, 1, 400, dtype=np.float32)[:, None]
    hidden = np.asarray(model.layers[0](fine))  # (400, 3)
    for unit, colour, dashes in zip(hidden.T, UNITS, DASHES, strict=True):
        axes.plot(fine, unit, color=colour, linestyle=dashes, linewidth=1.3)
    axes.plot(x, y, ".", color=SAMPLES, markersize=5)
    axes.plot(fine, model.predict(fine, verbose=0), color=NETWORK, linewidth=1.8)
    axes.set_title(f"{name}      mean squared error {loss:.0e}", fontsize=9, color=INK)
    axes.set_xlim(-1.03, 1.03)
    axes.set_ylim(-1.25, 1.25)
    axes.set_xticks([-1, 0, 1])
    axes.set_yticks([-1, 0, 1])
    axes.tick_params(labelsize=8, colors=INK)
    axes.spines[["top", "right"]].set_visible(False)


def approximation() -> Figure:
    """Four functions, each learnt by a network of three hidden units."""
    figure = Figure(figsize=(8.4, 5.2), layout="constrained", facecolor="white")
    for axes, (name, function) in zip(figure.subplots(2, 2).flat, FUNCTIONS, strict=True):
        draw(axes, name, function)
    lines = [
        Line2D([], [], color=SAMPLES, marker=".", linestyle="", label="50 samples"),
        Line2D([], [], color=NETWORK, linewidth=1.8, label="network"),
        *(
            Line2D([], [], color=colour, linestyle=dashes, label=f"hidden unit {i}")
            for i, (colour, dashes) in enumerate(zip(UNITS, DASHES, strict=True), start=1)
        ),
    ]
    figure.legend(handles=lines, loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    return figure


def save(figure: Figure, name: str) -> Path:
    """Write a figure as SVG, the same bytes for the same picture."""
    mpl.rcParams["svg.hashsalt"] = "nissl"
    path = FOLDER / name
    with writing(path) as beside:
        figure.savefig(beside, format="svg", metadata={"Date": None})
    return path


def main() -> None:
    """Draw every picture."""
    FOLDER.mkdir(exist_ok=True)
    path = save(approximation(), "approximation.svg")
    print(f"{path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")


if __name__ == "__main__":
    main()
