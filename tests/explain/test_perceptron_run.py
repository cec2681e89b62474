"""A perceptron's run as a table, as pictures and as an animation; and the reason where it fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from PIL import Image

import nissl
from nissl.errors import ArgumentError, ArgumentTypeError
from nissl.explain import perceptron, perceptron_study
from nissl.explain.perceptrons import decision, forms
from nissl.explain.perceptrons import run_picture as perceptron_picture
from nissl.explain.perceptrons.run import cycle

BOOLEAN = [[0, 0], [0, 1], [1, 0], [1, 1]]
AND, XOR = [0, 0, 0, 1], [0, 1, 1, 0]


def run_of(targets=AND, **settings):
    return perceptron(nissl.Perceptron(**settings).fit(BOOLEAN, targets))


def numbers(run) -> list[str]:
    """The first column of the table of updates."""
    table = next(part for part in run.parts() if getattr(part, "title", "") == "Each update")
    return [row[0].text or "…" for row in table.cells()]


def test_the_table_lists_every_update() -> None:
    table = next(part for part in run_of().parts() if getattr(part, "title", "") == "Each update")
    cells = [[cell.text for cell in row] for row in table.cells()]
    assert len(cells) == 11
    assert cells[1] == ["2", "1", "3", "(1, 1)", "1", "-1", "0", "1", "(-1, 0, 0)", "(0, 1, 1)"]
    shown = run_of().to_text()
    assert "Converged: 11 updates in 6 passes over 4 samples" in shown
    assert "Final weights: o = H(-3 + 2 x₁ + x₂)" in shown
    assert "H(0) = 1" in shown
    assert "wrong" not in shown
    assert "sgn(0) = 0" in run_of(activation="sign").to_text()
    assert "Target -1 is 0, target 1 is 1." in run_of(activation="sign").to_text()


def test_a_run_that_is_right_at_once() -> None:
    run = run_of(initial_weights=[-1.5, 1, 1])
    shown = run.to_text()
    assert "No update was necessary: every output is right at once." in shown
    assert "Each update" not in shown
    assert "Converged: 0 updates in 1 pass over 4 samples" in shown
    assert "1 update in 1 pass over 4 samples" in run_of(max_updates=1).to_text()
    assert run.figure().axes[0].get_title() == "End: converged, 0 updates"


def test_long_runs_are_folded_in_the_middle() -> None:
    shuffled = nissl.Perceptron(max_updates=500, shuffle=True).fit(BOOLEAN, XOR)
    assert numbers(perceptron(shuffled, rows=8)) == [
        "1", "2", "3", "4", "5", "6", "…", "499", "500",
    ]  # fmt: skip
    assert "repeats itself" not in perceptron(shuffled).to_text()
    with pytest.raises(ArgumentError, match="rows=0 must be at least 1"):
        perceptron(shuffled, rows=0)


def test_of_a_circle_one_round_is_listed() -> None:
    run = run_of(XOR, max_updates=500)
    assert numbers(run) == ["1", "2", "3", "4", "5", "6", "7", "…"]
    shown = run.to_text()
    assert "Not converged: 500 updates" in shown
    assert "From update 4 on the run repeats itself every 4 updates" in shown
    assert shown.count("wrong") == 3
    folded = perceptron(run.fitted, rows=4)
    assert numbers(folded) == ["1", "2", "3", "…", "7", "…"]
    titles = [axes.get_title().replace("\n", " ") for axes in run.figure().axes]
    assert titles[:2] == [
        "Update 1: output 0 in all this view",
        "Update 3: output 0 in all this view",
    ]
    assert titles[2:4] == ["Update 4", "Update 5: output 1 in all this view"]


def test_a_cycle_is_one() -> None:
    history = nissl.Perceptron(max_updates=60).fit(BOOLEAN, XOR).history
    found = cycle(history)
    assert found is not None
    start, length = found
    for one, again in zip(history[start - 1 :], history[start - 1 + length :], strict=False):
        assert one.sample == again.sample
        assert one.after.tolist() == again.after.tolist()
    assert cycle(nissl.Perceptron().fit(BOOLEAN, AND).history) is None


def test_what_is_no_run() -> None:
    with pytest.raises(ArgumentError, match=r"call fit\(x, y\) first"):
        perceptron(nissl.Perceptron())
    with pytest.raises(ArgumentTypeError, match="not list"):
        perceptron([1, 2])


@pytest.mark.parametrize(
    ("features", "activation"), [(1, "sign"), (2, "heaviside"), (3, "sign"), (9, "heaviside")]
)
def test_every_number_of_features_can_be_shown(features: int, activation: str, tmp_path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, features))
    p = nissl.Perceptron(activation, max_updates=40).fit(x, x.sum(axis=1) > 0.1)
    run = perceptron(p)
    for ending in ("md", "tex", "svg"):
        run.save(tmp_path / f"run.{ending}")
    axes = run.figure().axes
    if features <= 2:
        assert axes[0].get_title().startswith("Update 1")
        assert axes[-1].get_title().startswith("End: ")
    else:
        assert axes[1].get_ylabel() == "Errors met, each an update"


def test_the_last_panel_draws_the_final_line() -> None:
    run = run_of()
    axes = run.figure().axes[-1]
    line = axes.get_lines()[0]
    for x1, x2 in zip(line.get_xdata(), line.get_ydata(), strict=True):
        assert -3 + 2 * x1 + x2 == pytest.approx(0, abs=1e-9)
    region = axes.patches[0]
    corners = region.get_xy()
    assert np.all(corners @ [2, 1] - 3 >= -1e-9)
    assert region.get_hatch() == "///"
    assert region.get_facecolor() == to_rgba(decision.REGION)


def test_a_run_without_updates_is_drawn() -> None:
    run = perceptron(nissl.Perceptron(initial_weights=[-1.5, 1, 1]).fit(BOOLEAN, AND))
    assert len(run.figure().axes) == 1
    assert "0 updates in 1 pass over" in run.to_text()


# ---- animation -------------------------------------------------------------------------------


def test_the_animation_has_a_frame_for_each_update_and_one_for_the_end(tmp_path: Path) -> None:
    run_of().save(tmp_path / "and.gif")
    with Image.open(tmp_path / "and.gif") as picture:
        assert picture.format == "GIF"
        assert picture.n_frames == 12
        assert picture.info["loop"] == 0
        first = np.asarray(picture.convert("RGB"))
        picture.seek(11)
        last = np.asarray(picture.convert("RGB"))
        assert picture.info["duration"] == 2500
    assert first[0, 0].min() >= 254
    assert first.shape == last.shape
    assert (first != last).any()


def test_long_animations_are_thinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptron_picture, "FRAMES", 8)
    p = nissl.Perceptron(max_updates=100, shuffle=True).fit([[0], [1], [2]], [0, 1, 0])
    perceptron(p).save(tmp_path / "long.gif")
    with Image.open(tmp_path / "long.gif") as picture:
        assert picture.n_frames == 9


def test_what_cannot_be_animated(tmp_path: Path) -> None:
    p = nissl.Perceptron().fit(np.eye(3), [0, 0, 1])
    with pytest.raises(ArgumentError, match="one or two features, and there are 3"):
        perceptron(p).save(tmp_path / "a.gif")
    still = nissl.Perceptron(initial_weights=[-1.5, 1, 1]).fit(BOOLEAN, AND)
    with pytest.raises(ArgumentError, match="there was no update"):
        perceptron(still).save(tmp_path / "a.gif")
    with pytest.raises(ArgumentError, match=r"the ending '\.mp4'"):
        perceptron(p).save(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == []


def test_the_numbers_have_every_weight() -> None:
    found = {(each.step, each.name): each.value for each in run_of().quantities()}
    assert [found["Each update", f"n=2 w_{i}(n + 1)"] for i in range(3)] == [0, 1, 1]
    assert found["Each update", "n=2 y - o"] == 1
    study = perceptron_study(nissl.Perceptron(max_updates=6).fit(BOOLEAN, XOR), name="XOR")
    numbers = {(each.step, each.name): each.value for each in study.quantities()}
    assert [numbers["certificate", f"c_{i}"] for i in range(4)] == [0.5] * 4
    assert numbers["certificate", "x_1"] == 0.5
    line = {each.name: each.value for each in nissl.explain.separable(BOOLEAN, AND).quantities()}
    assert line == {"w_0": -1.5, "w_1": 1, "w_2": 1}


# ---- the study ---------------------------------------------------------------------------------


def test_a_run_that_converges_needs_no_reason() -> None:
    study = perceptron_study(nissl.Perceptron().fit(BOOLEAN, AND), name="AND")
    assert study.reason is None
    assert study.to_text() == perceptron(study.run.fitted, title="AND").to_text()


def test_the_study_of_xor(tmp_path: Path) -> None:
    study = perceptron_study(nissl.Perceptron(max_updates=6).fit(BOOLEAN, XOR), name="XOR")
    shown = study.to_text()
    for said in (
        "Not converged", "Not linearly separable", "2 w₀ + w₁ + w₂ ≥ 0",
        "z₂ = H(1.5 - x₁ - x₂)", "XOR learnt by two layers", "Learnt: loss",
    ):  # fmt: skip
        assert said in shown
    titles = [axes.get_title()[:2] for axes in study.figure().axes]
    assert titles == ["1.", "2.", "3.", "4."]
    study.save(tmp_path / "xor.gif")
    with Image.open(tmp_path / "xor.gif") as picture:
        assert picture.n_frames == 7


def test_a_limit_that_came_too_early_is_told_from_data_without_a_line() -> None:
    study = perceptron_study(nissl.Perceptron(max_updates=5).fit(BOOLEAN, AND))
    assert study.reason
    shown = study.to_text()
    assert "Linearly separable" in shown
    assert "So the rule converges, if it is given enough updates." in shown
    assert len(study.figure().axes) == 2
    labels = ["b", "a", "a", "b"]
    study = perceptron_study(nissl.Perceptron("sign", max_updates=30).fit(BOOLEAN, labels))
    assert study.reason is not None
    assert study.reason.classes == ("a", "b")
    assert study.reason.positive == (True, False, False, True)


# ---- drawing and writing -----------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_clipping_keeps_the_half_plane(seed: int) -> None:
    rng = np.random.default_rng(seed)
    box = (-1.0, 2.0, -3.0, 1.0)
    weights, bias = rng.normal(size=2), rng.normal()
    corners = decision.clip(box, (bias, *weights))
    assert np.all(corners @ weights + bias >= -1e-9)
    x, y = corners.T
    area = 0.5 * abs(x @ np.roll(y, 1) - y @ np.roll(x, 1))
    points = rng.uniform((-1, -3), (2, 1), size=(200_000, 2))
    assert area == pytest.approx(12 * np.mean(points @ weights + bias >= 0), abs=0.1)


def test_lines_through_corners_outside_and_nowhere() -> None:
    square = (0.0, 1.0, 0.0, 1.0)
    for size in (1.0, 1e-300, 1e300):
        assert sorted(decision.ends(square, (0, size, -size)).tolist()) == [[0, 0], [1, 1]]
        assert sorted(decision.ends(square, (-size, size, size)).tolist()) == [[0, 1], [1, 0]]
        assert decision.ends(square, (5 * size, size, size)).shape == (0, 2)
        assert decision.clip(square, (-5 * size, size, size)).shape == (0, 2)
    assert decision.ends(square, (0, 0, 0)).shape == (0, 2)
    assert len(decision.clip(square, (1, 0))) == 4  # everywhere, of one feature


def test_numbers_and_sums_as_they_are_written() -> None:
    assert forms.linear_form([0, 0, 0]).text == "0"
    assert forms.linear_form([1]).text == "1"
    assert forms.linear_form([-1, -1, 0.5]).text == "-1 - x₁ + 0.5 x₂"
    assert forms.linear_form([0, -1, 0.5]).text == "-x₁ + 0.5 x₂"
    huge = forms.linear_form([0, -1e300, 2.5e-7])
    assert huge.text == "-1e+300 x₁ + 2.5e-07 x₂"
    assert huge.latex == r"-10^{300}\,x_{1} + 2.5 \cdot 10^{-7}\,x_{2}"
    long = forms.linear_form([1] * 13)
    assert long.text == "1 + x₁ + x₂ + x₃ + x₄ + … + x₁₂"
    assert long.latex.endswith(r"+ \cdots + x_{12}")
    assert forms.vector([1, 2, 3, 4, 5]).text == "(1, 2, …, 5)"
    assert forms.vector([-0.5, 1e-9]).text == "(-0.5, 1e-09)"
