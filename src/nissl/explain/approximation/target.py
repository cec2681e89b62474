"""Functions of one input that are to be approximated: typed, written in Python, checked."""

from __future__ import annotations

import math
from collections.abc import Callable
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
_NARROWEST = 1e-290  # the weights of a network on a narrower range would overflow
_STEEP = 0.05  # share of the whole height that a function must rise by in one cell to be a jump
_MOST_JUMPS = 5
_HALVINGS = 45
_LONGEST = 48


@dataclass(frozen=True)
class Target:
    """A function of one number.

    Attributes:
        function: takes an array and gives one, or takes and gives numbers.
        text: how it is written, such as ``"x**2"``.
        latex: the same in LaTeX's mathematics.
        variable: what its input is called.
    """

    function: Callable[[Any], Any]
    text: str
    latex: str = ""
    variable: str = "x"

    @property
    def short(self) -> str:
        """The text, cut where it is long."""
        return self.text if len(self.text) <= _LONGEST else self.text[: _LONGEST - 1] + "…"

    @property
    def caption(self) -> str:
        """The function in a picture: as mathematics, where it is short and can be set."""
        return mathematics(self.latex if self.short == self.text else "", self.short)

    def __call__(self, x: Array) -> Array:
        """Return the values at points of shape ``(N,)``, float64; NaN where there are none."""
        with np.errstate(all="ignore"), quiet(), no_grad():
            try:
                found = self.function(x)
            except (TypeError, ValueError) as error:
                return self._one_by_one(x, error)
        return self._numbers(found, x)

    def _one_by_one(self, x: Array, error: Exception) -> Array:
        """For functions of a number only, such as ``math.sin``, or with an ``if`` in them."""
        values: list[float] = []
        failed: Exception = error
        for each in x.tolist():
            try:
                found: Any = self.function(each)
                values.append(float(found.item() if hasattr(found, "item") else found))
            except (ArithmeticError, ValueError) as problem:  # no value here, as log(-1) has none
                values.append(math.nan)
                failed = problem
            except TypeError as problem:
                failed = problem
                break
        if len(values) < x.size or all(map(math.isnan, values)):
            raise ArgumentError(
                f"the function {self.short} cannot be computed: {failed}"
            ) from error
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

    def finite(self, x: Array) -> Array:
        """Return the values at points, all of them finite.

        Raises:
            ArgumentError: one is not, and where.
        """
        values = self(x)
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            place = int(bad[0])
            raise ArgumentError(
                f"{self.short} is not finite on the range: at {self.variable} = {x[place]:.6g} it "
                f"is {values[place]}; choose a range without this point"
            )
        return values

    def jumps(self, low: float, high: float) -> tuple[float, ...]:
        """Return where the function jumps within a range, as far as cells of it can show."""
        x = np.linspace(low, high, GRID)
        y = self.finite(x)
        rises = np.abs(np.diff(y / 2))
        steep = np.flatnonzero(rises > _STEEP * np.ptp(y / 2))
        found: list[float] = []
        for cell in steep[np.argsort(-rises[steep], kind="stable")][:_MOST_JUMPS]:
            place = self._jump(float(x[cell]), float(x[cell + 1]), float(rises[cell]))
            if place is not None and all(abs(place - each) > x[1] - x[0] for each in found):
                found.append(place)
        return tuple(sorted(found))

    def _jump(self, left: float, right: float, rise: float) -> float | None:
        """Halve a cell where it rises most; a rise that stays is a jump."""
        low, high = self(np.array([left, right])) / 2
        for _halving in range(_HALVINGS):
            middle = left + (right - left) / 2
            if not left < middle < right:
                break
            value = float(self(np.array([middle]))[0]) / 2
            if abs(value - low) >= abs(high - value):
                right, high = middle, value
            else:
                left, low = middle, value
        return left + (right - left) / 2 if abs(high - low) > 0.1 * rise else None


def as_target(f: Any) -> Target:
    """Return a function, given as a text, an expression or a Python function, as a target.

    Raises:
        ArgumentError: the text is no expression, or has not exactly one input.
        ArgumentTypeError: ``f`` is none of these.

    >>> as_target("t**2").variable, as_target("x + 1").latex
    ('t', 'x + 1')
    """
    if isinstance(f, Target):
        return f
    if isinstance(f, str):
        f = parse(f)
    if isinstance(f, Expression):
        return _typed(f)
    if not callable(f):
        raise ArgumentTypeError(
            f"what is approximated is a function or an expression such as 'x**2', not "
            f"{type(f).__name__} {f!r}"
        )
    name = getattr(f, "__name__", "f")
    if not name.isidentifier():  # a lambda has no name
        name = "f"
    escaped = name.replace("_", r"\_")
    return Target(f, f"{name}(x)", (name if len(name) == 1 else rf"\mathrm{{{escaped}}}") + "(x)")


def _typed(expression: Expression) -> Target:
    inputs = expression.inputs
    if len(inputs) == 1:
        return Target(expression, expression.text, expression.latex, inputs[0])
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
