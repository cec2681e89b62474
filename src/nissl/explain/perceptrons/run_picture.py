"""Pictures of a perceptron's run: the line after several updates, errors, an animation."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.errors import ArgumentError
from nissl.explain.drawing.animation import pixels, write_gif
from nissl.explain.panels import Panel, Sheet
from nissl.explain.perceptrons import decision
from nissl.explain.perceptrons.forms import counted
from nissl.i18n import translate as _
from nissl.plots import TRAINING, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nissl.explain.perceptrons.run import PerceptronRun
    from nissl.models.perceptron import Update

__all__ = ["animate", "check_animation", "draw", "panel"]

STAGES = 6  # of the line, the end among them
FRAMES = 40  # of an animation, the end among them
_FRAME_MS, _END_MS = 350, 2500


def draw(run: PerceptronRun) -> Sheet:
    """Draw the stages of the line; for more than two features the distances and the errors."""
    if run.samples.shape[1] > 2:
        errors = Panel(
            lambda axes: _errors(axes, run),
            x=_("Pass over the data"),
            y=_("Errors met, each an update"),
            size=(4.8, 3.8),
            grid=True,
        )
        return Sheet([[panel(run), errors]], legend=3)
    stages = [*_chosen(run, STAGES), None]
    wide = 3.3 if len(stages) > 1 else 4.6
    return Sheet.grid(
        [panel(run, update, wide) for update in stages],
        3,
        title=f"${run.form.latex}$",
        legend=3,
        finish=decision.outer_labels,
    )


def panel(run: PerceptronRun, update: Update | None = None, width: float = 4.6) -> Panel:
    """Return the line after an update, or at the end; of many features the distances to it."""
    features = run.samples.shape[1]
    if features > 2:
        return Panel(lambda axes: _sides(axes, run), _end(run), size=(4.8, 3.8), framed=True)
    title = _end(run) if update is None else _title(run, update)
    size = width, width * (0.85 if features == 2 else 0.55)
    return decision.panel(lambda axes: _plane(axes, run, update), title, features, size)


def _chosen(run: PerceptronRun, most: int) -> list[Update]:
    """Updates to be drawn, the end excepted: all, or some in equal steps, the first among them."""
    history = run.updates[: None if run.circle else -1]
    count = min(len(history), most - 1)
    places = np.unique(np.linspace(0, len(history) - 1, count).round().astype(int))
    return [history[place] for place in places] if count else []


def _plane(axes: Axes, run: PerceptronRun, update: Update | None) -> None:
    """Samples, region and line; of an update also the line before, and the sample that asked."""
    plane = decision.Plane(axes, run.samples, run.targets == 1)
    weights = run.fitted.weights if update is None else update.after
    plane.shade(weights)
    plane.line(weights, label=_("line w·x = 0"))
    plane.samples(run.outputs)
    if update is not None:
        plane.line(update.before, "--", colour="#7a7a7a", label=_("before"))
        plane.ring(update.sample, _("sample of the update"))


def _title(run: PerceptronRun, update: Update) -> str:
    title = _("Update {number}").format(number=update.number)
    box = decision.box_of(decision.flat(run.samples, run.targets == 1))
    if len(decision.ends(box, update.after)):
        return title
    bias, *slope = update.after.tolist()  # the line is somewhere else, or nowhere
    a = bias + sum(w * low for w, low in zip(slope, box[::2], strict=False))
    output = run.outputs[int(a >= 0)] if a else run.at_zero
    return title + ": " + _("output {output} in all this view").format(output=output)


def _end(run: PerceptronRun) -> str:
    updates = counted(len(run.fitted.history), _("1 update"), _("{count} updates"))
    if run.fitted.converged:
        return _("End: converged, {updates}").format(updates=updates)
    return _("End: {right} of {count} right, {updates}").format(
        right=run.right, count=len(run.samples), updates=updates
    )


def _sides(axes: Axes, run: PerceptronRun) -> None:
    distances = run.fitted.decision_function(run.samples)
    distances /= np.linalg.norm(run.fitted.weights[1:]) or 1.0
    decision.sides(axes, distances, run.targets == 1, run.outputs, _("plane w·x = 0"))


def _errors(axes: Axes, run: PerceptronRun) -> None:
    """The errors of each pass."""
    errors = run.fitted.errors
    marker = "o" if len(errors) <= 40 else ""
    axes.plot(range(1, len(errors) + 1), errors, marker=marker, color=TRAINING, markersize=4)
    if not run.fitted.converged:
        axes.plot(
            len(errors), errors[-1], "o", color="white", markeredgecolor=TRAINING, markersize=7,
            linestyle="none", label=_("last pass, cut short"),
        )  # fmt: skip
    axes.set_ylim(0, max(*errors, 1) * 1.08)
    axes.set_xlim(0.5, len(errors) + 0.5)
    axes.locator_params(integer=True, nbins=8)


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
    with drawing():
        sheet = Sheet([[panel(run, last, 4.4)]], legend=2)  # has all that there is in a legend
        figure = sheet.figure()
        figure.draw_without_rendering()
    figure.set_layout_engine("none")  # so that nothing moves but the line
    (axes,) = figure.axes
    frames: list[Any] = []
    for update in [*_chosen(run, FRAMES), *([] if run.circle else [last]), None]:
        axes.clear()
        panel(run, update, 4.4).fill(axes)
        frames.append(pixels(figure))
    write_gif(path, frames, _FRAME_MS, _END_MS)


def check_animation(run: PerceptronRun, path: str | os.PathLike[str]) -> None:
    """Raise an ArgumentError if there is no line to animate."""
    features = run.samples.shape[1]
    reason = (
        f"a line is animated for one or two features, and there are {features}"
        if features > 2
        else "there was no update, so there is nothing to animate"
    )
    if features > 2 or not run.fitted.history:
        raise ArgumentError(
            f"{os.fspath(path)}: {reason}; save a picture (.png, .svg, .pdf) instead"
        )
