"""Random numbers: the same for the same seed on every engine, and distributed as they should be.

Statistical tests have fixed seeds and bounds of five standard errors, so they cannot fail by chance
on another day.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import nissl
from nissl import random
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError

N = 50_000


def draw(name: str, **given: Any) -> np.ndarray[Any, Any]:
    return np.asarray(getattr(random, name)(N, **given))


# ---- seeds -------------------------------------------------------------------------------------

DRAWS: dict[str, Any] = {
    "uniform": lambda seed: random.uniform((3, 5), seed=seed),
    "normal": lambda seed: random.normal((3, 5), seed=seed),
    "truncated_normal": lambda seed: random.truncated_normal((3, 5), seed=seed),
    "bernoulli": lambda seed: random.bernoulli((3, 5), 0.3, seed=seed),
    "randint": lambda seed: random.randint((3, 5), 0, 1000, seed=seed),
    "permutation": lambda seed: random.permutation(15, seed=seed),
    "shuffle": lambda seed: random.shuffle(np.arange(15), seed=seed),
    "bits": lambda seed: random.bits((3, 5), seed=seed),
}


@pytest.mark.parametrize("name", DRAWS)
def test_the_same_seed_gives_the_same_numbers_and_another_others(name: str) -> None:
    first, again, other = (np.asarray(DRAWS[name](seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    large = np.asarray(DRAWS[name](1 + (1 << 32)))
    assert not np.array_equal(first, large)  # all bits of a seed count


@pytest.mark.parametrize("name", DRAWS)
def test_without_a_seed_the_global_one_is_drawn_from(name: str) -> None:
    random.set_seed(7)
    first, second = np.asarray(DRAWS[name](None)), np.asarray(DRAWS[name](None))
    assert not np.array_equal(first, second)
    random.set_seed(7)
    np.testing.assert_array_equal(DRAWS[name](None), first)


@pytest.mark.parametrize("name", DRAWS)
@pytest.mark.parametrize("engine", ["numpy", "xla"])
def test_every_engine_gives_the_same_numbers(name: str, engine: str) -> None:
    key = random.key(3)
    eager = np.asarray(DRAWS[name](key))
    compiled = np.asarray(nissl.jit(DRAWS[name], engine=engine)(key))
    if name in ("normal", "truncated_normal"):  # these pass through log and cos
        np.testing.assert_allclose(compiled, eager, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_array_equal(compiled, eager)


def test_a_generator_never_repeats_itself_and_can_be_made_again() -> None:
    first, again = random.SeedGenerator(5), random.SeedGenerator(5)
    keys = [tuple(np.asarray(first.next()).tolist()) for _ in range(100)]
    assert len(set(keys)) == 100
    assert keys == [tuple(np.asarray(again.next()).tolist()) for _ in range(100)]
    drawn = {random.SeedGenerator().seed for _ in range(50)}
    assert len(drawn) == 50


def test_streams_of_neighbouring_seeds_are_not_alike() -> None:
    rows = np.stack([np.asarray(random.uniform(2000, seed=seed)) for seed in range(20)])
    joint = np.corrcoef(rows) - np.eye(20)
    assert np.abs(joint).max() < 5 / math.sqrt(2000)
    generator = random.SeedGenerator(0)
    rows = np.stack([np.asarray(random.uniform(2000, seed=generator)) for _ in range(20)])
    joint = np.corrcoef(rows) - np.eye(20)
    assert np.abs(joint).max() < 5 / math.sqrt(2000)


@pytest.mark.parametrize("seed", [-1, "1", 1.5, True])
def test_seeds_are_integers_of_at_least_0(seed: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError), match="seed"):
        random.uniform(3, seed=seed)


# ---- distributions -----------------------------------------------------------------------------


def test_uniform_numbers_are_uniform() -> None:
    u = draw("uniform", seed=11)
    assert u.dtype == np.float32
    assert u.min() >= 0
    assert u.max() < 1
    assert stats.kstest(u, "uniform").pvalue > 1e-6
    assert abs(u.mean() - 0.5) < 5 * math.sqrt(1 / 12 / N)
    wide = draw("uniform", minval=-3, maxval=5, seed=11)
    np.testing.assert_allclose(wide, u * 8 - 3, atol=1e-5)
    assert wide.min() >= -3
    assert wide.max() < 5


def test_normal_numbers_are_normal() -> None:
    z = draw("normal", seed=12)
    assert stats.kstest(z, "norm").pvalue > 1e-6
    assert abs(z.mean()) < 5 / math.sqrt(N)
    assert abs(z.std() - 1) < 5 / math.sqrt(2 * N)
    assert np.isfinite(z).all()
    moved = draw("normal", mean=3, stddev=0.5, seed=12)
    np.testing.assert_allclose(moved, z * 0.5 + 3, rtol=1e-5)
    # the two halves are cosine and sine of the same angle: they must not be correlated
    assert abs(np.corrcoef(z[: N // 2], z[N // 2 :])[0, 1]) < 5 / math.sqrt(N // 2)
    assert abs(np.corrcoef(z[: N // 2] ** 2, z[N // 2 :] ** 2)[0, 1]) < 5 / math.sqrt(N // 2)


def test_truncated_numbers_are_cut_at_two_sigma() -> None:
    z = draw("truncated_normal", seed=13)
    assert np.abs(z).max() <= 2
    assert np.sum(np.abs(z) == 2) < 3
    assert stats.kstest(z, stats.truncnorm(-2, 2).cdf).pvalue > 1e-6
    moved = draw("truncated_normal", mean=1, stddev=0.1, seed=13)
    np.testing.assert_allclose(moved, z * 0.1 + 1, rtol=1e-5)


@pytest.mark.parametrize("p", [0.0, 0.25, 1.0])
def test_bernoulli_is_true_as_often_as_it_says(p: float) -> None:
    drawn = draw("bernoulli", p=p, seed=14)
    assert drawn.dtype == bool
    assert abs(drawn.mean() - p) <= 5 * math.sqrt(p * (1 - p) / N)


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_probabilities_lie_between_0_and_1(bad: float) -> None:
    with pytest.raises(ArgumentError, match="between 0 and 1"):
        random.bernoulli(3, bad)


def test_integers_are_even_and_within_bounds() -> None:
    drawn = draw("randint", minval=-2, maxval=5, seed=15)
    assert drawn.dtype == np.int32
    counts = np.bincount(drawn + 2, minlength=7)
    assert len(counts) == 7
    assert stats.chisquare(counts).pvalue > 1e-6
    assert np.asarray(random.randint(5, 3, 4)).tolist() == [3] * 5
    for low, high in ((3, 3), (5, 3), (0, 1 << 25)):
        with pytest.raises(ArgumentError, match="randint"):
            random.randint(3, low, high)


def test_permutations_are_permutations_and_even() -> None:
    found = np.stack([np.asarray(random.permutation(4, seed=s)) for s in range(600)])
    np.testing.assert_array_equal(np.sort(found, axis=1), np.tile(np.arange(4), (600, 1)))
    _, counts = np.unique(found, axis=0, return_counts=True)
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 1e-6
    assert np.asarray(random.permutation(0)).shape == (0,)


def test_shuffling_moves_whole_slices() -> None:
    x = np.arange(12).reshape(4, 3)
    rows = np.asarray(random.shuffle(x, seed=1))
    assert sorted(map(tuple, rows)) == sorted(map(tuple, x))
    columns = np.asarray(random.shuffle(x, axis=1, seed=1))
    assert sorted(map(tuple, columns.T)) == sorted(map(tuple, x.T))
    with pytest.raises(ShapeError, match="nothing to shuffle"):
        random.shuffle(3.0)


@pytest.mark.parametrize("shape", [(), 0, (2, 0), 1, (3,), (2, 3), (1, 7, 1)])
@pytest.mark.parametrize("name", ["uniform", "normal", "truncated_normal", "bernoulli", "bits"])
def test_shapes(name: str, shape: Any) -> None:
    wanted = (shape,) if isinstance(shape, int) else shape
    assert getattr(random, name)(shape, seed=1).shape == wanted


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_dtypes(dtype: str) -> None:
    for name in ("uniform", "normal", "truncated_normal"):
        drawn = getattr(random, name)(1000, dtype=dtype, seed=1)
        assert drawn.dtype == nissl.asarray(0, dtype).dtype
        wanted = np.asarray(getattr(random, name)(1000, seed=1), np.float64)
        tight = {"float16": 2e-3, "bfloat16": 2e-2}.get(dtype, 1e-6)
        np.testing.assert_allclose(
            np.asarray(drawn).astype(np.float64), wanted, atol=tight, rtol=tight
        )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_uniform_numbers_stay_below_the_upper_bound_in_every_dtype(dtype: str) -> None:
    drawn = np.asarray(random.uniform(N, dtype=dtype, seed=2)).astype(np.float64)
    assert drawn.min() >= 0
    assert drawn.max() < 1


def test_random_numbers_carry_no_derivative_but_what_is_done_with_them_does() -> None:
    noise = np.asarray(random.normal(4, seed=1))
    slope = nissl.grad(lambda s: nissl.sum(random.normal(4, seed=1) * s))(2.0)
    np.testing.assert_allclose(slope, noise.sum(), rtol=1e-5)
