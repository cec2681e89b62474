"""``nissl backprop``."""

from __future__ import annotations

from pathlib import Path

import pytest

import nissl as library
from nissl import layers


def test_the_lectures_network_by_default(nissl, tmp_path: Path) -> None:
    picture, page = tmp_path / "network.svg", tmp_path / "network.md"
    outcome = nissl("backprop", "-o", picture, "-o", page)
    assert outcome.code == 0, outcome.err
    assert "Backpropagation in a 1-3-1 network" in outcome.out
    assert "x₁ = 1.5708, t₁ = 1" in outcome.out
    assert "0.990088" in outcome.out
    assert "agree to" in outcome.out
    assert picture.read_text(encoding="utf-8").startswith("<?xml")
    assert "B5: update" in page.read_text(encoding="utf-8")


def test_a_new_network(nissl) -> None:
    options = ("--x", "0.5,-1", "--t", "0,1", "--hidden", "4,3", "--activation", "sigmoid")
    more = ("--output-activation", "softmax", "--loss", "categorical_crossentropy", "--steps", "9")
    first = nissl("backprop", *options, *more, "--learning-rate", "0.5", "--seed", "4")
    assert first.code == 0, first.err
    assert "2-4-3-2 network" in first.out
    assert "B2 to B5 repeated" in first.out
    again = nissl("backprop", *options, *more, "--learning-rate", "0.5", "--seed", "4")
    other = nissl("backprop", *options, *more, "--learning-rate", "0.5", "--seed", "5")
    assert first.out == again.out != other.out


def test_notations(nissl) -> None:
    assert r"\delta_{1}^{(1)}" in nissl("backprop", "--x", "-1", "--format", "latex").out
    assert "<table>" in nissl("backprop", "--format", "html").out


def test_a_sample_of_a_run(nissl, trained: Path) -> None:
    outcome = nissl("backprop", trained, "--sample", "3")
    assert outcome.code == 0, outcome.err
    assert "64-32-10 network" in outcome.out
    assert "more units; those with the largest |δ| are shown" in outcome.out
    assert "the model's own optimizer, adam" in outcome.out


def test_a_model_file_with_typed_numbers(nissl, tmp_path: Path) -> None:
    model = library.Sequential([library.Input((2,)), layers.Dense(2), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.save(tmp_path / "small.keras")
    outcome = nissl("backprop", tmp_path / "small.keras", "--x", "1,2*pi", "--t", "2")
    assert outcome.code == 0, outcome.err
    assert "x₁ = 1, x₂ = 6.28319, t₁ = 0, t₂ = 0, t₃ = 1" in outcome.out
    assert "η = 0.01" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--x", "1,2"), "the lecture's network has one input and one output; add --hidden"),
        (("--x", "abc"), "--x takes numbers with commas between them, such as 1,0.5, not 'abc'"),
        (("--x", ""), "column 1"),
        (("--t", "1;2"), "column 2"),
        (("--hidden", "9999999"), "a network of 29,999,998 weights; at most 10,000,000"),
        (("--hidden", "0"), "--hidden takes whole numbers above 0"),
        (("--hidden", "2", "--activation", "tahn"), "did you mean 'tanh'?"),
        (("--learning-rate", "-1"), "--learning-rate is a number above 0, not -1.0"),
        (("--steps", "0"), "steps=0 must be at least 1"),
        (("--sample", "3"), "--sample needs a run to take samples from"),
        (("--loss", "mme"), "unknown loss 'mme'"),
        (("nowhere",), "nowhere: there is no such run folder or model file"),
        (("-o", "x.doc"), "the ending must be one of"),
    ],
)
def test_mistakes(nissl, arguments: tuple[str, ...], said: str) -> None:
    outcome = nissl("backprop", *arguments)
    assert outcome.code in (1, 2)
    assert said in outcome.err
    assert outcome.out == ""


def test_mistakes_with_a_run(nissl, trained: Path) -> None:
    assert "--sample lies from 0 to 359" in nissl("backprop", trained, "--sample", "360").err
    assert "give --sample, or --x and --t together" in nissl("backprop", trained, "--x", "1").err
    said = nissl("backprop", trained, "--hidden", "3", "--seed", "0").err
    assert "--hidden, --seed make a new network, and" in said


def test_errors_of_the_library_are_in_vietnamese_too(
    nissl, vietnamese: None, trained: Path
) -> None:
    for arguments in (
        (trained, "--x", "1", "--t", "1"),
        (trained, "--x", ",".join("1" * 64), "--t", "10"),
        ("--loss", "mme"),
        (
            "--hidden",
            "2",
            "--loss",
            "categorical_crossentropy",
            "--t",
            "1",
            "--x",
            "1",
            "--steps",
            "0",
        ),
    ):
        said = nissl("backprop", *arguments, "--lang", "vi").err
        assert said.startswith("Lỗi: ")
        assert not any(word in said for word in (" and ", " the ", "unknown", " not ")), said


def test_vietnamese(nissl, vietnamese: None) -> None:
    out = nissl("backprop", "--steps", "3", "--lang", "vi").out
    assert "Lan truyền ngược trong mạng 1-3-1" in out
    assert "B2: lan truyền tiến" in out
    assert not any(word in out for word in ("Layer", "update", "differ", "Steps"))
