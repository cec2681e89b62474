"""The perceptron rule: updates by hand, convergence, labels, conventions at 0, and bad input."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nissl
from close import assert_close
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    GraphError,
    NonFiniteError,
    ShapeError,
    UnknownNameError,
)

BOOLEAN = [[0, 0], [0, 1], [1, 0], [1, 1]]
AND, NAND, XOR = [0, 0, 0, 1], [1, 1, 1, 0], [0, 1, 1, 0]

# worked by hand with eta = 1 from zero weights: epoch, sample, a, output, weights after
AND_FIRST = [
    (1, 0, 0, 1, [-1, 0, 0]),
    (1, 3, -1, 0, [0, 1, 1]),
    (2, 0, 0, 1, [-1, 1, 1]),
    (2, 1, 0, 1, [-2, 1, 0]),
    (2, 3, -1, 0, [-1, 2, 1]),
]
NAND_FIRST = [
    (1, 3, 0, 1, [-1, -1, -1]),
    (2, 0, -1, 0, [0, -1, -1]),
    (2, 1, -1, 0, [1, -1, 0]),
    (2, 3, 0, 1, [0, -2, -1]),
]
# sgn(0) = 0 is an error of half the size: y - o = -1, where both targets would differ by 2
AND_SIGN = [(1, 0, 0, 0, [-1, 0, 0]), (1, 3, -1, -1, [1, 2, 2]), (2, 0, 1, 1, [-1, 2, 2])]


@pytest.mark.parametrize(
    ("activation", "targets", "expected"),
    [
        ("heaviside", AND, AND_FIRST),
        ("heaviside", NAND, NAND_FIRST),
        ("sign", [-1, -1, -1, 1], AND_SIGN),
    ],
)
def test_first_updates_by_hand(activation: str, targets: list[int], expected: list) -> None:
    p = nissl.Perceptron(activation).fit(BOOLEAN, targets)
    assert p.converged
    before = [0.0, 0.0, 0.0]
    for number, (epoch, sample, a, output, after) in enumerate(expected, start=1):
        made = p.history[number - 1]
        assert (made.number, made.epoch, made.sample) == (number, epoch, sample)
        assert (made.pre_activation, made.output, made.target) == (a, output, targets[sample])
        assert made.error == targets[sample] - output
        assert made.before.tolist() == before
        assert made.after.tolist() == after
        before = after


def test_every_update_follows_the_rule_and_the_last_weights_are_the_final_ones() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 3))
    p = nissl.Perceptron("sign", 0.25, initial_weights=[0.5, 1, -1, 2]).fit(x, x @ [1, 2, 3] > 0.1)
    assert p.converged
    assert p.history[0].before.tolist() == [0.5, 1, -1, 2]
    for made, following in itertools.pairwise(p.history):
        assert following.before is made.after
    for made in p.history:
        full = np.concatenate([[1.0], x[made.sample]])
        assert made.pre_activation == pytest.approx(float(made.before @ full), rel=1e-11)
        assert made.output == np.sign(made.pre_activation)
        assert_close(made.after, made.before + 0.25 * made.error * full, 1e-11)
    assert p.weights is p.history[-1].after
    assert len(p.history) == sum(p.errors)
    assert p.errors[-1] == 0


def test_samples_are_met_one_after_the_other() -> None:
    """The run is that of a plain loop over the samples, whatever is tried at once."""
    rng = np.random.default_rng(2)
    x = rng.integers(-9, 10, size=(300, 2)).astype(float)
    y = (x @ [2, -3] > 1).astype(int)
    weights, found = np.zeros(3), []
    for epoch in range(1, 1000):
        clean = True
        for sample in range(len(x)):
            full = np.array([1.0, *x[sample]])
            error = y[sample] - int(weights @ full >= 0)
            if error:
                clean = False
                weights = weights + error * full
                found.append((epoch, sample, weights.tolist()))
        if clean:
            break
    p = nissl.Perceptron(max_updates=100_000).fit(x, y)
    assert [(u.epoch, u.sample, u.after.tolist()) for u in p.history] == found


@given(
    weights=st.lists(st.integers(-4, 4), min_size=2, max_size=5),
    seed=st.integers(0, 1000),
    activation=st.sampled_from(["heaviside", "sign"]),
)
@settings(max_examples=25)
def test_planted_lines_are_found_within_novikoffs_bound(
    weights: list[int], seed: int, activation: str
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(-5, 6, size=(30, len(weights) - 1)).astype(float)
    full = np.concatenate([np.ones((30, 1)), x], axis=1)
    side = full @ weights + 0.5  # never 0
    y = side > 0
    p = nissl.Perceptron(activation, max_updates=200_000).fit(x, y)
    assert p.converged
    assert p.score(x, y) == 1.0
    signs = np.where(y, 1, -1)
    planted = np.array([weights[0] + 0.5, *weights[1:]])
    margin = np.min(signs * (full @ planted)) / np.linalg.norm(planted)
    # at sgn(0) = 0 a step is half as long; four times the bound covers both activations
    assert len(p.history) <= 4 * np.max(np.sum(full**2, axis=1)) / margin**2 + 1


def test_what_no_line_separates_does_not_converge() -> None:
    for activation in ("heaviside", "sign"):
        p = nissl.Perceptron(activation, max_updates=77).fit(BOOLEAN, XOR)
        assert not p.converged
        assert len(p.history) == 77
        assert p.score(BOOLEAN, XOR) < 1


def test_the_limit_may_be_reached_by_the_update_that_was_needed() -> None:
    needed = len(nissl.Perceptron().fit(BOOLEAN, AND).history)
    p = nissl.Perceptron(max_updates=needed).fit(BOOLEAN, AND)
    assert p.converged
    assert len(p.history) == needed
    assert not nissl.Perceptron(max_updates=needed - 1).fit(BOOLEAN, AND).converged


# ---- conventions ---------------------------------------------------------------------------


def test_on_the_line() -> None:
    step = nissl.Perceptron(initial_weights=[0, 1])
    assert step.outputs([[-1], [0], [2]]).tolist() == [0, 1, 1]  # H(0) = 1
    assert step.predict([[-1], [0], [2]]).tolist() == [0, 1, 1]
    assert step.score([[0]], [1]) == 1.0
    sign = nissl.Perceptron("sign", initial_weights=[0, 1])
    assert sign.outputs([[-1], [0], [2]]).tolist() == [-1, 0, 1]  # sgn(0) = 0
    assert sign.predict([[-1], [0], [2]]).tolist() == [-1, 1, 1]
    assert sign.score([[0]], [1]) == 0.0
    assert sign.decision_function([[3], [0]]).tolist() == [3, 0]


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([0, 0, 0, 1], [0, 1]),
        ([-1, -1, -1, 1], [-1, 1]),
        ([False, False, False, True], [False, True]),
        (["no", "no", "no", "yes"], ["no", "yes"]),
        (np.array(["no", "no", "no", "yes"], object), ["no", "yes"]),
        ([2.5, 2.5, 2.5, 7.0], [2.5, 7.0]),
        ([[3], [3], [3], [9]], [3, 9]),
        (np.array([0, 0, 0, 1], np.uint8), [0, 1]),
    ],
)
@pytest.mark.parametrize("activation", ["heaviside", "sign"])
def test_two_classes_of_any_labels(activation: str, labels: list, classes: list) -> None:
    p = nissl.Perceptron(activation).fit(BOOLEAN, labels)
    assert p.converged
    assert p.classes.tolist() == classes
    assert p.predict(BOOLEAN).tolist() == np.ravel(labels).tolist()
    assert p.score(BOOLEAN, labels) == 1.0
    assert {u.target for u in p.history} <= ({0, 1} if activation == "heaviside" else {-1, 1})


@pytest.mark.parametrize("only", [0, 1, -1])
def test_one_class_of_the_natural_labels(only: int) -> None:
    p = nissl.Perceptron("sign" if only < 0 else "heaviside").fit([[1.0], [2.0]], [only, only])
    assert p.converged
    assert p.predict([[1.0]]).tolist() == [only]


def test_tensors_and_narrow_dtypes_are_taken() -> None:
    for dtype in ("float16", "bfloat16", "float32", "int8"):
        p = nissl.Perceptron().fit(nissl.asarray(BOOLEAN, dtype), nissl.asarray(AND))
        assert p.weights.tolist() == [-3, 2, 1]


def test_random_weights_and_shuffled_passes_come_from_the_seed() -> None:
    runs = [
        nissl.Perceptron(initial_weights="random", shuffle=True, seed=seed).fit(BOOLEAN, AND)
        for seed in (3, 3, 4)
    ]
    assert all(run.converged for run in runs)
    assert runs[0].weights.tolist() == runs[1].weights.tolist()
    assert runs[0].history[0].before.tolist() != runs[2].history[0].before.tolist()
    first = runs[0].history[0].before
    assert np.all((first >= -1) & (first < 1))
    orders = {tuple(u.sample for u in run.history if u.epoch == 1) for run in runs}
    assert any(list(order) != sorted(order) for order in orders)


def test_fit_begins_anew_and_reset_forgets() -> None:
    p = nissl.Perceptron().fit(BOOLEAN, XOR)
    p.fit(BOOLEAN, AND)
    assert [u.number for u in p.history] == list(range(1, 12))
    assert p.converged
    p.reset()
    assert not p.converged
    assert p.history == []
    with pytest.raises(GraphError, match=r"call fit\(x, y\)"):
        p.predict(BOOLEAN)
    assert "not trained" in repr(p)
    onward = nissl.Perceptron(initial_weights=[-1.5, 1, 1]).fit(BOOLEAN, AND)
    assert onward.history == []
    assert onward.converged
    assert "converged after 0 updates" in repr(onward)


def test_weights_cannot_be_written_into() -> None:
    p = nissl.Perceptron().fit(BOOLEAN, AND)
    with pytest.raises(ValueError, match="read-only"):
        p.weights[0] = 7


# ---- what is wrong is said -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings_", "error", "said"),
    [
        ({"activation": "sgn"}, UnknownNameError, "did you mean 'sign'"),
        ({"activation": ["sign"]}, UnknownNameError, "unknown activation"),
        ({"learning_rate": 0}, ArgumentError, "learning_rate=0 must be greater than 0"),
        ({"learning_rate": float("nan")}, ArgumentError, "learning_rate=nan must be finite"),
        ({"max_updates": 0}, ArgumentError, "max_updates=0 must be at least 1"),
        ({"max_updates": 1.5}, ArgumentTypeError, "whole number"),
        ({"initial_weights": "ones"}, UnknownNameError, "zeros"),
        ({"initial_weights": [[1], [1, 2]]}, ShapeError, "initial_weights: rows of different"),
        ({"initial_weights": [1]}, ShapeError, "one for each feature"),
        ({"initial_weights": [1, float("inf")]}, NonFiniteError, "infinity"),
    ],
)
def test_bad_settings(settings_: dict, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        nissl.Perceptron(**settings_)


@pytest.mark.parametrize(
    ("x", "y", "error", "said"),
    [
        ([1, 2], [0, 1], ShapeError, r"write \[\[value\]"),
        ([], [], ShapeError, "not"),
        (np.zeros((2, 0)), [0, 1], ShapeError, "one of each at least"),
        ([[1], [2]], [0, 1, 1], ShapeError, "one label for each of the 2 samples"),
        ([[1], [2]], [[1, 0], [0, 1]], ShapeError, "one label"),
        ([[1], [2], [3]], [0, 1, 2], DataError, "of 3: 0, 1, 2"),
        ([[1], [2]], ["a", "a"], DataError, "of 1: 'a'"),
        ([[1], [float("nan")]], [0, 1], NonFiniteError, "sample 1, feature 0"),
        ([[1], [2]], [0, float("nan")], NonFiniteError, "labels"),
        ([["a"], ["b"]], [0, 1], ArgumentTypeError, "real numbers"),
        ([[1], [2]], [None, 1], ArgumentTypeError, "numbers or texts"),
        ([[1, 2], [3]], [0, 1], ShapeError, "x: rows of different lengths"),
        ([[1], [2]], [[0], [0, 1]], ShapeError, "y: rows of different lengths"),
        ([[1e308], [-1e308]], [0, 1], NonFiniteError, "no longer finite"),
    ],
)
def test_bad_data(x, y, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        nissl.Perceptron(learning_rate=10).fit(x, y)


def test_bad_questions() -> None:
    p = nissl.Perceptron().fit(BOOLEAN, AND)
    with pytest.raises(ShapeError, match="weights for 2 features, and x has 1"):
        p.predict([[1]])
    with pytest.raises(DataError, match=r"\[7\] are none of the classes \[0, 1\]"):
        p.score([[1, 1]], [7])
    with pytest.raises(ShapeError, match="2 numbers, and 2 features need 3"):
        nissl.Perceptron(initial_weights=[1, 2]).fit(BOOLEAN, AND)
