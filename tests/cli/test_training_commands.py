"""nissl race, nissl depth and nissl train --watch, as a reader types them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

Command = Any


def test_race(nissl: Command, tmp_path: Path) -> None:
    picture = tmp_path / "race.svg"
    done = nissl("race", "ravine", "--optimizers", "sgd:0.1,adam", "--steps", 50, "-o", picture)
    assert done.code == 0, done.err
    assert "diverged at step 7" in done.out
    assert picture.read_text().startswith("<?xml")
    again = nissl("race", "ravine", "-o", picture)
    assert again.code == 2
    assert "--force" in again.err


def test_race_takes_what_begins_with_a_minus(nissl: Command, tmp_path: Path) -> None:
    film = tmp_path / "race.gif"
    begin = ("--start", "-1.5", "2")
    done = nissl("race", "-x + x^2 + y^2", *begin, "--steps", 5, "--optimizers", "sgd", "-o", film)
    assert done.code == 0, done.err
    assert "from (-1.5, 2)" in done.out
    assert film.read_bytes()[:4] == b"GIF8"
    markdown = nissl("race", "saddle", "--steps", 3, "--format", "markdown")
    assert "| sgd |" in markdown.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["race", "rosenbruck"], "rosenbrock"),
        (["race", "x+y+z"], "3 variables"),
        (["race", "--steps", "0"], "steps"),
        (["race", "--optimizers", "adm"], "adam"),
        (["race", "--start", "a", "1"], "--start"),
        (["race", "-o", "race.docx"], ".gif"),
        (["depth", "relu"], "activation:initializer"),
        (["depth", "relu:he"], "initializer"),
        (["depth", "--layers", "0"], "layers"),
        (["depth", "-o", "a.gif"], ".svg"),
    ],
)
def test_mistakes_are_explained(nissl: Command, words: list[str], said: str) -> None:
    done = nissl(*words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_depth(nissl: Command, tmp_path: Path) -> None:
    picture = tmp_path / "depth.png"
    done = nissl("depth", "sigmoid:random_uniform", "relu:he_normal", "--epochs", 0, "-o", picture)
    assert done.code == 0, done.err
    assert "vanishing" in done.out
    assert picture.stat().st_size > 10_000


def test_train_watches(nissl: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = nissl("train", "digits", "--hidden", 16, "--epochs", 2, "--watch", "--run", run)
    assert done.code == 0, done.err
    assert "Verdict: healthy" in done.out
    assert "layers.png" in done.out
    assert (run / "layers.png").stat().st_size > 10_000
    assert "| relu |" in (run / "layers.md").read_text()


def test_train_that_fails_shows_what_was_seen(nissl: Command, tmp_path: Path) -> None:
    run = tmp_path / "run"
    options = ("--hidden", 16, "--epochs", 3, "--learning-rate", "1e30")
    done = nissl("train", "digits", *options, "--watch", "--run", run)
    assert done.code == 1
    assert "Verdict: not finite" in done.out
    assert (run / "layers.md").exists()


def test_in_vietnamese(nissl: Command, vietnamese: None) -> None:
    assert (
        "phân kỳ ở bước 7" in nissl("race", "ravine", "--optimizers", "sgd:0.1", "--lang", "vi").out
    )
    done = nissl("depth", "sigmoid:random_uniform", "--epochs", 0, "--lang", "vi")
    assert "biến mất" in done.out
