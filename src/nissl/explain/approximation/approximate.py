"""Approximation: what a small network makes of a function, and where it was never taught.

A two-layer network with enough hidden units comes as near as wanted to any continuous function on
an interval (Cybenko 1989; Hornik, Stinchcombe and White 1989; Bishop, Pattern Recognition and
Machine Learning, section 5.1 and figure 5.3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from nissl import activations
from nissl.core.op import no_grad, quiet
from nissl.errors import ArgumentTypeError, ShapeError
from nissl.explain.approximation.small_network import (
    METHODS,
    Settings,
    Trained,
    find_method,
    train,
)
from nissl.explain.approximation.target import Target, as_target, checked_range
from nissl.explain.parts import format_number
from nissl.explain.report import Explanation
from nissl.i18n import translate as _
from nissl.layers.core import Dense
from nissl.models.model import Model
from nissl.models.sequential import Sequential

__all__ = ["Approximation", "approximate", "approximation_of"]

Array = np.ndarray[Any, Any]
T = TypeVar("T", bound="Approximation")
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


@dataclass(frozen=True, kw_only=True)
class Fit(Trained):
    """A network beside the function that it approximates.

    Attributes:
        samples_rmse: root mean square error on the samples; NaN if there are none.
        rmse: the same on a fine grid over the interval, or the square.
        rmse_away: the same without the surroundings of jumps; ``rmse`` if there are none.
        max_error: largest error on the grid.
        max_error_at: where, a number for each input.
    """

    samples_rmse: float
    rmse: float
    rmse_away: float
    max_error: float
    max_error_at: float | tuple[float, ...]

    @property
    def name(self) -> str:
        """What a reader calls the method."""
        return _(METHODS[self.method].name) if self.method else _("the given network")

    def __call__(self, x: Any) -> Array:
        """Return the network's output at points of shape ``(N,)``, or ``(N, D)``."""
        return predict(self.model, np.asarray(x, np.float64))

    @property
    def layers(self) -> tuple[Dense, Dense] | None:
        """A hidden Dense layer and a Dense(1), if the network is made of these; else ``None``."""
        match self.model.stack if isinstance(self.model, Sequential) else []:
            case [Dense() as first, Dense(units=1) as second]:
                return first, second
            case _:
                return None

    @property
    def width(self) -> int:
        """The number of hidden units; 0 if there is not one hidden layer."""
        return self.layers[0].units if self.layers else 0

    def hidden(self, x: Any) -> Hidden | None:
        """Return what the last hidden layer does; ``None`` without a Dense(1) at the end."""
        match self.model.stack if isinstance(self.model, Sequential) else []:
            case [*before, Dense(units=1) as last] if before:
                pass
            case _:
                return None
        with quiet(), no_grad():
            z: Any = np.asarray(x, np.float64)[:, None]
            for layer in before:
                z = layer(z)
        kernel, *bias = (each.numpy().astype(np.float64).ravel() for each in last.weights)
        return Hidden(z.numpy().astype(np.float64), kernel, float(bias[0][0]) if bias else 0.0)


def predict(model: Model, x: Array) -> Array:
    """Return a network's output at points of shape ``(N,)`` or ``(N, D)``, float64."""
    with quiet(), no_grad():
        y = model(x.reshape(len(x), -1))  # (N, 1)
    if y.shape != (len(x), 1):
        raise ShapeError(
            f"model {model.name!r} gives shape {y.shape} for an input of shape {(len(x), 1)}; a "
            "network of one output can be shown"
        )
    return y.numpy().astype(np.float64)[:, 0]


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
        low, high: the interval; of two inputs, that of both.
        x, t: samples, of shape ``(N,)`` each; ``x`` of two inputs ``(N, 2)``.
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
        """The interval, or the square, as a reader sees it."""
        low, high = (format_number(end, 4) for end in (self.low, self.high))
        ends = f"[{low}, {high}]" if low != high else f"[{self.low!r}, {self.high!r}]"
        return ends if len(self.target.inputs) == 1 else f"{ends}²"

    @property
    def away(self) -> float:
        """How far from a jump errors count as away from it."""
        return AWAY * (self.high - self.low)

    def heading(self, name: str = "") -> str:
        """Return what is shown in a line; ``name`` says how the function is written there."""
        said = {"name": name or self.target.short, "interval": self.interval}
        if not (self.best.width and self.activation):
            return _("A network approximates {name} on {interval}").format(**said)
        text = _(
            "A {inputs}-{hidden}-1 network of {activation} units approximates {name} on {interval}"
        )
        return text.format(
            inputs=len(self.target.inputs),
            hidden=self.best.width,
            activation=self.activation,
            **said,
        )


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
    settings = Settings(
        hidden, samples, activation, method, epochs, starts, noise, random, seed
    )  # fmt: skip
    return approximated(Approximation, as_target(f), low, high, settings)


def approximated(kind: type[T], target: Target, low: float, high: float, settings: Settings) -> T:
    """Return a function approximated as settings say, as an explanation of some kind."""
    low, high = checked_range(low, high)
    methods = METHODS if settings.method == "all" else (find_method(settings.method),)
    named = activations.name_of(activations.get(settings.activation))
    jumps = target.jumps(low, high)
    x, t = _samples(target, low, high, settings)
    fits: list[Fit] = []
    for each in methods:
        trained = train(x.reshape(len(x), -1), t, low, high, each, settings)
        fits.append(measure(trained, target, low, high, x, t, jumps))
    return kind(target, low, high, x, t, tuple(fits), jumps, named, float(settings.noise))


def _samples(target: Target, low: float, high: float, settings: Settings) -> tuple[Array, Array]:
    generator = np.random.default_rng([settings.seed, 1 << 20])
    count, inputs = settings.samples, len(target.inputs)
    if not settings.random:
        x = target.grid(low, high, round(count ** (1 / inputs)))
    elif inputs == 1:
        x = np.sort(generator.uniform(low, high, count))
    else:
        x = generator.uniform(low, high, (count, inputs))
    t = target.finite(x)
    return x, t + generator.normal(0.0, settings.noise, len(x)) if settings.noise else t


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
    fit = measure(Trained(model), target, low, high, places, values, jumps)
    named = activations.name_of(fit.layers[0].activation) if fit.layers else ""
    return Approximation(target, low, high, places, values, (fit,), jumps, named)


def measure(
    trained: Trained, target: Target, low: float, high: float,
    x: Array, t: Array, jumps: tuple[float, ...] = (),
) -> Fit:  # fmt: skip
    """Return a network with its errors on the samples and on a grid over the interval."""
    grid = target.grid(low, high)
    errors = predict(trained.model, grid) - target.finite(grid)
    away = np.ones(len(grid), bool)
    for jump in jumps:
        away &= np.abs(grid - jump) > AWAY * (high - low)
    worst = int(np.argmax(np.abs(errors)))  # of a NaN, where there is one
    whole, place = root_mean_square(errors), grid[worst].tolist()
    return Fit(
        **vars(trained),
        samples_rmse=root_mean_square(predict(trained.model, x) - t) if x.size else math.nan,
        rmse=whole,
        rmse_away=root_mean_square(errors[away]) if jumps and away.any() else whole,
        max_error=float(np.abs(errors[worst])),
        max_error_at=tuple(place) if isinstance(place, list) else place,
    )
