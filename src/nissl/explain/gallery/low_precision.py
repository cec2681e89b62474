"""What few bits do to activation functions: 8-bit fixed point beside floating point."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nissl.errors import ArgumentError
from nissl.explain.drawing.lettering import drawable, style
from nissl.explain.gallery.curves import Array, Named, Wanted, evaluate, named
from nissl.explain.parts import Cell, Part, Table, Text, Value, format_number
from nissl.explain.report import Explanation
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Precision", "precision"]

FLOATS = ("float32", "float16")


@dataclass(frozen=True)
class FixedPoint:
    """Numbers in fixed point: whole multiples of a step, with a sign, in two's complement.

    Attributes:
        bits: in all, the sign among them; 2 to 16.
        fraction: how many of them stand behind the point; the step is ``2**-fraction``.

    Raises:
        ArgumentError: the bits are too few or too many.

    >>> eight = FixedPoint(8, 4)
    >>> eight.step, eight.low, eight.high
    (0.0625, -8.0, 7.9375)
    >>> eight.round(np.array([0.1, 100.0])).tolist()
    [0.125, 7.9375]
    """

    bits: int = 8
    fraction: int = 4

    def __post_init__(self) -> None:
        if not 2 <= self.bits <= 16 or not 0 <= self.fraction < self.bits:
            raise ArgumentError(
                f"fixed point of {self.bits} bits, {self.fraction} of them behind the point, is "
                "not offered: take 2 to 16 bits, and fewer of them behind the point"
            )

    @property
    def step(self) -> float:
        """Distance from one number to the next."""
        return 2.0**-self.fraction

    @property
    def low(self) -> float:
        """The least number."""
        return -(2 ** (self.bits - 1)) * self.step

    @property
    def high(self) -> float:
        """The greatest number."""
        return (2 ** (self.bits - 1) - 1) * self.step

    def numbers(self) -> Array:
        """Return every number that there is, ascending: shape ``(2**bits,)``, float64."""
        return np.arange(-(2 ** (self.bits - 1)), 2 ** (self.bits - 1)) * self.step

    def round(self, values: NDArray[Any]) -> Array:
        """Return the nearest number to each value; what lies beyond the ends becomes the end."""
        return np.clip(
            np.rint(np.asarray(values, np.float64) / self.step) * self.step, self.low, self.high
        )


@dataclass(frozen=True)
class Loss:
    """What a function loses in fewer bits, over every number of a fixed-point format.

    Attributes:
        name: of the function.
        floats: largest error of the value in each of :data:`FLOATS`, against float64.
        value: largest error of the value in fixed point.
        slope: largest error of the derivative in fixed point.
        clipped: for how many inputs the value does not fit in and is cut off at an end.
        vanished: for how many inputs a derivative that is not 0 becomes 0.
    """

    name: str
    floats: tuple[float, ...]
    value: float
    slope: float
    clipped: int
    vanished: int


class Precision(Explanation):
    """Activation functions in few bits; see :func:`precision`.

    Attributes:
        losses: one a function, the smallest error in fixed point first.
        form: the fixed-point format.
    """

    def __init__(self, losses: Sequence[Loss], form: FixedPoint) -> None:
        self.losses = tuple(losses)
        self.form = form

    def parts(self) -> Iterator[Part]:
        """Yield the table of errors, and which functions are exact."""
        form, count = self.form, 2**self.form.bits
        yield Text(_("Activation functions in few bits"), heading=True)
        yield Text(
            _(
                "Fixed point of {bits} bits, {fraction} of them behind the point: {count} numbers "
                "from {low} to {high}, in steps of {step}. Each of them is given to each function; "
                "value and derivative are rounded to the nearest number of the format, as a table "
                "of {count} entries would hold them."
            ).format(
                bits=form.bits,
                fraction=form.fraction,
                count=f"{count:,}",
                low=format_number(form.low),
                high=format_number(form.high),
                step=format_number(form.step),
            )
        )
        fixed = _("{bits}-bit fixed").format(bits=form.bits)
        columns = (
            _("Function"),
            *FLOATS,
            fixed,
            _("{format}: derivative").format(format=fixed),
            _("values that do not fit"),
            _("derivatives lost (become 0)"),
        )
        title = _("Largest error against float64, and how many of {count} inputs suffer").format(
            count=f"{count:,}"
        )
        yield Table(columns, [self._row(loss) for loss in self.losses], title, digits=3)
        exact = [each.name for each in self.losses if each.value == each.slope == 0]
        if exact:
            yield Text(
                _("Exact in {bits} bits, derivative too: {names}.").format(
                    bits=form.bits, names=", ".join(exact)
                ),
                style="good",
            )

    def draw(self) -> Figure:
        """Draw the largest errors in fixed point, counted in steps of the format."""
        from nissl import plots

        figure = plots.new_figure(9.6, 1.9 + 0.36 * len(self.losses))
        left, right = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
        step, count = self.form.step, 2**self.form.bits
        values = [e.value / step for e in self.losses]
        slopes = [e.slope / step for e in self.losses]
        lost = [100 * e.vanished / count for e in self.losses]
        _bars(left, values, -0.19, plots.TRAINING, "", _("h(x), the function"))
        _bars(left, slopes, 0.19, plots.VALIDATION, "////", _("h'(x), its derivative"))
        _bars(right, lost, 0.0, plots.VALIDATION, "////", "", most=100, unit="%")
        left.axvline(0.5, color=plots.INK, linewidth=0.8, linestyle=":", zorder=0)
        left.set_title(_("half a step: rounding alone"), fontsize=8, loc="center")
        left.set_xlabel(
            _("Largest error in {bits}-bit fixed point, in steps of {step}").format(
                bits=self.form.bits, step=format_number(step)
            )
        )
        right.set_xlabel(_("Inputs whose derivative becomes 0 [%]"))
        names = [drawable(each.name, 40) for each in self.losses]
        for axes in (left, right):
            axes.set_yticks(range(len(names)), names, **style(10))
            axes.set_ylim(len(names) - 0.4, -0.6)
            axes.spines[["top", "right"]].set_visible(False)
        right.tick_params(labelleft=False)
        figure.legend(loc="outside lower center", ncols=2, frameon=False)
        return figure

    def _row(self, loss: Loss) -> list[Value]:
        exact = Cell(_("exact"), style="good")
        marked: list[Value] = [
            exact if error == 0 else error for error in (*loss.floats, loss.value, loss.slope)
        ]
        return [loss.name, *marked, loss.clipped, loss.vanished]


def precision(names: Wanted = None, *, bits: int = 8, fraction: int = 4) -> Precision:
    r"""Compare activation functions in float64, float32, float16 and fixed point of few bits.

    Inputs are all numbers ``x`` of the fixed-point format, which every floating format holds
    exactly (float16 up to 12 bits), so the errors are the functions' own. In fixed point, value and
    derivative are those of float64, rounded to the format: the best that this number of bits
    allows. A function made of straight lines through numbers of the format, such as ReLU,
    loses nothing; a curved one loses up to half a step, and its small derivatives become 0.

    Args:
        names: functions, as in :func:`~nissl.explain.activations`; by default all registered ones.
        bits: of the fixed-point format, the sign among them; 2 to 16.
        fraction: how many bits stand behind the point.

    Raises:
        ArgumentError: the format is not offered, or nothing is named.

    The lecture's section 4.1, on ReLU; Bishop and Bishop, Deep Learning (2024), section 6.2.3.

    >>> relu, tanh = precision(["tanh", "relu"]).losses
    >>> relu.name, relu.value, relu.slope
    ('relu', 0.0, 0.0)
    >>> round(tanh.value, 4), tanh.vanished
    (0.0307, 179)
    """
    form = FixedPoint(bits, fraction)
    losses = [_measure(each, form) for each in named(names)]
    ranked = sorted(losses, key=lambda each: (each.value, each.slope, each.vanished))
    return Precision(ranked, form)


def _bars(
    axes: Axes,
    sizes: Sequence[float],
    offset: float,
    colour: str,
    hatch: str,
    label: str,
    most: float = 1.0,
    unit: str = "",
) -> None:
    """Horizontal bars with their numbers; one longer than ``most`` is cut off and says so."""
    places = np.arange(len(sizes)) + offset
    shown = [min(size, most) if math.isfinite(size) else most for size in sizes]
    height = 0.36 if offset else 0.6
    bars = axes.barh(
        places, shown, height, color=colour, hatch=hatch, edgecolor="white", label=label
    )
    texts = [
        f"{'' if size <= most else '… '}{format_number(size, 2 if size < 1000 else 1)}{unit}"
        for size in sizes
    ]
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
    axes.bar_label(bars, texts, padding=3, fontsize=7, bbox=paper)
    axes.set_xlim(0, 1.15 * most)


def _measure(function: Named, form: FixedPoint) -> Loss:
    x = form.numbers()
    y, slope = evaluate(function, x)
    floats = [_error(function(x.astype(kind)).numpy().astype(np.float64), y) for kind in FLOATS]
    fixed, tilted = form.round(y), form.round(slope)
    outside = (y < form.low - form.step / 2) | (y > form.high + form.step / 2)
    return Loss(
        function.name,
        tuple(floats),
        _error(fixed, y),
        _error(tilted, slope),
        int(np.count_nonzero(outside)),
        int(np.count_nonzero((slope != 0) & (tilted == 0))),
    )


def _error(found: Array, true: Array) -> float:
    """The largest difference; two equal infinities, or two NaN, do not differ."""
    differ = ~((found == true) | (np.isnan(found) & np.isnan(true)))
    return float(np.abs(np.subtract(found, true, out=np.zeros_like(true), where=differ)).max())
