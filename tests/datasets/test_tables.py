"""Tables in text files, and errors that name line and column."""

from __future__ import annotations

import json
import unicodedata
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nissl.datasets import Dataset, from_csv, load
from nissl.datasets.columns import Columns
from nissl.datasets.table import examine, read_like
from nissl.errors import (
    ArgumentTypeError,
    DataError,
    FileFormatError,
    NisslError,
    UnknownNameError,
)

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
        ("1,2,x\n1,nan,x\n", "line 2, column '2': the cell says that there is no value"),
        ("1,2,x\n1,1e99,x\n", "line 2, column '2': '1e99' is not a finite float32"),
        ("1,2,x\n-inf,1,x\n", "line 2, column '1': '-inf'"),
        ("a,b,y\n1,2,x\n1,2,\n", "line 3, column 'y': the cell is empty"),
        ("a,b,y\n1,2,3\n1,2,x\n", "line 3, column 'y': 'x' .*task='classification'"),
        ("a,b,y\n1,2,3\n1,2\n", "line 3: 2 columns, where the first line has 3"),
        ("a,b,y\n", "has a header, and no rows"),
        ("word\n1\n2\n", "line 1: one column only"),
        ('a,y\n1,3\n"1\n\n2",3\n2,3\n', r"line 3, column 'a': '1\\n\\n2' is not a finite"),
    ],
)
def test_bad_cells_are_named(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        load(table(tmp_path, text))


def test_words_asked_for_as_numbers(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 2, column 'kind': 'virginica' is not a finite"):
        from_csv(table(tmp_path, IRIS), task="regression")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"1,2\n\xff,3\n", b" \n\n"])
def test_not_a_table(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"t\.csv"):
        load(tmp_path / "t.csv")


def rows(form: Callable[[int], str], count: int = 24) -> str:
    return "".join(f"{form(i)}\n" for i in range(count))


def everything(data: Dataset) -> np.ndarray:
    """All samples, in the order of their first feature."""
    x = np.concatenate([data.x_train, data.x_test])
    return x[np.argsort(x[:, 0], kind="stable")]


def targets(data: Dataset) -> list[float]:
    return sorted(np.concatenate([data.y_train, data.y_test]).tolist())


# ---- quotes, separators, encodings -------------------------------------------------------------
@pytest.mark.parametrize(
    ("broken", "line"),
    [
        ({10: '10,20,"a'}, 12),
        ({10: '10,20,"a', 20: '20,40,"b'}, 12),
        ({10: '10,20,"a', 15: '15,30,b"'}, 12),  # one cell of six lines, for a reader of CSV
        ({10: '10,20,"a"b'}, 12),
        ({3: '3,6,"two\nlines"', 10: '10,20,"a'}, 13),
    ],
)
def test_an_unclosed_quote_is_named_where_it_opens(
    broken: dict[int, str], line: int, tmp_path: Path
) -> None:
    text = rows(lambda i: broken.get(i, f"{i},{2 * i},{'ab'[i % 2]}"))
    with pytest.raises(FileFormatError, match=rf"line {line}: a quote opens here"):
        load(table(tmp_path, "p,q,kind\n" + text))


def test_cells_of_several_lines_are_read(tmp_path: Path) -> None:
    data = load(table(tmp_path, "p,kind\n" + rows(lambda i: f'{i},"{"ab"[i % 2]}\nx, y"')))
    assert data.class_names == ("a\nx, y", "b\nx, y")
    letter = '"Dear Sir,\n5, Main Street,\nHà Nội"'
    text = rows(lambda i: f"{i},{letter if i % 2 else 'none'},{'ab'[i % 2]}")
    data = load(table(tmp_path, f"n,letter,kind\n{text}"))
    assert data.x_train.shape[1] == 3


