"""The picture of a watched training: activations over depth, gradients and steps over epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import plots
from nissl.explain.training import verdict as verdicts
from nissl.explain.training.measures import BINS, LayerState, Record
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw"]

_LINES = ("-", "--", "-.", ":")
_MARKERS = "osv^Dx*P"
_FAR = 1e200  # what lies beyond is drawn here, since axes need room to overflow
_NAMED = 8  # layers that are drawn over epochs: the first, the last, and some between


def draw(records: Sequence[Record]) -> Figure:
    """Draw records: two rows about one moment, three where there are several."""
    over_time = len(records) > 1
    figure = plots.new_figure(10.5, 10.2 if over_time else 6.4)
    count = 3 if over_time else 2
    grid: Any = figure.add_gridspec(count, 2)
    shown = [records[0], records[-1]] if over_time else [records[0]]
    if over_time:
        left, right = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1])
        right.sharey(left)
        pairs = list(zip((left, right), shown, strict=True))
    else:
        pairs = [(figure.add_subplot(grid[0, :]), records[0])]
    for axes, record in pairs:
        _activations(axes, record)
    figure.suptitle(_("Width: how often; bar: the middle half; ring: the median"), fontsize=9.5)
    if not over_time:
        _over_depth(
            figure.add_subplot(grid[1, 0]), records[0].layers, lambda s: s.signal, plots.TRAINING,
            _("signal: difference of z between samples"), "-", "o",
        )  # fmt: skip
        _over_depth(
            figure.add_subplot(grid[1, 1]), records[0].layers, lambda s: s.delta.rms,
            plots.VALIDATION, _("dE/da, root mean square"), "--", "s",
        )  # fmt: skip
        return figure
    chosen = _chosen(len(records[-1].layers))
    gradients = figure.add_subplot(grid[1, 0])
    _over_epochs(gradients, records, chosen, lambda s: s.gradient_norm)
    gradients.set_ylabel(_("norm of dE/dw"))
    steps = figure.add_subplot(grid[1, 1])
    _over_epochs(steps, records, chosen, lambda s: s.step_ratio, verdicts.FOLKLORE)
    steps.axhline(verdicts.FOLKLORE, color=plots.INK, linewidth=1, linestyle=(0, (6, 2)))
    steps.set_title(_("dashed line: 1e-3, by rule of thumb"), fontsize=9)
    steps.set_ylabel(_("one step: ||change|| / ||w||"))
    _flat(figure.add_subplot(grid[2, 0]), records, chosen)
    _loss(figure.add_subplot(grid[2, 1]), records)
    lines, names = gradients.get_legend_handles_labels()
    if not lines:
        lines, names = steps.get_legend_handles_labels()
    if lines:
        figure.legend(
            lines, names, loc="outside lower center", ncols=min(len(lines), 5), frameon=False,
            fontsize=8.5, title=_("Layers"), handlelength=3.5,
        )  # fmt: skip
    return figure


def _chosen(count: int) -> list[int]:
    """Which of so many layers are drawn as lines: the first, the last, and some between."""
    return sorted(set(np.linspace(0, count - 1, min(count, _NAMED)).round().astype(int).tolist()))


def _short(name: str, length: int = 18) -> str:
    return name if len(name) <= length else "…" + name[1 - length :]


def _bare(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color=plots.GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def _depth_axis(axes: Axes, layers: Sequence[LayerState]) -> None:
    count = len(layers)
    places = range(0, count, max(1, math.ceil(count / 12)))
    axes.set_xlim(-0.6, count - 0.4)
    crowded = count > 6
    axes.set_xticks(
        places, [_short(layers[i].name, 14) for i in places], fontsize=7.5,
        rotation=45 if crowded else 0, ha="right" if crowded else "center",
        rotation_mode="anchor" if crowded else "default",
    )  # fmt: skip
    _bare(axes)


def _activations(axes: Axes, record: Record) -> None:
    """For each layer the histogram of its activations, with median and quartiles."""
    for place, layer in enumerate(record.layers):
        spread = layer.z
        low, high = _within(spread.edges)
        lower, middle, upper = _within(spread.quantiles[2:5])
        if not math.isfinite(middle):
            axes.annotate(
                _("not finite"), (place, 0.5), xycoords=axes.get_xaxis_transform(), rotation=90,
                ha="center", va="center", fontsize=8, color=plots.INK,
            )  # fmt: skip
            continue
        if high > low:
            edges = np.linspace(low, high, BINS + 1)
            heights = 0.42 * np.sqrt(np.array(spread.counts) / max(spread.counts))
            heights = np.append(heights, heights[-1])
            axes.fill_betweenx(
                edges, place - heights, place + heights, step="post", color=plots.TRAINING,
                alpha=0.25, linewidth=0,
            )  # fmt: skip
        axes.vlines(place, lower, upper, color=plots.TRAINING, lw=3)
        axes.plot(
            place,
            middle,
            "o",
            color="white",
            markeredgecolor=plots.TRAINING,
            markersize=5,
            zorder=3,
        )
    _symmetric(axes, [q for each in record.layers for q in _within(each.z.quantiles)])
    axes.set_ylabel(_("activations z"))
    axes.set_title(_("Epoch {number}").format(number=record.epoch), fontsize=9.5)
    _depth_axis(axes, record.layers)


def _within(values: Sequence[float]) -> list[float]:
    return [math.copysign(min(abs(v), _FAR), v) for v in values]


def _symmetric(axes: Axes, values: Sequence[float]) -> None:
    """Take a logarithmic axis on both sides of 0 where numbers differ by very much."""
    sizes = [abs(value) for value in values if math.isfinite(value) and value]
    if sizes and max(sizes) > 1e3:
        axes.set_yscale("symlog", linthresh=1.0)
        top = math.ceil(math.log10(max(sizes)))
        step = max(1, math.ceil(top / 6))
        decades = range(0 if step == 1 else step, top + 1, step)
        both = min(values) < 0
        axes.set_yticks(
            [*(-(10.0**n) for n in reversed(decades) if both), 0.0, *(10.0**n for n in decades)]
        )


def _over_depth(
    axes: Axes,
    layers: Sequence[LayerState],
    value: Callable[[LayerState], float],
    colour: str,
    label: str,
    line: str,
    marker: str,
) -> None:
    found = [value(layer) for layer in layers]
    good = [(i, v) for i, v in enumerate(found) if math.isfinite(v) and v > 0]
    if good:
        axes.plot(*zip(*good, strict=True), line, marker=marker, color=colour, markersize=4)
        logarithmic(axes, [v for _i, v in good])
    _mark_missing(axes, [(i, v) for i, v in enumerate(found) if not math.isfinite(v) or v <= 0])
    axes.set_ylabel(label)
    _depth_axis(axes, layers)


def logarithmic(axes: Axes, values: Sequence[float]) -> None:
    """Make the vertical axis logarithmic, from one power of ten to another, without small print."""
    from matplotlib.ticker import LogLocator, NullFormatter

    ends = [max(1 / _FAR, min(each, _FAR)) for each in (min(values), max(values))]
    low, high = math.floor(math.log10(ends[0])), math.ceil(math.log10(ends[1]))
    high += low == high
    axes.set_yscale("log")
    axes.set_ylim(10.0**low / 1.3, 1.3 * 10.0**high)
    axes.yaxis.set_major_locator(LogLocator(10, numticks=9))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _mark_missing(axes: Axes, places: Sequence[tuple[int, float]]) -> None:
    """Say where a logarithmic axis has no place for a number: 0, or one that is not finite."""
    for place, value in places:
        text = "0" if value == 0 else _("not finite") if not math.isnan(value) else "–"
        axes.annotate(
            text, (place, 0.02), xycoords=axes.get_xaxis_transform(), ha="center", fontsize=8
        )


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
    line: float | None = None,
) -> None:
    """Lines of some layers; ``line`` is a value that the axis must reach too."""
    drawn: list[float] = []
    for order, place in enumerate(chosen):
        points = [(r.epoch, value(r.layers[place])) for r in records]
        points = [(epoch, v) for epoch, v in points if math.isfinite(v) and v > 0]
        if points:
            name = _short(records[-1].layers[place].name)
            axes.plot(*zip(*points, strict=True), label=name, **_style(order, len(chosen)))
            drawn += [v for _epoch, v in points]
    if drawn:
        logarithmic(axes, drawn if line is None else [*drawn, line])
    else:
        _nothing(axes)
    _epoch_axis(axes, records)


def _nothing(axes: Axes) -> None:
    axes.annotate(
        _("nothing to show"), (0.5, 0.5), xycoords="axes fraction", ha="center", color=plots.INK
    )
    axes.set_yticks([])


def _flat(axes: Axes, records: Sequence[Record], chosen: Sequence[int]) -> None:
    """Dead units and saturated outputs, in per cent."""
    drawn = False
    for order, place in enumerate(chosen):
        points: list[tuple[int, float]] = []
        for record in records:
            layer = record.layers[place]
            share = layer.dead / layer.units if layer.dead >= 0 else layer.saturated
            if not math.isnan(share):
                points.append((record.epoch, 100 * share))
        if points:
            axes.plot(*zip(*points, strict=True), **_style(order, len(chosen)))
            drawn = True
    if drawn:
        axes.set_ylim(-4, 104)
    else:
        _nothing(axes)
    axes.set_ylabel(_("dead or saturated (%)"))
    _epoch_axis(axes, records)


def _loss(axes: Axes, records: Sequence[Record]) -> None:
    points = [(r.epoch, r.loss) for r in records if math.isfinite(r.loss)]
    if points:
        axes.plot(*zip(*points, strict=True), "-o", color=plots.TRAINING, markersize=4)
        losses = [loss for _epoch, loss in points]
        if 0 < 30 * min(losses) < max(losses):
            logarithmic(axes, losses)
    axes.set_ylabel(_("loss on the probe"))
    _epoch_axis(axes, records)


def _epoch_axis(axes: Axes, records: Sequence[Record]) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.set_xlabel(_("Epochs"))
    first, last = records[0].epoch, records[-1].epoch
    margin = 0.03 * (last - first) or 0.5
    if first == last:
        axes.set_xticks([first])
    axes.set_xlim(first - margin, last + margin)
    _bare(axes)
