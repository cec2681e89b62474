"""What a race has to say: a table of the optimizers, who was first, and who ran away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nissl.explain.parts import Cell, Part, Table, Text, Value, table_of
from nissl.explain.training.race import NEAR, RATES
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.training.race import Path, RaceReport

__all__ = ["parts"]


def parts(shown: RaceReport) -> Iterator[Part]:
    """Yield what became of a race."""
    yield Text(shown.heading(), heading=True)
    yield _table(shown)
    for text in _told(shown):
        yield Text(text)
    if any(path.chosen for path in shown.paths):
        rates = ", ".join(f"{rate:g}" for rate in RATES)
        text = _("Learning rate: for each optimizer the best of {rates} in so many steps.")
        yield Text(text.format(rates=rates), style="dim")


def _table(shown: RaceReport) -> Table:
    x, y = shown.surface.names
    known = bool(shown.surface.minima)
    return table_of(
        shown.paths,
        [
            (_("Optimizer"), lambda path: path.name),
            (Cell(_("learning rate"), r"\eta"), lambda path: path.rate),
            (_("Steps to a minimum"), _reached) if known else None,
            (Cell(_("final value"), "f"), _final),
            (
                Cell(_("final {x}, {y}").format(x=x, y=y), f"{x}, {y}"),
                lambda path: "{:.4g}, {:.4g}".format(*path.points[-1]),
            ),
            (_("Distance to it"), lambda path: None if path.diverged else path.distance)
            if known
            else None,
        ],
        digits=4,
    )


def _reached(path: Path) -> Value:
    return Cell("–") if path.reached is None else path.reached


def _final(path: Path) -> Value:
    return Cell(path.told_lost(), style="bad") if path.diverged else float(path.values[-1])


def _told(shown: RaceReport) -> Iterator[str]:
    there = [path for path in shown.paths if path.reached is not None]
    staying = [path for path in shown.paths if path.diverged is None]
    lost = [path.name for path in shown.paths if path.diverged is not None]
    if there:
        first = min(there, key=lambda path: path.reached or 0)
        yield _("First within {near} of a minimum: {name}, in {steps} steps.").format(
            near=NEAR, name=first.name, steps=first.reached
        )
    elif shown.surface.minima:
        yield _("None came within {near} of a minimum; try more steps.").format(near=NEAR)
    elif staying:
        best = min(staying, key=lambda path: float(path.values[-1]))
        yield _("Lowest at the end: {name}, f = {value}.").format(
            name=best.name, value=f"{best.values[-1]:.4g}"
        )
    if lost:
        yield _(
            "Diverged: {names}. The learning rate is too high, or the surface has no lowest point."
        ).format(names=", ".join(lost))
