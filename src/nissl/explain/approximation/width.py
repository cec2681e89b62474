"""How the error falls as hidden units are added: universal approximation, seen."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import plots
from nissl.errors import ArgumentError
from nissl.explain.approximation.report import Approximation, approximate
from nissl.explain.parts import Part, Table, Text, format_number
from nissl.explain.report import Explanation
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ByWidth", "approximate_by_width"]

MOST_WIDTHS = 12


@dataclass(frozen=True)
class ByWidth(Explanation):
    """The same samples, approximated by networks of more and more hidden units.

    Attributes:
        widths: the numbers of hidden units, rising.
        found: an approximation for each.
    """

    widths: tuple[int, ...]
    found: tuple[Approximation, ...]

    def parts(self) -> Iterator[Part]:
        first = self.found[0]
        yield Text(
            _("{name} on {interval}, approximated by more and more hidden units").format(
                name=first.target.short, interval=first.interval
            ),
            heading=True,
        )
        rows: list[list[Any]] = []
        for width, each in zip(self.widths, self.found, strict=True):
            fit = each.best
            row: list[Any] = [width, fit.model.count_params(), fit.samples_rmse, fit.rmse]
            row += [fit.rmse_away] if first.jumps else []
            rows.append([*row, fit.max_error, fit.seconds])
        columns = [_("Hidden units"), _("Weights and biases"), _("RMSE on the samples")]
        columns += [_("RMSE on the interval")]
        columns += [_("RMSE away from jumps")] if first.jumps else []
        yield Table([*columns, _("Largest error"), _("Seconds")], rows, digits=3)
        yield Text(self._verdict())

    def _verdict(self) -> str:
        errors = [each.best.rmse_away for each in self.found]
        least = int(np.nanargmin(errors)) if not all(map(math.isnan, errors)) else 0
        text = _("Least error: {error}, with {count} hidden units ({method}, {samples} samples).")
        return text.format(
            error=format_number(errors[least], 3),
            count=self.widths[least],
            method=self.found[least].best.name,
            samples=self.found[0].x.size,
        )

    def draw(self) -> Figure:
        from nissl.explain.approximation.figure import bishop

        count = len(self.found) + 1
        columns = min(count, 4 if -count % 4 < -count % 3 else 3)  # which leaves less empty
        rows = math.ceil(count / columns)
        figure = plots.new_figure(3.5 * columns, 2.7 * rows + 0.7)
        limits = self._limits()
        for place, (width, each) in enumerate(zip(self.widths, self.found, strict=True), 1):
            axes = figure.add_subplot(rows, columns, place)
            bishop(axes, each)
            error = format_number(each.best.rmse_away, 2)
            title = (
                _("{count} hidden units: RMSE {error}")
                if width > 1
                else _("{count} hidden unit: RMSE {error}")
            )
            axes.set_title(title.format(count=width, error=error), fontsize=9)
            axes.set_ylim(*limits)
            axes.set_xlabel(each.target.variable)
        self._errors(figure.add_subplot(rows, columns, count))
        handles, labels = figure.axes[0].get_legend_handles_labels()
        chosen = {label: h for h, label in zip(handles, labels, strict=True)}
        shown = {label: h for label, h in chosen.items() if label != _unit_label()}
        if _unit_label() in chosen:
            shown[_("outputs of the hidden units")] = chosen[_unit_label()]
        figure.legend(
            shown.values(), shown.keys(), loc="outside lower center", ncols=4, frameon=False,
            fontsize=8, handlelength=3.2,
        )  # fmt: skip
        name = self.found[0].target.caption
        figure.suptitle(
            _("{name} on {interval}, approximated by more and more hidden units").format(
                name=name, interval=self.found[0].interval
            ),
            fontsize=11,
        )
        return figure

    def _limits(self) -> tuple[float, float]:
        """The same heights for all: the samples with room around, and the hidden units' -1 to 1."""
        first = self.found[0]
        low, high = float(first.t.min()), float(first.t.max())
        span = (high - low) or 1.0
        bounds = (low - 0.25 * span, high + 0.25 * span)
        if span > 8 or first.activation != "tanh":
            return bounds
        return min(bounds[0], -1.15), max(bounds[1], 1.15)

    def _errors(self, axes: Axes) -> None:
        for key, line, marker, colour, label in (
            ("rmse_away", "-", "o", plots.TRAINING, _("on the interval")),
            ("samples_rmse", "--", "s", plots.VALIDATION, _("on the samples")),
        ):
            values = [getattr(each.best, key) or math.nan for each in self.found]
            axes.plot(
                self.widths, values, linestyle=line, marker=marker, color=colour, markersize=4,
                linewidth=1.4, label=label,
            )  # fmt: skip
        axes.set_yscale("log")
        axes.set_xlabel(_("Hidden units"))
        axes.set_ylabel("RMSE")
        axes.set_xscale("log")
        axes.set_xticks(self.widths, [str(width) for width in self.widths])
        axes.minorticks_off()
        axes.tick_params(labelsize=8)
        plots.bare(axes, grid=True)
        axes.legend(frameon=False, fontsize=8)


def _unit_label() -> str:
    return _("unit {number}").format(number=1)


def approximate_by_width(
    f: Any,
    low: float = -1.0,
    high: float = 1.0,
    hidden: Sequence[int] = (1, 2, 3, 5, 10),
    samples: int = 50,
    **settings: Any,
) -> ByWidth:
    """Approximate a function by networks of several widths, on the same samples.

    Args:
        f, low, high, samples: as in :func:`~nissl.explain.approximate`.
        hidden: the numbers of hidden units, at most 12.
        settings: further settings of :func:`~nissl.explain.approximate`, for all alike; one method.

    Raises:
        ArgumentError: there is no width, or there are too many, or ``method="all"``.

    >>> found = approximate_by_width("abs(x)", hidden=(1, 3), starts=4)
    >>> found.found[0].best.rmse > 5 * found.found[1].best.rmse
    True
    """
    widths = sorted(set(hidden))
    if not 1 <= len(widths) <= MOST_WIDTHS:
        raise ArgumentError(
            f"hidden takes 1 to {MOST_WIDTHS} different numbers of units, not {len(widths)}"
        )
    if settings.get("method") == "all":
        raise ArgumentError(
            "method 'all' compares methods for one number of hidden units; choose one method"
        )
    found = [approximate(f, low, high, each, samples, **settings) for each in widths]
    return ByWidth(tuple(widths), tuple(found))
