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
from nissl.explain.expressions.mathematics import (
    Term,
    derivative_term,
    input_latex,
    name_term,
    number_term,
)
from nissl.explain.latex import escape_latex, number_latex
from nissl.explain.parts import Cell, Part, Table, Text, Value, format_number
from nissl.explain.tracing import kinks
from nissl.explain.tracing.recording import Line
from nissl.explain.tracing.rules import Leaf, total
from nissl.explain.tracing.values import DIGITS, is_finite, shown_value, summary
from nissl.i18n import translate as _

if TYPE_CHECKING:
    from nissl.explain.tracing.traces import Component, Direction, Trace

__all__ = ["parts", "title_of"]

_SMALL = 6  # outputs, constants or names that a sentence lists
_STEPS = 3  # directions or seeds that have a table of their own
_DERIVATIVES = 24  # rows of the table of derivatives
_PUT_IN = 4  # digits of the numbers that are put in
_KIN = 4  # parents or children that are listed
_SIDE = 6  # digits of a quotient from one side, which is less exact than from both
_OVERVIEW = 7  # digits of derivatives in the first table; their own tables have all


_FORWARD_SUM = Text(
    "v̇ᵢ = Σ v̇ⱼ ∂vᵢ/∂vⱼ, j ∈ pa(i)",
    r"$\dot{v}_i = \sum_{j \in \mathrm{pa}(i)} \dot{v}_j \frac{\partial v_i}{\partial v_j}$",
)
_REVERSE_SUM = Text(
    "v̄ᵢ = Σ v̄ⱼ ∂vⱼ/∂vᵢ, j ∈ ch(i)",
    r"$\bar{v}_i = \sum_{j \in \mathrm{ch}(i)} \bar{v}_j \frac{\partial v_j}{\partial v_i}$",
)


def parts(made: Trace) -> Iterator[Part]:
    """Yield the texts and tables of a trace."""
    yield Text(title_of(made, _("Evaluation trace")), heading=True)
    yield _overview(made)
    yield Text(_results(made))
    yield from _constants(made)
    yield from _not_finite(made)
    if made.tangents:
        yield _FORWARD_SUM
    for direction in made.directions[:_STEPS] if made.tangents else ():
        yield _forward(made, direction)
    yield from _more(made.directions if made.tangents else ())
    if made.adjoints:
        yield _REVERSE_SUM
    for seed in made.seeds[:_STEPS] if made.adjoints else ():
        yield _reverse(made, seed)
    yield from _more(made.seeds if made.adjoints else ())
    yield _derivatives(made)
    yield from _verdict(made)
    yield made.costs.table()
    yield Text(made.costs.sentence())


def title_of(made: Trace, what: str) -> str:
    """Return what is shown, of which function, and where."""
    given = ", ".join(f"{line.name} = {summary(line.value)}" for line in made.recording.inputs)
    text = getattr(made.call.function, "text", "")
    text = re.sub(r"\s*[;\n]\s*", "; ", text.rstrip(";"))
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


def _cell(term: Term, style: str = "") -> Cell:
    return Cell(term.text, term.latex, style)


# ---- tables ----------------------------------------------------------------------------------
def _hidden(count: int) -> Cell:
    return Cell(_("({count} lines more)").format(count=f"{count:,}"), style="dim")


def _rows(
    made: Trace, lines: Sequence[Line], row: Callable[[Line], list[Value]], columns: int
) -> list[list[Value]]:
    """A row for each line; of too many lines, for the first and the last."""
    hidden = 0 if made.rows is None else max(len(lines) - made.rows, 0)
    first = len(lines) if made.rows is None or not hidden else 2 * made.rows // 3
    dots: list[Value] = [Cell("...", r"\vdots", "dim"), _hidden(hidden), *[None] * (columns - 2)]
    return [
        *map(row, lines[:first]),
        *([dots] if hidden else []),
        *map(row, lines[first + hidden :]),
    ]


def _overview(made: Trace) -> Table:
    tangents = {d.label: made.tangents[d.label] for d in made.directions[:_STEPS] if made.tangents}
    adjoints = {s.label: made.adjoints[s.label] for s in made.seeds[:_STEPS] if made.adjoints}
    first = _first_bad(made)
    columns = [
        Cell("vᵢ", "v_i"),
        _("formula"),
        *([Cell("pa(i)", r"\mathrm{pa}(i)")] if made.mode != "reverse" else []),
        *([Cell("ch(i)", r"\mathrm{ch}(i)")] if made.mode != "forward" else []),
        _("value"),
        *(_heading("v̇ᵢ", r"\dot{v}_i", label) for label in tangents),
        *(_heading("v̄ᵢ", r"\bar{v}_i", label) for label in adjoints),
    ]

    def row(line: Line) -> list[Value]:
        own = line.symbol()
        marked = first is not None and first.number == line.number
        name = Cell(f"{own.text} !", own.latex + r" \; !", "bad") if marked else _cell(own)
        found = [shown_value(line.value, made.digits)]
        for each in (*tangents.values(), *adjoints.values()):
            found.append(shown_value(each[line.number - 1], min(_OVERVIEW, made.digits)))
        kin = [made.rules.parents(line)] if made.mode != "reverse" else []
        kin += [made.rules.children(line)] if made.mode != "forward" else []
        return [name, _cell(_formula(made, line)), *map(_kin, kin), *found]

    return Table(columns, _rows(made, made.lines, row, len(columns)), digits=made.digits)


