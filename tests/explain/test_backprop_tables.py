"""What a backpropagation says: tables, marks, and the errors of what cannot be shown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import activations, explain, layers, losses
from nissl.errors import ArgumentError, ArgumentTypeError, DataError, ShapeError
from nissl.explain import Backprop, backprop
from nissl.explain.backpropagation.stages import read
from nissl.explain.notation import plain

Array = np.ndarray[Any, Any]


def network(sizes: list[int], hidden: Any = "tanh", output: Any = None, **options: Any) -> Any:
    """A network with weights of a fixed seed, in float64."""
    nissl.utils.set_random_seed(3)
    dtype = options.pop("dtype", "float64")
    stack: list[Any] = [nissl.Input((sizes[0],))]
    for size in sizes[1:-1]:
        stack.append(layers.Dense(size, hidden, dtype=dtype, bias_initializer="random_normal"))
    stack.append(layers.Dense(sizes[-1], output, dtype=dtype, bias_initializer="random_normal"))
    return nissl.Sequential(stack)


def gradient(shown: Backprop) -> list[Array]:
    return [g for n in shown.numbers.stages for g in (n.kernel_slope, n.bias_slope)]


# ---- what is read -----------------------------------------------------------------------------
def test_formulas_have_numbers_in_them_in_the_lectures_order() -> None:
    text = str(backprop(explain.lecture_network(), 0.5, 1.0, 0.1, "half_squared_error"))
    assert "a₁⁽¹⁾ = w₁₀⁽¹⁾ + w₁₁⁽¹⁾ x₁ = 0.4038 + (-0.7781)(0.5)" in text
    assert "δ₁⁽²⁾ = y₁ - t₁ = " in text
    assert "δ₂⁽¹⁾ = h'(a₂⁽¹⁾) w₁₂⁽²⁾ δ₁⁽²⁾ = (" in text
    assert "∂Eₙ/∂w₁₁⁽²⁾ = δ₁⁽²⁾ z₁⁽¹⁾ = (" in text
    assert "w₁₃⁽²⁾ ← 1.52 - (0.1)(" in text
    places = [text.index(f"B{number}:") for number in range(1, 6)]
    assert places == sorted(places)
    assert "agree to" in text


def test_the_network_in_matrices_and_sums_from_zero() -> None:
    """Section 4.3 of the lecture: 6 = 3 + 3 and 4 = 3 + 1, W in the order w_ji, x_0 = z_0 = 1."""
    shown = backprop(explain.lecture_network(), 0.5, 1.0, 0.1, "half_squared_error")
    text = str(shown)
    assert "Layer 1 (layer_1), h = tanh: 6 = 3 + 3 weights and biases" in text
    assert "Layer 2 (layer_2), h = linear: 4 = 3 + 1 weights and biases" in text
    assert "y(x, w) = W⁽²⁾ tanh(W⁽¹⁾ x)" in text
    assert "W⁽¹⁾ = [0.4038, -0.7781; 4.597, -1.476; -0.6489, 1.287]" in text
    assert "W⁽²⁾ = [-0.3202, 1.215, 0.8099, 1.52]" in text
    assert "aⱼ = Σᵢ₌₀ wⱼᵢ zᵢ⁽¹⁾, z₀⁽¹⁾ = 1" in text
    assert "∂Eₙ/∂w₁₀⁽¹⁾ = δ₁⁽¹⁾ x₀ = (-0" in text
    assert r"\mathbf{W}^{(2)} = \begin{bmatrix} -0.3202 & 1.215" in shown.to_latex()
    matrix = shown.weights[0][0].T @ [0.5] + shown.weights[0][1]
    np.testing.assert_allclose(np.tanh(matrix), shown.numbers.stages[0].z[0], rtol=1e-12)


def test_matrices_without_biases_have_no_column_of_them() -> None:
    model = nissl.Sequential([nissl.Input((2,)), layers.Dense(1, use_bias=False)])
    model.set_weights([[[0.5], [-2.0]]])
    text = str(backprop(model, [1.0, 2.0], 1.0, 0.1, "mse"))
    assert "W⁽¹⁾ = [0.5, -2]\n" in text
    assert "2 = 2 + 0 weights and biases" in text
    assert "Σᵢ₌₁ wⱼᵢ xᵢ " in text
    assert "x₀" not in text


def test_latex_has_layers_in_brackets() -> None:
    latex = backprop(explain.lecture_network(), 0.5, 1.0, 0.1, "half_squared_error").to_latex()
    assert r"a_{1}^{(1)} = w_{10}^{(1)} + w_{11}^{(1)}\,x_{1} = 0.4038 + (-0.7781)\,(0.5)" in latex
    assert r"\delta_{1}^{(1)} = h'(a_{1}^{(1)})\,w_{11}^{(2)}\,\delta_{1}^{(2)}" in latex
    assert "η" not in latex


def test_large_layers_fold() -> None:
    model = network([784, 300, 10], "relu", "softmax", dtype="float32")
    x = np.random.default_rng(0).uniform(size=784)
    shown = backprop(model, x, 3, 0.1, "sparse_categorical_crossentropy")
    text = str(shown)
    assert "… 292 more units; those with the largest |δ| are shown" in text
    assert "… 778 more inputs" in text
    assert "… 235,488 more; those with the largest |∂E/∂w| are shown" in text
    assert " + …" in text
    assert text.count("\n") < 200
    largest = int(np.abs(shown.numbers.stages[0].delta[0]).argmax()) + 1
    assert f"delta_{largest}^(1) = " in plain(text)


def test_layers_without_weights_are_passed_through() -> None:
    nissl.utils.set_random_seed(0)
    inner = nissl.Sequential([layers.Dense(3, dtype="float64"), layers.Activation("tanh")])
    model = nissl.Sequential(
        [
            nissl.Input((2, 2)),
            layers.Flatten(dtype="float64"),
            layers.Rescaling(0.5, dtype="float64"),
            inner,
            layers.Dropout(0.5, dtype="float64"),
            layers.Dense(1, use_bias=False, dtype="float64", trainable=False),
        ]
    )
    shown = backprop(model, [[1.0, 2.0], [3.0, 4.0]], 1.0, 0.1, "half_squared_error")
    np.testing.assert_array_equal(shown.numbers.stages[0].inputs, [[0.5, 1, 1.5, 2]])
    assert [stage.activation for stage in shown.stages.stages] == ["tanh", "linear"]
    assert shown.numbers.stages[0].slope is not None
    frozen, after = shown.weights[1][0], shown.new_weights[1][0]
    np.testing.assert_array_equal(frozen, after)
    assert shown.new_weights[1][1] is None
    text = str(shown)
    assert "nothing is dropped here" in text
    assert "not trainable: its weights stay" in text


def test_an_activation_of_ones_own() -> None:
    shown = backprop(network([1, 2, 1], lambda a: a * nissl.sin(a)), 0.7, 1.0, 0.1, "mse")
    first = shown.numbers.stages[0]
    np.testing.assert_allclose(first.slope, np.sin(first.a) + first.a * np.cos(first.a), rtol=1e-11)
    mixed = backprop(network([1, 3, 1], "softmax"), 0.7, 1.0, 0.1, "mse")
    assert mixed.numbers.stages[0].slope is None
    assert "Σₗ ∂zₗ/∂a₁ (Σₘ wₘₗ δₘ) = " in str(mixed)


def test_a_loss_of_ones_own() -> None:
    def half(t: Any, y: Any) -> Any:
        return 0.5 * nissl.sum((y - t) ** 2, axis=-1)

    model = network([1, 2, 1])
    own = backprop(model, 0.7, 1.0, 0.1, half)
    named = backprop(model, 0.7, 1.0, 0.1, "half_squared_error")
    np.testing.assert_allclose(gradient(own)[0], gradient(named)[0], rtol=1e-11)
    whole = backprop(model, 0.7, 1.0, 0.1, lambda t, y: 0.5 * nissl.sum((y - t) ** 2))
    np.testing.assert_allclose(gradient(whole)[0], gradient(named)[0], rtol=1e-11)


def test_kinks_are_told() -> None:
    model = network([1, 1, 1], "relu")
    model.set_weights([[[1.0]], [0.0], [[1.0]], [0.0]])
    assert "unit 1: relu has no derivative at a = 0; 0 is taken" in str(
        backprop(model, 0.0, 1.0, 0.1, "mse")
    )


def test_the_models_loss_and_rate_are_the_defaults() -> None:
    model = network([1, 2, 1])
    model.compile(nissl.optimizers.Adam(0.02), "mse")
    shown = backprop(model, 0.7, 1.0)
    assert shown.learning_rate == 0.02
    assert shown.loss is model.loss
    assert "the model's own optimizer, adam, makes another step" in str(shown)


# ---- numbers that are not finite --------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"x": [math.nan, 1.0]}, "x₁ (n = 0) = nan;"),
        ({"x": [1.0, math.inf]}, "x₂ (n = 0) = inf;"),
        ({"weight": math.inf}, "w₁₁⁽¹⁾ = inf in layer 1"),
        ({"x": [-1e4, -1e4]}, "z₁⁽¹⁾ (n = 0) = inf in layer 1"),
    ],
)
def test_numbers_that_are_not_finite_are_marked(change: dict[str, Any], said: str) -> None:
    model = network([2, 1, 1], "exponential")
    weights: list[Any] = [[[-1.0], [-1.0]], [0.0], [[1.0]], [0.0]]
    weights[0][0][0] = change.get("weight", -1.0)
    model.set_weights(weights)
    shown = backprop(model, change.get("x", [1.0, 1.0]), 1.0, 0.1, "mse")
    text = str(shown)
    assert f"The first number that is not finite is {said}" in text
    assert "Not compared: not all numbers are finite." in text
    assert "B5: update" in text
    for written in (shown.to_latex(), shown.to_markdown(), shown.to_html()):
        assert "nan" in written or "infty" in written or "inf" in written
    assert shown.figure() is not None


# ---- what cannot be shown ---------------------------------------------------------------------
class Scale(layers.Layer):
    def build(self, input_shape: Any) -> None:
        self.factor = self.add_weight((), initializer="ones", name="factor")

    def call(self, x: Any) -> Any:
        return x * self.factor


def test_layers_that_a_table_cannot_show_are_named() -> None:
    model = nissl.Sequential(
        [nissl.Input((2,)), layers.Dense(2), Scale(name="odd"), layers.Dense(1)]
    )
    with pytest.raises(ArgumentError, match=r"layer 'odd' \(Scale\) .* cannot be shown as a table"):
        backprop(model, [1.0, 2.0], 1.0, 0.1, "mse")
    spread = nissl.Sequential([nissl.Input((3, 2)), layers.Dense(2, name="each")])
    with pytest.raises(ArgumentError, match=r"layer 'each' .*Put a Flatten before it"):
        backprop(spread, np.ones((3, 2)), np.ones((3, 2)), 0.1, "mse")
    bare = nissl.Sequential([nissl.Input((2,)), layers.Activation("tanh")])
    with pytest.raises(ArgumentError, match="has no Dense layer"):
        backprop(bare, [1.0, 2.0], [1.0, 2.0], 0.1, "mse")

    class Own(nissl.Model):
        pass

    with pytest.raises(
        ArgumentTypeError, match=r"needs a nissl.Sequential of Dense layers, not Own"
    ):
        backprop(Own(), [1.0], 1.0, 0.1, "mse")


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (([1.0, 2.0, 3.0], 1.0), ShapeError, r"takes samples of shape \(2\).*shape \(3,\)"),
        (([[1.0, 2.0]] * 3, [1.0, 2.0]), ShapeError, "there are 3 samples"),
        (([1.0, 2.0], [1.0, 2.0]), ShapeError, "do not fit"),
        (([], 1.0), DataError, "x is empty"),
        ((["a", "b"], 1.0), ArgumentTypeError, "x holds numbers"),
        (([[1.0, 2.0], [3.0]], 1.0), ShapeError, "different lengths"),
        (([1.0, 2.0], math.nan), DataError, "must be finite"),
    ],
)
def test_samples_that_do_not_fit(arguments: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        backprop(network([2, 3, 1]), *arguments, 0.1, "mse")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"learning_rate": 0.1}, "has no loss; compile it, or give one"),
        ({"loss": "mse", "sample": 1}, "sample lies from 0 to 0, not 1"),
        ({"loss": "mse", "steps": 0}, "steps=0 must be at least 1"),
        ({"loss": "mse", "learning_rate": -1.0}, "learning_rate=-1.0 must be at least 0"),
        ({"loss": "mme"}, "unknown loss 'mme'"),
        ({"loss": losses.MeanSquaredError(reduction=None)}, "gives a number a sample"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        backprop(network([2, 3, 1]), [1.0, 2.0], 1.0, **options)


def test_samples_may_come_in_several_shapes() -> None:
    model = network([1, 2, 1])
    for x in (0.5, [0.5], [[0.5]], np.float32(0.5), nissl.asarray([0.5])):
        assert len(backprop(model, x, 1.0, 0.1, "mse").x) == 1
    batch = backprop(model, [0.5, 1.0, 1.5], [1.0, 2.0, 3.0], 0.1, "mse")
    assert batch.batch
    assert batch.prepared.shape == (3, 1)
    unbuilt = nissl.Sequential([layers.Dense(2), layers.Dense(1)])
    assert backprop(unbuilt, [0.5, 1.0], 1.0, 0.1, "mse").stages.sizes == (2, 2, 1)


def test_stages_know_what_mixes_units() -> None:
    for name in activations.FACTS:
        (stage,) = read(network([2, 3], output=name)).stages
        assert stage.elementwise == (name not in ("softmax", "log_softmax")), name
