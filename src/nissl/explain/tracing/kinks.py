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
    low = high = found.value
    if found.kind == "kink" and found.left is not None and found.right is not None:
        low, high = sorted((found.left, found.right))
    elif found.kind == "jump":
        low = high = value if found.beside is None else found.beside
    if low is None or high is None or math.isnan(value):
        return False
    if low < value < high:
        return True
    return _near(value, low if value <= low else high, tolerance, found.error)


def _near(a: float, b: float, tolerance: float, error: float = 0.0) -> bool:
    close = abs(a - b) <= tolerance * max(1.0, abs(b)) + 10 * error
    return a == b or (close and math.isfinite(b))


_END = {
    True: mark("End: left of here {f} has no value, so {name} is that from the right."),
    False: mark("End: right of here {f} has no value, so {name} is that from the left."),
}
_TAKEN = {
    "jump": mark(
        "Jump: {f} comes from {before} and goes to {after}, so there is no {name}; by "
        "convention {taken} is taken"
    ),
    "kink": mark(
        "Kink: {name} is {left} from the left and {right} from the right; by convention "
        "{taken} is taken"
    ),
}


def sentence(each: Component, tolerance: float) -> str:
    """Say what the function does at a kink, a jump or an end, and what is taken as derivative."""
    found = each.differences
    names = {"name": formula(each.latex), "f": each.output, "x": each.input}
    if found.kind == "end":
        return _(_END[found.left is None]).format(**names)
    numbers = {
        name: "?" if value is None else format_number(value, _DIGITS)
        for name, value in (
            ("before", found.before),
            ("after", found.after),
            ("left", found.left),
            ("right", found.right),
            ("taken", each.value),
        )
    }
    text = _(_TAKEN[found.kind]).format(**names, **numbers)
    return text + _(_convention(each, tolerance))


def _convention(each: Component, tolerance: float) -> str:
    """The first that the value taken is; nothing of a jump whose sides have slopes of their own."""
    left, right, beside = each.differences.left, each.differences.right, each.differences.beside
    if each.differences.kind == "jump":
        conventions = [(beside, mark(", the slope on both sides of the jump."))]
        other = "."
    else:
        assert left is not None
        assert right is not None
        conventions = [
            (left, mark(", the left side.")),
            (right, mark(", the right side.")),
            ((left + right) / 2, mark(", the middle of the two sides.")),
        ]
        between = agrees(each, tolerance)
        other = (
            mark(", a value between the two sides.")
            if between
            else mark(", which is neither of the two sides nor between them.")
        )
    near = (text for at, text in conventions if at is not None and _near(each.value, at, tolerance))
    return next(near, other)
