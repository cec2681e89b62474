"""The picture of set-ups side by side: signals and gradients over depth, accuracy over epochs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from nissl import plots
from nissl.explain.training.deep import curve
from nissl.explain.training.watch_picture import logarithmic
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nissl.explain.training.deep import DepthReport

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
    _over_depth(signal, report, "signal", _("Signal, by that of the first layer"))
    _over_depth(gradient, report, "delta", _("dE/da, by that of the last hidden layer"))
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


def _over_depth(axes: Axes, report: DepthReport, of: str, label: str) -> None:
    shown: list[float] = []
    for number, outcome in enumerate(report.outcomes):
        values = curve(outcome.start.records[0], of)
        points = [(i + 1, v) for i, v in enumerate(values) if math.isfinite(v) and v > 0]
        style = STYLES[number % len(STYLES)]
        axes.plot(
            [i for i, _v in points], [v for _i, v in points], label=str(outcome.setup),
            markevery=(number % 3, 3) if len(points) > 6 else None, **style,
        )  # fmt: skip
        shown += [v for _i, v in points]
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
