"""All that a step of backpropagation computes, in its order and with its names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.explain.backpropagation.layer import Layer, layers_of
from nissl.explain.formulas import call, derivative, symbol
from nissl.explain.parts import Cell, format_number
from nissl.explain.quantities import Quantity, typed
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.backpropagation.backprop import Backprop

__all__ = ["computed", "first_not_finite", "quantities_of"]


@dataclass(frozen=True)
class Computed:
    """Numbers of one kind.

    Attributes:
        step: ``"B1"`` to ``"B5"``.
        values: ``(batch, units)``, or of weights ``(units, 1 + inputs)``.
        name: of a unit, from 0, or of a weight's row and column.
        layer: where they belong.
        of_weights: whether they are weights, or derivatives by weights.
    """

    step: str
    values: Any
    name: Callable[..., Cell]
    layer: Layer | None = None
    of_weights: bool = False


def computed(result: Backprop) -> Iterator[Computed]:
    """Yield inputs and weights, ``a`` and ``z``, ``delta``, derivatives, and the new weights."""
    layers = layers_of(result)
    yield Computed("B1", layers[0].numbers.inputs, lambda i: symbol("x", i + 1))
    if result.targets is not None:
        yield Computed("B1", result.targets, lambda k: symbol("t", k + 1))
    for layer in layers:
        yield Computed("B1", layer.w, layer.weight, layer, of_weights=True)
    for layer in layers:
        yield Computed("B2", layer.numbers.a, layer.a, layer)
        yield Computed("B2", layer.numbers.z, layer.z, layer)
    yield Computed("B3", result.numbers.errors[:, None], lambda _k: symbol("E", "n"))
    if result.batch:
        yield Computed(
            "B3", np.full((len(result.x), 1), result.numbers.error), lambda _k: symbol("E")
        )
    for layer in reversed(layers):
        step = "B3" if layer.last else "B4"
        if layer.numbers.slope is not None:
            slope = layer.numbers.slope
            yield Computed(step, slope, lambda j, layer=layer: call("h'", layer.a(j)), layer)
        yield Computed(step, layer.numbers.delta, layer.delta, layer)
    of = "E" if result.batch else "E_n"
    for layer in layers:
        by_weight = _named(layer, lambda w: derivative(of, w))
        yield Computed("B4", layer.slopes, by_weight, layer, of_weights=True)
    for layer in layers:
        new = _named(layer, lambda w: Cell(f"new {w.text}"))
        yield Computed("B5", layer.new, new, layer, of_weights=True)


def _named(layer: Layer, named: Callable[[Cell], Cell]) -> Callable[[int, int], Cell]:
    return lambda j, i: named(layer.weight(j, i))


def quantities_of(result: Backprop) -> Iterator[Quantity]:
    """Yield the numbers of the sample that is shown, one by one."""
    yield Quantity("B1", "eta", result.learning_rate, given=True)
    if result.batch:
        yield Quantity("B1", "N", float(len(result.x)), given=True)
    for found in computed(result):
        if found.of_weights and found.layer is not None:
            values = [(found.name(*w), found.values[w]) for w in found.layer.weights]
        else:
            row = found.values[result.sample]
            values = [(found.name(j), value) for j, value in enumerate(row)]
        for name, value in values:
            yield Quantity(found.step, typed(name.text), float(value), found.step == "B1")


def first_not_finite(result: Backprop) -> str:
    """Say which number of the step is the first that is NaN or infinite; empty if all are."""
    for found in computed(result):
        bad = np.argwhere(~np.isfinite(found.values)) if found.step != "B5" else []
        if len(bad):
            return _told(found, [int(i) for i in bad[0]])
    return ""


def _told(found: Computed, place: list[int]) -> str:
    value = format_number(found.values[tuple(place)])
    shown = found.name(*place).text if found.of_weights else found.name(place[1]).text
    if not found.of_weights:
        shown += f" (n = {place[0]})"
    if found.layer is None:
        return _(
            "The first number that is not finite is {symbol} = {value}; what is computed "
            "from it means nothing."
        ).format(symbol=shown, value=value)
    return _(
        "The first number that is not finite is {symbol} = {value} in layer {number} "
        "({name}); what is computed from it means nothing."
    ).format(
        symbol=shown, value=value, number=found.layer.stage.number, name=found.layer.stage.name
    )
