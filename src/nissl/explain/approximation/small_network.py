"""Networks of one hidden layer and one output, and the ways to train one so small.

Every way starts from the same weights and works on samples scaled to [-1, 1]; the scaling is then
folded into the weights, so that a trained network takes ``x`` and gives ``y`` as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from nissl import activations, errors, losses, optimizers
from nissl.arguments import number, optional, whole
from nissl.core import functions as F
from nissl.core.tensor import Tensor
from nissl.errors import NonFiniteError, UnknownNameError
from nissl.explain.approximation import least_squares
from nissl.explain.approximation.least_squares import Solution
from nissl.i18n import mark
from nissl.layers.core import Dense, Input
from nissl.models.model import Model
from nissl.models.sequential import Sequential

__all__ = ["METHODS", "Scaling", "Settings", "Trained", "find_method", "train"]

Array = np.ndarray[Any, Any]
DTYPE = "float64"
_HALVED = 300  # evaluations of Levenberg-Marquardt after which only the better starts go on
_EQUAL = 1.02  # errors within 2% count as equal; the network with the smaller weights is taken
_EXACT = 1e-6  # an error so small, as a share of half the height, counts as none


@dataclass(frozen=True)
class Method:
    """A way to train, and how long it is let.

    Attributes:
        name: what a reader calls it.
        starts: sets of first weights, for little data.
        least, most: steps of a start.
        work: what all steps of a start may cost, where that is between the two.
        optimizer: makes what ``fit`` trains with; none of a method of least squares.
    """

    name: str
    starts: int
    least: int
    most: int
    work: int
    optimizer: Callable[[], Any] | None = None


METHODS = {
    "levenberg-marquardt": Method(  # its starts run side by side, so that more cost little
        mark("Levenberg-Marquardt"), 16, 30, least_squares.MOST_STEPS, 10_000_000
    ),
    "bfgs": Method(mark("BFGS"), 8, 30, 10_000, 10_000_000),
    "adam": Method(mark("Adam"), 8, 500, 20_000, 100_000_000, partial(optimizers.Adam, 0.02)),
    "sgd": Method(mark("SGD"), 8, 500, 20_000, 100_000_000, partial(optimizers.SGD, 0.1)),
}
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
class Settings:
    """How samples are taken, and a network is trained on them; see :func:`explain.approximate`."""

    hidden: int
    samples: int
    activation: Any = "tanh"
    method: str = "levenberg-marquardt"
    epochs: int | None = None
    starts: int | None = None
    noise: float = 0.0
    random: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        who = "approximate"
        whole(who, "hidden", self.hidden, 1, 100)
        whole(who, "samples", self.samples, 2, 10_000)
        optional(whole)(who, "epochs", self.epochs, least=1, most=10_000_000)
        optional(whole)(who, "starts", self.starts, least=1, most=1000)
        whole(who, "seed", self.seed, 0, (1 << 32) - 1)
        number(who, "noise", self.noise, least=0)


@dataclass(frozen=True)
class Trained:
    """A network, and what its training cost.

    Attributes:
        model: the network, of ``x`` and ``y`` as they are.
        method: how it was trained, one of :data:`METHODS`; empty for a network that was given.
        steps: evaluations, or epochs, of the start that was kept.
        starts: how many starts were tried.
        seconds: what all of them took.
    """

    model: Model
    method: str = ""
    steps: int = 0
    starts: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Scaling:
    """Samples brought to [-1, 1]: ``u = (x - centre) / reach``, ``v = (t - middle) / height``."""

    centre: float
    reach: float
    middle: float
    height: float

    @classmethod
    def of(cls, low: float, high: float, t: Array) -> Scaling:
        """Return the scaling of an interval, which all inputs have, and of values on it."""
        least, most = float(t.min()), float(t.max())
        height = most / 2 - least / 2
        return cls(low / 2 + high / 2, high / 2 - low / 2, least / 2 + most / 2, height or 1.0)

    def apply(self, x: Array, t: Array) -> tuple[Array, Array]:
        """Return samples and their values scaled."""
        return (x - self.centre) / self.reach, (t - self.middle) / self.height

    def fold(self, p: Array, inputs: int = 1) -> Array:
        """Return parameters that do on ``x`` what ``p`` does on ``u``, and give ``y`` for ``v``.

        ``w (x - c) / r + b = (w / r) x + (b - w c / r)``, and likewise for the output.
        """
        w, b, v, c = _split(p, inputs)
        b = b - np.full(inputs, self.centre / self.reach) @ w
        output = v * self.height, c * self.height + self.middle
        return np.concatenate([(w / self.reach).ravel(), b, *output])


def _split(p: Array, inputs: int) -> tuple[Array, Array, Array, Array]:
    """Parameters as weights ``(D, M)`` and biases ``(M,)``, then those of the output."""
    hidden = (p.size - 1) // (inputs + 2)
    w, b, v, c = np.split(p, np.cumsum([inputs * hidden, hidden, hidden]))
    return w.reshape(inputs, hidden), b, v, c


def _network(activation: Any, parameters: Array, inputs: int) -> Sequential:
    """A D-M-1 network of Dense layers in float64, with all its parameters given in one vector."""
    w, b, v, c = _split(parameters, inputs)
    model = Sequential(
        [
            Input((inputs,), dtype=DTYPE),
            Dense(b.size, activation, kernel_initializer="zeros", dtype=DTYPE),
            Dense(1, kernel_initializer="zeros", dtype=DTYPE),
        ]
    )
    model.set_weights([w, b, v[:, None], c])
    return model


def _first_parameters(hidden: int, seed: int, start: int, inputs: int) -> Array:
    """First parameters for the scaled inputs: each unit turns somewhere among them."""
    random = np.random.default_rng([seed, start])
    slopes = random.uniform(0.5, 1.5, hidden) * max(1.0, hidden ** (1 / inputs) / 2)
    directions = random.normal(size=(inputs, hidden))
    w = slopes * directions / np.linalg.norm(directions, axis=0)  # (D, M)
    turns = random.uniform(-1, 1, (inputs, hidden))  # where a unit's pre-activation is 0
    biases = -np.sum(w * turns, axis=0)
    return np.concatenate([w.ravel(), biases, random.normal(0, 0.5, hidden), [0.0]])


def _outputs(
    activation: Callable[..., Tensor], hidden: int, x: Array
) -> Callable[[Tensor], Tensor]:
    """``y`` at points ``x``, shape ``(N, D)``, as a function of ``(..., N, parameters)``."""
    inputs = x.shape[1]
    columns = [F.asarray(x[:, d, None]) for d in range(inputs)]  # each (N, 1)

    def function(p: Tensor) -> Tensor:
        a = p[..., inputs * hidden : (inputs + 1) * hidden]
        for d, column in enumerate(columns):
            a = a + p[..., d * hidden : (d + 1) * hidden] * column  # (..., N, M)
        v = p[..., (inputs + 1) * hidden : (inputs + 2) * hidden]
        return F.sum(v * activation(a), axis=-1) + p[..., (inputs + 2) * hidden]  # (..., N)

    return function


def train(x: Array, t: Array, low: float, high: float, method: str, settings: Settings) -> Trained:
    """Train a D-M-1 network on samples by one method, from several starts.

    Args:
        x, t: samples, of shapes ``(N, D)`` and ``(N,)``, float64.
        low, high: the interval that each input was taken from.
        method: one of :data:`METHODS`, whatever the settings say.
        settings: all else.

    Raises:
        NonFiniteError: no start led to finite weights.
    """
    if method == "bfgs":
        errors.optional("scipy.optimize", "BFGS", "science")  # not part of the training
    clock = time.perf_counter()
    scaling = Scaling.of(low, high, t)
    u, v = scaling.apply(x, t)
    hidden, inputs, way = settings.hidden, x.shape[1], METHODS[method]
    work = max(x.size, (inputs + 2) * hidden) * hidden
    starts = settings.starts or (way.starts if work <= 20_000 else 3 if work <= 200_000 else 1)
    steps = settings.epochs or max(way.least, min(way.most, way.work // work))
    first = np.stack([_first_parameters(hidden, settings.seed, i, inputs) for i in range(starts)])
    function = activations.get(settings.activation)
    if way.optimizer is not None:
        found = _first_order(way.optimizer, function, u, v, first, steps)
    elif method == "bfgs":
        outputs = _outputs(function, hidden, u)
        found = [least_squares.bfgs(outputs, v, each, steps) for each in first]
    else:
        outputs = _outputs(function, hidden, u)
        found = least_squares.levenberg_marquardt(outputs, v, first, steps, _HALVED)
    best = _best(found, method)
    model = _network(settings.activation, scaling.fold(best.parameters, inputs), inputs)
    return Trained(model, method, best.steps, starts, time.perf_counter() - clock)


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
    optimizer: Callable[[], Any], function: Any, u: Array, v: Array, starts: Array, epochs: int
) -> list[Solution]:
    """Train by the public ``fit``, all samples in each step."""
    found: list[Solution] = []
    for start in starts:
        model = _network(function, start, u.shape[1])
        model.compile(optimizer=optimizer(), loss=losses.MeanSquaredError())
        try:
            model.fit(u, v[:, None], batch_size=v.size, epochs=epochs, verbose=0)
        except NonFiniteError:  # this start led nowhere; another may not
            continue
        parameters = np.concatenate([each.ravel() for each in model.get_weights()])
        error = float(np.sqrt(np.mean((model(u).numpy()[:, 0] - v) ** 2)))
        found.append(Solution(parameters, error, epochs))
    return found
