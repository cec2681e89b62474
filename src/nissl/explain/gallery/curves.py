"""Functions of one number studied: their values, their slopes by autodiff, and their kinks."""

from __future__ import annotations

import functools
import inspect
import itertools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl import activations
from nissl.activations import Facts
from nissl.autodiff import jvp
from nissl.core import functions as F
from nissl.core.tensor import Tensor, TensorLike
from nissl.errors import ArgumentError, ArgumentTypeError, NisslError, ShapeError
from nissl.explain import naming
from nissl.explain.formulas import equal, number
from nissl.explain.parts import Cell, formula
from nissl.i18n import mark
from nissl.i18n import translate as _

__all__ = ["Curve", "Kink", "Named", "named", "study"]

Array = NDArray[np.float64]
Function: TypeAlias = Callable[..., Tensor]
Wanted: TypeAlias = (
    "str | Function | Iterable[str | Function] | Mapping[str, str | Function] | None"
)

WORDS = (mark("if"), mark("otherwise"))  # of formulas
POINTS = 401  # of a curve, both ends among them
OTHERS = 2  # further elements, all 0, of the vector that a function of a vector is shown for
_NEAR, _NEARER = 1e-6, 1e-9  # distances at which a limit is read off, in units of 1 or |x|
_SAME = 1e-6  # slopes, values and places that differ by less are one


@dataclass(frozen=True, eq=False)
class Named:
    """A function to be shown.

    Attributes:
        name: what it is called.
        function: elementwise, or of a vector along its last axis.
        vector: whether an element of the result depends on the other elements too.
        facts: what is known of it, without range and kinks where settings change them; ``None``
            of a function that is not registered, or has settings that its formula lacks.
        letters: the value of each letter, in LaTeX, that stands in the formula.
    """

    name: str
    function: Function
    vector: bool
    facts: Facts | None = None
    letters: Mapping[str, float] = field(default_factory=dict[str, float])

    def __call__(self, x: TensorLike) -> Tensor:
        """Apply the function; one of a vector to ``(x, 0, 0)``, giving its first element."""
        x = F.asarray(x)
        if not self.vector:
            return F.asarray(self.function(x))
        zero = F.zeros_like(x)
        stacked = F.stack([x, *[zero] * OTHERS], axis=-1)  # (..., 1 + OTHERS)
        return F.asarray(self.function(stacked))[..., 0]

    def formulas(self) -> list[Cell]:
        """Return the formulas of function and derivative, in the language in use; none of code."""
        known = [self.facts.formula, self.facts.derivative] if self.facts is not None else []
        return [formula(re.sub(r"(?<=text\{ )\w+", lambda m: _(m[0]), each)) for each in known]

    def assignments(self) -> list[Cell]:
        """Return the letters of the formula, each with its value."""
        return [equal(formula(name), number(value, 5)) for name, value in self.letters.items()]


def named(wanted: Wanted = None) -> list[Named]:
    """Return the functions that :func:`~nissl.explain.activations` is asked for, with their names.

    >>> [each.name for each in named(["swish", "leaky_relu(negative_slope=0.5)"])]
    ['silu', 'leaky_relu(negative_slope=0.5)']
    """
    if isinstance(wanted, Mapping):
        found = [_labelled(str(label), _one(each)) for label, each in wanted.items()]
    elif isinstance(wanted, Iterable) and not isinstance(wanted, str | type):
        found = [_one(each) for each in wanted]
    else:
        found = [_one(each) for each in (activations.registry if wanted is None else [wanted])]
    if not found:
        raise ArgumentError("no activation is named; name one, or none to see all with names=None")
    return found


def _labelled(label: str, found: Named) -> Named:
    """A function under a name of the user's, who may mean another by it than we know."""
    return found if label in ("", found.name) else Named(label, found.function, found.vector)


