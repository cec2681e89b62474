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
from close import assert_close
from nissl import random
from nissl.errors import ArgumentError, ArgumentTypeError, NisslError, ShapeError

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
    "uniform64": lambda seed: random.uniform((3, 5), -1.0, 3.0, "float64", seed),
    "normal64": lambda seed: random.normal((3, 5), 0.0, 1.0, "float64", seed),
    "uniform16": lambda seed: random.uniform((3, 5), -3.0, 4.0, "float16", seed),
    "randint64": lambda seed: random.randint((3, 5), -(1 << 62), 1 << 62, "int64", seed),
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
    if "normal" in name:  # these pass through log and cos
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
    assert_close(moved, z * 0.5 + 3, 1e-5)
    # the two halves are cosine and sine of the same angle: they must not be correlated
    assert abs(np.corrcoef(z[: N // 2], z[N // 2 :])[0, 1]) < 5 / math.sqrt(N // 2)
    assert abs(np.corrcoef(z[: N // 2] ** 2, z[N // 2 :] ** 2)[0, 1]) < 5 / math.sqrt(N // 2)


def test_truncated_numbers_are_cut_at_two_sigma() -> None:
    z = draw("truncated_normal", seed=13)
    assert np.abs(z).max() <= 2
    assert np.sum(np.abs(z) == 2) < 3
    assert stats.kstest(z, stats.truncnorm(-2, 2).cdf).pvalue > 1e-6
    moved = draw("truncated_normal", mean=1, stddev=0.1, seed=13)
    assert_close(moved, z * 0.1 + 1, 1e-5)


@pytest.mark.parametrize("p", [0.0, 0.25, 1.0])
def test_bernoulli_is_true_as_often_as_it_says(p: float) -> None:
    drawn = draw("bernoulli", p=p, seed=14)
    assert drawn.dtype == bool
    assert abs(drawn.mean() - p) <= 5 * math.sqrt(p * (1 - p) / N)


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan])
def test_probabilities_lie_between_0_and_1(bad: float) -> None:
    with pytest.raises(ArgumentError, match="bernoulli: p="):
        random.bernoulli(3, bad)


def test_integers_are_even_and_within_bounds() -> None:
    drawn = draw("randint", minval=-2, maxval=5, seed=15)
    assert drawn.dtype == np.int32
    counts = np.bincount(drawn + 2, minlength=7)
    assert len(counts) == 7
    assert stats.chisquare(counts).pvalue > 1e-6
    assert np.asarray(random.randint(5, 3, 4)).tolist() == [3] * 5
    for low, high in ((3, 3), (5, 3), (0, (1 << 31) + 1), (-(1 << 31) - 1, 0)):
        with pytest.raises(ArgumentError, match="randint"):
            random.randint(3, low, high)


@pytest.mark.parametrize(
    ("low", "high", "dtype"),
    [
        (0, 3 << 22, "int32"),  # 3 * 2**22 does not divide 2**24: some came twice as often
        (0, 3 << 30, "int64"),
        (-(1 << 31), 1 << 31, "int32"),
        (-(1 << 63), 1 << 63, "int64"),
        (1 << 62, (1 << 62) + (3 << 61), "uint64"),
        (-100, 100, "int8"),
    ],
)
def test_integers_of_large_spans_are_even(low: int, high: int, dtype: str) -> None:
    drawn = np.asarray(random.randint(N, low, high, dtype, seed=16))
    assert drawn.dtype == dtype
    exact = [int(each) - low for each in drawn]
    assert min(exact) >= 0
    assert max(exact) < high - low
    parts = np.bincount([each * 100 // (high - low) for each in exact], minlength=100)
    assert stats.chisquare(parts).pvalue > 1e-6
    thirds = np.bincount([each % 3 for each in exact], minlength=3)
    assert stats.chisquare(thirds).pvalue > 1e-6


def test_each_integer_of_a_span_that_is_no_power_of_two_is_as_likely() -> None:
    """With 24 bits, of 3 * 2**22 integers those that leave 0 by 3 came twice as often."""
    drawn = draw("randint", minval=0, maxval=3 << 22, seed=17)
    assert abs(np.mean(drawn % 3 == 0) - 1 / 3) < 5 * math.sqrt(2 / 9 / N)


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
        tight = {"float16": 2e-3, "bfloat16": 2e-2, "float64": 1e-4}.get(dtype, 1e-6)
        np.testing.assert_allclose(
            np.asarray(drawn).astype(np.float64), wanted, atol=tight, rtol=tight
        )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (-3, 5), (0.1, 0.3), (1e4, 1.01e4), (-1, 0), (-6e4, 6e4)]
)
def test_uniform_numbers_stay_within_bounds_in_every_dtype(
    dtype: str, low: float, high: float
) -> None:
    drawn = np.asarray(random.uniform(N, low, high, dtype, seed=2)).astype(np.float64)
    assert drawn.min() >= low
    assert drawn.max() < high


def test_bounds_of_uniform_numbers() -> None:
    assert random.uniform(2, 3.0, 3.0).tolist() == [3.0, 3.0]
    for three in (np.float32(3), np.array(3), nissl.asarray(3.0)):
        assert random.uniform(2, 3.0, three).tolist() == [3.0, 3.0]  # pyright: ignore[reportArgumentType]
    wide = np.asarray(random.uniform(N, -1.7e308, 1.7e308, "float64", seed=2))
    assert np.isfinite(wide).all()
    assert abs(np.mean(wide > 0) - 0.5) < 5 * 0.5 / math.sqrt(N)
    for low, high, dtype, text in (
        (1.0, 0.0, "float32", "no float32 number lies"),
        (10000.0, 10001.0, "bfloat16", "no bfloat16 number lies"),
        (0.0, 1e5, "float16", "float16 does not reach"),
        (0.0, math.inf, "float32", "maxval=inf must be finite"),
    ):
        with pytest.raises(ArgumentError, match=text):
            random.uniform(3, low, high, dtype)


def test_float64_numbers_have_all_their_digits() -> None:
    drawn = np.asarray(random.uniform(1000, 1e6, 1e6 + 1, "float64", seed=3))
    assert len(np.unique(drawn)) == 1000
    fine = np.asarray(random.uniform(N, dtype="float64", seed=3))
    assert stats.kstest(fine, "uniform").pvalue > 1e-6
    low = (fine * 2.0**53).astype(np.int64) & 0xFFFFFF  # the 24 last bits of 53
    assert stats.kstest(low / 2.0**24, "uniform").pvalue > 1e-6
    z = np.asarray(random.normal(N, dtype="float64", seed=3))
    assert stats.kstest(z, "norm").pvalue > 1e-6
    assert np.any(z.astype(np.float32) != z)


def test_float64_normals_have_tails_beyond_those_of_24_bits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The largest word gives 5.77 deviations with 24 bits, and 8.57 with 53."""

    def largest(shape: Any, source: Any, stream: int = 0) -> Any:
        words = np.zeros(shape, np.uint32)
        words[0] = 0xFFFFFFFF  # of the radius; the angle is 0
        return nissl.asarray(words)

    monkeypatch.setattr(random, "_bits", largest)
    for dtype, digits in (("float32", 24), ("float64", 53)):
        found = np.asarray(random.normal(2, dtype=dtype, seed=0)).max()
        assert found == pytest.approx(math.sqrt(2 * digits * math.log(2)), rel=1e-5)


@pytest.mark.parametrize("name", ["uniform", "normal", "truncated_normal"])
@pytest.mark.parametrize("apart", [1, 2, 1 << 32])
def test_neighbouring_seeds_share_no_numbers(name: str, apart: int) -> None:
    """A redraw that used the next seed's key gave 4.5 % of its numbers again."""
    first, other = (
        np.asarray(getattr(random, name)(4000, dtype="float64", seed=seed))
        for seed in (40, 40 + apart)
    )
    assert not np.intersect1d(first, other).size
    assert len(np.unique(first)) == len(first)  # nor does a seed repeat its own


def test_seeds_of_any_size_are_taken_whole() -> None:
    seeds = [1, 1 << 32, 1 << 63, (1 << 64) - 1, 1 << 64, (1 << 64) + 1, 1 << 96, (1 << 128) + 1]
    keys = {tuple(np.asarray(random.key(seed)).tolist()) for seed in seeds}
    assert len(keys) == len(seeds)
    again = np.asarray(random.key((1 << 64) + 1))
    np.testing.assert_array_equal(random.key((1 << 64) + 1), again)


@pytest.mark.parametrize(
    "made",
    [
        lambda: random.set_seed(-1),
        lambda: random.set_seed(1.5),  # pyright: ignore[reportArgumentType]
        lambda: random.uniform(3, "0"),  # pyright: ignore[reportArgumentType]
        lambda: random.uniform(3, dtype="int32"),
        lambda: random.normal(3, stddev=-1.0),
        lambda: random.normal(3, math.nan),
        lambda: random.truncated_normal(3, stddev=-1.0),
        lambda: random.bernoulli(3, "half"),  # pyright: ignore[reportArgumentType]
        lambda: random.randint(3, 0, 2.5),  # pyright: ignore[reportArgumentType]
        lambda: random.randint(3, 0, 2, "float32"),
        lambda: random.randint(3, 0, 256, "int8"),
        lambda: random.uniform(-3),
        lambda: random.shuffle([1, 2], axis=1),
        lambda: random.shuffle([1, 2], axis="0"),  # pyright: ignore[reportArgumentType]
        lambda: random.permutation(-1),
    ],
)
def test_wrong_arguments_are_errors_of_the_tree(made: Any) -> None:
    with pytest.raises(NisslError):
        made()


def test_random_numbers_carry_no_derivative_but_what_is_done_with_them_does() -> None:
    noise = np.asarray(random.normal(4, seed=1))
    slope = nissl.grad(lambda s: nissl.sum(random.normal(4, seed=1) * s))(2.0)
    assert_close(slope, noise.sum(), 1e-5)
