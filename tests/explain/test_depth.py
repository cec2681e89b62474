"""Deep networks side by side: factors against NumPy by hand, and who learns."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import datasets, explain
from nissl.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from nissl.explain.training.depth import SETUPS, Outcome, Setup


def of(report: explain.DepthReport) -> dict[str, Outcome]:
    return {str(outcome.setup): outcome for outcome in report.outcomes}


def test_the_factors_agree_with_numpy() -> None:
    """Forward and backward through three equal sigmoid layers with weights that are all 1/4."""
    report = explain.depth("sigmoid:constant:value=0.25", layers=3, units=4, epochs=0)
    outcome = report.outcomes[0]
    (x, _), _ = datasets.digits.load_data()
    rows = np.sort(np.random.default_rng(42).permutation(len(x))[:64])
    z = [(x.reshape(len(x), -1) / 16.0)[rows]]
    for width in (64, 4, 4):
        z.append(1 / (1 + np.exp(-z[-1] @ np.full((width, 4), 0.25))))
    signals = [math.sqrt(each.var(axis=0).mean()) for each in z[1:]]
    assert [s.signal for s in outcome.hidden] == pytest.approx(signals, rel=1e-9)
    assert outcome.forward == pytest.approx(signals[2] / signals[0], rel=1e-9)
    # delta_1 = h'(a_1) * 4 units * 1/4 * delta_2, and all units of a layer are alike
    first, second, _third = (s.delta.rms for s in outcome.hidden)
    slopes = (z[1] * (1 - z[1]))[:, 0]
    assert slopes.min() * second < first < slopes.max() * second


def test_the_lectures_problem_and_its_cures() -> None:
    found = of(explain.depth(epochs=0))
    assert len(found) == len(SETUPS)
    verdicts = {name: outcome.start.verdict for name, outcome in found.items()}
    assert verdicts == {
        "sigmoid, random_normal(stddev=1)": "saturated",
        "sigmoid, random_uniform": "vanishing",
        "sigmoid, glorot_uniform": "vanishing",
        "tanh, glorot_uniform": "healthy",
        "relu, he_normal": "healthy",
        "selu, lecun_normal": "healthy",
    }
    # each layer multiplies by at most 1/4 times sqrt(n) times the deviation of the weights
    assert found["sigmoid, random_uniform"].backward < (0.25 * 8 * 0.05 / math.sqrt(3) * 1.05) ** 19
    assert 0.1 < found["relu, he_normal"].backward < 10


def test_signals_end_where_rounding_begins() -> None:
    """Each sigmoid layer shrinks differences by sqrt(64) * 0.05 / sqrt(3) / 4, to the end."""
    (outcome,) = explain.depth("sigmoid:random_uniform", epochs=0, layers=30).outcomes
    signals = np.array(outcome.signals)
    kept = signals[signals > 0]
    assert 9 <= len(kept) <= 13  # 16 digits, 1.24 a layer
    assert np.all(signals[len(kept) :] == 0)  # no plateau of noise
    np.testing.assert_allclose(kept[1:] / kept[:-1], 0.0577, rtol=0.4)
    gradients = np.array(outcome.gradients)
    np.testing.assert_allclose(gradients[:-1] / gradients[1:], 0.0577, rtol=0.3)
    report = explain.depth("sigmoid:random_uniform", epochs=0, layers=30)
    text = str(report)
    assert "below rounding" in text
    assert f"from layer_{len(kept) + 1} on" in text
    assert report.figure().axes


def test_gradients_beyond_the_smallest_numbers_are_said_to_be() -> None:
    report = explain.depth("tanh:random_normal:stddev=0.0001", layers=150, units=8, epochs=0)
    (outcome,) = report.outcomes
    assert outcome.forward == outcome.backward == 0
    assert str(report).count("< 1e-300") == 2
    assert r"< 10^{-300}" in report.to_latex()


def test_the_healthy_learn_and_the_others_do_not() -> None:
    report = explain.depth(
        "sigmoid:random_uniform", "tanh:glorot_uniform", layers=10, units=32, epochs=2
    )
    naive, cured = report.outcomes
    assert not report.learns(naive)
    assert report.learns(cured)
    assert naive.accuracies[-1] < 0.2 < cured.accuracies[-1]
    assert cured.trained is not None
    assert len(cured.trained.records) == 3
    text = str(report)
    assert "These learn: tanh, glorot_uniform." in text
    assert "Hardly better than chance so far: sigmoid, random_uniform." in text
    assert len(report.figure().axes) == 3


def test_training_that_is_no_longer_finite_is_marked() -> None:
    report = explain.depth("relu:random_normal:stddev=9", layers=30, units=32, epochs=1)
    (outcome,) = report.outcomes
    assert outcome.stopped
    assert not report.learns(outcome)
    assert "stopped: not finite" in report.to_markdown()
    report.figure()
    assert explain.depth("tanh:zeros", layers=2, epochs=0).figure().axes


def test_the_same_seed_gives_the_same_numbers() -> None:
    runs = [of(explain.depth("relu:he_normal", layers=3, epochs=0, seed=s)) for s in (1, 1, 2)]
    forward = [run["relu, he_normal"].forward for run in runs]
    assert forward[0] == forward[1] != forward[2]


def test_setups_are_read() -> None:
    assert Setup.parse("selu:lecun_normal") == Setup("selu", "lecun_normal")
    parsed = Setup.parse("tanh:random_normal:mean=0.5:stddev=2")
    assert str(parsed) == "tanh, random_normal(mean=0.5, stddev=2)"
    made = parsed.make_initializer()
    assert (made.mean, made.stddev) == (0.5, 2)


@pytest.mark.parametrize(
    ("setups", "options", "error", "text"),
    [
        (["relu"], {}, ArgumentError, "activation:initializer"),
        (["relu:"], {}, ArgumentError, "activation:initializer"),
        (["rellu:he_normal"], {}, UnknownNameError, "did you mean 'relu'"),
        (["relu:he_norml"], {}, UnknownNameError, "did you mean 'he_normal'"),
        (["relu:random_normal:stddev"], {}, ArgumentError, "setting=number"),
        (["relu:random_normal:stddev=x"], {}, ArgumentError, "setting=number"),
        (["relu:random_normal:std=1"], {}, ArgumentError, "did you mean 'stddev'"),
        ([], {"layers": 0}, ArgumentError, "layers=0 must be at least 1"),
        ([], {"layers": 201}, ArgumentError, "at most 200"),
        ([], {"units": 0}, ArgumentError, "units"),
        ([], {"epochs": -1}, ArgumentError, "epochs"),
        ([], {"data": "nothing"}, UnknownNameError, "digits"),
        ([], {"optimizer": nissl.optimizers.SGD()}, ArgumentTypeError, "name"),
        ([], {"optimizer": "addam"}, UnknownNameError, "adam"),
    ],
)
def test_what_cannot_be_compared_is_said(
    setups: list[str], options: dict[str, Any], error: Any, text: str
) -> None:
    with pytest.raises(error, match=text):
        explain.depth(*setups, **options)


def test_data_without_classes_is_refused() -> None:
    digits = datasets.load("digits")
    measured = dataclasses.replace(digits, class_names=())
    with pytest.raises(ArgumentError, match="needs classes"):
        explain.depth(data=measured)
