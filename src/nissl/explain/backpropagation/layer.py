"""One layer of a backpropagation as it is written: what is listed of it, and how it is called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.explain.backpropagation.numbers import StageNumbers
from nissl.explain.backpropagation.stages import Stage
from nissl.explain.formulas import symbol
from nissl.explain.parts import Cell, chosen
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.backpropagation.backprop import Backprop

__all__ = ["MOST_UNITS", "Layer", "layers_of"]

MOST_UNITS = 8  # of a layer
MOST_INPUTS = 6
MOST_WEIGHTS = 24
FEWER_WEIGHTS = 12  # shown of those that have more


class Layer:
    """One stage as it is written: which of its units and inputs, and how they are called."""

    def __init__(self, result: Backprop, place: int) -> None:
        self.result = result
        self.stage: Stage = result.stages.stages[place]
        self.numbers: StageNumbers = result.numbers.stages[place]
        self.place = place
        self.last = place == len(result.stages.stages) - 1
        self.letter = "y" if self.last else "z"
        kernel = np.abs(self.numbers.kernel_slope)
        self.inputs = chosen(kernel.max(axis=1) if kernel.size else kernel[:, 0], MOST_INPUTS)

    @property
    def title(self) -> str:
        """What stands above its tables."""
        return _("Layer {number} ({name}), h = {activation}").format(
            number=self.stage.number, name=self.stage.name, activation=self.stage.activation
        )

    def symbol(self, letter: str, *indices: int | str) -> Cell:
        """A symbol of this layer."""
        return symbol(letter, *indices, layer=self.stage.number)

    def weight(self, j: int, i: int | None) -> Cell:
        """``w_ji``; input ``None`` is the bias."""
        return self.symbol("w", j + 1, 0 if i is None else i + 1)

    def a(self, j: int) -> Cell:
        """``a_j``."""
        return self.symbol("a", j + 1)

    def z(self, j: int) -> Cell:
        """``z_j``, or ``y_j`` of the outputs."""
        return symbol("y", j + 1) if self.last else self.symbol("z", j + 1)

    def source(self, i: int | str) -> Cell:
        """What comes in: ``x_i``, or ``z_i`` of the layer before."""
        index = i if isinstance(i, str) else i + 1
        if self.place == 0:
            return symbol("x", index)
        return symbol("z", index, layer=self.stage.number - 1)

    def delta(self, j: int) -> Cell:
        """``delta_j``."""
        return self.symbol("δ", j + 1)

    @property
    def sources(self) -> list[int | None]:
        """What each unit has weights for: the bias, if there is one, and the inputs."""
        return [
            *([None] if self.numbers.bias is not None else []),
            *range(len(self.numbers.kernel)),
        ]

    @property
    def weights(self) -> list[tuple[int, int | None]]:
        """All weights, as (unit, input)."""
        return [(j, i) for j in range(self.stage.units) for i in self.sources]

    def of(self, i: int | None, j: int, kernel: Any, bias: Any) -> float:
        """One number of a kernel and its bias."""
        return float(bias[j] if i is None else kernel[i, j])


def layers_of(result: Backprop) -> list[Layer]:
    """Return the layers of a backpropagation, from the inputs to the output."""
    return [Layer(result, place) for place in range(len(result.stages.stages))]
