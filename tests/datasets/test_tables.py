"""Tables in text files, and errors that name line and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nissl.datasets import Dataset, from_csv, load
from nissl.errors import DataError, FileFormatError, NisslError, UnknownNameError

IRIS = "length,width,kind\n" + "".join(
    f"{i},{i / 2},{'setosa' if i % 2 else 'virginica'}\n" for i in range(10)
)


def table(tmp_path: Path, text: str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_words_in_the_last_column_are_classes(tmp_path: Path) -> None:
    data = load(table(tmp_path, IRIS))
    assert (data.task, data.class_names) == ("classification", ("setosa", "virginica"))
    assert data.x_train.shape == (8, 2)
    assert data.x_train.dtype == np.float32
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):
        assert np.array_equal(x[:, 0] / 2, x[:, 1])
        assert np.array_equal(x[:, 0] % 2, 1 - y)


def test_numbers_are_measured_values_unless_told(tmp_path: Path) -> None:
    path = table(tmp_path, "".join(f"{i},{10 if i % 2 else 2}\n" for i in range(10)))
    data = load(path)
    assert data.task == "regression"
    assert data.y_train.dtype == np.float32
    assert len(data.x_train) + len(data.x_test) == 10
    assert load(path, task="classification").class_names == ("2", "10")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_target_by_name_and_separators(separator: str, tmp_path: Path) -> None:
    rows = [["a", "price", "b"]] + [[str(i), str(100 + i), str(-i)] for i in range(10)]
    path = table(tmp_path, "\ufeff" + "\r\n".join(separator.join(row) for row in rows))
    data = load(path, target="price")
    assert np.array_equal(data.x_train[:, 0] + 100, data.y_train)
    assert np.array_equal(data.x_train[:, 1], -data.x_train[:, 0])
    with pytest.raises(UnknownNameError, match="unknown column 'prise'; did you mean 'price'"):
        load(path, target="prise")


def test_quotes_blank_lines_and_no_header(tmp_path: Path) -> None:
    path = table(tmp_path, '1,"2",a\n\n3,4,"b, c"\n  \n5,6,a\n7,8,"b, c"\n')
    data = load(path, test_fraction=0.5)
    assert data.class_names == ("a", "b, c")
    assert len(data.x_train) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b,y\n1,2,x\n1,oops,x\n", r"t\.csv, line 3, column 'b': 'oops' is not a finite"),
        ("a,b,y\n1,2,x\n,2,x\n", "line 3, column 'a': the cell is empty"),
        ("1,2,x\n1,nan,x\n", "line 2, column '2': 'nan' is not a finite"),
        ("1,2,x\n1,1e99,x\n", "line 2, column '2': '1e99' is not a finite float32"),
        ("1,2,x\n-inf,1,x\n", "line 2, column '1': '-inf'"),
        ("a,b,y\n1,2,x\n1,2,\n", "line 3, column 'y': the cell is empty"),
        ("a,b,y\n1,2,3\n1,2,x\n", "line 3, column 'y': 'x' .*task='classification'"),
        ("a,b,y\n1,2,3\n1,2\n", "line 3: 2 columns, where the first line has 3"),
        ("a,b,y\n", "has a header, and no rows"),
        ("word\n1\n2\n", "line 1: one column only"),
        ('a,y\n"1\n\n2",3\n', "line 4, column 'a'"),
    ],
)
def test_bad_cells_are_named(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        load(table(tmp_path, text))


def test_words_asked_for_as_numbers(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 2, column 'kind': 'virginica' is not a finite"):
        from_csv(table(tmp_path, IRIS), task="regression")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00\x01", b"1,2\n\xff,3\n", b" \n\n"])
def test_not_a_table(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"t\.csv"):
        load(tmp_path / "t.csv")


@given(st.text(alphabet='0123.,;\n\r\t" abe-\x00é', max_size=60))
def test_any_text_makes_data_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(text.encode())
    try:
        assert isinstance(load(path), Dataset)
    except NisslError as error:
        assert str(path) in str(error) or "t" in str(error)