@pytest.mark.parametrize(
    "head",
    [
        "\np;q;kind",
        '"length, in cm, about";"width, in cm, about";kind',
        "\n \n;;\np;q;kind",
        "sep=;\np;q;kind",
    ],
)
def test_separators_are_guessed_from_the_data(head: str, tmp_path: Path) -> None:
    data = load(table(tmp_path, f"{head}\n" + rows(lambda i: f"{i};{i},5;{'ab'[i % 2]}")))
    assert data.class_names == ("a", "b")
    assert everything(data)[3].tolist() == [3, 3.5]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_texts_with_a_mark_are_read(encoding: str, tmp_path: Path) -> None:
    text = "Länge;Größe\r\n" + rows(lambda i: f"{i},5;{i * i},25")
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    path = tmp_path / "t.csv"
    path.write_bytes((mark + text).encode(encoding))
    data = load(path, target="Größe")
    assert data.columns is not None
    assert data.columns.features == ("Länge",)
    assert targets(data)[:3] == [0.25, 1.25, 4.25]


@pytest.mark.parametrize(("encoding", "text"), [("cp1252", "süß"), ("cp1258", "b\u00ea\u0323nh")])
def test_other_encodings_are_named_and_then_read(encoding: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(("a,b\n" + rows(lambda i: f"{i},{text if i % 2 else 'x'}")).encode(encoding))
    with pytest.raises(FileFormatError, match=r"line 3: this is not a text in UTF-8.*cp1258"):
        load(path)
    assert unicodedata.normalize("NFC", text) in load(path, encoding=encoding).class_names


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0rest"])
def test_workbooks_are_called_so(content: bytes, tmp_path: Path) -> None:
    for name in ("t.csv", "t.xlsx"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileFormatError, match=r"is a workbook.*CSV UTF-8"):
            load(tmp_path / name)


# ---- numbers written otherwise -----------------------------------------------------------------
@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ("{},5", [0.5, 1.5, 2.5]),
        ("{}%", [0, 1, 2]),
        ("${}", [0, 1, 2]),
        ("1.00{},5 €", [1000.5, 1001.5, 1002.5]),
        ("12,34{}.0", [12340, 12341, 12342]),
    ],
)
def test_numbers_in_other_notations(cell: str, values: list[float], tmp_path: Path) -> None:
    text = rows(lambda i: f'{i},"{cell.format(i % 3)}"')
    data = load(table(tmp_path, f"x,price\n{text}"))
    assert data.task == "regression"
    assert sorted(set(targets(data))) == values


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["1,000", "1,001"], r"'1,000' \(line 2\) that can be read in two ways"),
        (["1,5", "1.5"], "'1.5' is not a finite"),
        (["$5", "5%"], r"different units: \$ \(line 2\), % \(line 3\)"),
        (["$5", "5"], r"different units"),
        (["(5)", "(7)"], r"'\(5\)' \(line 2\) that look like numbers"),
        (["5", "x"], "'x' is not a finite"),
        (["5", "NA"], "says that there is no value .missing cells: price 12"),
    ],
)
def test_uncertain_numbers_are_no_classes(cells: list[str], message: str, tmp_path: Path) -> None:
    text = rows(lambda i: f'{i},"{cells[i % len(cells)]}"')
    with pytest.raises(DataError, match=message):
        load(table(tmp_path, f"x,price\n{text}"))


def test_what_is_uncertain_can_be_said(tmp_path: Path) -> None:
    path = table(tmp_path, "x,price\n" + rows(lambda i: f'{i},"1,00{i % 2}"'))
    assert targets(load(path, decimal=","))[0] == 1
    assert targets(load(path, decimal="."))[0] == 1000
    assert load(path, task="classification").class_names == ("1,000", "1,001")
    assert load(path, category="price", target="x").x_train.shape[1] == 2


def test_a_table_has_one_decimal_mark(tmp_path: Path) -> None:
    """What a column leaves open, the others tell."""
    path = table(tmp_path, "a;b;y\n" + rows(lambda i: f"{i},5;1,23{i % 10};{i}"))
    assert everything(load(path))[0, 1] == np.float32(1.23)
    dots = table(tmp_path, "a;b;y\n" + rows(lambda i: f"{i},5;1.23{i % 10};{i}"))
    with pytest.raises(DataError, match="two ways"):
        load(dots)


