"""The pictures of an approximation: function, samples, network, hidden units and error."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import plots
from nissl.explain.approximation.approximate import OUTSIDE, Approximation, Fit, Hidden
from nissl.explain.panels import Panel, Sheet
from nissl.explain.parts import format_number
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["bishop", "draw", "rmse_name"]

Array = np.ndarray[Any, Any]
FUNCTION = "#b9b9b9"
OTHERS = "#4d4d4d"
LINES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (7, 2, 1.5, 2)), (0, (1.5, 1.5)))
DASHES: tuple[Any, ...] = (
    (0, (6, 2)), (0, (2, 1.2)), (0, (7, 2, 1.5, 2)), (0, (1, 1)), (0, (10, 3)),
    (0, (4, 1, 1, 1, 1, 1)), (0, (3, 3)), (0, (8, 1.5, 3, 1.5)),
)  # fmt: skip
UNITS = (
    "#1b7a35", "#b3262e", "#7b4fa3", "#c08a1e", "#2a8c9c", "#8a4b2d", "#d1589b", "#5b6670",
)  # fmt: skip
_POINTS = 401  # of a curve
_DRAWN = 1000  # samples up to which each is drawn
_MARKED = 120  # samples up to which their places are marked below an error
_UPPER, _LOWER = (5.3, 4.2), (5.3, 3.4)
_BEYOND = 1.2  # heights of what lies inside the interval that are shown above and below it


def draw(shown: Approximation) -> Sheet:
    """Return the function and the networks, the hidden units of the best one, and the errors."""
    x = _points(shown)
    units = shown.best.hidden(x)
    variable = shown.target.variable
    named = _("Function, samples and network") if shown.x.size else _("Function and network")
    both = f"f({variable}), y({variable})"
    rows: list[list[tuple[Callable[[Axes], None], str, str]]] = [
        [(partial(_function_and_networks, shown=shown, x=x), named, both)],
        [(partial(_errors, shown=shown), _("Error within the interval"), "")],
    ]
    if units is not None:
        outputs = _counted(_("Outputs of the hidden units"), units)
        parts = _counted(_("What each hidden unit contributes"), units)
        given: dict[str, Any] = {"shown": shown, "x": x, "units": units}
        rows[0].append((partial(_hidden_outputs, **given), outputs, f"$z_j({variable})$"))
        product = f"$w_{{kj}} \\, z_j({variable})$"
        rows[1].append((partial(_contributions, **given), parts, product))
    upper, lower = (
        [
            Panel(draw, title, variable, y, size=size, legend=legend)
            for legend, (draw, title, y) in enumerate(row, start=2)
        ]
        for size, row in zip((_UPPER, _LOWER), rows, strict=True)
    )
    if len(shown.fits) > 1:
        lower[0] = replace(lower[0], legend_title=rmse_name(shown))
    return Sheet([upper, lower], shown.heading(shown.target.caption))


def bishop(axes: Axes, shown: Approximation) -> None:
    """Draw the interval as Bishop's figure 5.3 does: hidden units dashed, samples, network."""
    x = np.linspace(shown.low, shown.high, _POINTS)
    units = shown.best.hidden(x)
    if units is not None:
        _unit_lines(axes, x, units.outputs)
        for number, line in enumerate(axes.get_lines()):
            line.set_label("_" if number else _("outputs of the hidden units"))
    _samples(axes, shown)
    axes.plot(x, shown.best(x), color=plots.TRAINING, linewidth=2, label=_("network"))
    plots.bare(axes)


# ---- panels ----------------------------------------------------------------------------------
def _function_and_networks(axes: Axes, shown: Approximation, x: Array) -> None:
    target = _broken(shown, x)
    axes.plot(
        x, target, color=FUNCTION, linewidth=5, solid_capstyle="butt",
        label=_("function {name}").format(name=shown.target.caption),
    )  # fmt: skip
    _samples(axes, shown)
    inside = [shown.target(np.linspace(shown.low, shown.high, _POINTS)), shown.t]
    everywhere = [target]
    for fit, line in _lined(shown):
        y = fit(x)
        axes.plot(x, y, **_style(fit, line, shown), label=_network_name(fit, shown))
        inside.append(y[(x >= shown.low) & (x <= shown.high)])
        everywhere.append(y)
    _limit(axes, np.concatenate(inside), np.concatenate(everywhere))
    _outside(axes, shown, x)


def _errors(axes: Axes, shown: Approximation) -> None:
    """The error inside the interval: with its sign, or its size where sizes differ widely."""
    x = np.linspace(shown.low, shown.high, 2 * _POINTS)
    truth, variable = shown.target(x), shown.target.variable
    by_size = len(shown.fits) > 1 or bool(shown.jumps)
    lowest = math.inf
    for fit, line in _lined(shown):
        error = fit(x) - truth
        if by_size:
            error = np.abs(error)
            error[error == 0] = np.nan
            if np.isfinite(error).any():
                lowest = min(lowest, float(np.nanmin(error)), fit.rmse)
        axes.plot(x, error, **_style(fit, line, shown), label=_error_name(fit, shown))
    if by_size:
        axes.set_yscale("log")
        if math.isfinite(lowest):
            axes.set_ylim(bottom=max(lowest, 1e-17 * max(fit.max_error for fit in shown.fits)) / 2)
        axes.set_ylabel(f"|y({variable}) - f({variable})|")
    else:
        axes.axhline(0, color=plots.INK, linewidth=0.8)
        if shown.best.max_error == 0:  # there is no error to choose a scale by
            axes.set_ylim(-1, 1)
        if 0 < shown.x.size <= _MARKED:
            axes.plot(
                shown.x, np.zeros(shown.x.size), "|", color=plots.VALIDATION, markersize=7,
                label=_("places of the samples"),
            )  # fmt: skip
        axes.set_ylabel(f"y({variable}) - f({variable})")
    axes.set_xlim(shown.low, shown.high)