def _heading(text: str, latex: str, label: str) -> Cell:
    return Cell(f"{text} ({name_term(label)})", rf"{latex} \; ({input_latex(label)})")


def _kin(lines: Sequence[Line]) -> Cell:
    """Parents or children: their numbers ``i``, or, where they have other names, those."""
    ordered = sorted(lines, key=lambda line: line.number)
    numbers = [re.fullmatch(r"v(-?\d+)", line.label) for line in ordered]
    names = [
        line.symbol() if found is None else Term(found[1], found[1])
        for line, found in zip(ordered, numbers, strict=True)
    ]
    shown = [*names[:_KIN], *([Term("...", r"\dots")] if len(names) > _KIN else [])]
    return Cell(", ".join(map(str, shown)), ", ".join(each.latex for each in shown))


def _formula(made: Trace, line: Line) -> Term:
    if not line.equations:
        return name_term(line.name)
    formula = made.rules.formula(line)
    return formula.term() or formula.instead or line.symbol()


def _forward(made: Trace, direction: Direction) -> Table:
    found = made.tangents[direction.label]
    smooth = [line for line in made.lines if line.is_smooth]

    def row(line: Line) -> list[Value]:
        value = found[line.number - 1]
        cells: list[Value] = [_cell(line.symbol("d"))]
        if line.equations:
            rule = made.rules.forward(line)
            term = rule.term()
            put_in = rule.term(_numbers(made, found, {}))
            cells += [_cell(term) if term else None, _put_in(term, put_in)]
        else:
            chosen = line.number - 1 == direction.place
            cells += [_("chosen input") if chosen else _("other input"), None]
        return [*cells, shown_value(value, made.digits)]

    title = _("Forward mode: tangents with respect to {input}").format(input=direction.label)
    columns = [Cell("v̇ᵢ", r"\dot{v}_i"), _("local rule"), _("numbers put in"), _("value")]
    return Table(columns, _rows(made, smooth, row, 4), title, made.digits)


def _reverse(made: Trace, seed: Direction) -> Table:
    found = made.adjoints[seed.label]
    smooth = [line for line in reversed(made.lines) if line.is_smooth]
    output = made.recording.line_of(made.recording.outputs[seed.place][1])

    def row(line: Line) -> list[Value]:
        rules = made.rules.reverse(line)
        terms = [rule.term() for rule in rules]
        numbers = [rule.term(_numbers(made, {}, found)) for rule in rules]
        cells: list[Value] = [_cell(line.symbol("bar"))]
        seeded = output is not None and output.number == line.number
        if seeded:
            start = _seed(seed)
            terms, numbers = [start, *terms], [start, *numbers]
        whole = total([term for term in terms if term is not None])
        known = [term for term in numbers if term is not None]
        cells.append(_cell(whole))
        if seeded and not rules:
            cells.append(_("derivative of f by itself"))
        else:
            cells.append(_put_in(whole, total(known) if len(known) == len(numbers) else None))
        return [*cells, shown_value(found[line.number - 1], made.digits)]

    title = _("Reverse mode: adjoints of {output}").format(output=seed.label)
    columns = [Cell("v̄ᵢ", r"\bar{v}_i"), _("local rule"), _("numbers put in"), _("value")]
    return Table(columns, _rows(made, smooth, row, 4), title, made.digits)


def _seed(seed: Direction) -> Term:
    """What the sweep begins with: 1, or an array of numbers 0 and 1."""
    if (seed.weight == 1).all():
        return Term("1", "1")
    shown = summary(seed.weight) if seed.weight.size <= _SMALL else seed.label
    return Term(shown, rf"\text{{{escape_latex(shown)}}}")


def _put_in(rule: Term | None, numbers: Term | None) -> Value:
    """A rule with its numbers, where that says more than the value."""
    if rule is None or numbers is None or rule.text == numbers.text or rule.number is not None:
        return None
    return _cell(numbers)


def _numbers(made: Trace, tangents: Any, adjoints: Any) -> Callable[[Leaf], Term | None]:
    """What stands for each name when the numbers are put in; nothing for an array."""

    def of(leaf: Leaf) -> Term | None:
        kind, line = leaf
        found = {"d": tangents, "bar": adjoints}
        value = line.value if kind == "v" else found[kind][line.number - 1]
        if value is None or np.size(value) != 1 or np.asarray(value).dtype.kind == "b":
            return None
        return number_term(np.asarray(value).item(), _PUT_IN)

    return of