# ---- header ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("2,5,1\n" + rows(lambda i: f"{i},{i},{i}"), False),
        ("x,5,1\n" + rows(lambda i: f"{i},{i},{i}"), True),
        ("5,1,a\n" + rows(lambda i: f"{i},{i},{'ab'[i % 2]}"), False),
        ("0,1,2\n" + rows(lambda i: f"{i},{i},{'ab'[i % 2]}"), True),
        ("0,1,kind\n" + rows(lambda i: f"{i},{i},{'ab'[i % 2]}"), True),
        (
            "red,big\n" + rows(lambda i: f"{['red', 'blue'][i % 2]},{['big', 'small'][i % 3 % 2]}"),
            False,
        ),
        (
            "colour,size\n"
            + rows(lambda i: f"{['red', 'blue'][i % 2]},{['big', 'small'][i % 3 % 2]}"),
            True,
        ),
        ("5,2,NA\n" + rows(lambda i: f"{i},2,{i}"), False),
        ("0,5;1\n" + rows(lambda i: f"{i},5;{i}"), False),
    ],
)
def test_headers_are_told_from_data(text: str, header: bool, tmp_path: Path) -> None:
    found = examine(table(tmp_path, text))
    assert found.header is header
    assert found.count == 25 - header


def test_a_header_that_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    path = table(tmp_path, "country,2019,2020\n" + rows(lambda i: f"{'xyz'[i % 3]},{i},{i}"))
    with pytest.raises(DataError, match="cannot be told; say header=True"):
        load(path)
    assert examine(path, header=True).names == ["country", "2019", "2020"]
    assert examine(path, header=False).count == 25


def test_numbers_of_pandas_as_header(tmp_path: Path) -> None:
    path = table(tmp_path, "0,1,2\n" + rows(lambda i: f"{i},{2 * i},{3 * i}"))
    with pytest.warns(UserWarning, match="the first line, 0,1,2, is taken as data"):
        data = load(path)
    assert len(targets(data)) == 25
    named = load(path, header=True, target=2)  # the name wins
    assert len(targets(named)) == 24
    assert targets(named)[1] == 3
    assert targets(load(path, header=True, target="#2"))[1] == 2


@pytest.mark.parametrize("target", [2, "2", "#2", np.int64(2)])
def test_columns_by_number(target: object, tmp_path: Path) -> None:
    data = load(table(tmp_path, "2,5,1\n" + rows(lambda i: f"{i},{100 + i},0")), target=target)
    assert targets(data)[:3] == [5, 100, 101]
    with pytest.raises(UnknownNameError, match="unknown column '4'"):
        load(tmp_path / "t.csv", target=4)
    for wrong in (True, 2.0, ["a"]):
        with pytest.raises(ArgumentTypeError, match="target is the name of a column"):
            load(tmp_path / "t.csv", target=wrong)


def test_unnamed_index_is_left_out_and_names_are_single(tmp_path: Path) -> None:
    data = load(table(tmp_path, ",a,y\n" + rows(lambda i: f"{i},{i * i},{i}")))
    assert data.columns is not None
    assert data.columns.features == ("a",)
    with pytest.raises(DataError, match="columns 1 and 3 are both called 'a'"):
        load(table(tmp_path, "a,b,a\n1,2,3\n"))


# ---- columns of words --------------------------------------------------------------------------
WORDS = "sex,age,name,day,yes,y\n" + rows(
    lambda i: f"{['m', 'f'][i % 2]},{i},n{i},2024-01-{i + 1},{['true', 'false'][i % 2]},{i / 2}"
)


