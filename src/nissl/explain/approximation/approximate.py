"""Approximation: what a small network makes of a function, and where it was never taught.

A two-layer network with enough hidden units comes as near as wanted to any continuous function on
an interval (Cybenko 1989; Hornik, Stinchcombe and White 1989; Bishop, Pattern Recognition and
Machine Learning, section 5.1 and figure 5.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nissl import activations
from nissl.arguments import number, optional, whole
from nissl.core.op import no_grad, quiet
from nissl.errors import ArgumentTypeError, ShapeError
from nissl.explain.approximation.small_network import METHODS, NAMES, find_method, train
from nissl.explain.approximation.target import GRID, Target, as_target, checked_range
from nissl.explain.parts import format_number
from nissl.explain.report import Explanation
from nissl.i18n import translate as _
from nissl.layers.core import Dense
from nissl.models.model import Model
from nissl.models.sequential import Sequential

__all__ = ["Approximation", "approximate", "approximation_of"]

Array = np.ndarray[Any, Any]
MOST_SAMPLES = 10_000
MOST_UNITS = 100
AWAY = 0.025  # share of the range, on either side of a jump, in which errors are counted apart
OUTSIDE = 0.5  # how far beyond the range is looked, as a share of it


@dataclass(frozen=True)
class Hidden:
    """What the last hidden layer of a network does at points ``x``.

    Attributes:
        outputs: ``z_j(x)``, shape ``(N, M)``.
        weights: ``w_kj``, from each unit to the output, shape ``(M,)``.
        bias: ``w_k0``.
    """

    outputs: Array
    weights: Array
    bias: float

    @property
    def contributions(self) -> Array:
        """``w_kj z_j(x)``: with the bias, they add up to the network's output."""
        return self.outputs * self.weights


@dataclass(frozen=True)
class Fit:
    """A network beside the function that it approximates.

    Attributes:
        model: the network, ``(N, 1)`` to ``(N, 1)``.
        method: how it was trained; empty for a network that was given.
        samples_rmse: root mean square error on the samples; NaN if there are none.
        rmse: the same on a fine grid over the interval.
        rmse_away: the same without the surroundings of jumps; ``rmse`` if there are none.
        max_error: largest error on the grid.
        max_error_at: where.
        steps: epochs, or evaluations, of the start that was kept.
        starts: how many starts were tried.
        seconds: what training took.
    """

    model: Model
    method: str
    samples_rmse: float
    rmse: float
    rmse_away: float
    max_error: float
    max_error_at: float
    steps: int = 0
    starts: int = 0
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """What a reader calls the method."""
        return _(NAMES[self.method]) if self.method else _("the given network")

    def __call__(self, x: Any) -> Array:
        """Return the network's output at points of shape ``(N,)``."""
        return predict(self.model, np.asarray(x, np.float64))

    @property
    def layers(self) -> tuple[Dense, Dense] | None:
        """A hidden Dense layer and a Dense(1), if the network is made of these; else ``None``."""
        match self.model.stack if isinstance(self.model, Sequential) else []:
            case [Dense() as first, Dense(units=1) as second]:
                return first, second
            case _:
                return None

    def hidden(self, x: Any) -> Hidden | None:
        """Return what the last hidden layer does; ``None`` without a Dense(1) at the end."""
        stack = self.model.stack if isinstance(self.model, Sequential) else []
        last = stack[-1] if stack else None
        if not isinstance(last, Dense) or last.units != 1 or len(stack) < 2:
            return None
        with quiet(), no_grad():
            z: Any = np.asarray(x, np.float64)[:, None]
            for layer in stack[:-1]:
                z = layer(z)
        assert last.kernel is not None
        bias = 0.0 if last.bias is None else float(last.bias.numpy()[0])
        return Hidden(z.numpy().astype(np.float64), _flat(last.kernel), bias)


def predict(model: Model, x: Array) -> Array:
    """Return a network's output at points of shape ``(N,)``, float64."""
    with quiet(), no_grad():
        y = model(x[:, None])  # (N, 1)
    if y.shape != (x.size, 1):
        raise ShapeError(
            f"model {model.name!r} gives shape {y.shape} for an input of shape {(x.size, 1)}; a "
            "network of one output can be shown"
        )
    return y.numpy().astype(np.float64)[:, 0]


