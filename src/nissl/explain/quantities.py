"""The numbers of an explanation, each with a name: for files, and to be compared.

>>> rows = [Quantity("B2", "a_1^(1)", 0.5), Quantity("B2", "z_1^(1)", 0.25)]
>>> print(to_csv(rows), end="")
step,name,value
B2,a_1^(1),0.5
B2,z_1^(1),0.25
>>> from_csv("step;name;value\\nB2;a_1^(1);0,5")
[Quantity(step='B2', name='a_1^(1)', value=0.5)]
"""

from __future__ import annotations

import csv
import io
import json
import math
import numbers
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nissl.errors import DataError
from nissl.explain import notation
from nissl.explain.parts import Cell, Part, Table, Text, Value
from nissl.files import user_path

__all__ = ["Quantity"]

_COLUMNS = ("step", "name", "value")
_SIDES = re.compile(r" [=←] ")
_MOST_BYTES = 16_000_000  # of a file of numbers


@dataclass(frozen=True)
class Quantity:
    """One number.

    Attributes:
        step: where it belongs, such as the title of a table.
        name: as a keyboard types it: ``"w_11^(2)"``, ``"delta_1^(1)"``.
        value: the number; NaN where it could not be read.
        given: whether an exercise starts from it, so that a work sheet keeps it.
    """

    step: str
    name: str
    value: float
    given: bool = field(default=False, compare=False, repr=False)


# ---- out of tables ----------------------------------------------------------------------------
def of_parts(parts: Iterable[Part]) -> Iterator[Quantity]:
    """Yield the numbers in tables: a row's first words, and its column where it has several."""
    heading = ""
    for part in parts:
        if isinstance(part, Text):
            heading = part.text if part.heading else heading
        else:
            yield from _of_table(part, heading)


def _of_table(table: Table, heading: str) -> Iterator[Quantity]:
    step = typed(table.title or heading)
    found = [[_number(value) for value in row] for row in table.rows]
    titles = [typed(cell.text) for cell in table.titles()]
    named = [i for i, _ in enumerate(titles) if any(row[i] is not None for row in found)]
    firsts = [row[0].text for row in table.cells()]
    if 0 in named and len(set(firsts)) == len(firsts) and len(named) > 1:
        named.remove(0)
    for place, (cells, values) in enumerate(zip(table.cells(), found, strict=True), start=1):
        label = label_of(cells[0])
        if 0 in named:
            label = f"row {place}"
        elif values[0] is not None:
            label = f"{titles[0]}={label}"
        for column in named:
            value = values[column]
            if value is not None:
                name = f"{label} {titles[column]}" if len(named) > 1 else label
                yield Quantity(step, name.strip(), value, table.keeps(column))


def label_of(cell: Cell) -> str:
    """Return what a row is about: of an equation its first side.

    >>> label_of(Cell("a₁⁽²⁾ = w₁₀⁽²⁾ + … = 0.5"))
    'a_1^(2)'
    """
    return typed(_SIDES.split(cell.text)[0])


def typed(text: str) -> str:
    """Return a text as a keyboard types it, on one line."""
    return " ".join(notation.plain(Cell(text).to_text(), accents=True).split())


def _number(value: Value) -> float | None:
    if isinstance(value, numbers.Real):
        return float(value)
    if isinstance(value, Cell):
        try:
            return float(value.text)
        except ValueError:
            return None
    return None


