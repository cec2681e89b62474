"""Exercises: work sheets to be filled in, and answers compared with a key.

>>> from nissl import explain
>>> shown = explain.neuron([1.0, 2.0], -0.5, [1.0, 0.3])
>>> answers = [Quantity("", each.name, each.value) for each in shown.quantities()]
>>> check(shown, answers).wrong
()
"""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from nissl.arguments import number, several
from nissl.errors import ArgumentTypeError, DataError
from nissl.explain import quantities
from nissl.explain.parts import Cell, Part, Table, Text, Value, format_number, table_of
from nissl.explain.quantities import Quantity
from nissl.explain.report import Explanation
from nissl.i18n import mark
from nissl.i18n import translate as _

__all__ = ["Checked", "WorkSheet", "check", "worksheet"]

TOLERANCE = 1e-3
_ROUNDED = 0.02  # how far from the key, relative to it, early rounding may lead
_MOST_WRONG = 20
_BLANK = Cell("______", r"\underline{\hspace{4em}}", number=True)
_SIDES = re.compile(r" (=|←|\\leftarrow) ")

Source: TypeAlias = "Explanation | Sequence[Quantity] | str | os.PathLike[str]"


# ---- work sheets ------------------------------------------------------------------------------
def worksheet(explanation: Explanation) -> WorkSheet:
    """Return an explanation with blanks for its numbers; the explanation itself is the solution.

    What an explanation starts from stays: tables and texts that are ``given``.

    Raises:
        ArgumentTypeError: it is no explanation.
    """
    if not isinstance(explanation, Explanation):
        raise ArgumentTypeError(f"a work sheet is made of an explanation, not {explanation!r:.80}")
    return WorkSheet(explanation)


@dataclass(frozen=True, eq=False)
class WorkSheet(Explanation):
    """An explanation to be filled in; made by :func:`worksheet`.

    Attributes:
        solution: the explanation with its numbers.
    """

    solution: Explanation

    def parts(self) -> Iterator[Part]:
        """Yield the texts and tables of the solution, numbers that are not given left out."""
        for part in self.solution.parts():
            if isinstance(part, Table):
                yield part if part.given is True else _blanked(part)
            elif part.heading or part.given or not re.search(r"\d", part.text):
                yield part

    def quantities(self) -> Iterator[Quantity]:
        """Yield the names of all numbers, without their values."""
        for each in self.solution.quantities():
            yield each if each.given else replace(each, value=math.nan)


def _blanked(table: Table) -> Table:
    """A table whose first column names what is wanted, and whose numbers are blanks."""
    rows = [
        [value if table.keeps(i) else _kept(value, first=i == 0) for i, value in enumerate(row)]
        for row in table.rows
    ]
    return replace(table, rows=rows)


def _kept(value: Value, *, first: bool) -> Value:
    if isinstance(value, Cell):
        if value.number or re.fullmatch(r"[-+\d.e]+", value.text):
            return value if first else _BLANK
        sides = _SIDES.split(value.text)
        if first and len(sides) == 3 and sides[-1].isdigit():
            return value  # which unit a row is about
        if len(sides) > 1 and re.search(r"\d", sides[-1]):
            latex = _SIDES.split(value.latex)
            sign = " ← " if sides[1] == "←" else " = "
            return Cell(
                f"{sides[0]}{sign}{_BLANK.text}",
                f"{latex[0]} {latex[1]} {_BLANK.latex}" if len(latex) > 1 else "",
            )
        return replace(value, style="")
    return _BLANK if isinstance(value, int | float) and not first else value


# ---- answers ----------------------------------------------------------------------------------
def check(key: Source, answers: Source, tolerance: float = TOLERANCE) -> Checked:
    """Compare a student's numbers with a key, and name the first step that is wrong.

    Args:
        key: an explanation, or the file (CSV or JSON) of its numbers.
        answers: the same from the student, in any order; CSV may have decimal commas, and only
            ``name,value``.
        tolerance: how far an answer may be from the key, relative to it, or absolutely where the
            key is smaller than 1; but no further than half of it where it is above a tenth of the
            tolerance, so that a small number of the wrong sign is wrong.

    Raises:
        ArgumentTypeError: key or answers are neither an explanation, a file, nor quantities.
        DataError: a file holds no numbers, or none of the answers' names is in the key.
        ArgumentError: the tolerance is no number above 0.
    """
    allowed = number("check", "tolerance", tolerance, above=0)
    right, given = _read(key), _read(answers)
    known = {_key(each) for each in right}
    if not any(_key(each) in known for each in given):
        raise DataError(
            "none of the names in the answers is in the key, so they are of another network or "
            f"exercise: the answers have {_listed(given)}, the key has {_listed(right)}"
        )
    return Checked(tuple(right), tuple(given), allowed)


