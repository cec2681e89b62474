"""Optimizers on a surface in two variables: their paths, how soon they arrive, and who does not."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl import optimizers as optimizers_module
from nissl.arguments import whole
from nissl.autodiff.reverse import gradients
from nissl.core import functions as F
from nissl.core.op import quiet
from nissl.core.passes import FINAL
from nissl.core.tensor import Host, Tensor
from nissl.core.traced import traced
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from nissl.explain.parts import Cell, Part, Table, Text, Value
from nissl.explain.report import Explanation
from nissl.explain.training.surfaces import Surface, surface
from nissl.files import user_path
from nissl.i18n import translate as _
from nissl.optimizers import Optimizer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RaceReport", "race"]

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)
MOST_STEPS = 20_000
NEAR = 0.05  # distance at which a minimum counts as reached
_LOST = 1e6  # distance from the start beyond which a path has diverged,
_WIDTHS = 1e3  # or so many times the size of the picture, where that is known
_VARIANTS: dict[str, Mapping[str, Any]] = {
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9, "nesterov": True},
}


@dataclass(frozen=True, eq=False)
class Path:
    """One optimizer's way.

    Attributes:
        name: what the optimizer is called.
        rate: its learning rate.
        chosen: whether the rate is the best of :data:`RATES`, not one that was given.
        points: shape ``(n + 1, 2)``, the start first; finite.
        values: of the surface at these points.
        diverged: the step in which it ran away or was no longer finite; ``None`` if in none.
        reached: the first step within :data:`NEAR` of a minimum; ``None`` if there is none.
        distance: from the end to the nearest minimum; NaN where none is known.
    """

    name: str
    rate: float
    chosen: bool
    points: Host
    values: Host
    diverged: int | None
    reached: int | None
    distance: float


@dataclass(frozen=True)
class RaceReport(Explanation):
    """What became of a race; see :func:`race`.

    Attributes:
        surface: where it was held.
        paths: one an optimizer, in the order in which they were named.
        steps: how many steps each was given.
    """

    surface: Surface
    paths: tuple[Path, ...]
    steps: int

    def heading(self, formula: str = "") -> str:
        """Say what was raced on in a line; ``formula`` is how the surface is written there."""
        formula = formula or self.surface.formula
        x, y = (f"{each:g}" for each in self.paths[0].points[0])
        named = ", ".join(self.surface.names)
        named = f"f({named}) = {formula}" if formula else f"{self.surface.name}({named})"
        return _("{steps} steps on {surface} from ({x}, {y})").format(
            steps=self.steps, surface=named, x=x, y=y
        )

    def parts(self) -> Iterator[Part]:
        yield Text(self.heading(), heading=True)
        yield self._table()
        for text in self._told():
            yield Text(text)
        if any(path.chosen for path in self.paths):
            yield Text(
                _("Learning rate: for each optimizer the best of {rates} in so many steps.").format(
                    rates=", ".join(f"{rate:g}" for rate in RATES)
                ),
                style="dim",
            )

    def _table(self) -> Table:
        x, y = self.surface.names
        rows: list[list[Value]] = []
        for path in self.paths:
            value: Value = float(path.values[-1])
            if path.diverged is not None:
                text = _("diverged at step {step}").format(step=path.diverged)
                value = Cell(text, style="bad")
            a, b = path.points[-1]
            reached = Cell("–") if path.reached is None else path.reached
            distance = path.distance if path.diverged is None else None
            rows.append([path.name, path.rate, reached, value, f"{a:.4g}, {b:.4g}", distance])
        columns: list[str | Cell] = [
            _("Optimizer"), Cell(_("learning rate"), r"\eta"), _("Steps to a minimum"),
            Cell(_("final value"), "f"), Cell(_("final {x}, {y}").format(x=x, y=y), f"{x}, {y}"),
            _("Distance to it"),
        ]  # fmt: skip
        if not self.surface.minima:
            columns, rows = columns[:2] + columns[3:5], [row[:2] + row[3:5] for row in rows]
        return Table(columns, rows, digits=4)

    def _told(self) -> Iterator[str]:
        there = [path for path in self.paths if path.reached is not None]
        if there:
            first = min(there, key=lambda path: path.reached or 0)
            yield _("First within {near} of a minimum: {name}, in {steps} steps.").format(
                near=NEAR, name=first.name, steps=first.reached
            )
        elif self.surface.minima:
            yield _("None came within {near} of a minimum; try more steps.").format(near=NEAR)
        else:
            alive = [path for path in self.paths if path.diverged is None]
            if alive:
                best = min(alive, key=lambda path: float(path.values[-1]))
                yield _("Lowest at the end: {name}, f = {value}.").format(
                    name=best.name, value=f"{best.values[-1]:.4g}"
                )
        lost = [path.name for path in self.paths if path.diverged is not None]
        if lost:
            yield _(
                "Diverged: {names}. The learning rate is too high, or the surface has no lowest "
                "point."
            ).format(names=", ".join(lost))

    def draw(self) -> Figure:
        from nissl.explain.training.race_picture import draw

        return draw(self)

    def save(self, path: str | os.PathLike[str], **settings: Any) -> None:
        """Write the race to a file, as every explanation, or as ``.gif``: the paths move."""
        if user_path(path).suffix.lower() == ".gif":
            from nissl.explain.training.race_picture import animate

            animate(self, path)
        else:
            super().save(path, **settings)


# ---- who takes part --------------------------------------------------------------------------
@dataclass(frozen=True)
class _Entrant:
    """An optimizer before it has a learning rate."""

    name: str
    kind: type[Optimizer]
    config: Mapping[str, Any]
    rate: float | None

    def make(self) -> Optimizer:
        return self.kind.from_config(dict(self.config))


def entrants() -> list[str]:
    """Return the names of all who can take part: every optimizer, and two forms of SGD.

    >>> entrants()[:3]
    ['sgd', 'momentum', 'nesterov']
    """
    others = [name.lower() for name in optimizers_module.registry.names() if name != "SGD"]
    return ["sgd", *_VARIANTS, *others]


def _entrant(given: Any, rate: float | None) -> _Entrant:
    if isinstance(given, Optimizer):
        rate = given.learning_rate if rate is None else rate
        return _Entrant(given.name, type(given), given.get_config(), rate)
    if not isinstance(given, str):
        raise ArgumentTypeError(
            f"an optimizer is a name, such as 'adam' or 'adam:0.01', or an Optimizer, not {given!r}"
        )
    name, colon, value = given.strip().partition(":")
    if colon:
        try:
            rate = float(value)
        except ValueError:
            raise ArgumentError(
                f"the optimizer {given!r}: {value!r} is no learning rate; write such as adam:0.01"
            ) from None
    names = {each.lower(): each for each in optimizers_module.registry.names()}
    known = name.lower()
    if known not in names and known not in _VARIANTS:
        raise UnknownNameError("optimizer", name, entrants())
    kind = optimizers_module.registry.lookup(names.get(known, "SGD"))
    config = _VARIANTS.get(known, {})
    return _Entrant(known, kind, config, rate)


def _unique(found: Sequence[_Entrant]) -> list[_Entrant]:
    """The same with names that differ."""
    counts: dict[str, int] = {}
    named: list[_Entrant] = []
    for each in found:
        counts[each.name] = number = counts.get(each.name, 0) + 1
        name = each.name if number == 1 else f"{each.name} ({number})"
        named.append(replace(each, name=name))
    return named


# ---- running ---------------------------------------------------------------------------------
class _Track:
    """One optimizer's step on the surface as a program, run again and again."""

    def __init__(self, ground: Surface, entrant: _Entrant, start: Sequence[float]) -> None:
        self.ground = ground
        self.point = Variable(np.array(start, np.float64), name="point")
        optimizer = entrant.make()
        optimizer.build([self.point])
        self.optimizer = optimizer

        def work() -> Tensor:
            here = self.point.value
            value = F.asarray(ground.function(here[0], here[1]))
            if value.shape != ():
                raise ShapeError(
                    f"{ground.name} gives shape {value.shape} for two numbers; a surface gives one "
                    "number"
                )
            optimizer.apply(gradients(value, [here]))
            return value

        self.step = traced(work, (), entrant.name, passes=FINAL)

    def run(self, rate: float, steps: int) -> Path:
        """Run with a learning rate; the state begins anew each time."""
        minima, box = self.ground.minima, self.ground.box
        far = _LOST if box is None else _WIDTHS * math.hypot(box[1] - box[0], box[3] - box[2])
        self.optimizer.learning_rate = rate
        fixed = [np.asarray(v.raw) for v in self.step.fixed]
        state = [np.asarray(v.raw) for v in self.step.state]
        place = self.step.state.index(self.point)
        points, values = [np.asarray(state[place], np.float64)], list[float]()
        diverged: int | None = None
        with quiet():
            for step in range(steps + 1):
                *new, value = self.step.program.run("numpy", np, [*fixed, *state])
                if step == 0 or math.isfinite(float(value)):
                    values.append(float(value))
                else:
                    points.pop()
                    diverged = step
                    break
                if step == steps:
                    break
                after = np.asarray(new[place], np.float64)
                if not np.abs(after - points[0]).max() < far:  # also where it is NaN
                    diverged = step + 1
                    break
                points.append(after)
                state = new
        way = np.array(points)
        nowhere = np.full(len(way), np.nan)
        from_each = [np.hypot(way[:, 0] - x, way[:, 1] - y) for x, y in minima] or [nowhere]
        distances = np.array(from_each).min(axis=0)
        near = np.flatnonzero(distances <= NEAR)
        return Path(
            "",
            rate,
            False,
            way,
            np.array(values),
            diverged,
            int(near[0]) if near.size else None,
            float(distances[-1]),
        )


