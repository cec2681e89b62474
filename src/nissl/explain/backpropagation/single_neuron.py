"""One artificial neuron: inputs, weights, their sum, and what the activation function makes of it.

>>> shown = neuron([1.0, 1.0], -1.5, [1.0, 0.0], "heaviside")
>>> shown.a, shown.z
(-0.5, 0.0)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nissl import activations, plots
from nissl.autodiff import vjp
from nissl.core import functions as F
from nissl.core.tensor import Tensor
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.explain.backpropagation.bishop import (
    DOTS,
    equal,
    factor,
    folded,
    number,
    plus,
    symbol,
    times,
)
from nissl.explain.drawing.network import BACKWARD, FORWARD, LINE, line_of
from nissl.explain.parts import Cell, Part, Table, Text, format_number
from nissl.explain.report import Explanation
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Neuron", "neuron"]

Array = NDArray[np.float64]
_MOST_INPUTS = 12  # in the table
_DRAWN = 6


def neuron(weights: ArrayLike, bias: float, x: ArrayLike, activation: Any = "tanh") -> Neuron:
    r"""Show one neuron at work, ``a = w_0 + \sum_i w_i x_i`` and ``z = h(a)``, in float64.

    Args:
        weights: ``w_1`` to ``w_D``, shape ``(D,)``, at least one.
        bias: ``w_0``.
        x: inputs, shape ``(D,)``.
        activation: ``h``: a name, or a function of a tensor; element by element.

    Raises:
        ShapeError: weights and inputs are not as many.
        ArgumentTypeError: they are no numbers.
        UnknownNameError: there is no such activation.
    """
    w, inputs, first = (_numbers(n, v) for n, v in (("weights", weights), ("x", x), ("bias", bias)))
    w, inputs = np.atleast_1d(w), np.atleast_1d(inputs)
    if w.ndim != 1 or w.shape != inputs.shape or not w.size or first.size != 1:
        raise ShapeError(
            "a neuron has as many weights as inputs, at least one, and one bias; not weights of "
            f"shape {w.shape}, inputs of shape {inputs.shape} and a bias of shape {first.shape}"
        )
    function = activations.get(activation)
    if function in (activations.softmax, activations.log_softmax):
        raise ArgumentError("softmax needs a whole layer of neurons; a single one gives always 1")
    name = activation if isinstance(activation, str) else getattr(function, "__name__", "h")
    shown = str(name) if str(name).isidentifier() else "h"  # a lambda has no name
    return Neuron(w, float(first.item()), inputs, shown, function)


def _numbers(name: str, value: Any) -> Array:
    try:
        return np.asarray(value.numpy() if hasattr(value, "numpy") else value, np.float64)
    except (TypeError, ValueError) as error:
        raise ArgumentTypeError(f"{name}: numbers are needed, not {value!r}"[:200]) from error


@dataclass(frozen=True, eq=False)
class Neuron(Explanation):
    """A neuron at work; made by :func:`neuron`.

    Attributes:
        weights: ``w_1`` to ``w_D``.
        bias: ``w_0``.
        x: inputs.
        activation: what ``h`` is called.
        function: ``h``.
    """

    weights: Array
    bias: float
    x: Array
    activation: str
    function: Callable[[Tensor], Tensor] = field(repr=False)

    @cached_property
    def a(self) -> float:
        """The sum, or pre-activation."""
        with np.errstate(all="ignore"):
            return float((F.sum(F.asarray(self.products)) + self.bias).item())

    @cached_property
    def products(self) -> Array:
        """The terms of the sum, ``w_i x_i``, shape ``(D,)``."""
        with np.errstate(all="ignore"):
            return (F.asarray(self.weights) * F.asarray(self.x)).numpy()

    @cached_property
    def z(self) -> float:
        """The output."""
        return self._values(np.array([self.a]))[0].item()

    @cached_property
    def slope(self) -> float:
        """``h'(a)``."""
        return self._values(np.array([self.a]))[1].item()

    def _values(self, a: Array) -> tuple[Array, Array]:
        """``h`` and ``h'`` at some points."""
        with np.errstate(all="ignore"):
            value, back = vjp(self.function, F.asarray(a))
            return value.numpy(), back(F.ones_like(value))[0].numpy()

    def parts(self) -> Iterator[Part]:
        """Yield the sum term by term, and the output."""
        yield Text(_("A neuron with {count} inputs").format(count=len(self.x)), heading=True)
        products = self.products
        listed = [i for i in folded(products, _MOST_INPUTS) if i is not None]
        rows: list[list[Any]] = [
            [symbol("w", 0), self.bias, Cell(_("(always 1)")), self.bias],
            *([symbol("w", i + 1), float(self.weights[i]), float(self.x[i]), float(products[i])]
              for i in listed),
        ]  # fmt: skip
        if len(listed) < len(products):
            rest = f"{len(products) - len(listed):,}"
            more = _("{count} more; the largest products are shown").format(count=rest)
            rows.append([Cell(f"… {more}", style="dim"), None, None, None])
        rows.append(["Σ", None, None, self.a])
        product = Cell("w_i x_i", r"w_i\,x_i")
        yield Table((_("Weight"), Cell("w_i", "w_i"), Cell("x_i", "x_i"), product), rows)
        names, terms = [symbol("w", 0)], [number(self.bias)]
        for i in folded(products):
            names.append(
                DOTS if i is None else times(symbol("w", i + 1), symbol("x", i + 1))
            )  # fmt: skip
            terms.append(DOTS if i is None else times(factor(self.weights[i]), factor(self.x[i])))
        total = equal(symbol("a"), plus(names), plus(terms), number(self.a, 6))
        yield Text(total.text, f"${total.latex}$")
        name = self.activation.replace("_", r"\_")
        applied = Cell(
            f"{self.activation}({number(self.a).text})",
            rf"\mathrm{{{name}}}({number(self.a).latex})",
        )
        given = equal(symbol("z"), Cell("h(a)", "h(a)"), applied, number(self.z, 6))
        yield Text(given.text, f"${given.latex}$")
        slope = equal(Cell("h'(a)", "h'(a)"), number(self.slope, 6))
        yield Text(slope.text, f"${slope.latex}$")
        if not math.isfinite(self.z):
            yield Text(_("The output is not a finite number."), style="bad")

    def draw(self) -> Figure:
        """Draw the neuron, and its place on the curve of the activation function."""
        figure = plots.new_figure(10.2, 4.4)
        left, right = figure.subplots(1, 2, width_ratios=[1.25, 1])
        self._diagram(left)
        self._curve(right)
        return figure

    def _diagram(self, axes: Axes) -> None:
        from matplotlib.patches import Circle, FancyBboxPatch

        places = [i for i in folded(self.products, _DRAWN) if i is not None]
        hidden = len(self.x) - len(places)
        rows = [("1", self.bias, "$w_0$")]
        rows += [
            (f"$x_{{{i + 1}}}$ = {format_number(self.x[i], 3)}", float(self.weights[i]),
             f"$w_{{{i + 1}}}$")
            for i in places
        ]  # fmt: skip
        count = len(rows) + bool(hidden)
        largest = max([abs(w) for _text, w, _name in rows if math.isfinite(w)], default=0.0)
        height = max(3.4, 0.75 * count)
        axes.set_aspect("equal")
        axes.set_axis_off()
        axes.set_xlim(-0.9, 6.3)
        axes.set_ylim(-height / 2, height / 2)
        for row, (text, weight, name) in enumerate(rows):
            y = (count - 1) / 2 * 0.75 - row * 0.75
            style, width = line_of(weight, largest)
            axes.plot([0, 2.7], [y, 0], style, color=LINE, linewidth=width, zorder=1)
            axes.text(0, y, text, ha="center", va="center", fontsize=9, color=FORWARD, zorder=3,
                      bbox={"boxstyle": "round,pad=0.35", "facecolor": "white",
                            "edgecolor": plots.INK})  # fmt: skip
            axes.text(1.2, y * (1 - 1.2 / 2.7), f"{name} = {format_number(weight, 3)}",
                      ha="center", va="center", fontsize=8, color=FORWARD, zorder=2,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0})  # fmt: skip
        if hidden:
            y = (count - 1) / 2 * 0.75 - (count - 1) * 0.75
            axes.text(0, y, _("… {count} more").format(count=f"{hidden:,}"), ha="center",
                      va="center", fontsize=8)  # fmt: skip
        for start, stop in ((3.05, 4.0), (4.9, 5.5)):
            axes.annotate("", (stop, 0), (start, 0), arrowprops={"arrowstyle": "->"})
        axes.add_patch(Circle((2.7, 0), 0.35, facecolor="white", edgecolor=plots.INK, zorder=3))
        axes.text(2.7, 0, "Σ", ha="center", va="center", fontsize=14, zorder=4)
        axes.text(3.5, 0.12, f"a = {format_number(self.a, 3)}", ha="center", fontsize=8.5,
                  color=FORWARD)  # fmt: skip
        axes.add_patch(
            FancyBboxPatch(
                (4.05, -0.3), 0.8, 0.6, boxstyle="round,pad=0.02", facecolor="white",
                edgecolor=plots.INK, zorder=3,
            )
        )  # fmt: skip
        axes.text(4.45, 0, "h(a)", ha="center", va="center", fontsize=10, zorder=4)
        axes.text(4.45, -0.42, self.activation, ha="center", va="top", fontsize=8.5)
        axes.text(5.55, 0, f"z = {format_number(self.z, 3)}", ha="left", va="center", fontsize=9,
                  color=FORWARD)  # fmt: skip

    def _curve(self, axes: Axes) -> None:
        inside = self.a if math.isfinite(self.a) else 0.0
        reach = max(4.0, 1.3 * abs(inside))
        a = np.linspace(-reach, reach, 801)
        value, slope = self._values(a)
        axes.plot(a, value, color=FORWARD, linewidth=1.8, label=f"h(a), {self.activation}")
        axes.plot(a, slope, "--", color=BACKWARD, linewidth=1.4, label="h'(a)")
        if math.isfinite(self.a) and math.isfinite(self.z):
            axes.plot([self.a, self.a], [0, self.z], ":", color=plots.INK, linewidth=1)
            label = f"a = {format_number(self.a, 3)}, z = {format_number(self.z, 3)}"
            axes.plot([self.a], [self.z], "o", color=plots.INK, markersize=7, label=label)
        axes.axhline(0, color=plots.GRID, linewidth=0.8, zorder=0)
        axes.set_xlabel(_("a (sum of the weighted inputs)"))
        axes.set_ylabel(_("z (output) and slope"))
        axes.grid(color=plots.GRID, linewidth=0.5)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
