"""Backpropagation step by step: against arithmetic by hand, known digits and differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

import nissl
from nissl import activations, explain, layers, losses
from nissl.errors import (
    GradientError,
)
from nissl.explain import Backprop, backprop
from nissl.explain.backpropagation import numbers as backprop_numbers
from nissl.explain.backpropagation.checks import compare, sizes_of_terms

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


def flat(weights: Any) -> list[float]:
    return [float(v) for pair in weights for w in pair if w is not None for v in np.ravel(w)]


def gradient(shown: Backprop) -> list[Array]:
    return [g for n in shown.numbers.stages for g in (n.kernel_slope, n.bias_slope)]


# ---- against arithmetic by hand ---------------------------------------------------------------
def test_the_lectures_network_digit_by_digit() -> None:
    """B1 to B5 in 40 digits, with the lecture's formulas."""
    mpmath.mp.dps = 40
    m = mpmath.mpf
    w1 = [m(each) for each in ("-0.77810127", "-1.4763303", "1.2871214")]
    b1 = [m(each) for each in ("0.40375996", "4.596628", "-0.6489421")]
    w2 = [m(each) for each in ("1.2153453", "0.8098653", "1.520071")]
    b2, x, t, eta = m("-0.3201559"), m(math.pi / 2), m(1), m("0.1")
    a = [w * x + b for w, b in zip(w1, b1, strict=True)]
    z = [mpmath.tanh(each) for each in a]
    y = b2 + sum(w * each for w, each in zip(w2, z, strict=True))
    delta_k = y - t
    delta = [(1 - zj**2) * w * delta_k for zj, w in zip(z, w2, strict=True)]

    shown = backprop(explain.lecture_network(), math.pi / 2, 1.0, 0.1, "half_squared_error")
    first, last = shown.numbers.stages
    close: dict[str, Any] = {"rtol": 1e-11, "atol": 1e-14}
    np.testing.assert_allclose(first.a[0], np.array(a, float), **close)
    np.testing.assert_allclose(first.z[0], np.array(z, float), **close)
    np.testing.assert_allclose(
        first.slope[0], np.array([1 - each**2 for each in z], float), **close
    )
    np.testing.assert_allclose(first.delta[0], np.array(delta, float), **close)
    np.testing.assert_allclose(
        first.kernel_slope[0], np.array([d * x for d in delta], float), **close
    )
    np.testing.assert_allclose(
        last.kernel_slope[:, 0], np.array([delta_k * v for v in z], float), **close
    )
    assert last.z.item() == pytest.approx(0.990088, abs=5e-7)
    assert shown.numbers.error == pytest.approx(float(delta_k**2 / 2), rel=1e-11)
    expected = [w - eta * d * x for w, d in zip(w1, delta, strict=True)]
    expected += [b - eta * d for b, d in zip(b1, delta, strict=True)]
    expected += [w - eta * delta_k * v for w, v in zip(w2, z, strict=True)] + [b2 - eta * delta_k]
    np.testing.assert_allclose(flat(shown.new_weights), np.array(expected, float), **close)


def test_two_sigmoid_layers_with_known_digits() -> None:
    """The 2-2-2 example that courses pass around: E, two derivatives and new weights."""
    model = network([2, 2, 2], "sigmoid", "sigmoid")
    model.set_weights(
        [[[0.15, 0.25], [0.2, 0.3]], [0.35, 0.35], [[0.4, 0.5], [0.45, 0.55]], [0.6] * 2]
    )
    shown = backprop(model, [0.05, 0.1], [0.01, 0.99], 0.5, "half_squared_error")
    assert shown.numbers.error == pytest.approx(0.298371109, abs=1e-9)
    assert shown.numbers.stages[1].kernel_slope[0, 0] == pytest.approx(0.082167041, abs=1e-9)
    assert shown.numbers.stages[0].kernel_slope[0, 0] == pytest.approx(0.000438568, abs=1e-9)
    assert shown.new_weights[1][0][0] == pytest.approx([0.35891648, 0.511301270], abs=1e-9)
    assert shown.new_weights[0][0][0] == pytest.approx([0.149780716, 0.24975114], abs=1e-8)


