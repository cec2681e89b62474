"""``nissl perceptron``: gates and data, what is printed and written, and what is wrong said."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

WRONG: list[tuple[list[str], str]] = [
    ([], "Missing argument 'GATE|DATA'"),
    (["ANDD"], "unknown gate or data set 'ANDD'; did you mean 'AND'?"),
    (["AND", "--learning-rate", "0"], "--learning-rate is a number above 0, not 0"),
    (["AND", "--learning-rate", "inf"], "--learning-rate is a number above 0"),
    (["AND", "--max-updates", "0"], "--max-updates is a whole number of at least 1, not 0"),
    (["AND", "--rows", "0"], "--rows is a whole number of at least 1, not 0"),
    (["AND", "--seed", "-1"], "--seed lies from 0"),
    (["AND", "--activation", "sgn"], "did you mean 'sign'?"),
    (["AND", "--initial", "one"], "--initial is zeros, random, or numbers"),
    (["AND", "--classes", "0,1"], "--target and --classes are for data"),
    (["AND", "-o", "a.mp4"], "the ending must be one of"),
    (["AND", "--circuit", "-o", "a.gif"], "the ending must be one of"),
    (["digits"], "digits has 10: 0, 1, 2"),
    (["digits", "--classes", "0,eleven"], "unknown class 'eleven'"),
    (["digits", "--classes", "1,1"], "choose two of them"),
    (["digits", "--classes", "0,1", "-o", "a.gif"], "there are 64"),
    (["digits", "--circuit"], "--circuit is for a gate, not for digits"),
    (["AND", "--format", "word"], "unknown format 'word'"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[" ".join(a) for a, _s in WRONG])
def test_wrong_use(
    nissl, vietnamese: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments, said
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    outcome = nissl("perceptron", *arguments)
    assert said in outcome.err
    assert outcome.code == 2
    assert outcome.out == ""
    assert list(here.iterdir()) == []
    told = nissl("perceptron", *arguments, "--lang", "vi").err
    assert told.startswith("Lỗi: ")
    assert outcome.err.splitlines()[0].removeprefix("Error: ") not in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["AND", "--initial", "1,2"], "--initial has 2 numbers, and 2 features need 3"),
        (["AND", "--initial", "7"], "one for each feature"),
        (["AND", "--initial", "nan,1,1"], "a NaN or an infinity"),
        (["AND", "--learning-rate", "1e308"], "a weight is no longer finite"),
    ],
)
def test_what_the_library_finds_wrong(nissl, vietnamese: None, arguments, said: str) -> None:
    outcome = nissl("perceptron", *arguments)
    assert said in outcome.err
    assert outcome.code == 1
    told = nissl("perceptron", *arguments, "--lang", "vi").err
    assert outcome.err.removeprefix("Error: ").strip() not in told


@pytest.mark.parametrize("gate", ["AND", "or", "Nand", "NOR", "NOT"])
def test_gates_that_converge(nissl, gate: str) -> None:
    outcome = nissl("perceptron", gate)
    assert outcome.code == 0
    assert outcome.out.startswith(gate.upper())
    assert "Converged: " in outcome.out
    assert "wrong" not in outcome.out


def test_xor_is_explained(nissl, tmp_path: Path) -> None:
    outcome = nissl("perceptron", "XOR", "-o", tmp_path / "xor.svg", "--max-updates", 30)
    assert outcome.code == 0
    for said in (
        "Not converged", "Not linearly separable", "w₀ + w₁ + w₂ < 0",
        "z₁ = H(-0.5 + x₁ + x₂)", "Learnt: loss",
    ):  # fmt: skip
        assert said in outcome.out
    assert (tmp_path / "xor.svg").read_text("utf-8").startswith("<?xml")


def test_files_and_formats(nissl, tmp_path: Path) -> None:
    outcome = nissl("perceptron", "AND", "-o", tmp_path / "a.gif", "-o", tmp_path / "a.md")
    assert outcome.code == 0, outcome.err
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 12
    assert "### AND" in (tmp_path / "a.md").read_text("utf-8")
    again = nissl("perceptron", "AND", "-o", tmp_path / "a.md")
    assert again.code == 2
    assert "add --force" in again.err
    assert nissl("perceptron", "AND", "-o", tmp_path / "a.md", "--force").code == 0
    latex = nissl("perceptron", "AND", "--format", "latex").out
    assert r"\mathbf{w}(n+1)" in latex


def test_circuit(nissl, tmp_path: Path) -> None:
    outcome = nissl("perceptron", "XNOR", "--circuit", "-o", tmp_path / "c.png")
    assert outcome.code == 0
    assert "n₅ = NAND(n₄, n₄)" in outcome.out
    assert "Each update" not in outcome.out
    assert (tmp_path / "c.png").exists()


def test_a_gate_out_of_others(nissl, vietnamese: None, tmp_path: Path) -> None:
    outcome = nissl("gate", "xor", "--from", "and,not", "-o", tmp_path / "c.png")
    assert outcome.code == 0, outcome.err
    assert "From AND and NOT alone" in outcome.out
    assert "n₇ = AND(n₄, n₆)" in outcome.out
    assert (tmp_path / "c.png").exists()
    assert "Chỉ dùng AND và NOT" in nissl("gate", "or", "--from", "AND,NOT", "--lang", "vi").out
    assert nissl("gate", "XNOR").out == nissl("perceptron", "XNOR", "--circuit").out
    for arguments, said in (
        (["XORR"], "did you mean 'XOR'"),
        (["XOR", "--from", "and,or"], "NAND; NOR; AND,NOT; OR,NOT; not out of 'AND,OR'"),
        (["XOR", "-o", "a.gif"], "the ending must be one of"),
    ):
        wrong = nissl("gate", *arguments)
        assert wrong.code == 2
        assert said in wrong.err
        told = nissl("gate", *arguments, "--lang", "vi").err
        assert wrong.err.splitlines()[0].removeprefix("Error: ") not in told


def test_all_gates_in_one_table(nissl, vietnamese: None, tmp_path: Path) -> None:
    outcome = nissl("gate", "-o", tmp_path / "all.png")
    assert outcome.code == 0, outcome.err
    lines = [line.split() for line in outcome.out.splitlines()]
    assert ["x₁", "x₂", "AND", "OR", "NAND", "NOR", "XOR", "XNOR"] in lines
    for row in ("00001101", "01011010", "10011010", "11110001"):
        assert list(row) in lines
    assert "--from is for one gate" in nissl("gate", "--from", "nor").err
    assert "Mọi cổng hai đầu vào" in nissl("gate", "--lang", "vi").out


def test_data_from_files(nissl, tmp_path: Path) -> None:
    table = tmp_path / "flowers.csv"
    rows = [f"{i % 4},{i % 3 + 5 * (i % 2)},{('rose', 'iris')[i % 2]}" for i in range(12)]
    table.write_text("\n".join(["length,width,kind", *rows, "1,1,lily", "2,2,lily"]))
    outcome = nissl("perceptron", table, "--classes", "rose,iris", "--activation", "sign")
    assert outcome.code == 0, outcome.err
    assert "Target -1 is iris, target 1 is rose." in outcome.out
    assert "over 12 samples" in outcome.out
    assert "Converged" in outcome.out
    numbers = tmp_path / "numbers.csv"
    numbers.write_text("\n".join(f"{i},{int(3 < i < 7)}" for i in range(12)))
    outcome = nissl("perceptron", numbers, "--max-updates", 50)
    assert outcome.code == 0, outcome.err
    assert "Not linearly separable" in outcome.out
    assert "2 layers" not in outcome.out


def test_digits(nissl, tmp_path: Path) -> None:
    outcome = nissl("perceptron", "digits", "--classes", "3,8", "-o", tmp_path / "d.png")
    assert outcome.code == 0, outcome.err
    assert "Converged" in outcome.out
    assert "over 357 samples" in outcome.out


def test_the_run_in_vietnamese(nissl, vietnamese: None, tmp_path: Path) -> None:
    english = nissl("perceptron", "XOR", "--max-updates", 20).out
    outcome = nissl(
        "perceptron", "XOR", "--max-updates", 20, "--lang", "vi", "-o", tmp_path / "v.png"
    )
    assert outcome.code == 0
    assert "Không phân tách tuyến tính được" in outcome.out
    sentences = {line.strip() for line in english.splitlines() if line.strip().count(" ") > 2}
    kept = {line.strip() for line in outcome.out.splitlines()} & sentences
    words = {word for line in kept for word in line.split() if word.isalpha() and word.islower()}
    assert words <= {"x", "w", "y", "a", "o", "η", "tanh", "sigmoid"}
