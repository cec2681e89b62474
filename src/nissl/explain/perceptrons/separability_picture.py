"""Pictures of separability: two hulls and the line between them, or the point that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.errors import ArgumentError
from nissl.explain.drawing.lettering import drawable, style
from nissl.explain.perceptrons import decision
from nissl.explain.perceptrons.forms import exact_number, feature_names, fold, linear_form, vector
from nissl.i18n import translate as _
from nissl.plots import INK, TRAINING, VALIDATION, new_figure

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
    try:
        x = np.array([[float(value) for value in point] for point in found.points])
    except OverflowError as error:
        raise ArgumentError("samples beyond the range of floats cannot be drawn") from error
    return x, np.array(found.positive)


def draw_plane(axes: Axes, found: Separability) -> None:
    """Draw samples of one or two features, their hulls, and the line or the common point."""
    x, positive = _floats(found)
    points = decision.flat(x, positive)
    box = decision.limits(points)
    classes = found.classes if len(found.classes) == 2 else found.classes * 2
    for second, colour, hatch in ((False, VALIDATION, "\\\\\\"), (True, TRAINING, "///")):
        _hull(axes, points[positive == second], colour, hatch)
    decision.samples(axes, points, positive, classes)
    if found.weights is not None:
        weights = [float(each) for each in (found.bias, *found.weights)]
        form = linear_form(found.bias, found.weights, feature_names(x.shape[1]))
        decision.line(axes, box, weights, label=f"{form.text} = 0")
        decision.title(axes, _("Linearly separable"))
    else:
        common = np.array([[*map(float, found.point or ()), 0.5][:2]])
        label = _("common point {point}").format(point=vector(found.point or ()).text)
        axes.plot(
            common[:, 0], common[:, 1], "*", markerfacecolor="none", markersize=20,
            markeredgecolor=INK, markeredgewidth=1.6, label=label, zorder=4, linestyle="none",
        )  # fmt: skip
        decision.title(axes, _("Not linearly separable: the hulls meet"))
    decision.label_axes(axes, box, x.shape[1])


def _hull(axes: Axes, points: Any, colour: str, hatch: str) -> None:
    from matplotlib.patches import Polygon

    corners = decision.hull(points)
    area = len(corners) > 2  # and not a mere line
    if len(corners) > 1:
        dashes = "-" if hatch.startswith("/") else "--"
        axes.add_patch(
            Polygon(
                corners, closed=area, fill=area, facecolor="none", edgecolor=colour,
                hatch=hatch if area else None, linestyle=dashes, linewidth=1.4,
                alpha=0.6, zorder=1,
            )
        )  # fmt: skip


def _distances(axes: Axes, found: Separability) -> None:
    """Of each sample its distance to the hyperplane, one row a class."""
    values, weights = (np.array([*map(float, v)]) for v in (found.values, found.weights or ()))
    distances = values / (np.linalg.norm(weights) or 1.0)
    label = _("the separating plane")
    decision.sides(axes, distances, np.array(found.positive), found.classes, label)
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
        else _("sample {sample}, target {target}").format(
            sample=sample, target=drawable(found.label(sample), 24)
        )
        for sample, share in shown
    ]
    axes.set_yticks(range(len(shown)), labels, **style(8))
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18 * max(float(share) for _sample, share in shares))
    axes.set_xlabel(_("Coefficient in the common point"))
    decision.title(axes, _("Not linearly separable: the hulls meet"))
    axes.spines[["top", "right"]].set_visible(False)