def test_categories_become_features_and_ids_are_left_out(tmp_path: Path) -> None:
    path = table(tmp_path, WORDS)
    with pytest.warns(UserWarning, match="is left out") as warned:
        data = load(path)
    assert ["'name' is left out" in str(each.message) for each in warned] == [True, False]
    assert "'day' is left out: it has dates" in str(warned[1].message)
    assert data.columns is not None
    assert data.columns.features == ("sex=f", "sex=m", "age", "yes=false", "yes=true")
    x = np.concatenate([data.x_train, data.x_test])
    assert x[np.argsort(x[:, 2])][:2].tolist() == [[0, 1, 0, 0, 1], [1, 0, 1, 1, 0]]
    quiet = load(path, ignore=["name", 4])
    assert quiet.columns is not None
    assert quiet.columns.features == data.columns.features
    assert load(path, ignore=["name", "day"], category="age").x_train.shape[1] == 2 + 24 + 2


def test_codes_and_large_numbers_stay_apart(tmp_path: Path) -> None:
    codes = table(tmp_path, "n,code\n" + rows(lambda i: f"{i},{['01', '1', '10', '2'][i % 4]}"))
    assert load(codes).class_names == ("01", "1", "2", "10")
    features = load(codes, target="n")
    assert features.x_train.shape[1] == 4
    large = table(tmp_path, "id,kind\n" + rows(lambda i: f"{2**24 + i % 2},{'ab'[i % 2]}"))
    with pytest.warns(UserWarning, match="float32 would make different numbers the same"):
        data = load(large)
    assert data.x_train.dtype == np.float64
    assert np.unique(data.x_train).tolist() == [2.0**24, 2.0**24 + 1]
    huge = table(tmp_path, "id,kind\n" + rows(lambda i: f"{2**53 + i % 2},{'ab'[i % 2]}"))
    assert load(huge).x_train.shape[1] == 2  # categories: float64 has not both
    plain = table(tmp_path, "id,kind\n" + rows(lambda i: f"{2**25 * (i + 1)},{'ab'[i % 2]}"))
    assert load(plain).x_train.dtype == np.float32


def test_one_word_in_two_forms_is_one_class(tmp_path: Path) -> None:
    forms = ("cafe\u0301", "caf\u00e9")
    text = rows(lambda i: f"{i},{forms[i // 2 % 2]},{i % 2}")
    path = table(tmp_path, "n,gou\u0302t,y\n" + text)
    data = load(path, target="go\u00fbt", task="classification")
    assert data.class_names == ("caf\u00e9",)
    assert load(path, target="gou\u0302t").class_names == data.class_names


def test_few_whole_numbers_are_noted_as_values(tmp_path: Path) -> None:
    path = table(tmp_path, "x,survived\n" + rows(lambda i: f"{i},{i % 2}"))
    data = load(path)
    assert data.task == "regression"
    assert "2 different whole numbers, taken as measured values" in data.notes[0]
    assert load(path, task="classification").notes == ()


@pytest.mark.parametrize("name", ["id", "PassengerId", "userID", "order_no", "STT"])
def test_numbers_that_may_be_ids_are_noted(name: str, tmp_path: Path) -> None:
    path = table(tmp_path, f"{name},paid,y\n" + rows(lambda i: f"{i + 7},{i},{i / 2}"))
    assert load(path).notes == (
        f"the column {name!r} has another whole number in each row; if it is an id, leave it out "
        "with ignore (--ignore).",
    )


def test_classes_that_are_missing_are_no_classes(tmp_path: Path) -> None:
    path = table(tmp_path, "x,sex\n" + rows(lambda i: f"{i},{['m', 'NA', 'f'][i % 3]}"))
    with pytest.raises(DataError, match=r"line 3, column 'sex': 'NA' says .*task='classification'"):
        load(path)
    assert load(path, task="classification").class_names == ("NA", "f", "m")
    signs = table(tmp_path, "x,sign\n" + rows(lambda i: f"{i},{'+-'[i % 2]}"))
    assert load(signs).class_names == ("+", "-")


