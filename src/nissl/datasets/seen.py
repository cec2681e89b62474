"""What is seen of one column of a table, without keeping its cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nissl.datasets.notation import (
    DECIMALS,
    is_date,
    is_missing,
    is_whole,
    looks_numeric,
    parse,
    readings,
    simple,
)

__all__ = ["Kind", "Seen"]

Kind = Literal["number", "unclear", "mixed", "category", "date", "text", "empty"]
KEPT = 1000  # different texts of a column that are kept; the target's are all kept
CATEGORIES = 100  # different texts up to which a column is one of categories
FEW = 20  # so many different texts are categories even if hardly any occurs twice
EXACT = 2**53  # whole numbers up to here are exact in float64
LARGEST = float(np.finfo(np.float32).max)
_ZEROS = re.compile(r"^\s*[-+]?0[0-9]", re.MULTILINE)


@dataclass(eq=False)
class Seen:
    """What was seen of one column.

    Attributes:
        name, position: its name; its number, from 1.
        limit: how many different texts are kept; ``None`` for all.
        forced: whether it was asked for as categories.
        rows, numbers, words, dates, figures: how many cells there are, are numbers, are other
            texts; how many of these are dates, or have digits and signs only.
        texts, many: the different texts, and whether there are more than are kept.
        decimals: the decimal marks with which all numbers can be read.
        hint: the mark to be taken where both can, from the rest of the table or from the caller.
        told: whether the caller gave it.
        marked: a cell for each mark that was seen, with its line.
        units: the units of the numbers, ``""`` for none, each with a line.
        ranges: the least and greatest number for each decimal mark.
        gaps: how many cells are empty, and how many say otherwise that a number is missing; each
            with the line of the first.
        odd: line and text of the first cell that is no number.
    """

    name: str
    position: int
    limit: int | None = KEPT
    forced: bool = False
    rows: int = 0
    numbers: int = 0
    words: int = 0
    dates: int = 0
    figures: int = 0
    texts: set[str] = field(default_factory=set[str])
    many: bool = False
    decimals: tuple[str, ...] = DECIMALS
    hint: str | None = None
    told: bool = False
    marked: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    units: dict[str, int] = field(default_factory=dict[str, int])
    ranges: dict[str, tuple[float, float]] = field(default_factory=dict[str, tuple[float, float]])
    whole: bool = True
    zeros: bool = False
    lengths: set[int] = field(default_factory=set[int])
    inexact: bool = False
    gaps: dict[bool, tuple[int, int]] = field(default_factory=dict[bool, tuple[int, int]])
    odd: tuple[int, str] | None = None

    def add(self, cells: Sequence[str], lines: Sequence[int]) -> None:
        """Look at the cells of some rows."""
        self.rows += len(cells)
        if not self.many:
            self.texts.update(map(str.strip, cells))
            self.texts.discard("")
            self.many = self.limit is not None and len(self.texts) > self.limit
        for decimal in self.decimals:
            values = simple(cells, decimal)
            if values is not None:
                self._add_numbers(cells, lines, decimal, values)
                return
        first = dict(zip(reversed(cells), reversed(lines), strict=True))
        for cell, count in Counter(cells).items():
            self._add_cell(cell.strip(), count, first[cell])

    def _add_numbers(
        self, cells: Sequence[str], lines: Sequence[int], decimal: str, values: NDArray[Any]
    ) -> None:
        """Count cells that are all numbers without thousands and units."""
        self.numbers += len(cells)
        self.units.setdefault("", lines[0])
        text = "\n".join(cells)
        marked = "." in text or "," in text
        if marked and len(self.decimals) > 1:
            for cell, line in zip(cells, lines, strict=True):
                self._strike(cell, line, readings(cell)[0])
                if len(self.decimals) < 2:
                    break
        for each in self.decimals:
            other = marked and each != decimal
            self._extend(each, np.array([parse(c, each) for c in cells]) if other else values)
        self.whole = self.whole and not marked and bool((values == np.floor(values)).all())
        if self.whole:
            self.lengths.update(map(len, cells))
            self.zeros = self.zeros or _ZEROS.search(text) is not None
        if np.abs(values).max() >= EXACT:
            for cell, line, value in zip(cells, lines, values.tolist(), strict=True):
                self._check_large(cell.strip(), line, value)

    def _add_cell(self, cell: str, count: int, line: int) -> None:
        """Count a cell, whatever it is."""
        if is_missing(cell):
            before, first = self.gaps.get(not cell, (0, line))
            self.gaps[not cell] = before + count, min(first, line)
            return
        marks, unit = readings(cell)
        if any(each in marks for each in self.decimals):
            self.numbers += count
            self.units.setdefault(unit, line)
            self._strike(cell, line, marks)
            for each in self.decimals:
                self._extend(each, np.array([parse(cell, each)]))
            self.whole = self.whole and is_whole(cell)
            self.lengths.add(len(cell))
            self.zeros = self.zeros or _ZEROS.search(cell) is not None
            self._check_large(cell, line, parse(cell, self.decimals[0]))
            return
        self.words += count
        self.dates += count if is_date(cell) else 0
        self.figures += count if looks_numeric(cell) else 0
        if self.odd is None or line < self.odd[0]:
            self.odd = (line, cell)

    def _strike(self, cell: str, line: int, marks: str) -> None:
        """Strike out a decimal mark that a number cannot be read with."""
        for each in DECIMALS:
            if each in cell:
                self.marked.setdefault(each, (line, cell))
        self.decimals = tuple(each for each in self.decimals if each in marks) or self.decimals

    def _extend(self, decimal: str, values: NDArray[Any]) -> None:
        low, high = self.ranges.get(decimal, (np.inf, -np.inf))
        self.ranges[decimal] = min(low, float(values.min())), max(high, float(values.max()))

    def _check_large(self, cell: str, line: int, value: float) -> None:
        """A whole number that float64 would change is a code; one beyond float32 is a fault."""
        if abs(value) > LARGEST:
            self.odd = self.odd or (line, cell)
        elif abs(value) >= EXACT and is_whole(cell):
            self.inexact = self.inexact or int(cell) != int(value)

    # ---- what follows ------------------------------------------------------------------------
    @property
    def kind(self) -> Kind:
        """What the column is."""
        if not self.texts:
            return "empty"
        if self.forced:
            return "category"
        if self.inexact or self.are_codes or not self.numbers:
            if self.words and self.dates == self.words:
                return "date"
            if self.words and self.figures == self.words:
                return "unclear"
            return self._word_kind()
        if self.words:
            return "mixed" if 2 * self.numbers >= self.numbers + self.words else self._word_kind()
        if self.odd is not None:
            return "mixed"
        return "unclear" if self.decimal is None or len(self.units) > 1 else "number"

    def _word_kind(self) -> Kind:
        count = len(self.texts)
        different = self.rows > 2 and count == self.rows
        many = self.many or count > CATEGORIES or count > max(FEW, self.rows // 2)
        return "text" if many or different else "category"

    @property
    def all_differ(self) -> bool:
        """Whether no cell occurs twice, as far as is seen: too many to be kept count the rows."""
        low, high = self.ranges.get(".", (0.0, 0.0))
        return high - low + 1 == self.rows if self.many else len(self.texts) == self.rows

    @property
    def are_codes(self) -> bool:
        """Whether whole numbers with leading zeros would become the same, as 01 and 1 do."""
        if not (self.zeros and self.whole) or self.words or not self.numbers:
            return False
        if self.many:
            return len(self.lengths) > 1
        whole = [text for text in self.texts if is_whole(text)]
        return len({int(text) for text in whole}) < len(whole)

    @property
    def decimal(self) -> str | None:
        """The decimal mark of the column; ``None`` if it cannot be told."""
        if len(self.decimals) == 1 or not self.marked:
            return self.decimals[0]
        if self.told or (self.hint is not None and "," in self.marked and "." not in self.marked):
            return self.hint
        return "." if list(self.marked) == ["."] and self.hint in (None, ".") else None

    @property
    def proven(self) -> str | None:
        """The decimal mark that the column proves by itself."""
        return self.decimals[0] if len(self.decimals) == 1 and not self.words else None

    @property
    def unit(self) -> str:
        """The unit of the numbers, ``""`` for none."""
        return next(iter(self.units), "")

    @property
    def missing(self) -> tuple[int, int]:
        """How many cells are missing, and the line of the first of them, 0 for none."""
        empty, unsaid = self.gaps.get(True, (0, 0)), self.gaps.get(False, (0, 0))
        if self.kind not in ("number", "unclear", "mixed"):
            return empty  # NA may be the name of a category
        firsts = [line for _count, line in (empty, unsaid) if line]
        return empty[0] + unsaid[0], min(firsts, default=0)
