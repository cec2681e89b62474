"""One layer of a backpropagation as it is written: what is listed of it, and how it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.explain.backpropagation.bishop import chosen, symbol
from nissl.explain.backpropagation.numbers import StageNumbers
from nissl.explain.backpropagation.stages import Stage
from nissl.explain.parts import Cell
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.backpropagation.report import Backprop

__all__ = ["MOST_UNITS", "Layer", "rest_row"]

MOST_UNITS = 8  # of a layer
MOST_INPUTS = 6
MOST_WEIGHTS = 24
_FEWER_WEIGHTS = 12  # shown of those that have more


class Layer:
    """One stage as it is written: which of its units and inputs, and how they are called."""

    def __init__(self, result: Backprop, place: int) -> None:
        self.stage: Stage = result.stages.stages[place]
        self.numbers: StageNumbers = result.numbers.stages[place]
        self.place = place
        self.last = place == len(result.stages.stages) - 1
        n = result.sample
        kernel = np.abs(self.numbers.kernel_slope)
        self.units = chosen(self.numbers.delta[n], MOST_UNITS)
        self.inputs = chosen(kernel.max(axis=1) if kernel.size else kernel[:, 0], MOST_INPUTS)

    @property
    def title(self) -> str:
        """What stands above its tables."""
        return _("Layer {number} ({name}), h = {activation}").format(
            number=self.stage.number, name=self.stage.name, activation=self.stage.activation
        )

    def weight(self, j: int, i: int | None, raised: bool = False) -> Cell:
        """``w_ji``; input ``None`` is the bias."""
        below = 0 if i is None else i + 1
        return symbol("w", j + 1, below, layer=self.stage.number, raised=raised)

    def a(self, j: int, raised: bool = False) -> Cell:
        """``a_j``."""
        return symbol("a", j + 1, layer=self.stage.number, raised=raised)

    def z(self, j: int) -> Cell:
        """``z_j``, or ``y_j`` of the outputs."""
        return symbol("y", j + 1) if self.last else symbol("z", j + 1, layer=self.stage.number)

    def source(self, i: int) -> Cell:
        """What comes in: ``x_i``, or ``z_i`` of the layer before."""
        if self.place == 0:
            return symbol("x", i + 1)
        return symbol("z", i + 1, layer=self.stage.number - 1)

    def delta(self, j: int, raised: bool = False) -> Cell:
        """``delta_j``."""
        return symbol("δ", j + 1, layer=self.stage.number, raised=raised)

    def weights(self) -> list[tuple[int, int | None]]:
        """The weights that are listed one by one, as (unit, input)."""
        inputs, units = self.numbers.kernel.shape
        biased = self.numbers.bias is not None
        sources: list[int | None] = [*([None] if biased else []), *range(inputs)]
        if len(sources) * units <= MOST_WEIGHTS:
            return [(j, i) for j in range(units) for i in sources]
        rows = [*([self.numbers.bias_slope] if biased else []), *self.numbers.kernel_slope]
        sizes = np.stack([np.asarray(row) for row in rows], axis=1)  # (units, sources)
        best = chosen(sizes.ravel(), _FEWER_WEIGHTS)
        return [(b // len(sources), sources[b % len(sources)]) for b in best]

    def more_units(self, columns: int) -> list[list[Any]]:
        """A last row that counts the units that are not shown, if there are any."""
        what = _("{count} more units; those with the largest |δ| are shown")
        return rest_row(len(self.units), self.stage.units, columns, what)

    def more_weights(self, shown: int, columns: int) -> list[list[Any]]:
        """The same of the weights."""
        what = _("{count} more; those with the largest |∂E/∂w| are shown")
        biased = self.numbers.bias is not None
        count = self.numbers.kernel.size + biased * self.stage.units
        return rest_row(shown, count, columns, what)

    def of(self, i: int | None, j: int, kernel: Any, bias: Any) -> float:
        """One number of a kernel and its bias."""
        return float(bias[j] if i is None else kernel[i, j])


def rest_row(shown: int, count: int, columns: int, what: str) -> list[list[Any]]:
    """A last row that counts what is not shown."""
    if shown == count:
        return []
    text = what.format(count=f"{count - shown:,}")
    return [[Cell(f"… {text}", style="dim"), *[None] * (columns - 1)]]
