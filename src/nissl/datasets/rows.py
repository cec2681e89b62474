"""The rows of a table in a text file: its encoding, its separator, its quotes."""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from unicodedata import normalize

from nissl.datasets.files import check_regular
from nissl.datasets.notation import is_number
from nissl.errors import ArgumentError, ArgumentTypeError, DataError, FileFormatError

__all__ = ["Row", "Rows"]

Row = tuple[int, list[str]]
SEPARATORS = ",;\t|"
SAMPLE_LINES = 50
MARKS = (  # UTF-32's mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods; .xls


@dataclass(frozen=True)
class Rows:
    """A table whose rows can be read as often as needed.

    Attributes:
        path: the file.
        encoding: what its bytes are read by.
        separator: the character between two cells.
        skipped: lines before the table: 1 for Excel's ``sep=;``, 0 otherwise.
    """

    path: Path
    encoding: str
    separator: str = ","
    skipped: int = 0

    @classmethod
    def of(cls, path: Path, encoding: str | None = None) -> Rows:
        """Look at the beginning of a file.

        Raises:
            FileFormatError: it is empty, a workbook, or not a text in this encoding.
        """
        check_regular(path)
        rows = cls(path, _encoding(path, encoding))
        lines = list(islice(rows.lines(), SAMPLE_LINES))
        first = lines[0].strip() if lines else ""
        if len(first) == 5 and first.lower().startswith("sep="):
            return cls(path, rows.encoding, first[-1], 1)
        return cls(path, rows.encoding, _separator(lines))

    def lines(self) -> Iterator[str]:
        """The lines in Unicode's composed form (NFC), with their ends."""
        try:
            with self.path.open(newline="", encoding=self.encoding) as file:
                for line in file:
                    yield line if line.isascii() else normalize("NFC", line)
        except UnicodeError as error:
            raise self._undecodable() from error

    def __iter__(self) -> Iterator[Row]:
        """Every row that is not blank, with the number of the line that it begins in, from 1."""
        reader = _reader(islice(self.lines(), self.skipped, None), self.separator)
        begin, before = 1 + self.skipped, list[str]()
        try:
            for row in reader:
                end = reader.line_num + self.skipped
                if end > begin:
                    self._check_swallowed(begin, row, before)
                if any(map(str.strip, row)):
                    before = row
                    yield begin, row
                begin = end + 1
        except csv.Error as error:
            last = reader.line_num + self.skipped
            if "unexpected end" in str(error) or "expected after" in str(error):
                raise self._unclosed(self._opening(begin, last)) from error
            raise FileFormatError(
                f"{self.path}, line {begin}: a row that cannot be read: {error}."
            ) from error

    def _opening(self, begin: int, end: int) -> int:
        """The first of the lines with a quote that does not close in the same line."""
        for number, line in enumerate(islice(self.lines(), begin - 1, end), begin):
            if line.count('"') % 2:
                return number
        return begin

    def _unclosed(self, line: int) -> FileFormatError:
        return FileFormatError(
            f"{self.path}, line {line}: a quote opens here and is not closed where its cell ends; "
            "close it, remove it, or write two of them for one that belongs to the text."
        )

    def _check_swallowed(self, begin: int, row: list[str], before: list[str]) -> None:
        """Refuse a cell with lines in it that look like the row before: two stray quotes make one.

        A line looks so if it has as many cells, and numbers where that row has them.
        """
        wanted = [is_number(cell) for cell in before]
        for line in (line for cell in row for line in cell.splitlines()[1:]):
            found = [is_number(cell) for cell in line.split(self.separator)]
            alike = found == wanted or not any(wanted)  # a header has no numbers
            cells = map(str.strip, line.split(self.separator))
            if any(found) and len(found) == len(wanted) and alike and all(cells):
                raise self._unclosed(begin)

    def _undecodable(self) -> FileFormatError:
        if not self.encoding.startswith("utf-8"):
            return FileFormatError(f"{self.path} is not a text file in {self.encoding}.")
        return FileFormatError(
            f"{self.path}, line {_first_undecodable(self.path)}: this is not a text in "
            "UTF-8. Save it as CSV UTF-8, or name its encoding: encoding='cp1252' (--encoding "
            "cp1252) for Western Windows, cp1258 for Vietnamese."
        )


def _first_undecodable(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeError:
                return number
    return 1


def _reader(lines: Iterable[str], separator: str) -> Any:
    return csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)


def _encoding(path: Path, wanted: str | None) -> str:
    with path.open("rb") as file:
        head = file.read(4096)
    found = next((name for mark, name in MARKS if head.startswith(mark)), None)
    if wanted is not None and found is None:
        if not isinstance(wanted, str):
            raise ArgumentTypeError(f"load: encoding is a text, not {wanted!r:.80}")
        try:
            "".encode(wanted)
        except (LookupError, ValueError):
            raise ArgumentError(
                f"encoding {wanted!r} is not known; such are utf-8, utf-16, cp1252 and cp1258."
            ) from None
        return wanted
    if head.startswith(WORKBOOKS):
        raise FileFormatError(f"{path} is a workbook, not a text; save its sheet as CSV UTF-8.")
    if found is None and b"\0" in head:
        raise FileFormatError(f"{path} is not a text in UTF-8; save it as CSV UTF-8.")
    return found or "utf-8"


def _separator(lines: list[str]) -> str:
    """The separator that makes rows of one length, then the one that makes the most numbers."""
    best, chosen = (0.0, 0.0, 0), ","
    name, *rest = [line.strip() for line in lines if line.strip()] or [""]
    if rest and all(map(is_number, rest)) and not any(each in name for each in SEPARATORS):
        return ";"  # one column, with a comma in its numbers perhaps
    for each in SEPARATORS:
        rows: list[list[str]] = []
        try:
            for row in _reader(lines, each):
                if any(map(str.strip, row)):
                    rows.append(row)
        except csv.Error:  # what came before it will do
            pass
        if not rows:
            continue
        width, count = Counter(map(len, rows)).most_common(1)[0]
        cells = [cell for row in rows for cell in row]
        score = (count / len(rows), sum(map(is_number, cells)) / len(cells), width)
        if width > 1 and score > best:
            best, chosen = score, each
    return chosen


def one_column(path: Path, line: int) -> DataError:
    """The error for a table that nothing separates."""
    return DataError(
        f"{path}, line {line}: one column only; features and a target are needed, "
        "separated by commas, semicolons or tabs."
    )
