"""``nissl approximate``: from a typed function to a picture, and what it says of mistakes."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

import nissl as library


def rmse(text: str, column: int = 1) -> float:
    """A number of the first method's row."""
    row = next(line for line in text.splitlines() if line.startswith("Levenberg-Marquardt"))
    return float(re.split(r"\s{2,}", row)[column])


def test_from_the_command_to_the_picture(nissl, tmp_path: Path) -> None:
    path = tmp_path / "fit.svg"
    shown = nissl(
        *("approximate", "x**2", "--range", "-1", "1", "--hidden", "3"),
        *("--samples", "50", "-o", path),
    )
    assert shown.code == 0
    assert rmse(shown.out, 2) <= 0.005
    assert "layer 1, bias" in shown.out
    assert "1-3-1 network of tanh units" in shown.out
    assert path.read_text().startswith("<?xml")
    again = nissl("approximate", "x**2", "-o", path)
    assert again.code == 2
    assert "--force" in again.err


def test_negative_numbers_and_expressions_are_no_options(nissl, tmp_path: Path) -> None:
    path = tmp_path / "fit.txt"
    for words in (
        ["-sin(x)", "--range", "-pi", "pi"],
        ["--range", "-pi", "pi", "--", "-sin(x)"],
        [f"-o{path}", "--range", "-pi", "pi", "--", "-sin(x)"],
    ):
        shown = nissl("approximate", "--seed", "1", *words)
        assert shown.code == 0, shown.err
        assert "-sin(x) on [-3.142, 3.142]" in shown.out
        assert rmse(shown.out, 2) < 0.02
    assert "-sin(x)" in path.read_text()
    assert nissl("approximate", "-h").out.startswith("Usage")


def test_range_ends_are_exact(nissl) -> None:
    shown = nissl("approximate", "x", "--range", "-0.1", "2*pi/3", "--starts", "1", "--format",
                  "markdown")  # fmt: skip
    assert shown.code == 0
    assert "[-0.1, 2.094\\]" in shown.out
    assert "-1.197" in shown.out  # half the range below its lower end


def test_several_widths_and_all_methods(nissl, tmp_path: Path) -> None:
    path = tmp_path / "widths.svg"
    shown = nissl("approximate", "abs(x)", "--hidden", "1,2,3", "--starts", "2", "-o", path)
    assert shown.code == 0
    assert "Hidden units" in shown.out
    assert path.exists()
    shown = nissl(
        "approximate", "abs(x)", "--method", "all", "--epochs", "100", "--starts", "1",
        "--random", "--noise", "0.1", "--seed", "7",
    )  # fmt: skip
    assert shown.code == 0
    for name in ("Levenberg-Marquardt", "BFGS", "Adam", "SGD", "standard deviation 0.1"):
        assert name in shown.out


def test_a_function_of_two_inputs(nissl, tmp_path: Path) -> None:
    path = tmp_path / "surface.png"
    shown = nissl("approximate", "x1*x2", "--hidden", "4", "--samples", "49", "-o", path)
    assert shown.code == 0
    assert "2-4-1 network of tanh units" in shown.out
    assert rmse(shown.out, 2) < 0.01
    assert path.exists()


def test_four_functions_in_one_picture(nissl, tmp_path: Path) -> None:
    path = tmp_path / "four.svg"
    shown = nissl(
        *("approximate", "x^2", "-sin(x)", "|x|", "H(x)", "--starts", "1", "--epochs", "40"),
        *("-o", path, "--width", "8cm"),
    )
    assert shown.code == 0
    for name in ("x^2", "-sin(x)", "|x|", "H(x)", "RMSE away from jumps"):
        assert name in shown.out
    assert path.exists()


def test_a_trained_network_beside_a_function(nissl, tmp_path: Path) -> None:
    dense = library.layers.Dense
    model = library.Sequential([library.Input((1,)), dense(2, activation="tanh"), dense(1)])
    model.set_weights([[[1.0, -0.5]], [0.0, 0.25], [[2.0], [1.0]], [0.5]])
    model.save(tmp_path / "net.keras")
    shown = nissl("approximate", "x", "--range", "0", "2", "--model", tmp_path / "net.keras")
    assert shown.code == 0, shown.err
    assert "A 1-2-1 network of tanh units approximates x on [0, 2]" in shown.out
    errors = [2 * math.tanh(x) + math.tanh(0.25 - 0.5 * x) + 0.5 - x for x in (0, 0.5, 1, 1.5, 2)]
    row = next(line for line in shown.out.splitlines() if line.startswith("the given network"))
    largest = float(re.split(r"\s{2,}", row)[2])
    assert max(map(abs, errors)) <= largest + 1e-3 < 1.1 * max(map(abs, errors))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["foo(x)"], "unknown function 'foo'"),
        (["sin(x"], "never closed"),
        (["-x*"], "\n  -x*\n     ^"),
        (["1/x"], "not finite on the range: at x = 0"),
        (["x", "--range", "1", "-1"], "reversed"),
        (["x", "--range", "1", "1"], "empty"),
        (["x", "--range", "a", "1"], "two numbers"),
        (["x", "--range", "1"], "2 arguments"),
        (["x", "--samples", "1"], "samples=1 must be at least 2"),
        (["x", "--samples", "99999999"], "10,000"),
        (["x", "--hidden", "0"], "--hidden"),
        (["x", "--hidden", ""], "--hidden"),
        (["x*y*z"], "3 inputs"),
        (["1/(x*y)"], "at x = 0, y = -1"),
        (["x*y", "--hidden", "2,3"], "one number of --hidden"),
        (["x", "x^2", "--hidden", "2,3"], "one number of --hidden"),
        (["x", "x^2", "--model", "nowhere"], "beside one function"),
        (["3"], "constant"),
        (["x", "--method", "newton"], "unknown method"),
        (["x", "--hiden", "3"], "--hidden"),
        (["x", "-o", "fit.bmp"], ".svg"),
        (["x", "--format", "yaml"], "unknown format"),
        ([], "Missing argument"),
    ],
)
def test_mistakes(nissl, words: list[str], said: str) -> None:
    shown = nissl("approximate", *words)
    assert shown.code == 2
    assert said in shown.err
    assert not shown.out


def test_a_run_that_is_not_there(nissl) -> None:
    shown = nissl("approximate", "x", "--model", "nowhere")
    assert shown.code == 1
    assert "no such run folder" in shown.err


def test_in_vietnamese(nissl, vietnamese) -> None:
    shown = nissl("approximate", "x**2", "--starts", "1", "--lang", "vi")
    assert "Mạng 1-3-1" in shown.out
    for line in ("Weights", "Outside", "Method", "Trained on"):
        assert line not in shown.out
    wrong = nissl("approximate", "1/x", "--lang", "vi")
    assert "không hữu hạn" in wrong.err
