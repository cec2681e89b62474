"""Functions that are to be approximated: typed, written in Python, checked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl.core.op import no_grad, quiet
from nissl.core.tensor import Tensor
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.explain.drawing.lettering import mathematics
from nissl.explain.expressions.expression import Expression, parse

__all__ = ["Target", "as_target", "checked_range"]

Array = np.ndarray[Any, Any]
GRID = 2001  # points on which an error over an interval is measured
SIDE = 101  # points along each side of a square on which it is measured
_NARROWEST = 1e-290  # the weights of a network on a narrower range would overflow
_STEEP = 0.05  # share of the whole height that a function must rise by in one cell to be a jump
_MOST_JUMPS = 5
_HALVINGS = 45
_LONGEST = 48


@dataclass(frozen=True)
class Target:
    """A function of one number, or of two.

    Attributes:
        function: takes an array for each input and gives one, or takes and gives numbers.
        text: how it is written, such as ``"x**2"``.
        latex: the same in LaTeX's mathematics.
        inputs: what its inputs are called.
    """

    function: Callable[..., Any]
    text: str
    latex: str = ""
    inputs: tuple[str, ...] = ("x",)

    @property
    def variable(self) -> str:
        """What the first input is called."""
        return self.inputs[0]

    @property
    def short(self) -> str:
        """The text, cut where it is long."""
        return self.text if len(self.text) <= _LONGEST else self.text[: _LONGEST - 1] + "…"

    @property
    def caption(self) -> str:
        """The function in a picture: as mathematics, where it is short and can be set."""
        return mathematics(self.latex if self.short == self.text else "", self.short)

    def __call__(self, x: Array) -> Array:
        """Return the values at points of shape ``(N,)`` or ``(N, 2)``, NaN where there are none."""
        columns = x.T if x.ndim == 2 else (x,)
        with np.errstate(all="ignore"), quiet(), no_grad():
            try:
                found = self.function(*columns)
            except (TypeError, ValueError) as error:
                return self._one_by_one(columns, error)
        return self._numbers(found, columns[0])

    def _one_by_one(self, columns: Iterable[Array], failed: Exception) -> Array:
        """For functions of numbers only, such as ``math.sin``, or with an ``if`` in them."""
        values: list[float] = []
        for each in zip(*(column.tolist() for column in columns), strict=True):
            try:
                found: Any = self.function(*each)
                values.append(float(found.item() if hasattr(found, "item") else found))
            except (ArithmeticError, TypeError, ValueError) as problem:  # as log(-1) has no value
                values.append(math.nan)
                failed = problem
        if all(map(math.isnan, values)):
            raise ArgumentError(
                f"the function {self.short} cannot be computed: {failed}"
            ) from failed
        return np.array(values)

    def _numbers(self, found: Any, x: Array) -> Array:
        values = np.asarray(found.numpy() if isinstance(found, Tensor) else found)
        if values.dtype.kind not in "biuf" and values.dtype.name != "bfloat16":
            raise ArgumentTypeError(
                f"the function {self.short} gives values of dtype {values.dtype}, not real numbers"
            )
        if values.size not in (1, x.size):
            raise ShapeError(
                f"the function {self.short} was given an array of shape {x.shape} and gave one of "
                f"shape {values.shape}; each number needs one value"
            )
        return np.broadcast_to(values.astype(np.float64).ravel(), x.shape).copy()

    def grid(self, low: float, high: float, side: int | None = None) -> Array:
        """Return even points of an interval, ``(N,)``, or a square, ``(N * N, 2)``, rows first."""
        if len(self.inputs) == 1:
            return np.linspace(low, high, side or GRID)
        points = np.linspace(low, high, side or SIDE)
        return np.stack(np.meshgrid(points, points), axis=-1).reshape(-1, 2)

    def finite(self, x: Array) -> Array:
        """Return the values at points, all of them finite.

        Raises:
            ArgumentError: one is not, and where.
        """
        values = self(x)
        for bad in np.flatnonzero(~np.isfinite(values))[:1]:
            pairs = zip(self.inputs, np.atleast_1d(x[bad]), strict=True)
            place = ", ".join(f"{name} = {each:.6g}" for name, each in pairs)
            raise ArgumentError(
                f"{self.short} is not finite on the range: at {place} it is {values[bad]}; "
                "choose a range without this point"
            )
        return values

    def jumps(self, low: float, high: float) -> tuple[float, ...]:
        """Return where the function jumps within a range, as far as cells of it can show.

        Steep cells are halved where they rise most; a rise that stays is a jump. Of a function of
        two inputs none are looked for.
        """
        if len(self.inputs) > 1:
            return ()
        x = self.grid(low, high)
        y = self.finite(x) / 2
        rises = np.abs(np.diff(y))
        cells = np.flatnonzero(rises > _STEEP * np.ptp(y))
        cells = cells[np.argsort(-rises[cells], kind="stable")][:_MOST_JUMPS]
        left, right, below, above = x[cells], x[cells + 1], y[cells], y[cells + 1]
        for _halving in range(_HALVINGS if cells.size else 0):
            middle = left + (right - left) / 2
            value = self(middle) / 2
            first = np.abs(value - below) >= np.abs(above - value)  # the half that rises more
            left, below = np.where(first, left, middle), np.where(first, below, value)
            right, above = np.where(first, middle, right), np.where(first, value, above)
        found: list[float] = []
        stays = np.abs(above - below) > 0.1 * rises[cells]
        for place in (left + (right - left) / 2)[stays].tolist():
            if all(abs(place - each) > x[1] - x[0] for each in found):
                found.append(place)
        return tuple(sorted(found))


def as_target(f: Any, inputs: int = 1) -> Target:
    """Return a function, given as a text, an expression or a Python function, as a target.

    Args:
        f: the function.
        inputs: of how many inputs it is to be, one or two.

    Raises:
        ArgumentError: the text is no expression, or has another number of inputs.
        ArgumentTypeError: ``f`` is none of these.

    >>> as_target("t**2").variable, as_target("x + 1").latex
    ('t', 'x + 1')
    """
    if isinstance(f, Target):
        return f
    if isinstance(f, str):
        f = parse(f)
    if isinstance(f, Expression):
        return _typed(f, inputs)
    if not callable(f):
        raise ArgumentTypeError(
            f"what is approximated is a function or an expression such as 'x**2', not "
            f"{type(f).__name__} {f!r}"
        )
    name = getattr(f, "__name__", "f")
    if not name.isidentifier():  # a lambda has no name
        name = "f"
    escaped = name.replace("_", r"\_")
    latex = name if len(name) == 1 else rf"\mathrm{{{escaped}}}"
    names = ("x",) if inputs == 1 else ("x1", "x2")
    given = ", ".join(each.replace("x", "x_") if inputs > 1 else each for each in names)
    return Target(f, f"{name}({', '.join(names)})", f"{latex}({given})", names)


def _typed(expression: Expression, count: int) -> Target:
    inputs = expression.inputs
    if len(inputs) == count:
        return Target(expression, expression.text, expression.latex, inputs)
    if inputs:
        raise ArgumentError(
            f"{expression.text!r} has {len(inputs)} inputs ({', '.join(inputs)}); approximate "
            "takes a function of one, and approximate_surface one of two"
        )
    raise ArgumentError(
        f"{expression.text!r} has no input, so it is a constant and there is nothing to "
        "approximate; write a function of x, such as x**2"
    )


def checked_range(low: float, high: float) -> tuple[float, float]:
    """Return the ends of a range as numbers: finite, the lower first, points between them.

    Raises:
        ArgumentError: they are not so.
    """
    low, high = float(low), float(high)
    if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(high - low)):
        raise ArgumentError(
            f"the range from {low} to {high} is not finite, or wider than float64 can say"
        )
    if low == high:
        raise ArgumentError(f"the range from {low:.6g} to {high:.6g} is empty")
    if low > high:
        raise ArgumentError(
            f"the range from {low:.6g} to {high:.6g} is reversed; give the lower end first"
        )
    if high - low < _NARROWEST or np.unique(np.linspace(low, high, GRID)).size < GRID:
        raise ArgumentError(
            f"the range from {low!r} to {high!r} is too narrow: float64 has no {GRID} numbers in it"
        )
    return low, high
