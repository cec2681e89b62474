"""Tables in text files (CSV), with every bad cell named by its line and column."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from nissl.datasets.dataset import Array, Dataset, make
from nissl.datasets.files import check_regular
from nissl.errors import ArgumentError, DataError, FileFormatError, UnknownNameError

__all__ = ["Task", "from_csv"]

Task = Literal["auto", "classification", "regression"]


@dataclass
class _Table:
    """The rows read so far: features as numbers, targets still as text."""

    path: Path
    columns: list[str]
    target: int
    features: list[Array]
    targets: list[str]
    lines: list[int]

    def bad_cell(self, line: int, column: int, cell: str) -> DataError:
        problem = (
            f"{cell!r} is not a finite float32 number" if cell.strip() else "the cell is empty"
        )
        return DataError(
            f"{self.path}, line {line}, column {self.columns[column]!r}: {problem}; "
            "correct the cell or remove its row."
        )

    def add(self, line: int, row: list[str]) -> None:
        if len(row) != len(self.columns):
            raise DataError(
                f"{self.path}, line {line}: {len(row)} columns, where the first line has "
                f"{len(self.columns)}."
            )
        self.targets.append(row[self.target].strip())
        if not self.targets[-1]:
            raise self.bad_cell(line, self.target, "")
        cells = row[: self.target] + row[self.target + 1 :]
        values = _numbers(cells)
        if not np.isfinite(values).all():
            first = int(np.argmin(np.isfinite(values)))
            raise self.bad_cell(line, first + (first >= self.target), cells[first])
        self.features.append(values)
        self.lines.append(line)

    def class_labels(self) -> Array:
        """The targets as integers if all are, so that 10 comes after 2; as text otherwise."""
        try:
            return np.array([int(cell) for cell in self.targets])
        except (ValueError, OverflowError):
            return np.array(self.targets)

    def numeric_targets(self) -> Array | None:
        """The targets as numbers; ``None`` if none of them is one; an error if only some are."""
        values = _numbers(self.targets)
        bad = ~np.isfinite(values)
        if bad.all():
            return None
        if bad.any():
            first = int(np.argmax(bad))
            raise DataError(
                f"{self.bad_cell(self.lines[first], self.target, self.targets[first])} "
                "If the targets are classes, say task='classification'."
            )
        return values


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _numbers(cells: list[str]) -> Array:
    """The cells as float32; NaN for one that is no number, infinite for one that is too large."""
    with np.errstate(over="ignore"):
        try:
            return np.array([float(cell) for cell in cells], np.float32)
        except ValueError:
            return np.array([_number(cell) for cell in cells], np.float32)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The lines of the file that are not blank, with their numbers from 1."""
    import csv

    with path.open(newline="", encoding="utf-8-sig") as file:
        delimiter = max(",;\t", key=file.readline().count)
        file.seek(0)
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield reader.line_num, row
        except (csv.Error, UnicodeDecodeError) as error:
            raise FileFormatError(f"{path}, after line {reader.line_num}: {error}") from error


def _start(path: Path, target: str | None, line: int, first: list[str]) -> _Table:
    """A table from its first line, which is a header if it names the target or holds words."""
    words = [cell.strip() for cell in first]
    if len(words) < 2:
        raise DataError(
            f"{path}, line {line}: one column only; features and a target are needed, "
            "separated by commas, semicolons or tabs."
        )
    if target is None:
        header = any(np.isnan(_number(cell)) and cell for cell in words[:-1])
        position = len(words) - 1
    elif target in words:
        header, position = True, words.index(target)
    else:
        raise UnknownNameError("column", target, words)
    columns = words if header else [str(number) for number in range(1, len(words) + 1)]
    table = _Table(path, columns, position, [], [], [])
    if not header:
        table.add(line, first)
    return table


def from_csv(
    path: str | os.PathLike[str],
    *,
    target: str | None = None,
    task: Task = "auto",
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """Load a table of numbers with one target column, and set a test part aside.

    Args:
        path: The file, in UTF-8; commas, semicolons or tabs separate its columns. A first line of
            column names is optional.
        target: Name of the target column; the last column if not given.
        task: ``"classification"`` takes the target's distinct values as classes, ``"regression"``
            takes it as numbers, ``"auto"`` does the first for words and the second for numbers.
        test_fraction: Share of rows set aside for testing, in (0, 1).
        seed: Which split; the same seed gives the same split.

    Returns:
        Features of float32, shape ``(N, columns - 1)``; class numbers, or targets of float32.

    Raises:
        DataError: a cell is empty, not a number, or infinite; a row has too few or many columns.
        FileFormatError: the file is empty or not text.
        UnknownNameError: no column is called ``target``.
    """
    path = Path(path)
    check_regular(path)
    if task not in ("auto", "classification", "regression"):
        raise ArgumentError(f"task is {task!r}; it can be auto, classification or regression.")
    try:
        rows = _rows(path)
        first = next(rows, None)
        if first is None:
            raise FileFormatError(f"{path} has blank lines only.")
        table = _start(path, target, *first)
        for line, row in rows:
            table.add(line, row)
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path} is not a text file in UTF-8: {error}") from error
    if not table.features:
        raise DataError(f"{path} has a header, and no rows.")
    values = None if task == "classification" else table.numeric_targets()
    if values is None and task == "regression":
        raise table.bad_cell(table.lines[0], table.target, table.targets[0])
    return make(
        path.stem,
        str(path),
        (np.stack(table.features), table.class_labels() if values is None else values),
        test_fraction=test_fraction,
        seed=seed,
    )
