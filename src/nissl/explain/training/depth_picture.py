"""The picture of set-ups side by side: signals and gradients over depth, accuracy over epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nissl import plots
from nissl.explain.training.watch_picture import FAR, logarithmic
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nissl.explain.training.depth import DepthReport

__all__ = ["STYLES", "draw"]

_COLOURS = ("#8a8a8a", "#c0504d", "#e07b39", "#1f4e79", "#2e7d5b", "#7a4fa3")
_LINES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
STYLES: tuple[dict[str, Any], ...] = tuple(
    {
        "color": _COLOURS[place % 6],
        "marker": "osv^D*"[(place + place // 6) % 6],
        "linestyle": _LINES[(place + 2 * (place // 6)) % 6],
        "markersize": 4.5,
        "linewidth": 1.5,
    }
    for place in range(18)
)


def draw(report: DepthReport) -> Figure:
    """Draw a comparison of set-ups."""
    panels = 3 if report.epochs else 2
    figure = plots.new_figure(4.4 * panels, 5.2)
    signal = figure.add_subplot(1, panels, 1)
    gradient = figure.add_subplot(1, panels, 2)
    forward = [outcome.signals for outcome in report.outcomes]
    backward = [outcome.gradients for outcome in report.outcomes]
    _over_depth(signal, report, forward, _("Signal, by that of the first layer"))
    _over_depth(gradient, report, backward, _("dE/da, by that of the last hidden layer"))
    signal.set_title(_("Forward: do samples still differ?"), fontsize=10)
    gradient.set_title(_("Backward: does a gradient arrive?"), fontsize=10)
    figure.suptitle(report.heading, fontsize=11)
    if report.epochs:
        _learning(figure.add_subplot(1, panels, 3), report)
    lines, names = signal.get_legend_handles_labels()
    figure.legend(
        lines, names, loc="outside lower center", ncols=min(3, len(names)), frameon=False,
        fontsize=8.5, handlelength=3,
    )  # fmt: skip
    return figure


def _over_depth(
    axes: Axes, report: DepthReport, curves: Sequence[Sequence[float]], label: str
) -> None:
    """Draw what becomes of signals or gradients; a cross is where rounding ends a curve."""
    shown: list[float] = []
    crosses: list[tuple[int, float]] = []
    for number, (outcome, values) in enumerate(zip(report.outcomes, curves, strict=True)):
        points = [(i + 1, v) for i, v in enumerate(values) if 1 / FAR < v < FAR]
        style = STYLES[number % len(STYLES)]
        axes.plot(
            [i for i, _v in points], [v for _i, v in points], label=str(outcome.setup),
            markevery=(number % 3, 3) if len(points) > 6 else None, **style,
        )  # fmt: skip
        shown += [v for _i, v in points]
        if len(points) > 1 and 0 in values:
            crosses.append(points[0] if values[0] == 0 else points[-1])
    if crosses:
        axes.plot(
            [i for i, _v in crosses], [v for _i, v in crosses], "x", color=plots.INK,
            markersize=9, markeredgewidth=1.8, zorder=4,
        )  # fmt: skip
        place, height = min(crosses, key=lambda cross: cross[1])
        axes.annotate(
            _("below rounding"), (place, height), fontsize=8, xytext=(8, -3),
            textcoords="offset points",
        )  # fmt: skip
    logarithmic(axes, shown or [1.0])
    axes.set_xlabel(_("Hidden layer"))
    axes.set_ylabel(label)
    _finish(axes, report.depth)


def _learning(axes: Axes, report: DepthReport) -> None:
    for number, outcome in enumerate(report.outcomes):
        style = STYLES[number % len(STYLES)]
        epochs = range(1, len(outcome.accuracies) + 1)
        axes.plot(epochs, [100 * a for a in outcome.accuracies], **style)
        if outcome.stopped:
            last = (max(len(epochs), 0.6), 100 * outcome.accuracies[-1] if epochs else 0.0)
            axes.plot(*last, style["marker"], color=style["color"], markersize=8)
            axes.annotate(
                _("stopped: not finite"), last, fontsize=8, xytext=(7, 3 + 9 * (number % 2)),
                textcoords="offset points",
            )  # fmt: skip
    chance = 100 / report.classes
    axes.axhline(chance, color=plots.INK, linewidth=1, linestyle=(0, (6, 2)))
    axes.annotate(
        _("by chance"), (0.0, chance), xycoords=axes.get_yaxis_transform(), fontsize=8,
        xytext=(3, -13), textcoords="offset points", ha="left",
    )  # fmt: skip
    axes.set_ylim(-3, 103)
    axes.set_xlim(0.5, report.epochs + 0.5)
    axes.set_xlabel(_("Epochs"))
    axes.set_ylabel(_("Accuracy on the training data (%)"))
    axes.set_title(_("Training: does it learn?"), fontsize=10)
    _finish(axes, report.epochs)


def _finish(axes: Axes, last: int) -> None:
    """Whole numbers from 1 to ``last`` below, and a grid."""
    axes.set_xticks(range(1, last + 1, max(1, -(-last // 10))))
    plots.bare(axes, grid=True)
