"""Tables in text files (CSV), with every bad cell named by its line and column."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from nissl import arguments
from nissl.core.tensor import Host
from nissl.datasets.columns import Column, Columns
from nissl.datasets.dataset import Dataset, exact_dtype, make
from nissl.datasets.filling import (
    bad_cell,
    check_figures,
    check_numbers,
    check_present,
    fill,
)
from nissl.datasets.notation import is_number, is_unsaid, is_whole
from nissl.datasets.rows import Rows
from nissl.datasets.seen import Seen
from nissl.datasets.survey import Header, Survey, has_header, survey
from nissl.errors import ArgumentTypeError, DataError, nearest
from nissl.files import user_path

__all__ = ["from_csv"]

Task = Literal["auto", "classification", "regression"]
TASKS: tuple[Task, ...] = ("auto", "classification", "regression")
CLASSES = "If the targets are classes, say task='classification'."
_ID = re.compile(r"(?i:([^a-z]|.*[^a-z])?(id|index|nr|no|stt))|.*[a-z](ID|Id)")
WARNED = ("is left out", "header=True", "float64")  # in notes of what may be lost unseen
FEW_VALUES = 20  # different whole numbers up to which a target may be meant as classes


def examine(
    path: str | os.PathLike[str],
    *,
    target: str | int | None = None,
    task: Task = "auto",
    header: Header = "infer",
    ignore: str | int | Iterable[str | int] = (),
    category: str | int | Iterable[str | int] = (),
    decimal: str | None = None,
    encoding: str | None = None,
) -> Survey:
    """Look at a table without reading data from it; the arguments are those of ``from_csv``."""
    arguments.one_of("load", "task", task, TASKS)
    arguments.one_of("load", "header", header, (True, False, "infer"))
    if decimal is not None:
        arguments.one_of("load", "decimal", decimal, (".", ","))
    return survey(
        Rows.of(user_path(path, "from_csv: path"), encoding),
        target=target,
        header=header,
        ignore=_several("ignore", ignore),
        category=_several("category", category),
        decimal=decimal,
        classes=task == "classification",
    )


def _several(name: str, given: Any) -> tuple[Any, ...]:
    if isinstance(given, str | int | np.integer):
        return (given,)
    if not isinstance(given, Iterable):
        raise ArgumentTypeError(f"load: {name} is a column or a list of them, not {given!r:.80}")
    return tuple(given)


def choose(found: Survey, task: Task = "auto") -> tuple[Columns, tuple[str, ...]]:
    """How the columns of a table are used, and what a reader should know of it.

    Raises:
        DataError: a cell is missing or no number, or no column is left.
    """
    places = set(range(len(found.columns))) - found.left_out - {found.target}
    rest = [found.columns[place] for place in sorted(places)]
    left = [note for each in rest if (note := _left_out(each))]
    kept = [each for each in rest if not _left_out(each)]
    if not kept:
        raise DataError(f"{found.rows.path}: no column is left for the features. {' '.join(left)}")
    seen = found.columns[found.target]
    check_present(found, *kept, seen)
    target = _target(found, seen, task)
    used = tuple(_column(found, each) for each in kept)
    notes = [*found.notes, *left, *(_encoded(each) for each in used if each.kind == "category")]
    few = len(seen.texts) <= min(FEW_VALUES, seen.rows // 2)
    if target.kind == "number" and task == "auto" and few and seen.whole:
        notes.append(
            f"the target {seen.name!r} has {len(seen.texts)} different whole numbers, taken as "
            "measured values (regression); task='classification' (--task classification) takes "
            "them as classes."
        )
    notes += [
        f"the column {each.name!r} has another whole number in each row; if it is an id, leave it "
        "out with ignore (--ignore)."
        for each in kept
        if each.kind == "number" and each.whole and each.all_differ and _ID.fullmatch(each.name)
    ]
    dtype = "float64" if any(map(_is_wide, kept)) else "float32"
    return Columns(found.header, len(found.columns), target, used, dtype), tuple(notes)


def _target(found: Survey, seen: Seen, task: Task) -> Column:
    coded = seen.inexact or seen.are_codes or not seen.numbers
    if seen.kind == "unclear" and not seen.numbers and task == "auto":
        check_figures(found, seen)
    rare = len(seen.texts) > max(FEW_VALUES, seen.rows // 2) or seen.kind == "date"
    if coded and rare and task == "auto":
        raise DataError(
            f"{found.rows.path}: the target {seen.name!r} has {len(seen.texts):,} different texts "
            f"in {seen.rows:,} rows. Choose another column with target (--target), or say "
            "task='classification' (--task classification) to take each as a class."
        )
    unsaid = sorted(filter(is_unsaid, seen.texts))
    if coded and unsaid and task == "auto":
        problem = f"{unsaid[0]!r} says that there is no value"
        raise DataError(f"{bad_cell(found, seen.gaps[False][1], seen.name, problem)} {CLASSES}")
    if seen.forced or (coded and task == "auto"):
        return Column(seen.name, seen.position, "category", _sorted(seen.texts))
    try:
        return _number_column(found, seen)
    except DataError as error:
        if task == "regression":
            raise
        raise DataError(f"{error} {CLASSES}") from None


def _number_column(found: Survey, seen: Seen) -> Column:
    check_numbers(found, seen)
    return Column(seen.name, seen.position, "number", (), seen.decimal or ".", seen.unit)


def _left_out(seen: Seen) -> str | None:
    """Why a column is left out, if it is."""
    if seen.kind == "empty":
        return f"the column {seen.name!r} is left out: it is empty."
    if seen.kind == "date":
        return (
            f"the column {seen.name!r} is left out: it has dates or times. Put what matters, such "
            "as the month, into a column of numbers; ignore (--ignore) leaves it out unsaid."
        )
    if seen.kind == "text":
        count = f"{len(seen.texts) - 1 if seen.many else len(seen.texts):,}"
        more = "more than " if seen.many else ""
        return (
            f"the column {seen.name!r} is left out: it has {more}{count} different texts in "
            f"{seen.rows:,} rows. ignore (--ignore) leaves it out unsaid, category (--category) "
            "takes each text as a category."
        )
    return None


def _encoded(column: Column) -> str:
    names = ", ".join(column.categories[:6]) + (", ..." if len(column.categories) > 6 else "")
    return (
        f"the column {column.name!r} has categories, each of which becomes a feature of 0 and 1: "
        f"{len(column.categories)} ({names})."
    )


def _column(found: Survey, seen: Seen) -> Column:
    if seen.kind == "category":
        return Column(seen.name, seen.position, "category", _sorted(seen.texts))
    if seen.kind == "unclear" and not seen.numbers:
        check_figures(found, seen)
    return _number_column(found, seen)


def _sorted(texts: Iterable[str]) -> tuple[str, ...]:
    """Whole numbers by their size, so that 10 comes after 2; all other texts as texts."""

    def key(text: str) -> tuple[int, str]:
        return int(text), text

    return tuple(sorted(texts, key=key if all(map(is_whole, texts)) else None))


def _is_wide(seen: Seen) -> bool:
    """Whether float32 might make different numbers the same."""
    if seen.kind != "number" or seen.decimal is None:
        return False
    low, high = seen.ranges[seen.decimal]
    largest = max(-low, high)
    return largest > 2**24 or 0 < high - low < 1e-4 * largest


def _arrays(found: Survey, columns: Columns) -> tuple[Host, Host]:
    """Samples and targets of a table."""
    x, y = fill(found, columns.used, columns.dtype, columns.target)
    return x, y if columns.target.kind == "category" else y.astype(exact_dtype(y))


def from_csv(
    path: str | os.PathLike[str],
    *,
    target: str | int | None = None,
    task: Task = "auto",
    header: Header = "infer",
    ignore: str | int | Iterable[str | int] = (),
    category: str | int | Iterable[str | int] = (),
    decimal: str | None = None,
    encoding: str | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """Load a table with one target column, and set a test part aside.

    Numbers are features as they are; a column of words with few different ones becomes a feature of
    0 and 1 for each. A column of texts that hardly occur twice, or of dates, is left out, with a
    warning. What was made of each column is in the result's ``columns`` and ``notes``.

    Args:
        path: The file: UTF-8, or UTF-16 with its mark; commas, semicolons, tabs or bars separate.
        target: Name of the target column, or its number from 1, as in ``2`` or ``"#2"``; a name
            wins over a number. The last column if not given.
        task: ``"classification"`` takes the target's distinct texts as classes, ``"regression"``
            takes it as numbers, ``"auto"`` does the first for words and the second for numbers.
        header: Whether the first line has the names of the columns; ``"infer"`` takes it so if it
            has words where numbers are below it. A first line of numbers is data.
        ignore: Columns to leave out, by names or numbers.
        category: Columns whose cells are categories, even if they are numbers or many.
        decimal: ``","`` or ``"."`` where a column leaves it open, as 1,234 does.
        encoding: Of the file, such as ``"cp1252"``.
        test_fraction: Share of rows set aside for testing, in (0, 1).
        seed: Which split; the same seed gives the same split.

    Returns:
        Features of float32, shape ``(N, features)``, or float64 where float32 would make different
        numbers the same; class numbers of int32, or targets of float32.

    Raises:
        DataError: a cell is missing or no number for certain; a row has too few or many columns.
        FileFormatError: the file is empty, not a text, or has a quote that is not closed.
        UnknownNameError: no column is called so.

    Warns:
        UserWarning: a column was left out, the first line may be a header, or the samples need
            float64.
    """
    found = examine(
        path,
        target=target,
        task=task,
        header=header,
        ignore=ignore,
        category=category,
        decimal=decimal,
        encoding=encoding,
    )
    columns, notes = choose(found, task)
    x, y = _arrays(found, columns)
    if columns.dtype == "float64" and exact_dtype(x) == np.float32:
        x, columns = x.astype(np.float32), replace(columns, dtype="float32")
    if columns.dtype == "float64":
        notes += (
            "the samples are float64, since float32 would make different numbers the same; layers "
            "with dtype='float64' keep them apart.",
        )
    for note in notes:
        if any(words in note for words in WARNED):
            warnings.warn(f"{path}: {note}", stacklevel=2)
    path = found.rows.path
    data = make(
        path.stem,
        str(path),
        (x, y),
        class_names=columns.target.categories,
        test_fraction=test_fraction,
        seed=seed,
    )
    return replace(data, columns=columns, notes=notes)


def read_like(
    path: str | os.PathLike[str],
    columns: Columns,
    *,
    targets: bool = False,
    header: bool | None = None,
    encoding: str | None = None,
) -> tuple[Host, Host, Sequence[int], tuple[str, ...]]:
    """Read samples from a table that has the columns of another one.

    Columns are matched by their names, in any order. A table without names has the columns in the
    order of the other one, all of them, or those of the features alone.

    Args:
        path: The file.
        columns: Of the table that was trained on.
        targets: Whether the target is read as well.
        header: Whether its first line has names; found out if not given.
        encoding: Of the file.

    Returns:
        The samples; the targets, if wanted; the line of each; and what a reader should know.

    Raises:
        DataError: a column is missing; a cell is missing, no number, or no category that is known.
    """
    rows = Rows.of(user_path(path), encoding)
    wanted = [*columns.used, *([columns.target] if targets else [])]
    if header is None:
        header = _headed(rows, columns, {each.name for each in wanted})
    found = survey(rows, header=header, lone=True)
    places, notes = _places(found, columns, wanted)
    matched: list[Column] = []
    for column, place in zip(wanted, places, strict=True):
        seen = found.columns[place]
        decimal = column.decimal
        if column.kind == "number":
            seen.hint, seen.told = column.decimal, True
            check_numbers(found, seen)
            decimal = seen.decimal or "."
            if seen.unit != column.unit:
                raise DataError(
                    f"{path}: the column {seen.name!r} has the unit {seen.unit or 'none'!r}, and "
                    f"had {column.unit or 'none'!r} in training; bring it to the same."
                )
        matched.append(replace(column, name=seen.name, position=place + 1, decimal=decimal))
    here = replace(columns, used=tuple(matched[: len(columns.used)]), target=matched[-1])
    if targets:
        return *_arrays(found, here), found.lines, notes
    return *fill(found, here.used, here.dtype), found.lines, notes


def _headed(rows: Rows, columns: Columns, names: set[str]) -> bool:
    """Whether the first line of another table has names, which those of training tell best."""
    first = [cell.strip() for cell in next(iter(rows), (1, [""]))[1]]
    if columns.header and names & set(first):
        return names <= set(first) or not all(map(is_number, names))
    return bool(has_header(rows, first))


def _places(
    found: Survey, columns: Columns, wanted: Sequence[Column]
) -> tuple[list[int], tuple[str, ...]]:
    """The position of each column that is wanted, from 0, and what a reader should know of it."""
    path, names = found.rows.path, found.names
    if columns.header and found.header:
        lost = [each.name for each in wanted if each.name not in names]
        if lost:
            raise DataError(
                f"{path} lacks columns that the model was trained with: {', '.join(lost)}; "
                f"{nearest(lost[0], names)}there are: {', '.join(names)}."
            )
        known = {each.name for each in (*columns.used, columns.target)}
        others = [name for name in names if name not in known]
        notes = (f"columns that the model does not use: {', '.join(others)}.",) if others else ()
        return [names.index(each.name) for each in wanted], notes
    order = sorted(wanted, key=lambda each: each.position)
    if len(names) == columns.width:
        places = [each.position - 1 for each in wanted]
    elif len(names) == len(wanted):
        places = [order.index(each) for each in wanted]
    else:
        raise DataError(
            f"{path} has {len(names)} columns and no names that the model knows; it was trained "
            f"with {len(columns.used)} of {columns.width} columns: "
            f"{', '.join(each.name for each in columns.used)}."
        )
    taken = ", ".join(str(place + 1) for place in places[:20]) + (", ..." if places[20:] else "")
    notes = (f"the columns are not named as in training, and taken by their numbers: {taken}.",)
    return places, notes if columns.header or found.header or len(names) > len(wanted) else ()