def _score(path: Path) -> float:
    """How good a run is: its mean value in the last tenth; infinite if it diverged."""
    if path.diverged is not None:
        return math.inf
    return float(np.mean(path.values[-max(1, len(path.values) // 10) :]))


def _start_of(ground: Surface, start: Any) -> tuple[float, float]:
    given = ground.start if start is None else start
    x = np.asarray(given)
    if x.shape != (2,) or x.dtype.kind not in "iuf":
        raise ArgumentError(f"start is two numbers, such as (-1.2, 1), not {start!r}")
    point = (float(x[0]), float(x[1]))
    if not all(map(math.isfinite, point)):
        raise ArgumentError(f"start is two finite numbers, not {start!r}")
    value = ground.at(*point)
    if not math.isfinite(value):
        raise ArgumentError(
            f"{ground.formula or ground.name} is {value} at the start ({point[0]:g}, "
            f"{point[1]:g}); give another start="
        )
    return point


def race(
    on: Any = "rosenbrock",
    optimizers: Sequence[Any] | None = None,
    *,
    start: Sequence[float] | None = None,
    steps: int = 500,
    learning_rate: float | None = None,
) -> RaceReport:
    """Let optimizers descend a surface from the same point, side by side.

    The optimizers are those that train networks, and the gradients are by reverse mode, in
    float64. Where no learning rate is given, each gets the one of :data:`RATES` with which it ends
    lowest, so that none loses by a rate that does not suit it.

    Args:
        on: name of a surface (``"rosenbrock"``, ``"beale"``, ``"himmelblau"``, ``"saddle"``,
            ``"ravine"``), an expression in two variables, or a function of two tensors.
        optimizers: names such as ``"adam"``, ``"momentum"`` or ``"sgd:0.01"`` with a learning
            rate, or optimizers; by default all that there are.
        start: where they begin; by default the surface's own point, or (1, 1).
        steps: how many steps each makes, from 1 to 20,000.
        learning_rate: for all whose own is not given.

    Raises:
        UnknownNameError: a surface or an optimizer that there is not.
        ArgumentError: no steps, a start where the surface has no finite value, or a function of
            other than two variables.

    >>> report = race("ravine", ["sgd:0.03", "momentum:0.03"], steps=100)
    >>> [path.name for path in report.paths], report.paths[1].reached is not None
    (['sgd', 'momentum'], True)
    """
    ground = surface(on)
    count = whole("race", "steps", steps, 1, MOST_STEPS)
    if isinstance(optimizers, str | Optimizer):
        optimizers = [optimizers]
    if optimizers is not None and not optimizers:
        raise ArgumentError(f"no optimizer was given; there are: {', '.join(entrants())}")
    found = _unique([_entrant(each, learning_rate) for each in optimizers or entrants()])
    begin = _start_of(ground, start)
    paths: list[Path] = []
    for entrant in found:
        track = _Track(ground, entrant, begin)
        rates = RATES if entrant.rate is None else (entrant.rate,)
        runs = [track.run(rate, count) for rate in rates]
        best = min(runs, key=_score)
        paths.append(replace(best, name=entrant.name, chosen=entrant.rate is None))
    return RaceReport(ground, tuple(paths), count)
