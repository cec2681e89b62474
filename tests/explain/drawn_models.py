"""Models that the tests of pictures draw, each with something that is hard to draw."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import nissl
from nissl.layers import Dense, Dropout, Flatten, Layer


class Residual(Layer):
    def __init__(self, units: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.first = Dense(units, activation="relu", name="first")
        self.second = Dense(units, name="second")

    def call(self, x):
        return nissl.relu(x + self.second(self.first(x)))


class Branches(nissl.Model):
    """Two branches joined by a sum, a layer called twice, dropout, a residual block, a concat."""

    def __init__(self) -> None:
        super().__init__(name="branches")
        self.stem = Dense(8, name="stem")
        self.left = Dense(8, activation="tanh", name="left")
        self.right = Dense(8, name="right")
        self.drop = Dropout(0.5, name="drop")
        self.block = Residual(8, name="block")
        self.head = Dense(2, activation="softmax", name="head")
        self.never = Dense(3, name="never")
        self.scale = nissl.Variable(np.ones(8, "float32"))

    def call(self, x):
        h = self.stem(x)
        y = self.left(h) + self.drop(self.right(h)) * self.scale
        y = self.block(self.left(y))
        return self.head(nissl.concat([y, h], axis=1))


class Ends(nissl.Model):
    """Two inputs and two outputs, by name."""

    def __init__(self) -> None:
        super().__init__(name="ends")
        self.image, self.text = Dense(8, name="image"), Dense(8, name="text")
        self.price, self.kind = Dense(1, name="price"), Dense(3, name="kind")

    def call(self, x):
        h = self.image(x["pixels"]) + self.text(x["words"])
        return {"how much": self.price(h), "what": self.kind(h)}


class Wide(nissl.Model):
    def __init__(self, count: int) -> None:
        super().__init__(name="wide")
        self.branches = [Dense(4, name=f"branch{i}") for i in range(count)]
        self.out = Dense(1, name="out")

    def call(self, x):
        return self.out(nissl.concat([layer(x) for layer in self.branches], axis=1))


def branches() -> Branches:
    model = Branches()
    model(np.ones((2, 4), "float32"))
    model.left.trainable = False
    return model


def ends() -> Ends:
    model = Ends()
    model({"pixels": np.ones((2, 5)), "words": np.ones((2, 6))})
    return model


def wide(count: int = 25) -> Wide:
    model = Wide(count)
    model(np.ones((2, 3)))
    return model


def chain() -> nissl.Sequential:
    layers = [Flatten(name="flat"), Dense(300, activation="relu", name="a"), Dropout(0.2, name="b")]
    return nissl.Sequential([nissl.Input((28, 28)), *layers, Dense(10, name="c")], name="chain")


def nested() -> nissl.Sequential:
    inmost = nissl.Sequential([nissl.Input((8,)), Dense(8, name="j")], name="inmost")
    inner = nissl.Sequential(
        [nissl.Input((8,)), Dense(8, name="i"), inmost, Residual(8, name="r")], name="in_a_frame"
    )
    return nissl.Sequential(
        [nissl.Input((8,)), Dense(8, name="first"), inner, Dense(1, name="last")], name="outer"
    )


def deep(count: int = 200) -> nissl.Sequential:
    layers = [Dense(4, name=f"d{i}") if i % 2 else Dropout(0.1, name=f"o{i}") for i in range(count)]
    return nissl.Sequential([nissl.Input((4,)), *layers], name="deep")


NAMES = ("$x_1^2$", r"\alpha_{", "lớp ẩn thứ nhất", "層", "имя слоя", "long_" * 40, "a\tb", "<b>&")


def names() -> nissl.Sequential:
    layers = [Dense(2, name=name) for name in NAMES]
    return nissl.Sequential([nissl.Input((2,)), *layers], name="$m_1$ <tên>")


def unbuilt() -> nissl.Sequential:
    return nissl.Sequential([Dense(3, name="a"), Dropout(0.1, name="b")], name="unbuilt")


def empty() -> nissl.Sequential:
    return nissl.Sequential(name="empty")


MODELS: dict[str, Callable[[], nissl.Model]] = {
    each.__name__: each
    for each in (branches, ends, wide, chain, nested, deep, names, unbuilt, empty)
}
