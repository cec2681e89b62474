"""The pictures of training made visible: layers watched, deep networks, races of optimizers."""

from __future__ import annotations

from pathlib import Path

import nissl
from nissl import explain
from nissl.datasets import digits
from nissl.explain.report import Explanation


def save(shown: Explanation, path: Path) -> Path:
    """Write a picture, and return where it is."""
    shown.save(path)
    return path


def watched() -> explain.WatchReport:
    """The network that the page trains: six sigmoid layers."""
    nissl.utils.set_random_seed(1)
    (x, y), _ = digits.load_data()
    dense = nissl.layers.Dense
    model = nissl.Sequential(
        [
            nissl.Input((8, 8)),
            nissl.layers.Flatten(),
            nissl.layers.Rescaling(1 / 16),
            *[dense(32, "sigmoid", name=f"hidden_{n}") for n in range(1, 7)],
            dense(10, "softmax", name="output"),
        ]
    )
    model.compile(nissl.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    watch = explain.Watch(x, y)
    model.fit(x, y, epochs=15, verbose=0, callbacks=[watch])
    return watch.report()


def draw(folder: Path) -> list[Path]:
    """Draw the pictures into a folder; return their paths."""
    names = ["sgd", "momentum", "adam", "rmsprop"]
    return [
        save(watched(), folder / "see-watch.png"),
        save(explain.depth(), folder / "see-depth.png"),
        save(explain.race("rosenbrock", names, steps=400), folder / "see-race.png"),
    ]


if __name__ == "__main__":
    for written in draw(Path(__file__).parents[1] / "pictures"):
        print(written)
