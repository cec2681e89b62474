"""Initialisers: their moments and bounds, their seeds, their names and descriptions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from nissl import initializers, random
from nissl.core import functions as F
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    NisslError,
    ShapeError,
    UnknownNameError,
)

RANDOM = sorted({*initializers.registry} - {"Zeros", "Ones", "Constant", "Identity"})
SHAPE = (400, 100)
MEAN_FAN = 250

# name -> (standard deviation, largest absolute value) of a weight of SHAPE
EXPECTED: dict[str, tuple[float, float]] = {
    "RandomUniform": (0.05 / math.sqrt(3), 0.05),
    "RandomNormal": (0.05, math.inf),
    "TruncatedNormal": (0.05 * 0.87962566103423978, 0.1),
    "VarianceScaling": (math.sqrt(1 / 400), 2 * math.sqrt(1 / 400) / 0.87962566103423978),
    "GlorotUniform": (math.sqrt(1 / MEAN_FAN), math.sqrt(3 / MEAN_FAN)),
    "GlorotNormal": (math.sqrt(1 / MEAN_FAN), 2 * math.sqrt(1 / MEAN_FAN) / 0.87962566103423978),
    "HeUniform": (math.sqrt(2 / 400), math.sqrt(6 / 400)),
    "HeNormal": (math.sqrt(2 / 400), 2 * math.sqrt(2 / 400) / 0.87962566103423978),
    "LecunUniform": (math.sqrt(1 / 400), math.sqrt(3 / 400)),
    "LecunNormal": (math.sqrt(1 / 400), 2 * math.sqrt(1 / 400) / 0.87962566103423978),
    "Orthogonal": (math.sqrt(1 / 400), 1.0),
}


def make(name: str, **settings: Any) -> Any:
    return initializers.registry.lookup(name)(**settings)


@pytest.mark.parametrize("name", RANDOM)
def test_moments(name: str) -> None:
    stddev, bound = EXPECTED[name]
    drawn = make(name, seed=11)(SHAPE)
    assert (drawn.shape, drawn.dtype.name) == (SHAPE, "float32")
    values = drawn.numpy().astype(np.float64)
    # 40,000 draws: the mean has a standard error of stddev / 200, the deviation of about 0.5 %
    assert abs(values.mean()) < 4 * stddev / 200
    assert values.std() == pytest.approx(stddev, rel=0.02)
    assert np.abs(values).max() <= bound * (1 + 1e-6)
    if name != "Orthogonal" and math.isfinite(bound):
        assert np.abs(values).max() > 0.95 * bound


def test_variance_scaling_settings() -> None:
    for distribution in ("uniform", "truncated_normal", "untruncated_normal", "normal"):
        drawn = make(
            "VarianceScaling", scale=3.0, mode="fan_out", distribution=distribution, seed=1
        )
        assert drawn(SHAPE).numpy().std() == pytest.approx(math.sqrt(3 / 100), rel=0.02)
    assert make("RandomNormal", mean=2.0, stddev=0.1, seed=1)((999,)).numpy().mean() == (
        pytest.approx(2.0, abs=0.02)
    )
    uniform = make("RandomUniform", minval=1.0, maxval=2.0, seed=1)((999,)).numpy()
    assert uniform.min() >= 1.0
    assert uniform.max() < 2.0


def test_fixed_values() -> None:
    assert initializers.Zeros()((2,)).tolist() == [0.0, 0.0]
    assert initializers.Ones()((2,), "float64").dtype.name == "float64"
    assert initializers.Constant(1.5)((1, 2)).tolist() == [[1.5, 1.5]]
    assert initializers.Identity(2.0)((2, 3)).tolist() == [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    lecture = initializers.get(np.array([[-0.77810127, -1.4763303, 1.2871214]]))
    assert lecture((1, 3)).numpy()[0, 1] == np.float32(-1.4763303)
    with pytest.raises(ShapeError, match=r"values of shape \(1, 3\).*weight of shape \(3, 1\)"):
        lecture((3, 1))


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 3, 4), (4, 4)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    q = initializers.Orthogonal(gain=2.0, seed=3)(shape, "float64").numpy()
    q = q.reshape(-1, shape[-1])
    product = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(product, 4 * np.eye(min(q.shape)), atol=1e-12)


def test_fans() -> None:
    assert initializers.compute_fans(()) == (1, 1)
    assert initializers.compute_fans((7,)) == (7, 7)
    assert initializers.compute_fans((5, 8, 16)) == (40, 80)


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name: str) -> None:
    same = make(name, seed=5)
    np.testing.assert_array_equal(same((4, 4)).numpy(), same((4, 4)).numpy())
    np.testing.assert_array_equal(same((4, 4)).numpy(), make(name, seed=5)((4, 4)).numpy())
    assert (same((4, 4)).numpy() != make(name, seed=6)((4, 4)).numpy()).any()

    random.set_seed(1)
    first, second = make(name), make(name)
    assert (first((4, 4)).numpy() != second((4, 4)).numpy()).any()
    random.set_seed(1)
    np.testing.assert_array_equal(make(name)((4, 4)).numpy(), first((4, 4)).numpy())

    generator = make(name, seed=random.SeedGenerator(5))
    assert (generator((4, 4)).numpy() != generator((4, 4)).numpy()).any()
    assert generator.get_config()["seed"] == 5


@pytest.mark.parametrize("name", sorted(initializers.registry))
def test_config_round_trip(name: str) -> None:
    settings = {"seed": 3} if name in RANDOM else {}
    original = make(name, **settings)
    described = initializers.serialize(original)
    assert described["class_name"] == name
    assert described["module"] == "keras.initializers"
    newer = {**described, "config": {**described["config"], "input_axes": None}}  # Keras 3.15
    for again in (initializers.deserialize(described), initializers.get(newer), original.clone()):
        assert type(again) is type(original)
        np.testing.assert_array_equal(again((3, 3)).numpy(), original((3, 3)).numpy())


def test_config_is_what_keras_writes() -> None:
    assert initializers.serialize(initializers.GlorotUniform()) == {
        "module": "keras.initializers",
        "class_name": "GlorotUniform",
        "config": {"seed": None},
        "registered_name": None,
    }
    assert initializers.Zeros().get_config() == {}
    assert initializers.Constant(2.0).get_config() == {"value": 2.0}
    assert initializers.RandomUniform(seed=1).get_config() == {
        "minval": -0.05,
        "maxval": 0.05,
        "seed": 1,
    }
    generator = {"module": "keras.random", "class_name": "SeedGenerator", "config": {"seed": 9}}
    assert initializers.get({"class_name": "HeNormal", "config": {"seed": generator}}).seed == 9


@pytest.mark.parametrize(
    ("identifier", "cls"),
    [
        ("zeros", initializers.Zeros),
        ("zero", initializers.Zeros),
        ("one", initializers.Ones),
        ("glorot_uniform", initializers.GlorotUniform),
        ("HeNormal", initializers.HeNormal),
        ("uniform", initializers.RandomUniform),
        ("random_uniform", initializers.RandomUniform),
        ("normal", initializers.RandomNormal),
        ("identity", initializers.Identity),
        ("orthogonal", initializers.Orthogonal),
        ("OrthogonalInitializer", initializers.Orthogonal),
        (initializers.LecunNormal, initializers.LecunNormal),
    ],
)
def test_get(identifier: Any, cls: type) -> None:
    assert type(initializers.get(identifier)) is cls


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("Constant", {"value": "a"}),
        ("Constant", {"value": [[1.0], [1.0, 2.0]]}),
        ("Identity", {"gain": "1"}),
        ("Orthogonal", {"gain": None}),
        ("RandomUniform", {"minval": 0.5, "maxval": -0.5}),
        ("RandomUniform", {"maxval": "1"}),
        ("RandomNormal", {"stddev": -1.0}),
        ("RandomNormal", {"mean": [0.0]}),
        ("TruncatedNormal", {"stddev": True}),
        ("VarianceScaling", {"scale": "2"}),
        ("VarianceScaling", {"mode": 1}),
        ("VarianceScaling", {"distribution": None}),
        *((name, {"seed": seed}) for name in RANDOM for seed in (-1, 0.5, True, [1])),
    ],
)
def test_settings_of_another_kind_are_refused_when_it_is_made(
    name: str, settings: dict[str, Any]
) -> None:
    with pytest.raises(NisslError):
        make(name, **settings)


def test_numbers_given_in_float64_reach_a_float64_weight_whole() -> None:
    for given in (0.1, [0.1, 0.1], np.array([0.1, 0.1])):
        made = initializers.Constant(given)
        assert made((2,), "float64").tolist() == [0.1, 0.1]
        assert initializers.get(initializers.serialize(made))((2,), "float64").tolist() == [0.1] * 2
    assert initializers.Identity(0.1)((1, 1), "float64").item() == 0.1


@pytest.mark.parametrize("name", RANDOM)
def test_float64_weights_have_all_their_digits(name: str) -> None:
    drawn = make(name, seed=1)((50, 50), "float64").numpy()
    assert drawn.dtype == np.float64
    assert np.mean(drawn.astype(np.float32) == drawn) < 0.01


@pytest.mark.parametrize("name", sorted({*RANDOM} - {"Orthogonal"}))
def test_neighbouring_seeds_have_no_number_in_common(name: str) -> None:
    first, other = (make(name, seed=seed)((60, 60), "float64").numpy() for seed in (5, 6))
    assert not np.intersect1d(first, other).size


def test_own_function() -> None:
    def ramp(shape: Any, dtype: Any = None) -> Any:
        return F.arange(shape[0], dtype=dtype or "float32")

    assert initializers.get(ramp)((3,)).tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("made", "error", "text"),
    [
        (lambda: initializers.get("he_norml"), UnknownNameError, "did you mean 'he_normal'"),
        (lambda: initializers.get(7), ArgumentTypeError, "an initializer is|a initializer is"),
        (lambda: initializers.HeNormal(seed="a"), ArgumentTypeError, "a whole number.*str 'a'"),
        (lambda: initializers.HeNormal(seed=1.5), ArgumentTypeError, "not float 1.5"),
        (lambda: make("VarianceScaling", scale=0.0), ArgumentError, "scale=0 must be greater"),
        (lambda: make("VarianceScaling", mode="fan"), UnknownNameError, "did you mean 'fan_in'"),
        (lambda: make("VarianceScaling", distribution="x"), ArgumentError, "distribution 'x'"),
        (lambda: initializers.Orthogonal()((3,)), ShapeError, r"not shape \(3,\)"),
        (lambda: initializers.Identity()((3,)), ShapeError, r"not of shape \(3,\)"),
        (lambda: initializers.HeNormal(seed=-1), ArgumentError, "seed=-1 must be at least 0"),
    ],
)
def test_refusals(made: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        made()
