"""The table of layers. Tables are drawn by hand; numbers of parameters are worked out by hand."""

import contextlib
import io
import sys
from html.parser import HTMLParser
from types import ModuleType

import pytest

import nissl
from nissl.errors import ArgumentError
from nissl.layers import Activation, Dense, Dropout, Flatten
from nissl.models.summary import Row, format_summary, html_summary, summary_rows


def lecture_network():
    """Flatten 28x28, then 300, 100 and 10 units."""
    return nissl.Sequential(
        [
            nissl.Input((28, 28)),
            Flatten(name="flatten"),
            Dense(300, activation="relu", name="dense"),
            Dense(100, activation="relu", name="dense_1"),
            Dense(10, activation="softmax", name="dense_2"),
        ],
        name="sequential",
    )


LECTURE = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ flatten (Flatten)               │ (None, 784)            │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 300)            │       235,500 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 100)            │        30,100 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_2 (Dense)                 │ (None, 10)             │         1,010 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 266,610 (1.02 MB)
 Trainable params: 266,610 (1.02 MB)
 Non-trainable params: 0 (0.00 B)"""


def test_the_lectures_network():
    assert format_summary(lecture_network(), line_length=76, ascii_only=False) == LECTURE


def test_summary_prints_it(capsys):
    model = lecture_network()
    model.summary(line_length=76)
    assert capsys.readouterr().out == LECTURE + "\n"
    kept = []
    model.summary(line_length=76, print_fn=kept.append)
    assert kept == [LECTURE]


def test_optimizer_params_of_a_model_in_training():
    model = nissl.Sequential([nissl.Input((3,)), Dense(2)])  # 8 weights
    model.compile("adam", "mse")
    assert "Optimizer" not in format_summary(model)
    model.train_on_batch([[1.0, 2.0, 3.0]], [[0.0, 1.0]])
    # a count of steps, the learning rate of 8 bytes, and two slots of 8: 18, the others of 4 bytes
    assert format_summary(model).splitlines()[-4:] == [
        " Total params: 26 (108.00 B)",
        " Trainable params: 8 (32.00 B)",
        " Non-trainable params: 0 (0.00 B)",
        " Optimizer params: 18 (76.00 B)",
    ]


def test_rows():
    model = nissl.Sequential(
        [nissl.Input((4,)), Dense(3, name="a"), Dropout(0.5, name="b"), Dense(2, name="c")]
    )
    model.layers[2].trainable = False
    assert summary_rows(model) == [
        Row("a", "Dense", (None, 3), 15, built=True, trainable=True),
        Row("b", "Dropout", (None, 3), 0, built=True, trainable=None),
        Row("c", "Dense", (None, 2), 8, built=True, trainable=False),
    ]


def test_which_layers_are_trained():
    model = nissl.Sequential(
        [nissl.Input((4,)), Dense(3, name="a"), Activation("tanh", name="b"), Dense(2, name="c")],
        name="m",
    )
    model.layers[0].trainable = False
    text = format_summary(model, line_length=68, show_trainable=True, ascii_only=True)
    assert (
        text
        == """\
Model: "m"
+------------------------+-----------------+-----------+-----------+
| Layer (type)           | Output Shape    |   Param # | Trainable |
+========================+=================+===========+===========+
| a (Dense)              | (None, 3)       |        15 |     N     |
+------------------------+-----------------+-----------+-----------+
| b (Activation)         | (None, 3)       |         0 |     -     |
+------------------------+-----------------+-----------+-----------+
| c (Dense)              | (None, 2)       |         8 |     Y     |
+------------------------+-----------------+-----------+-----------+
 Total params: 23 (92.00 B)
 Trainable params: 8 (32.00 B)
 Non-trainable params: 15 (60.00 B)"""
    )


def test_a_model_within_a_model():
    inner = nissl.Sequential(
        [nissl.Input((4,)), Dense(3, name="d1"), Dense(2, name="d2")], name="inner"
    )
    model = nissl.Sequential([nissl.Input((4,)), inner, Dense(1, name="last")], name="outer")
    assert [(row.name, row.params, row.depth) for row in summary_rows(model)] == [
        ("inner", 23, 0),
        ("last", 3, 0),
    ]
    lines = format_summary(model, line_length=60, expand_nested=True, ascii_only=False).split("\n")
    assert [line.split("│")[1].rstrip() for line in lines if line.startswith("│")] == [
        " inner (Sequential)",
        "    └ d1 (Dense)",
        "    └ d2 (Dense)",
        " last (Dense)",
    ]
    assert " Total params: 26 (104.00 B)" in lines


def test_a_model_that_is_not_built():
    model = nissl.Sequential([Dense(3, name="a"), Dropout(0.3, name="b")], name="m")
    lines = format_summary(model, line_length=60, ascii_only=True).splitlines()
    cells = [[c.strip() for c in line.split("|")[1:-1]] for line in lines if line[0] == "|"]
    assert cells[1:] == [["a (Dense)", "?", "0"], ["", "", "(unbuilt)"], ["b (Dropout)", "?", "0"]]
    wide = format_summary(model, line_length=76)
    assert "0 (unbuilt)" in wide
    assert " Total params: 0 (0.00 B)" in wide
    assert not model.built


def test_an_empty_model():
    text = format_summary(nissl.Sequential(name="m"), line_length=40, ascii_only=True)
    assert text.splitlines()[1:5] == [
        "+-----------------+------------+-------+",
        "| Layer (type)    | Output     | Param |",
        "|                 | Shape      |     # |",
        "+=================+============+=======+",
    ]


def test_a_long_name_goes_on_in_the_next_line_and_nothing_is_lost():
    name = "an_extremely_long_layer_name_that_cannot_fit"
    model = nissl.Sequential([nissl.Input((4,)), Dense(3, name=name)])
    lines = format_summary(model, line_length=60, ascii_only=True).splitlines()
    assert {len(line) for line in lines if line[0] in "+|"} == {60}
    assert lines[4:7] == [
        "| an_extremely_long_layer_ | (None, 3)         |        15 |",
        "| name_that_cannot_fit     |                   |           |",
        "| (Dense)                  |                   |           |",
    ]


@pytest.mark.parametrize("length", [40, 41, 59, 88, 120, 200])
@pytest.mark.parametrize("show_trainable", [False, True])
def test_every_line_of_the_table_is_as_long_as_asked(length, show_trainable):
    text = format_summary(
        lecture_network(), line_length=length, show_trainable=show_trainable, ascii_only=False
    )
    assert {len(line) for line in text.splitlines()[1:-3]} == {length}


def test_width_follows_the_terminal(monkeypatch):
    model = lecture_network()
    for columns, length in ((80, 76), (300, 88), (20, 40)):
        monkeypatch.setenv("COLUMNS", str(columns))
        assert len(format_summary(model).splitlines()[1]) == length
    with pytest.raises(ArgumentError, match="line_length=10 must be at least 40"):
        format_summary(model, line_length=10)


def test_an_output_without_box_characters_gets_ascii(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert format_summary(lecture_network()).isascii()


@pytest.mark.parametrize(
    ("units", "text"),
    [
        (1, " Total params: 2 (8.00 B)"),
        (127, " Total params: 254 (1016.00 B)"),
        (128, " Total params: 256 (1.00 KB)"),
        (150_000, " Total params: 300,000 (1.14 MB)"),
    ],
)
def test_sizes(units, text):
    model = nissl.Sequential([nissl.Input((1,)), Dense(units)])
    assert text in format_summary(model).splitlines()


def test_half_precision_takes_half_the_bytes():
    model = nissl.Sequential([nissl.Input((3,)), Dense(2, dtype="float16")])
    assert " Total params: 8 (16.00 B)" in format_summary(model)


# ---- as HTML -----------------------------------------------------------------------------------
class Cells(HTMLParser):
    """The texts of a table's cells; an error where tags do not close each other."""

    def __init__(self, page):
        super().__init__()
        self.open, self.rows = [], []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


