"""Optimizers: each step against the rule written out by hand, in float64 and the dtype of weights.

Hand-worked values are from the papers' formulas; training with them is tested in
tests/models/test_training.py.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nissl
from close import assert_close
from nissl import optimizers
from nissl.errors import ArgumentError, ArgumentTypeError, NisslError, ShapeError, UnknownNameError
from nissl.optimizers.base import registry


def after(optimizer: Any, start: Any, gradients: Any) -> np.ndarray[Any, Any]:
    weight = nissl.Variable(np.asarray(start, np.float64))
    for gradient in gradients:
        optimizer.apply([gradient], [weight])
    return weight.numpy()


VECTOR = nissl.Variable([1.0])
WHOLE = nissl.Variable(np.ones(1, "int32"), name="whole")


# ---- every registered optimizer ----------------------------------------------------------------


@pytest.mark.parametrize("name", registry.names())
def test_names_in_any_case_objects_and_configs(name: str) -> None:
    for given_name in (name, name.lower(), name.upper()):
        assert type(optimizers.get(given_name)).__name__ == name
    made = optimizers.get(name)
    assert optimizers.get(made) is made
    again = registry.deserialize(registry.serialize(made))
    assert again.get_config() == made.get_config()
    assert optimizers.get(registry.lookup(name)).get_config() == made.get_config()


@pytest.mark.parametrize("name", registry.names())
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_every_optimizer_goes_downhill_and_keeps_dtypes(name: str, dtype: str) -> None:
    optimizer = optimizers.get(name)
    optimizer.learning_rate = 0.1
    weight = nissl.Variable(np.array([1.0, -2.0], dtype))
    for _ in range(60):
        optimizer.apply([2 * weight.value], [weight])
    assert weight.dtype == np.dtype(dtype)
    assert np.abs(weight.numpy()).max() < 0.5
    assert int(optimizer.iterations.numpy()) == 60
    wide = np.dtype("float32" if dtype == "float16" else dtype)
    assert all(v.dtype == wide for v in optimizer.slot_variables())


@pytest.mark.parametrize("name", registry.names())
def test_compiled_steps_are_eager_steps(name: str) -> None:
    start = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    results = []
    for compiled in (False, True):
        optimizer, weight = optimizers.get(name), nissl.Variable(start)
        optimizer.build([weight])

        def step(g: Any, optimizer: Any = optimizer) -> Any:
            optimizer.apply([g])
            return g

        run = nissl.jit(step) if compiled else step
        for number in range(4):
            run(start * number - 0.3)
        results.append([v.numpy() for v in (weight, *optimizer.variables)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


# ---- by hand -----------------------------------------------------------------------------------


def test_plain_descent_by_hand() -> None:
    assert_close(after(optimizers.SGD(0.5), [1.0, 2.0], [[2.0, -4.0]]), [0.0, 4.0])


def test_momentum_by_hand() -> None:
    # m = -1, w = 0; m = 0.5 * -1 - 1 = -1.5, w = -1.5; m = -0.75 - 1, w = -3.25
    found = after(optimizers.SGD(0.5, momentum=0.5), [1.0], [[2.0]] * 3)
    assert_close(found, [-3.25])


def test_nesterov_by_hand() -> None:
    # m = -1, w = 1 - 0.5 - 1 = -0.5; m = -1.5, w = -0.5 - 0.75 - 1 = -2.25
    found = after(optimizers.SGD(0.5, momentum=0.5, nesterov=True), [1.0], [[2.0]] * 2)
    assert_close(found, [-2.25])


def test_the_first_step_of_adam_is_the_learning_rate() -> None:
    """Bias correction makes it eta * g / (|g| + eps'), whatever the size of g."""
    found = after(optimizers.Adam(0.125), [0.0, 0.0], [[1e-3, -50.0]])
    assert_close(found, [-0.125, 0.125], 1e-2)
    # eps is the paper's epsilon-hat: it stands beside sqrt(v), not sqrt(v-hat)
    g, eps = 1e-3, 1e-7
    wanted = -0.125 * math.sqrt(1e-3) / 0.1 * (0.1 * g) / (math.sqrt(1e-3) * g + eps)
    assert_close(found[0], wanted, 1e-12)


def test_amsgrad_keeps_the_largest_second_moment() -> None:
    optimizer = optimizers.Adam(0.125, beta_2=0.5, amsgrad=True)
    after(optimizer, [0.0], [[4.0], [0.0], [0.0]])
    names = [v.name for v in optimizer.slot_variables()]
    values = dict(zip(names, (v.numpy().item() for v in optimizer.slot_variables()), strict=True))
    assert names == ["momentum", "velocity", "velocity_hat"]
    assert values["velocity"] == pytest.approx(8 / 4)
    assert values["velocity_hat"] == pytest.approx(8)


def test_weight_decay_comes_before_the_step() -> None:
    found = after(optimizers.SGD(0.5, weight_decay=0.25), [8.0], [[2.0]])
    assert_close(found, [8 - 8 * 0.5 * 0.25 - 1.0])


def test_clipping_by_hand() -> None:
    gradients = [np.array([3.0, 4.0]), np.array([0.0, 12.0])]  # norms 5 and 12, together 13

    def moved(**limit: float) -> list[Any]:
        weights = [nissl.Variable(np.zeros(2)), nissl.Variable(np.zeros(2))]
        optimizers.SGD(1.0, **limit).apply(gradients, weights)
        return [-w.numpy() for w in weights]

    assert_close(moved(clipnorm=2.5), [[1.5, 2.0], [0.0, 2.5]])
    assert_close(moved(clipnorm=10.0), [[3.0, 4.0], [0.0, 10.0]])
    assert_close(moved(clipvalue=3.5), [[3.0, 3.5], [0.0, 3.5]])
    assert_close(moved(global_clipnorm=6.5), [[1.5, 2.0], [0.0, 6.0]])
    assert_close(moved(global_clipnorm=20.0), gradients)
    zero = nissl.Variable(np.ones(2))
    optimizers.SGD(1.0, clipnorm=1.0).apply([np.zeros(2)], [zero])
    np.testing.assert_array_equal(zero.numpy(), [1, 1])


@settings(max_examples=30)
@given(
    limit=st.floats(0.01, 10),
    values=st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=5),
)
def test_clipped_gradients_keep_direction_and_limit(limit: float, values: list[float]) -> None:
    g = np.array(values)
    moved = -after(optimizers.SGD(1.0, clipnorm=limit), np.zeros(len(g)), [g])
    norm = np.linalg.norm(g)
    assert np.linalg.norm(moved) <= min(limit, norm) * (1 + 1e-9)
    if norm > 1e-100:
        np.testing.assert_allclose(moved, g * min(1, limit / norm), rtol=1e-9, atol=1e-200)


