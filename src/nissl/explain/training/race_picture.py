"""The picture of a race: contour lines with the paths, values over the steps; and a film."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import plots
from nissl.explain.drawing.animation import pixels, write_gif
from nissl.explain.drawing.lettering import mathematics
from nissl.explain.training.deep_picture import STYLES
from nissl.explain.training.surfaces import Box
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nissl.explain.training.racing import Path, RaceReport

__all__ = ["animate", "draw"]

_GRID = 121
_FRAMES = 60
_LEVELS = 14


def draw(report: RaceReport) -> Figure:
    """Draw a whole race."""
    figure = plots.new_figure(11.0, 5.6)
    field, values = figure.add_subplot(1, 2, 1), figure.add_subplot(1, 2, 2)
    _ground(field, report)
    for number, path in enumerate(report.paths):
        _path(field, path, number, len(path.points))
    _ends(field, report)
    _values(values, report)
    _legend(figure, report, *values.get_legend_handles_labels())
    return figure


def _legend(figure: Figure, report: RaceReport, lines: Any, names: Any) -> None:
    figure.legend(
        lines, names, loc="outside lower center", ncols=min(len(names), 4), frameon=False,
        fontsize=8.5, handlelength=3, title=_("η: learning rate"), title_fontsize=8.5,
    )  # fmt: skip
    formula = mathematics(report.surface.latex, report.surface.formula)
    figure.suptitle(report.heading(formula), fontsize=11)


def animate(report: RaceReport, path: str | os.PathLike[str]) -> None:
    """Write the race as an animated GIF.

    Raises:
        MissingDependencyError: Pillow or matplotlib is not installed.
    """
    longest = max(len(each.points) for each in report.paths)
    stops = sorted({round(s) for s in np.geomspace(1, longest, min(_FRAMES, longest))})
    figure = plots.new_figure(6.0, 6.0)
    axes = figure.add_subplot()
    _ground(axes, report)
    lines = [_path(axes, each, number, 1)[0] for number, each in enumerate(report.paths)]
    heads = [
        axes.plot([], [], marker="o", markersize=8, color=line.get_color(),
                  markeredgecolor="white", zorder=6)[0]
        for line in lines
    ]  # fmt: skip
    _ends(axes, report, heads=False)
    title = axes.set_title("", fontsize=9)
    _legend(figure, report, lines, [_named(each) for each in report.paths])

    def frames() -> Any:
        for stop in stops:
            for line, head, each in zip(lines, heads, report.paths, strict=True):
                shown = each.points[:stop]
                line.set_data(shown[:, 0], shown[:, 1])
                head.set_data(shown[-1:, 0], shown[-1:, 1])
            title.set_text(_("step {step} of {steps}").format(step=stop - 1, steps=report.steps))
            yield pixels(figure)

    write_gif(path, frames())


# ---- parts -----------------------------------------------------------------------------------
def _box(report: RaceReport) -> Box:
    """What is shown: the surface's own box, or one around the paths that did not run away."""
    ground, start = report.surface, report.paths[0].points[0]
    if ground.box is not None:
        a, b, c, d = ground.box
        x, y = start.tolist()
        wide, high = 0.06 * (b - a), 0.06 * (d - c)
        return min(a, x - wide), max(b, x + wide), min(c, y - high), max(d, y + high)
    staying = [p.points for p in report.paths if p.diverged is None] or [start[None]]
    reach = 2 * float(np.median([np.abs(way - start).max() for way in staying]))
    every = np.concatenate([*staying, start[None]])
    every = every[np.abs(every - start).max(axis=1) <= reach]
    low, high = every.min(axis=0), every.max(axis=0)
    size = float(max(*(high - low), 1e-3 * max(1.0, float(np.abs(start).max()))))
    margin = np.maximum(0.25 * (high - low), 0.15 * size)
    low, high = low - margin, high + margin
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _ground(axes: Axes, report: RaceReport) -> None:
    """Contour lines, equally far apart in the logarithm of the height above the lowest."""
    ground = report.surface
    a, b, c, d = _box(report)
    xs, ys = np.linspace(a, b, _GRID), np.linspace(c, d, _GRID)
    z = ground.on_grid(xs, ys)
    finite = z[np.isfinite(z)]
    if finite.size and float(finite.max()) > float(finite.min()):
        lowest = float(finite.min())
        if ground.lowest is not None:
            lowest = min(lowest, ground.lowest)
        height = np.ma.masked_invalid(z - lowest)
        top = float(np.quantile(finite - lowest, 0.98)) or float(finite.max()) - lowest
        levels = top * np.geomspace(1e-4, 1.0, _LEVELS)
        drawn = axes.contour(xs, ys, height, levels=levels, colors="#9a9a9a", linewidths=0.7)
        names = {level: _height(level + lowest) for level in levels[4::3].tolist()}
        axes.clabel(drawn, levels=levels[4::3], fmt=names, fontsize=7, inline_spacing=2)
    axes.set_xlim(a, b)
    axes.set_ylim(c, d)
    axes.locator_params(nbins=6)
    axes.set_xlabel(ground.names[0])
    axes.set_ylabel(ground.names[1])


