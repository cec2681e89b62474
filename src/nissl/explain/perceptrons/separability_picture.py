"""Pictures of separability: two hulls and the line between them, or the point that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.errors import ArgumentError
from nissl.explain.drawing.lettering import drawable, style
from nissl.explain.panels import Panel, Sheet
from nissl.explain.parts import chosen
from nissl.explain.perceptrons import decision
from nissl.explain.perceptrons.forms import exact_number, linear_form, vector
from nissl.i18n import grouped
from nissl.i18n import translate as _
from nissl.plots import INK, TRAINING, VALIDATION

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from nissl.explain.perceptrons.separability import Separability

__all__ = ["draw", "panel"]

_BARS = 24  # of a certificate


def draw(found: Separability) -> Sheet:
    """Draw the plane for one or two features, and for more of them what stands for it."""
    return Sheet([[panel(found)]], legend=3)


def panel(found: Separability) -> Panel:
    """Return samples, hulls and line or common point; of many features distances or shares."""
    title = _("Linearly separable") if found else _("Not linearly separable: the hulls meet")
    features = len(found.points[0])
    if features <= 2:
        size = 5.6, 4.1 if features == 2 else 2.4
        return decision.panel(lambda axes: _plane(axes, found), title, features, size)
    if found:
        return Panel(lambda axes: _distances(axes, found), title, size=(6.4, 2.5), framed=True)
    bars = min(len(found.coefficients or {}), _BARS + 1)
    return Panel(
        lambda axes: _shares(axes, found),
        title,
        _("Coefficient in the common point"),
        size=(6.4, 1.2 + 0.26 * bars),
    )


def _plane(axes: Axes, found: Separability) -> None:
    try:
        x = np.array([[float(value) for value in point] for point in found.points])
    except OverflowError as error:
        raise ArgumentError("samples beyond the range of floats cannot be drawn") from error
    positive = np.array(found.positive)
    plane = decision.Plane(axes, x, positive)
    for second, colour, hatch in ((False, VALIDATION, "\\\\\\"), (True, TRAINING, "///")):
        _hull(axes, plane.points[positive == second], colour, hatch)
    plane.samples(found.classes if len(found.classes) == 2 else found.classes * 2)
    if found.weights is not None:
        weights = (found.bias, *found.weights)
        plane.line([*map(float, weights)], label=f"${linear_form(weights).latex} = 0$")
        return
    across, up = [*map(float, found.point or ()), 0.5][:2]
    axes.plot(
        across, up, "*", markerfacecolor="none", markersize=20, markeredgecolor=INK,
        markeredgewidth=1.6, zorder=4, linestyle="none",
        label=_("common point {point}").format(point=vector(found.point or ()).text),
    )  # fmt: skip


def _hull(axes: Axes, points: Any, colour: str, hatch: str) -> None:
    from matplotlib.patches import Polygon

    corners = decision.hull(points)
    area = len(corners) > 2  # and not a mere line
    if len(corners) > 1:
        axes.add_patch(
            Polygon(
                corners, closed=area, fill=area, facecolor="none", edgecolor=colour,
                hatch=hatch if area else None, linestyle="-" if "/" in hatch else "--",
                linewidth=1.4, alpha=0.6, zorder=1,
            )
        )  # fmt: skip


def _distances(axes: Axes, found: Separability) -> None:
    """Of each sample its distance to the hyperplane, one row a class."""
    values, weights = (np.array([*map(float, v)]) for v in (found.values, found.weights or ()))
    distances = values / (np.linalg.norm(weights) or 1.0)
    label = _("the separating plane")
    decision.sides(axes, distances, np.array(found.positive), found.classes, label)


def _shares(axes: Axes, found: Separability) -> None:
    """The largest coefficients of the certificate as bars, one a sample."""
    shares = found.shares()
    kept = chosen([float(share) for _sample, share in shares], _BARS)
    names: list[str] = []
    for row, (sample, share) in enumerate(shares[place] for place in kept):
        second = found.positive[sample]
        axes.barh(
            row, float(share), color=TRAINING if second else "white", height=0.7,
            edgecolor=TRAINING if second else VALIDATION, hatch="" if second else "///",
        )  # fmt: skip
        axes.text(float(share), row, f" {exact_number(share)}", va="center", fontsize=8)
        target = drawable(found.label(sample), 24)
        names.append(_("sample {sample}, target {target}").format(sample=sample, target=target))
    if len(kept) < len(shares):
        names.append(_("{count} more").format(count=grouped(len(shares) - len(kept))))
    axes.set_yticks(range(len(names)), names, **style(8))
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18 * max(float(share) for _sample, share in shares))
