"""How far two gradients are apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nissl.explain.backpropagation.numbers import SQUARED, Array, Numbers
from nissl.explain.backpropagation.stages import Stage, Stages
from nissl.explain.formulas import symbol
from nissl.explain.parts import format_number
from nissl.i18n import grouped
from nissl.i18n import translate as _
from nissl.losses import Loss

__all__ = ["Agreement", "compare", "sizes_of_terms"]

_EPSILON = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}


@dataclass(frozen=True)
class Agreement:
    """The largest difference of two gradients.

    Attributes:
        absolute: largest ``|difference|``.
        units: largest ``|difference|`` in units of rounding: the dtype's epsilon times the size of
            the terms that were added up, so that cancellation does not count as disagreement.
        where: the weight where ``units`` is largest, e.g. ``"w_21 of layer 1"``.
        dtype: whose rounding it is.
    """

    absolute: float
    units: float
    where: str
    dtype: str

    def told(self) -> dict[str, str]:
        """Return the fields as a reader sees them."""
        few = self.units < 10
        return {
            "absolute": format_number(self.absolute, 2),
            "units": format_number(self.units, 2) if few else grouped(self.units, ".0f"),
            "where": self.where,
        }


def compare(
    stages: Stages,
    numbers: Numbers,
    loss: Loss,
    gradient: Sequence[NDArray[Any]],
    dtype: np.dtype[Any],
    by_array: bool = False,
) -> Agreement:
    """Compare the recursion's derivatives with a gradient of kernel and bias of each stage.

    With ``by_array``, the unit of rounding is that of the largest entry of each kernel and bias:
    for a gradient whose forward pass was rounded to another dtype.
    """
    given = iter(gradient)
    absolute, best = 0.0, (-1.0, "")
    sizes = sizes_of_terms(stages, numbers, loss)
    for stage, n, each in zip(stages.stages, numbers.stages, sizes, strict=True):
        for slope, terms in zip((n.kernel_slope, n.bias_slope), each, strict=True):
            if slope is None:
                continue
            with np.errstate(all="ignore"):
                apart = np.abs(slope - next(given))
                apart = np.where(np.isnan(apart), np.inf, apart)  # never "no difference"
                unit = _EPSILON[dtype.name] * (terms.max() if by_array else terms)
                units = np.where(apart > 0, apart / unit, 0.0)
            absolute = max(absolute, float(apart.max()))
            place = np.unravel_index(int(units.argmax()), units.shape)
            if float(units[place]) > best[0]:
                best = (float(units[place]), _weight(stage, place))
    return Agreement(absolute, best[0], best[1], dtype.name)


def sizes_of_terms(stages: Stages, numbers: Numbers, loss: Loss) -> list[tuple[Array, Array]]:
    """Return how large what was added up in the derivatives by each kernel and bias is.

    This is the recursion for the derivatives once more, with the absolute value of each factor.
    """
    with np.errstate(all="ignore"):
        return list(_sizes(stages, numbers, loss))[::-1]


def _sizes(stages: Stages, numbers: Numbers, loss: Loss) -> Iterator[tuple[Array, Array]]:
    above = numbers.stages[-1]
    size = np.abs(above.pulled) + (np.abs(above.z) if isinstance(loss, SQUARED) else 1.0)
    for stage, n in reversed(list(zip(stages.stages, numbers.stages, strict=True))):
        if n is not above:
            size = size @ np.abs(above.kernel.T)
        if n is above and numbers.rule is not None:
            size = np.abs(n.z) + 1.0
        elif n.slope is None:
            size = np.maximum(np.abs(n.delta), size.max(axis=1, keepdims=True))
        else:
            size = size * np.maximum(np.abs(n.slope), 0.0 if stage.simple else 1.0)
        sized = np.abs(numbers.shares[:, None]) * size
        yield np.abs(n.inputs.T) @ sized, sized.sum(axis=0)
        above = n


def _weight(stage: Stage, place: Sequence[Any]) -> str:
    j = int(place[-1]) + 1
    i = int(place[0]) + 1 if len(place) == 2 else 0
    return _("{symbol} of layer {number}").format(
        symbol=symbol("w", j, i).text, number=stage.number
    )
