"""``nissl summary``: the table, the picture in every form, and what is refused."""

from __future__ import annotations

from pathlib import Path


def test_the_table_and_the_run(nissl, trained: Path) -> None:
    outcome = nissl("summary", trained)
    assert outcome.code == 0, outcome.err
    told = [line.split(maxsplit=1)[1] for line in outcome.out.splitlines() if " Dense " in line]
    assert [" ".join(line.split()) for line in told] == [
        "Dense relu (None, 64) (None, 32) 2,080 yes",
        "Dense softmax (None, 32) (None, 10) 330 yes",
    ]


def test_pictures_and_texts(nissl, trained: Path, tmp_path: Path) -> None:
    names = ("m.svg", "m.png", "m.pdf", "m.html", "m.md", "m.tex", "m.txt")
    arguments = [part for name in names for part in ("-o", tmp_path / name)]
    outcome = nissl("summary", trained, *arguments)
    assert outcome.code == 0, outcome.err
    assert outcome.out.count("Written:") == len(names)
    starts = {"m.png": b"\x89PNG", "m.pdf": b"%PDF", "m.html": b"<!doctype html>"}
    for name in names:
        written = (tmp_path / name).read_bytes()
        assert written.startswith(starts.get(name, b""))
        assert b"2,080" in written or name in ("m.svg", "m.png", "m.pdf")
    assert b"<svg" in (tmp_path / "m.html").read_bytes()
    blocks = (tmp_path / "m.svg").read_bytes()
    assert nissl("summary", trained, "--neurons", "--force", "-o", tmp_path / "m.svg").code == 0
    assert (tmp_path / "m.svg").read_bytes() != blocks


def test_other_notations(nissl, trained: Path) -> None:
    out = nissl("summary", trained, "--format", "markdown").out
    assert out.startswith("### Model:")
    assert " | Dense | relu | (None, 64) | (None, 32) | 2,080 | yes |" in out
    assert r"\begin{tabular}" in nissl("summary", trained, "--format", "latex").out
    assert "<table>" in nissl("summary", trained, "--format", "html").out


def test_in_vietnamese(nissl, trained: Path, vietnamese: None) -> None:
    out = nissl("summary", trained, "--lang", "vi").out
    assert "Hàm kích hoạt" in out
    assert "Huấn luyện" in out


def test_mistakes(nissl, trained: Path, tmp_path: Path) -> None:
    (tmp_path / "m.svg").write_text("mine")
    for arguments, said in (
        (("-o", tmp_path / "m.gif"), "the ending must be one of"),
        (("-o", tmp_path / "m.svg"), "exists already"),
        (("--format", "xml"), "unknown format"),
        (("--neurons",), "say where to draw it, with -o FILE"),
    ):
        outcome = nissl("summary", trained, *arguments)
        assert outcome.code == 2
        assert said in outcome.err
        assert outcome.out == ""
    assert (tmp_path / "m.svg").read_text() == "mine"
