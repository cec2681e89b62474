"""What the columns of a table hold, before anything is taken from them.

A table is read twice: once to see what each column is, in memory that does not grow with the
number of rows, and once to fill the arrays.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal
from unicodedata import normalize

import numpy as np

from nissl.datasets.notation import is_missing, is_number
from nissl.datasets.rows import Rows, one_column
from nissl.datasets.seen import Seen
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    FileFormatError,
    UnknownNameError,
)

__all__ = ["Header", "Survey", "blocks", "find_column", "has_header", "survey"]

Header = bool | Literal["infer"]
BLOCK = 2048  # rows that are looked at together


@dataclass(frozen=True, eq=False)
class Survey:
    """What was seen of a table.

    Attributes:
        rows: the table.
        header: whether the first line has the names of the columns.
        columns: what was seen of each column.
        target: position of the target among them, from 0; -1 for none.
        left_out: positions of the columns that were asked to be left out.
        lines: the line of each sample.
        notes: what a reader should know.
    """

    rows: Rows
    header: bool
    columns: tuple[Seen, ...]
    target: int
    left_out: frozenset[int]
    lines: Sequence[int]
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many samples there are."""
        return len(self.lines)

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [each.name for each in self.columns]


def find_column(names: Sequence[str], wanted: Any, what: str = "target") -> int:
    """The position, from 0, of a column by its name, or by its number from 1 as in 2 or ``"#2"``.

    A name wins over a number, ``#`` is for numbers alone.

    >>> find_column(["a", "b"], "b"), find_column(["a", "b"], 1), find_column(["2", "1"], 1)
    (1, 0, 1)
    """
    if isinstance(wanted, bool) or not isinstance(wanted, str | int | np.integer):
        raise ArgumentTypeError(
            f"{what} is the name of a column or its number, not {wanted!r:.80}."
        )
    text = normalize("NFC", str(wanted)).strip()
    if text in names:
        return list(names).index(text)
    digits = text.removeprefix("#")
    if digits.isascii() and digits.isdecimal() and 1 <= int(digits) <= len(names):
        return int(digits) - 1
    raise UnknownNameError("column", text, names)


def blocks(
    rows: Rows, header: bool, width: int
) -> Iterator[tuple[list[int], list[tuple[str, ...]]]]:
    """The lines and the columns of some rows at a time, each row checked for its length."""
    lines: list[int] = []
    kept: list[list[str]] = []
    for line, row in islice(iter(rows), int(header), None):
        if len(row) < width or any(map(str.strip, row[width:])):
            raise DataError(
                f"{rows.path}, line {line}: {len(row)} columns, where the first line has {width}."
            )
        lines.append(line)
        kept.append(row[:width])
        if len(lines) == BLOCK:
            yield lines, list(zip(*kept, strict=True))
            lines, kept = [], []
    if lines:
        yield lines, list(zip(*kept, strict=True))


