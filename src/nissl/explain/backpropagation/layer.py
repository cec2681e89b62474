"""One layer of a backpropagation as it is written: its numbers, and how they are called.

Weights stand as in the lecture: row ``j`` of a matrix holds what leads to unit ``j``, column 0 the
biases, which go with ``x_0 = 1`` and ``z_0 = 1``.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.explain.backpropagation.numbers import Array, StageNumbers
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

    @property
    def title(self) -> str:
        """What stands above its tables."""
        return _("Layer {number} ({name}), h = {activation}").format(
            number=self.stage.number, name=self.stage.name, activation=self.stage.activation
        )

    # ---- numbers -----------------------------------------------------------------------------
    @cached_property
    def w(self) -> Array:
        """Weights before the step, ``(units, 1 + inputs)``, as all that belongs to them."""
        return _matrix(self.numbers.kernel, self.numbers.bias)

    @cached_property
    def slopes(self) -> Array:
        """``dE/dw`` over the batch."""
        return _matrix(self.numbers.kernel_slope, self.numbers.bias_slope)

    @property
    def new(self) -> Array:
        """Weights after the step."""
        return _matrix(*self.result.new_weights[self.place])

    @property
    def came_in(self) -> Array:
        """``x_i`` or ``z_i`` of the sample that is shown, from ``i = 0``, which is 1."""
        return np.append(1.0, self.numbers.inputs[self.result.sample])

    @property
    def columns(self) -> range:
        """Of these ``i`` each unit has a weight: from 0, or from 1 where there is no bias."""
        return range(self.numbers.bias is None, self.w.shape[1])

    @property
    def shown_columns(self) -> list[int]:
        """The columns that a table has room for: those with the largest derivatives."""
        largest = chosen(np.abs(self.slopes[:, 1:]).max(axis=0), MOST_INPUTS)
        return [i for i in self.columns if i == 0 or i - 1 in largest]

    @property
    def weights(self) -> list[tuple[int, int]]:
        """All weights, as row and column: ``(j - 1, i)``."""
        return [(j, i) for j in range(self.stage.units) for i in self.columns]

    # ---- names -------------------------------------------------------------------------------
    def symbol(self, letter: str, *indices: int | str) -> Cell:
        """A symbol of this layer."""
        return symbol(letter, *indices, layer=self.stage.number)

    def weight(self, j: int, i: int) -> Cell:
        """The name of a weight at a row and a column."""
        return self.symbol("w", j + 1, i)

    def a(self, j: int) -> Cell:
        """``a_j``."""
        return self.symbol("a", j + 1)

    def z(self, j: int) -> Cell:
        """``z_j``, or ``y_j`` of the outputs."""
        return symbol("y", j + 1) if self.last else self.symbol("z", j + 1)

    def source(self, i: int | str) -> Cell:
        """What comes in: ``x_i``, or ``z_i`` of the layer before; 1 for ``i = 0``."""
        return symbol("z", i, layer=self.place) if self.place else symbol("x", i)

    def delta(self, j: int) -> Cell:
        """``delta_j``."""
        return self.symbol("δ", j + 1)


def layers_of(result: Backprop) -> list[Layer]:
    """Return the layers of a backpropagation, from the inputs to the output."""
    return [Layer(result, place) for place in range(len(result.stages.stages))]


def _matrix(kernel: Any, bias: Any) -> Array:
    """Kernel and bias in the lecture's order."""
    first = np.zeros(kernel.shape[1]) if bias is None else bias
    return np.concatenate([first[None], kernel]).T
