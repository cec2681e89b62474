"""How numbers are written in cells: decimal point or comma, thousands, per cent, currencies.

``1.234`` and ``1,234`` can be read in two ways. Which one is meant is decided for a whole column,
and only where the column leaves no other way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DECIMALS",
    "is_date",
    "is_missing",
    "is_number",
    "is_unsaid",
    "is_whole",
    "looks_numeric",
    "parse",
    "readings",
    "simple",
]

DECIMALS = (".", ",")
_UNIT = (
    r"[$€£¥₫₩₹₽₺₴฿]|[đĐ]|US\$|kr|zł|Kč|Ft|Fr\.?|"
    r"USD|EUR|GBP|CHF|JPY|CNY|VND|VNĐ|INR|KRW|SEK|NOK|DKK|PLN|CZK|HUF|AUD|CAD|SGD|BRL"
)
_SPACE = " \u00a0\u2009\u202f"
_CELL = re.compile(
    rf"([-+−]?)\s*({_UNIT})?\s*([-+−]?)"
    rf"([0-9](?:[0-9.,'’{_SPACE}]*[0-9.,])?|[.,][0-9]+)([eE][-+]?[0-9]+)?\s*({_UNIT}|%)?"
)
_BODY = {  # thousands are parted by one and the same sign
    decimal: re.compile(
        rf"(?:(?:[0-9]+|[1-9][0-9]{{0,2}}(?:([{group}'’{_SPACE}])(?:[0-9]{{2,3}}\1)*[0-9]{{3}}))"
        rf"(?:{re.escape(decimal)}[0-9]*)?|{re.escape(decimal)}[0-9]+)"
    )
    for decimal, group in ((".", ","), (",", "."))
}
_ODD = re.compile(rf"[-+−(]*[0-9.,'’{_SPACE}%$€£]*[0-9][0-9.,'’{_SPACE}%$€£]*[-)]?")
_TIME = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"
_DATE = re.compile(
    rf"([0-9]{{4}}([-/.])[0-9]{{1,2}}\2[0-9]{{1,2}}|[0-9]{{1,2}}([-/.])[0-9]{{1,2}}\3"
    rf"([0-9]{{4}}|[0-9]{{2}}))([T ]+{_TIME}\s*([AaPp][Mm]|Z|[-+][0-9:]+)?)?|{_TIME}"
)
_WHOLE = re.compile(r"[-+]?[0-9]{1,400}")
_MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "null", "none", "nil", "?", "-", "--", "–"))


def is_missing(cell: str) -> bool:
    """Whether a cell among numbers stands for a value that is not there."""
    return cell.strip().lower() in _MISSING


def is_unsaid(cell: str) -> bool:
    """Whether a cell among words says in a way that programs write that there is no value.

    >>> is_unsaid("N/A"), is_unsaid("none")
    (True, False)
    """
    return cell.strip().lower() in ("na", "n/a", "#n/a", "nan", "null")


def is_date(cell: str) -> bool:
    """Whether a cell is a date or a time of day.

    >>> is_date("2024-01-31 10:00"), is_date("31.1.2024"), is_date("1.5")
    (True, True, False)
    """
    return _DATE.fullmatch(cell.strip()) is not None


def is_whole(cell: str) -> bool:
    """Whether a cell is a whole number in digits alone, of a size that ``int`` reads at once."""
    return _WHOLE.fullmatch(cell) is not None


def looks_numeric(cell: str) -> bool:
    """Whether a cell has digits and nothing but what numbers are written with."""
    return _ODD.fullmatch(cell.strip()) is not None


def readings(cell: str) -> tuple[str, str]:
    """The decimal marks that a cell can be read with, ``"."``, ``","``, both or none; its unit.

    >>> readings("1,234"), readings("1.234,5 €"), readings("5 %"), readings("abc")
    (('.,', ''), (',', '€'), ('.,', '%'), ('', ''))
    """
    found = _CELL.fullmatch(cell.strip())
    if found is None or (found[1] and found[3]) or (found[2] and found[6]):
        return "", ""
    marks = "".join(each for each in DECIMALS if _BODY[each].fullmatch(found[4]))
    return marks, found[2] or found[6] or ""


def is_number(cell: str) -> bool:
    """Whether a cell is a number in some notation."""
    return bool(readings(cell)[0])


def parse(cell: str, decimal: str) -> float:
    """The number in a cell that ``readings`` finds; a unit is left out, so that 5 % is 5.

    >>> parse("-1.234,5 €", ","), parse("1 234", "."), parse("5 %", ".")
    (-1234.5, 1234.0, 5.0)
    """
    found = _CELL.fullmatch(cell.strip())
    if found is None or not _BODY[decimal].fullmatch(found[4]):
        return float("nan")
    sign = "-" if (found[1] or found[3]) in ("-", "−") else ""
    digits = re.sub(rf"[^0-9{decimal}]", "", found[4]).replace(",", ".")
    return float(f"{sign}{digits}{found[5] or ''}")


def simple(cells: Sequence[str], decimal: str) -> NDArray[Any] | None:
    """All cells as float64 if they are numbers without thousands and units; ``None`` if not.

    This is the fast way for nearly all columns; a NaN or an infinity sends them to the other one.
    """
    text = "\n".join(cells)
    if "_" in text or (decimal == "," and "." in text):
        return None
    if decimal == ",":
        text = text.replace(",", ".")
    try:
        values = np.array([float(each) for each in text.split("\n")])
    except ValueError:
        return None
    return values if len(values) == len(cells) and np.isfinite(values).all() else None