def _height(value: float) -> str:
    return f"{value:.0f}" if 99.5 <= abs(value) < 99_999 else f"{value:.2g}"


def _path(axes: Axes, path: Path, number: int, count: int) -> list[Any]:
    style = dict(STYLES[number % len(STYLES)])
    every = max(1, len(path.points) // 12)
    points = path.points[:count]
    return axes.plot(
        points[:, 0], points[:, 1], markevery=(min(number, every), every), zorder=3, **style
    )


def _ends(axes: Axes, report: RaceReport, heads: bool = True) -> None:
    """The start, the minima, and where each path ends."""
    start = report.paths[0].points[0]
    axes.plot(
        *start, "o", markersize=9, markerfacecolor="white", markeredgecolor=plots.INK, zorder=5
    )
    named = [(_("start"), tuple(start.tolist()))]
    for place in report.surface.minima:
        axes.plot(
            *place, "*", markersize=16, markerfacecolor="none", markeredgecolor=plots.INK, zorder=7
        )
        named.append((_("minimum"), place))
    for text, place in named:
        axes.annotate(
            text, place, fontsize=8.5, xytext=(8, 8), textcoords="offset points", zorder=8,
            bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none",
                  "alpha": 0.8},
        )  # fmt: skip
    axes.set_title(_("Paths; the large marks are their ends"), fontsize=10)
    if not heads:
        return
    for number, path in enumerate(report.paths):
        style = STYLES[number % len(STYLES)]
        axes.plot(
            *path.points[-1], style["marker"], markersize=9, color=style["color"],
            markeredgecolor="white", zorder=5,
        )  # fmt: skip


def _named(path: Path) -> str:
    text = f"{path.name}, η = {path.rate:g}"
    if path.diverged is not None:
        text += ", " + _("diverged at step {step}").format(step=path.diverged)
    return text


def _values(axes: Axes, report: RaceReport) -> None:
    """The value, above the lowest where that is known, over the steps."""
    lowest = report.surface.lowest
    every = np.concatenate([path.values for path in report.paths])
    base = 0.0 if lowest is None else lowest
    logs = float(every.max()) > base and (lowest is not None or float(every.min()) > 0)
    floor = 1e-12 * max(float(np.abs(every[0] - base)), 1e-300)
    for number, path in enumerate(report.paths):
        shown = path.values - base
        style = dict(STYLES[number % len(STYLES)])
        gap = max(1, report.steps // 10)
        axes.plot(
            np.arange(len(shown)), shown, label=_named(path),
            markevery=(number * gap // max(len(report.paths), 1), gap), **style,
        )  # fmt: skip
        if path.diverged is not None:
            axes.plot(len(shown) - 1, shown[-1], "X", markersize=9, color=style["color"])
    start = float(every[0]) - base
    if logs:
        axes.set_yscale("log")
        lowest_shown = max(float(every.min()) - base, floor)
        staying = [p.values.max() - base for p in report.paths if p.diverged is None]
        lost = 1e3 * max(start, lowest_shown) if len(staying) < len(report.paths) else 0.0
        axes.set_ylim(lowest_shown / 3, 3 * max(start, lost, *staying))
    else:
        low = float(np.median([path.values.min() for path in report.paths]))
        span = max(start - 2 * low + min(start, low), 1e-12 * max(1.0, abs(start)))
        axes.set_ylim(low - span / 2, start + span / 2)
    names = ", ".join(report.surface.names)
    text = _("f({names}), above its minimum") if base else "f({names})"
    axes.set_ylabel(text.format(names=names))
    axes.set_xlabel(_("Step"))
    axes.set_title(_("Value after each step"), fontsize=10)
    plots.bare(axes, grid=True)
