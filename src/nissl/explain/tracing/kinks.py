"""What is said of a point without a derivative, and of the value that is taken there."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from nissl.explain.expressions.mathematics import name_term
from nissl.explain.formulas import derivative
from nissl.explain.parts import format_number, formula
from nissl.explain.tracing.quotient import Quotient
from nissl.i18n import mark
from nissl.i18n import translate as _

__all__ = ["KINDS", "Component", "agrees", "is_special", "sentence"]

KINDS = {"kink": mark("kink"), "jump": mark("jump")}
_DIGITS = 6


@dataclass(frozen=True)
class Component:
    """One derivative, found in three ways; ``None`` where one was not asked for or not possible.

    Attributes:
        output, input: of what, by what.
        forward: from tangents.
        reverse: from adjoints.
        differences: what differences of the function say, in float64, from both sides; of no kind
            where they say nothing.
    """

    output: str
    input: str
    forward: float | None
    reverse: float | None
    differences: Quotient = field(default_factory=Quotient)

    @property
    def quotient(self) -> float | None:
        """The derivative from differences; ``None`` at a kink or a jump, or where it is unknown."""
        return self.differences.value

    @property
    def latex(self) -> str:
        """The name of the derivative."""
        return derivative(name_term(self.output).cell(), name_term(self.input).cell()).latex

    @property
    def value(self) -> float:
        """The derivative, from whichever mode there is."""
        found = self.forward if self.reverse is None else self.reverse
        assert found is not None
        return found


def is_special(each: Component) -> bool:
    """Whether the quotients from both sides are to be shown, as they are not the same."""
    return each.differences.kind in ("kink", "jump", "end")


def agrees(each: Component, tolerance: float) -> bool:
    """Whether the value taken is what differences allow: theirs, or at a kink, one between."""
    found, value = each.differences, each.value
    if math.isnan(value):
        return False
    if found.kind == "kink":
        assert found.left is not None
        assert found.right is not None
        low, high = sorted((found.left, found.right))
        return _at_least(value, low, tolerance) and _at_least(high, value, tolerance)
    if found.kind == "jump":
        return found.beside is None or _near(value, found.beside, tolerance)
    if found.value is None:
        return False
    return _near(value, found.value, tolerance, found.error)


def _near(a: float, b: float, tolerance: float, error: float = 0.0) -> bool:
    return a == b or abs(a - b) <= tolerance * max(1.0, abs(b)) + 10 * error


def _at_least(a: float, b: float, tolerance: float) -> bool:
    return a >= b or _near(a, b, tolerance)


def sentence(each: Component, tolerance: float) -> str:
    """Say what the function does at a kink, a jump or an end, and what is taken as derivative."""
    found = each.differences
    names = {"name": formula(each.latex), "f": each.output, "x": each.input}
    taken = _number(each.value)
    if found.kind == "end":
        edge = (
            _("End: left of here {f} has no value, so {name} is that from the right.")
            if found.left is None
            else _("End: right of here {f} has no value, so {name} is that from the left.")
        )
        return edge.format(**names)
    if found.kind == "jump":
        text = _(
            "Jump: {f} comes from {before} and goes to {after}, so there is no {name}; by "
            "convention {taken} is taken"
        ).format(**names, before=_number(found.before), after=_number(found.after), taken=taken)
    else:
        text = _(
            "Kink: {name} is {left} from the left and {right} from the right; by convention "
            "{taken} is taken"
        ).format(**names, left=_number(found.left), right=_number(found.right), taken=taken)
    convention = _convention(each, tolerance)
    return text + (_(convention) if convention else ".")


def _convention(each: Component, tolerance: float) -> str:
    found, value = each.differences, each.value
    if found.kind == "jump":
        same = found.beside is not None and _near(value, found.beside, tolerance)
        return mark(", the slope on both sides of the jump.") if same else ""
    left, right = found.left, found.right
    assert left is not None
    assert right is not None
    if _near(value, left, tolerance):
        return mark(", the left side.")
    if _near(value, right, tolerance):
        return mark(", the right side.")
    if math.isfinite(left + right) and _near(value, (left + right) / 2, tolerance):
        return mark(", the middle of the two sides.")
    if agrees(each, tolerance):
        return mark(", a value between the two sides.")
    return mark(", which is neither of the two sides nor between them.")


def _number(value: float | None) -> str:
    return "?" if value is None else format_number(float(f"{value:.{_DIGITS}g}"), _DIGITS)
