"""The forms of an explanation: hostile texts, numbers that are not finite, and every ending."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nissl import plots
from nissl.errors import ArgumentError
from nissl.explain.latex import escape_latex
from nissl.explain.parts import Cell, Part, Table, Text, format_number
from nissl.explain.report import Explanation

HOSTILE = "a|b\\c *d* _e_ `f` <b>g</b> &lt; [h](i) ~j~ $k$ %l #m {n} ^o \x1b[31m\ud800\nη²"


class Plain(Explanation):
    """Some parts, and no picture."""

    def __init__(self, *given: Part) -> None:
        self.given = given

    def parts(self) -> Iterator[Part]:
        yield from self.given


class Drawn(Plain):
    """Some parts and a picture."""

    def draw(self) -> plots.Figure:
        figure = plots.new_figure(2, 1)
        figure.add_subplot().plot([0, 1])
        return figure


def hostile() -> Plain:
    table = Table((HOSTILE, "n"), ((HOSTILE, 1), (Cell(HOSTILE, style="bad"), -2.5)), HOSTILE)
    return Plain(Text(HOSTILE, heading=True), table, Text(HOSTILE))


class Shown(HTMLParser):
    """The texts of a page, and its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.elements: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def markdown_faults(text: str) -> list[str]:
    """Marks that stand in a text without a backslash, and tables whose rows differ in columns."""
    bare = re.sub(r"\\([^\w\s]|_)", "", text)
    bare = re.sub(r"^(### |\*\*(?=.)|\|[-:|]+$)|\*\*$|\\$", "", bare, flags=re.MULTILINE)
    rows = [line.count("|") for line in bare.splitlines() if line.startswith("|")]
    found = re.findall(r"[\\`*_<>\[\]&~$]", bare.replace("\\\n", ""))
    return found + (["columns"] if len(set(rows)) > 1 else [])


def latex_faults(text: str) -> list[str]:
    """Characters that LaTeX would not read as themselves, and brackets that are not closed."""
    bare = re.sub(r"\\(\\|[a-zA-Z]+\*?|[&%$#_{}])", "", text)
    found = re.findall(r"[%#^~<>|\\\x00-\x09\x1b]", re.sub(r"\{\^\d\}|\$[^$]*\$", "", bare))
    open_brackets = bare.count("{") - bare.count("}")
    return found + (["bracket"] if open_brackets else [])


def test_hostile_texts_are_read_as_they_are() -> None:
    explained = hostile()
    assert markdown_faults(explained.to_markdown()) == []
    assert latex_faults(explained.to_latex()) == []
    shown = Shown(explained.to_html())
    tags = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "h3", "p", "br"}
    assert shown.elements == tags
    assert sum(HOSTILE.split("\n", maxsplit=1)[0][:60] in text for text in shown.texts) == 6
    for form in (str(explained), explained.to_html(), explained.to_markdown()):
        assert "\x1b" not in form
        assert "\ud800" not in form


def test_the_checkers_catch_what_is_not_escaped() -> None:
    assert markdown_faults("a *b* | c") == ["*", "*"]
    assert markdown_faults("| a | b |\n|---|---|\n| a | b | c |") == ["columns"]
    assert latex_faults("50 % of {x") == ["%", "bracket"]
    assert Shown("<p><b>x</b></p>").elements == {"p", "b"}


@given(st.text(max_size=30))
@settings(max_examples=200)
def test_any_text_is_escaped(text: str) -> None:
    explained = Plain(Text(text), Table((text,), ((text,),), text))
    assert latex_faults(escape_latex(text)) == []
    assert markdown_faults(explained.to_markdown()) == []
    assert Shown(explained.to_html()).elements <= {"p", "br", "table", "caption", "thead"} | {
        "tbody", "tr", "th", "td", "div",
    }  # fmt: skip
    explained.to_markdown().encode()
    explained.to_html().encode()
    str(explained).encode()


@pytest.mark.parametrize("start", ["# a", "- a", "+ a", "1. a", "12) a", "===", "--- ", "    a"])
def test_the_beginning_of_a_line_is_no_mark_in_markdown(start: str) -> None:
    for line in Plain(Text(f"{start}\n{start}")).to_markdown().split("\\\n"):
        assert re.match(r"\d*\\[-+#=.)]|a", line)


def test_lines_of_a_text_stay_lines_and_those_of_a_cell_become_one() -> None:
    text = Plain(Text("one\ntwo"))
    assert text.to_markdown() == "one\\\ntwo"
    assert text.to_latex() == "one\\\\\ntwo"
    assert text.to_html() == "<p>one<br>\ntwo</p>"
    table = Table(("x",), (("one\ntwo",),))
    assert "| one two |" in table.to_markdown()
    assert r"one two \\" in table.to_latex()


def test_numbers_are_aligned_and_what_is_not_finite_is_marked() -> None:
    row: list[Any] = [np.float32(0.5), np.int64(-3), math.nan, -math.inf, 1e-9, None, "a"]
    table = Table(tuple("abcdefg"), (row,))
    assert table.right() == [True] * 5 + [False] * 2
    assert [cell.style for cell in table.cells()[0]] == ["", "", "bad", "bad", "", "", ""]
    assert table.to_latex().splitlines()[3] == (
        r"  0.5 & $-3$ & $\mathrm{nan}$ & $-\infty$ & $10^{-9}$ &  & a \\"
    )
    assert table.to_html().count("font-weight:bold") == 2
    assert format_number(-0.0) == "0"
    assert format_number(np.float16(0.1), 3) == "0.1"
    assert format_number(10**30) == "1" + "0" * 30
    with pytest.raises(ArgumentError, match="2 columns was given a row of 1"):
        Table(("a", "b"), ((1,),))


def test_text_has_no_codes_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    explained = Plain(Text("title", heading=True), Table(("x",), ((1.5,),)))
    plain = str(explained)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert str(explained) == plain
    assert plain.splitlines() == ["title", "", "  x", "───", "1.5"]


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        (".md", "### t"),
        (".tex", "% The preamble"),
        (".html", "<!doctype html>"),
        (".txt", "t"),
        (".svg", "<?xml"),
        (".png", "\x89PNG"),
        (".pdf", "%PDF"),
        (".MD", "### t"),
    ],
)
def test_every_ending_is_written(tmp_path: Path, ending: str, start: str) -> None:
    path = tmp_path / f"made{ending}"
    made = Drawn(Text("t", heading=True))
    made.save(path)
    first = path.read_bytes()
    assert first.decode("latin-1").startswith(start)
    assert (b"<svg" in first) == (ending in (".svg", ".html"))
    made.save(path)
    assert path.read_bytes() == first


def test_other_endings_and_missing_pictures_are_refused(tmp_path: Path) -> None:
    for name in ("a.doc", "a", "md", ".md"):
        with pytest.raises(ArgumentError, match="none of those"):
            Plain(Text("t")).save(tmp_path / name)
    with pytest.raises(ArgumentError, match="Plain has no picture"):
        Plain(Text("t")).save(tmp_path / "a.svg")
    assert not list(tmp_path.iterdir())
    assert "<svg" not in Plain(Text("t"))._repr_html_()