def _flat(weights: Any) -> Array:
    return weights.numpy().astype(np.float64).ravel()


def root_mean_square(errors: Array) -> float:
    """Root of the mean square, also of what has a square beyond float64."""
    largest = float(np.abs(errors).max()) if errors.size else math.nan
    if not (math.isfinite(largest) and largest):
        return largest
    return largest * float(np.sqrt(np.mean((errors / largest) ** 2)))


@dataclass(frozen=True)
class Approximation(Explanation):
    """A function, samples of it, and one or several networks fitted to them.

    Attributes:
        target: the function.
        low, high: the interval.
        x, t: samples, each of shape ``(N,)``.
        fits: the networks, in the order in which they were asked for.
        jumps: where the function jumps.
        activation: name of the hidden units' activation; empty if not known.
        noise: standard deviation of what was added to the samples.
    """

    target: Target
    low: float
    high: float
    x: Array
    t: Array
    fits: tuple[Fit, ...]
    jumps: tuple[float, ...] = ()
    activation: str = ""
    noise: float = 0.0

    @cached_property
    def best(self) -> Fit:
        """The network of the least error on the interval."""
        return min(self.fits, key=lambda fit: (math.isnan(fit.rmse_away), fit.rmse_away))

    @property
    def interval(self) -> str:
        """The interval as a reader sees it."""
        low, high = (format_number(end, 4) for end in (self.low, self.high))
        return f"[{low}, {high}]" if low != high else f"[{self.low!r}, {self.high!r}]"

    @property
    def away(self) -> float:
        """How far from a jump errors count as away from it."""
        return AWAY * (self.high - self.low)


def approximate(
    f: Any,
    low: float = -1.0,
    high: float = 1.0,
    hidden: int = 3,
    samples: int = 50,
    *,
    activation: Any = "tanh",
    method: str = "levenberg-marquardt",
    epochs: int | None = None,
    starts: int | None = None,
    noise: float = 0.0,
    random: bool = False,
    seed: int = 0,
) -> Approximation:
    """Train a 1-M-1 network on samples of a function, and show how near it comes.

    ``y(x) = sum_j w_1j h(w_j1 x + w_j0) + w_10``

    Args:
        f: a typed expression of one input, or a function of an array, a tensor or a number.
        low, high: the interval that samples are taken from.
        hidden: M, the number of hidden units, 1 to 100.
        samples: how many, 2 to 10,000.
        activation: ``h``, by name or as a function.
        method: ``"levenberg-marquardt"`` (or ``"lm"``) and ``"bfgs"``, which needs SciPy, are
            of second order; ``"adam"`` and ``"sgd"`` train by ``fit``; ``"all"`` compares them.
        epochs: most epochs, or evaluations, a start; by default as many as the method needs.
        starts: how many first sets of weights are tried; 16 by default for
            Levenberg-Marquardt, 8 for the others, fewer for much data.
        noise: standard deviation of normal noise added to the samples, in the unit of ``f``.
        random: take samples at random places instead of evenly spaced ones.
        seed: what first weights, noise and random places follow from.

    Raises:
        ArgumentError: a setting is outside its range, or ``f`` is not finite somewhere.
        UnknownNameError: there is no such method or activation.
        NonFiniteError: no start led to finite weights.
        MissingDependencyError: the method needs SciPy, and it is not installed.

    >>> found = approximate("x**2", -1, 1, hidden=3, samples=50)
    >>> found.best.rmse < 0.001
    True
    """
    target = as_target(f)
    low, high = checked_range(low, high)
    check_settings(hidden, samples, 2, epochs, starts, noise, seed)
    methods = METHODS if method == "all" else (find_method(method),)
    function = activations.get(activation)
    jumps = target.jumps(low, high)
    x, t = _samples(target, low, high, samples, noise, random, seed)
    fits: list[Fit] = []
    for each in methods:
        trained = train(
            x[:, None], t, low, high, hidden=hidden, activation=function, method=each,
            epochs=epochs, starts=starts, seed=seed,
        )  # fmt: skip
        fit = measure(trained.model, each, target, low, high, x, t, jumps)
        fits.append(
            replace(fit, steps=trained.steps, starts=trained.starts, seconds=trained.seconds)
        )
    named = activations.name_of(function)
    return Approximation(target, low, high, x, t, tuple(fits), jumps, named, float(noise))


