"""The tables of an evaluation trace."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.core.kinks import singular
from nissl.core.tensor import Array
from nissl.explain.drawing.lettering import shortened
from nissl.explain.expressions.mathematics import Term, name_term, number_term
from nissl.explain.parts import Cell, Part, Table, Text, Value, format_number, formula, table_of
from nissl.explain.tracing import kinks
from nissl.explain.tracing.recording import Line
from nissl.explain.tracing.rules import Leaf, Rule, total
from nissl.explain.tracing.values import DIGITS, is_finite, shown_value, summary
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.tracing.kinks import Component
    from nissl.explain.tracing.trace import Direction, Trace

__all__ = ["parts", "title_of"]

_SMALL = 6  # outputs, constants or names that a sentence lists
_STEPS = 3  # directions or seeds that have a table of their own
_DERIVATIVES = 24  # rows of the table of derivatives
_PUT_IN = 4  # digits of the numbers that are put in
_KIN = 4  # parents or children that are listed
_SIDE = 6  # digits of a quotient from one side, which is less exact than from both
_OVERVIEW = 7  # digits of derivatives in the first table; their own tables have all
_FORWARD = (
    r"\dot{v}_i = \sum_j \dot{v}_j \, \frac{\partial v_i}{\partial v_j}, \; j \in \mathrm{pa}(i)"
)
_REVERSE = (
    r"\bar{v}_i = \sum_j \bar{v}_j \, \frac{\partial v_j}{\partial v_i}, \; j \in \mathrm{ch}(i)"
)


def parts(made: Trace) -> Iterator[Part]:
    """Yield the texts and tables of a trace."""
    yield Text(title_of(made, _("Evaluation trace")), heading=True)
    yield _overview(made)
    yield Text(_results(made))
    yield from _constants(made)
    yield from _not_finite(made)
    for found, one, law, shown in (
        (made.tangents, made.directions, _FORWARD, _forward),
        (made.adjoints, made.seeds, _REVERSE, _reverse),
    ):
        if found:
            yield Text(f"{formula(law)}")
            yield from (shown(made, each) for each in one[:_STEPS])
            yield from _more(one)
    yield _derivatives(made)
    yield from _verdict(made)
    yield made.costs.table()
    yield Text(made.costs.sentence())


def title_of(made: Trace, what: str) -> str:
    """Return what is shown, of which function, and where."""
    given = ", ".join(f"{line.name} = {summary(line.value)}" for line in made.recording.inputs)
    text = re.sub(r"\s*[;\n]\s*", "; ", getattr(made.call.function, "text", "").rstrip(";"))
    own = f"f = {text}" if "=" not in text else text
    name = shortened(own, 64) if text else made.recording.program.name
    return _("{what} of {name} at {point}").format(what=what, name=name, point=given)


def _results(made: Trace) -> str:
    shown: list[str] = []
    for name, tensor in made.recording.outputs[:_SMALL]:
        line = made.recording.line_of(tensor)
        if line is None:
            text = _("{name} = {value}, whatever the inputs are")
            shown.append(text.format(name=name, value=summary(tensor.numpy(), made.digits)))
        else:
            shown.append(f"{name} = {line.symbol()} = {summary(line.value, made.digits)}")
    return "; ".join(shown) + ("; ..." if len(made.recording.outputs) > _SMALL else "")


# ---- tables ----------------------------------------------------------------------------------
def _lines(
    made: Trace,
    lines: Sequence[Line],
    columns: Sequence[tuple[str | Cell, Callable[[Line], Value]]],
    title: str = "",
) -> Table:
    """A row for each line; of too many lines, for the first and the last."""
    more = _("({count} lines more)")
    return table_of(lines, columns, title=title, digits=made.digits, most=made.rows, more=more)


def _overview(made: Trace) -> Table:
    first = _first_bad(made)

    def name(line: Line) -> Cell:
        own = line.symbol()
        return formula(rf"{own.latex} \; !", "bad") if line is first else own.cell()

    def derivative(found: Sequence[Array | None]) -> Callable[[Line], Value]:
        digits = min(_OVERVIEW, made.digits)
        return lambda line: shown_value(found[line.number - 1], digits)

    slopes = [
        (formula(rf"{sign} \; ({name_term(each.label).latex})"), derivative(found[each.label]))
        for sign, found, chosen in (
            (r"\dot{v}_i", made.tangents, made.directions),
            (r"\bar{v}_i", made.adjoints, made.seeds),
        )
        for each in chosen[: _STEPS if found else 0]
    ]
    kin = [
        (formula(r"\mathrm{pa}(i)"), "reverse", lambda line: _kin(made.rules.parents(line))),
        (formula(r"\mathrm{ch}(i)"), "forward", lambda line: _kin(made.rules.children(line))),
    ]
    columns: list[tuple[str | Cell, Callable[[Line], Value]]] = [
        (formula("v_i"), name),
        (_("formula"), lambda line: _formula(made, line).cell()),
        *((title, cell) for title, other, cell in kin if made.mode != other),
        (_("value"), lambda line: shown_value(line.value, made.digits)),
        *slopes,
    ]
    return _lines(made, made.lines, columns)


def _kin(lines: Sequence[Line]) -> Cell:
    """Parents or children: their numbers ``i``, or, where they have other names, those."""
    ordered = sorted(lines, key=lambda line: line.number)
    numbers = [re.fullmatch(r"v(-?\d+)", line.label) for line in ordered]
    names = [
        line.symbol().latex if found is None else found[1]
        for line, found in zip(ordered, numbers, strict=True)
    ]
    more = [r"\dots"] if len(names) > _KIN else []
    return formula(", ".join([*names[:_KIN], *more]))


def _formula(made: Trace, line: Line) -> Term:
    if not line.equations:
        return name_term(line.name)
    rule = made.rules.formula(line)
    return rule.term() or rule.instead or line.symbol()


def _forward(made: Trace, direction: Direction) -> Table:
    def rule(line: Line) -> list[Rule | Term | str]:
        if line.equations:
            return [made.rules.forward(line)]
        chosen = line.number - 1 == direction.place
        return [_("chosen input") if chosen else _("other input")]

    title = _("Forward mode: tangents with respect to {input}").format(input=direction.label)
    return _sweep(made, title, made.lines, made.tangents[direction.label], "dot", rule)


def _reverse(made: Trace, seed: Direction) -> Table:
    output = made.recording.line_of(made.recording.outputs[seed.place][1])

    def rules(line: Line) -> list[Rule | Term | str]:
        start = [_seed(seed)] if line is output else []
        return [*start, *made.rules.reverse(line)]

    title = _("Reverse mode: adjoints of {output}").format(output=seed.label)
    return _sweep(made, title, made.lines[::-1], made.adjoints[seed.label], "bar", rules)


def _sweep(
    made: Trace,
    title: str,
    lines: Sequence[Line],
    found: Sequence[Array | None],
    accent: str,
    rules: Callable[[Line], list[Rule | Term | str]],
) -> Table:
    """A row for each tangent or adjoint: the sum of its rules, in names and in numbers."""
    of = _numbers(found)

    def whole(line: Line) -> Term:
        terms = [each.term() if isinstance(each, Rule) else each for each in rules(line)]
        return total([term for term in terms if isinstance(term, Term)])

    def rule(line: Line) -> Value:
        said = rules(line)
        return said[0] if said and isinstance(said[0], str) else whole(line).cell()

    def put_in(line: Line) -> Value:
        said = rules(line)
        if len(said) == 1 and isinstance(said[0], Term):
            return _("derivative of f by itself")
        terms = [each.term(of) if isinstance(each, Rule) else each for each in said]
        known = [term for term in terms if isinstance(term, Term)]
        numbers, names = total(known), whole(line)
        same = len(known) < len(terms) or names == numbers or names.number is not None
        return None if same else numbers.cell()

    return _lines(
        made,
        [line for line in lines if line.is_smooth],
        [
            (formula(rf"\{accent}{{v}}_i"), lambda line: line.symbol(accent).cell()),
            (_("local rule"), rule),
            (_("numbers put in"), put_in),
            (_("value"), lambda line: shown_value(found[line.number - 1], made.digits)),
        ],
        title,
    )


def _seed(seed: Direction) -> Term:
    """What the sweep begins with: 1, or an array of numbers 0 and 1."""
    if (seed.weight == 1).all():
        return Term("1")
    shown = summary(seed.weight) if seed.weight.size <= _SMALL else seed.label
    return Term(rf"\text{{{shown}}}")


def _numbers(found: Sequence[Array | None]) -> Callable[[Leaf], Term | None]:
    """What stands for each name when the numbers are put in; nothing for an array."""

    def of(leaf: Leaf) -> Term | None:
        accent, line = leaf
        value = found[line.number - 1] if accent else line.value
        if value is None or np.size(value) != 1 or np.asarray(value).dtype.kind == "b":
            return None
        return number_term(np.asarray(value).item(), _PUT_IN)

    return of


def _derivatives(made: Trace) -> Table:
    sided = any(kinks.is_special(each) for each in made.gradient[:_DERIVATIVES])
    own = min(made.digits, DIGITS.get(_width(made), made.digits))

    def shown(of: Callable[[Component], float | None], digits: int) -> Callable[..., Value]:
        def number(each: Component) -> Value:
            found = of(each)
            return shown_value(None if found is None else np.asarray(found), digits)

        return number

    numbers = [
        (_("forward"), bool(made.tangents), shown(lambda each: each.forward, own)),
        (_("reverse"), bool(made.adjoints), shown(lambda each: each.reverse, own)),
        (_("by differences"), True, shown(lambda each: each.quotient, 12)),
        (_("from the left"), sided, shown(lambda each: each.differences.left, _SIDE)),
        (_("from the right"), sided, shown(lambda each: each.differences.right, _SIDE)),
    ]
    return table_of(
        made.gradient,
        [
            (_("derivative"), lambda each: formula(each.latex)),
            *((title, number) for title, wanted, number in numbers if wanted),
            (_("gap"), lambda each: _difference(made, each)),
        ],
        title=_("Derivatives, and the check by differences of the function (float64)"),
        digits=made.digits,
        most=_DERIVATIVES,
        more=_("({count} lines more)"),
    )


def _difference(made: Trace, each: Component) -> Value:
    style = "good" if _agrees(made, each) else "bad"
    if each.differences.kind in kinks.KINDS:
        return Cell(_(kinks.KINDS[each.differences.kind]), style=style, number=True)
    if each.quotient is None:
        return Cell("-", style="dim", number=True)
    same = each.value == each.quotient  # infinities too
    gap = number_term(0.0 if same else abs(each.value - each.quotient), 2)
    return Cell(gap.text, gap.latex, style, number=True)


def _width(made: Trace) -> int:
    """Bytes of a number in the least precise dtype used."""
    return min(line.value.dtype.itemsize for line in made.lines if line.is_smooth)


def _tolerance(made: Trace) -> float:
    """What differences of the function can tell apart, in the least precise dtype used."""
    return {8: 1e-6, 4: 1e-3}.get(_width(made), 5e-2)


def _agrees(made: Trace, each: Component) -> bool:
    return kinks.agrees(each, _tolerance(made))


# ---- sentences -------------------------------------------------------------------------------
def _first_bad(made: Trace) -> Line | None:
    return next((line for line in made.lines if not is_finite(line.value)), None)


def _not_finite(made: Trace) -> Iterator[Part]:
    line = _first_bad(made)
    if line is not None:
        text = _(
            "! {v} = {formula} is {value}: the first value here that is not finite. "
            "What depends on it is marked too."
        )
        shown = text.format(
            v=line.symbol(), formula=_formula(made, line), value=summary(line.value)
        )
        yield Text(shown, style="bad")
        return
    for accent, found in (("dot", made.tangents), ("bar", made.adjoints)):
        for label, values in found.items():
            bad = [place for place, value in enumerate(values) if not is_finite(value)]
            if bad:
                first = bad[0] if accent == "dot" else bad[-1]
                text = _(
                    "! {name} is {value} ({label}): the values are finite, and this is the "
                    "first derivative that is not."
                )
                name, value = made.lines[first].symbol(accent), summary(values[first])
                yield Text(text.format(name=name, value=value, label=label), style="bad")
                return


def _constants(made: Trace) -> Iterator[Part]:
    shown = [
        f"{made.rules.names[t.key]} = {summary(t.numpy())}"
        for t in made.recording.program.constants
        if t.key in made.rules.names
    ]
    if shown:
        more = len(shown) - _SMALL
        text = _("Constants: {list}").format(list="; ".join(shown[:_SMALL]))
        yield Text(text + (_(", and {count} more").format(count=more) if more > 0 else ""))


def _more(directions: Sequence[Any]) -> Iterator[Part]:
    if len(directions) > _STEPS:
        names = ", ".join(each.label for each in directions[:_STEPS])
        yield Text(
            _(
                "Shown step by step: {names}; {count} more are among the derivatives below. "
                "Choose others with with_respect_to."
            ).format(names=names, count=len(directions) - _STEPS),
            style="dim",
        )


def _verdict(made: Trace) -> Iterator[Part]:
    gaps = [
        abs(each.forward - each.reverse)
        for each in made.gradient
        if each.forward is not None and each.reverse is not None
    ]
    if gaps and all(map(math.isfinite, gaps)):
        text = _("Forward and reverse mode differ by at most {gap}.")
        yield Text(text.format(gap=format_number(max(gaps), 2)))
    special = [each for each in made.gradient if kinks.is_special(each)]
    for each in special[:_SMALL]:
        style = "" if _agrees(made, each) else "bad"
        yield Text(kinks.sentence(each, _tolerance(made)), style=style)
    if any(each.differences.kind in kinks.KINDS for each in special):
        yield from _origin(made)
    silent = [
        each
        for each in made.gradient[:_DERIVATIVES]
        if not each.differences.kind and math.isfinite(each.value)
    ]
    if silent and _first_bad(made) is None:
        text = _(
            "Differences say nothing of {names}: beside the spacing of floating-point numbers the "
            "function changes too much there, or too little."
        )
        yield Text(text.format(names=_listed(silent)), style="dim")
    wrong = [
        each
        for each in made.gradient
        if each.quotient is not None and each not in special and not _agrees(made, each)
    ]
    if wrong:
        text = _(
            "The difference quotient disagrees for {names}: the function may be random, leave out "
            "derivatives on purpose, or be made of parts whose kinks cancel, each with a value of "
            "its own taken there."
        )
        yield Text(text.format(names=_listed(wrong)), style="bad")


def _listed(found: Sequence[Component]) -> str:
    return ", ".join(f"{formula(each.latex)}" for each in found[:_SMALL])


def _origin(made: Trace) -> Iterator[Part]:
    """Name the operations that have no derivative at this point, and the rule for such points."""
    found = [line for line in made.lines if line.equations and singular(line.equations[-1])]
    if found:
        names = [f"{line.symbol()} = {_formula(made, line)}" for line in found[:_SMALL]]
        text = _(
            "Without a derivative here: {list}. One rule holds at every kink: of the slopes "
            "between those of both sides, the smallest in size is taken, and ties are shared."
        )
        yield Text(text.format(list="; ".join(names)), style="dim")