def test_html_has_what_the_text_has():
    page = html_summary(lecture_network(), show_trainable=True)
    assert Cells(page).rows == [
        ["Layer (type)", "Output Shape", "Param #", "Trainable"],
        ["flatten (Flatten)", "(None, 784)", "0", "-"],
        ["dense (Dense)", "(None, 300)", "235,500", "Y"],
        ["dense_1 (Dense)", "(None, 100)", "30,100", "Y"],
        ["dense_2 (Dense)", "(None, 10)", "1,010", "Y"],
    ]
    assert "Total params: 266,610 (1.02 MB)" in page
    with pytest.raises(AssertionError):
        Cells("<tr><td>x</tr></td>")


def test_html_is_what_a_notebook_shows_of_a_model():
    model = nissl.Sequential([nissl.Input((2,)), Dense(1, name="<script>&'\"")], name="<m>")
    page = model._repr_html_()
    assert Cells(page).rows[1][0] == "<script>&'\" (Dense)"
    assert "<script" not in page
    assert "&lt;m&gt;" in page


def test_html_of_models_that_are_empty_not_built_nested_or_deep():
    assert Cells(html_summary(nissl.Sequential())).rows == [
        ["Layer (type)", "Output Shape", "Param #"]
    ]
    rows = Cells(html_summary(nissl.Sequential([Dense(3, name="a")]))).rows
    assert rows[1] == ["a (Dense)", "?", "0 (unbuilt)"]
    inner = nissl.Sequential([nissl.Input((4,)), Dense(3, name="d")], name="inner")
    page = html_summary(nissl.Sequential([nissl.Input((4,)), inner]), expand_nested=True)
    assert [row[0] for row in Cells(page).rows[1:]] == ["inner (Sequential)", "d (Dense)"]
    assert "padding-left:2.5em" in page
    deep = nissl.Sequential([nissl.Input((1,)), *[Dense(1) for _ in range(200)]])
    assert len(Cells(html_summary(deep)).rows) == 201


@pytest.fixture
def notebook(monkeypatch):
    """Python as it is within a notebook; returns what is displayed there."""
    shown = []
    shell = type("ZMQInteractiveShell", (), {})()
    package, display = ModuleType("IPython"), ModuleType("IPython.display")
    package.get_ipython = lambda: shell
    display.display = lambda data, raw: shown.append((data, raw))
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def test_summary_in_a_notebook(notebook, capsys, monkeypatch):
    model = lecture_network()
    assert model.summary(line_length=76) is None
    ((data, raw),) = notebook
    assert raw
    assert data["text/plain"] == LECTURE
    assert Cells(data["text/html"]).rows[1][0] == "flatten (Flatten)"
    assert capsys.readouterr().out == ""
    kept = []
    model.summary(line_length=76, print_fn=kept.append)
    assert kept == [LECTURE]
    with contextlib.redirect_stdout(io.StringIO()) as text:
        model.summary(line_length=76)
    assert text.getvalue() == LECTURE + "\n"
    assert len(notebook) == 1


def test_summary_takes_what_the_table_takes(capsys):
    inner = nissl.Sequential([nissl.Input((4,)), Dense(3, name="d")], name="inner")
    model = nissl.Sequential([nissl.Input((4,)), inner], name="m")
    model.summary(60, expand_nested=True, show_trainable=True)
    expected = format_summary(model, 60, expand_nested=True, show_trainable=True)
    assert capsys.readouterr().out == expected + "\n"