# ---- files ------------------------------------------------------------------------------------
def to_csv(quantities: Iterable[Quantity]) -> str:
    """Return lines ``step,name,value`` in UTF-8's order, with as many digits as name a number."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows((each.step, each.name, repr(each.value)) for each in quantities)
    return stream.getvalue()


def to_json(kind: str, language: str, quantities: Iterable[Quantity], parts: Iterable[Part]) -> str:
    """Return a JSON object: kind, language, numbers, and the texts and tables as they are read."""
    found = {
        "explanation": kind,
        "language": language,
        "numbers": [
            {"step": each.step, "name": each.name, "value": _plain(each.value)}
            for each in quantities
        ],
        "parts": [_described(part) for part in parts],
    }
    return json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    """A value as JSON has it: what is not finite is a text."""
    if isinstance(value, Cell):
        return value.text
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else str(float(value))
    return value


def _described(part: Part) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"heading" if part.heading else "text": Cell(part.text).to_text()}
    return {
        "title": Cell(part.title).to_text(),
        "columns": [cell.to_text() for cell in part.titles()],
        "rows": [[_plain(value) for value in row] for row in part.rows],
    }


def read(path: Any) -> list[Quantity]:
    """Read a file of numbers: CSV, with points or commas for decimals, or JSON as it is written.

    Raises:
        DataError: the file has no numbers with names; it says which line is wrong.
    """
    place: Path = user_path(path)
    if not place.is_file():
        raise DataError(f"{place}: there is no such file; numbers are written with -o numbers.csv")
    if place.stat().st_size > _MOST_BYTES:
        raise DataError(f"{place}: a file of numbers has at most {_MOST_BYTES:,} bytes")
    try:
        text = place.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{place}: the file is not UTF-8 text; save it as CSV in UTF-8") from error
    try:
        return from_json(text) if text.lstrip().startswith("{") else from_csv(text)
    except DataError as error:
        raise DataError(f"{place}: {error}") from error


def from_json(text: str) -> list[Quantity]:
    """Read what :func:`to_json` writes."""
    try:
        given = json.loads(text)
        listed = given["numbers"]
        return [
            Quantity(str(each.get("step", "")), str(each["name"]), _read(each["value"], place))
            for place, each in enumerate(listed, start=1)
        ]
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise DataError(
            'this JSON has no list "numbers" of objects with "name" and "value"; write it with '
            f"-o numbers.json ({type(error).__name__}: {error})"
        ) from error


def from_csv(text: str) -> list[Quantity]:
    """Read lines ``step,name,value`` or ``name,value``; semicolons and tabs separate too."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise DataError("the file is empty; a line a number is wanted: step,name,value")
    mark = max(";\t,", key=lines[0].count)
    try:
        rows = list(csv.reader(lines, delimiter=mark, strict=True))
    except csv.Error as error:
        raise DataError(f"this is no CSV, perhaps a quotation mark is open: {error}") from error
    head = [each.strip().lower() for each in rows[0]]
    columns = {name: head.index(name) for name in _COLUMNS if name in head}
    if "name" in columns and "value" in columns:
        rows = rows[1:]
    else:
        columns = {"name": 0, "value": 1} if len(head) == 2 else {"step": 0, "name": 1, "value": 2}
    found: list[Quantity] = []
    for number, row in enumerate(rows, start=len(lines) - len(rows) + 1):
        if len(row) <= max(columns.values()) or any(row[max(len(head), len(columns)) :]):
            raise DataError(
                f"line {number} has {len(row)} columns, and {', '.join(columns)} are wanted: "
                f"{mark.join(row)!r}; numbers with a decimal comma, and names with a comma, stand "
                "in quotation marks or between semicolons"
            )
        step = row[columns["step"]].strip() if "step" in columns else ""
        found.append(
            Quantity(step, row[columns["name"]].strip(), _read(row[columns["value"]], number))
        )
    return found


def _read(value: Any, number: int) -> float:
    """A number that was typed: also with a decimal comma, a Unicode minus, or nothing yet."""
    if isinstance(value, int | float):
        return float(value)
    shown = re.sub(r"(?<=\d)\s(?=\d{3})", "", str(value).strip().replace("−", "-"))
    if not shown.strip("_ ."):
        return math.nan
    for text in (shown, shown.replace(",", ".")):
        try:
            return float(text)
        except ValueError:
            continue
    raise DataError(f"line {number}: {value!r} is no number")
