"""The numbers of a step of backpropagation with their names, in the order of computation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from nissl.explain.backpropagation.layer import Layer, layers_of
from nissl.explain.formulas import derivative, symbol
from nissl.explain.parts import Cell
from nissl.explain.quantities import Quantity, typed

if TYPE_CHECKING:
    from nissl.explain.backpropagation.backprop import Backprop

__all__ = ["quantities_of"]


def quantities_of(result: Backprop) -> Iterator[Quantity]:
    """Yield inputs and weights, ``a`` and ``z``, ``delta``, derivatives, and the new weights."""
    layers, n = layers_of(result), result.sample
    given: list[tuple[str, Any]] = [("x", layers[0].numbers.inputs[n])]
    if result.targets is not None:
        given.append(("t", result.targets[n]))
    for letter, array in given:
        for i, value in enumerate(array):
            yield _named("B1", symbol(letter, i + 1), value)
    yield Quantity("B1", "eta", result.learning_rate)
    if result.batch:
        yield Quantity("B1", "N", float(len(result.x)))
    for layer in layers:
        numbers = layer.numbers
        yield from _weights("B1", layer, "{}", numbers.kernel, numbers.bias)
    for layer in layers:
        for j in range(layer.stage.units):
            yield _named("B2", layer.a(j), layer.numbers.a[n, j])
            yield _named("B2", layer.z(j), layer.numbers.z[n, j])
    yield Quantity("B3", "E_n", float(result.numbers.errors[n]))
    if result.batch:
        yield Quantity("B3", "E", result.numbers.error)
    for layer in reversed(layers):
        step = "B3" if layer.last else "B4"
        for j in range(layer.stage.units):
            if layer.numbers.slope is not None:
                slope = layer.numbers.slope[n, j]
                yield Quantity(step, f"h'({typed(layer.a(j).text)})", float(slope))
            yield _named(step, layer.delta(j), layer.numbers.delta[n, j])
    for layer in layers:
        numbers = layer.numbers
        name = typed(derivative("E" if result.batch else "E_n", "").text) + "{}"
        yield from _weights("B4", layer, name, numbers.kernel_slope, numbers.bias_slope)
    for layer, (kernel, bias) in zip(layers, result.new_weights, strict=True):
        yield from _weights("B5", layer, "new {}", kernel, bias)


def _weights(step: str, layer: Layer, name: str, kernel: Any, bias: Any) -> Iterator[Quantity]:
    for j, i in layer.weights:
        shown = name.format(typed(layer.weight(j, i).text))
        yield Quantity(step, shown, layer.of(i, j, kernel, bias))


def _named(step: str, cell: Cell, value: Any) -> Quantity:
    return Quantity(step, typed(cell.text), float(value))
