"""The named numbers of a step of backpropagation, and a student's sheet of them."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nissl import explain
from nissl.explain import Backprop


def lecture(batch: bool = False) -> Backprop:
    x, t = ([[0.5], [1.0]], [[0.4], [0.9]]) if batch else (0.5, 1.0)
    return explain.backprop(explain.lecture_network(), x, t, 0.1, "half_squared_error")


def test_names_are_the_lectures_and_values_the_weights() -> None:
    shown = lecture()
    found = {each.name: each.value for each in shown.quantities()}
    assert len(found) == len(list(shown.quantities()))
    assert found["w_20^(1)"] == 4.596628
    assert found["w_13^(2)"] == 1.520071
    assert found["a_2^(1)"] == pytest.approx(4.596628 - 1.4763303 * 0.5, rel=1e-12)
    assert found["z_2^(1)"] == pytest.approx(math.tanh(found["a_2^(1)"]), rel=1e-11)
    assert found["delta_1^(2)"] == pytest.approx(found["y_1"] - 1, rel=1e-11)
    slope = 1 - found["z_2^(1)"] ** 2
    assert found["h'(a_2^(1))"] == pytest.approx(slope, rel=1e-9)
    assert found["delta_2^(1)"] == pytest.approx(slope * 0.8098653 * found["delta_1^(2)"], rel=1e-9)
    new = found["w_21^(1)"] - 0.1 * found["delta_2^(1)"] * 0.5
    assert found["new w_21^(1)"] == pytest.approx(new, rel=1e-11)


@pytest.mark.parametrize(
    ("name", "wrong", "guess"),
    [
        ("delta_2^(1)", lambda f: f["delta_2^(1)"] / f["h'(a_2^(1))"], "slope of the activation"),
        ("a_3^(1)", lambda f: f["a_3^(1)"] - f["w_30^(1)"], "the bias is missing"),
        ("dE/dw_12^(2)", lambda f: 2 * f["dE/dw_12^(2)"], "the sum over the batch"),
        ("new w_10^(2)", lambda f: 2 * f["w_10^(2)"] - f["new w_10^(2)"], "wrong sign"),
        ("y_1", lambda f: -f["y_1"], "the sign is wrong"),
    ],
)
def test_a_students_mistake_is_found_in_a_batch(name: str, wrong: object, guess: str) -> None:
    key = list(lecture(batch=True).quantities())
    known = {each.name: each.value for each in key}
    assert callable(wrong)
    answers = [replace(each, value=wrong(known)) if each.name == name else each for each in key]
    found = explain.check(key, answers, tolerance=1e-6)
    assert [each.wanted.name for each in found.wrong] == [name]
    assert guess in found.mistake(found.wrong[0])


def test_the_sheet_keeps_what_is_given_and_hides_the_rest(tmp_path: Path) -> None:
    shown = lecture()
    sheet = explain.worksheet(shown)
    text = str(sheet)
    for given in ("learning rate η = 0.1", "-0.778101", "x₁ = 0.5, t₁ = 1", "j = 2"):
        assert given in text
    numbers = shown.numbers.stages
    for hidden in (numbers[0].a, numbers[0].z, numbers[1].delta, numbers[0].kernel_slope):
        for value in np.ravel(hidden):
            assert f"{value:.4g}" not in text
    for ending in (".tex", ".html", ".csv", ".json", ".md"):
        sheet.save(tmp_path / f"sheet{ending}")
        assert (tmp_path / f"sheet{ending}").stat().st_size > 500


def test_the_picture_can_be_read_at_8_centimetres() -> None:
    from matplotlib.text import Text

    figure = lecture().figure(width=8 / 2.54)
    sizes = [float(text.get_fontsize()) for text in figure.findobj(Text) if text.get_text()]
    assert figure.get_figwidth() == pytest.approx(8 / 2.54)
    assert min(sizes) >= 6
    shown = {text.get_text() for text in figure.findobj(Text)}
    assert any(text.startswith("δ = ") for text in shown)
