"""Pictures of a perceptron's run: the line after several updates, planes, errors, an animation."""

from __future__ import annotations

import importlib
import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.errors import ArgumentError, MissingDependencyError
from nissl.explain.perceptrons import decision
from nissl.explain.perceptrons.forms import feature_names
from nissl.files import writing
from nissl.i18n import translate as _
from nissl.plots import GRID, INK, TRAINING, VALIDATION, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nissl.explain.perceptrons.run import PerceptronRun
    from nissl.models.perceptron import Update

__all__ = ["animate", "check_animation", "draw", "draw_end"]

STAGES = 6  # of the line, the end among them
FRAMES = 40  # of an animation, the end among them
_FRAME_MS, _END_MS = 350, 2500


def draw(run: PerceptronRun) -> Figure:
    """Draw the stages of the line; for three features the plane, for more the errors."""
    features = run.samples.shape[1]
    if features > 2:
        return _many(run)
    chosen = _chosen(run, STAGES)
    columns = min(3, len(chosen) + 1)
    rows = math.ceil((len(chosen) + 1) / columns)
    height = 2.9 if features == 2 else 1.9
    figure = new_figure(max(3.3 * columns, 4.6), height * rows + 0.7)
    for place, update in enumerate(chosen, start=1):
        _stage(figure.add_subplot(rows, columns, place), run, update)
    draw_end(figure.add_subplot(rows, columns, len(chosen) + 1), run)
    decision.inner_labels(figure, columns)
    figure.suptitle(f"${run.form.latex}$", fontsize=12)
    decision.legend(figure)
    return figure


def _chosen(run: PerceptronRun, most: int) -> list[Update]:
    """Updates to be drawn, the end excepted: all, or some in equal steps, the first among them."""
    history = run.fitted.history[:-1]
    count = min(len(history), most - 1)
    places = np.unique(np.linspace(0, len(history) - 1, count).round().astype(int))
    return [history[place] for place in places] if count else []


def _plane(axes: Axes, run: PerceptronRun, weights: Any) -> tuple[Any, decision.Box]:
    """Draw samples, region and line of some weights; return the points and what is in view."""
    positive = run.targets == 1
    points = decision.flat(run.samples, positive)
    box = decision.limits(points)
    slope = [*weights[1:], 0.0][:2]
    decision.shade(axes, box, (slope, weights[0]), label=_("output 1"))
    decision.line(axes, box, slope, weights[0], label=_("line w·x = 0"))
    decision.samples(axes, points, positive, run.outputs)
    names = [f"${name[0]}_{{{name[1:]}}}$" for name in feature_names(run.samples.shape[1])]
    decision.label_axes(axes, box, names)
    return points, box


def _stage(axes: Axes, run: PerceptronRun, update: Update) -> None:
    """The line after an update, the one before it, and the sample that asked for it."""
    points, box = _plane(axes, run, update.after)
    slope_before, slope_after = ([*w[1:], 0.0][:2] for w in (update.before, update.after))
    decision.line(
        axes, box, slope_before, update.before[0], style="--", colour="#7a7a7a", label=_("before")
    )
    decision.ring(axes, points[update.sample], _("sample of the update"))
    title, output = _("Update {number}"), 0
    if not any(slope_after):
        title = _("Update {number}: output {output} everywhere")
        output = run.outputs[int(update.after[0] >= 0)] if update.after[0] else run.at_zero
    title = title.format(number=update.number, output=output)
    axes.set_title(title, fontsize=10)


def draw_end(axes: Axes, run: PerceptronRun) -> None:
    """Draw the line at the end, for one or two features."""
    _plane(axes, run, run.fitted.weights)
    axes.set_title(_end(run), fontsize=10)


def _end(run: PerceptronRun) -> str:
    updates = len(run.fitted.history)
    if run.fitted.converged:
        return _("End: converged, {updates} updates").format(updates=updates)
    return _("End: {right} of {count} right, {updates} updates").format(
        right=run.right, count=len(run.samples), updates=updates
    )


def _many(run: PerceptronRun) -> Figure:
    """More than two features: the plane if there are three, and the errors of each pass."""
    figure = new_figure(9.6, 4.2)
    left: Any = figure.add_subplot(1, 2, 1, projection="3d" if run.samples.shape[1] == 3 else None)
    if run.samples.shape[1] == 3:
        _space(left, run)
    else:
        _sides(left, run)
    left.set_title(_end(run), fontsize=10)
    right = figure.add_subplot(1, 2, 2)
    errors = run.fitted.errors
    marker = "o" if len(errors) <= 40 else ""
    right.plot(range(1, len(errors) + 1), errors, marker=marker, color=TRAINING, markersize=4)
    if not run.fitted.converged:
        right.plot(
            len(errors), errors[-1], "o", color="white", markeredgecolor=TRAINING, markersize=7,
            linestyle="none", label=_("last pass, cut short"),
        )  # fmt: skip
    right.set_xlabel(_("Pass over the data"))
    right.set_ylabel(_("Errors met, each an update"))
    right.set_ylim(0, max(*errors, 1) * 1.08)
    right.set_xlim(0.5, len(errors) + 0.5)
    right.locator_params(integer=True, nbins=8)
    right.grid(color=GRID, linewidth=0.6)
    right.spines[["top", "right"]].set_visible(False)
    decision.legend(figure)
    return figure