def _read(source: Source) -> list[Quantity]:
    if isinstance(source, Explanation):
        return list(source.quantities())
    if isinstance(source, str | os.PathLike):
        return quantities.read(source)
    listed = several("check", "answers", source)
    for each in listed:
        if not isinstance(each, Quantity):
            raise ArgumentTypeError(
                "check: numbers are given as an explanation, a file, or a list of Quantity(step, "
                f"name, value), not {each!r:.80}"
            )
    return listed


def _listed(found: Sequence[Quantity]) -> str:
    names = [each.name for each in found]
    return ", ".join(names[:4]) + (", ..." if len(names) > 4 else "") if names else "no number"


def _key(each: Quantity) -> str:
    """A name without what is written now so and now so: blanks, brackets, and marks of scripts."""
    name = re.sub(r"[\s_^{}*\\]|partial", "", quantities.typed(each.name).casefold())
    name = re.sub(r"(?<!\d)(\d),(\d)(?!\d)", r"\1\2", name)
    return re.sub("^den/d", "de/d", name)


@dataclass(frozen=True, eq=False)
class Answer:
    """One number of the key beside what was answered.

    Attributes:
        wanted: of the key.
        given: what was answered; NaN for a blank, ``None`` where the name is missing.
        right: whether it is within the tolerance.
    """

    wanted: Quantity
    given: float | None
    right: bool


@dataclass(frozen=True, eq=False)
class Checked(Explanation):
    """Answers beside their key; made by :func:`check`.

    Attributes:
        key, given: all numbers, in their order.
        tolerance: how far an answer may be from the key.
    """

    key: tuple[Quantity, ...]
    given: tuple[Quantity, ...]
    tolerance: float

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """The numbers of the key, each with its answer; equal names are matched in order."""
        waiting: dict[tuple[str, int], float] = {}
        seen = Counter[str]()
        for each in self.given:
            waiting[_key(each), seen[_key(each)]] = each.value
            seen[_key(each)] += 1
        places, found = Counter[str](), list[Answer]()
        for each in self.key:
            name = _key(each)
            answer = waiting.get((name, places[name]))
            if answer is None and places[name]:
                answer = waiting.get((name, 0))  # written once, and computed once
            places[name] += 1
            found.append(
                Answer(each, answer, answer is not None and self._near(each.value, answer))
            )
        return tuple(found)

    def _near(self, wanted: float, given: float) -> bool:
        if not math.isfinite(wanted):
            return given == wanted or (math.isnan(wanted) and math.isnan(given))
        far = abs(given - wanted)
        whole = far <= abs(wanted) / 2 or abs(wanted) < self.tolerance / 10
        return whole and far <= self.tolerance * max(1.0, abs(wanted))

    @property
    def wrong(self) -> tuple[Answer, ...]:
        """What was answered, and is not right; blanks are not among these."""
        return tuple(
            each for each in self.answers
            if each.given is not None and not math.isnan(each.given) and not each.right
        )  # fmt: skip

    @property
    def missing(self) -> tuple[Quantity, ...]:
        """What was not answered."""
        return tuple(
            each.wanted for each in self.answers if each.given is None or math.isnan(each.given)
        )

    @property
    def extra(self) -> tuple[Quantity, ...]:
        """What was answered, and is not in the key."""
        known = {_key(each) for each in self.key}
        return tuple(each for each in self.given if _key(each) not in known)

    def mistake(self, answer: Answer) -> str:
        """Guess what went wrong with an answer; empty where nothing usual explains it."""
        known = {_key(each): each.value for each in reversed(self.key)}
        wanted, given = answer.wanted, answer.given
        assert given is not None
        for name, would_be in _MISTAKES:
            for value in would_be(wanted, known):
                if not self._near(wanted.value, value) and self._near(value, given):
                    return _(name)
        if wanted.given:
            return _("this number was given: the answers are of another exercise or sample")
        close = abs(given - wanted.value) <= _ROUNDED * abs(wanted.value)
        return _("it was rounded too early") if close else ""

    def parts(self) -> Iterator[Part]:
        """Yield the verdict, the first wrong step, and each wrong or missing number."""
        right = sum(each.right for each in self.answers)
        yield Text(_("Answers compared with the key"), heading=True)
        counted = _("{right} of {count} numbers are right, within {tolerance}.")
        yield Text(
            counted.format(
                right=right, count=len(self.answers), tolerance=format_number(self.tolerance)
            ),
            style="" if self.wrong else "good",
        )
        if self.wrong:
            yield from self._first(self.wrong[0])
            yield table_of(
                self.wrong,
                [
                    (_("Step"), lambda each: each.wanted.step),
                    (_("Number"), lambda each: each.wanted.name),
                    (_("answered"), lambda each: each.given),
                    (_("key"), lambda each: each.wanted.value),
                    (_("perhaps"), self.mistake),
                ],
                title=_("Wrong numbers"),
                most=_MOST_WRONG,
            )
        for found, told in (
            (self.missing, _("Not answered: {names}.")),
            (self.extra, _("Not in the key, and not looked at: {names}.")),
        ):
            if found:
                names = ", ".join(each.name for each in found[:_MOST_WRONG])
                more = f", … ({len(found)})" if len(found) > _MOST_WRONG else ""
                yield Text(told.format(names=names + more))

    def _first(self, answer: Answer) -> Iterator[Part]:
        told = _("The first wrong step: {step}, {name} = {wanted}, and {given} was answered.")
        guess = self.mistake(answer)
        yield Text(
            told.format(
                step=answer.wanted.step or "-",
                name=answer.wanted.name,
                wanted=format_number(answer.wanted.value),
                given=format_number(answer.given),
            )
            + ("\n" + _("Perhaps: {mistake}.").format(mistake=guess) if guess else ""),
            style="bad",
        )


