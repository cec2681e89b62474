"""A fully connected network in NumPy, written out by hand: the oracle of the training tests.

Forward, backward, losses and the rules of the optimizers are those of the textbooks, in the form
and order in which Keras 3 documents them. Nothing here imports Nissl.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def softmax(a: Array) -> Array:
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


FORWARD: dict[str, Callable[[Array], Array]] = {
    "linear": lambda a: a,
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "softmax": softmax,
}
SLOPE: dict[str, Callable[[Array, Array], Array]] = {  # from activation a and output z
    "linear": lambda a, z: np.ones_like(a),
    "tanh": lambda a, z: 1 - z * z,
    "relu": lambda a, z: (a > 0).astype(a.dtype),
    "sigmoid": lambda a, z: z * (1 - z),
}


def losses_and_delta(
    loss: str, z: Array, y: Array, activation: str, a: Array
) -> tuple[Array, Array]:
    """Loss of each sample, and its derivative by the last layer's pre-activation."""
    if loss == "mse":
        wide = y.reshape(z.shape)
        error = z - wide
        return (error**2).mean(axis=1), 2 * error / z.shape[1] * SLOPE[activation](a, z)
    if loss == "sparse_categorical_crossentropy":
        assert activation == "softmax"
        chosen = z[np.arange(len(y)), y]
        hot = np.eye(z.shape[1], dtype=z.dtype)[y]
        return -np.log(chosen), z - hot
    assert loss == "binary_crossentropy"
    assert activation == "sigmoid"
    wide = y.reshape(z.shape)
    each = -(wide * np.log(z) + (1 - wide) * np.log(1 - z))
    return each.mean(axis=1), (z - wide) / z.shape[1]


@dataclass
class Rule:
    """An optimizer: ``kind`` is sgd, adam or rmsprop."""

    kind: str = "sgd"
    rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    rho: float = 0.9
    centered: bool = False
    amsgrad: bool = False
    decay: float | None = None
    clipnorm: float | None = None
    clipvalue: float | None = None
    global_clipnorm: float | None = None
    t: int = 0
    slots: list[dict[str, Array]] = field(default_factory=list)

    def clipped(self, gradients: list[Array]) -> list[Array]:
        if self.clipvalue is not None:
            return [np.clip(g, -self.clipvalue, self.clipvalue) for g in gradients]
        if self.clipnorm is not None:
            norms = [np.sqrt((g**2).sum()) for g in gradients]
            pairs = zip(gradients, norms, strict=True)
            return [g * self.clipnorm / n if n > self.clipnorm else g for g, n in pairs]
        if self.global_clipnorm is not None:
            norm = np.sqrt(sum((g**2).sum() for g in gradients))
            scale = self.global_clipnorm / norm if norm > self.global_clipnorm else 1.0
            return [g * scale for g in gradients]
        return gradients

    def apply(self, weights: list[Array], gradients: list[Array]) -> None:
        """Change the weights in place."""
        if not self.slots:
            names = ("m", "v", "top", "mean")
            self.slots = [{n: np.zeros_like(w) for n in names} for w in weights]
        self.t += 1
        for w, g, slot in zip(weights, self.clipped(gradients), self.slots, strict=True):
            shrunk = w if self.decay is None else w - w * (self.rate * self.decay)
            w[...] = shrunk + self.move(g, slot)

    def move(self, g: Array, slot: dict[str, Array]) -> Array:
        """What is added to a weight with this gradient."""
        if self.kind == "sgd" and not self.momentum:
            return -self.rate * g
        if self.kind == "sgd":
            slot["m"] = self.momentum * slot["m"] - self.rate * g
            return self.momentum * slot["m"] - self.rate * g if self.nesterov else slot["m"]
        if self.kind == "rmsprop":
            slot["v"] = self.rho * slot["v"] + (1 - self.rho) * g * g
            if self.centered:
                slot["mean"] = self.rho * slot["mean"] + (1 - self.rho) * g
            variance = slot["v"] - slot["mean"] ** 2 + self.epsilon
            slot["m"] = self.momentum * slot["m"] - self.rate * g / np.sqrt(variance)
            return slot["m"]
        slot["m"] = self.beta_1 * slot["m"] + (1 - self.beta_1) * g
        slot["v"] = self.beta_2 * slot["v"] + (1 - self.beta_2) * g * g
        slot["top"] = np.maximum(slot["top"], slot["v"])
        below = slot["top"] if self.amsgrad else slot["v"]
        grown = np.sqrt(1 - self.beta_2**self.t) / (1 - self.beta_1**self.t)
        return -self.rate * grown * slot["m"] / (np.sqrt(below) + self.epsilon)


class Network:
    """Dense layers with their activations.

    Args:
        weights: kernel, bias, kernel, bias, ... as ``get_weights`` gives them.
        activations: one name a layer.
        loss: mse, binary_crossentropy or sparse_categorical_crossentropy.
        rule: the optimizer.
    """

    def __init__(self, weights: list[Array], activations: list[str], loss: str, rule: Rule) -> None:
        self.weights = [np.array(w) for w in weights]
        self.activations = activations
        self.loss = loss
        self.rule = rule

    def layers(self) -> Iterator[tuple[Array, Array, str]]:
        kernels, biases = self.weights[::2], self.weights[1::2]
        yield from zip(kernels, biases, self.activations, strict=True)

    def predict(self, x: Array) -> Array:
        for kernel, bias, name in self.layers():
            x = FORWARD[name](x @ kernel + bias)
        return x

    def gradients(self, x: Array, y: Array, w: Array | None) -> tuple[float, list[Array]]:
        """Loss of a batch, weighted and divided by its rows, and the slope of each weight."""
        before, sums, outputs = [], [], [x]
        for kernel, bias, name in self.layers():
            before.append(outputs[-1])
            sums.append(outputs[-1] @ kernel + bias)
            outputs.append(FORWARD[name](sums[-1]))
        last = self.activations[-1]
        each, delta = losses_and_delta(self.loss, outputs[-1], y, last, sums[-1])
        share = np.ones(len(x), x.dtype) if w is None else w
        value = float((each * share).sum() / len(x))
        delta = delta * (share / len(x))[:, None]
        slopes: list[Array] = []
        for place in reversed(range(len(self.activations))):
            slopes[:0] = [before[place].T @ delta, delta.sum(axis=0)]
            if place:
                back = delta @ self.weights[2 * place].T
                name = self.activations[place - 1]
                delta = back * SLOPE[name](sums[place - 1], outputs[place])
        return value, slopes

    def losses(self, x: Array, y: Array, w: Array | None = None) -> float:
        """Mean loss of data, weighted and divided by its rows."""
        return self.gradients(x, y, w)[0]

    def fit(
        self,
        x: Array,
        y: Array,
        batch_size: int,
        epochs: int,
        *,
        weights: Array | None = None,
        orders: list[Array] | None = None,
        after_batch: Callable[[int, int], None] = lambda epoch, batch: None,
    ) -> list[float]:
        """Train, and return the mean loss of each epoch, measured while the weights move."""
        history = []
        for epoch in range(epochs):
            order = np.arange(len(x)) if orders is None else orders[epoch]
            total = 0.0
            for number, start in enumerate(range(0, len(x), batch_size)):
                rows = order[start : start + batch_size]
                share = None if weights is None else weights[rows]
                value, slopes = self.gradients(x[rows], y[rows], share)
                total += value * len(rows)
                self.rule.apply(self.weights, slopes)
                after_batch(epoch, number)
            history.append(total / len(x))
        return history
