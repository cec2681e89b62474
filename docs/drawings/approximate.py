"""The pictures of approximation: four functions as Bishop draws them, one in full, and widths."""

from __future__ import annotations

import math
from pathlib import Path

from matplotlib.figure import Figure

from nissl import explain, plots
from nissl.explain.approximation.approximate_picture import bishop
from nissl.explain.parts import format_number
from nissl.explain.report import Explanation

FUNCTIONS = (
    ("x**2", -1, 1),
    ("sin(x)", 0, 2 * math.pi),
    ("abs(x)", -1, 1),
    ("heaviside(x)", -1, 1),
)


def four() -> Figure:
    """Four functions, each learnt by a network of three hidden units from 50 samples."""
    figure = plots.new_figure(8.4, 5.6)
    for place, (text, low, high) in enumerate(FUNCTIONS, start=1):
        axes = figure.add_subplot(2, 2, place)
        found = explain.approximate(text, low, high, hidden=3, samples=50)
        bishop(axes, found)
        error = format_number(found.best.rmse_away, 2)
        where = " away from the jump" if found.jumps else ""
        name = found.target.caption
        axes.set_title(f"{name}: RMSE {error}{where}", fontsize=9)
        axes.set_ylim(-1.2, 1.2)
        axes.set_yticks([-1, 0, 1])
        axes.set_xticks(range(7) if high > 1 else [-1, 0, 1])
        axes.set_xlabel("x", fontsize=9)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    names = [label.replace("unit ", "output of hidden unit ") for label in labels]
    figure.legend(
        handles, names, loc="outside lower center", ncols=3, frameon=False, fontsize=8,
        handlelength=3.2, title="RMSE: root mean square error on the interval", title_fontsize=8,
    )  # fmt: skip
    return figure


def save(shown: Explanation, path: Path) -> Path:
    """Write a picture, and return where it is."""
    shown.save(path)
    return path


def draw(folder: Path) -> list[Path]:
    """Draw all pictures into a folder, and return where they are."""
    readme = folder / "approximation.svg"
    plots.save(four(), readme)
    widths = explain.approximate_by_width("abs(x)", -1, 1, hidden=(1, 2, 3, 5, 10), samples=200)
    return [
        readme,
        save(explain.approximate("x**2", -1, 1), folder / "see-approximate.png"),
        save(widths, folder / "see-approximate-widths.png"),
        save(
            explain.approximate_surface("sin(3*x1)*x2 + x1**2"),
            folder / "see-approximate-surface.png",
        ),
        save(
            explain.approximation_of(explain.lecture_network(), "sin(x)", 0, 5),
            folder / "see-approximate-lecture.png",
        ),
    ]


if __name__ == "__main__":
    for written in draw(Path(__file__).parents[1] / "pictures"):
        print(written)
