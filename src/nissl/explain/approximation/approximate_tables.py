"""What an approximation says in words and numbers: errors, weights, values outside the interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nissl.explain.approximation.approximate import OUTSIDE, Approximation, Fit
from nissl.explain.approximation.target import GRID
from nissl.explain.formulas import call, equal, number, signed, times
from nissl.explain.latex import number_latex
from nissl.explain.parts import Cell, Part, Table, Text, format_number, formula, table_of
from nissl.i18n import grouped
from nissl.i18n import translate as _
from nissl.layers.core import Dense

__all__ = ["errors_table", "parts", "samples_text"]

_DIGITS = 9  # of a weight, so that the printed network is the network
_FORMULA_UNITS = 6
_FORMULA_DIGITS = 5
_NOT_BY_UNIT = ("softmax", "log_softmax")  # each unit's output depends on all of them


def parts(shown: Approximation) -> Iterator[Part]:
    """Yield everything that is said of an approximation."""
    best = shown.best
    yield Text(shown.heading(), heading=True)
    if shown.x.size:
        yield Text(samples_text(shown))
    yield errors_table([shown])
    yield Text(
        _("RMSE: root mean square error; on the interval at {points} points.").format(
            points=grouped(GRID)
        ),
        style="dim",
    )
    yield from _jumps(shown)
    yield from _too_few(shown)
    layers = best.layers
    if layers is None:
        yield Text(_("Weights are listed for networks of one hidden layer and one output."))
    else:
        yield _weights_table(layers, best.name)
        if layers[0].units <= _FORMULA_UNITS and shown.activation not in _NOT_BY_UNIT:
            yield _formula(shown, layers)
    yield from _outside(shown)


def samples_text(shown: Approximation) -> str:
    """Return how many samples there were, and the noise on them."""
    if shown.noise:
        return _(
            "Trained on {count} samples with normal noise of standard deviation {noise}."
        ).format(count=len(shown.x), noise=format_number(shown.noise))
    return _("Trained on {count} samples.").format(count=len(shown.x))


def errors_table(
    found: Sequence[Approximation], *first: tuple[str, Callable[[Approximation], Any]]
) -> Table:
    """Return how near each network comes, and what it cost.

    Args:
        found: the approximations, with a row for each of their networks.
        first: columns that say something of each approximation.
    """
    rows = [(each, fit) for each in found for fit in each.fits]
    trained = any(fit.method for _each, fit in rows)
    compared = not first or any(len(each.fits) > 1 for each in found)
    at, inputs = _("at {variable} ="), found[0].target.inputs
    grid = _("RMSE on the interval") if len(inputs) == 1 else _("RMSE on the square")
    columns: list[tuple[bool, str, Callable[[Fit], Any]]] = [
        (compared, _("Method") if trained else _("Network"), lambda fit: fit.name),
        (found[0].x.size > 0, _("RMSE on the samples"), lambda fit: fit.samples_rmse),
        (True, grid, lambda fit: fit.rmse),
        (any(e.jumps for e in found), _("RMSE away from jumps"), lambda fit: fit.rmse_away),
        (True, _("Largest error"), lambda fit: fit.max_error),
        *[
            (True, at.format(variable=each), lambda fit, i=i: np.ravel(fit.max_error_at)[i])
            for i, each in enumerate(inputs)
        ],
        (trained, _("Steps"), lambda fit: fit.steps),
        (trained, _("Starts"), lambda fit: fit.starts),
        (trained, _("Seconds"), lambda fit: fit.seconds),
    ]
    return table_of(
        rows,
        [
            *[(title, lambda row, value=value: value(row[0])) for title, value in first],
            *[
                (title, lambda row, value=value: value(row[1]))
                for on, title, value in columns
                if on
            ],
        ],
        digits=3,
    )


def _jumps(shown: Approximation) -> Iterator[Part]:
    if shown.jumps:
        places = ", ".join(format_number(0.0 if abs(j) < 1e-9 else j, 4) for j in shown.jumps)
        yield Text(
            _(
                "{name} jumps at {variable} = {places}. A network is continuous and cannot follow "
                "a jump, and no sample lies within it; away from it means at least {distance}."
            ).format(
                name=shown.target.short,
                variable=shown.target.variable,
                places=places,
                distance=format_number(shown.away, 3),
            )
        )


def _too_few(shown: Approximation) -> Iterator[Part]:
    count = shown.best.model.count_params()
    if shown.x.size and count > shown.x.size:
        yield Text(
            _(
                "The network has {count} weights and biases, more than the {samples} samples: many "
                "such networks fit all samples, and they differ between them."
            ).format(count=count, samples=shown.x.size)
        )


# ---- weights ---------------------------------------------------------------------------------
def _weights_table(layers: Sequence[Dense], method: str) -> Table:
    """Return weights and biases layer by layer, to be copied: nine digits each."""
    rows: list[list[Any]] = []
    for place, layer in enumerate(layers, start=1):
        for weight, one, many in (
            (layer.kernel, _("layer {number}, weight"), _("layer {number}, weights")),
            (layer.bias, _("layer {number}, bias"), _("layer {number}, biases")),
        ):
            if weight is not None:
                values = weight.numpy().ravel()
                name = (many if values.size > 1 else one).format(number=place)
                rows.append([name, _vector(values)])
    title = _("Weights of the network ({method})").format(method=method)
    return Table(("", _("values")), rows, title=title)


def _vector(values: Any) -> Cell:
    # float32 numbers in as few digits as name them
    texts = [format_number(float(str(each)), _DIGITS) for each in values]
    latex = r"\begin{bmatrix} " + " & ".join(map(number_latex, texts)) + r" \end{bmatrix}"
    return Cell(f"[{', '.join(texts)}]", latex)


def _formula(shown: Approximation, layers: tuple[Dense, Dense]) -> Text:
    """The network written out, with rounded numbers."""
    first, second = layers
    assert first.kernel is not None
    assert second.kernel is not None
    x, h = formula(shown.target.variable), shown.activation.replace("_", " ")
    function = rf"\mathrm{{{h}}}" if h != "tanh" else r"\tanh"
    b = np.zeros(first.units) if first.bias is None else first.bias.numpy()
    c = 0.0 if second.bias is None else float(second.bias.numpy()[0])
    terms = [
        times(_number(v), call(function, signed([times(_number(w), x), _number(bias)])))
        for v, w, bias in zip(second.kernel.numpy()[:, 0], first.kernel.numpy()[0], b, strict=True)
    ]
    return Text(f"{equal(call('y', x), signed([*terms, _number(c)]))}")


def _number(value: float) -> Cell:
    return number(value, _FORMULA_DIGITS)


# ---- outside ---------------------------------------------------------------------------------
def _outside(shown: Approximation) -> Iterator[Part]:
    """What the network says where it was not trained."""
    width = shown.high - shown.low
    far = OUTSIDE * width
    x = np.array([shown.low - far, shown.low - far / 2, shown.high + far / 2, shown.high + far])
    x = x[np.isfinite(x)]
    truth, said = shown.target(x), shown.best(x)
    variable = shown.target.variable
    yield table_of(
        list(zip(x.tolist(), truth.tolist(), said.tolist(), strict=True)),
        [
            (variable, lambda row: row[0]),
            (f"f({variable})", lambda row: row[1] if math.isfinite(row[1]) else _("none")),
            (f"y({variable})", lambda row: row[2]),
            (_("error y - f"), lambda row: row[2] - row[1] if math.isfinite(row[1]) else None),
        ],
        title=_("Outside {interval}").format(interval=shown.interval),
        digits=4,
    )
    errors = np.abs(np.where(np.isfinite(truth), said - truth, 0.0))
    worst = int(np.argmax(errors))
    if errors[worst] > shown.best.max_error > 0:
        ratio = errors[worst] / shown.best.max_error
        yield Text(
            _(
                "At {variable} = {place}, outside the interval, the error is {error}: "
                "{times} times the largest error inside."
            ).format(
                variable=variable,
                place=format_number(x[worst], 4),
                error=format_number(errors[worst], 3),
                times=grouped(ratio, ".0f") if 10 <= ratio < 1e9 else format_number(ratio, 2),
            )
        )