def _one(given: str | Function) -> Named:
    if isinstance(given, str):
        names, settings = naming.read(given, "leaky_relu(negative_slope=0.1)")
        return _registered(names[0] if names else given, settings)
    if not callable(given) or inspect.isclass(given):
        raise ArgumentTypeError(
            f"an activation is a name or a function of tensors, not "
            f"{type(given).__name__} {given!r}"
        )
    inner, settings = given, dict[str, Any]()
    if isinstance(given, functools.partial) and not given.args:
        inner, settings = given.func, given.keywords
    name = activations.name_of(inner)
    if name in activations.registry and activations.get(name) is activations.get(inner):
        return _registered(name, {k: v for k, v in settings.items() if v is not None})
    name = activations.name_of(given)
    return Named(name, given, _is_of_vectors(name, given))


def _registered(name: str, settings: Mapping[str, float]) -> Named:
    function = activations.get(name)
    label = activations.name_of(function)
    facts = activations.FACTS.get(label)
    _x, *takes = inspect.signature(function).parameters.values()
    given = {each.name: each.default for each in takes}
    naming.check_settings(label, settings, given)
    label = naming.label(label, settings)
    if settings:
        function = functools.partial(function, **settings)
        given.update(settings)
    vector = _is_of_vectors(label, function)
    if facts is None or not settings.keys() <= facts.settings.keys():
        return Named(label, function, vector)
    letters = {letter: float(given[name]) for name, letter in facts.settings.items()}
    if settings:
        facts = replace(facts, low=math.nan, high=math.nan, kinks={})
    return Named(label, function, vector, facts, {**letters, **facts.constants})


def _is_of_vectors(name: str, function: Function) -> bool:
    """Whether an element's result depends on its neighbours; an error if shapes do not stay."""
    probe = np.array([-1.3, 0.4, 0.9])
    try:
        whole = F.asarray(function(F.asarray(probe)))
        apart = [F.asarray(function(F.asarray(probe[i : i + 1]))) for i in range(len(probe))]
    except NisslError:
        raise
    except TypeError as error:
        raise ArgumentTypeError(f"{name} is not a function of one Nissl tensor: {error}") from error
    if whole.shape != probe.shape or any(each.shape != (1,) for each in apart):
        raise ShapeError(
            f"{name} gives shape {whole.shape} for a vector of {len(probe)}; an activation keeps "
            "the shape of what it is given"
        )
    separate = np.concatenate([each.numpy() for each in apart])
    return not np.allclose(whole.numpy(), separate, rtol=1e-5, atol=1e-7, equal_nan=True)


# ---- curves ----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Kink:
    """A point where a function has no derivative, or no value.

    Attributes:
        function: what the function is called.
        at: the point.
        value, value_left, value_right: of the function: there, and its limits from both sides.
        slope, slope_left, slope_right: of its derivative; ``slope`` is what autodiff takes.
    """

    function: str
    at: float
    value: float
    value_left: float
    value_right: float
    slope: float
    slope_left: float
    slope_right: float

    @property
    def jumps(self) -> bool:
        """Whether the function itself jumps here, and not its slope alone."""
        ends = (self.value_left, self.value, self.value_right)
        return not all(math.isclose(each, self.value, abs_tol=_SAME) for each in ends)


@dataclass(frozen=True, eq=False)
class Curve:
    """A function on an interval.

    Attributes:
        named: the function.
        x: points, ascending, shape ``(N,)``.
        y: values there, float64.
        slope: derivatives there, by automatic differentiation in forward mode.
        kinks: where there is none, ascending.
    """

    named: Named
    x: Array
    y: Array
    slope: Array
    kinks: tuple[Kink, ...]

    @property
    def name(self) -> str:
        """What the function is called."""
        return self.named.name

    def pieces(self) -> list[tuple[Array, Array, Array]]:
        """Return x, value and slope of each stretch between kinks, its ends at the limits."""
        cuts = [k.at for k in self.kinks if self.x[0] < k.at < self.x[-1]]
        ends = [float(self.x[0]), *cuts, float(self.x[-1])]
        found: list[tuple[Array, Array, Array]] = []
        for start, stop in itertools.pairwise(ends):
            first, last = start + _NEARER * max(1, abs(start)), stop - _NEARER * max(1, abs(stop))
            inner = self.x[(self.x > first) & (self.x < last)]
            x = np.concatenate([[first], inner, [last]])
            found.append((x, *evaluate(self.named, x)))
        return found


