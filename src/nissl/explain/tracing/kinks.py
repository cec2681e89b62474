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

__all__ = ["KINDS", "Component", "sentence"]

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
        tolerance: what differences can tell apart, in the least precise dtype used.
    """

    output: str
    input: str
    forward: float | None
    reverse: float | None
    differences: Quotient = field(default_factory=Quotient)
    tolerance: float = 0.0

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

    @property
    def is_special(self) -> bool:
        """Whether the quotients from both sides are to be shown, as they are not the same."""
        return self.differences.kind in ("kink", "jump", "end")

    @property
    def agrees(self) -> bool:
        """Whether the value taken is what differences allow: theirs, or at a kink, one between."""
        found, value = self.differences, self.value
        low = high = found.value
        if found.kind == "kink" and found.left is not None and found.right is not None:
            low, high = sorted((found.left, found.right))
        elif found.kind == "jump":
            low = high = value if found.beside is None else found.beside
        if low is None or high is None or math.isnan(value):
            return False
        return low < value < high or self.is_near(low if value <= low else high)

    def is_near(self, slope: float) -> bool:
        """Whether the value taken is a slope, as far as differences can tell."""
        gap, error = abs(self.value - slope), self.differences.error
        close = gap <= self.tolerance * max(1.0, abs(slope)) + 10 * error
        return self.value == slope or (close and math.isfinite(slope))


_SENTENCES = {
    "jump": mark(
        "Jump: {f} comes from {before} and goes to {after}, so there is no {name}; by "
        "convention {taken} is taken"
    ),
    "kink": mark(
        "Kink: {name} is {left} from the left and {right} from the right; by convention "
        "{taken} is taken"
    ),
    "left end": mark("End: left of here {f} has no value, so {name} is that from the right."),
    "right end": mark("End: right of here {f} has no value, so {name} is that from the left."),
}


def sentence(each: Component) -> str:
    """Say what the function does at a kink, a jump or an end, and what is taken as derivative."""
    found = each.differences
    kind = found.kind
    if kind == "end":
        kind = "left end" if found.left is None else "right end"
    return _(_SENTENCES[kind]).format(
        name=formula(each.latex),
        f=each.output,
        before=_number(found.before),
        after=_number(found.after),
        left=_number(found.left),
        right=_number(found.right),
        taken=_number(each.value),
    ) + _convention(each)


def _convention(each: Component) -> str:
    """What the value taken at a kink or a jump is, if it has a name."""
    left, right, beside = each.differences.left, each.differences.right, each.differences.beside
    if each.differences.kind == "end":
        return ""
    if each.differences.kind == "jump":
        named = beside is not None and each.is_near(beside)
        return _(", the slope on both sides of the jump.") if named else "."
    assert left is not None
    assert right is not None
    if each.is_near(left):
        return _(", the left side.")
    if each.is_near(right):
        return _(", the right side.")
    if each.is_near((left + right) / 2):
        return _(", the middle of the two sides.")
    if each.agrees:
        return _(", a value between the two sides.")
    return _(", which is neither of the two sides nor between them.")


def _number(value: float | None) -> str:
    return "?" if value is None else format_number(value, _DIGITS)
