r"""Step B3: the error function, and its derivative by what goes into the output units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import losses
from nissl.autodiff import jacobian
from nissl.core import functions as F
from nissl.explain.backpropagation.layer import MOST_UNITS, Layer
from nissl.explain.backpropagation.numbers import SQUARED
from nissl.explain.formulas import (
    DOTS,
    bracket,
    call,
    derivative,
    equal,
    factor,
    folded,
    joined,
    minus,
    number,
    plus,
    symbol,
    times,
)
from nissl.explain.parts import Cell, Part, Text, chosen, formula, table_of
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.backpropagation.backprop import Backprop

__all__ = ["activation_jacobian", "error_formula", "error_parts", "mixed_delta"]

MOST_SAMPLES = 8
_ERRORS: tuple[tuple[type[Any], str], ...] = (
    (losses.HalfSquaredError, r"E_n = \frac{1}{2} \sum_k (y_k - t_k)^2"),
    (losses.MeanSquaredError, r"E_n = \frac{1}{K} \sum_k (y_k - t_k)^2"),
    (losses.MeanAbsoluteError, r"E_n = \frac{1}{K} \sum_k |y_k - t_k|"),
    (
        losses.BinaryCrossentropy,
        r"E_n = -\frac{1}{K} \sum_k \left(t_k \ln y_k + (1 - t_k) \ln(1 - y_k)\right)",
    ),
    (losses.CategoricalCrossentropy, r"E_n = -\sum_k t_k \ln y_k"),
    (losses.SparseCategoricalCrossentropy, r"E_n = -\sum_k t_k \ln y_k"),
)


def error_formula(loss: Any) -> Cell:
    """Return what a loss computes of a sample; its name where there is no short formula."""
    plainly = not getattr(loss, "from_logits", False) and not getattr(loss, "label_smoothing", 0)
    for kind, latex in _ERRORS:
        if isinstance(loss, kind) and plainly:
            return formula(latex)
    name = str(loss.name).replace("_", r"\_")
    return formula(rf"E_n = \mathrm{{{name}}}(t, y)")


def error_parts(result: Backprop, layer: Layer) -> Iterator[Part]:
    """Yield the error, what each output has to do with it, and of a batch each sample's."""
    n, numbers = result.sample, layer.numbers
    value = number(result.numbers.errors[n], 6)
    yield Text(f"{equal(error_formula(result.loss), value)}")
    if numbers.slope is None:
        yield Text(_mixing(result, layer))
    targets = result.targets
    jacobi = activation_jacobian(result, layer)
    yield table_of(
        range(layer.stage.units),
        [
            (
                equal(symbol("δ", "k"), derivative("E_n", "a_k")),
                lambda k: _output_delta(result, layer, k, jacobi),
            ),
            None if targets is None else (symbol("t", "k"), lambda k: float(targets[n, k])),
            (symbol("y", "k"), lambda k: float(numbers.z[n, k])),
            (layer.symbol("δ", "k"), lambda k: float(numbers.delta[n, k])),
        ],
        title=layer.title,
        most=MOST_UNITS,
        scores=numbers.delta[n],
        more=_("{count} more units; those with the largest |δ| are shown"),
    )
    if result.batch:
        yield from _samples(result)


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
    delta, targets = layer.delta(k), result.targets
    squared = isinstance(result.loss, SQUARED)
    slope: list[Cell] = []
    slope_value: list[Cell] = []
    if numbers.slope is not None and rule is None and layer.stage.activation != "linear":
        slope, slope_value = [call("h'", layer.a(k))], [factor(numbers.slope[n, k])]
    if targets is not None and (rule is not None or (squared and numbers.slope is not None)):
        scale = _scale(result, numbers.z.shape[1])
        goal = number(targets[n, k]) if targets[n, k] >= 0 else factor(targets[n, k])
        named, value = minus(layer.z(k), symbol("t", k + 1)), minus(number(numbers.z[n, k]), goal)
        alone = not scale and not slope
        return equal(
            delta,
            times(*slope, *scale, bracket(named, not alone)),
            times(*slope_value, *scale, bracket(value, not alone)),
        )
    if numbers.slope is not None:
        by = derivative("E_n", symbol("y", k + 1))
        slope = slope or [call("h'", layer.a(k))]
        values = times(factor(numbers.slope[n, k]), factor(numbers.pulled[n, k]))
        return equal(delta, times(*slope, by), values)
    return mixed_delta(layer, k, jacobi, numbers.pulled[n])


def _scale(result: Backprop, outputs: int) -> list[Cell]:
    """What stands before ``y_k - t_k``: ``1/K`` or ``2/K``, if it is not 1."""
    if result.rule is not None:
        parts = result.rule.parts
        return [formula(rf"\frac{{1}}{{{parts}}}")] if parts > 1 else []
    if not isinstance(result.loss, losses.MeanSquaredError):
        return []
    return [formula(rf"\frac{{2}}{{{outputs}}}" if outputs > 1 else "2")]


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
    by = r"\partial E_n / \partial y_l" if layer.last else r"\sum_m w_{ml}\,\delta_m"
    named = formula(
        rf"\sum_l \frac{{\partial {layer.letter}_l}}{{\partial a_{{{k + 1}}}}}\,\left({by}\right)"
    )
    if jacobi is None:
        return equal(layer.delta(k), named)
    terms = [
        DOTS if i is None else times(factor(jacobi[i, k]), factor(pulled[i]))
        for i in folded(jacobi[:, k] * np.asarray(pulled))
    ]
    return equal(layer.delta(k), named, plus(terms))


def _samples(result: Backprop) -> Iterator[Part]:
    """``E_n`` of each sample of a batch, and ``E``."""
    errors = np.abs(result.numbers.errors)
    errors[result.sample] = np.inf  # is always shown
    names = ["*" if n == result.sample else "" for n in range(len(errors))]
    yield table_of(
        range(len(errors)),
        [
            ("", lambda n: Cell(f"n = {n} {names[n]}".strip())),
            (formula("E_n"), lambda n: float(result.numbers.errors[n])),
        ],
        title=_("Error of each sample; * is the sample whose numbers the tables show"),
        most=MOST_SAMPLES,
        scores=errors if len(chosen(errors, 1)) else None,
        more=_("{count} more samples; those with the largest E_n are shown"),
    )
    mean = "" if result.loss.reduction == "sum" else r"\frac{1}{N} "
    total = formula(rf"E = {mean}\sum_n E_n")
    yield Text(f"{joined([total, number(result.numbers.error, 6)], ' = ')}")
