"""``nissl activations``: what it prints, writes and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest


def test_all(nissl) -> None:
    outcome = nissl("activations")
    assert outcome.code == 0
    for name in ("relu", "heaviside", "log_softmax", "max(0, x)", "Kinks"):
        assert name in outcome.out


def test_some_into_files(nissl, tmp_path: Path) -> None:
    picture, text = tmp_path / "a.svg", tmp_path / "a.md"
    words = ["relu", "leaky_relu(negative_slope=0.01)", "--range", "-2", "2"]
    outcome = nissl("activations", *words, "-o", picture, "-o", text)
    assert outcome.code == 0
    assert picture.read_bytes().startswith(b"<?xml")
    assert "α = 0.01" in text.read_text("utf-8")
    again = nissl("activations", "relu", "-o", picture)
    assert again.code == 2
    assert "--force" in again.err


def test_precision(nissl) -> None:
    outcome = nissl("activations", "tanh", "relu", "--precision", "--bits", "4")
    assert outcome.code == 0
    assert "16 numbers from -2 to 1.75, in steps of 0.25" in outcome.out
    assert "Exact in 4 bits, derivative too: relu." in outcome.out


def test_vietnamese(nissl, vietnamese: None) -> None:
    outcome = nissl("activations", "relu", "--lang", "vi")
    assert "Các hàm kích hoạt và đạo hàm của chúng" in outcome.out
    assert "1 nếu x > 0, 0 còn lại" in outcome.out
    outcome = nissl("activations", "leaky_relu(alpha=1)", "--lang", "vi")
    assert "không có thiết lập của leaky_relu 'alpha'" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rellu"], "did you mean 'relu'"),
        (["--range", "2", "1"], "the interval from 2 to 1 cannot be drawn"),
        (["--range", "2"], "requires 2 arguments"),
        (["tanh", "--precision", "--range", "0", "1"], "--range has no meaning with --precision"),
        (["tanh", "--bits", "4"], "--bits and --fraction need --precision"),
        (["tanh", "--precision", "--bits", "40"], "fixed point of 40 bits"),
        (["tanh", "--format", "tex"], "did you mean 'latex'"),
        (["tanh(1)"], "setting=number"),
    ],
)
def test_wrong_use(nissl, arguments: list[str], said: str) -> None:
    outcome = nissl("activations", *arguments)
    assert outcome.code == 2
    assert said in outcome.err
    assert "Traceback" not in outcome.err
