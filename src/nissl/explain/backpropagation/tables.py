"""The texts and tables of backpropagation, in the lecture's order B1 to B5."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.explain.backpropagation.bishop import (
    DOTS,
    equal,
    factor,
    folded,
    joined,
    number,
    plus,
    symbol,
    times,
)
from nissl.explain.backpropagation.error import activation_jacobian, error_parts, mixed_delta
from nissl.explain.backpropagation.layer import Layer
from nissl.explain.parts import Cell, Part, Table, Text
from nissl.i18n import mark
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.backpropagation.report import Backprop

__all__ = ["tables"]

_SLOPES = {  # in words, for titles
    "linear": "h'(a) = 1",
    "tanh": "h'(a) = 1 - z²",
    "sigmoid": "h'(a) = z (1 - z)",
    "softplus": "h'(a) = 1 / (1 + exp(-a))",
    "relu": mark("h'(a) = 1 if a > 0, 0 otherwise"),
}


def tables(result: Backprop) -> Iterator[Part]:
    """Yield the steps B1 to B5."""
    layers = [Layer(result, place) for place in range(len(result.stages.stages))]
    yield Text(_("B1: initial weights and biases"), heading=True)
    for layer in layers:
        yield _weights(layer)
    yield Text(_("B2: forward propagation"), heading=True)
    yield _given(result)
    for layer in layers:
        yield _forward(result, layer)
    yield Text(_("B3: error at the output"), heading=True)
    yield from error_parts(result, layers[-1])
    yield Text(_("B4: backward propagation"), heading=True)
    for layer in reversed(layers[:-1]):
        yield _backward(result, layer, layers[layer.place + 1])
    for layer in layers:
        yield _derivatives(result, layer)
    yield Text(_("B5: update"), heading=True)
    for layer in layers:
        yield _update(result, layer)


def _weights(layer: Layer) -> Table:
    numbers = layer.numbers
    sources: list[int | None] = [*([None] if numbers.bias is not None else []), *layer.inputs]
    titles = [
        symbol("w", "j", 0 if i is None else i + 1, layer=layer.stage.number) for i in sources
    ]
    rows: list[list[Any]] = [
        [Cell(f"j = {j + 1}", f"j = {j + 1}"),
         *(layer.of(i, j, numbers.kernel, numbers.bias) for i in sources)]
        for j in layer.units
    ]  # fmt: skip
    hidden = numbers.kernel.shape[0] - len(layer.inputs)
    if hidden:
        titles.append(Cell(_("… {count} more inputs").format(count=f"{hidden:,}")))
        rows = [[*row, None] for row in rows]
    rows += layer.more_units(len(titles) + 1)
    return Table(("", *titles), rows, layer.title)


def _sum(layer: Layer, j: int, values: Sequence[float]) -> Cell:
    """``a_j = w_j0 + w_j1 x_1 + ... = ... + ...``."""
    names: list[Cell] = []
    terms: list[Cell] = []
    if layer.numbers.bias is not None:
        names.append(layer.weight(j, None))
        terms.append(number(layer.numbers.bias[j]))
    for i in folded(np.asarray(values) * layer.numbers.kernel[:, j], 3):
        names.append(DOTS if i is None else times(layer.weight(j, i), layer.source(i)))
        terms.append(
            DOTS if i is None
            else times(factor(layer.numbers.kernel[i, j]), factor(values[i]))
        )  # fmt: skip
    return equal(layer.a(j), plus(names), plus(terms))


def _given(result: Backprop) -> Text:
    """The sample: ``x_1 = ..., t_1 = ...``; of many inputs the largest."""
    n = result.sample
    x = result.numbers.stages[0].inputs[n]
    values = [
        DOTS if i is None else equal(symbol("x", i + 1), number(x[i], 6)) for i in folded(x, 8)
    ]
    if result.targets is not None:
        goals = result.targets[n]
        values += [
            DOTS if k is None else equal(symbol("t", k + 1), number(goals[k], 6))
            for k in folded(goals, 8)
        ]
    shown = joined(values, ", ", r",\ ")
    return Text(shown.text, f"${shown.latex}$", style=shown.style)


def _forward(result: Backprop, layer: Layer) -> Table:
    n, numbers = result.sample, layer.numbers
    letter = "y" if layer.last else "z"
    below = layer.stage.number - 1
    source = "x_i" if layer.place == 0 else "z_i"
    source_latex = "x_i" if layer.place == 0 else f"z_i^{{({below})}}"
    titles = (
        Cell(
            f"a_j = w_j0 + Σ_i w_ji {source}",
            rf"a_j = w_{{j0}} + \sum_i w_{{ji}}\,{source_latex}",
        ),
        symbol("a", "j", layer=layer.stage.number),
        Cell(
            f"{letter}_j = h(a_j)" if layer.stage.elementwise else f"{letter} = h(a)",
            f"{letter}_j = h(a_j)" if layer.stage.elementwise else rf"\mathbf{{{letter}}} = "
            r"h(\mathbf{a})",
        ),
    )  # fmt: skip
    rows: list[list[Any]] = [
        [_sum(layer, j, numbers.inputs[n]), float(numbers.a[n, j]), float(numbers.z[n, j])]
        for j in layer.units
    ]
    rows += layer.more_units(3)
    return Table(titles, rows, layer.title)


def _backward(result: Backprop, layer: Layer, above: Layer) -> Table:
    n, numbers = result.sample, layer.numbers
    deltas = above.numbers.delta[n]
    jacobi = activation_jacobian(result, layer)
    several = len(deltas) > 1
    rows: list[list[Any]] = []
    for j in layer.units:
        places = folded(deltas * above.numbers.kernel[j])
        names = [DOTS if k is None else times(above.weight(k, j, True), above.delta(k, True))
                 for k in places]  # fmt: skip
        values = [
            DOTS if k is None else times(factor(above.numbers.kernel[j, k]), factor(deltas[k]))
            for k in places
        ]
        if numbers.slope is None:
            rows.append(
                [mixed_delta(layer, j, jacobi, numbers.pulled[n]), float(numbers.pulled[n, j]),
                 float(numbers.delta[n, j])]
            )  # fmt: skip
            continue
        slope = Cell(f"h'({layer.a(j, True).text})", f"h'({layer.a(j).latex})")
        value = factor(numbers.slope[n, j])
        formula = equal(
            layer.delta(j, True),
            times(slope, _bracket(plus(names), several)),
            times(value, _bracket(plus(values), several)),
        )
        rows.append([formula, float(numbers.slope[n, j]), float(numbers.delta[n, j])])
    rows += layer.more_units(3)
    if numbers.slope is None:
        middle = Cell("Σ_k w_kj δ_k", r"\sum_k w_{kj}\,\delta_k")
        head = Cell(
            "δ_j = Σ_l (∂z_l/∂a_j) (Σ_m w_ml δ_m)",
            r"\delta_j = \sum_l \frac{\partial z_l}{\partial a_j} \sum_m w_{ml}\,\delta_m",
        )
    else:
        middle = Cell("h'(a_j)", "h'(a_j)")
        head = Cell("δ_j = h'(a_j) Σ_k w_kj δ_k", r"\delta_j = h'(a_j) \sum_k w_{kj}\,\delta_k")
    known = _SLOPES.get(layer.stage.activation)
    title = layer.title + (f", {_(known)}" if known else "")
    return Table((head, middle, symbol("δ", "j", layer=layer.stage.number)), rows, title)


def _bracket(cell: Cell, wanted: bool) -> Cell:
    return Cell(f"({cell.text})", rf"\left({cell.latex}\right)") if wanted else cell


def _slope_symbol(weight: Cell, of: str) -> Cell:
    return Cell(f"∂{of}/∂{weight.text}", rf"\partial {of} / \partial {weight.latex}")


def _derivatives(result: Backprop, layer: Layer) -> Table:
    n, numbers = result.sample, layer.numbers
    listed = layer.weights()
    rows: list[list[Any]] = []
    for j, i in listed:
        delta, source = float(numbers.delta[n, j]), 1.0
        named, values = layer.delta(j), number(delta)
        if i is not None:
            source = float(numbers.inputs[n, i])
            named, values = times(named, layer.source(i)), times(factor(delta), factor(source))
        formula = equal(_slope_symbol(layer.weight(j, i), "E_n"), named, values)
        row: list[Any] = [formula, delta * source]
        if result.batch:
            row.append(layer.of(i, j, numbers.kernel_slope, numbers.bias_slope))
        rows.append(row)
    source = "x_i" if layer.place == 0 else "z_i"
    columns = [
        Cell(f"∂E_n/∂w_ji = δ_j {source}",
             rf"\partial E_n / \partial w_{{ji}} = \delta_j\,{source}"),
        Cell("∂E_n/∂w_ji", r"\partial E_n / \partial w_{ji}"),
    ]  # fmt: skip
    if result.batch:
        mean = _("sum over n") if result.loss.reduction == "sum" else _("mean over n")
        columns.append(
            Cell(f"∂E/∂w_ji ({mean})", rf"\partial E / \partial w_{{ji}}\text{{ ({mean})}}")
        )
    rows += layer.more_weights(len(listed), len(columns))
    return Table(columns, rows, layer.title)


def _update(result: Backprop, layer: Layer) -> Table:
    numbers = layer.numbers
    listed = layer.weights()
    kernel, bias = result.new_weights[layer.place]
    rate = result.learning_rate
    rows: list[list[Any]] = []
    for j, i in listed:
        weight = layer.weight(j, i)
        old = layer.of(i, j, numbers.kernel, numbers.bias)
        slope = layer.of(i, j, numbers.kernel_slope, numbers.bias_slope)
        shown = joined([number(old), times(factor(rate), factor(slope))], " - ", " - ")
        if not layer.stage.trainable:
            shown = number(old)
        formula = Cell(
            f"{weight.text} ← {shown.text}",
            rf"{weight.latex} \leftarrow {shown.latex}",
            shown.style,
        )
        rows.append([formula, layer.of(i, j, kernel, bias)])
    rows += layer.more_weights(len(listed), 2)
    of = "E" if result.batch else "E_n"
    head = Cell(
        f"w_ji ← w_ji - η ∂{of}/∂w_ji",
        rf"w_{{ji}} \leftarrow w_{{ji}} - \eta\,\partial {of} / \partial w_{{ji}}",
    )
    title = layer.title
    if not layer.stage.trainable:
        title += ", " + _("not trainable: its weights stay")
    new = _("new {symbol}")
    new = Cell(new.format(symbol="w_ji"), rf"\text{{{new.format(symbol='$w_{ji}$')}}}")
    return Table((head, new), rows, title)
