"""The texts and tables of backpropagation, in the lecture's order B1 to B5."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import activations
from nissl.explain.backpropagation.error import activation_jacobian, error_parts, mixed_delta
from nissl.explain.backpropagation.layer import (
    FEWER_WEIGHTS,
    MOST_UNITS,
    MOST_WEIGHTS,
    Layer,
    layers_of,
)
from nissl.explain.formulas import (
    DOTS,
    bracket,
    call,
    derivative,
    equal,
    factor,
    folded,
    joined,
    matrix,
    minus,
    number,
    plus,
    symbol,
    times,
)
from nissl.explain.latex import escape_latex
from nissl.explain.parts import Cell, Part, Table, Text, format_number, formula, table_of
from nissl.i18n import grouped, mark
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.backpropagation.backprop import Backprop

__all__ = ["parts"]

_SHOWN_STEPS = 12
_NESTED = 5  # layers, of which the whole network is written as one formula
_SLOPES = {  # for titles; in words where there is a choice
    "linear": "h'(a) = 1",
    "tanh": "h'(a) = 1 - z²",
    "sigmoid": "h'(a) = z (1 - z)",
    "softplus": "h'(a) = 1 / (1 + exp(-a))",
    "relu": mark("h'(a) = 1 if a > 0, 0 otherwise"),
}


def parts(result: Backprop) -> Iterator[Part]:
    """Yield B1 to B5, then how well the derivatives agree."""
    sizes = "-".join(map(str, result.stages.sizes))
    yield Text(_("Backpropagation in a {sizes} network").format(sizes=sizes), heading=True)
    yield Text("\n".join(_told(result)), given=True)
    if result.trouble:
        yield Text(result.trouble, style="bad")
    for note in _kinks(result):
        yield Text(note)
    yield from _steps(result)
    yield Text(
        _("E = {before} before the update, and {after} after it.").format(
            before=format_number(result.history[0]), after=format_number(result.history[1])
        )
        if len(result.history) > 1
        else _("E = {value}").format(value=format_number(result.history[0]))
    )
    if result.steps > 1:
        yield _history(result)
    yield Text(_("Check"), heading=True)
    yield from _checks(result)


def _told(result: Backprop) -> Iterator[str]:
    """What is assumed, a sentence a line."""
    stages = result.stages
    yield _("Error function: {loss}; learning rate η = {rate}; all numbers in float64.").format(
        loss=result.loss.name, rate=format_number(result.learning_rate)
    )
    if result.batch:
        reduced = _("sum") if result.loss.reduction == "sum" else _("mean")
        yield _(
            "{count} samples: E is the {reduced} of E_n. The tables show sample n = {sample} "
            "(counted from 0), and the derivatives of E over all."
        ).format(count=grouped(len(result.x)), reduced=reduced, sample=result.sample)
    if stages.before:
        names = ", ".join(layer.name for layer in stages.before)
        yield _("x_i is what {layers} makes of the sample.").format(layers=names)
    if stages.dropout:
        names = ", ".join(stages.dropout)
        yield _("{layers}: nothing is dropped here, as outside training.").format(layers=names)
    optimizer = stages.model.optimizer
    if optimizer is not None and optimizer.name != "sgd":
        yield _(
            "The update is plain gradient descent; the model's own optimizer, {optimizer}, makes "
            "another step of the same gradient."
        ).format(optimizer=optimizer.name)


def _steps(result: Backprop) -> Iterator[Part]:
    layers = layers_of(result)
    yield Text(_("B1: initial weights and biases"), heading=True)
    yield from map(_weights, layers)
    yield _matrices(layers)
    yield Text(_("B2: forward propagation"), heading=True)
    yield _given(result)
    for layer in layers:
        yield _forward(result, layer)
    yield Text(_("B3: error evaluation at the output"), heading=True)
    yield from error_parts(result, layers[-1])
    yield Text(_("B4: backward propagation"), heading=True)
    for layer in reversed(layers[:-1]):
        yield _backward(result, layer, layers[layer.place + 1])
    for layer in layers:
        yield _derivatives(result, layer)
    yield Text(_("B5: update of the weights"), heading=True)
    for layer in layers:
        yield _update(result, layer)


def _units(result: Backprop, layer: Layer, columns: Sequence[Any], **settings: Any) -> Table:
    """A row a unit; of many units those with the largest error."""
    return table_of(
        range(layer.stage.units),
        columns,
        title=settings.pop("title", layer.title),
        most=MOST_UNITS,
        scores=layer.numbers.delta[result.sample],
        more=_("{count} more units; those with the largest |δ| are shown"),
        **settings,
    )


def _listed(layer: Layer, columns: Sequence[Any], title: str) -> Table:
    """A row a weight; of many weights those with the largest derivative."""
    weights = layer.weights
    return table_of(
        weights,
        columns,
        title=title,
        most=None if len(weights) <= MOST_WEIGHTS else FEWER_WEIGHTS,
        scores=[layer.slopes[weight] for weight in weights],
        more=_("{count} more; those with the largest |∂E/∂w| are shown"),
    )


def _kinks(result: Backprop) -> Iterator[str]:
    """Say where an activation function has no derivative, and which value was taken for it."""
    for layer in layers_of(result):
        facts = activations.FACTS.get(layer.stage.activation)
        if facts is None or layer.numbers.slope is None:
            continue
        for unit, a in enumerate(layer.numbers.a[result.sample]):
            if float(a) in facts.kinks and math.isfinite(a):
                slope = layer.numbers.slope[result.sample, unit]
                yield _(
                    "Layer {number}, unit {unit}: {activation} has no derivative at a = {a}; "
                    "{slope} is taken for it."
                ).format(
                    number=layer.stage.number, unit=unit + 1, activation=layer.stage.activation,
                    a=format_number(a), slope=format_number(slope),
                )  # fmt: skip


def _weights(layer: Layer) -> Table:
    """The matrix of a layer, and how many weights and biases are in it: ``6 = 3 + 3``."""

    def column(i: int) -> tuple[Cell, Callable[[int], float]]:
        return layer.symbol("w", "j", i), lambda j: float(layer.w[j, i])

    hidden = len(layer.columns) - len(layer.shown_columns)
    more = Cell(_("… {count} more inputs").format(count=grouped(hidden)))
    biases = layer.stage.units if layer.numbers.bias is not None else 0
    return _units(
        layer.result,
        layer,
        [
            ("", lambda j: formula(f"j = {j + 1}")),
            *map(column, layer.shown_columns),
            (more, lambda _j: None) if hidden else None,
        ],
        title=_("{layer}: {count} = {weights} + {biases} weights and biases").format(
            layer=layer.title, count=grouped(len(layer.weights)),
            weights=grouped(len(layer.weights) - biases), biases=grouped(biases),
        ),
        given=True,
    )  # fmt: skip


def _matrices(layers: Sequence[Layer]) -> Text:
    r"""``y(x, w) = f(W^(2) h(W^(1) x))``, and small matrices in full."""
    ones = formula("x_0 = z_0 = 1")
    told = _("In matrices, whose row j holds the weights of unit j:")
    if any(layer.numbers.bias is not None for layer in layers):
        told = _(
            "In matrices, whose row j holds the weights of unit j, and whose column 0 the "
            "biases, which go with {ones}:"
        ).format(ones=ones)
    lines, whole = [told], symbol("x")
    for layer in layers:
        h = layer.stage.activation
        whole = times(layer.symbol(r"\mathbf{W}"), whole)
        whole = whole if h == "linear" else call(rf"\mathrm{{{escape_latex(h)}}}", whole)
    if len(layers) <= _NESTED:
        lines.append(f"{equal(call('y', symbol('x'), symbol('w')), whole)}")
    for layer in layers:
        if len(layer.weights) <= MOST_WEIGHTS:
            shown = equal(layer.symbol(r"\mathbf{W}"), matrix(layer.w[:, layer.columns]))
            lines.append(f"{shown}")
    return Text("\n".join(lines), given=True)


def _sum(layer: Layer, j: int) -> Cell:
    """``a_j = w_j0 + w_j1 x_1 + ... = ... + ...``."""
    w, values = layer.w[j], layer.came_in
    names = [layer.weight(j, 0)] if 0 in layer.columns else []
    terms = [number(w[0])] if names else []
    for place in folded(values[1:] * w[1:], 3):
        i = None if place is None else place + 1
        names.append(DOTS if i is None else times(layer.weight(j, i), layer.source(i)))
        terms.append(DOTS if i is None else times(factor(w[i]), factor(values[i])))
    return equal(layer.a(j), plus(names), plus(terms))


def _given(result: Backprop) -> Text:
    """The sample: ``x_1 = ..., t_1 = ...``; of many inputs the largest."""
    given: list[tuple[str, Any]] = [("x", result.numbers.stages[0].inputs[result.sample])]
    if result.targets is not None:
        given.append(("t", result.targets[result.sample]))
    values = [
        DOTS if i is None else equal(symbol(letter, i + 1), number(array[i], 6))
        for letter, array in given
        for i in folded(array, 8)
    ]
    return Text(f"{joined(values, ', ')}", given=True)


def _forward(result: Backprop, layer: Layer) -> Table:
    n, numbers = result.sample, layer.numbers
    first = layer.columns.start
    sums = formula(rf"\sum_{{i={first}}} w_{{ji}}\,{layer.source('i').latex}")
    one = "" if first else ", " + equal(layer.source(0), number(1)).latex
    z, a = symbol(layer.letter, "j"), symbol("a", "j")
    if not layer.stage.elementwise:
        z, a = formula(rf"\mathbf{{{layer.letter}}}"), formula(r"\mathbf{a}")
    return _units(
        result,
        layer,
        [
            (formula(equal(symbol("a", "j"), sums).latex + one), lambda j: _sum(layer, j)),
            (layer.symbol("a", "j"), lambda j: float(numbers.a[n, j])),
            (equal(z, call("h", a)), lambda j: float(numbers.z[n, j])),
        ],
    )


def _backward(result: Backprop, layer: Layer, above: Layer) -> Table:
    n, numbers = result.sample, layer.numbers
    jacobi = activation_jacobian(result, layer)
    known = _SLOPES.get(layer.stage.activation)
    mixed = numbers.slope is None
    middle = formula(r"\sum_k w_{kj}\,\delta_k" if mixed else "h'(a_j)")
    head = formula(
        r"\delta_j = \sum_l \frac{\partial z_l}{\partial a_j} \left(\sum_m w_{ml}\,\delta_m\right)"
        if mixed
        else r"\delta_j = h'(a_j) \sum_k w_{kj}\,\delta_k"
    )
    slopes = numbers.pulled if numbers.slope is None else numbers.slope
    return _units(
        result,
        layer,
        [
            (
                head,
                lambda j: (
                    mixed_delta(layer, j, jacobi, numbers.pulled[n])
                    if mixed
                    else _pulled(result, layer, above, j)
                ),
            ),
            (middle, lambda j: float(slopes[n, j])),
            (layer.symbol("δ", "j"), lambda j: float(numbers.delta[n, j])),
        ],
        title=layer.title + (f", {_(known)}" if known else ""),
    )


def _pulled(result: Backprop, layer: Layer, above: Layer, j: int) -> Cell:
    """``δ_j = h'(a_j) (w_1j δ_1 + ...) = (...) ((...)(...) + ...)``."""
    deltas, kernel = above.numbers.delta[result.sample], above.numbers.kernel[j]
    names: list[Cell] = []
    values: list[Cell] = []
    for k in folded(deltas * kernel):
        names.append(DOTS if k is None else times(above.weight(k, j + 1), above.delta(k)))
        values.append(DOTS if k is None else times(factor(kernel[k]), factor(deltas[k])))
    several = len(deltas) > 1
    assert layer.numbers.slope is not None
    return equal(
        layer.delta(j),
        times(call("h'", layer.a(j)), bracket(plus(names), several)),
        times(factor(layer.numbers.slope[result.sample, j]), bracket(plus(values), several)),
    )


