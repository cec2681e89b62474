"""Tables and arrays of objects as data: what holds numbers is taken, what does not is named.

The tables are stand-ins that behave as pandas and polars do where Nissl looks: pandas gives an
array of objects as soon as its columns differ in kind, and so does a column of ``Int64`` with gaps.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from nissl.errors import DataError
from nissl.models import inputs


class NAType:
    """Stands for ``pandas.NA``."""

    def __repr__(self) -> str:
        return "<NA>"


NA = NAType()


class Series:
    """One column, as pandas has it: values, and a dtype that NumPy need not know."""

    def __init__(self, values: Any, dtype: str | None = None) -> None:
        array = np.asarray(values)
        if dtype is not None:  # an extension dtype, whose values NumPy sees as objects
            array = np.array(values, object)
        self.values = array
        self.dtype = dtype or array.dtype

    def __len__(self) -> int:
        return len(self.values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.values, dtype)

    def to_numpy(self) -> Any:
        return np.array(self.values)


class Table:
    """What pandas's and polars's tables have in common."""

    def __init__(self, **columns: Series) -> None:
        self._columns = columns
        self.columns = list(columns)
        self.dtypes = [column.dtype for column in columns.values()]

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def to_numpy(self) -> Any:
        return np.asarray(self)


class Frame(Table):
    """A table as pandas has it; iterating gives names, ``items`` gives names and columns."""

    def __iter__(self) -> Any:
        return iter(self.columns)

    def items(self) -> Any:
        return self._columns.items()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        kinds = set(map(str, self.dtypes))
        columns = [np.asarray(column) for column in self._columns.values()]
        if len(kinds) > 1 and "bool" in kinds:
            columns = [column.astype(object) for column in columns]
        return np.stack(columns, axis=1).astype(dtype or columns[0].dtype)


class PolarsFrame(Table):
    """A table as polars has it; iterating gives its columns, and there is no ``items``."""

    def __iter__(self) -> Any:
        return iter(self._columns.values())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.stack([np.asarray(c).astype(object) for c in self._columns.values()], axis=1)


@pytest.mark.parametrize("kind", [Frame, PolarsFrame])
@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"a": Series([0.5, 1.5]), "b": Series([True, False])}, [[0.5, 1.0], [1.5, 0.0]]),
        ({"a": Series([2, 3]), "b": Series([True, False])}, [[2, 1], [3, 0]]),
        ({"a": Series([True, False]), "b": Series([False, False])}, [[1, 0], [0, 0]]),
        ({"a": Series([2, 3]), "b": Series([0.25, 0.5])}, [[2.0, 0.25], [3.0, 0.5]]),
        ({"a": Series([7, 8], "Int64"), "b": Series([0.5, 1])}, [[7, 0.5], [8, 1]]),
        ({"a": Series([True, False], "boolean")}, [[1], [0]]),
        ({"a": Series([1, 2.5], "object")}, [[1.0], [2.5]]),
        ({"a": Series([np.float32(1), np.int8(2)], "object")}, [[1.0], [2.0]]),
    ],
)
def test_columns_of_several_kinds_of_numbers(kind: Any, columns: Any, expected: Any) -> None:
    found = inputs.as_array(kind(**columns), "x")
    assert found.dtype.kind in "bif"
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("column", "pieces"),
    [
        (Series([1, NA], "Int64"), ["row 1", "<NA>", "fillna"]),
        (Series([1.0, None], "object"), ["row 1", "None"]),
        (Series(["Hanoi", "Hue"]), ["row 0", "'Hanoi'", "get_dummies"]),
        (Series(["Hanoi", "Hue"], "category"), ["row 0", "'Hanoi'", "get_dummies"]),
        (Series([1, "1.5"], "object"), ["row 1", "'1.5'", "str"]),
        (Series(np.array(["2020-01-01", "2020-01-02"], "datetime64[ns]")), ["row 0", "datetime64"]),
    ],
)
def test_a_column_that_holds_no_numbers_is_named(column: Series, pieces: list[str]) -> None:
    frame = Frame(age=Series([0.5, 1.5]), town=column)
    with pytest.raises(DataError) as caught:
        inputs.prepare(frame, None, np.dtype("float32"))
    for piece in ("x", "column 'town'", *pieces):
        assert piece in str(caught.value)


def test_a_gap_in_floats_is_named_with_its_column() -> None:
    frame = Frame(age=Series([0.5, 1.5]), weight=Series([70.0, np.nan]))
    with pytest.raises(DataError, match=r"x holds nan at index \(1, 1\), column 'weight'"):
        inputs.prepare(frame, None, np.dtype("float32"))


def test_one_column_is_targets() -> None:
    assert inputs.as_array(Series([3, 4], "Int64"), "y").tolist() == [3, 4]
    assert inputs.as_array(Series([3, 4], "Int64"), "y").dtype.kind == "i"
    with pytest.raises(DataError, match=r"y holds no number in row 1: <NA>"):
        inputs.as_array(Series([3, NA], "Int64"), "y")


@pytest.mark.parametrize(
    ("given", "dtype", "expected"),
    [
        ([1, 2.5, True], "float64", [1.0, 2.5, 1.0]),
        ([Decimal("0.5"), Fraction(1, 4)], "float64", [0.5, 0.25]),
        ([True, np.True_], "bool", [True, True]),
        ([1, np.uint8(2), False], "int64", [1, 2, 0]),
        ([1, 1 << 70], "float64", [1.0, 2.0**70]),
    ],
)
def test_objects_that_are_numbers(given: Any, dtype: str, expected: Any) -> None:
    found = inputs.as_array(np.array(given, object), "y")
    assert found.dtype == dtype
    assert found.tolist() == expected


def test_rows_in_a_column_of_arrays_are_to_be_stacked() -> None:
    rows = np.empty(2, object)
    rows[:] = [np.zeros(3), np.ones(3)]
    with pytest.raises(DataError, match=r"x .* holds ndarray in row 0.*numpy\.stack\(x\)"):
        inputs.as_array(rows, "x")
