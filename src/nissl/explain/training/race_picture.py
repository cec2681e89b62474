"""The picture of a race: contour lines with the paths, values over the steps; and a film."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import plots
from nissl.explain.drawing import lines
from nissl.explain.drawing.animation import pixels, write_gif
from nissl.explain.drawing.lettering import mathematics
from nissl.explain.panels import Panel, Sheet
from nissl.explain.training.surfaces import Box
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nissl.explain.training.race import Path, RaceReport

__all__ = ["animate", "draw"]

_GRID = 121
_FRAMES = 60
_LEVELS = 14


def draw(shown: RaceReport) -> Sheet:
    """Draw a whole race."""
    names = ", ".join(shown.surface.names)
    value = _("f({names}), above its minimum") if shown.surface.lowest else "f({names})"
    field = Panel(
        lambda axes: _field(axes, shown), _("Paths; the large marks are their ends"),
        *shown.surface.names, size=(5.5, 4.9), framed=True,
    )  # fmt: skip
    values = Panel(
        lambda axes: _values(axes, shown), _("Value after each step"), _("Step"),
        value.format(names=names), size=(5.5, 4.9), grid=True,
    )  # fmt: skip
    return Sheet([[field, values]], **_around(shown, 4))


def _around(shown: RaceReport, columns: int) -> dict[str, Any]:
    """The title above and the legend below."""
    title = shown.heading(mathematics(shown.surface.latex, shown.surface.formula, True))
    return {"title": title, "legend": columns, "told": _("η: learning rate")}


def animate(shown: RaceReport, path: str | os.PathLike[str]) -> None:
    """Write the race as an animated GIF.

    Raises:
        MissingDependencyError: Pillow or matplotlib is not installed.
    """
    longest = max(len(each.points) for each in shown.paths)
    stops = sorted({round(s) for s in np.geomspace(1, longest, min(_FRAMES, longest))})
    told = _("step {step} of {steps}")
    field = Panel(
        lambda axes: _field(axes, shown, heads=False), told, *shown.surface.names,
        size=(6.0, 5.2), framed=True,
    )  # fmt: skip
    figure = Sheet([[field]], **_around(shown, 4)).figure()
    (axes,) = figure.axes
    paths = axes.get_lines()[: len(shown.paths)]
    heads = [
        axes.plot([], [], marker="o", markersize=8, color=line.get_color(),
                  markeredgecolor="white", zorder=6)[0]
        for line in paths
    ]  # fmt: skip

    def frames() -> Any:
        for stop in stops:
            for line, head, each in zip(paths, heads, shown.paths, strict=True):
                line.set_data(*each.points[:stop].T)
                head.set_data(*each.points[:stop][-1:].T)
            axes.set_title(told.format(step=stop - 1, steps=shown.steps), fontsize=9)
            yield pixels(figure)

    write_gif(path, frames())


# ---- the surface, and paths on it ------------------------------------------------------------
def _field(axes: Axes, shown: RaceReport, heads: bool = True) -> None:
    """Draw the paths, contour lines, the start and the minima; ``heads``: where paths end."""
    for number, path in enumerate(shown.paths):
        _line(axes, path.points[:, 0], path.points[:, 1], path, number, 12, zorder=3)
    _contours(axes, shown)
    start = shown.paths[0].points[0]
    _place(axes, start, "o", _("start"), markersize=9, markerfacecolor="white", zorder=5)
    for minimum in shown.surface.minima:
        _place(axes, minimum, "*", _("minimum"), markersize=16, markerfacecolor="none", zorder=7)
    for number, path in enumerate(shown.paths if heads else ()):
        style = lines.style(number)
        axes.plot(
            *path.points[-1], style["marker"], markersize=9, color=style["color"],
            markeredgecolor="white", zorder=5,
        )  # fmt: skip


def _place(axes: Axes, place: Any, marker: str, name: str, **style: Any) -> None:
    axes.plot(*place, marker, markeredgecolor=plots.INK, **style)
    axes.annotate(
        name, tuple(place), fontsize=8.5, xytext=(8, 8), textcoords="offset points", zorder=8,
        bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none",
              "alpha": 0.8},
    )  # fmt: skip


def _line(axes: Axes, x: Any, y: Any, path: Path, number: int, marks: int, **look: Any) -> None:
    """Draw a line of a path in its style, with about so many marks, not where another's are."""
    every = max(1, len(x) // marks)
    first = min(number * max(1, every // 4), every)
    axes.plot(x, y, label=_named(path), markevery=(first, every), **lines.style(number), **look)


def _named(path: Path) -> str:
    text = f"{path.name}, η = {path.rate:g}"
    return f"{text}, {path.told_lost()}" if path.diverged else text


def _box(shown: RaceReport) -> Box:
    """What is shown: the surface's own box, or one around the paths that did not run away."""
    ground, start = shown.surface, shown.paths[0].points[0]
    if ground.box is not None:
        a, b, c, d = ground.box
        x, y = start.tolist()
        wide, high = 0.06 * (b - a), 0.06 * (d - c)
        return min(a, x - wide), max(b, x + wide), min(c, y - high), max(d, y + high)
    staying = [p.points for p in shown.paths if p.diverged is None] or [start[None]]
    reach = 2 * float(np.median([np.abs(way - start).max() for way in staying]))
    every = np.concatenate([*staying, start[None]])
    every = every[np.abs(every - start).max(axis=1) <= reach]
    low, high = every.min(axis=0), every.max(axis=0)
    size = float(max(*(high - low), 1e-3 * max(1.0, float(np.abs(start).max()))))
    margin = np.maximum(0.25 * (high - low), 0.15 * size)
    low, high = low - margin, high + margin
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _contours(axes: Axes, shown: RaceReport) -> None:
    """Contour lines, equally far apart in the logarithm of the height above the lowest."""
    ground = shown.surface
    a, b, c, d = _box(shown)
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


def _height(value: float) -> str:
    return f"{value:.0f}" if 99.5 <= abs(value) < 99_999 else f"{value:.2g}"


def _values(axes: Axes, shown: RaceReport) -> None:
    """Draw the value, above the lowest where that is known, over the steps."""
    lowest, paths = shown.surface.lowest, shown.paths
    base = lowest or 0.0
    every = np.concatenate([path.values for path in paths]) - base
    for number, path in enumerate(paths):
        values = path.values - base
        _line(axes, np.arange(len(values)), values, path, number, 10)
        if path.diverged:
            last = (len(values) - 1, values[-1])
            axes.plot(*last, "X", markersize=9, color=lines.style(number)["color"])
    axes.locator_params(axis="x", integer=True)
    start, low = float(every[0]), float(every.min())
    if every.max() > 0 and (lowest is not None or low > 0):
        least = max(low, 1e-12 * max(abs(start), 1e-300))
        staying = [float(path.values.max()) - base for path in paths if path.diverged is None]
        lost = 1e3 * max(start, least) if len(staying) < len(paths) else 0.0
        lines.logarithmic(axes, [least, max(start, lost, *staying)])
    else:
        low = float(np.median([path.values.min() for path in paths]))
        span = max(start - 2 * low + min(start, low), 1e-12 * max(1.0, abs(start)))
        axes.set_ylim(low - span / 2, start + span / 2)
