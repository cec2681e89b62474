"""What few bits do to activation functions: 8-bit fixed point beside floating point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nissl import plots
from nissl.errors import ArgumentError
from nissl.explain.drawing.lettering import drawable, style
from nissl.explain.gallery.curves import Array, Named, Wanted, evaluate, named
from nissl.explain.panels import Panel, Sheet
from nissl.explain.parts import Cell, Part, Text, Value, format_number, table_of
from nissl.explain.report import Explanation
from nissl.i18n import grouped
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Precision", "precision"]


@dataclass(frozen=True)
class Loss:
    """What a function loses in fewer bits, over every number of a fixed-point format.

    Attributes:
        name: of the function.
        floats: largest error of the value in float32 and in float16, against float64.
        value: largest error of the value in fixed point.
        slope: largest error of the derivative in fixed point.
        clipped: for how many inputs the value does not fit in and is cut off at an end.
        vanished: for how many inputs a derivative that is not 0 becomes 0.
    """

    name: str
    floats: tuple[float, float]
    value: float
    slope: float
    clipped: int
    vanished: int


@dataclass(frozen=True, eq=False)
class Precision(Explanation):
    """Activation functions in few bits; see :func:`precision`.

    Attributes:
        losses: one a function, the smallest error in fixed point first.
        bits: of a number in fixed point, in two's complement.
        fraction: how many of them stand behind the point.
        numbers: all that there are, ascending: shape ``(2**bits,)``.
    """

    losses: tuple[Loss, ...]
    bits: int
    fraction: int
    numbers: Array

    def parts(self) -> Iterator[Part]:
        """Yield the table of errors, and which functions are exact."""
        count, fixed = grouped(len(self.numbers)), _("{bits}-bit fixed").format(bits=self.bits)
        low, high, step = map(format_number, (*self.numbers[[0, -1]], 2.0**-self.fraction))
        yield Text(_("Activation functions in few bits"), heading=True)
        yield Text(
            _(
                "Fixed point of {bits} bits, {fraction} of them behind the point: {count} numbers "
                "from {low} to {high}, in steps of {step}. Each of them is given to each function; "
                "value and derivative are rounded to the nearest number of the format, as a table "
                "of {count} entries would hold them."
            ).format(
                bits=self.bits, fraction=self.fraction, count=count, low=low, high=high, step=step
            )
        )
        yield table_of(
            self.losses,
            [
                (_("Function"), lambda loss: loss.name),
                ("float32", lambda loss: _error_cell(loss.floats[0])),
                ("float16", lambda loss: _error_cell(loss.floats[1])),
                (fixed, lambda loss: _error_cell(loss.value)),
                (
                    _("{format}: derivative").format(format=fixed),
                    lambda loss: _error_cell(loss.slope),
                ),
                (_("values that do not fit"), lambda loss: loss.clipped),
                (_("derivatives lost (become 0)"), lambda loss: loss.vanished),
            ],
            title=_("Largest error against float64, and how many of {count} inputs suffer").format(
                count=count
            ),
            digits=3,
        )
        exact = ", ".join(each.name for each in self.losses if each.value == each.slope == 0)
        if exact:
            text = _("Exact in {bits} bits, derivative too: {names}.")
            yield Text(text.format(bits=self.bits, names=exact), style="good")

    def draw(self) -> Sheet:
        """Draw the largest errors in fixed point, counted in steps of the format."""
        step, share = 2.0**-self.fraction, 100 / len(self.numbers)
        label = _("Largest error in {bits}-bit fixed point, in steps of {step}")
        errors = {
            _("h(x), the function"): [each.value / step for each in self.losses],
            _("h'(x), its derivative"): [each.slope / step for each in self.losses],
        }
        lost = {"": [each.vanished * share for each in self.losses]}
        names = [drawable(each.name, 40) for each in self.losses]
        size = (4.8, 1.45 + 0.36 * len(names))
        panels = (
            Panel(
                lambda axes: (_bars(axes, names, errors), _half(axes)),
                x=label.format(bits=self.bits, step=format_number(step)),
                size=size,
            ),
            Panel(
                lambda axes: _bars(axes, names, lost, most=100, unit="%"),
                x=_("Inputs whose derivative becomes 0 [%]"),
                size=size,
            ),
        )
        return Sheet(
            [panels], legend=2, finish=lambda _figure, every: [a.label_outer() for a in every]
        )


def _error_cell(error: float) -> Value:
    return error or Cell(_("exact"), style="good")


def _half(axes: Axes) -> None:
    axes.axvline(0.5, color=plots.INK, linewidth=0.8, linestyle=":", zorder=0)
    axes.set_title(_("half a step: rounding alone"), fontsize=8)


def _bars(
    axes: Axes,
    names: Sequence[str],
    sizes: Mapping[str, Sequence[float]],
    most: float = 1.0,
    unit: str = "",
) -> None:
    """Horizontal bars with their numbers; one longer than ``most`` is cut off and says so."""
    height = 0.72 / len(sizes) if len(sizes) > 1 else 0.6
    for number, (label, values) in enumerate(sizes.items(), start=1):
        derivative = number == len(sizes)
        bars = axes.barh(
            np.arange(len(names)) + 0.38 * (number - (len(sizes) + 1) / 2),
            np.fmin(values, most),  # also in place of NaN
            height,
            color=plots.VALIDATION if derivative else plots.TRAINING,
            hatch="////" if derivative else "",
            edgecolor="white",
            label=label,
        )
        texts = [
            f"{'' if size <= most else '… '}{format_number(size, 2 if size < 1000 else 1)}{unit}"
            for size in values
        ]
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
        axes.bar_label(bars, texts, padding=3, fontsize=7, bbox=paper)
    axes.set_yticks(range(len(names)), names, **style(10))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, 1.15 * most)


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
        fraction: how many bits stand behind the point; the step is ``2**-fraction``.

    Raises:
        ArgumentError: the format is not offered, or nothing is named.

    The lecture's section 4.1, on ReLU; Bishop and Bishop, Deep Learning (2024), section 6.2.3.

    >>> relu, tanh = precision(["tanh", "relu"]).losses
    >>> relu.name, relu.value, relu.slope
    ('relu', 0.0, 0.0)
    >>> round(tanh.value, 4), tanh.vanished
    (0.0307, 179)
    """
    if not 2 <= bits <= 16 or not 0 <= fraction < bits:
        raise ArgumentError(
            f"fixed point of {bits} bits, {fraction} of them behind the point, is not offered: "
            "take 2 to 16 bits, and fewer of them behind the point"
        )
    numbers = np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1)) * 2.0**-fraction
    losses = [_measure(each, numbers, 2.0**-fraction) for each in named(names)]
    ranked = sorted(losses, key=lambda each: (each.value, each.slope, each.vanished))
    return Precision(tuple(ranked), bits, fraction, numbers)


def _measure(function: Named, numbers: Array, step: float) -> Loss:
    """Round to the nearest number; what lies beyond the ends becomes the end."""
    y, slope = evaluate(function, numbers)
    fixed, tilted = (np.clip(np.rint(each / step) * step, *numbers[[0, -1]]) for each in (y, slope))
    return Loss(
        function.name,
        floats=(_error(function(numbers.astype("float32")).numpy(), y),
                _error(function(numbers.astype("float16")).numpy(), y)),
        value=_error(fixed, y),
        slope=_error(tilted, slope),
        clipped=int(np.count_nonzero(abs(fixed - y) > step / 2)),
        vanished=int(np.count_nonzero((slope != 0) & (tilted == 0))),
    )  # fmt: skip


def _error(found: NDArray[Any], true: Array) -> float:
    """The largest difference; two equal infinities, or two NaN, do not differ."""
    differ = ~((found == true) | (np.isnan(found) & np.isnan(true)))
    return float(np.abs(np.subtract(found, true, out=np.zeros_like(true), where=differ)).max())