def test_two_two_one_by_plain_arithmetic() -> None:
    def sigmoid(a: float) -> float:
        return 1 / (1 + math.exp(-a))

    model = network([2, 2, 1], "sigmoid", "sigmoid")
    model.set_weights([[[1.0, -2.0], [0.5, 3.0]], [0.1, -0.2], [[1.5], [-1.0]], [0.25]])
    z1, z2 = sigmoid(0.1 + 1.0 * 2 + 0.5 * -1), sigmoid(-0.2 - 2.0 * 2 + 3.0 * -1)
    y = sigmoid(0.25 + 1.5 * z1 - 1.0 * z2)
    delta = (y - 1) * y * (1 - y)
    d1, d2 = z1 * (1 - z1) * 1.5 * delta, z2 * (1 - z2) * -1.0 * delta
    shown = backprop(model, [2.0, -1.0], 1.0, 1.0, "half_squared_error")
    first, last = shown.numbers.stages
    np.testing.assert_allclose(last.delta, [[delta]], rtol=1e-11)
    np.testing.assert_allclose(first.delta, [[d1, d2]], rtol=1e-11)
    np.testing.assert_allclose(first.kernel_slope, [[2 * d1, 2 * d2], [-d1, -d2]], rtol=1e-11)
    np.testing.assert_allclose(last.kernel_slope, [[z1 * delta], [z2 * delta]], rtol=1e-11)
    np.testing.assert_allclose(last.bias_slope, [delta], rtol=1e-11)


def test_softmax_with_its_crossentropy_is_y_minus_t() -> None:
    model = network([2, 3], output="softmax")
    model.set_weights([[[1.0, 0.0, -1.0], [0.5, 2.0, 0.0]], [0.0, 0.1, 0.2]])
    logits = [1.0 + 0.5 * 3, 0.1 + 2.0 * 3, -1.0 + 0.2]
    total = sum(math.exp(each) for each in logits)
    y = [math.exp(each) / total for each in logits]
    for loss, t in {
        "sparse_categorical_crossentropy": 2,
        "categorical_crossentropy": [0.0, 0, 1],
    }.items():
        shown = backprop(model, [1.0, 3.0], t, 0.1, loss)
        np.testing.assert_allclose(
            shown.numbers.stages[0].delta, [[y[0], y[1], y[2] - 1]], rtol=1e-11
        )
        assert shown.numbers.error == pytest.approx(-math.log(y[2]), rel=1e-11)
        assert "= y₃ - t₃ = " in str(shown)
        assert "Jacobian matrix is y - t" in str(shown)


def test_softmax_with_another_loss_goes_through_its_jacobian() -> None:
    model = network([2, 3], output="softmax")
    shown = backprop(model, [0.3, -1.0], [0.0, 1.0, 0.0], 0.1, "mean_squared_error")
    y = shown.numbers.stages[0].z[0]
    matrix = np.diag(y) - np.outer(y, y)
    expected = matrix @ (2 / 3 * (y - [0, 1, 0]))
    np.testing.assert_allclose(shown.numbers.stages[0].delta[0], expected, rtol=1e-11)
    assert "δ₁⁽¹⁾ = Σₗ ∂yₗ/∂a₁ (∂Eₙ/∂yₗ) = (" in str(shown)


# ---- against differences ----------------------------------------------------------------------
def differences(
    model: Any, loss: Any, x: Any, t: Any, places: list[tuple[int, int]]
) -> list[float]:
    """Central difference quotients of E by some weights, each as (weight, flat index)."""
    weights = model.get_weights()
    found: list[float] = []
    for which, index in places:
        values: list[float] = []
        for step in (1e-6, -1e-6):
            moved = [np.array(w) for w in weights]
            moved[which].flat[index] += step
            model.set_weights(moved)
            values.append(float(losses.get(loss)(t, model(x)).item()))
        found.append((values[0] - values[1]) / 2e-6)
    model.set_weights(weights)
    return found


ACTIVATIONS = sorted(set(activations.FACTS) - {"log_softmax"})


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_activation_against_differences(name: str) -> None:
    """Three layers deep, a batch of four, a few weights of each layer."""
    model = network([2, 3, 3, 2], name)
    rng = np.random.default_rng(5)
    x, t = rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    shown = backprop(model, x, t, 0.1, "half_squared_error")
    places = [(0, 0), (0, 5), (1, 2), (2, 4), (3, 1), (4, 3), (5, 0)]
    expected = differences(model, "half_squared_error", x, t, places)
    found = [gradient(shown)[which].flat[index] for which, index in places]
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-8)
    assert shown.agreement.units < 30