def evaluate(function: Callable[[TensorLike], Tensor], x: Array) -> tuple[Array, Array]:
    """Return values and derivatives of an elementwise function at the points ``x``, shape (N,).

    All derivatives are found at once, by pushing a tangent of ones. Where there is no value (NaN)
    there is no derivative either, whatever the rules would give.
    """
    pushed, tangent = jvp(function, (x,), (np.ones_like(x),))
    y = np.asarray(pushed.numpy(), np.float64)
    return y, np.where(np.isnan(y), np.nan, np.asarray(tangent.numpy(), np.float64))


def study(function: Named, low: float, high: float, points: int = POINTS) -> Curve:
    """Return values, slopes and kinks of a function from ``low`` to ``high``.

    Kinks that are known are taken; others are looked for between neighbouring points by halving
    where value or slope change most. Two in one gap between points would be seen as one.
    """
    x = np.linspace(low, high, points)
    y, slope = evaluate(function, x)
    places = set(_search(function, x))
    if function.facts is not None:
        places |= {float(at) for at in function.facts.kinks if low <= at <= high}
    kinks = filter(_differ, [_kink(function, at) for at in sorted(places)])
    return Curve(function, x, y, slope, tuple(kinks))


def _change(values: Array) -> Array:
    """How much neighbours along the last axis differ; inf where one of the two is not finite."""
    ok = np.isfinite(values)
    change = np.abs(np.diff(np.where(ok, values, 0.0)))
    return np.where(np.diff(ok), np.inf, np.where(ok[..., 1:], change, 0.0))


def _search(function: Named, x: Array) -> list[float]:
    """Places where value or slope jump, by halving every gap that still has a jump in it."""
    gaps = np.stack([x[:-1], x[1:]], axis=1)  # (N, 2)
    found: list[float] = []
    while len(gaps):
        middle = gaps.mean(axis=1)
        points = np.stack([gaps[:, 0], middle, gaps[:, 1]], axis=1)  # (N, 3)
        y, slope = (each.reshape(points.shape) for each in evaluate(function, points.ravel()))
        change = _change(y) + _change(slope)  # (N, 2)
        right = change[:, 1] > change[:, 0]
        gaps = np.where(right[:, None], points[:, 1:], points[:, :2])
        gaps = gaps[change.max(axis=1) > _SAME]
        done = gaps[:, 1] - gaps[:, 0] <= 1e-12 * np.maximum(1.0, np.abs(gaps[:, 0]))
        for at in gaps[done].mean(axis=1).tolist():
            rounded = round(at, 9) + 0.0
            if all(abs(rounded - each) > _SAME for each in found):
                found.append(rounded)
        gaps = gaps[~done]
    return found


def _kink(function: Named, at: float) -> Kink:
    unit = max(1.0, abs(at))
    steps = np.array([0.0, -_NEARER, _NEARER, -_NEAR, _NEAR]) * unit
    y, slope = (each.tolist() for each in evaluate(function, at + steps))
    values, slopes = ((each[0], _limit(each, 1), _limit(each, 2)) for each in (y, slope))
    return Kink(function.name, at, *values, *slopes)


def _limit(values: list[float], side: int) -> float:
    """What is approached on a side: infinite if it still grows where it should have settled."""
    there, nearer, near = values[0], values[side], values[side + 2]
    growing = abs(nearer) > abs(near) and there * nearer > 0
    if (abs(nearer) > 1e3 and abs(nearer) > 3 * abs(near)) or (math.isinf(there) and growing):
        return math.copysign(math.inf, nearer)
    settled = nearer + (nearer - near) * _NEARER / (_NEAR - _NEARER)
    return float(f"{settled:.9g}") if abs(settled) > 1e-9 else 0.0 * settled + 0.0


def _differ(kink: Kink) -> bool:
    """Whether something does jump here, beside what a steep slope changes in passing."""
    values = np.array([kink.value_left, kink.value, kink.value_right])
    slopes = np.array([kink.slope_left, kink.slope, kink.slope_right])
    if not (np.isfinite(values).all() and np.isfinite(slopes).all()):
        return True
    scale = max(1.0, float(np.abs(slopes).max()))
    return float(np.ptp(slopes)) > 1e-4 * scale or float(np.ptp(values)) > _SAME * scale
