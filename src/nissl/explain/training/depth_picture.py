"""The picture of set-ups side by side: signals and gradients over depth, accuracy over epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nissl import plots
from nissl.explain.drawing import lines
from nissl.explain.panels import Panel, Sheet
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nissl.explain.training.depth import DepthReport

__all__ = ["draw"]


def draw(shown: DepthReport) -> Sheet:
    """Draw a comparison of set-ups."""
    signals = [outcome.signals for outcome in shown.outcomes]
    gradients = [outcome.gradients for outcome in shown.outcomes]
    panels = [
        Panel(
            lambda axes: _over_depth(axes, shown, signals),
            _("Forward: do samples still differ?"),
            _("Hidden layer"),
            _("Signal, by that of the first layer"),
            size=(4.4, 4.6),
            grid=True,
        ),
        Panel(
            lambda axes: _over_depth(axes, shown, gradients),
            _("Backward: does a gradient arrive?"),
            _("Hidden layer"),
            _("∂E/∂a, by that of the last hidden layer"),
            size=(4.4, 4.6),
            grid=True,
        ),
        Panel(
            lambda axes: _learning(axes, shown),
            _("Training: does it learn?"),
            _("Epochs"),
            _("Accuracy on the training data (%)"),
            size=(4.4, 4.6),
            grid=True,
        ),
    ]
    return Sheet([panels if shown.epochs else panels[:2]], shown.heading, legend=3)


def _over_depth(axes: Axes, shown: DepthReport, curves: Sequence[Sequence[float]]) -> None:
    """Draw what becomes of signals or gradients; a cross is where rounding ends a curve."""
    heights: list[float] = []
    crosses: list[tuple[int, float]] = []
    for number, (outcome, values) in enumerate(zip(shown.outcomes, curves, strict=True)):
        points = [(i, v) for i, v in enumerate(values, 1) if 1 / lines.FAR < v < lines.FAR]
        marks = (number % 3, 3) if len(points) > 6 else None
        x, y = [i for i, _v in points], [v for _i, v in points]
        axes.plot(x, y, label=str(outcome.setup), markevery=marks, **lines.style(number))
        heights += y
        if len(points) > 1 and 0 in values:
            crosses.append(points[0] if values[0] == 0 else points[-1])
    if crosses:
        axes.plot(
            *zip(*crosses, strict=True), "x", color=plots.INK, markersize=9, markeredgewidth=1.8,
            zorder=4,
        )  # fmt: skip
        _note(axes, _("below rounding"), min(crosses, key=lambda cross: cross[1]), (8, -3))
    lines.logarithmic(axes, heights or [1.0])
    lines.whole_numbers(axes, 1, shown.depth)


def _learning(axes: Axes, shown: DepthReport) -> None:
    for number, outcome in enumerate(shown.outcomes):
        style = lines.style(number)
        epochs = range(1, len(outcome.accuracies) + 1)
        axes.plot(epochs, [100 * a for a in outcome.accuracies], label=str(outcome.setup), **style)
        if outcome.stopped:
            last = (max(len(epochs), 0.6), 100 * outcome.accuracies[-1] if epochs else 0.0)
            axes.plot(*last, style["marker"], color=style["color"], markersize=8)
            _note(axes, _("stopped: not finite"), last, (7, 3 + 9 * (number % 2)))
    chance = 100 / shown.classes
    lines.guide(axes, chance)
    lines.whole_numbers(axes, 1, shown.epochs)
    axes.set_xlim(0.5, shown.epochs + 0.5)
    axes.set_ylim(-3, 103)
    _note(axes, _("by chance"), (0.5, chance), (3, -13))


def _note(axes: Axes, text: str, place: tuple[float, float], away: tuple[float, float]) -> None:
    axes.annotate(text, place, fontsize=8, xytext=away, textcoords="offset points")