def _derivatives(made: Trace) -> Table:
    forward, reverse = bool(made.tangents), bool(made.adjoints)
    shown = made.gradient[:_DERIVATIVES]
    sided = any(kinks.is_special(each) for each in shown)
    columns: list[str | Cell] = [_("derivative")]
    columns += [_("forward")] if forward else []
    columns += [_("reverse")] if reverse else []
    columns += [_("by differences")]
    columns += [_("from the left"), _("from the right")] if sided else []
    columns += [_("gap")]
    digits = min(made.digits, DIGITS.get(_width(made), made.digits))
    rows: list[list[Value]] = []
    for each in shown:
        row: list[Value] = [_cell(derivative_term(each.output, each.input))]
        found = ([each.forward] if forward else []) + ([each.reverse] if reverse else [])
        row += [shown_value(_array(number), digits) for number in found]
        row.append(shown_value(_array(each.quotient), 12))
        sides = (each.differences.left, each.differences.right) if sided else ()
        row += [shown_value(_array(number), _SIDE) for number in sides]
        rows.append([*row, _difference(made, each)])
    if len(made.gradient) > _DERIVATIVES:
        more = _hidden(len(made.gradient) - _DERIVATIVES)
        rows.append([more, *[None] * (len(columns) - 1)])
    title = _("Derivatives, and the check by differences of the function (float64)")
    return Table(columns, rows, title, made.digits)


def _array(number: float | None) -> Array | None:
    return None if number is None else np.asarray(number)


def _difference(made: Trace, each: Component) -> Value:
    style = "good" if _agrees(made, each) else "bad"
    if each.differences.kind in ("kink", "jump"):
        return Cell(_(kinks.KINDS[each.differences.kind]), style=style, number=True)
    if each.quotient is None:
        return Cell("-", style="dim", number=True)
    same = each.value == each.quotient  # infinities too
    shown = format_number(0.0 if same else abs(each.value - each.quotient), 2)
    return Cell(shown, number_latex(shown), style, number=True)


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
        formula = _formula(made, line).text
        shown = summary(line.value)
        yield Text(text.format(v=line.symbol(), formula=formula, value=shown), style="bad")
        return
    for kind, found in (("d", made.tangents), ("bar", made.adjoints)):
        for label, values in found.items():
            bad = [number for number, value in enumerate(values, 1) if not is_finite(value)]
            if bad:
                first = bad[0] if kind == "d" else bad[-1]
                name, shown = made.lines[first - 1].symbol(kind), summary(values[first - 1])
                text = _(
                    "! {name} is {value} ({label}): the values are finite, and this is the "
                    "first derivative that is not."
                )
                yield Text(text.format(name=name, value=shown, label=label), style="bad")
                return


def _constants(made: Trace) -> Iterator[Part]:
    shown: list[str] = []
    for t in made.recording.program.constants:
        name = made.rules.names.get(t.key)
        if name is not None:
            shown.append(f"{name.text} = {summary(t.numpy())}")
    if shown:
        more = len(shown) - _SMALL
        text = _("Constants: {list}").format(list="; ".join(shown[:_SMALL]))
        yield Text(text + (_(", and {count} more").format(count=more) if more > 0 else ""))


def _more(directions: Sequence[Direction]) -> Iterator[Part]:
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
    for each in [each for each in made.gradient if kinks.is_special(each)][:_SMALL]:
        style = "" if _agrees(made, each) else "bad"
        yield Text(kinks.sentence(each, _tolerance(made)), style=style)
    if any(each.differences.kind in ("kink", "jump") for each in made.gradient):
        yield from _origin(made)
    silent = [
        str(derivative_term(each.output, each.input))
        for each in made.gradient[:_DERIVATIVES]
        if not each.differences.kind and math.isfinite(each.value)
    ]
    if silent and _first_bad(made) is None:
        text = _(
            "Differences say nothing of {names}: beside the spacing of floating-point numbers the "
            "function changes too much there, or too little."
        )
        yield Text(text.format(names=", ".join(silent[:_SMALL])), style="dim")
    wrong = [
        each
        for each in made.gradient
        if each.quotient is not None and not kinks.is_special(each) and not _agrees(made, each)
    ]
    if wrong:
        names = ", ".join(str(derivative_term(each.output, each.input)) for each in wrong[:_SMALL])
        text = _(
            "The difference quotient disagrees for {names}: the function may be random, leave out "
            "derivatives on purpose, or be made of parts whose kinks cancel, each with a value of "
            "its own taken there."
        )
        yield Text(text.format(names=names), style="bad")


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