def _space(axes: Any, run: PerceptronRun) -> None:
    """Three features: samples, and the part of the plane that lies among them."""
    x, positive = run.samples, run.targets == 1
    low, high = x.min(axis=0), x.max(axis=0)
    pad = np.where(high > low, 0.15 * (high - low), 0.5)
    low, high = low - pad, high + pad
    weights = run.fitted.weights
    drawn = _cut(low, high, weights)
    if len(drawn) > 2:
        parts = importlib.import_module("mpl_toolkits.mplot3d.art3d")
        axes.add_collection3d(
            parts.Poly3DCollection(
                [drawn], facecolor=decision.REGION, edgecolor=INK, alpha=0.45, hatch="///",
                label=_("plane w·x = 0"),
            )
        )  # fmt: skip
    for second, colour in enumerate((VALIDATION, TRAINING)):
        chosen = x[positive == bool(second)]
        axes.scatter(
            *chosen.T, marker=decision.MARKERS[second], s=40, depthshade=False,
            facecolors=colour if second else "white", edgecolors=colour,
            label=_("target {target}").format(target=run.outputs[second]),
        )  # fmt: skip
    for name, start, end, axis in zip("xyz", low, high, (1, 2, 3), strict=True):
        getattr(axes, f"set_{name}lim")(start, end)
        getattr(axes, f"set_{name}label")(f"$x_{{{axis}}}$")


def _cut(low: Any, high: Any, weights: Any) -> Any:
    """The corners of the polygon that a plane cuts out of a block, in order, ``(n, 3)``."""
    found: list[Any] = []
    for axis in range(3):
        others = [each for each in range(3) if each != axis]
        for first in (0, 1):
            for second in (0, 1):
                start = np.empty(3)
                start[others] = [(low, high)[first][others[0]], (low, high)[second][others[1]]]
                rest = weights[0] + weights[1:][others] @ start[others]
                if weights[1 + axis]:
                    start[axis] = -rest / weights[1 + axis]
                    if low[axis] <= start[axis] <= high[axis]:
                        found.append(start)
    if len(found) < 3:
        return np.zeros((0, 3))
    corners = np.array(found)
    centred = corners - corners.mean(axis=0)
    normal = weights[1:] / np.linalg.norm(weights[1:])
    across = np.cross(normal, np.eye(3)[int(np.argmin(np.abs(normal)))])
    angles = np.arctan2(centred @ np.cross(normal, across), centred @ across)
    return corners[np.argsort(angles)]


def _sides(axes: Axes, run: PerceptronRun) -> None:
    """More features: how far on which side of the plane each sample lies, one row a class."""
    weights = run.fitted.weights
    size = float(np.linalg.norm(weights[1:])) or 1.0
    positive = run.targets == 1
    distances = run.fitted.decision_function(run.samples) / size
    points = np.stack([distances, positive.astype(np.float64)], axis=1)
    decision.samples(axes, points, positive, run.outputs, size=40)
    axes.axvline(0, color=INK, linewidth=1.8, label=_("plane w·x = 0"))
    axes.set_ylim(-0.6, 1.6)
    axes.set_yticks([])
    axes.set_xlabel(_("Distance to the plane, in the unit of the features"))
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)


def animate(run: PerceptronRun, path: str | os.PathLike[str]) -> None:
    """Write the line's way from update to update as an animated GIF.

    Args:
        run: a run with one or two features.
        path: the file; one that is there is replaced, once the new one is whole.

    Raises:
        ArgumentError: there are more features, or no update.
        MissingDependencyError: Pillow or matplotlib is not installed.
    """
    check_animation(run, path)
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingDependencyError("pillow", "Drawing animations", "images") from error
    last = run.fitted.history[-1]
    figure = new_figure(4.4, 4.6 if run.samples.shape[1] == 2 else 3.2)
    axes = figure.add_subplot()
    _stage(axes, run, last)  # has all that there is in a legend
    decision.legend(figure, columns=2)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # so that nothing moves but the line
    stages: list[Update | None] = [*_chosen(run, FRAMES), last, None]
    frames = [Image.fromarray(_frame(axes, run, update)) for update in stages]
    palette = _palette()
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    with writing(path) as beside:
        flat[0].save(
            beside,
            save_all=True,
            append_images=flat[1:],
            duration=[*[_FRAME_MS] * (len(flat) - 1), _END_MS],
            loop=0,
        )


def _palette() -> Any:
    """The colours of all frames, so that none flickers: those that are drawn, and what is between.

    Returns:
        A picture of one pixel that has them, as Pillow takes a palette.
    """
    from matplotlib.colors import to_rgb
    from PIL import Image

    ramps = (
        ("white", INK, 16), ("white", TRAINING, 10), ("white", VALIDATION, 12),
        (decision.REGION, decision.HATCH, 6), (decision.REGION, INK, 8),
        (decision.REGION, TRAINING, 6), ("white", decision.REGION, 4),
    )  # fmt: skip
    colours = [
        np.linspace(to_rgb(start), to_rgb(end), steps) for start, end, steps in ramps
    ]  # each (steps, 3)
    palette = Image.new("P", (1, 1))
    palette.putpalette((np.concatenate(colours) * 255).round().astype(int).ravel().tolist())
    return palette


def check_animation(run: PerceptronRun, path: str | os.PathLike[str]) -> None:
    """Raise an ArgumentError if there is no line to animate."""
    if run.samples.shape[1] > 2:
        raise ArgumentError(
            f"{os.fspath(path)}: a line is animated for one or two features, and there are "
            f"{run.samples.shape[1]}; save a picture (.png, .svg, .pdf) instead"
        )
    if not run.fitted.history:
        raise ArgumentError(
            f"{os.fspath(path)}: there was no update, so there is nothing to animate; save a "
            "picture (.png, .svg, .pdf) instead"
        )


def _frame(axes: Axes, run: PerceptronRun, update: Update | None) -> Any:
    """One picture of the animation as RGB bytes, ``(height, width, 3)``."""
    axes.clear()
    if update is None:
        draw_end(axes, run)
    else:
        _stage(axes, run, update)
    canvas: Any = axes.figure.canvas
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
