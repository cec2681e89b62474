"""The picture of a watched network: outputs and gradients of each layer, and what they became."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nissl import plots
from nissl.explain.drawing import lines
from nissl.explain.drawing.lettering import drawable
from nissl.explain.drawing.lines import FAR
from nissl.explain.panels import Panel, Sheet
from nissl.explain.training.measures import BINS, LayerState, Record, Spread
from nissl.explain.training.verdict import FOLKLORE
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nissl.explain.training.watch import WatchReport

__all__ = ["draw"]

_NAMED = 8  # layers that are drawn over epochs: the first, the last, and some between
_ROWS = 24  # layers up to which each is named
_WIDE = 1e3  # ratio of the largest layer to the smallest from which an axis is logarithmic


def draw(shown: WatchReport) -> Sheet:
    """Draw distributions layer by layer and, of a training, gradients and steps over epochs."""
    records = shown.records
    first, last = records[0], records[-1]
    looked = [first] if first is last else [first, last]
    outputs = [layer.z for record in looked for layer in record.layers]
    gradients = [layer.delta for layer in last.layers]
    title = _("Outputs z at epoch {number}")
    panels = [
        _layers(title.format(number=record.epoch), record, [s.z for s in record.layers], outputs)
        for record in looked
    ]
    title = _("Gradients ∂E/∂a at epoch {number}").format(number=last.epoch)
    panels.append(_layers(title, last, gradients, gradients, plots.VALIDATION))
    rows = [panels]
    if first is not last:
        rows.append(
            [
                _epochs(
                    _("Size of the gradient of the weights"), "‖∂E/∂w‖", records,
                    lambda layer: layer.gradient_norm,
                ),
                _epochs(
                    _("Size of one step relative to the weights"), "‖Δw‖ / ‖w‖", records,
                    lambda layer: layer.step_ratio, guided=True,
                ),
                _epochs(_("Dead units or saturated outputs"), "%", records, _idle),
            ]
        )  # fmt: skip
    return Sheet(rows, shown.headline, legend=5, finish=_name_layers_once)


def _short(name: str) -> str:
    return drawable(name, 18).replace("$", r"\$")


# ---- layer by layer --------------------------------------------------------------------------
def _layers(
    title: str,
    record: Record,
    spreads: Sequence[Spread],
    alike: Sequence[Spread],
    colour: str = plots.TRAINING,
) -> Panel:
    """Return a panel of the layers of a record; ``alike``: all that have the same axis."""

    def draw(axes: Axes) -> None:
        _distributions(axes, spreads, colour)
        _scale(axes, alike)
        count = len(record.layers)  # from the input at the top to the output
        places = range(0, count, math.ceil(count / _ROWS))
        axes.set_yticks(places, [_short(record.layers[each].name) for each in places], fontsize=9)
        axes.set_ylim(count - 0.4, -0.6)

    high = 1.9 + 0.3 * min(max(len(record.layers), 4), _ROWS)
    return Panel(draw, title, size=(4.4, high), grid=True, legend=3)


def _name_layers_once(figure: Figure, panels: Sequence[Axes]) -> None:
    """Leave out the names of layers that stand beside the panel on the left already."""
    left = True
    for axes in panels:
        place = axes.get_subplotspec()
        left = place is None or place.colspan.start == 0
        if axes.yaxis_inverted() and not left:
            axes.tick_params(labelleft=False)


def _distributions(axes: Axes, spreads: Sequence[Spread], colour: str) -> None:
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
        heights = 0.42 * np.sqrt(np.array([*spread.counts, spread.counts[-1]]) / max(spread.counts))
        axes.fill_between(
            np.linspace(low, high, BINS + 1), place - heights, place + heights, step="post",
            color=colour, alpha=0.3, linewidth=0, label=next(labels, "_"),
        )  # fmt: skip
        axes.hlines(place, lower, upper, color=colour, lw=3, label=next(labels, "_"))
        axes.plot(
            middle, place, "o", color="white", markeredgecolor=colour, markersize=5, zorder=3,
            label=next(labels, "_"),
        )  # fmt: skip
    axes.tick_params(labelsize=8.5)


def _scale(axes: Axes, spreads: Sequence[Spread]) -> None:
    """Scale an axis for all, logarithmic on both sides of 0 where layers differ by much."""
    ends = [_within(each.edges) for each in spreads if math.isfinite(each.rms)]
    sizes = [size for low, high in ends if (size := max(-low, high)) > 0]
    if not sizes:
        return
    low, high = min(end[0] for end in ends), max(end[1] for end in ends)
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


def _within(values: Sequence[float]) -> list[float]:
    return [math.copysign(min(abs(v), FAR), v) for v in values]


# ---- over epochs -----------------------------------------------------------------------------
def _idle(layer: LayerState) -> float:
    """Per cent of the units that are dead or, where that has no meaning, of outputs saturated."""
    return 100 * (layer.dead / layer.units if layer.dead >= 0 else layer.saturated)


def _epochs(
    title: str,
    y: str,
    records: Sequence[Record],
    value: Callable[[LayerState], float],
    guided: bool = False,
) -> Panel:
    """Return a panel with lines of some layers, logarithmic unless it is about per cent."""
    epochs = [record.epoch for record in records]
    names = [_short(layer.name) for layer in records[-1].layers]
    chosen = np.linspace(0, len(names) - 1, min(len(names), _NAMED)).round().astype(int).tolist()

    def draw(axes: Axes) -> None:
        heights: list[float] = []  # those that have a place on a logarithmic axis
        for order, place in enumerate(chosen):
            values = [value(record.layers[place]) for record in records]
            if any(map(math.isfinite, values)):
                axes.plot(epochs, values, label=names[place], **lines.shaded(order, len(chosen)))
                heights += [v for v in values if math.isfinite(v) and v > 0]
        if not axes.lines:
            lines.nothing(axes)
        if guided and heights:
            lines.guide(axes, FOLKLORE, _("1e-3, by rule of thumb"))
            heights.append(FOLKLORE)
        if y == "%":
            axes.set_ylim(-4, 104)
        elif heights:
            lines.logarithmic(axes, heights)
        lines.whole_numbers(axes, epochs[0], epochs[-1])

    return Panel(draw, title, _("Epochs"), y, size=(4.4, 3.2), grid=True)