def _derivatives(result: Backprop, layer: Layer) -> Table:
    delta, values = layer.numbers.delta[result.sample].tolist(), layer.came_in.tolist()

    def rule(weight: tuple[int, int]) -> Cell:
        j, i = weight
        return equal(
            derivative("E_n", layer.weight(j, i)),
            times(layer.delta(j), layer.source(i)),
            times(factor(delta[j]), factor(values[i])),
        )

    w = symbol("w", "j", "i")
    mean = _("sum over n") if result.loss.reduction == "sum" else _("mean over n")
    over = formula(rf"\partial E / \partial w_{{ji}} \text{{ ({mean})}}")
    head = equal(derivative("E_n", w), times(symbol("δ", "j"), layer.source("i")))
    return _listed(
        layer,
        [
            (head, rule),
            (derivative("E_n", w), lambda w: delta[w[0]] * values[w[1]]),
            (over, lambda w: float(layer.slopes[w])) if result.batch else None,
        ],
        layer.title,
    )


def _update(result: Backprop, layer: Layer) -> Table:
    rate, new, trained = result.learning_rate, layer.new, layer.stage.trainable

    def rule(weight: tuple[int, int]) -> Cell:
        shown = number(layer.w[weight])
        if trained:
            shown = minus(shown, times(factor(rate), factor(layer.slopes[weight])))
        return equal(layer.weight(*weight), shown, sign=r"\leftarrow")

    w, of = symbol("w", "j", "i"), "E" if result.batch else "E_n"
    step = times(formula(r"\eta"), derivative(of, w))
    head = equal(w, minus(w, step), sign=r"\leftarrow")
    title = layer.title
    if not trained:
        title += ", " + _("not trainable: its weights stay")
    columns = [(head, rule), (_("new {symbol}").format(symbol=w), lambda w: float(new[w]))]
    return _listed(layer, columns, title)


