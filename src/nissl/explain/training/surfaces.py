"""Surfaces in two variables on which optimizers are compared: known test functions, or typed ones.

Sources: Rosenbrock (1960); Beale (1958); Himmelblau (1972), Applied Nonlinear Programming. Saddle
and ravine are the textbook's: a stationary point that is no minimum, and a quadratic 50 times as
steep in one direction as in the other.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nissl.core import functions as F
from nissl.core.op import quiet
from nissl.core.tensor import Host, Tensor
from nissl.errors import ArgumentError, ArgumentTypeError, NisslError, ShapeError, UnknownNameError
from nissl.explain.expressions.expression import parse

__all__ = ["SURFACES", "Surface", "surface"]

Box = tuple[float, float, float, float]
_VARIABLES: tuple[str, str] = ("x", "y")


@dataclass(frozen=True, eq=False)
class Surface:
    """A function of two variables.

    Attributes:
        name: what it is called.
        formula: the function as text; empty for a Python function.
        latex: the same in LaTeX.
        function: takes two tensors and gives one.
        names: the variables.
        minima: where it is smallest, as far as that is known.
        lowest: its value there; ``None`` where that is not known.
        start: where a race begins.
        box: what a picture shows: lowest and highest of the first variable, then of the second;
            ``None`` to take it from the paths.
    """

    name: str
    formula: str
    latex: str
    function: Callable[..., Any]
    names: tuple[str, str] = _VARIABLES
    minima: tuple[tuple[float, float], ...] = ()
    lowest: float | None = None
    start: tuple[float, float] = (1.0, 1.0)
    box: Box | None = None

    def value(self, x: Any, y: Any) -> Tensor:
        """Return the value at a point of two tensors, or numbers.

        Raises:
            ShapeError: it is not one number.
        """
        value = F.asarray(self.function(F.asarray(x), F.asarray(y)))
        if value.shape != ():
            raise ShapeError(
                f"{self.name} gives shape {value.shape} for two numbers; a surface gives one number"
            )
        return value

    def at(self, x: float, y: float) -> float:
        """Return the value at a point."""
        return float(self.value(np.float64(x), np.float64(y)).numpy())

    def on_grid(self, xs: Host, ys: Host) -> Host:
        """Return the values at all pairs, shape ``(len(ys), len(xs))``; NaN where there is none."""
        grid = np.meshgrid(np.asarray(xs, np.float64), np.asarray(ys, np.float64))
        with quiet():
            try:
                found = F.asarray(self.function(*map(F.asarray, grid))).numpy()
            except NisslError:  # a function of numbers, not of arrays
                found = np.zeros(())
            if found.shape == grid[0].shape:
                return np.asarray(found, np.float64)
            return np.vectorize(self.at, otypes=[np.float64])(*grid)


def _known(
    name: str,
    formula: str,
    *minima: tuple[float, float],
    start: tuple[float, float],
    box: Box,
    lowest: float = 0.0,
) -> Surface:
    read = parse(formula, _VARIABLES)
    return Surface(name, formula, read.latex, read, _VARIABLES, minima, lowest, start, box)


_BEALE = "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2"
_HIMMELBLAU = (
    (3.0, 2.0),
    (-2.805118086952745, 3.131312518250573),
    (-3.779310253377747, -3.283185991286170),
    (3.584428340330492, -1.848126526964404),
)
_SURFACES = (
    _known("beale", _BEALE, (3.0, 0.5), start=(1.0, 1.2), box=(-0.5, 4.5, -1.5, 2.0)),
    _known(
        "himmelblau", "(x^2 + y - 11)^2 + (x + y^2 - 7)^2", *_HIMMELBLAU,
        start=(-0.5, -0.5), box=(-5.5, 5.5, -5.5, 5.5),
    ),
    _known(
        "ravine", "(x^2 + 50*y^2)/2", (0.0, 0.0), start=(-4.0, 0.8), box=(-5.0, 2.0, -1.5, 1.5)
    ),
    _known(
        "rosenbrock", "(1 - x)^2 + 100*(y - x^2)^2", (1.0, 1.0),
        start=(-1.2, 1.0), box=(-2.0, 2.0, -1.0, 3.0),
    ),
    _known(
        "saddle", "x^2/2 - y^2/2 + y^4/4", (0.0, 1.0), (0.0, -1.0),
        start=(-1.5, 0.01), box=(-2.0, 1.0, -1.6, 1.6), lowest=-0.25,
    ),
)  # fmt: skip
SURFACES = {each.name: each for each in _SURFACES}


def surface(given: Any) -> Surface:
    """Return the surface that a name, a typed expression or a function means.

    Args:
        given: a name of :data:`SURFACES`; an expression in two variables, such as ``"x^2 + y^4"``;
            or a function of two tensors. Of these the starting point is (1, 1).

    Raises:
        UnknownNameError: a word that is no surface.
        ArgumentError: an expression that cannot be read, or not one of two variables.
        ArgumentTypeError: something else.

    >>> surface("rosenbrock").at(1.0, 1.0), surface("u^2 + 3*v").names
    (0.0, ('u', 'v'))
    """
    if isinstance(given, Surface):
        return given
    if isinstance(given, str):
        found = SURFACES.get(given.strip().lower())
        return found if found is not None else _typed(given)
    if not callable(given):
        raise ArgumentTypeError(
            "a surface is a name, an expression in x and y, or a function of two tensors, not "
            f"{type(given).__name__} {given!r}"
        )
    name = str(getattr(given, "__name__", "f"))
    found = Surface("f" if name == "<lambda>" else name, "", "", given, _parameters(given))
    with quiet():
        found.value(*map(np.float64, found.start))  # an error where that is not one number
    return found


def _typed(text: str) -> Surface:
    if text.strip().isidentifier() and len(text.strip()) > 2:
        raise UnknownNameError("surface", text.strip(), SURFACES)
    expression = parse(text)
    names = expression.inputs
    if set(names) == set(_VARIABLES):
        expression = parse(text, _VARIABLES)
        names = _VARIABLES
    if len(names) != 2:
        raise ArgumentError(
            f"{text!r} has {len(names)} variable{'s' * (len(names) != 1)} "
            f"({', '.join(names) or 'none'}); a surface has two, such as x and y"
        )
    return Surface(text.strip(), text.strip(), expression.latex, expression, (names[0], names[1]))


def _parameters(function: Callable[..., Any]) -> tuple[str, str]:
    """Names of the two arguments; anything else is an error."""
    try:
        found = inspect.signature(function)
    except ValueError:  # a function that does not tell
        return _VARIABLES
    try:
        names = tuple(found.bind(*_VARIABLES).arguments)
    except TypeError as error:
        raise ArgumentError(f"a surface is a function of two variables: {error}") from None
    return (names[0], names[1]) if len(names) == 2 else _VARIABLES
