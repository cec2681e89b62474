"""The picture of a watched network: outputs and gradients of each layer, and what they became."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import plots
from nissl.explain.drawing.lettering import drawable
from nissl.explain.training import verdict as verdicts
from nissl.explain.training.measures import BINS, LayerState, Record, Spread
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nissl.explain.training.watch import WatchReport

__all__ = ["FAR", "draw", "logarithmic"]

_LINES = ("-", "--", "-.", ":")
_MARKERS = "osv^Dx*P"
FAR = 1e200  # what lies beyond is drawn here, since axes need room to overflow
_NAMED = 8  # layers that are drawn over epochs: the first, the last, and some between
_ROWS = 24  # layers up to which each is named
_WIDE = 1e3  # ratio of the largest layer to the smallest from which an axis is logarithmic


def draw(report: WatchReport) -> Figure:
    """Draw distributions layer by layer and, of a training, gradients and steps over epochs."""
    records = report.records
    first, last = records[0], records[-1]
    over_time = last is not first
    high = 1.6 + 0.3 * min(max(len(last.layers), 4), _ROWS)
    figure = plots.new_figure(12.5 if over_time else 10, high + (3.6 if over_time else 0))
    figure.suptitle(
        "\n".join(textwrap.wrap(report.headline, int(10 * figure.get_figwidth()))), fontsize=11
    )
    grid: Any = figure.add_gridspec(2, 3, height_ratios=(high, 3)) if over_time else (
        figure.add_gridspec(1, 2)
    )  # fmt: skip
    top = grid[0, :].subgridspec(1, 3 if over_time else 2).subplots(sharey=True)
    shown = (first, last) if over_time else (first,)
    for axes, record in zip(top, shown, strict=False):
        _distributions(axes, [layer.z for layer in record.layers])
        axes.set_title(_("Outputs z at epoch {number}").format(number=record.epoch), fontsize=10)
    _scale(top[:-1], [layer.z for record in shown for layer in record.layers])
    slopes = [layer.delta for layer in last.layers]
    _distributions(top[-1], slopes, plots.VALIDATION)
    _scale(top[-1:], slopes)
    top[-1].set_title(_("Gradients dE/da at epoch {number}").format(number=last.epoch), fontsize=10)
    _name_layers(top[0], last.layers)
    top[0].legend(
        loc="upper left", bbox_to_anchor=(0, -0.6 / high), ncols=3, frameon=False, fontsize=8
    )
    if not over_time:
        return figure
    chosen = _chosen(len(last.layers))
    panels: tuple[tuple[str, str, Callable[[LayerState], float]], ...] = (
        (_("Size of the gradient of the weights"), "||dE/dw||", lambda s: s.gradient_norm),
        (_("Size of one step relative to the weights"), "||Δw|| / ||w||", lambda s: s.step_ratio),
        (_("Dead units or saturated outputs"), "%", _idle),
    )
    for place, (title, label, value) in enumerate(panels):
        axes = figure.add_subplot(grid[1, place])
        drawn = _over_epochs(axes, records, chosen, value)
        axes.set_title(title, fontsize=10)
        axes.set_ylabel(label)
        if place == 2:
            axes.set_ylim(-4, 104)
        elif drawn:
            logarithmic(axes, [*drawn, verdicts.FOLKLORE] if place else drawn)
            if place:
                axes.axhline(
                    verdicts.FOLKLORE, color=plots.INK, linewidth=1, linestyle=(0, (6, 2)),
                    label=_("1e-3, by rule of thumb"),
                )  # fmt: skip
    handles = {
        name: line
        for axes in figure.axes[3:]
        for line, name in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if handles:
        figure.legend(
            handles.values(), handles.keys(), loc="outside lower center", frameon=False,
            ncols=min(len(handles), 5), fontsize=8.5, handlelength=3.5,
        )  # fmt: skip
    return figure


def _chosen(count: int) -> list[int]:
    """Which of so many layers are drawn as lines: the first, the last, and some between."""
    return sorted(set(np.linspace(0, count - 1, min(count, _NAMED)).round().astype(int).tolist()))


def _short(name: str) -> str:
    return drawable(name, 18).replace("$", r"\$")


# ---- layer by layer --------------------------------------------------------------------------
def _distributions(axes: Axes, spreads: Sequence[Spread], colour: str = plots.TRAINING) -> None:
    """Draw the histogram of each layer on a line of its own, with median and quartiles."""
    labels = iter((_("how often"), _("middle half"), _("median")))  # of the first that is drawn
    for place, spread in enumerate(spreads):
        low, high = _within(spread.edges)
        lower, middle, upper = _within(spread.quantiles[2:5])
        if not math.isfinite(middle):
            axes.annotate(
                _("not finite"), (0.5, place), xycoords=axes.get_yaxis_transform(), ha="center",
                va="center", fontsize=8, color=plots.INK,
            )  # fmt: skip
            continue
        heights = 0.42 * np.sqrt(np.array(spread.counts) / max(spread.counts))
        axes.fill_between(
            np.linspace(low, high, BINS + 1), place - np.append(heights, heights[-1]),
            place + np.append(heights, heights[-1]), step="post", color=colour, alpha=0.3,
            linewidth=0, label=next(labels, "_"),
        )  # fmt: skip
        axes.hlines(place, lower, upper, color=colour, lw=3, label=next(labels, "_"))
        axes.plot(
            middle, place, "o", color="white", markeredgecolor=colour, markersize=5, zorder=3,
            label=next(labels, "_"),
        )  # fmt: skip
    axes.tick_params(labelsize=8.5)
    plots.bare(axes, grid=True)


def _scale(panels: Sequence[Axes], spreads: Sequence[Spread]) -> None:
    """Give panels the same axis, logarithmic on both sides of 0 where layers differ by much."""
    ends = [_within(each.edges) for each in spreads if math.isfinite(each.rms)]
    sizes = [size for low, high in ends if (size := max(-low, high)) > 0]
    if not sizes:
        return
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
    for axes in panels:
        if max(sizes) > _WIDE * min(sizes):
            powers = [math.floor(math.log10(size)) for size in (min(sizes), max(sizes))]
            linear = 10.0 ** powers[0]
            ticks = [10.0**power for power in (sum(powers) // 2, powers[1])]
            axes.set_xscale("symlog", linthresh=linear)
            below, above = (ticks if end > 0 else [] for end in (-low, high))
            axes.set_xticks([*(-tick for tick in below), 0, *above])
            axes.set_xlim(min(1.5 * low, -linear), max(1.5 * high, linear))
        else:
            axes.locator_params(axis="x", nbins=6)
            margin = 0.04 * (high - low) or 0.5
            axes.set_xlim(low - margin, high + margin)


def _name_layers(axes: Axes, layers: Sequence[LayerState]) -> None:
    """Name the lines, from the input at the top to the output."""
    count = len(layers)
    places = range(0, count, math.ceil(count / _ROWS))
    axes.set_yticks(places, [_short(layers[place].name) for place in places], fontsize=9)
    axes.set_ylim(count - 0.4, -0.6)


def _within(values: Sequence[float]) -> list[float]:
    return [math.copysign(min(abs(v), FAR), v) for v in values]


# ---- over epochs -----------------------------------------------------------------------------
def logarithmic(axes: Axes, values: Sequence[float]) -> None:
    """Make the vertical axis logarithmic, from one power of ten to another, without small print."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ends = [max(1 / FAR, min(each, FAR)) for each in (min(values), max(values))]
    low, high = math.floor(math.log10(ends[0])), math.ceil(math.log10(ends[1]))
    high += low == high
    axes.set_yscale("log")
    axes.set_ylim(10.0**low / 1.3, 1.3 * 10.0**high)
    axes.yaxis.set_major_locator(LogLocator(10, numticks=9))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _idle(layer: LayerState) -> float:
    """Per cent of the units that are dead or, where that has no meaning, of outputs saturated."""
    return 100 * (layer.dead / layer.units if layer.dead >= 0 else layer.saturated)