# ---- usual mistakes ---------------------------------------------------------------------------
_Known: TypeAlias = Mapping[str, float]
_PLACE = re.compile(r"(?P<letter>neww|delta|[azy])(?P<unit>\d*)(?:,\d+)?(?P<layer>\(\d+\))?")


def _sign(wanted: Quantity, known: _Known) -> Iterator[float]:
    yield -wanted.value


def _place(wanted: Quantity) -> re.Match[str] | None:
    return _PLACE.fullmatch(_key(wanted))


def _without_slope(wanted: Quantity, known: _Known) -> Iterator[float]:
    found = _place(wanted)
    if found and found["letter"] == "delta":
        slope = known.get(f"h'(a{found['unit']}{found['layer'] or ''})")
        if slope:
            yield wanted.value / slope


def _without_bias(wanted: Quantity, known: _Known) -> Iterator[float]:
    found = _place(wanted)
    if found and found["letter"] == "a":
        for bias in (f"w{found['unit']}0{found['layer'] or ''}", "w0"):
            if bias in known:
                yield wanted.value - known[bias]


def _sum_or_mean(wanted: Quantity, known: _Known) -> Iterator[float]:
    count = known.get("n", 0.0)
    if count > 1:
        yield wanted.value * count
        yield wanted.value / count


def _not_activated(wanted: Quantity, known: _Known) -> Iterator[float]:
    found = _place(wanted)
    if found and found["letter"] in ("z", "y"):
        before = known.get(f"a{found['unit']}{found['layer'] or ''}")
        if before is not None:
            yield before


def _wrong_way(wanted: Quantity, known: _Known) -> Iterator[float]:
    """An update that goes uphill, or leaves out the learning rate."""
    found = _place(wanted)
    if found and found["letter"] == "neww":
        name = _key(wanted).removeprefix("new")
        if name in known:
            yield 2 * known[name] - wanted.value


def _without_rate(wanted: Quantity, known: _Known) -> Iterator[float]:
    found = _place(wanted)
    if found and found["letter"] == "neww":
        name = _key(wanted).removeprefix("new")
        slope = known.get(f"de/d{name}")
        if name in known and slope is not None:
            yield known[name] - slope


def _other_order(wanted: Quantity, known: _Known) -> Iterator[float]:
    """What stands where row and column are exchanged."""
    name = _key(wanted)
    found = re.search(r"w(\d)(\d)(?!\d)|w(\d+),(\d+)", name)
    if found:
        row, column = (each for each in found.groups() if each)
        comma = "," if "," in found[0] else ""
        other = name.replace(found[0], f"w{column}{comma}{row}")
        if other in known:
            yield known[other]


_MISTAKES: tuple[tuple[str, Callable[[Quantity, _Known], Iterator[float]]], ...] = (
    (mark("the update has the wrong sign: the derivative is subtracted"), _wrong_way),
    (mark("the learning rate is missing"), _without_rate),
    (mark("h'(a), the slope of the activation function, is missing"), _without_slope),
    (mark("the bias is missing"), _without_bias),
    (mark("the activation function is missing"), _not_activated),
    (mark("the sum over the batch was taken for the mean, or the mean for the sum"), _sum_or_mean),
    (mark("the sign is wrong"), _sign),
    (mark("the indices are in the other order: w_ji leads from i to j"), _other_order),
)
