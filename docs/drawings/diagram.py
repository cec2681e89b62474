"""Draw the models of the page on what can be seen: branches, a nested model, single neurons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import nissl
from nissl import explain
from nissl.layers import Dense, Dropout


class Residual(nissl.layers.Layer):
    """Two layers, whose result is added to what went in."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = Dense(units, activation="relu", name="first")
        self.second = Dense(units, name="second")

    def call(self, x: Any) -> Any:
        """Return ``x + second(first(x))``."""
        return x + self.second(self.first(x))


class Prices(nissl.Model):
    """Two inputs that are joined, a residual block, and an output."""

    def __init__(self) -> None:
        super().__init__(name="prices")
        self.rooms = Dense(8, activation="relu", name="rooms")
        self.street = Dense(8, activation="relu", name="street")
        self.block = Residual(16, name="block")
        self.drop = Dropout(0.2, name="drop")
        self.price = Dense(1, name="price")

    def call(self, x: Any, training: bool = False) -> Any:
        """Return a price for each row."""
        joined = nissl.concat([self.rooms(x["house"]), self.street(x["place"])], axis=1)
        return self.price(self.drop(self.block(joined), training=training))


def branches() -> explain.Diagram:
    """A model with its own ``call``, its residual block opened."""
    model = Prices()
    model({"house": np.ones((1, 5), "float32"), "place": np.ones((1, 3), "float32")})
    model.rooms.trainable = False
    return explain.diagram(model, expand_nested=True, show_params=False, show_trainable=False)


def layers() -> explain.Diagram:
    """The network of the lecture for pictures of 28 x 28 pixels."""
    model = nissl.Sequential(
        [
            nissl.Input((28, 28)),
            nissl.layers.Flatten(name="flatten"),
            Dense(300, activation="relu", name="hidden_1"),
            Dense(100, activation="relu", name="hidden_2"),
            Dense(10, activation="softmax", name="classes"),
        ],
        name="fashion",
    )
    return explain.diagram(model, rankdir="LR")


def neurons() -> explain.Diagram:
    """A network that computes XOR, by weights that are easy to follow."""
    model = nissl.Sequential(
        [
            nissl.Input((2,)),
            Dense(2, activation="heaviside", name="or_nand"),
            Dense(1, activation="heaviside", name="and"),
        ],
        name="xor",
    )
    model.set_weights([[[1, -1], [1, -1]], [-0.5, 1.5], [[1], [1]], [-1.5]])
    return explain.diagram(model, neurons=True)


def draw(folder: Path) -> list[Path]:
    """Write the pictures into a folder, and return their paths."""
    made: list[Path] = []
    for name, drawn in (("layers", layers()), ("branches", branches()), ("neurons", neurons())):
        made.append(folder / f"see-{name}.png")
        drawn.save(made[-1])
    return made