# ---- after the step ---------------------------------------------------------------------------
def _history(result: Backprop) -> Table:
    count = len(result.history)
    shown: Sequence[int] = range(count)
    if count > _SHOWN_STEPS:
        shown = np.unique(np.linspace(0, count - 1, _SHOWN_STEPS).round().astype(int)).tolist()
    columns = [(_("Steps made"), lambda step: step), ("E", lambda step: result.history[step])]
    return table_of(shown, columns, title=_("B2 to B5 repeated"))


def _checks(result: Backprop) -> Iterator[Part]:
    if result.trouble:
        yield Text(_("Not compared: not all numbers are finite."), style="bad")
        return
    found = _("The recursion and reverse mode through the whole model agree to the last bit.")
    if result.agreement.absolute:
        found = _(
            "The recursion and reverse mode through the whole model agree to rounding: they "
            "differ by at most {absolute}, and by at most {units} units of rounding of "
            "float64 (at {where})."
        ).format(**result.agreement.told())
    yield Text(found, style="good")
    own = result.own_agreement
    if not math.isfinite(own.absolute):
        yield Text(
            _(
                "The gradient that the model itself computes, in {dtype}, is not finite: on "
                "the way to {where} a number is too large for {dtype}."
            ).format(dtype=own.dtype, where=own.where),
            style="bad",
        )
    elif own.dtype != "float64":
        yield Text(
            _(
                "The gradient that the model itself computes, in {dtype}, differs by at most "
                "{absolute}, and by at most {units} units of rounding of {dtype} (at {where})."
            ).format(dtype=own.dtype, **own.told())
        )