def survey(
    rows: Rows,
    *,
    target: str | int | None = None,
    header: Header = "infer",
    ignore: Iterable[str | int] = (),
    category: Iterable[str | int] = (),
    decimal: str | None = None,
    classes: bool = False,
    lone: bool = False,
) -> Survey:
    """Look at every cell of a table.

    Args:
        rows: the table.
        target: name or number of the target; the last column that is not ignored by default.
        header: whether the first line has names.
        ignore: columns to leave out.
        category: columns whose numbers are names of categories.
        decimal: the decimal mark where a column leaves it open.
        classes: whether the targets are wanted as classes, whatever they are.
        lone: whether one column is enough.

    Raises:
        DataError: there are no rows, rows differ in length, or names occur twice.
    """
    first = next(iter(rows), None)
    if first is None:
        raise FileFormatError(f"{rows.path} has blank lines only.")
    line, cells = first
    words = [cell.strip() for cell in cells]
    if len(words) < 2 and not lone:
        raise one_column(rows.path, line)
    headed = has_header(rows, words, target) if header == "infer" else header
    if headed is None:
        raise DataError(
            f"{rows.path}: whether its first line has the names of the columns cannot be told; "
            "say header=True (--header) if it has, header=False (--no-header) if it is data."
        )
    names = _names(rows, line, words) if headed else [str(n + 1) for n in range(len(words))]
    left_out = {find_column(names, each, "ignore") for each in ignore}
    wanted = find_column(names, target) if target is not None else None
    free = [place for place in range(len(names)) if place not in left_out and names[place]]
    if wanted in left_out or (wanted is None and not free):
        raise ArgumentError(
            f"the column {names[wanted or 0]!r} is the target, and is to be ignored as well."
        )
    chosen = free[-1] if wanted is None else wanted
    seen = [Seen(name, place + 1) for place, name in enumerate(names)]
    seen[chosen].limit = None
    seen[chosen].forced = classes
    for each in category:
        seen[find_column(names, each, "category")].forced = True
    numbers = array("q")
    for lines, columns in blocks(rows, headed, len(names)):
        numbers.extend(lines)
        for each, column in zip(seen, columns, strict=True):
            each.add(column, lines)
    count = len(numbers)
    if not count:
        raise DataError(f"{rows.path} has a header, and no rows.")
    _hint(seen, decimal)
    notes: tuple[str, ...] = ()
    if not headed and header == "infer" and words == [str(n) for n in range(len(words))]:
        notes = (
            f"the first line, {','.join(words[:4])}{',...' if len(words) > 4 else ''}, is taken as "
            "data; if these are names of columns, say header=True (--header).",
        )
    left_out |= {
        place for place, each in enumerate(seen) if place != chosen and _is_index(each, count)
    }
    _name_the_rest(seen)
    return Survey(rows, headed, tuple(seen), chosen, frozenset(left_out), numbers, notes)


def _hint(seen: list[Seen], decimal: str | None) -> None:
    """Let columns that leave their decimal mark open follow those that do not."""
    proven = {each.proven for each in seen if each.numbers} - {None}
    for each in seen:
        each.told = decimal is not None
        each.hint = decimal or (next(iter(proven)) if len(proven) == 1 else None)


def _is_index(seen: Seen, count: int) -> bool:
    """Whether a column has no name, and no cells, or counts the rows as pandas does."""
    if seen.name:
        return False
    counts = seen.whole and seen.ranges.get(".") in ((0, count - 1), (1, count))
    return seen.kind == "empty" or (seen.kind == "number" and counts)


def _name_the_rest(seen: list[Seen]) -> None:
    for each in seen:
        each.name = each.name or str(each.position)


def _names(rows: Rows, line: int, words: list[str]) -> list[str]:
    names = Counter(word for word in words if word)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        places = [str(place + 1) for place, word in enumerate(words) if word == twice[0]]
        raise DataError(
            f"{rows.path}, line {line}: the columns {' and '.join(places)} are both called "
            f"{twice[0]!r}; give each a name of its own."
        )
    return words


def has_header(rows: Rows, words: list[str], target: str | int | None = None) -> bool | None:
    """Whether the first line names the columns, by how it differs from those below; or unknown."""
    if isinstance(target, str) and normalize("NFC", target).strip() in words:
        named = normalize("NFC", target).strip()
        if not is_number(named):
            return True
    below = [row for _line, row in islice(iter(rows), 1, 201) if len(row) == len(words)]
    above_words = repeated = above_texts = False
    for place, word in enumerate(words):
        rest = [row[place].strip() for row in below]
        numbers = sum(map(is_number, rest))
        present = sum(not is_missing(each) for each in rest)
        if is_missing(word):
            continue
        if is_number(word):
            above_texts = above_texts or (present > 0 and numbers == 0)
        elif present and 2 * numbers >= present:
            above_words = True
        else:
            repeated = repeated or word in rest
    figures = [word for word in words if is_number(word)]
    counted = figures == [str(n) for n in range(len(figures))]
    texts = [word for word in words if not is_missing(word) and not is_number(word)]
    if not texts:
        return above_texts and counted
    if above_words or (counted and len(figures) > 1 and not repeated):
        return True
    if repeated or len(set(texts)) < len(texts) or not all(word.isdecimal() for word in figures):
        return False
    if not figures:
        return True
    return None
