"""How every command shows an explanation: formats, files, and terminals without Unicode."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

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
