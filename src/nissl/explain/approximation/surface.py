"""Approximation of a function of two inputs: heights of the function, of the network, and error."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl import activations
from nissl.core.op import no_grad, quiet
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.explain.approximation.approximate import (
    check_settings,
    root_mean_square,
)
from nissl.explain.approximation.small_network import Trained, find_method, train
from nissl.explain.approximation.target import checked_range
from nissl.explain.expressions.expression import Expression, parse
from nissl.explain.report import Explanation
from nissl.i18n import translate as _

__all__ = ["SurfaceApproximation", "approximate_surface"]

Array = np.ndarray[Any, Any]
GRID = 101  # points along each side on which the error is measured


@dataclass(frozen=True)
class SurfaceApproximation(Explanation):
    """A function of two inputs and a network fitted to samples of it.

    Attributes:
        expression: the function.
        low, high: the interval of both inputs.
        x, t: samples, of shapes ``(N, 2)`` and ``(N,)``.
        trained: the network.
        activation: name of the hidden units' activation.
        samples_rmse, rmse: root mean square error on the samples, and on a grid over the square.
        max_error, max_error_at: the largest error on the grid, and where.
    """

    expression: Expression
    low: float
    high: float
    x: Array
    t: Array
    trained: Trained
    activation: str
    samples_rmse: float
    rmse: float
    max_error: float
    max_error_at: tuple[float, float]

    def __call__(self, x: Array) -> Array:
        """Return the network's output at points of shape ``(N, 2)``."""
        return _predict(self.trained, x)

    def heading(self, name: str = "") -> str:
        """Return what is shown in a line; ``name`` says how the function is written there."""
        return _("A 2-{hidden}-1 network of {activation} units approximates {name}").format(
            hidden=self.trained.model.get_weights()[1].size,
            activation=self.activation,
            name=name or str(self.expression),
        )


def approximate_surface(
    f: Any,
    low: float = -1.0,
    high: float = 1.0,
    hidden: int = 10,
    samples: int = 225,
    *,
    activation: Any = "tanh",
    method: str = "levenberg-marquardt",
    epochs: int | None = None,
    starts: int | None = None,
    noise: float = 0.0,
    random: bool = False,
    seed: int = 0,
) -> SurfaceApproximation:
    """Train a 2-M-1 network on samples of a function of two inputs, and show how near it comes.

    ``y(x) = sum_j w_1j h(sum_i w_ji x_i + w_j0) + w_10``

    Args:
        f: a typed expression of two inputs, or what :func:`~nissl.explain.parse` made of one.
        low, high: the interval of both inputs.
        hidden: M, 1 to 100.
        samples: about how many, 4 to 10,000; a square number of them lies on a grid.
        activation, method, epochs, starts, noise, random, seed: as in
            :func:`~nissl.explain.approximate`; one method.

    Raises:
        ArgumentError: a setting is outside its range, or ``f`` is not finite somewhere.

    >>> found = approximate_surface("x1*x2", hidden=4, samples=49, starts=4)
    >>> found.rmse < 0.01
    True
    """
    expression = parse(f) if isinstance(f, str) else f
    if not isinstance(expression, Expression):
        raise ArgumentTypeError(
            f"a surface is given as an expression such as 'x1*x2', not {type(f).__name__}"
        )
    if len(expression.inputs) != 2:
        raise ArgumentError(
            f"{str(expression)!r} has {len(expression.inputs)} inputs; a surface has two"
        )
    low, high = checked_range(low, high)
    check_settings(hidden, samples, 4, epochs, starts, noise, seed)
    if method == "all":
        raise ArgumentError("method 'all' compares methods for one input; choose one method")
    method, function = find_method(method), activations.get(activation)
    grid = pairs(np.linspace(low, high, GRID))
    truth = _finite(expression, grid)
    generator = np.random.default_rng([seed, 1 << 20])
    side = np.linspace(low, high, round(math.sqrt(samples)))
    x = generator.uniform(low, high, (samples, 2)) if random else pairs(side)
    t = _finite(expression, x) + (generator.normal(0.0, noise, len(x)) if noise else 0.0)
    trained = train(
        x, t, [low, low], [high, high], hidden=hidden, activation=function, method=method,
        epochs=epochs, starts=starts, seed=seed,
    )  # fmt: skip
    errors = _predict(trained, grid) - truth
    worst = int(np.argmax(np.abs(errors)))
    return SurfaceApproximation(
        expression, low, high, x, t, trained, activations.name_of(function),
        root_mean_square(_predict(trained, x) - t), root_mean_square(errors),
        float(np.abs(errors[worst])), (float(grid[worst, 0]), float(grid[worst, 1])),
    )  # fmt: skip


def pairs(side: Array) -> Array:
    """Return every pair of numbers of a side, rows of ``(x1, x2)``, the first input fastest."""
    first, second = np.meshgrid(side, side)
    return np.stack([first.ravel(), second.ravel()], axis=1)  # (side * side, 2)


def values(expression: Expression, x: Array) -> Array:
    """Return an expression's values at points of shape ``(N, 2)``, NaN where there are none."""
    with np.errstate(all="ignore"), quiet(), no_grad():
        found = expression(x[:, 0], x[:, 1]).numpy().astype(np.float64)
    if found.shape != (len(x),):
        raise ShapeError(f"{expression} gave shape {found.shape} for {len(x)} points")
    return found


def _finite(expression: Expression, x: Array) -> Array:
    found = values(expression, x)
    bad = np.flatnonzero(~np.isfinite(found))
    if bad.size:
        place = x[bad[0]]
        first, second = expression.inputs
        raise ArgumentError(
            f"{expression} is not finite on the range: at {first} = {place[0]:.6g}, {second} = "
            f"{place[1]:.6g} it is {found[bad[0]]}; choose a range without this point"
        )
    return found


def _predict(trained: Trained, x: Array) -> Array:
    with quiet(), no_grad():
        return trained.model(x).numpy()[:, 0]
