"""How every command shows an explanation: formats, files, and terminals without Unicode."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from nissl import explain
from nissl.cli import console
from nissl.explain.report import PICTURES, TEXTS

ONE = ("grad", "x*y", "--at", "x=1", "y=2")


def test_files_of_every_ending_are_written_beside_what_is_printed(nissl, tmp_path: Path) -> None:
    paths = [tmp_path / "new" / f"a{ending}" for ending in PICTURES + TEXTS]
    said = nissl(*ONE, *(word for path in paths for word in ("-o", path)))
    assert said.code == 0
    assert said.out.count("Written: ") == len(paths)
    assert all(path.stat().st_size > 100 for path in paths)
    assert "| v₃ | v₁ v₂ | 1, 2 |" in paths[4].read_text(encoding="utf-8")


def test_files_that_are_there_are_kept_without_force(nissl, tmp_path: Path) -> None:
    kept, other = tmp_path / "kept.md", tmp_path / "other.md"
    kept.write_text("mine")
    said = nissl(*ONE, "-o", other, "-o", kept)
    assert (said.code, said.out) == (2, "")
    assert "kept.md exists already" in said.err
    assert kept.read_text() == "mine"
    assert not other.exists()  # nothing is done by halves
    assert nissl(*ONE, "-o", kept, "--force").code == 0
    assert kept.read_text(encoding="utf-8").startswith("### Evaluation trace")


@pytest.mark.parametrize(
    ("format", "start"),
    [("markdown", "### Evaluation"), ("latex", r"\subsection*{"), ("html", "<h3>")],
)
def test_formats_are_printed_alone(nissl, tmp_path: Path, format: str, start: str) -> None:
    said = nissl(*ONE, "--format", format, "-o", tmp_path / "a.txt")
    assert said.out.startswith(start)
    assert "Written" not in said.out
    assert "Written" in said.err


def test_unknown_formats_and_endings_are_named(nissl, tmp_path: Path) -> None:
    assert "did you mean 'latex'" in nissl(*ONE, "--format", "latx").err
    said = nissl(*ONE, "-o", tmp_path / "a.doc")
    assert said.code == 2
    assert all(ending in said.err for ending in PICTURES + TEXTS)


def test_a_terminal_without_unicode_gets_plain_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii", write_through=True))
    console.show(explain.trace(explain.parse("x*y"))(1, 2))
    shown = written.getvalue().decode("ascii")
    assert "---+---" in shown
    assert "v_3 | v_1 v_2" in shown


def test_numbers_as_csv_and_json(nissl, tmp_path: Path) -> None:
    said = nissl(*ONE, "--json", "-o", tmp_path / "a.csv", "-o", tmp_path / "a.json")
    assert said.code == 0, said.err
    printed = json.loads(said.out)
    assert printed == json.loads((tmp_path / "a.json").read_text("utf-8"))
    values = {each["name"]: each["value"] for each in printed["numbers"]}
    assert values["v_3 value"] == 2.0
    lines = (tmp_path / "a.csv").read_text("utf-8").splitlines()
    assert lines[0] == "step,name,value"
    assert len(lines) == 1 + len(printed["numbers"])


def test_a_work_sheet_has_blanks_and_no_picture(nissl, tmp_path: Path) -> None:
    said = nissl("backprop", "--worksheet", "-o", tmp_path / "sheet.html")
    assert said.code == 0, said.err
    assert "0.40376" in said.out  # given
    assert "0.990088" not in said.out  # computed
    assert "______" in said.out
    assert "<svg" not in (tmp_path / "sheet.html").read_text("utf-8")
    wrong = nissl("backprop", "--worksheet", "-o", tmp_path / "sheet.svg")
    assert wrong.code == 2
    assert "the ending must be one of .txt" in wrong.err


def test_pictures_have_the_width_that_is_asked(nissl, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    assert nissl("activations", "relu", "tanh", "-o", path, "--width", "8cm").code == 0
    with Image.open(path) as picture:
        assert picture.width / picture.info["dpi"][0] * 2.54 == pytest.approx(8, abs=0.05)
    one = nissl("activations", "relu", "tanh", "-o", path, "--force", "--panel", "2")
    assert one.code == 0, one.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--width", "8cm"], "--width and --panel are for a picture"),
        (["--width", "8", "-o", "a.svg"], "--width is a length in cm, mm, in or pt"),
        (["--width", "-8cm", "-o", "a.svg"], "--width is a length"),
        (["--panel", "0", "-o", "a.svg"], "--panel is a whole number of at least 1"),
        (["--panel", "99", "-o", "a.svg"], "no panel 99"),
    ],
)
def test_widths_and_panels_that_cannot_be(
    nissl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = nissl("activations", "relu", *words)
    assert outcome.code == 2
    assert said in outcome.err


def test_what_the_library_refuses_is_called_as_it_was_typed(nissl, vietnamese: None) -> None:
    for words, said in (
        (("depth", "--layers", "0"), "--layers=0 must be at least 1"),
        (("depth", "--batch-size", "0"), "--batch-size=0 must be at least 1"),
        (("race", "--steps", "0"), "--steps=0"),
        (("grad", "x", "--at", "x=1", "--digits", "0"), "--digits=0"),
    ):
        outcome = nissl(*words)
        assert outcome.code == 2
        assert said in outcome.err
        assert f"nissl {words[0]} --help" in outcome.err
    assert "--layers=0 phải" in nissl("depth", "--layers", "0", "--lang", "vi").err


def test_answers_are_checked(nissl, tmp_path: Path) -> None:
    key, answers = tmp_path / "key.csv", tmp_path / "answers.csv"
    assert nissl("backprop", "-o", key).code == 0
    lines = key.read_text("utf-8").splitlines()
    place = next(i for i, line in enumerate(lines) if "delta_1^(2)" in line)
    step, name, value = lines[place].rsplit(",", 2)
    lines[place] = f"{step},{name},{-float(value)!r}"
    answers.write_text("\n".join(lines), "utf-8")
    assert "50 of 50 numbers are right" in nissl("check", key, key).out
    said = nissl("check", key, answers)
    assert said.code == 0, said.err
    assert "The first wrong step: B3" in said.out
    assert "the sign is wrong" in said.out
    wide = nissl("check", key, answers, "--tolerance", "1")
    assert "50 of 50" in wide.out
    assert nissl("check", key, tmp_path / "gone.csv").code == 1
    assert "--tolerance=0" in nissl("check", key, answers, "--tolerance", "0").err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437"])
def test_formulas_on_a_screen_of_few_letters(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding, write_through=True))
    console.show(explain.backprop(explain.lecture_network(), 0.5, 1.0, loss="half_squared_error"))
    shown = written.getvalue().decode(encoding)
    assert "delta_2^(1) = h'(a_2^(1)) w_12^(2) delta_1^(2) = (" in shown
    assert "?" not in shown