def test_endless_digits_and_doubled_signs(tmp_path: Path) -> None:
    words = ("9" * 5000, "+-5", "0" * 5000 + "1")
    path = table(tmp_path, "x,code\n" + rows(lambda i: f"{i},{words[i % 3]}"))
    assert set(load(path, task="classification").class_names) == set(words)
    with pytest.raises(DataError, match="is not a finite"):
        load(path)
    with pytest.raises(DataError, match="is not a finite"):
        load(path, target="x")


def test_a_target_of_names_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "x,name\n" + rows(lambda i: f"{i},n{i}"))
    with pytest.raises(DataError, match=r"24 different texts in 24 rows\. Choose another column"):
        load(path)


def test_all_missing_cells_are_counted(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"line 3, column 'a': .*missing cells: a 1, b 2, y 1\)"):
        load(table(tmp_path, "a,b,y\n1,2,x\n,NA,x\n3,,z\n4,5,\n6,7,z\n"))


# ---- other tables with the same columns --------------------------------------------------------
@pytest.fixture
def trained(tmp_path: Path) -> Columns:
    path = table(tmp_path, "sex,age,id,y\n" + rows(lambda i: f"{'mf'[i % 2]},{i}.5,{i},{i}"))
    columns = load(path, ignore="id").columns
    assert columns is not None
    return Columns.from_dict(json.loads(json.dumps(columns.as_dict())), "config.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sex,age,id,y\nf,1.5,7,3\n", "not use: id"),
        ("extra;age;y;sex\nz;1,5;3;f\n", "not use: extra"),
        ("age,sex\n1.5,f\n", ""),
        ("f,1.5,7,3\n", "taken by their numbers: 1, 2"),
        ("f,1.5\n", "taken by their numbers: 1, 2"),
    ],
)
def test_columns_are_matched(text: str, said: str, trained: Columns, tmp_path: Path) -> None:
    x, _y, lines, notes = read_like(table(tmp_path, text, "n.csv"), trained)
    assert x.tolist() == [[1, 0, 1.5]]
    assert list(lines) == [2 if text[1].isalpha() or "age" in text else 1]
    assert said in " ".join(notes)
    assert bool(said) == bool(notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sex,id\nf,1\n", "lacks columns that the model was trained with: age"),
        ("sex,ages\nf,1\n", "age; did you mean 'ages'"),
        ("f,1,2\n", "has 3 columns and no names"),
        ("sex,age\nx,1\n", "line 2, column 'sex': 'x' did not occur in training.*f, m"),
        ("sex,age\nf,\n", "line 2, column 'age': the cell is empty"),
        ("sex,age\nf,old\n", "line 2, column 'age': 'old' is not a finite"),
        ("sex,age\nf,5%\n", "has the unit '%', and had 'none' in training"),
    ],
)
def test_columns_that_do_not_match(
    text: str, message: str, trained: Columns, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        read_like(table(tmp_path, text, "n.csv"), trained)


def test_damaged_columns(trained: Columns) -> None:
    for damage in (None, {}, [], {**trained.as_dict(), "used": [1]}):
        with pytest.raises(FileFormatError, match=r"config\.json"):
            Columns.from_dict(damage, "config.json")


@pytest.mark.parametrize(
    "options",
    [
        {"seed": -1},
        {"seed": "a"},
        {"test_fraction": "a"},
        {"test_fraction": 2},
        {"header": "yes"},
        {"header": 1},
        {"decimal": ";"},
        {"encoding": "klingon"},
        {"encoding": 8},
        {"ignore": 2.5},
        {"ignore": ["kinds"]},
        {"ignore": "kind", "target": "kind"},
        {"task": 3},
        {"size": 8},
    ],
)
def test_wrong_options_are_errors_of_the_tree(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(NisslError):
        load(table(tmp_path, IRIS), **options)


@given(st.text(alphabet='0123.,;\n\r\t" abe-\x00é', max_size=60))
def test_any_text_makes_data_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    path.write_bytes(text.encode())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            assert isinstance(load(path), Dataset)
    except NisslError as error:
        assert str(path) in str(error) or "t" in str(error)
