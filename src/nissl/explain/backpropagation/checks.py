"""How far two gradients are apart, and where numbers are not finite or slopes a convention."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nissl import activations
from nissl.explain.backpropagation.numbers import Numbers, StageNumbers
from nissl.explain.backpropagation.stages import Stage, Stages
from nissl.explain.formulas import symbol
from nissl.explain.parts import format_number
from nissl.i18n import grouped
from nissl.i18n import translate as _

__all__ = ["Agreement", "compare", "first_not_finite", "kinks"]

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
        return {
            "absolute": format_number(self.absolute, 2),
            "units": format_number(self.units, 2)
            if self.units < 10
            else grouped(self.units, ".0f"),
            "where": self.where,
        }


def compare(
    stages: Stages,
    numbers: Numbers,
    gradient: Sequence[NDArray[Any]],
    dtype: np.dtype[Any],
    by_array: bool = False,
) -> Agreement:
    """Compare the recursion's derivatives with a gradient of kernel and bias of each stage.

    With ``by_array``, the unit of rounding is that of the largest entry of each kernel and bias:
    for a gradient whose forward pass was rounded to another dtype.
    """
    epsilon = _EPSILON[dtype.name]
    given = iter(gradient)
    absolute, best = 0.0, (-1.0, "")
    for stage, n in zip(stages.stages, numbers.stages, strict=True):
        pairs = [(n.kernel_slope, n.kernel_terms)]
        if n.bias_slope is not None and n.bias_terms is not None:
            pairs.append((n.bias_slope, n.bias_terms))
        for slope, terms in pairs:
            with np.errstate(all="ignore"):
                apart = np.abs(slope - next(given))
                apart = np.where(np.isnan(apart), np.inf, apart)  # never "no difference"
                size = terms.max() if by_array else terms
                units = np.where(apart > 0, apart / (epsilon * size), 0.0)
            absolute = max(absolute, float(apart.max()))
            place = np.unravel_index(int(units.argmax()), units.shape)
            if float(units[place]) > best[0]:
                best = (float(units[place]), _weight(stage, place))
    return Agreement(absolute, best[0], best[1], dtype.name)


def _weight(stage: Stage, place: Sequence[Any]) -> str:
    j = int(place[-1]) + 1
    i = int(place[0]) + 1 if len(place) == 2 else 0
    return _("{symbol} of layer {number}").format(
        symbol=symbol("w", j, i).text, number=stage.number
    )


# ---- numbers that are not finite --------------------------------------------------------------
def first_not_finite(stages: Stages, numbers: Numbers, x: NDArray[Any]) -> str:
    """Say which number is the first, in the order of computation, that is NaN or infinite."""
    for name, array, layer in _in_order(stages, numbers, x):
        bad = ~np.isfinite(array)
        if bad.any():
            place = tuple(int(i) for i in np.argwhere(bad)[0])
            value = format_number(float(array[place]))
            found = _named(name, place)
            if layer is None:
                return _(
                    "The first number that is not finite is {symbol} = {value}; what is computed "
                    "from it means nothing."
                ).format(symbol=found, value=value)
            return _(
                "The first number that is not finite is {symbol} = {value} in layer {number} "
                "({name}); what is computed from it means nothing."
            ).format(symbol=found, value=value, number=layer.number, name=layer.name)
    return ""


def _in_order(
    stages: Stages, numbers: Numbers, x: NDArray[Any]
) -> Iterator[tuple[str, NDArray[Any], Stage | None]]:
    both = list(zip(stages.stages, numbers.stages, strict=True))
    yield "x", x.reshape(len(x), -1), None
    yield "x", numbers.stages[0].inputs, None
    for stage, n in both:
        yield "w", _stacked(n), stage
        yield "a", n.a, stage
        yield "z" if stage is not stages.stages[-1] else "y", n.z, stage
    yield "E", numbers.errors[:, None], None
    for stage, n in reversed(both):
        yield "δ", n.delta, stage
        yield "∂E/∂w", _stacked(n, slopes=True), stage


def _stacked(n: StageNumbers, slopes: bool = False) -> NDArray[Any]:
    """Bias and kernel as one array ``(units, 1 + inputs)``."""
    kernel, bias = (n.kernel_slope, n.bias_slope) if slopes else (n.kernel, n.bias)
    first = np.zeros(kernel.shape[1]) if bias is None else bias
    return np.concatenate([first[None], kernel]).T


def _named(name: str, place: tuple[int, ...]) -> str:
    """``a_2 (n = 0)`` for row 0, column 1; weights have no sample."""
    if name in ("w", "∂E/∂w"):
        return symbol(name, place[0] + 1, place[1]).text
    if name == "E":
        return f"E_{place[0]}"
    return f"{symbol(name, place[1] + 1).text} (n = {place[0]})"


# ---- kinks ------------------------------------------------------------------------------------
def kinks(stages: Stages, numbers: Numbers, sample: int) -> Iterator[str]:
    """Say where an activation function has no derivative, and which value was taken for it."""
    for stage, n in zip(stages.stages, numbers.stages, strict=True):
        facts = activations.FACTS.get(stage.activation)
        if facts is None or n.slope is None:
            continue
        for unit, a in enumerate(n.a[sample]):
            if float(a) in facts.kinks and math.isfinite(float(a)):
                yield _(
                    "Layer {number}, unit {unit}: {activation} has no derivative at a = {a}; "
                    "{slope} is taken for it."
                ).format(
                    number=stage.number, unit=unit + 1, activation=stage.activation,
                    a=format_number(float(a)), slope=format_number(float(n.slope[sample, unit])),
                )  # fmt: skip