def _style(order: int, count: int) -> dict[str, Any]:
    """Line style, marker and shade of the layer that is number ``order`` from the input."""
    share = order / max(count - 1, 1)
    dark, light = np.array((0x0B, 0x2A, 0x4A)), np.array((0x8F, 0xB4, 0xD6))
    colour = (light + (dark - light) * share) / 255
    return {
        "color": tuple(colour.tolist()),
        "linestyle": _LINES[order % len(_LINES)],
        "marker": _MARKERS[order % len(_MARKERS)],
        "markersize": 4,
        "linewidth": 1.4,
    }


def _over_epochs(
    axes: Axes,
    records: Sequence[Record],
    chosen: Sequence[int],
    value: Callable[[LayerState], float],
) -> list[float]:
    """Draw lines of some layers; return the numbers above 0, which have a place on a log axis."""
    from matplotlib.ticker import MaxNLocator

    epochs = [record.epoch for record in records]
    drawn: list[float] = []
    for order, place in enumerate(chosen):
        values = [value(record.layers[place]) for record in records]
        if any(map(math.isfinite, values)):
            name = _short(records[-1].layers[place].name)
            axes.plot(epochs, values, label=name, **_style(order, len(chosen)))
            drawn += [v for v in values if math.isfinite(v) and v > 0]
    if not axes.lines:
        axes.annotate(
            _("nothing to show"), (0.5, 0.5), xycoords="axes fraction", ha="center", color=plots.INK
        )
        axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.set_xlabel(_("Epochs"))
    margin = 0.03 * (epochs[-1] - epochs[0]) or 0.5
    if epochs[0] == epochs[-1]:
        axes.set_xticks(epochs[:1])
    axes.set_xlim(epochs[0] - margin, epochs[-1] + margin)
    plots.bare(axes, grid=True)
    return drawn
