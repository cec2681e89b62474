"""Approximation of a function of two inputs: heights of the function, of the network, and error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import activations, plots
from nissl.core.op import no_grad, quiet
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.explain.approximation.report import (
    OUTSIDE,
    check_settings,
    root_mean_square,
)
from nissl.explain.approximation.small_network import NAMES, Trained, find_method, train
from nissl.explain.approximation.target import checked_range
from nissl.explain.drawing.lettering import mathematics
from nissl.explain.expressions.expression import Expression, parse
from nissl.explain.parts import Part, Table, Text, format_number
from nissl.explain.report import Explanation
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["SurfaceApproximation", "approximate_surface"]

Array = np.ndarray[Any, Any]
GRID = 101  # points along each side on which the error is measured
_LEVELS = 13


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

    def parts(self) -> Iterator[Part]:
        first, second = self.expression.inputs
        yield Text(self._heading(str(self.expression)), heading=True)
        yield Text(_("Trained on {count} samples.").format(count=self.t.size))
        columns = (
            _("Method"), _("RMSE on the samples"), _("RMSE on the square"), _("Largest error"),
            _("at {variable} =").format(variable=first),
            _("at {variable} =").format(variable=second), _("Steps"), _("Starts"), _("Seconds"),
        )  # fmt: skip
        row = (
            _(NAMES[self.trained.method]), self.samples_rmse, self.rmse, self.max_error,
            *self.max_error_at, self.trained.steps, self.trained.starts, self.trained.seconds,
        )  # fmt: skip
        yield Table(columns, [row], digits=3)
        kernel, biases, out, bias = self.trained.model.get_weights()
        rows = [
            [j + 1, *kernel[:, j].tolist(), float(biases[j]), float(out[j, 0])]
            for j in range(biases.size)
        ]
        titles = (_("Hidden unit"), first, second, _("bias"), _("to the output"))
        title = _("Weights; the bias of the output is {value}").format(
            value=format_number(bias[0], 9)
        )
        yield Table(titles, rows, title=title, digits=9)

    def _heading(self, name: str) -> str:
        return _("A 2-{hidden}-1 network of {activation} units approximates {name}").format(
            hidden=self.trained.model.get_weights()[1].size, activation=self.activation, name=name
        )

    def draw(self) -> Figure:
        far = OUTSIDE / 2 * (self.high - self.low)
        side = np.linspace(self.low - far, self.high + far, 121)
        points = _pairs(side)
        shape = (side.size, side.size)
        truth = _values(self.expression, points).reshape(shape)
        said = self(points).reshape(shape)
        inner = np.linspace(self.low, self.high, GRID)
        inside = _values(self.expression, _pairs(inner))
        error = (self(_pairs(inner)) - inside).reshape(GRID, GRID)
        figure = plots.new_figure(12.6, 4.9)
        three = figure.subplots(1, 3)
        levels = _levels(float(inside.min()), float(inside.max()))
        for axes, heights, title in (
            (three[0], truth, _("Function")),
            (three[1], said, _("Network")),
        ):
            shown = axes.contourf(side, side, np.ma.masked_invalid(heights), levels, cmap="cividis",
                                  extend="both")  # fmt: skip
            self._square(axes, title)
        bar = figure.colorbar(
            shown, ax=three[:2], shrink=0.7, aspect=45, location="bottom", format="%.3g"
        )
        bar.set_label(_("height"))
        bar.ax.tick_params(labelsize=8)
        largest = self.max_error or 1.0
        bands = np.linspace(-largest, largest, _LEVELS)
        drawn = three[2].contourf(inner, inner, error, bands, cmap="PuOr")
        three[2].contour(inner, inner, error, bands, colors="black", linewidths=0.4)
        bar = figure.colorbar(
            drawn, ax=three[2], shrink=0.9, aspect=30, location="bottom", format="%.2g"
        )
        bar.set_label(
            _("network - function, dashed below 0; RMSE {value}").format(
                value=format_number(self.rmse, 2)
            ),
            fontsize=9,
        )
        bar.set_ticks([-largest, -largest / 2, 0, largest / 2, largest])
        bar.ax.tick_params(labelsize=8)
        self._square(three[2], _("Error within the square"))
        three[2].plot(
            self.x[:, 0], self.x[:, 1], ".", color=plots.INK, markersize=2,
            label=_("{count} samples").format(count=self.t.size),
        )  # fmt: skip
        three[0].plot([], [], "--", color="black", label=_("edge of the training square"))
        for axes in (three[0], three[2]):
            axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False, fontsize=8)
        figure.suptitle(
            self._heading(mathematics(self.expression.latex, self.expression.text)), fontsize=12
        )
        return figure

    def _square(self, axes: Axes, title: str) -> None:
        low, high = self.low, self.high
        axes.plot(
            [low, high, high, low, low], [low, low, high, high, low], color="white", linewidth=2.2
        )
        axes.plot(
            [low, high, high, low, low], [low, low, high, high, low], "--", color="black",
            linewidth=1.2,
        )  # fmt: skip
        axes.set_aspect("equal")
        axes.locator_params(nbins=5)
        axes.set_title(title, fontsize=10)
        first, second = self.expression.inputs
        axes.set_xlabel(first)
        axes.set_ylabel(second)
        axes.tick_params(labelsize=8)


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
    grid = _pairs(np.linspace(low, high, GRID))
    truth = _finite(expression, grid)
    generator = np.random.default_rng([seed, 1 << 20])
    side = np.linspace(low, high, round(math.sqrt(samples)))
    x = generator.uniform(low, high, (samples, 2)) if random else _pairs(side)
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


def _pairs(side: Array) -> Array:
    """Every pair of numbers of a side, rows of ``(x1, x2)``, the first input fastest."""
    first, second = np.meshgrid(side, side)
    return np.stack([first.ravel(), second.ravel()], axis=1)  # (side * side, 2)


def _values(expression: Expression, x: Array) -> Array:
    with np.errstate(all="ignore"), quiet(), no_grad():
        found = expression(x[:, 0], x[:, 1]).numpy().astype(np.float64)
    if found.shape != (len(x),):
        raise ShapeError(f"{expression} gave shape {found.shape} for {len(x)} points")
    return found


def _finite(expression: Expression, x: Array) -> Array:
    found = _values(expression, x)
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


def _levels(low: float, high: float) -> Array:
    span = (high - low) or abs(high) or 1.0
    return np.linspace(low - 0.05 * span, high + 0.05 * span, _LEVELS)