LOSSES = {
    "mean_squared_error": "linear", "half_squared_error": "sigmoid",
    "mean_absolute_error": "linear", "mean_absolute_percentage_error": "linear",
    "mean_squared_logarithmic_error": "softplus",
    "huber": "tanh", "log_cosh": "linear", "hinge": "tanh", "squared_hinge": "tanh",
    "categorical_hinge": "softmax", "poisson": "exponential", "cosine_similarity": "linear",
    "binary_crossentropy": "sigmoid", "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax", "kl_divergence": "softmax",
    "crossentropy": "softmax",
}  # fmt: skip


def targets_for(name: str, outputs: int) -> Array:
    labels = np.array([1, 0, 2])
    if name in ("sparse_categorical_crossentropy", "crossentropy"):
        return labels
    return (labels[:, None] == np.arange(outputs)) * 1.0


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum"])
def test_every_loss_against_differences(name: str, reduction: str) -> None:
    loss = losses.get(name)
    loss.reduction = reduction
    model = network([2, 2, 3], "tanh", LOSSES[name])
    x = np.array([[0.3, -1.0], [2.0, 0.5], [-0.7, 0.1]])
    t = targets_for(name, 3)
    shown = backprop(model, x, t, 0.1, loss)
    places = [(0, 0), (0, 3), (1, 1), (2, 0), (2, 5), (3, 2)]
    found = [gradient(shown)[which].flat[index] for which, index in places]
    np.testing.assert_allclose(found, differences(model, loss, x, t, places), rtol=1e-6, atol=1e-8)
    assert shown.agreement.units < 30


def test_all_losses_are_in_the_sweep() -> None:
    kinds = {type(losses.get(name)) for name in LOSSES}
    public = {getattr(losses, n) for n in losses.__all__ if isinstance(getattr(losses, n), type)}
    assert public - kinds <= {losses.Loss, losses.LossFunctionWrapper}


# ---- the comparison, and faults that it must catch --------------------------------------------
def _wrong(name: str) -> Callable[..., Any]:
    right = getattr(backprop_numbers, name)

    def without_slope(stage: Any, a: Array, pulled: Array) -> Any:
        return pulled, right(stage, a, pulled)[1]

    def slightly(kernel: Array, delta: Array) -> Array:
        return right(kernel, delta) * (1 + 1e-11)

    return without_slope if name == "pull_through" else slightly


@pytest.mark.parametrize("name", ["pull_through", "pull_back"])
def test_a_fault_in_the_recursion_is_loud(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backprop_numbers, name, _wrong(name))
    with pytest.raises(GradientError, match=r"w_\d+ of layer 1 differs by .* units of rounding"):
        backprop(network([2, 3, 1]), [1.0, 2.0], 0.5, 0.1, "mse")


def test_a_fault_in_the_error_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = backprop_numbers.output_rule

    def wrong(*arguments: Any) -> Any:
        found = rule(*arguments)
        return backprop_numbers.OutputRule(found.delta * 0.5, found.targets, found.parts)

    monkeypatch.setattr(backprop_numbers, "output_rule", wrong)
    with pytest.raises(GradientError, match="of layer 1"):
        backprop(
            network([2, 3], output="softmax"), [1.0, 2.0], 1, 0.1, "sparse_categorical_crossentropy"
        )