# ---- settings and state ------------------------------------------------------------------------


def test_the_learning_rate_is_read_and_set_while_training() -> None:
    optimizer, weight = optimizers.SGD(0.5), nissl.Variable(np.zeros(1))
    optimizer.apply([[1.0]], [weight])
    optimizer.learning_rate = 0.25
    assert optimizer.learning_rate == 0.25
    optimizer.apply([[1.0]], [weight])
    assert_close(weight.numpy(), [-0.75])
    for bad in (-1.0, math.nan, math.inf, "x", None):
        with pytest.raises(NisslError, match="learning_rate"):
            optimizer.learning_rate = bad
    assert optimizer.learning_rate == 0.25


def test_state_is_in_the_order_of_keras_files() -> None:
    weights = [nissl.Variable(np.zeros((2, 3)), name="k"), nissl.Variable(np.zeros(3), name="b")]
    orders = {
        optimizers.SGD(): [],
        optimizers.SGD(momentum=0.5): ["momentum", "momentum"],
        optimizers.Adam(): ["momentum", "velocity"] * 2,
        optimizers.RMSprop(momentum=0.5): ["velocity"] * 2 + ["momentum"] * 2,
        optimizers.Adam(amsgrad=True): ["momentum", "velocity"] * 2 + ["velocity_hat"] * 2,
    }
    for optimizer, names in orders.items():
        optimizer.build(weights)
        assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate", *names]
        shapes = [v.shape for v in optimizer.slot_variables() if v.name == "momentum"]
        assert shapes == [(2, 3), (3,)][: len(shapes)]


def test_slots_start_anew_only_when_the_weights_are_others() -> None:
    optimizer, weight = optimizers.SGD(0.5, momentum=0.5), nissl.Variable(np.zeros(1))
    optimizer.apply([[1.0]], [weight])
    slot = optimizer.slot_variables()[0]
    optimizer.build([weight])
    assert optimizer.slot_variables()[0] is slot
    other = nissl.Variable(np.zeros(1))
    optimizer.build([weight, other])
    assert len(optimizer.slot_variables()) == 2
    assert optimizer.slot_variables()[0] is slot  # what was learned about a weight stays


def test_pairs_of_gradient_and_weight_as_in_keras() -> None:
    a, b = nissl.Variable(np.zeros(2)), nissl.Variable(np.zeros(1))
    optimizers.SGD(1.0).apply_gradients([([1.0, 2.0], a), ([3.0], b)])
    np.testing.assert_array_equal(a.numpy(), [-1, -2])
    np.testing.assert_array_equal(b.numpy(), [-3])


