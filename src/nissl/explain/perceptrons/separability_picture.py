"""Pictures of separability: two hulls and the line between them, or the point that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.explain.perceptrons import decision
from nissl.explain.perceptrons.forms import exact_number, feature_names, fold, linear_form, vector
from nissl.i18n import translate as _
from nissl.plots import GRID, INK, TRAINING, VALIDATION, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from nissl.explain.perceptrons.separability import Separability

__all__ = ["draw", "draw_plane"]


def draw(found: Separability) -> Figure:
    """Draw the plane for one or two features, and for more of them what stands for it."""
    if len(found.points[0]) <= 2:
        figure = new_figure(5.6, 4.6 if len(found.points[0]) == 2 else 2.9)
        draw_plane(figure.add_subplot(), found)
    elif found:
        figure = new_figure(6.4, 2.9)
        _distances(figure.add_subplot(), found)
    else:
        rows = min(len(found.coefficients or {}), 25)
        figure = new_figure(6.4, 1.6 + 0.26 * rows)
        _coefficients(figure.add_subplot(), found)
    if figure.axes[0].get_legend_handles_labels()[0]:
        decision.legend(figure)
    return figure


def _floats(found: Separability) -> tuple[Any, Any]:
    x = np.array([[float(value) for value in point] for point in found.points])
    return x, np.array(found.positive)


def draw_plane(axes: Axes, found: Separability) -> None:
    """Draw samples of one or two features, their hulls, and the line or the common point."""
    x, positive = _floats(found)
    names = feature_names(x.shape[1])
    points = decision.flat(x, positive)
    box = decision.limits(points)
    classes = found.classes if len(found.classes) == 2 else found.classes * 2
    for second, colour, hatch in ((False, VALIDATION, "\\\\\\"), (True, TRAINING, "///")):
        _hull(axes, points[positive == second], colour, hatch)
    decision.samples(axes, points, positive, classes)
    if found.weights is not None:
        weights = [*map(float, found.weights), 0.0][:2]
        form = linear_form(found.bias, found.weights, names)
        decision.line(axes, box, weights, float(found.bias), label=f"{form.text} = 0")
        decision.title(axes, _("Linearly separable"))
    else:
        common = np.array([[*map(float, found.point or ()), 0.5][:2]])
        label = _("common point {point}").format(point=vector(found.point or ()).text)
        axes.plot(
            common[:, 0], common[:, 1], "*", markerfacecolor="none", markersize=20,
            markeredgecolor=INK, markeredgewidth=1.6, label=label, zorder=4, linestyle="none",
        )  # fmt: skip
        decision.title(axes, _("Not linearly separable: the hulls meet"))
    decision.label_axes(axes, box, [f"${name[0]}_{{{name[1:]}}}$" for name in names])


def _hull(axes: Axes, points: Any, colour: str, hatch: str) -> None:
    from matplotlib.patches import Polygon

    corners = decision.hull(points)
    if len(corners) > 1:
        style = "-" if hatch.startswith("/") else "--"
        axes.add_patch(
            Polygon(
                corners, closed=True, fill=len(corners) > 2, facecolor="none", edgecolor=colour,
                hatch=hatch if len(corners) > 2 else None, linestyle=style, linewidth=1.4,
                alpha=0.6, zorder=1,
            )
        )  # fmt: skip


def _distances(axes: Axes, found: Separability) -> None:
    """Of each sample its distance to the hyperplane, one row a class."""
    values = np.array([float(value) for value in found.values])
    weights = np.array([float(value) for value in found.weights or ()])
    distances = values / (np.sqrt(np.sum(weights**2)) or 1.0)
    positive = np.array(found.positive)
    points = np.stack([distances, positive.astype(float)], axis=1)
    decision.samples(axes, points, positive, found.classes, size=40)
    axes.axvline(0, color=INK, linewidth=1.8, label=_("the separating plane"))
    axes.set_ylim(-0.6, 1.6)
    axes.set_yticks([])
    axes.set_xlabel(_("Distance to the plane, in the unit of the features"))
    axes.grid(color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    decision.title(axes, _("Linearly separable"))


def _coefficients(axes: Axes, found: Separability) -> None:
    """The certificate as bars, one a sample."""
    shares = sorted(
        (found.coefficients or {}).items(), key=lambda item: (found.positive[item[0]], item[0])
    )
    shown = [(sample, share) for sample, share in fold(shares, (-1, None), 24)]
    for row, (sample, share) in enumerate(shown):
        if share is None:
            continue
        second = found.positive[sample]
        axes.barh(
            row, float(share), color=TRAINING if second else "white", height=0.7,
            edgecolor=TRAINING if second else VALIDATION, hatch="" if second else "///",
        )  # fmt: skip
        axes.text(float(share), row, f" {exact_number(share)}", va="center", fontsize=8)
    labels = [
        "..."
        if share is None
        else _("sample {sample}, target {target}").format(sample=sample, target=found.label(sample))
        for sample, share in shown
    ]
    axes.set_yticks(range(len(shown)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18 * max(float(share) for _sample, share in shares))
    axes.set_xlabel(_("Coefficient in the common point"))
    decision.title(axes, _("Not linearly separable: the hulls meet"))
    axes.spines[["top", "right"]].set_visible(False)
