"""Random bits against the published known answers of Threefry-2x32 with 20 rounds.

The vectors are those that the authors publish with their Random123 library (kat_vectors), of
Salmon, Moraes, Dror and Shaw, *Parallel random numbers: as easy as 1, 2, 3*, SC'11.
"""

from __future__ import annotations

import numpy as np
import pytest

from nissl.core.op import lookup
from nissl.core.ops.random import threefry2x32
from nissl.core.program import trace
from nissl.core.tensor import Aval, Tensor
from nissl.errors import ShapeError
from op_sweep import program_of, run_on

VECTORS = [  # counter, key, result
    ((0x00000000, 0x00000000), (0x00000000, 0x00000000), (0x6B200159, 0x99BA4EFE)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
]
bits = lookup("random_bits")


@pytest.mark.parametrize(("counter", "key", "wanted"), VECTORS)
def test_known_answers(
    counter: tuple[int, int], key: tuple[int, int], wanted: tuple[int, int]
) -> None:
    import jax.numpy as jnp

    for xp in (np, jnp):
        words = [xp.asarray([word], dtype="uint32") for word in (*key, *counter)]
        x, y = threefry2x32(xp, tuple(words[:2]), tuple(words[2:]))
        assert (int(x[0]), int(y[0])) == wanted


def test_the_op_counts_from_zero() -> None:
    key = np.array([0, 0], "uint32")
    first = bits(Tensor(key), shape=(2,)).numpy()
    assert first.tolist() == list(VECTORS[0][2])
    many = bits(Tensor(key), shape=(7,)).numpy()
    assert many[0] == first[0], "the first of each pair comes first"
    assert many.dtype == np.uint32


@pytest.mark.parametrize("shape", [(), (1,), (5,), (3, 5), (2, 3, 4), (0,), (0, 3)])
def test_engines_give_the_same_bits(shape: tuple[int, ...]) -> None:
    key = np.array([0xDEADBEEF, 42], "uint32")
    eager = bits(Tensor(key), shape=shape).numpy()
    assert eager.shape == shape
    program = program_of(lambda k: bits(k, shape=shape), [key], "bits")
    for engine in ("numpy", "xla"):
        np.testing.assert_array_equal(run_on(engine, program, [key])[0], eager)


def test_bits_look_random() -> None:
    """Every bit is set half of the time, and keys that differ in one bit have nothing in common."""
    n = 1 << 14
    x = bits(Tensor(np.array([1, 2], "uint32")), shape=(n,)).numpy()
    y = bits(Tensor(np.array([1, 3], "uint32")), shape=(n,)).numpy()
    for words in (x, x ^ y):
        share = np.unpackbits(words.view(np.uint8)).reshape(n, 32).mean(axis=0)
        assert np.abs(share - 0.5).max() < 5 * 0.5 / np.sqrt(n)
    assert len(np.unique(x)) > n - 100


def test_a_key_is_two_words() -> None:
    with pytest.raises(ShapeError, match=r"uint32\[2\].*int64\[2\]"):
        trace(lambda k: bits(k, shape=(3,)), Aval((2,), "int64"))
