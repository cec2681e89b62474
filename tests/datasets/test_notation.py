"""Numbers as people write them: which are certain, which can be read in two ways."""

from __future__ import annotations

import pytest

from nissl.datasets.notation import is_date, looks_numeric, parse, readings


@pytest.mark.parametrize(
    ("cell", "marks", "unit"),
    [
        ("12", ".,", ""),
        ("1.5", ".", ""),
        ("1,5", ",", ""),
        ("0,123", ",", ""),  # no thousands begin with 0
        ("1,234", ".,", ""),
        ("1.234", ".,", ""),
        ("1.234.567", ",", ""),
        ("1,234,567.8", ".", ""),
        ("12,34,567", ".", ""),  # lakhs and crores
        ("1 234,5", ",", ""),
        ("1\u202f234,5", ",", ""),
        ("1'234.5", ".", ""),
        ("-1,5e3", ",", ""),
        ("−5", ".,", ""),
        ("$1,234.50", ".", "$"),
        ("-$5", ".,", "$"),
        ("1.234,5 €", ",", "€"),
        ("10.000.000 ₫", ",", "₫"),
        ("CHF 1'200.50", ".", "CHF"),
        ("5 %", ".,", "%"),
        ("1,2,3", "", ""),
        ("1.2.3", "", ""),
        ("$5€", "", ""),
        ("--5", "", ""),
        ("1\n234", "", ""),
        ("abc", "", ""),
        ("nan", "", ""),
        ("1_000", "", ""),
        ("", "", ""),
    ],
)
def test_readings(cell: str, marks: str, unit: str) -> None:
    assert readings(cell) == (marks, unit)


@pytest.mark.parametrize(
    ("cell", "decimal", "value"),
    [
        ("1,234", ",", 1.234),
        ("1,234", ".", 1234.0),
        ("-$1,234.50", ".", -1234.5),
        ("1 234,5 €", ",", 1234.5),
        ("−2,5e-1", ",", -0.25),
        ("12,5 %", ",", 12.5),
    ],
)
def test_values(cell: str, decimal: str, value: float) -> None:
    assert parse(cell, decimal) == value


@pytest.mark.parametrize(
    "cell", ["2024-01-31", "31.1.2024", "1/31/24", "12:30", "2024-01-31T10:00Z"]
)
def test_dates(cell: str) -> None:
    assert is_date(cell)


def test_what_only_looks_like_a_number_or_a_date() -> None:
    assert not any(map(is_date, ("1.5", "31.1", "1-2-", "2024")))
    assert all(map(looks_numeric, ("(5)", "1.2.3", "5-")))
    assert not any(map(looks_numeric, ("20-29", "A1", "-", "")))
