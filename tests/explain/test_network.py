"""Networks and single neurons drawn, with their numbers."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nissl
from nissl import explain
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError, UnknownNameError
from nissl.explain import backprop, draw_network
from nissl.plots import new_figure


def texts(figure: Any) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def overlaps(figure: Any) -> list[tuple[str, str]]:
    """Pairs of texts in the axes whose boxes lie on each other, in the picture as it is drawn."""
    figure.savefig(io.BytesIO(), format="png")
    renderer = figure.canvas.get_renderer()
    found = [t for axes in figure.axes for t in axes.texts if t.get_text()]
    boxes = [t.get_window_extent(renderer).padded(-1.5) for t in found]
    return [
        (found[i].get_text(), found[j].get_text())
        for i in range(len(found))
        for j in range(i)
        if boxes[i].overlaps(boxes[j])
    ]


# ---- networks ---------------------------------------------------------------------------------
def test_lines_are_as_wide_as_weights_and_dashed_where_negative() -> None:
    figure = draw_network([2, 2], [[[4.0, -2.0], [0.0, math.nan]]], [[1.0, -1.0]])
    lines = {
        (round(float(line.get_ydata()[0]), 3), round(float(line.get_ydata()[1]), 3)): line
        for line in figure.axes[0].lines
    }
    assert len(lines) == 6
    wide = {line.get_linewidth(): line.get_linestyle() for line in lines.values()}
    assert max(wide) == pytest.approx(4.0)
    assert wide[max(wide)] == "-"
    assert wide[0.5 + 3.5 * 0.5] == "--"
    assert wide[0.5] == "-"
    assert [line.get_linestyle() for line in lines.values()].count(":") == 1
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["weight > 0", "weight < 0; wider = larger", "not finite"]


def test_columns_of_many_neurons_fold() -> None:
    figure = draw_network([784, 300, 10], most=5)
    shown = texts(figure)
    assert "780 more" in shown
    assert "296 more" in shown
    assert "6 more" in shown
    assert [t for t in shown if t.startswith("$x_")] == [
        "$x_{1}$",
        "$x_{2}$",
        "$x_{3}$",
        "$x_{784}$",
    ]
    assert len([line for line in figure.axes[0].lines if len(line.get_xdata()) == 2]) == 32


@pytest.mark.parametrize("sizes", [(1, 3, 1), (2, 2, 1), (3, 4, 2), (1, 1), (1, 10, 1), (6, 2, 6)])
@pytest.mark.parametrize("batch", [1, 3])
def test_numbers_do_not_lie_on_each_other(sizes: tuple[int, ...], batch: int) -> None:
    nissl.utils.set_random_seed(7)
    stack: list[Any] = [nissl.Input((sizes[0],))]
    stack += [nissl.layers.Dense(n, "tanh", bias_initializer="random_normal") for n in sizes[1:]]
    rng = np.random.default_rng(1)
    shown = backprop(
        nissl.Sequential(stack), rng.normal(size=(batch, sizes[0])),
        1e-4 * rng.normal(size=(batch, sizes[-1])), 0.1, "half_squared_error",
    )  # fmt: skip
    assert overlaps(shown.figure()) == []


def test_the_overlap_check_catches_texts_on_each_other() -> None:
    figure = new_figure(3, 3)
    axes = figure.add_subplot()
    axes.text(0.5, 0.5, "one")
    axes.text(0.51, 0.5, "two")
    assert overlaps(figure) == [("two", "one")]


def test_forward_and_backward_numbers_are_told_apart_without_colour() -> None:
    figure = backprop(
        explain.lecture_network(), math.pi / 2, 1.0, 0.1, "half_squared_error"
    ).figure()
    written = {text.get_text(): text for axes in figure.axes for text in axes.texts}
    assert written["1.22"].get_style() == "normal"
    assert written["(0.00668)"].get_style() == "italic"
    assert written["a = 0.99\ny = 0.99\nt = 1"].get_style() == "normal"
    assert written["δ = -0.00991"].get_style() == "italic"
    assert written["1.22"].get_color() != written["(0.00668)"].get_color()


def test_every_weight_is_written_on_its_line() -> None:
    figure = draw_network([2, 3, 1], [np.ones((2, 3)), np.ones((3, 1))], numbers=True)
    assert texts(figure).count("1") == 9


@pytest.mark.parametrize(
    ("arguments", "options", "error", "said"),
    [
        (([3],), {}, ArgumentError, "at least two columns"),
        (([3, 0],), {}, ArgumentError, "at least two columns"),
        (([3, 2],), {"most": 2}, ArgumentError, "most=2"),
        (([3, 2], []), {}, ShapeError, "weights and biases: 2 columns have 1 layers"),
        (([3, 2], [np.ones((2, 3))]), {}, ShapeError, r"weights\[0\] between 3 and 2 .*\(3, 2\)"),
        (([3, 2],), {"labels": [["a"]]}, ShapeError, "labels: 2 columns, and texts for 1"),
        (([3, 2],), {"labels": [["a"], ["b"]]}, ShapeError, r"labels\[0\]: 3 neurons, and 1"),
    ],
)
def test_what_does_not_fit_is_said(
    arguments: Any, options: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        draw_network(*arguments, **options)


def test_layers_and_losses_of_any_name_are_drawn() -> None:
    model = nissl.Sequential([nissl.layers.Dense(1, input_shape=(1,), name="$\\foo$ 漢")])
    model.set_weights([[[math.inf]], [0.0]])
    shown = backprop(model, 1.0, 1.0, 0.1, lambda t, y: nissl.mean((t - y) ** 2, axis=-1))
    drawn = io.BytesIO()
    shown.figure().savefig(drawn, format="png")
    with Image.open(drawn) as picture:
        assert min(picture.size) > 100
        assert len(picture.convert("L").getcolors()) > 2


# ---- by sizes alone ---------------------------------------------------------------------------
def test_a_network_is_shown_by_its_sizes() -> None:
    shown = explain.network("2,4,3")
    assert shown.sizes == explain.network((2, 4, 3)).sizes == (2, 4, 3)
    text = str(shown)
    assert "Parameters: 27" in text  # (2 + 1) 4 + (4 + 1) 3
    assert "zⱼ = h(wⱼ₀⁽¹⁾ + Σᵢ₌₁² wⱼᵢ⁽¹⁾ xᵢ)" in text
    assert "yₖ = h(wₖ₀⁽²⁾ + Σⱼ₌₁⁴ wₖⱼ⁽²⁾ zⱼ)" in text
    figure = shown.figure()
    assert texts(figure).count("1") == 2
    assert {"$x_{2}$", "$z_{4}$", "$y_{3}$", "layer 1", "layer 2\noutputs"} <= {*texts(figure)}
    assert len(figure.axes[0].lines) == 3 * 4 + 5 * 3
    bare = explain.network([2, 4, 3], bias=False)
    assert "Parameters: 20" in str(bare)
    assert "1" not in texts(bare.figure())


def test_layers_are_counted_from_1() -> None:
    figure = explain.network("2,3,3,1").figure()
    assert {"$z_{1}^{(1)}$", "$z_{3}^{(2)}$", "layer 3\noutputs"} <= {*texts(figure)}


def test_only_layers_with_biases_have_a_unit_that_is_1() -> None:
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(4, 3)), rng.normal(size=(3, 2))]
    shown = explain.network([4, 3, 2], weights, [None, [0.5, 1.0]])
    assert shown.bias == (False, True)
    assert "Parameters: 20" in str(shown)  # 4 x 3 + (3 + 1) 2
    assert texts(shown.figure()).count("0.5") == 1
    assert explain.network([4, 3, 2], weights).bias == (False, False)


@pytest.mark.parametrize("sizes", ["2,4,3", "2,4,5,3", "1,3,1", "40,100,3"])
def test_small_networks_can_be_read_at_8_cm(sizes: str) -> None:
    figure = explain.network(sizes).figure(width=8 / 2.54)
    letters = [t.get_fontsize() for axes in figure.axes for t in axes.texts if t.get_text()]
    assert min(map(float, letters)) >= 6
    assert overlaps(figure) == []
    weighted = explain.network([2, 2, 1], [np.ones((2, 2)), np.ones((2, 1))], [[1, 2], [3]])
    assert overlaps(weighted.figure(width=8 / 2.54)) == []


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (("2,four,3",), ArgumentError, "as in 2,4,3; not '2,four,3'"),
        (("2",), ArgumentError, "inputs and 1 to 29 layers"),
        (("2,0,1",), ArgumentError, "sizes=0 must be at least 1"),
        (([2, 1.5],), ArgumentTypeError, "sizes is a whole number"),
        (([2, 10**7],), ArgumentError, "at most 1,000,000"),
        (([2, 3], [np.ones((3, 2))]), ShapeError, r"weights\[0\] between 2 and 3"),
        (([2, 3], [np.ones((2, 3))], []), ShapeError, "weights and biases: 2 columns"),
    ],
)
def test_what_is_no_network(arguments: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        explain.network(*arguments)


# ---- a single neuron --------------------------------------------------------------------------
def test_a_neuron_adds_and_activates() -> None:
    shown = explain.neuron([0.8, -1.2], 0.3, [1.0, 0.5], "sigmoid")
    assert shown.a == pytest.approx(0.5, abs=1e-12)
    assert shown.z == pytest.approx(1 / (1 + math.exp(-0.5)), rel=1e-11)
    assert shown.slope == pytest.approx(shown.z * (1 - shown.z), rel=1e-11)
    text = str(shown)
    assert "a = w₀ + w₁ x₁ + w₂ x₂ = 0.3 + (0.8)(1) + (-1.2)(0.5) = 0.5" in text
    assert "z = h(a) = sigmoid(0.5) = 0.622459" in text
    assert r"w_{0} + w_{1}\,x_{1}" in shown.to_latex()
    assert overlaps(shown.figure()) == []


def test_a_neuron_with_many_inputs_folds_and_infinities_are_told() -> None:
    many = explain.neuron(np.arange(20.0), 0.0, np.ones(20), lambda a: a * 2)
    assert "9 more; the largest products are shown" in str(many)
    assert overlaps(many.figure()) == []
    assert "The output is not a finite number." in str(
        explain.neuron([math.inf], 0.0, [1.0], "linear")
    )
    assert explain.neuron([math.nan], 0.0, [1.0], "tanh").figure() is not None


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (([1.0], 0.0, [1.0, 2.0]), ShapeError, "as many weights as inputs"),
        (([], 0.0, []), ShapeError, "at least one"),
        ((["a"], 0.0, [1.0]), ArgumentTypeError, "weights: numbers are needed"),
        (([1.0], 0.0, [1.0], "than"), UnknownNameError, "did you mean 'tanh'"),
        (([1.0], 0.0, [1.0], "softmax"), ArgumentError, "a whole layer"),
    ],
)
def test_a_neuron_that_cannot_be(arguments: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        explain.neuron(*arguments)