def _hidden_outputs(axes: Axes, shown: Approximation, x: Array, units: Hidden) -> None:
    _unit_lines(axes, x, units.outputs)
    _outside(axes, shown, x)


def _contributions(axes: Axes, shown: Approximation, x: Array, units: Hidden) -> None:
    parts = units.contributions
    _unit_lines(axes, x, parts)
    axes.axhline(
        units.bias, color=OTHERS, linewidth=1, linestyle=(0, (1, 3)),
        label=_("bias {value}").format(value=format_number(units.bias, 3)),
    )  # fmt: skip
    total = parts.sum(axis=1) + units.bias
    axes.plot(x, total, color=plots.TRAINING, linewidth=2, label=_("sum with the bias"))
    inside = (x >= shown.low) & (x <= shown.high)
    each = np.concatenate([parts, total[:, None]], axis=1)
    within = np.append(each[inside].ravel(), units.bias)
    _limit(axes, within, each.ravel())
    _outside(axes, shown, x)


# ---- parts -----------------------------------------------------------------------------------
def _points(shown: Approximation) -> Array:
    """Places at which curves are drawn: the interval, and beyond."""
    far = OUTSIDE * (shown.high - shown.low)
    x = np.linspace(shown.low - far, shown.high + far, 2 * _POINTS)
    return np.unique(np.concatenate([x[np.isfinite(x)], [shown.low, shown.high]]))


def _broken(shown: Approximation, x: Array) -> Array:
    """The function at points, with a gap where it jumps or has no value."""
    values = shown.target(x)
    values[~np.isfinite(values)] = np.nan
    step = x[1] - x[0]
    for jump in shown.jumps:
        values[np.abs(x - jump) < step / 2] = np.nan
        if not np.isnan(values[np.abs(x - jump) < step]).any():
            values[np.argmin(np.abs(x - jump))] = np.nan
    return values


def _lined(shown: Approximation) -> list[tuple[Fit, Any]]:
    """Every network with its kind of line; the best one last, so that it lies on top."""
    others = [fit for fit in shown.fits if fit is not shown.best]
    pairs = list(zip(others, LINES[1:], strict=False))
    return [*pairs, (shown.best, LINES[0])]


def _style(fit: Fit, line: Any, shown: Approximation) -> dict[str, Any]:
    best = fit is shown.best
    return {
        "color": plots.TRAINING if best else OTHERS,
        "linestyle": line,
        "linewidth": 1.8 if best else 1.2,
    }


def _network_name(fit: Fit, shown: Approximation) -> str:
    if len(shown.fits) == 1:
        return _("network")
    return _("network, {method}").format(method=fit.name)


def _error_name(fit: Fit, shown: Approximation) -> str:
    value = format_number(fit.rmse_away if shown.jumps else fit.rmse, 2)
    return f"{fit.name}: {value}" if len(shown.fits) > 1 else f"{rmse_name(shown)} {value}"


def rmse_name(shown: Approximation) -> str:
    """Return what the error is called by which networks are compared."""
    return _("RMSE away from jumps") if shown.jumps else "RMSE"


def _samples(axes: Axes, shown: Approximation) -> None:
    if 0 < shown.x.size <= _DRAWN:
        axes.plot(
            shown.x, shown.t, "o", color=plots.VALIDATION, markerfacecolor="white",
            markersize=4.5 if shown.x.size <= 100 else 2.5, markeredgewidth=1,
            label=_("{count} samples").format(count=shown.x.size),
        )  # fmt: skip


def _unit_lines(axes: Axes, x: Array, values: Array) -> None:
    """One dashed line a hidden unit; where they are many, all alike."""
    count = values.shape[1]
    for j in range(count):
        few = count <= len(UNITS)
        axes.plot(
            x, values[:, j], color=UNITS[j] if few else OTHERS,
            linestyle=DASHES[j % len(DASHES)], linewidth=1.3 if few else 0.7,
            label=_("unit {number}").format(number=j + 1) if few else "_",
        )  # fmt: skip


def _counted(title: str, units: Hidden) -> str:
    count = units.weights.size
    return title if count <= len(UNITS) else f"{title} ({count})"


def _limit(axes: Axes, inside: Array, everywhere: Array) -> None:
    """Show all that lies inside the interval, and as much of the outside as leaves it readable."""
    inside, everywhere = inside[np.isfinite(inside)], everywhere[np.isfinite(everywhere)]
    if not inside.size:
        return
    low, high = float(inside.min()), float(inside.max())
    span = (high - low) or abs(high) or 1.0
    least = max(low - _BEYOND * span, min(low, float(everywhere.min())))
    most = min(high + _BEYOND * span, max(high, float(everywhere.max())))
    margin = 0.06 * (most - least) or 0.1 * span
    if math.isfinite(most - least + 2 * margin):
        axes.set_ylim(least - margin, most + margin)


def _outside(axes: Axes, shown: Approximation, x: Array) -> None:
    """Hatch what lies outside the training interval."""
    label = _("outside the training interval") if shown.x.size else _("outside the interval")
    ends = ((float(x[0]), shown.low), (shown.high, float(x[-1])))
    for place, (start, stop) in enumerate(ends):
        axes.axvspan(
            start, stop, facecolor="#f4f4f4", edgecolor="#d0d0d0", hatch="///", linewidth=0,
            zorder=0, label="_" if place else label,
        )  # fmt: skip
        axes.axvline(shown.low if place == 0 else shown.high, color="#8c8c8c", linewidth=0.8)
    axes.set_xlim(float(x[0]), float(x[-1]))