def test_the_comparison_names_the_weight_and_counts_in_rounding() -> None:
    model = network([2, 3, 1])
    shown = backprop(model, [1.0, 2.0], 0.5, 0.1, "mse")
    given = [np.array(g) for g in gradient(shown)]
    given[0][0, 2] = math.nan
    found = compare(shown.stages, shown.numbers, shown.loss, given, np.dtype(np.float64))
    assert (found.absolute, found.units, found.where) == (math.inf, math.inf, "w₃₁ of layer 1")
    given[0][0, 2] = gradient(shown)[0][0, 2]
    given[2][1, 0] += 1e-6
    found = compare(shown.stages, shown.numbers, shown.loss, given, np.dtype(np.float64))
    assert found.where == "w₁₂ of layer 2"
    assert found.absolute == pytest.approx(1e-6, rel=1e-6)
    terms = sizes_of_terms(shown.stages, shown.numbers, shown.loss)[1][0][1, 0]
    assert found.units == pytest.approx(1e-6 / (2.0**-52 * terms), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_models_own_dtype_is_compared_too(dtype: str) -> None:
    shown = backprop(network([2, 4, 4, 1], dtype=dtype), [0.5, -1.0], 2.0, 0.1, "mse")
    assert shown.agreement.dtype == "float64"
    assert shown.agreement.units < 30
    assert shown.own_agreement.dtype == dtype
    assert shown.own_agreement.units < 30
    assert (f"in {dtype}, differs by at most" in str(shown)) == (dtype != "float64")


@pytest.mark.parametrize(("x", "second"), [(300.0, 3.0), (1e5, -3.0)])  # to inf, to inf - inf
def test_overflow_in_the_models_own_dtype_is_told(x: float, second: float) -> None:
    model = network([1, 2, 1], "relu", dtype="float16")
    model.set_weights([[[1.0, 2.0]], [0, 0], [[1.0], [second]], [0.0]])
    shown = backprop(model, x, 1.0, 0.1, "mse")
    assert "in float16, is not finite: on the way to w" in str(shown)
    assert shown.agreement.units < 30


def test_deep_sigmoid_networks_agree_although_gradients_vanish() -> None:
    shown = backprop(network([2, *[5] * 20, 1], "sigmoid"), [0.5, -1.0], 2.0, 0.1, "mse")
    first = np.abs(shown.numbers.stages[0].kernel_slope).max()
    assert 0 < first < 1e-9
    assert shown.agreement.units < 30
    assert shown.agreement.absolute < 1e-13


# ---- batches, steps ---------------------------------------------------------------------------
def test_a_batch_is_the_mean_of_its_samples() -> None:
    model = network([2, 3, 1])
    x, t = np.array([[1.0, 2], [0.5, -1], [3, 0]]), np.array([1.0, -1, 0.5])
    shown = backprop(model, x, t, 0.1, "half_squared_error", sample=1)
    single = [
        backprop(model, each, goal, 0.1, "half_squared_error")
        for each, goal in zip(x, t, strict=True)
    ]
    for place, found in enumerate(gradient(shown)):
        mean = sum(gradient(each)[place] for each in single) / 3
        np.testing.assert_allclose(found, mean, rtol=1e-11, atol=1e-14)
    assert shown.numbers.error == pytest.approx(sum(each.numbers.error for each in single) / 3)
    np.testing.assert_allclose(
        shown.numbers.stages[0].delta[1], single[1].numbers.stages[0].delta[0]
    )
    text = str(shown)
    assert "3 samples: E is the mean of E_n. The tables show sample n = 1" in text
    assert "n = 1 *" in text
    assert "∂E/∂wⱼᵢ (mean over n)" in text


def test_masked_samples_do_not_count() -> None:
    model = network([2, 3], output="softmax")
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    x = np.array([[1.0, 2], [0.5, -1], [3, 0]])
    shown = backprop(model, x, np.array([1, -1, 0]), 0.1, loss)
    without = backprop(model, x[[0, 2]], np.array([1, 0]), 0.1, loss)
    np.testing.assert_allclose(gradient(shown)[0], gradient(without)[0], rtol=1e-11)
    assert shown.numbers.errors[1] == 0
    assert shown.numbers.error == pytest.approx(without.numbers.error)


def test_steps_are_those_of_training() -> None:
    """The same steps by ``train_on_batch`` with plain gradient descent."""
    x, t = np.array([[1.0, 2], [0.5, -1], [3, 0]]), np.array([[1.0], [-1], [0.5]])
    model = network([2, 3, 1])
    model.compile(nissl.optimizers.SGD(0.25), "half_squared_error", run_eagerly=True)
    shown = backprop(model, x, t, steps=4)
    before = model.get_weights()
    second = shown.step().step()
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    trained = [float(model.train_on_batch(x, t)) for _ in range(4)]
    np.testing.assert_allclose(shown.history[:4], trained, rtol=1e-6)
    assert shown.learning_rate == 0.25
    assert second.numbers.error == pytest.approx(shown.history[2])
    assert len(shown.history) == 5
    assert shown.history[4] < shown.history[0]
    assert "B2 to B5 repeated" in str(shown)


def test_steps_that_diverge_end_where_they_do() -> None:
    shown = backprop(network([2, 3, 1], "relu"), [9.0, 9.0], 1.0, 1e200, "mse", steps=50)
    assert len(shown.history) < 50
    assert not math.isfinite(shown.history[-1])
    assert "inf" in str(shown) or "nan" in str(shown)
