"""Pictures of a perceptron's run: the line after several updates, errors, an animation."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.errors import ArgumentError
from nissl.explain.drawing.animation import pixels, write_gif
from nissl.explain.perceptrons import decision
from nissl.i18n import translate as _
from nissl.plots import GRID, TRAINING, drawing, new_figure

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
    """Draw the stages of the line; for more than two features the distances and the errors."""
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
    history = run.updates[: None if run.circle else -1]
    count = min(len(history), most - 1)
    places = np.unique(np.linspace(0, len(history) - 1, count).round().astype(int))
    return [history[place] for place in places] if count else []


def _plane(axes: Axes, run: PerceptronRun, weights: Any) -> tuple[Any, decision.Box]:
    """Draw samples, region and line of some weights; return the points and what is in view."""
    positive = run.targets == 1
    points = decision.flat(run.samples, positive)
    box = decision.limits(points)
    decision.shade(axes, box, weights, label=_("output 1"))
    decision.line(axes, box, weights, label=_("line w·x = 0"))
    decision.samples(axes, points, positive, run.outputs)
    decision.label_axes(axes, box, run.samples.shape[1])
    return points, box


def _stage(axes: Axes, run: PerceptronRun, update: Update) -> None:
    """The line after an update, the one before it, and the sample that asked for it."""
    points, box = _plane(axes, run, update.after)
    decision.line(axes, box, update.before, style="--", colour="#7a7a7a", label=_("before"))
    decision.ring(axes, points[update.sample], _("sample of the update"))
    title = _("Update {number}").format(number=update.number)
    if not len(decision.ends(box, update.after)):  # the line is somewhere else, or nowhere
        bias, *slope = update.after.tolist()
        a = bias + sum(w * low for w, low in zip(slope, box[::2], strict=False))
        output = run.outputs[int(a >= 0)] if a else run.at_zero
        title += ": " + _("output {output} in all this view").format(output=output)
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
    """More than two features: distances to the last plane, and the errors of each pass."""
    figure = new_figure(9.6, 4.2)
    left, right = figure.subplots(1, 2)
    distances = run.fitted.decision_function(run.samples)
    distances /= np.linalg.norm(run.fitted.weights[1:]) or 1.0
    decision.sides(left, distances, run.targets == 1, run.outputs, _("plane w·x = 0"))
    left.set_title(_end(run), fontsize=10)
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
    last = run.updates[-1]
    figure = new_figure(4.4, 4.6 if run.samples.shape[1] == 2 else 3.2)
    axes = figure.add_subplot()
    _stage(axes, run, last)  # has all that there is in a legend
    decision.legend(figure, columns=2)
    with drawing():
        figure.draw_without_rendering()
    figure.set_layout_engine("none")  # so that nothing moves but the line
    frames: list[Any] = []
    for update in [*_chosen(run, FRAMES), *([] if run.circle else [last]), None]:
        axes.clear()
        if update is None:
            draw_end(axes, run)
        else:
            _stage(axes, run, update)
        frames.append(pixels(figure))
    write_gif(path, frames, _FRAME_MS, _END_MS)


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