def check_settings(
    hidden: Any, samples: Any, least: int, epochs: Any, starts: Any, noise: Any, seed: Any
) -> None:
    """Raise what is wrong with settings; ``least`` samples are needed."""
    whole("approximate", "hidden", hidden, 1, MOST_UNITS)
    whole("approximate", "samples", samples, least, MOST_SAMPLES)
    optional(whole)("approximate", "epochs", epochs, least=1, most=10_000_000)
    optional(whole)("approximate", "starts", starts, least=1, most=1000)
    whole("approximate", "seed", seed, 0, (1 << 32) - 1)
    number("approximate", "noise", noise, least=0)


def approximation_of(
    model: Model, f: Any, low: float = -1.0, high: float = 1.0, *, x: Any = None, t: Any = None
) -> Approximation:
    """Show how near a given network comes to a function on an interval.

    Args:
        model: a network that takes ``(N, 1)`` and gives ``(N, 1)``; it is not changed.
        f: the function, as in :func:`approximate`.
        low, high: the interval; where the network was trained, if it was.
        x, t: the samples that it was trained on, to be drawn; by default none are.

    Raises:
        ShapeError: the network, or a sample, has another shape.
        ArgumentError: the function is not finite somewhere on the interval.

    >>> import nissl
    >>> line = nissl.Sequential([nissl.Input((1,)), nissl.layers.Dense(1)])
    >>> line.set_weights([[[2.0]], [1.0]])
    >>> found = approximation_of(line, lambda x: 2 * x, 0.0, 1.0)
    >>> round(found.best.rmse, 6), round(found.best.max_error, 6)
    (1.0, 1.0)
    """
    if not isinstance(model, Model):
        raise ArgumentTypeError(f"approximation_of takes a model, not {type(model).__name__}")
    target = as_target(f)
    low, high = checked_range(low, high)
    places = np.zeros(0) if x is None else np.asarray(x, np.float64).ravel()
    values = np.zeros(0) if t is None else np.asarray(t, np.float64).ravel()
    if places.shape != values.shape:
        raise ShapeError(f"x has {places.size} samples and t has {values.size}; give both alike")
    jumps = target.jumps(low, high)
    fit = measure(model, "", target, low, high, places, values, jumps)
    named = activations.name_of(fit.layers[0].activation) if fit.layers else ""
    return Approximation(target, low, high, places, values, (fit,), jumps, named)


def measure(
    model: Model, method: str, target: Target, low: float, high: float,
    x: Array, t: Array, jumps: tuple[float, ...],
) -> Fit:  # fmt: skip
    """Return a network with its errors on the samples and on a grid over the interval."""
    grid = np.linspace(low, high, GRID)
    errors = predict(model, grid) - target.finite(grid)
    on_samples = root_mean_square(predict(model, x) - t) if x.size else math.nan
    away = np.ones(GRID, bool)
    for jump in jumps:
        away &= np.abs(grid - jump) > AWAY * (high - low)
    worst = int(np.argmax(np.abs(errors)))  # of a NaN, where there is one
    whole = root_mean_square(errors)
    smooth = root_mean_square(errors[away]) if jumps and away.any() else whole
    largest = float(np.abs(errors[worst]))
    return Fit(model, method, on_samples, whole, smooth, largest, float(grid[worst]))


def _samples(
    target: Target, low: float, high: float, count: int, noise: float, random: bool, seed: int
) -> tuple[Array, Array]:
    generator = np.random.default_rng([seed, 1 << 20])
    x = np.sort(generator.uniform(low, high, count)) if random else np.linspace(low, high, count)
    t = target.finite(x)
    return x, t + generator.normal(0.0, noise, count) if noise else t
