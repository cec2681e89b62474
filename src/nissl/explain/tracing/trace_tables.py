"""The tables of an evaluation trace."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from nissl.core.kinks import singular
from nissl.core.tensor import Array
from nissl.explain.drawing.lettering import shortened
from nissl.explain.expressions.mathematics import Term, name_term, number_term
from nissl.explain.parts import Cell, Part, Table, Text, Value, format_number, formula, table_of
from nissl.explain.tracing import kinks
from nissl.explain.tracing.recording import Line
from nissl.explain.tracing.rules import Leaf, Rule, total
from nissl.explain.tracing.values import digits_of, is_finite, shown_value, summary
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.tracing.kinks import Component
    from nissl.explain.tracing.trace import Direction, Trace

__all__ = ["parts", "title_of"]

_Column: TypeAlias = tuple[str | Cell, Callable[[Line], Value]]

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
    for found, chosen, law in (
        (made.tangents, made.directions, _FORWARD),
        (made.adjoints, made.seeds, _REVERSE),
    ):
        if found:
            yield Text(f"{formula(law)}")
            yield from (_sweep(made, each, found[each.label], law) for each in chosen[:_STEPS])
            yield from _more(chosen)
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
    columns: Sequence[_Column | None],
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
    columns: list[_Column | None] = [
        (formula("v_i"), name),
        (_("formula"), lambda line: _formula(made, line).cell()),
        None
        if made.mode == "reverse"
        else (formula(r"\mathrm{pa}(i)"), lambda line: _kin(made.rules.parents(line))),
        None
        if made.mode == "forward"
        else (formula(r"\mathrm{ch}(i)"), lambda line: _kin(made.rules.children(line))),
        (_("value"), lambda line: shown_value(line.value, made.digits)),
        *slopes,
    ]
    return _lines(made, made.lines, columns)


def _kin(lines: Sequence[Line]) -> Cell:
    """Parents or children: their numbers ``i``, or, where they have other names, those."""
    ordered = sorted(lines, key=lambda line: line.number)
    names = [re.sub(r"^v_\{(-?\d+)\}$", r"\1", each.symbol().latex) for each in ordered]
    more = [r"\dots"] if len(names) > _KIN else []
    return formula(", ".join([*names[:_KIN], *more]))


def _formula(made: Trace, line: Line) -> Term:
    if not line.equations:
        return name_term(line.name)
    rule = made.rules.formula(line)
    return rule.term() or rule.instead or line.symbol()


def _sweep(made: Trace, of: Direction, found: Sequence[Array | None], law: str) -> Table:
    """A row for each tangent or adjoint: the sum of its rules, in names and in numbers."""
    forward = law is _FORWARD
    accent = "dot" if forward else "bar"
    output = None if forward else made.recording.line_of(made.recording.outputs[of.place][1])
    start = Rule(None, instead=_seed(of))

    def rules(line: Line) -> list[Rule]:
        if forward:
            return [made.rules.forward(line)] if line.equations else []
        return [start] * (line is output) + made.rules.reverse(line)

    def whole(line: Line) -> Term:
        return total([term for each in rules(line) if (term := each.term())])

    def rule(line: Line) -> Value:
        if forward and not line.equations:
            return _("chosen input") if line.number - 1 == of.place else _("other input")
        return whole(line).cell()

    def put_in(line: Line) -> Value:
        given, names = rules(line), whole(line)
        if given == [start]:
            return _("derivative of f by itself")
        terms = [each.term(_numbers(found)) for each in given]
        known = [term for term in terms if term]
        numbers = total(known)
        same = len(known) < len(terms) or names == numbers or names.number is not None
        return None if same else numbers.cell()

    title = (
        _("Forward mode: tangents with respect to {input}").format(input=of.label)
        if forward
        else _("Reverse mode: adjoints of {output}").format(output=of.label)
    )
    lines = [line for line in made.lines if line.is_smooth]
    columns: list[_Column | None] = [
        (formula(rf"\{accent}{{v}}_i"), lambda line: line.symbol(accent).cell()),
        (_("local rule"), rule),
        (_("numbers put in"), put_in),
        (_("value"), lambda line: shown_value(found[line.number - 1], made.digits)),
    ]
    return _lines(made, lines if forward else lines[::-1], columns, title)


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
    sided = any(each.is_special for each in made.gradient[:_DERIVATIVES])
    own = digits_of(made.recording.itemsize, made.digits)

    def shown(of: Callable[[Component], float | None], digits: int) -> Callable[..., Value]:
        return lambda each: shown_value(of(each), digits)

    columns = [
        (_("derivative"), True, lambda each: formula(each.latex)),
        (_("forward"), made.tangents, shown(lambda each: each.forward, own)),
        (_("reverse"), made.adjoints, shown(lambda each: each.reverse, own)),
        (_("by differences"), True, shown(lambda each: each.quotient, 12)),
        (_("from the left"), sided, shown(lambda each: each.differences.left, _SIDE)),
        (_("from the right"), sided, shown(lambda each: each.differences.right, _SIDE)),
        (_("gap"), True, _difference),
    ]
    return table_of(
        made.gradient,
        [(heading, value) for heading, wanted, value in columns if wanted],
        title=_("Derivatives, and the check by differences of the function (float64)"),
        digits=made.digits,
        most=_DERIVATIVES,
        more=_("({count} lines more)"),
    )


def _difference(each: Component) -> Value:
    style = "good" if each.agrees else "bad"
    if each.differences.kind in kinks.KINDS:
        return Cell(_(kinks.KINDS[each.differences.kind]), style=style, number=True)
    if each.quotient is None:
        return Cell("-", style="dim", number=True)
    same = each.value == each.quotient  # infinities too
    gap = number_term(0.0 if same else abs(each.value - each.quotient), 2)
    return Cell(gap.text, gap.latex, style, number=True)


# ---- sentences -------------------------------------------------------------------------------
def _first_bad(made: Trace) -> Line | None:
    return next((line for line in made.lines if not is_finite(line.value)), None)


def _said(text: str, style: str = "", **given: object) -> Text:
    return Text(text.format(**given), style=style)


def _not_finite(made: Trace) -> Iterator[Part]:
    line = _first_bad(made)
    if line is not None:
        text = _(
            "! {v} = {formula} is {value}: the first value here that is not finite. "
            "What depends on it is marked too."
        )
        what, value = _formula(made, line), summary(line.value)
        yield _said(text, "bad", v=line.symbol(), formula=what, value=value)
        return
    text = _(
        "! {name} is {value} ({label}): the values are finite, and this is the "
        "first derivative that is not."
    )
    sweeps = (("dot", made.tangents, made.lines), ("bar", made.adjoints, made.lines[::-1]))
    for accent, found, lines in sweeps:
        for label, values in found.items():
            for line in lines:
                value = values[line.number - 1]
                if not is_finite(value):
                    name = line.symbol(accent)
                    yield _said(text, "bad", name=name, value=summary(value), label=label)
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


def _more(directions: Sequence[Direction]) -> Iterator[Part]:
    if len(directions) > _STEPS:
        text = _(
            "Shown step by step: {names}; {count} more are among the derivatives below. "
            "Choose others with with_respect_to."
        )
        names = ", ".join(each.label for each in directions[:_STEPS])
        yield _said(text, "dim", names=names, count=len(directions) - _STEPS)


def _verdict(made: Trace) -> Iterator[Part]:
    gaps = [
        abs(each.forward - each.reverse)
        for each in made.gradient
        if each.forward is not None and each.reverse is not None
    ]
    if gaps and all(map(math.isfinite, gaps)):
        text = _("Forward and reverse mode differ by at most {gap}.")
        yield _said(text, gap=format_number(max(gaps), 2))
    special = [each for each in made.gradient if each.is_special]
    for each in special[:_SMALL]:
        style = "" if each.agrees else "bad"
        yield Text(kinks.sentence(each), style=style)
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
        yield _said(text, "dim", names=_listed(silent))
    wrong = [
        each
        for each in made.gradient
        if each.quotient is not None and each not in special and not each.agrees
    ]
    if wrong:
        text = _(
            "The difference quotient disagrees for {names}: the function may be random, leave out "
            "derivatives on purpose, or be made of parts whose kinks cancel, each with a value of "
            "its own taken there."
        )
        yield _said(text, "bad", names=_listed(wrong))


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
        yield _said(text, "dim", list="; ".join(names))
