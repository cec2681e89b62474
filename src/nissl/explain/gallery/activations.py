"""Activation functions: curve, derivative, formula, range, and what is taken at each kink."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from nissl.activations import Facts
from nissl.errors import ArgumentError
from nissl.explain.gallery.curves import OTHERS, Curve, Named, Wanted, evaluate, named, study
from nissl.explain.gallery.formulas import formula_cell, plain
from nissl.explain.parts import Cell, Part, Table, Text, Value, format_number
from nissl.explain.report import Explanation
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Gallery", "activations"]

MOST = 60  # functions in one gallery
LISTED = 40  # kinks in one table
WIDEST, NARROWEST = 1e9, 1e-3  # how long the interval may be


class Gallery(Explanation):
    """Activation functions, explained; see :func:`activations`.

    Attributes:
        curves: each function on the interval, with its derivative and its kinks.
        low, high: the interval.
    """

    def __init__(self, curves: Sequence[Curve], low: float, high: float) -> None:
        self.curves = tuple(curves)
        self.low, self.high = low, high

    def parts(self) -> Iterator[Part]:
        """Yield the formulas, values and derivatives at some points, and the kinks."""
        yield Text(_("Activation functions and their derivatives"), heading=True)
        columns = (_("Function"), Cell("h(x)", "h(x)"), Cell("h'(x)", "h'(x)"), _("Range"))
        yield Table(columns, [self._formulas(curve) for curve in self.curves])
        yield from self._remarks()
        yield self._values()
        yield from self._kinks()
        yield from self._outside()

    def draw(self) -> Figure:
        """Draw each function solid and its derivative dashed, kinks marked by circles."""
        from nissl.explain.gallery.pictures import gallery

        return gallery(self.curves, self.low, self.high)

    # ---- tables ------------------------------------------------------------------------------
    def _formulas(self, curve: Curve) -> list[Value]:
        facts = curve.named.facts
        if facts is None or curve.named.settings:
            seen = [value for value in curve.y.tolist() if math.isfinite(value)] or [math.nan]
            spread = Cell(
                _("{low} to {high}, seen here").format(
                    low=format_number(min(seen), 4), high=format_number(max(seen), 4)
                )
            )
        else:
            low, high = _bound(facts.low), _bound(facts.high)
            text = _("{low} to {high}").format(low=plain(low), high=plain(high))
            spread = Cell(text, rf"{low} \ldots {high}")
        if facts is None or not curve.named.by_formula:
            return [curve.name, _("given as code"), _("by automatic differentiation"), spread]
        return [curve.name, formula_cell(facts.formula), formula_cell(facts.derivative), spread]

    def _remarks(self) -> Iterator[Text]:
        letters = [
            f"{curve.name}: "
            + ", ".join(
                f"{plain(letter)} = {format_number(value, 5)}"
                for letter, value in curve.named.letters().items()
            )
            for curve in self.curves
            if curve.named.letters()
        ]
        if letters:
            yield Text(_("Letters: {letters}.").format(letters="; ".join(letters)))
        if any("varphi" in facts.derivative for facts in self._facts()):
            yield Text(_("Φ and φ: distribution and density of the standard normal law."))
        vectors = [curve.name for curve in self.curves if curve.named.vector]
        if vectors:
            yield Text(
                _(
                    "Functions of a whole vector: {names}. Shown is element 1 of {size}, and its "
                    "derivative by x1, with the other elements fixed at 0."
                ).format(names=", ".join(vectors), size=1 + OTHERS)
            )
        yield Text(
            _("Derivatives are computed by automatic differentiation, in forward mode."),
            style="dim",
        )

    def _facts(self) -> list[Facts]:
        return [
            curve.named.facts
            for curve in self.curves
            if curve.named.facts is not None and curve.named.by_formula
        ]

    def _values(self) -> Table:
        import numpy as np

        points = self._points(9 if len(self.curves) == 1 else 3)
        found = [evaluate(curve.named, np.array(points)) for curve in self.curves]
        if len(self.curves) == 1:
            y, slope = found[0]
            columns = ("x", Cell("h(x)", "h(x)"), Cell("h'(x)", "h'(x)"))
            rows = [[x, float(a), float(b)] for x, a, b in zip(points, y, slope, strict=True)]
            return Table(columns, rows, _("Values: {name}").format(name=self.curves[0].name))
        shown = [format_number(x, 4) for x in points]
        columns = (
            _("Function"),
            *[Cell(f"h({x})", f"h({x})") for x in shown],
            *[Cell(f"h'({x})", f"h'({x})") for x in shown],
        )
        rows = [
            [curve.name, *map(float, y), *map(float, slope)]
            for curve, (y, slope) in zip(self.curves, found, strict=True)
        ]
        return Table(columns, rows, _("Values and derivatives at some points"), digits=4)

    def _points(self, count: int) -> list[float]:
        """Round points where -1, 0 and 1 are in the interval, else points spread over it."""
        half = count // 2
        whole = [float(x) for x in range(-half, half + 1)]
        if self.low <= whole[0] and whole[-1] <= self.high:
            return whole
        step = (self.high - self.low) / (count - 1)
        return [float(f"{self.low + i * step:.9g}") for i in range(count)]

    def _kinks(self) -> Iterator[Part]:
        rows: list[list[Value]] = [
            [curve.name, k.at, k.value, k.slope_left, k.slope_right, k.slope]
            for curve in self.curves
            for k in curve.kinks
        ]
        if not rows:
            yield Text(
                _("No kinks from {low} to {high}: there is a derivative everywhere.").format(
                    low=format_number(self.low), high=format_number(self.high)
                )
            )
            return
        columns = (
            _("Function"),
            _("at x ="),
            Cell("h(x)", "h(x)"),
            _("slope on the left"),
            _("slope on the right"),
            _("slope taken there"),
        )
        title = _("Kinks: there is no derivative here, and a value is taken by convention")
        yield from _folded(columns, rows, title, _("... and {count} more kinks"))
        rows = [
            [curve.name, kink.at, kink.value_left, kink.value, kink.value_right]
            for curve in self.curves
            for kink in curve.kinks
            if kink.jumps
        ]
        if rows:
            columns = (
                _("Function"),
                _("at x ="),
                _("limit on the left"),
                _("value there"),
                _("limit on the right"),
            )
            title = _("Jumps of the function itself")
            yield from _folded(columns, rows, title, _("... and {count} more jumps"))

    def _outside(self) -> Iterator[Text]:
        """Known kinks that the interval leaves out."""
        missing = [
            f"{curve.name}: " + ", ".join(map(format_number, places))
            for curve in self.curves
            if curve.named.facts is not None
            and not curve.named.settings
            and (places := [k for k in curve.named.facts.kinks if not self.low <= k <= self.high])
        ]
        if missing:
            yield Text(
                _("Kinks outside this interval: {places}.").format(places="; ".join(missing))
            )


def _folded(
    columns: Sequence[str | Cell], rows: Sequence[Sequence[Value]], title: str, more: str
) -> Iterator[Part]:
    yield Table(columns, rows[:LISTED], title, digits=5)
    if len(rows) > LISTED:
        yield Text(more.format(count=f"{len(rows) - LISTED:,}"))


def _bound(value: float) -> str:
    if math.isinf(value):
        return r"\infty" if value > 0 else r"-\infty"
    return format_number(value)


def activations(names: Wanted = None, *, low: float = -4.0, high: float = 4.0) -> Gallery:
    r"""Explain activation functions: each with its curve, derivative, formula, range and kinks.

    Derivatives are those that training uses, ``h'(x)`` by automatic differentiation; where there
    is none, what is taken is said and drawn. A function of a vector, such as softmax, is shown by
    its first element against ``x1``, the other two elements being 0.

    Args:
        names: what to show: names of :mod:`nissl.activations`, with settings in brackets if need
            be, such as ``"leaky_relu(negative_slope=0.1)"``; functions of tensors; or a mapping of
            names of your own to these. One, or several. By default all that are registered.
        low, high: the interval of ``x``.

    Raises:
        UnknownNameError: a name that no activation has.
        ArgumentError: the interval is empty, too wide or too narrow, or nothing is named.
        ArgumentTypeError: something is neither a name nor a function of one tensor.
        ShapeError: a function does not keep the shape of what it is given.

    The lecture's section 4.1; Bishop and Bishop, Deep Learning (2024), section 6.2.3.

    >>> shown = activations(["relu", "tanh"], low=-2, high=2)
    >>> [(kink.at, kink.slope) for kink in shown.curves[0].kinks]
    [(0.0, 0.0)]
    >>> print(list(shown.parts())[1].to_markdown())
    | Function | h(x) | h'(x) | Range |
    |----------|------|-------|-------|
    | relu | max(0, x) | 1 if x \> 0, 0 otherwise | 0 to ∞ |
    | tanh | tanh x | 1 - tanh^2 x | -1 to 1 |
    """
    width = high - low
    if not (math.isfinite(low) and math.isfinite(high) and NARROWEST <= width <= WIDEST):
        raise ArgumentError(
            f"the interval from {low:g} to {high:g} cannot be drawn; its ends are finite, the "
            f"first is below the second, and it is {NARROWEST:g} to {WIDEST:g} wide"
        )
    found: list[Named] = named(names)
    if len(found) > MOST:
        raise ArgumentError(f"{len(found)} functions are more than the {MOST} that one page shows")
    return Gallery([study(each, float(low), float(high)) for each in found], low, high)
