"""Work sheets, and answers that are compared with a key."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

import nissl
from nissl import explain, i18n
from nissl.errors import ArgumentError, ArgumentTypeError, DataError
from nissl.explain.quantities import Quantity, from_csv, from_json, read, to_csv

KEY = [
    Quantity("B1", "w_10^(1)", 0.5),
    Quantity("B1", "w_11^(1)", -2.0),
    Quantity("B2", "a_1^(1)", -1.5),
    Quantity("B2", "h'(a_1^(1))", 0.25),
    Quantity("B2", "z_1^(1)", -0.9),
    Quantity("B4", "delta_1^(1)", 0.1),
    Quantity("B4", "N", 4.0),
    Quantity("B4", "dE/dw_11^(1)", 0.3),
    Quantity("B5", "new w_11^(1)", -2.03),
]


def answered(name: str, value: float) -> list[Quantity]:
    return [replace(each, value=value) if each.name == name else each for each in KEY]


def test_right_answers_in_any_order_and_spelling() -> None:
    answers = [Quantity("", "dE/d w11(1)" if "dE" in k.name else k.name, k.value) for k in KEY]
    found = explain.check(KEY, list(reversed(answers)))
    assert (found.wrong, found.missing, found.extra) == ((), (), ())
    assert "9 of 9 numbers are right" in str(found)


@pytest.mark.parametrize(
    ("name", "value", "guess"),
    [
        ("delta_1^(1)", -0.1, "the sign is wrong"),
        ("delta_1^(1)", 0.4, "slope of the activation function, is missing"),
        ("a_1^(1)", -2.0, "the bias is missing"),
        ("z_1^(1)", -1.5, "the activation function is missing"),
        ("dE/dw_11^(1)", 1.2, "the sum over the batch"),
        ("dE/dw_11^(1)", 0.075, "the sum over the batch"),
        ("new w_11^(1)", -1.97, "the update has the wrong sign"),
        ("new w_11^(1)", -2.3, "the learning rate is missing"),
        ("new w_11^(1)", -2.06, "rounded too early"),
        ("new w_11^(1)", 77.0, ""),
    ],
)
def test_the_first_wrong_step_and_what_it_may_be(name: str, value: float, guess: str) -> None:
    found = explain.check(KEY, answered(name, value))
    assert [each.wanted.name for each in found.wrong] == [name]
    assert guess in found.mistake(found.wrong[0])
    assert bool(guess) == bool(found.mistake(found.wrong[0]))
    assert f", {name} = " in str(found)
    assert ("Perhaps: " in str(found)) == bool(guess)


def test_missing_extra_and_blank_numbers_are_named() -> None:
    answers = [*KEY[2:], Quantity("", "b_9", 1.0)]
    answers[0] = replace(answers[0], value=math.nan)
    found = explain.check(KEY, answers)
    assert [each.name for each in found.missing] == ["w_10^(1)", "w_11^(1)", "a_1^(1)"]
    assert [each.name for each in found.extra] == ["b_9"]
    assert found.wrong == ()
    assert "Not answered: w_10^(1), w_11^(1), a_1^(1)." in str(found)


def test_answers_of_another_network_are_refused() -> None:
    with pytest.raises(DataError, match=r"another network .* answers have u_1, the key has w_10"):
        explain.check(KEY, [Quantity("", "u_1", 1.0)])
    with pytest.raises(ArgumentError, match="tolerance"):
        explain.check(KEY, KEY, tolerance=0)


def test_the_tolerance_is_relative_and_absolute_near_zero() -> None:
    key = [Quantity("", "x", 1000.0), Quantity("", "y", 1e-9), Quantity("", "z", math.inf)]
    near = [Quantity("", "x", 1000.9), Quantity("", "y", 9e-4), Quantity("", "z", math.inf)]
    assert explain.check(key, near).wrong == ()
    far = [Quantity("", "x", 1001.1), Quantity("", "y", 2e-3), Quantity("", "z", 5.0)]
    assert len(explain.check(key, far).wrong) == 3


def test_a_small_number_of_the_wrong_sign_is_wrong() -> None:
    key = [Quantity("", "delta_2^(1)", -0.00033)]
    for given, right in ((-0.0003, True), (0.00033, False), (0.0, False), (-0.0006, False)):
        found = explain.check(key, [replace(key[0], value=given)])
        assert (not found.wrong) is right, given
    assert found.mistake(found.wrong[0]) == ""


def test_weights_of_the_wrong_order_and_other_given_numbers() -> None:
    model = nissl.Sequential([nissl.Input((2,)), nissl.layers.Dense(2)])
    model.set_weights([[[0.1, 0.2], [0.3, 0.4]], [0.5, 0.6]])
    shown = explain.backprop(model, [1.0, 2.0], [0.0, 1.0], 0.1, "mse")
    key = {each.name: each for each in shown.quantities()}
    assert (key["w_21^(1)"].value, key["w_12^(1)"].value) == pytest.approx((0.2, 0.3))
    other = {"w_12^(1)": "w_21^(1)", "w_21^(1)": "w_12^(1)"}
    answers = [replace(key[other.get(name, name)], name=name) for name in key]
    found = explain.check(shown, answers)
    assert [each.wanted.name for each in found.wrong] == ["w_12^(1)", "w_21^(1)"]
    assert "w_ji leads from i to j" in found.mistake(found.wrong[0])
    moved = [replace(each, value=7.0) if each.name == "x_1" else each for each in key.values()]
    found = explain.check(shown, moved)
    assert "answers are of another exercise or sample" in found.mistake(found.wrong[0])
    spelled = [replace(key["w_12^(1)"], name="w_1,2(1)"), replace(key["dE_n/dw_12^(1)"],
               name="dE/dw12(1)")]  # fmt: skip
    assert (explain.check(shown, spelled).wrong, explain.check(shown, spelled).extra) == ((), ())


@pytest.mark.parametrize("answers", [3, {"a": 1.0}, [1.0], [("a", 1.0)]])
def test_answers_that_are_no_numbers_with_names(answers: object) -> None:
    with pytest.raises(ArgumentTypeError, match=r"check: "):
        explain.check(KEY, answers)  # type: ignore[arg-type]
    with pytest.raises(ArgumentTypeError, match="made of an explanation"):
        explain.worksheet(answers)  # type: ignore[arg-type]


def test_the_sheet_of_a_neuron_keeps_weights_and_inputs() -> None:
    shown = explain.neuron([0.25, -2.0], 0.5, [0.75, 0.125], "tanh")
    text = str(explain.worksheet(shown))
    for given in ("0.25", "-2", "0.5", "0.75", "0.125"):
        assert given in text
    assert "0.1875" not in text
    sheet = {each.name: each.value for each in explain.worksheet(shown).quantities()}
    assert (sheet["w_0"], sheet["x_2"]) == (0.5, 0.125)
    assert math.isnan(sheet["a"])
    key = {each.name: each.value for each in shown.quantities()}
    assert key["a"] == pytest.approx(0.5 + 0.1875 - 0.25)
    answers = [Quantity("", "a", key["a"] - 0.5), Quantity("", "z", key["a"])]
    found = explain.check(shown, answers)
    assert "bias is missing" in found.mistake(found.wrong[0])
    assert "activation function is missing" in found.mistake(found.wrong[1])


@pytest.mark.parametrize(
    "text",
    [
        "name,value\na_1,-1.5\n",
        "name;value\na_1;-1,5\n",
        'step,name,value\nB2,a_1,"−1,5"\n',
        "a_1\t-1.5",
        "name;value;;\na_1; -1,5;;\n",
        "step;value;name\r\nB2;-1.5;a_1\r\n",
    ],
)
def test_tables_as_students_write_them(text: str) -> None:
    (found,) = from_csv(text)
    assert (found.name, found.value) == ("a_1", -1.5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty"),
        ("name,value\na_1,abc", "line 2: 'abc' is no number"),
        ("name,value\na_1", "line 2 has 1 columns"),
        ("step,name,value\nB2,a_1,-1,5", "line 2 has 4 columns.*decimal comma"),
        ('name,value\n"a_1,2', "quotation mark is open"),
        ("{}", 'no list "numbers"'),
        ('{"numbers": [{"name": "a"}]}', 'no list "numbers"'),
        ("{" + '"a":[' * 100_000, 'no list "numbers"'),
        ("\x00\xff", "is no number|has 1 columns"),
    ],
)
def test_files_that_hold_no_numbers(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "answers.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(DataError, match=told) as caught:
        read(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: there is no such file"):
        explain.check(KEY, tmp_path / "none.csv")


def test_files_go_there_and_back(tmp_path: Path) -> None:
    shown = explain.neuron([1.0, -2.0], 0.5, [0.3, 1e-20])
    for ending in (".csv", ".json"):
        shown.save(tmp_path / f"numbers{ending}")
        assert read(tmp_path / f"numbers{ending}") == list(shown.quantities())
    assert explain.check(shown, tmp_path / "numbers.csv").wrong == ()
    found = json.loads(shown.to_json())
    assert found["explanation"] == "Neuron"
    assert from_json(shown.to_json()) == from_csv(to_csv(shown.quantities()))


def test_words_keep_their_accents_in_files() -> None:
    with i18n.speaking("vi"):
        shown = explain.gate("AND")
        steps = {each.step for each in shown.quantities()}
    assert any(not step.isascii() for step in steps)
    assert json.loads(shown.to_json())["numbers"]


def test_a_work_sheet_has_blanks_for_what_is_computed() -> None:
    shown = explain.neuron([1.0, -2.0], 0.5, [0.3, 0.7], "tanh")
    sheet = explain.worksheet(shown)
    text = str(sheet)
    assert "______" in text
    for number in ("-1.4", str(round(shown.a, 4)), str(round(shown.z, 4))):
        assert number not in text
    blanks = list(sheet.quantities())
    assert [each.name for each in blanks] == [each.name for each in shown.quantities()]
    assert any(math.isnan(each.value) for each in blanks)
    assert r"\underline" in sheet.to_latex()
    assert len(re.findall(r"\d\.\d", str(sheet.solution))) > len(re.findall(r"\d\.\d", text))
    unanswered = explain.check(shown, blanks)
    assert unanswered.wrong == ()
    assert unanswered.missing
