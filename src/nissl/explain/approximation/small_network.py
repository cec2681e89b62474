"""Networks of one hidden layer and one output, and the ways to train one so small.

Every way starts from the same weights and works on samples scaled to [-1, 1]; the scaling is then
folded into the weights, so that a trained network takes ``x`` and gives ``y`` as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl import activations, losses, optimizers
from nissl.core import functions as F
from nissl.core.tensor import Tensor
from nissl.errors import NonFiniteError, UnknownNameError, optional
from nissl.explain.approximation.least_squares import (
    MOST_STEPS,
    Solution,
    bfgs,
    levenberg_marquardt,
)
from nissl.i18n import mark
from nissl.layers.core import Dense, Input
from nissl.models.sequential import Sequential

__all__ = ["METHODS", "NAMES", "Scaling", "Trained", "find_method", "network", "split", "train"]

Array = np.ndarray[Any, Any]
DTYPE = "float64"
_STARTS = {"levenberg-marquardt": 16}  # side by side, so that more cost little
_USUAL_STARTS = 8
_SECOND_ORDER_STEPS = {"levenberg-marquardt": MOST_STEPS, "bfgs": 10_000}  # progress ends them
_HALVED = 300  # evaluations of Levenberg-Marquardt after which only the better starts go on
_EPOCHS = 20_000
_EQUAL = 1.02  # errors within 2% count as equal; the network with the smaller weights is taken
_EXACT = 1e-6  # an error so small, as a share of half the height, counts as none

NAMES = {
    "levenberg-marquardt": mark("Levenberg-Marquardt"),
    "bfgs": mark("BFGS"),
    "adam": mark("Adam"),
    "sgd": mark("SGD"),
}
METHODS = tuple(NAMES)
_ALIASES = {"lm": "levenberg-marquardt", "levenberg_marquardt": "levenberg-marquardt"}


def find_method(name: str) -> str:
    """Return the method that a name means.

    Raises:
        UnknownNameError: no method has this name.

    >>> find_method("LM")
    'levenberg-marquardt'
    """
    lowered = name.lower() if isinstance(name, str) else str(name)
    found = _ALIASES.get(lowered, lowered)
    if found not in METHODS:
        raise UnknownNameError("method", name, METHODS)
    return found


@dataclass(frozen=True)
class Trained:
    """A network that one method trained.

    Attributes:
        method: one of :data:`METHODS`.
        model: the network, of ``x`` and ``y`` as they are.
        steps: evaluations, or epochs, that its start took.
        starts: how many starts were tried; the best is kept.
        seconds: what all of them took.
    """

    method: str
    model: Sequential
    steps: int
    starts: int
    seconds: float


@dataclass(frozen=True)
class Scaling:
    """Samples brought to [-1, 1]: ``u = (x - centre) / reach``, ``v = (t - middle) / height``.

    Attributes:
        centre, reach: of each input, shape ``(D,)``.
        middle, height: of the values.
    """

    centre: Array
    reach: Array
    middle: float
    height: float

    @classmethod
    def of(cls, low: Any, high: Any, t: Array) -> Scaling:
        """Return the scaling of an interval, or of one for each input, and of values on it."""
        least, most = float(t.min()), float(t.max())
        height = most / 2 - least / 2
        low, high = np.atleast_1d(low), np.atleast_1d(high)
        return cls(low / 2 + high / 2, high / 2 - low / 2, least / 2 + most / 2, height or 1.0)

    def apply(self, x: Array, t: Array) -> tuple[Array, Array]:
        """Return samples ``(N, D)`` and their values ``(N,)`` scaled."""
        return (x - self.centre) / self.reach, (t - self.middle) / self.height

    def fold(self, p: Array) -> Array:
        """Return parameters that do on ``x`` what ``p`` does on ``u``, and give ``y`` for ``v``.

        ``w (x - c) / r + b = (w / r) x + (b - w c / r)``, and likewise for the output.
        """
        w, b, v, c = split(p, self.centre.size)
        return np.concatenate(
            [
                (w / self.reach[:, None]).ravel(),
                b - (self.centre / self.reach) @ w,
                v * self.height,
                c * self.height + self.middle,
            ]
        )


def split(p: Array, inputs: int = 1) -> tuple[Array, Array, Array, Array]:
    """Return parameters as weights ``(D, M)`` and biases ``(M,)`` of layer 0, then of layer 1."""
    hidden = (p.size - 1) // (inputs + 2)
    w, b, v, c = np.split(p, np.cumsum([inputs * hidden, hidden, hidden]))
    return w.reshape(inputs, hidden), b, v, c


def network(
    hidden: int, activation: Any, parameters: Array | None = None, inputs: int = 1
) -> Sequential:
    """Return a D-M-1 network of Dense layers in float64.

    Args:
        hidden: M, the number of hidden units.
        activation: activation of the hidden layer.
        parameters: weights and biases of layer 0, weights and bias of layer 1, in one vector.
        inputs: D, the number of inputs.
    """
    model = Sequential(
        [
            Input((inputs,), dtype=DTYPE),
            Dense(hidden, activation, kernel_initializer="zeros", dtype=DTYPE),
            Dense(1, kernel_initializer="zeros", dtype=DTYPE),
        ]
    )
    if parameters is not None:
        w, b, v, c = split(parameters, inputs)
        model.set_weights([w, b, v[:, None], c])
    return model


def first_parameters(hidden: int, seed: int, start: int, inputs: int = 1) -> Array:
    """Return first parameters for the scaled inputs: each unit turns somewhere among them."""
    random = np.random.default_rng([seed, start])
    slopes = random.uniform(0.5, 1.5, hidden) * max(1.0, hidden ** (1 / inputs) / 2)
    directions = random.normal(size=(inputs, hidden))
    w = slopes * directions / np.linalg.norm(directions, axis=0)  # (D, M)
    turns = random.uniform(-1, 1, (inputs, hidden))  # where a unit's pre-activation is 0
    biases = -np.sum(w * turns, axis=0)
    return np.concatenate([w.ravel(), biases, random.normal(0, 0.5, hidden), [0.0]])


def outputs(activation: Callable[..., Tensor], hidden: int, x: Array) -> Callable[[Tensor], Tensor]:
    """Return ``y`` at points ``x``, shape ``(N, D)``, as a function of ``(..., N, parameters)``."""
    inputs = x.shape[1]
    columns = [F.asarray(x[:, d, None]) for d in range(inputs)]  # each (N, 1)

    def function(p: Tensor) -> Tensor:
        a = p[..., inputs * hidden : (inputs + 1) * hidden]
        for d, column in enumerate(columns):
            a = a + p[..., d * hidden : (d + 1) * hidden] * column  # (..., N, M)
        v = p[..., (inputs + 1) * hidden : (inputs + 2) * hidden]
        return F.sum(v * activation(a), axis=-1) + p[..., (inputs + 2) * hidden]  # (..., N)

    return function


def train(
    x: Array,
    t: Array,
    low: Any,
    high: Any,
    *,
    hidden: int,
    activation: Any,
    method: str,
    epochs: int | None,
    starts: int | None,
    seed: int,
) -> Trained:
    """Train a D-M-1 network on samples by one method, from several starts.

    Args:
        x, t: samples, of shapes ``(N, D)`` and ``(N,)``, float64.
        low, high: the interval that they were taken from, or one for each input.
        hidden: number of hidden units.
        activation: of the hidden layer.
        method: one of :data:`METHODS`.
        epochs: most epochs (first-order methods) or evaluations (second-order) a start.
        starts: how many sets of first weights are tried; by default fewer for much data.
        seed: what the first weights follow from.

    Raises:
        NonFiniteError: no start led to finite weights.
    """
    if method == "bfgs":
        optional(
            "scipy.optimize", NAMES[method], "science"
        )  # its import is not part of the training
    clock = time.perf_counter()
    scaling = Scaling.of(low, high, t)
    u, v = scaling.apply(x, t)
    inputs = x.shape[1]
    work = max(x.size, (inputs + 2) * hidden) * hidden
    count = starts or _usual_starts(method, work)
    first = np.stack([first_parameters(hidden, seed, start, inputs) for start in range(count)])
    function = activations.get(activation)
    most = epochs or _usual_steps(method, work)
    if method == "levenberg-marquardt":
        found = levenberg_marquardt(outputs(function, hidden, u), v, first, most, _HALVED)
    elif method == "bfgs":
        found = [bfgs(outputs(function, hidden, u), v, each, most) for each in first]
    else:
        found = _first_order(method, function, hidden, u, v, first, most)
    best = _best(found, method)
    model = network(hidden, activation, scaling.fold(best.parameters), inputs)
    return Trained(method, model, best.steps, count, time.perf_counter() - clock)


def _usual_starts(method: str, work: int) -> int:
    if work > 20_000:
        return 3 if work <= 200_000 else 1
    return _STARTS.get(method, _USUAL_STARTS)


def _usual_steps(method: str, work: int) -> int:
    if method in _SECOND_ORDER_STEPS:
        return max(30, min(_SECOND_ORDER_STEPS[method], 10_000_000 // work))
    return max(500, min(_EPOCHS, 100_000_000 // work))


def _best(found: list[Solution], method: str) -> Solution:
    """The least error; among those practically equal the one of the smallest weights."""
    found = [each for each in found if np.isfinite([each.rmse, *each.parameters]).all()]
    if not found:
        raise NonFiniteError(
            f"{method}: no start led to finite weights; try another method or seed"
        )
    bound = min(each.rmse for each in found) * _EQUAL + _EXACT
    good = [each for each in found if each.rmse <= bound]
    return min(good, key=lambda each: float(np.abs(each.parameters).max()))


def _first_order(
    method: str, function: Any, hidden: int, u: Array, v: Array, starts: Array, epochs: int
) -> list[Solution]:
    """Train by the public ``fit``, all samples in each step."""
    found: list[Solution] = []
    for start in starts:
        model = network(hidden, function, start, u.shape[1])
        optimizer = optimizers.Adam(0.02) if method == "adam" else optimizers.SGD(0.1)
        model.compile(optimizer=optimizer, loss=losses.MeanSquaredError())
        try:
            model.fit(u, v[:, None], batch_size=v.size, epochs=epochs, verbose=0)
        except NonFiniteError:  # this start led nowhere; another may not
            continue
        w, b, out, bias = model.get_weights()
        residuals = model(u).numpy()[:, 0] - v
        error = float(np.sqrt(np.mean(residuals**2)))
        found.append(Solution(np.concatenate([w.ravel(), b, out[:, 0], bias]), error, epochs))
    return found
