"""Step B3: the error function, and its derivative by what goes into the output units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import losses
from nissl.autodiff import jacobian
from nissl.core import functions as F
from nissl.explain.backpropagation.bishop import (
    DOTS,
    chosen,
    equal,
    factor,
    folded,
    joined,
    number,
    plus,
    symbol,
    times,
)
from nissl.explain.backpropagation.layer import MOST_UNITS, Layer, rest_row
from nissl.explain.parts import Cell, Part, Table, Text
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.backpropagation.report import Backprop

__all__ = ["activation_jacobian", "error_formula", "error_parts", "mixed_delta"]

MOST_SAMPLES = 8
_ERRORS: tuple[tuple[type[Any], Cell], ...] = (
    (
        losses.HalfSquaredError,
        Cell("E_n = 1/2 Σ_k (y_k - t_k)²", r"E_n = \frac{1}{2} \sum_k (y_k - t_k)^2"),
    ),
    (
        losses.MeanSquaredError,
        Cell("E_n = 1/K Σ_k (y_k - t_k)²", r"E_n = \frac{1}{K} \sum_k (y_k - t_k)^2"),
    ),
    (
        losses.MeanAbsoluteError,
        Cell("E_n = 1/K Σ_k |y_k - t_k|", r"E_n = \frac{1}{K} \sum_k |y_k - t_k|"),
    ),
    (
        losses.BinaryCrossentropy,
        Cell(
            "E_n = -1/K Σ_k (t_k ln y_k + (1 - t_k) ln(1 - y_k))",
            r"E_n = -\frac{1}{K} \sum_k \left(t_k \ln y_k + (1 - t_k) \ln(1 - y_k)\right)",
        ),
    ),
    (
        losses.CategoricalCrossentropy,
        Cell("E_n = -Σ_k t_k ln y_k", r"E_n = -\sum_k t_k \ln y_k"),
    ),
    (
        losses.SparseCategoricalCrossentropy,
        Cell("E_n = -Σ_k t_k ln y_k", r"E_n = -\sum_k t_k \ln y_k"),
    ),
)


def error_formula(loss: Any) -> Cell:
    """Return what a loss computes of a sample; its name where there is no short formula."""
    plainly = not getattr(loss, "from_logits", False) and not getattr(loss, "label_smoothing", 0)
    for kind, formula in _ERRORS:
        if isinstance(loss, kind) and plainly:
            return formula
    name = str(loss.name)
    latex = name.replace("_", r"\_")
    return Cell(f"E_n = {name}(t, y)", rf"E_n = \mathrm{{{latex}}}(t, y)")


def error_parts(result: Backprop, layer: Layer) -> Iterator[Part]:
    """Yield the error, what each output has to do with it, and of a batch each sample\'s."""
    n, numbers = result.sample, layer.numbers
    formula = error_formula(result.loss)
    value = float(result.numbers.errors[n])
    yield Text(equal(formula, number(value, 6)).text, f"${equal(formula, number(value, 6)).latex}$")
    if layer.numbers.slope is None:
        yield Text(_mixing(result, layer))
    targets = result.targets
    jacobi = activation_jacobian(result, layer)
    rows: list[list[Any]] = []
    for k in layer.units:
        goal = None if targets is None else float(targets[n, k])
        rows.append(
            [_output_delta(result, layer, k, jacobi), goal, float(numbers.z[n, k]),
             float(numbers.delta[n, k])]
        )  # fmt: skip
    rows += layer.more_units(4)
    columns = (
        Cell("δ_k = ∂E_n/∂a_k", r"\delta_k = \partial E_n / \partial a_k"),
        Cell("t_k", "t_k"), Cell("y_k", "y_k"),
        symbol("δ", "k", layer=layer.stage.number),
    )  # fmt: skip
    if targets is None:
        rows = [[row[0], *row[2:]] for row in rows]
        columns = (columns[0], *columns[2:])
    yield Table(columns, rows, layer.title)
    if result.batch:
        yield _samples(result)


def _mixing(result: Backprop, layer: Layer) -> str:
    """What an activation function whose derivative is a matrix means for ``delta``."""
    name = layer.stage.activation
    if result.rule is not None:
        return _(
            "Each output of {activation} depends on all a_k; with this error, the vector ∂E_n/∂y "
            "times its Jacobian matrix is y - t."
        ).format(activation=name)
    text = _(
        "Each output of {activation} depends on all a_k: its derivative is the Jacobian matrix "
        "∂y_l/∂a_k, and δ is the vector ∂E_n/∂y times it."
    ).format(activation=name)
    if name == "softmax":
        text += " " + _("Here ∂y_l/∂a_k = y_l (1 - y_l) for l = k, and -y_l y_k otherwise.")
    return text


