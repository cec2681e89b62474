"""Optimizers on a surface in two variables: their paths, how soon they arrive, and who does not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl import optimizers as optimizers_module
from nissl.arguments import whole
from nissl.autodiff.reverse import gradients
from nissl.core.op import quiet
from nissl.core.passes import FINAL
from nissl.core.tensor import Host, Tensor
from nissl.core.traced import traced
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from nissl.explain import naming
from nissl.explain.report import Explanation
from nissl.explain.training.surfaces import Surface, surface
from nissl.i18n import translate as _
from nissl.optimizers import Optimizer

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
        distances: from these points to the nearest minimum; NaN where none is known.
        diverged: the step in which it ran away or was no longer finite; ``None`` if in none.
    """

    name: str
    rate: float
    chosen: bool
    points: Host
    values: Host
    distances: Host
    diverged: int | None

    @property
    def reached(self) -> int | None:
        """The first step within :data:`NEAR` of a minimum; ``None`` if there is none."""
        near = np.flatnonzero(self.distances <= NEAR)
        return int(near[0]) if near.size else None

    @property
    def distance(self) -> float:
        """From the end to the nearest minimum; NaN where none is known."""
        return float(self.distances[-1])

    @property
    def score(self) -> float:
        """How good a run is: its mean value in the last tenth; infinite if it diverged."""
        if self.diverged is not None:
            return math.inf
        return float(np.mean(self.values[-max(1, len(self.values) // 10) :]))

    def told_lost(self) -> str:
        """Say when it diverged."""
        return _("diverged at step {step}").format(step=self.diverged)


@dataclass(frozen=True)
class RaceReport(Explanation):
    """What became of a race; see :func:`race`. Saved as ``.gif``, the paths move.

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


# ---- who takes part --------------------------------------------------------------------------
def entrants() -> list[str]:
    """Return the names of all who can take part: every optimizer, and two forms of SGD.

    >>> entrants()[:3]
    ['sgd', 'momentum', 'nesterov']
    """
    others = [name.lower() for name in optimizers_module.registry.names() if name != "SGD"]
    return ["sgd", *_VARIANTS, *others]


def _entrant(given: Any, rate: float | None) -> tuple[str, Optimizer, float | None]:
    """What an optimizer is called, a new one like it, and its learning rate if one is given."""
    if isinstance(given, Optimizer):
        own = given.learning_rate if rate is None else rate
        return given.name, type(given).from_config(given.get_config()), own
    if not isinstance(given, str):
        raise ArgumentTypeError(
            f"an optimizer is a name, such as 'adam' or 'adam:0.01', or an Optimizer, not {given!r}"
        )
    names, settings = naming.read(given, "adam:0.01", names=2, bare="learning_rate")
    if names[1:]:
        raise ArgumentError(
            f"the optimizer {given!r}: {names[1]!r} is no learning rate; write such as adam:0.01"
        )
    name = names[0].lower() if names else ""
    known = {each.lower(): each for each in optimizers_module.registry.names()}
    if name not in {*known, *_VARIANTS}:
        raise UnknownNameError("optimizer", names[0] if names else given, entrants())
    rate = settings.pop("learning_rate", rate)
    kind: Any = optimizers_module.registry.lookup(known.get(name, "SGD"))
    return naming.label(name, settings), kind(**{**_VARIANTS.get(name, {}), **settings}), rate


# ---- running ---------------------------------------------------------------------------------
class _Track:
    """One optimizer's step on the surface as a program, run again and again."""

    def __init__(self, ground: Surface, optimizer: Optimizer, start: Sequence[float]) -> None:
        self.ground, self.optimizer = ground, optimizer
        self.point = Variable(np.array(start, np.float64), name="point")
        optimizer.build([self.point])

        def work() -> Tensor:
            here = self.point.value
            value = ground.value(here[0], here[1])
            optimizer.apply(gradients(value, [here]))
            return value

        self.step = traced(work, (), optimizer.name, passes=FINAL)

    def run(self, name: str, rate: float, chosen: bool, steps: int) -> Path:
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
                *state, value = self.step.program.run("numpy", np, [*fixed, *state])
                if step and not math.isfinite(float(value)):
                    points.pop()
                    diverged = step
                    break
                values.append(float(value))
                after = np.asarray(state[place], np.float64)
                if step < steps and not np.abs(after - points[0]).max() < far:  # or NaN
                    diverged = step + 1
                    break
                points.append(after)
        way = np.array(points[: len(values)])  # (n, 2)
        away = [np.hypot(*(way - minimum).T) for minimum in minima or [(math.nan, math.nan)]]
        return Path(name, rate, chosen, way, np.array(values), np.min(away, axis=0), diverged)


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
    begin = _start_of(ground, start)
    paths: list[Path] = []
    for given in optimizers or entrants():
        name, optimizer, rate = _entrant(given, learning_rate)
        again = sum(path.name.split(" (")[0] == name for path in paths)
        name += f" ({again + 1})" if again else ""
        track = _Track(ground, optimizer, begin)
        rates = RATES if rate is None else (rate,)
        runs = [track.run(name, each, rate is None, count) for each in rates]
        paths.append(min(runs, key=lambda path: path.score))
    return RaceReport(ground, tuple(paths), count)
