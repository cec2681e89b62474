"""The activation gallery: formulas against mpmath, kinks, pictures, and what is refused."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from formula_reader import compute
from matplotlib.text import Text

import nissl
from nissl import activations, explain
from nissl.activations import FACTS, Facts
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from nissl.explain.gallery.curves import evaluate, named, study
from nissl.explain.parts import Table, formula

VECTORS = ("softmax", "log_softmax")
SCALARS = sorted({*FACTS} - {*VECTORS})
POINTS = [-20.5, -5.25, -2.9, -1.03, -0.4, 1e-9, 0.3, 0.97, 2.75, 3.5, 5.9, 7.25, 30.5]


def letters(name: str, x: Any) -> dict[str, Any]:
    own = {letter: mp.mpf(value) for letter, value in named(name)[0].letters.items()}
    return {"x": x, "e": mp.e} | own


def close(found: float, wanted: Any, tolerance: float = 1e-11) -> bool:
    return bool(abs(mp.mpf(found) - wanted) <= tolerance * max(1, abs(wanted)))


def faults(name: str, facts: Facts) -> list[str]:
    """Say where formula, its derivative, and what autodiff gives do not agree."""
    wrong: list[str] = []
    values, slopes = evaluate(named(name)[0], np.array(POINTS))
    for x, value, slope in zip(POINTS, values.tolist(), slopes.tolist(), strict=True):
        with mp.workdps(40):
            x_exact = mp.mpf(x)
            known = letters(name, x_exact)
            known["h"] = compute(facts.formula, known)
            formula_slope = compute(facts.derivative, known)
            step = mp.mpf("1e-15")
            after, before = (
                compute(facts.formula, letters(name, x_exact + d)) for d in (step, -step)
            )
            differences = (after - before) / (2 * step)
            if not close(value, known["h"]):
                wrong.append(f"{name}({x}) = {value}, formula {mp.nstr(known['h'])}")
            if not close(slope, formula_slope):
                wrong.append(f"{name}'({x}) = {slope}, formula {mp.nstr(formula_slope)}")
            if not close(float(differences), formula_slope, 1e-9):
                wrong.append(f"{name}' is not the derivative of {name} at {x}")
    return wrong


@pytest.mark.parametrize("name", SCALARS)
def test_formulas(name: str) -> None:
    assert faults(name, FACTS[name]) == []


def test_the_formula_check_catches_planted_faults() -> None:
    right = FACTS["tanh"]
    assert faults("tanh", Facts(right.formula, r"1 - \tanh x", -1, 1))
    assert faults("tanh", Facts(r"\tanh(x + 1)", right.derivative, -1, 1))
    assert faults("relu", Facts(r"\max(0, x)", r"1 \text{ if } x > 1,\ 0 \text{ otherwise}", 0, 1))
    assert faults("softplus", Facts(r"\ln(1 + e^x)", "1 / (1 + e^x)", 0, math.inf))


@pytest.mark.parametrize("name", VECTORS)
def test_formulas_of_vectors(name: str) -> None:
    vector, facts, function = [0.3, -1.2, 0.7, 2.1], FACTS[name], activations.get(name)
    values = function(np.array(vector)).tolist()
    jacobian = nissl.jacobian(function)(np.array(vector)).tolist()
    for i, x_i in enumerate(vector):
        for j, x_j in enumerate(vector):
            known = {"e": mp.e, "x_i": x_i, "x_j": x_j, r"\delta_{ij}": int(i == j)}
            assert close(values[i], compute(facts.formula, known, vector))
            known |= {"h_i": mp.mpf(values[i]), "h_j": mp.mpf(values[j])}
            assert close(jacobian[i][j], compute(facts.derivative, known, vector))


def test_a_function_of_a_vector_is_shown_by_its_first_element() -> None:
    x = np.array([-1.0, 0.0, 2.0])
    values, slopes = evaluate(named("softmax")[0], x)
    share = np.exp(x) / (np.exp(x) + 2)  # the two others are exp(0)
    np.testing.assert_allclose(values, share, rtol=1e-11)
    np.testing.assert_allclose(slopes, share * (1 - share), rtol=1e-11)
    assert [each.name for each in named() if each.vector] == sorted(VECTORS)


# ---- kinks -------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", sorted(FACTS))
def test_kinks_are_found_where_they_are_known(name: str) -> None:
    """The search by halving knows nothing of what is said of a function."""
    blind = named({"own": activations.get(name)})[0]
    found = study(blind, -8.0, 8.5)
    assert blind.facts is None
    assert {kink.at: kink.slope for kink in found.kinks} == pytest.approx(FACTS[name].kinks)


@pytest.mark.parametrize(
    ("name", "at", "left", "right"),
    [
        ("relu", 0, 0, 1),
        ("absolute", 0, -1, 1),
        ("hard_tanh", 1, 1, 0),
        ("leaky_relu", 0, 0.2, 1),
        ("hard_silu", -3, 0, -0.5),  # (2 x + 3) / 6
        ("hard_silu", 3, 1.5, 1),
        ("hard_sigmoid", -3, 0, 1 / 6),
    ],
)
def test_slopes_beside_kinks(name: str, at: float, left: float, right: float) -> None:
    kink = next(each for each in study(named(name)[0], -4, 4).kinks if each.at == at)
    assert (kink.slope_left, kink.slope_right) == pytest.approx((left, right), abs=1e-9)
    assert not kink.jumps


def test_jumps() -> None:
    (step,) = study(named("heaviside")[0], -4, 4).kinks
    assert (step.value_left, step.value, step.value_right) == (0, 1, 1)
    (sign,) = study(named("sign")[0], -4, 4).kinks
    assert (sign.value_left, sign.value, sign.value_right) == (-1, 0, 1)
    assert step.jumps
    assert sign.jumps
    pieces = study(named("sign")[0], -4, 4).pieces()
    assert [(x[0], x[-1], set(y.tolist())) for x, y, _slope in pieces] == [
        (pytest.approx(-4), pytest.approx(0, abs=1e-8), {-1.0}),
        (pytest.approx(0, abs=1e-8), pytest.approx(4), {1.0}),
    ]


def test_kinks_of_ones_own_functions() -> None:
    def bent(x: Any) -> Any:
        return nissl.sin(x) * nissl.abs(x - 1.2345)

    (kink,) = study(named(bent)[0], -4, 4).kinks
    assert kink.at == pytest.approx(1.2345, abs=1e-9)
    assert kink.slope_right == pytest.approx(math.sin(1.2345), rel=1e-6)
    assert kink.slope_left == pytest.approx(-math.sin(1.2345), rel=1e-6)
    steep = study(named(lambda x: nissl.sin(40 * x))[0], -4, 4)
    assert steep.kinks == ()
    (pole,) = study(named(lambda x: 1 / x)[0], -4, 4).kinks
    assert (pole.at, pole.value_left, pole.value_right) == (0, -math.inf, math.inf)
    (edge,) = study(named(nissl.log)[0], -4, 4).kinks
    assert math.isnan(edge.value_left)
    assert edge.value_right == -math.inf


def test_many_kinks_are_folded() -> None:
    text = explain.activations(nissl.floor, low=-100, high=100).to_text()
    assert text.count("floor") < 100
    assert "... and 160 more kinks" in text
    assert "... and 160 more jumps" in text


# ---- what can be named -------------------------------------------------------------------------
def test_names() -> None:
    assert [each.name for each in named()] == sorted(FACTS)
    assert [each.name for each in named(("swish", nissl.tanh))] == ["silu", "tanh"]
    assert named({"mine": nissl.sin})[0].name == "mine"
    gentle = functools.partial(nissl.leaky_relu, negative_slope=0.01)
    assert named(gentle)[0].name == "leaky_relu(negative_slope=0.01)"
    assert named(gentle)[0].letters == {r"\alpha": 0.01}
    assert named("elu(alpha=2)")[0].letters == {r"\alpha": 2.0}
    assert named("relu(max_value=2)")[0].facts is None
    np.testing.assert_array_equal(evaluate(named("relu(max_value=2)")[0], np.array([3.0]))[0], 2)


@pytest.mark.parametrize(
    ("wanted", "error", "said"),
    [
        ("rellu", UnknownNameError, "did you mean 'relu'"),
        ("", UnknownNameError, "unknown activation ''"),
        ([], ArgumentError, "no activation is named"),
        (3, ArgumentTypeError, "a name or a function of tensors, not int 3"),
        (nissl.Tensor, ArgumentTypeError, "a name or a function of tensors, not type"),
        ([3], ArgumentTypeError, "a name or a function of tensors, not int 3"),
        ("leaky_relu(alpha=1)", UnknownNameError, "Known: negative_slope"),
        ("tanh(alpha=1)", ArgumentError, "tanh has no settings"),
        ("leaky_relu(0.1)", ArgumentError, r"not as '0\.1'"),
        ("leaky_relu(negative_slope=nan)", ArgumentError, "setting=number"),
        ("leaky_relu(negative_slope", UnknownNameError, "unknown activation"),
        (nissl.sum, ShapeError, r"gives shape \(\) for a vector of 3"),
        (np.hypot, ArgumentTypeError, "hypot is not a function of one Nissl tensor"),
        (["relu"] * 61, ArgumentError, "61 functions are more than the 60"),
    ],
)
def test_refusals(wanted: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        explain.activations(wanted)


@pytest.mark.parametrize(
    ("low", "high"), [(1, 1), (2, -2), (0, math.inf), (math.nan, 1), (0, 1e12)]
)
def test_intervals_that_cannot_be_drawn(low: float, high: float) -> None:
    with pytest.raises(ArgumentError, match="cannot be drawn"):
        explain.activations("relu", low=low, high=high)


# ---- tables and pictures -----------------------------------------------------------------------
def tables(explanation: explain.Explanation) -> list[Table]:
    return [part for part in explanation.parts() if isinstance(part, Table)]


def test_tables() -> None:
    formulas, values, kinks, jumps = tables(explain.activations(["tanh", "heaviside"]))
    assert [cell.text for cell in formulas.cells()[0]] == [
        "tanh", "tanh x", "1 - tanh² x", "-1 to 1",
    ]  # fmt: skip
    row = [cell.text for cell in values.cells()[0]]
    assert row == ["tanh", "-0.7616", "0", "0.7616", "0.42", "1", "0.42"]  # 1 - 0.7616**2
    assert [cell.text for cell in kinks.cells()[0]] == ["heaviside", "0", "1", "0", "0", "0"]
    assert [cell.text for cell in jumps.cells()[0]] == ["heaviside", "0", "0", "1", "1"]


def test_one_function_has_more_points() -> None:
    _formulas, values = tables(explain.activations("softsign"))
    assert list(values.rows[0]) == pytest.approx([-4, -0.8, 1 / 25])
    narrow = tables(explain.activations("softsign", low=0, high=1))[1]
    assert [row[0] for row in narrow.rows] == pytest.approx([i / 8 for i in range(9)])


def test_what_is_not_known_is_said_to_be_seen() -> None:
    text = explain.activations([nissl.sin, "elu(alpha=3)", "relu6"]).to_text()
    assert "given as code" in text
    assert "-1 to 1, seen here" in text
    assert "-2.945 to 4, seen here" in text  # 3 (exp(-4) - 1)
    assert "Kinks outside this interval: relu6: 6." in text


def test_plain_formulas_have_no_latex() -> None:
    for facts in FACTS.values():
        for latex in (facts.formula, facts.derivative):
            assert not set("\\{}") & set(formula(latex).text), latex


@pytest.fixture(scope="module")
def whole() -> Any:
    return explain.activations()


def texts(figure: Any) -> Iterator[Text]:
    figure.draw_without_rendering()
    unseen = {
        label
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
        for label in (tick.label1, tick.label2)
    }
    for text in figure.findobj(Text):
        if text.get_visible() and text.get_text().strip() and text not in unseen:
            yield text


def overlapping(figure: Any) -> list[tuple[str, str]]:
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts(figure)]
    return [
        (name, other)
        for place, (name, box) in enumerate(boxes)
        for other, second in boxes[place + 1 :]
        if min(box.x1, second.x1) - max(box.x0, second.x0) > 2
        and min(box.y1, second.y1) - max(box.y0, second.y0) > 2
    ]


def test_the_whole_gallery_is_drawn(whole: Any) -> None:
    figure = whole.figure()
    assert [axes.get_title() for axes in figure.axes] == sorted(FACTS)
    assert overlapping(figure) == []


@pytest.mark.parametrize("names", [["mish"], ["selu", "softmax", "relu", "hard_silu", "gelu"]])
def test_large_panels(names: list[str]) -> None:
    figure = explain.activations(names).figure()
    assert overlapping(figure) == []
    edge = figure.get_window_extent()
    for text in texts(figure):
        box = text.get_window_extent()
        assert edge.x0 <= box.x0 < box.x1 <= edge.x1, text.get_text()


def test_circles_stand_where_the_convention_is() -> None:
    (axes,) = explain.activations("heaviside").figure().axes
    dots = {
        (float(line.get_xdata()[0]), float(line.get_ydata()[0])): line.get_markerfacecolor()
        for line in axes.get_lines()
        if line.get_marker() == "o"
    }
    assert dots.keys() == {(0.0, 0.0), (0.0, 1.0)}
    assert dots[0.0, 1.0] != "white"  # H(0) = 1
    assert all(
        not (line.get_xdata().min() < 0 < line.get_xdata().max())
        for line in axes.get_lines()
        if len(line.get_xdata()) > 2
    )  # no line over the jump


def test_hard_functions_are_drawn_too() -> None:
    functions = [lambda x: 1 / x, nissl.log, nissl.exp, lambda x: x * math.nan]
    shown = (
        (explain.activations(functions, low=-800, high=800), 4),
        (explain.activations({"層 $x_1$": "relu"}), 1),
        (explain.activations(["relu"], low=-1e-3, high=1e8), 1),
    )
    for gallery, panels in shown:
        figure = gallery.figure()
        figure.draw_without_rendering()
        assert len(figure.axes) == panels
        for axes in figure.axes:
            assert np.isfinite([*axes.get_xlim(), *axes.get_ylim()]).all()


def test_all_forms(tmp_path: Path, whole: Any) -> None:
    for ending in ("txt", "md", "tex"):
        whole.save(tmp_path / f"all.{ending}")
    assert r"$\max(0, x)$" in (tmp_path / "all.tex").read_text("utf-8")


# ---- few bits ----------------------------------------------------------------------------------
def test_precision_by_hand() -> None:
    """The same with NumPy alone: 256 numbers, rounded to 1/16, cut off at -8 and 7.9375."""
    x = np.arange(-128, 128) / 16

    def rounded(values: Any) -> Any:
        return np.clip(np.round(values * 16) / 16, -8, 7.9375)

    relu, tanh, exponential = explain.precision(["exponential", "relu", "tanh"]).losses
    assert (relu.value, relu.slope, relu.clipped, relu.vanished) == (0, 0, 0, 0)
    assert relu.floats == (0, 0)
    slope = 1 - np.tanh(x) ** 2
    assert tanh.value == pytest.approx(np.abs(rounded(np.tanh(x)) - np.tanh(x)).max())
    assert tanh.slope == pytest.approx(np.abs(rounded(slope) - slope).max())
    assert tanh.vanished == np.count_nonzero((slope > 0) & (rounded(slope) == 0))
    assert exponential.value == pytest.approx(math.exp(7.9375) - 7.9375)
    assert exponential.clipped == np.count_nonzero(np.exp(x) > 7.9375 + 1 / 32)
    single = np.abs(np.tanh(x.astype(np.float32)).astype(float) - np.tanh(x)).max()
    assert 0 < tanh.floats[0] < 4 * single
    assert 1e-5 < tanh.floats[1] < 1e-3  # float16 has 11 bits


def test_precision_shows_itself() -> None:
    shown = explain.precision()
    assert overlapping(shown.figure()) == []
    text = shown.to_text()
    assert (
        "Exact in 8 bits, derivative too: hard_tanh, heaviside, linear, relu, relu6, sign" in text
    )
    explain.precision(
        [lambda x: 1 / x, nissl.log], bits=4, fraction=0
    ).figure().draw_without_rendering()


@pytest.mark.parametrize(("bits", "fraction"), [(1, 0), (17, 4), (8, 8), (8, -1)])
def test_formats_that_are_not_offered(bits: int, fraction: int) -> None:
    with pytest.raises(ArgumentError, match="is not offered"):
        explain.precision("relu", bits=bits, fraction=fraction)
