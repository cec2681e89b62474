"""The cells of a table's columns checked, and brought to the arrays of samples and targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nissl.core.tensor import Host
from nissl.datasets.columns import Column
from nissl.datasets.notation import is_missing, parse, simple
from nissl.datasets.seen import Seen
from nissl.datasets.survey import Survey, blocks
from nissl.errors import DataError

__all__ = ["bad_cell", "check_figures", "check_numbers", "check_present", "fill"]


def bad_cell(survey: Survey, line: int, name: str, problem: str) -> DataError:
    """The error for one cell."""
    return DataError(
        f"{survey.rows.path}, line {line}, column {name!r}: {problem}; correct the cell, remove "
        "its row, or leave the column out with ignore (--ignore)."
    )


def check_numbers(survey: Survey, seen: Seen) -> None:
    """Refuse a column that is to be numbers, unless all of its cells are, for certain."""
    if seen.words or seen.odd:
        line, cell = seen.odd or (0, "")
        raise bad_cell(survey, line, seen.name, f"{cell!r} is not a finite float32 number")
    check_present(survey, seen)
    if seen.inexact:
        raise _unclear(survey, seen, "has whole numbers of more digits than float64 holds")
    units = [f"{unit or 'none'} (line {line})" for unit, line in seen.units.items()]
    if len(units) > 1:
        raise _unclear(survey, seen, f"has numbers with different units: {', '.join(units)}")
    if seen.decimal is None:
        line, cell = seen.marked.get(",") or seen.marked["."]
        raise _unclear(
            survey, seen, f"has numbers such as {cell!r} (line {line}) that can be read in two ways"
        )


def _unclear(survey: Survey, seen: Seen, problem: str) -> DataError:
    return DataError(
        f"{survey.rows.path}: the column {seen.name!r} {problem}. Write them as 1234.5; or say "
        "decimal=',' or decimal='.' (--decimal), take the cells as categories with category "
        "(--category), or leave the column out with ignore (--ignore)."
    )


def check_figures(survey: Survey, seen: Seen) -> None:
    """Refuse a column of texts that look like numbers, and are none that can be read."""
    line, cell = seen.odd or (0, "")
    raise _unclear(survey, seen, f"has texts such as {cell!r} (line {line}) that look like numbers")


def check_present(survey: Survey, *columns: Seen) -> None:
    """Refuse columns in which cells are missing; the error counts them in all."""
    gaps = [each for each in columns if each.missing[0]]
    listed = ", ".join(f"{each.name} {each.missing[0]:,}" for each in gaps)
    for each in gaps:
        line = each.missing[1]
        empty = line == each.gaps.get(True, (0, 0))[1]
        problem = "the cell is empty" if empty else "the cell says that there is no value"
        raise bad_cell(survey, line, each.name, f"{problem} (missing cells: {listed})")


def fill(
    survey: Survey, used: Sequence[Column], dtype: str, target: Column | None = None
) -> tuple[Host, Host]:
    """The features that columns become, ``(rows, features)``, and the targets, ``(rows,)``.

    Args:
        survey: the table; the positions of columns are those of this table.
        used: the columns of the features.
        dtype: of the features.
        target: the column of the targets: class numbers (int32), or numbers (float64).

    Raises:
        DataError: a cell is no number, or none of the categories.
    """
    widths = [len(each.features) for each in used]
    x = np.zeros((survey.count, sum(widths)), dtype)
    classes = target is not None and target.kind == "category"
    y = np.zeros(survey.count if target else 0, np.int32 if classes else np.float64)
    row = 0
    for lines, cells in blocks(survey.rows, survey.header, len(survey.columns)):
        rows = slice(row, row + len(lines))
        place = 0
        for column, width in zip(used, widths, strict=True):
            texts = cells[column.position - 1]
            if column.kind == "number":
                x[rows, place] = _numbers(survey, column, texts, lines)
            else:
                chosen = _codes(survey, column, texts, lines)
                x[np.arange(rows.start, rows.stop), place + chosen] = 1
            place += width
        if target is not None:
            read = _codes if classes else _numbers
            y[rows] = read(survey, target, cells[target.position - 1], lines)
        row = rows.stop
    return x, y


def _numbers(survey: Survey, column: Column, texts: Sequence[str], lines: Sequence[int]) -> Host:
    values = simple(texts, column.decimal)
    if values is None:
        values = np.array([parse(text, column.decimal) for text in texts])
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(values.astype(np.float32))
    if bad.any():
        first = int(np.argmax(bad))
        cell = texts[first].strip()
        problem = f"{cell!r} is not a finite float32 number"
        problem = "the cell is empty" if is_missing(cell) else problem
        raise bad_cell(survey, lines[first], column.name, problem)
    return values


def _codes(survey: Survey, column: Column, texts: Sequence[str], lines: Sequence[int]) -> Host:
    """The numbers of the categories that texts name, from 0, as int32."""
    known = {name: number for number, name in enumerate(column.categories)}
    try:
        return np.array([known[text.strip()] for text in texts], np.int32)
    except KeyError as error:
        cell = error.args[0]
        line = next(n for n, text in zip(lines, texts, strict=True) if text.strip() == cell)
    if not cell:
        raise bad_cell(survey, line, column.name, "the cell is empty")
    names = ", ".join(column.categories[:10]) + (", ..." if len(column.categories) > 10 else "")
    raise DataError(
        f"{survey.rows.path}, line {line}, column {column.name!r}: {cell!r} did not occur in "
        f"training, where there were {names}; correct the cell or remove its row."
    )
