"""Random tensors: counter-based, the same on every engine for the same seed.

A *key* is two 32-bit words. The same key gives the same numbers, eager or compiled, on any
machine; a :class:`SeedGenerator` gives a new key each time it is asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.functions.convert import as_shape
from nissl.core.op import apply
from nissl.core.ops.random import random_bits
from nissl.core.tensor import Tensor
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError

_WORD = 1 << 32
_DIGITS = {"float16": 11, "bfloat16": 8}  # of a fraction that stays below 1; 24 for all others


class SeedGenerator:
    """A source of keys that never gives the same key twice.

    Args:
        seed: integer of at least 0; drawn from the global seed by default.
        name: name of its variable.

    Its state is a variable of two words, seed and count, so it also advances inside ``jit``.
    """

    def __init__(self, seed: int | None = None, name: str = "seed_generator") -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer | None):
            raise ArgumentTypeError(f"a seed is an integer, not {type(seed).__name__} {seed!r}")
        self.seed = _global.draw() if seed is None else int(seed)
        if self.seed < 0:
            raise ArgumentError(f"a seed is an integer of at least 0, not {self.seed}")
        words = np.array([self.seed % _WORD, (self.seed // _WORD * 0x9E3779B9) % _WORD], np.uint32)
        self.state = Variable(words, trainable=False, name=name)

    def next(self) -> Tensor:
        """Return a new key, ``uint32[2]``."""
        key = self.state.value
        self.state.assign(key + np.array([0, 1], np.uint32))
        return key


class _Global:
    """The process-wide source of seeds, for what is made without one."""

    def __init__(self) -> None:
        self.host = np.random.default_rng()

    def draw(self) -> int:
        return int(self.host.integers(1 << 31))


_global = _Global()
Seed: TypeAlias = int | SeedGenerator | Tensor | None


def set_seed(seed: int) -> None:
    """Set the seed for layers, shuffling and initialisers that are given none of their own."""
    _global.host = np.random.default_rng(seed)


def draw_seed() -> int:
    """Draw a seed from the global source."""
    return _global.draw()


def key(seed: Seed = None) -> Tensor:
    """Return the key that a seed means: an integer, a generator, a key itself, or ``None``."""
    if isinstance(seed, Tensor):
        return seed
    return (seed if isinstance(seed, SeedGenerator) else SeedGenerator(seed)).next()


def bits(shape: int | Sequence[int], seed: Seed = None) -> Tensor:
    """Return random 32-bit words."""
    return apply(random_bits, (key(seed),), {"shape": as_shape(shape)})


def uniform(
    shape: int | Sequence[int],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Return numbers drawn evenly from ``[minval, maxval)``.

    They lie on a grid of 2**-24 of the range; for ``float16`` of 2**-11, for ``bfloat16`` of 2**-8.

    >>> import nissl
    >>> nissl.random.uniform(3, seed=1).shape
    (3,)
    """
    chosen = dtypes.default_float() if dtype is None else dtypes.as_dtype(dtype)
    digits = _DIGITS.get(chosen.name, 24)
    words = bits(shape, seed) >> F.asarray(32 - digits, dtypes.uint32)
    fraction = F.astype(words, dtypes.float32) * 2.0**-digits
    return F.astype(fraction * float(maxval - minval) + float(minval), chosen)


def normal(
    shape: int | Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Return normally distributed numbers (Box and Muller 1958, both of each pair used)."""
    chosen = dtypes.default_float() if dtype is None else dtypes.as_dtype(dtype)
    wanted = as_shape(shape)
    size = math.prod(wanted)
    half = (size + 1) // 2
    uniforms = uniform((2, half), seed=seed, dtype=dtypes.float32)
    radius = F.sqrt(-2.0 * F.log(1.0 - uniforms[0]))
    angle = (2 * math.pi) * uniforms[1]
    pair = F.concat([radius * F.cos(angle), radius * F.sin(angle)])[:size]
    return F.astype(F.reshape(pair, wanted) * float(stddev) + float(mean), chosen)


def truncated_normal(
    shape: int | Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Return normal numbers, drawn again where further than two ``stddev`` from ``mean``."""
    chosen = dtypes.default_float() if dtype is None else dtypes.as_dtype(dtype)
    wanted, first = as_shape(shape), key(seed)
    found = normal(wanted, dtype=dtypes.float32, seed=first)
    for again in range(1, 9):  # 0.0455**9 is below 1e-12
        fresh = normal(wanted, dtype=dtypes.float32, seed=first + np.array([again, 0], np.uint32))
        found = F.where(F.abs(found) > 2.0, fresh, found)
    return F.astype(F.clip(found, -2.0, 2.0) * float(stddev) + float(mean), chosen)


def bernoulli(shape: int | Sequence[int], p: float = 0.5, seed: Seed = None) -> Tensor:
    """Return True with probability ``p`` and False otherwise."""
    if not 0 <= p <= 1:
        raise ArgumentError(f"a probability lies between 0 and 1, not {p}")
    return uniform(shape, seed=seed, dtype=dtypes.float32) < p


def randint(
    shape: int | Sequence[int], minval: int, maxval: int, dtype: Any = "int32", seed: Seed = None
) -> Tensor:
    """Return integers drawn evenly from ``minval`` to ``maxval - 1``; spans of up to 2**24."""
    if not 0 < maxval - minval <= 1 << 24:
        raise ArgumentError(f"randint: a span of 1 to 2**24 is needed, not {minval} to {maxval}")
    drawn = F.floor(uniform(shape, seed=seed, dtype=dtypes.float32) * float(maxval - minval))
    return F.astype(drawn, dtype) + int(minval)


def permutation(length: int, seed: Seed = None) -> Tensor:
    """Return the integers below ``length`` in random order."""
    return F.argsort(bits((length,), seed), axis=0)


def shuffle(x: Any, axis: int = 0, seed: Seed = None) -> Tensor:
    """Return ``x`` with its slices along ``axis`` in random order."""
    found = F.asarray(x)
    if not found.ndim:
        raise ShapeError("shuffle: a tensor without axes has nothing to shuffle")
    return F.take(found, permutation(found.shape[axis], seed), axis)


__all__ = [
    "SeedGenerator",
    "bernoulli",
    "bits",
    "key",
    "normal",
    "permutation",
    "randint",
    "set_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]