def test_gradients_that_do_not_fit_are_refused_and_nothing_moves() -> None:
    weight = nissl.Variable(np.zeros(2), name="w")
    optimizer = optimizers.SGD(1.0)
    with pytest.raises(ShapeError, match=r"'w' has shape \(3,\), the weight \(2,\)"):
        optimizer.apply([np.ones(3)], [weight])
    with pytest.raises(ArgumentError, match="2 gradients were given for 1 weights"):
        optimizer.apply([np.ones(2), np.ones(2)], [weight])
    with pytest.raises(NisslError, match="'w' has no gradient"):
        optimizer.apply([None], [weight])
    np.testing.assert_array_equal(weight.numpy(), [0, 0])
    assert int(optimizer.iterations.numpy()) == 0


@pytest.mark.parametrize(
    ("make", "error", "piece"),
    [
        (lambda: optimizers.SGD(-1.0), ArgumentError, "learning_rate"),
        (lambda: optimizers.SGD("1"), ArgumentTypeError, "learning_rate"),
        (lambda: optimizers.SGD(True), ArgumentTypeError, "learning_rate"),
        (lambda: optimizers.SGD(momentum=-0.1), ArgumentError, "momentum"),
        (lambda: optimizers.SGD(nesterov="yes"), ArgumentTypeError, "nesterov"),
        (lambda: optimizers.Adam(beta_1=1.0), ArgumentError, "beta_1"),
        (lambda: optimizers.Adam(beta_2=-0.1), ArgumentError, "beta_2"),
        (lambda: optimizers.Adam(epsilon=-1e-8), ArgumentError, "epsilon"),
        (lambda: optimizers.Adam(amsgrad="no"), ArgumentTypeError, "amsgrad"),
        (lambda: optimizers.RMSprop(centered="no"), ArgumentTypeError, "centered"),
        (lambda: optimizers.Adam(weight_decay="x"), ArgumentTypeError, "weight_decay"),
        (lambda: optimizers.Adam(clipnorm=0.0), ArgumentError, "clipnorm"),
        (lambda: optimizers.Adam(clipvalue=1, global_clipnorm=1), ArgumentError, "clipvalue"),
        (lambda: optimizers.Adam(name=3), ArgumentTypeError, "name"),
        (lambda: optimizers.SGD(name=""), ArgumentError, "name"),
        (lambda: optimizers.SGD().apply(None, [VECTOR]), ArgumentTypeError, "gradients"),
        (lambda: optimizers.SGD().apply([[1.0]], VECTOR.numpy()), ArgumentTypeError, "Variable"),
        (lambda: optimizers.SGD().apply([[1.0]], [np.ones(1)]), ArgumentTypeError, "Variable"),
        (lambda: optimizers.SGD().apply([[1]], [WHOLE]), NisslError, "'whole' is int32"),
        (lambda: optimizers.SGD().apply_gradients(3), ArgumentTypeError, "pairs"),
        (lambda: optimizers.SGD().apply_gradients([3]), ArgumentTypeError, "pair"),
        (lambda: optimizers.SGD().apply_gradients([(1, 2, 3)]), ArgumentError, "pairs"),
        (lambda: optimizers.get("rmspropp"), UnknownNameError, "rmspropp"),
        (lambda: optimizers.get(3), ArgumentTypeError, "3"),
        (lambda: optimizers.get(lambda w: w), ArgumentTypeError, "optimizer"),
        (
            lambda: optimizers.get({"class_name": "SGD", "config": {"use_ema": True}}),
            ArgumentError,
            "use_ema",
        ),
    ],
)
def test_settings_are_checked(make: Any, error: type[Exception], piece: str) -> None:
    with pytest.raises(error, match=piece):
        make()


def test_rates_of_numpy_and_integers_are_floats_in_files() -> None:
    for rate in (1, np.float32(1.0), np.int64(1)):
        config = optimizers.SGD(rate, momentum=np.float64(0.5)).get_config()
        assert type(config["learning_rate"]) is float
        assert type(config["momentum"]) is float
    config = optimizers.Adam(weight_decay=1, clipnorm=np.float32(2)).get_config()
    assert type(config["weight_decay"]) is float
    assert type(config["clipnorm"]) is float


def test_rmsprop_by_hand() -> None:
    # v = 0.5 * 16 = 8, w = -4 / sqrt(8); v = 4 + 8 = 12, w -= 4 / sqrt(12)
    found = after(optimizers.RMSprop(1.0, rho=0.5, epsilon=0.0), [0.0], [[4.0], [4.0]])
    assert_close(found, [-4 / math.sqrt(8) - 4 / math.sqrt(12)], 1e-12)
    # centred: v = 8, mean = 2, so the divisor is sqrt(8 - 4) = 2; with momentum 0.5 the second
    # step, of gradient 0 (v = 4, mean = 1), is half of the first
    optimizer = optimizers.RMSprop(1.0, rho=0.5, epsilon=0.0, momentum=0.5, centered=True)
    assert_close(after(optimizer, [0.0], [[4.0], [0.0]]), [-2.0 - 1.0], 1e-12)