def _output_delta(result: Backprop, layer: Layer, k: int, jacobi: Any) -> Cell:
    """``δ_k`` at the output, as far as its formula is a short one."""
    n, numbers, rule = result.sample, layer.numbers, result.rule
    delta = layer.delta(k)
    y, t = layer.z(k), symbol("t", k + 1)
    difference = joined([y, t], " - ", " - ")
    squared = isinstance(result.loss, losses.HalfSquaredError | losses.MeanSquaredError)
    if rule is not None or (squared and result.targets is not None):
        assert result.targets is not None
        shown = joined(
            [number(numbers.z[n, k]), _signed(result.targets[n, k])], " - ", " - "
        )  # fmt: skip
        before = Cell("", "")
        if rule is not None and rule.parts > 1:
            before = Cell(f"1/{rule.parts} ", rf"\frac{{1}}{{{rule.parts}}}")
        elif isinstance(result.loss, losses.MeanSquaredError):
            over = numbers.z.shape[1]
            before = Cell(f"2/{over} " if over > 1 else "2 ", rf"\frac{{2}}{{{over}}}")
        linear = numbers.slope is not None and layer.stage.activation == "linear"
        if rule is not None or linear:
            if not before.text:
                return equal(delta, difference, shown)
            return equal(delta, _scaled(before, difference), _scaled(before, shown))
        if numbers.slope is not None:
            named = Cell(f"h'({layer.a(k).text}) ", f"h'({layer.a(k).latex})")
            slope = factor(numbers.slope[n, k])
            return equal(
                delta,
                joined([named, _scaled(before, difference)], "", r"\,"),
                joined([slope, _scaled(before, shown)], " ", r"\,"),
            )
    by = Cell(f"∂E_n/∂y_{k + 1}", rf"\partial E_n / \partial y_{{{k + 1}}}")
    if numbers.slope is not None:
        named = Cell(f"h'({layer.a(k).text})", f"h'({layer.a(k).latex})")
        values = times(factor(numbers.slope[n, k]), factor(numbers.pulled[n, k]))
        return equal(delta, times(named, by), values)
    return mixed_delta(layer, k, jacobi, numbers.pulled[n])


def _scaled(before: Cell, difference: Cell) -> Cell:
    return Cell(f"{before.text}({difference.text})", f"{before.latex}({difference.latex})")


def _signed(value: float) -> Cell:
    return factor(value) if value < 0 else number(value)


def activation_jacobian(result: Backprop, layer: Layer) -> Any:
    """``∂z_l/∂a_k`` for the chosen sample, of an activation that mixes units; else ``None``."""
    if layer.numbers.slope is not None or layer.stage.units > MOST_UNITS:
        return None
    function = layer.stage.function
    row = layer.numbers.a[result.sample][None]
    found = jacobian(lambda a: F.reshape(function(F.reshape(a, row.shape)), (-1,)))
    return found(F.asarray(row[0])).numpy()


def mixed_delta(layer: Layer, k: int, jacobi: Any, pulled: Sequence[float]) -> Cell:
    """``δ_k = Σ_l ∂z_l/∂a_k ...``: a vector times the activation's Jacobian matrix."""
    letter = "y" if layer.last else "z"
    by = "∂E_n/∂y_l" if layer.last else "Σ_m w_ml δ_m"
    by_latex = r"\partial E_n / \partial y_l" if layer.last else r"\sum_m w_{ml}\,\delta_m"
    named = Cell(
        f"Σ_l (∂{letter}_l/∂a_{k + 1}) ({by})",
        rf"\sum_l \frac{{\partial {letter}_l}}{{\partial a_{{{k + 1}}}}}\,{by_latex}",
    )
    if jacobi is None:
        return equal(layer.delta(k), named)
    terms = [
        DOTS if i is None else times(factor(jacobi[i, k]), factor(pulled[i]))
        for i in folded(jacobi[:, k] * np.asarray(pulled))
    ]
    return equal(layer.delta(k), named, plus(terms))


def _samples(result: Backprop) -> Table:
    """``E_n`` of each sample of a batch, and ``E``."""
    errors = result.numbers.errors
    shown = chosen(errors, MOST_SAMPLES)
    if result.sample not in shown:
        shown = sorted([*shown[:-1], result.sample])
    rows: list[list[Any]] = [
        [Cell(f"n = {n}" + (" *" if n == result.sample else "")), float(errors[n])] for n in shown
    ]
    rows += rest_row(
        len(shown), len(errors), 2, _("{count} more samples; those with the largest E_n are shown")
    )
    total = Cell("E = Σ_n E_n", r"E = \sum_n E_n")
    if result.loss.reduction != "sum":
        total = Cell("E = 1/N Σ_n E_n", r"E = \frac{1}{N} \sum_n E_n")
    rows.append([total, result.numbers.error])
    title = _("Error of each sample; * is the sample whose numbers the tables show")
    return Table(("", Cell("E_n", "E_n")), rows, title)
