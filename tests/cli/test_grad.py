"""``nissl grad``: what it prints and writes, and what it says of what it cannot read."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import mpmath
import pytest

LECTURE = "x1*x2 + exp(x1*x2) - sin(x2)"


def gradient(out: str) -> dict[str, list[float]]:
    """The derivatives that were printed, by the name of the input."""
    rows = re.findall(r"^∂f/∂(\w+) +(.*)$", out, re.MULTILINE)
    return {
        unicodedata.normalize("NFKC", name): [float(word) for word in row.split()]
        for name, row in rows
    }


def values(out: str) -> list[float]:
    """The numbers of the column of values in the first table."""
    head, _rule, *rows = out.split("\n\n")[1].splitlines()
    end = head.index("value") + len("value")
    return [float(row[:end].split()[-1]) for row in rows]


def test_the_lectures_function_in_both_modes(nissl) -> None:
    said = nissl("grad", LECTURE, "--at", "x1=1", "x2=2", "--mode", "both")
    assert said.code == 0
    with mpmath.workdps(40):
        e, s, c = mpmath.exp(2), mpmath.sin(2), mpmath.cos(2)
        wanted = [1, 2, 2, e, e + 2, s, e + 2 - s]
        slopes = {"x1": 2 * (e + 1), "x2": e + 1 - c}
        for found, exact in zip(values(said.out), wanted, strict=True):
            assert abs(mpmath.mpf(found) - exact) <= 1e-12
        for name, (forward, reverse, quotient, gap) in gradient(said.out).items():
            assert abs(mpmath.mpf(forward) - slopes[name]) <= 1e-12
            assert forward == reverse
            assert abs(mpmath.mpf(quotient) - slopes[name]) <= 1e-9
            assert gap <= 1e-9


def test_modes_inputs_and_points_are_chosen(nissl) -> None:
    reverse = nissl("grad", "x*y", "--at", "x=2,y=3", "--mode", "reverse")
    assert "Forward mode: tangents" not in reverse.out
    assert "Reverse mode: adjoints of f" in reverse.out
    forward = nissl("grad", "x*y", "--at", "x=2", "--at", "y=3", "--mode", "forward")
    assert "Reverse mode: adjoints" not in forward.out
    one = nissl("grad", "x*y", "y=3", "--at", "x=pi/2", "--with-respect-to", "y")
    assert list(gradient(one.out)) == ["y"]
    assert "x = 1.5708" in one.out
    minus = nissl("grad", "-cos(x)", "--at", "x=-1")
    assert gradient(minus.out)["x"][0] == pytest.approx(float(mpmath.sin(-1)), abs=1e-14)
    assert len(values(nissl("grad", LECTURE, "--at", "x1=1", "x2=2", "--separate").out)) == 8
    few = nissl("grad", LECTURE, "--at", "x1=1", "x2=2", "--digits", "4")
    assert "8.48 " in few.out or "8.48\n" in few.out


LINES = "v3 = x1*x2; v4 = sin(x2); v5 = exp(v3); v6 = v3 - v4; v7 = v5 + v6"


def test_typed_lines_keep_their_numbers(nissl, tmp_path: Path) -> None:
    at = ("--at", "x1=1", "x2=2")
    said = nissl("grad", LINES, *at)
    assert said.code == 0
    formulas = ["x₁", "x₂", "v₁ v₂", "sin(v₂)", "exp(v₃)", "v₃ - v₄", "v₅ + v₆"]
    rows = [row.split("  ") for row in said.out.split("\n\n")[1].splitlines()[2:]]
    found = {row[0].strip(): next(filter(None, row[1:])).strip() for row in rows}
    assert found == {f"v{'₁₂₃₄₅₆₇'[i]}": formula for i, formula in enumerate(formulas)}
    with mpmath.workdps(40):
        assert gradient(said.out)["x1"][0] == pytest.approx(float(2 * (mpmath.exp(2) + 1)))
    path = tmp_path / "lines.txt"
    path.write_text(LINES.replace("; ", "  # a remark\n"), encoding="utf-8")
    assert nissl("grad", "--file", path, *at).out == said.out
    assert "there is no such file" in nissl("grad", "--file", tmp_path / "other.txt").err
    path.write_bytes(b"\xff\xfe")
    assert "is no text in UTF-8" in nissl("grad", "--file", path).err
    named = nissl("grad", *at, "a = x1*x2; y = a² + 1")
    assert "a² + 1" in named.out
    assert "f = y = 5" in named.out
    one = nissl("grad", "--at", "x=3", "y = x^2")
    assert gradient(one.out)["x"][0] == 6


def test_long_minus_and_wide_digits_are_numbers(nissl) -> None:
    plain = nissl("grad", "x*y", "--at", "x=-1.5", "y=2", "--digits", "4")
    assert nissl("grad", "x*y", "--at", "x=−１．５", "y=２", "--digits", "４").out == plain.out
    wide = nissl("activations", "relu", "--range", "−1", "１")
    assert (wide.code, wide.out) == (0, nissl("activations", "relu", "--range", "-1", "1").out)
    comma = nissl("depth", "relu:he_normal", "--epochs=1,5")
    assert "decimals have a point, not a comma: 1.5" in comma.err


def test_long_functions_fold(nissl) -> None:
    text = "sin(" * 60 + "x" + ")" * 60
    assert "(21 lines more)" in nissl("grad", text, "--at", "x=1").out
    assert "more)" not in nissl("grad", text, "--at", "x=1", "--all").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["sinn(x)", "--at", "x=1"], "did you mean 'sin'"),
        (["x*(y", "--at", "x=1", "y=2"], "never closed"),
        (["½x", "--at", "x=1"], "'½x' is no name"),
        (["x1*x2", "--at", "x1=1"], "no value for x2; add it"),
        (["x", "--at", "x=1", "y=2"], "unknown input 'y'"),
        (["x", "--at", "x=1", "x=2"], "given twice"),
        (["x", "--at", "x"], "NAME=VALUE"),
        (["x", "--at", "x=1/0"], "is no number: column 2"),
        (["x", "--at", "x=y"], "is no number: column 1: unknown name 'y'"),
        (["x", "--at", "x=1e999"], "too large"),
        (["x", "--at", "x=-inf"], "x is -inf; a point has finite numbers only"),
        (["3+4"], "no input"),
        (["x", "y", "--at", "x=1"], "one expression is wanted"),
        (["--at", "x=1"], "the expression is missing"),
        (["x", "--at", "x=1", "--mode", "up"], "unknown mode 'up'"),
        (["x", "--at", "x=1", "--mode", "backward"], "did you mean 'reverse'?"),
        (["x", "--at", "x=1,5"], "decimals have a point, not a comma: 1.5"),
        (["x1x2", "--at", "x1=1", "x2=2"], "a product is written with *: x1*x2?"),
        (["xy", "--at", "x=1", "y=2"], "a product is written with *: x*y?"),
        (["v1 = x*y\nv2 = sin(v1\nv3 = v2", "--at", "x=1", "y=2"], "line 2, column 9"),
        (["x", "--file", "lines.txt"], "not both"),
        (["x", "--at", "x=1", "--digits", "1,5"], "decimals have a point"),
        (["x", "--at", "x=1", "--with-respect-to", "z"], "unknown input 'z'"),
        (["x", "--at", "x=1", "--digits", "0"], "digits=0 must be at least 1"),
        (["(" * 10_000 + "x" + ")" * 10_000, "--at", "x=1"], "20001 characters"),
        (["(" * 1500 + "x" + ")" * 1500, "--at", "x=1"], "100 deep"),
    ],
)
def test_mistakes_are_told(nissl, words: list[str], said: str) -> None:
    outcome = nissl("grad", *words)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.out == ""
    assert "Traceback" not in outcome.err


def test_what_is_not_finite_is_shown_with_its_place(nissl) -> None:
    said = nissl("grad", "1/x", "--at", "x=0")
    assert said.code == 0
    assert "! v₂ = 1/v₁ is inf" in said.out


def test_the_graph_is_drawn_and_latex_has_the_bars(nissl, tmp_path: Path) -> None:
    picture = tmp_path / "graph.svg"
    said = nissl("grad", "x*y", "--at", "x=1 y=2", "-o", picture, "--format", "latex")
    assert said.code == 0
    assert picture.read_text(encoding="utf-8").startswith("<?xml")
    assert r"$\bar{v}_{3} \, v_{2}$" in said.out


@pytest.mark.usefixtures("vietnamese")
def test_it_speaks_vietnamese(nissl) -> None:
    said = nissl("grad", "log(x)", "--at", "x=-1", "--lang", "vi")
    assert "Các bước tính" in said.out
    assert "Chế độ ngược" in said.out
    for english in ("derivative", "mode", "value", "sweep", "numbers"):
        assert english not in said.out
    wrong = nissl("grad", "sin(x", "--at", "x=1", "--lang", "vi")
    assert wrong.err.startswith("Lỗi: cột 4: dấu ngoặc này không được đóng")
