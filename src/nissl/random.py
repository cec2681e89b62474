"""Random tensors: counter-based, the same on every engine for the same seed.

A *key* is two 32-bit words. The same key gives the same numbers, eager or compiled, on any
machine; a :class:`SeedGenerator` gives a new key each time it is asked.
"""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from nissl.arguments import named, number, whole
from nissl.core import dtypes
from nissl.core import functions as F
from nissl.core.functions.convert import as_shape
from nissl.core.op import apply
from nissl.core.ops.random import random_bits
from nissl.core.ops.shapes import normalise_axis
from nissl.core.tensor import Array, Shape, Tensor
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, DTypeError, ShapeError
from nissl.names import absent

_WORD = 1 << 32
_DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}  # of a fraction below 1
_ROUNDS = 9  # of a truncated normal: 0.0455**9 is below 1e-12


def _words_of(seed: int) -> tuple[int, int]:
    """Return the key that an integer means; those from 2**64 on are hashed whole."""
    if seed >= _WORD**2:
        digest = hashlib.blake2b(seed.to_bytes(seed.bit_length() // 8 + 1), digest_size=8).digest()
        return int.from_bytes(digest[:4]), int.from_bytes(digest[4:])
    return seed % _WORD, (seed // _WORD * 0x9E3779B9) % _WORD


class SeedGenerator:
    """A source of keys that never gives the same key twice.

    Args:
        seed: integer of at least 0; drawn from the global seed by default.
        name: name of its variable.

    Its state is a variable of two words, seed and count, so it also advances inside ``jit``.
    """

    def __init__(self, seed: int | None = None, name: str = "seed_generator") -> None:
        self.seed = _global.draw() if seed is None else whole("SeedGenerator", "seed", seed, 0)
        words = np.array(_words_of(self.seed), np.uint32)
        self.state = Variable(words, trainable=False, name=named("SeedGenerator", "name", name))

    def next(self) -> Tensor:
        """Return a new key, ``uint32[2]``."""
        with _advancing:
            key = self.state.value
            self.state.assign(key + np.array([0, 1], np.uint32))
        return key


_advancing = threading.Lock()  # so that no two threads get one key


class _Global:
    """The process-wide source of seeds, for what is made without one."""

    def __init__(self) -> None:
        self.host = np.random.default_rng()

    def draw(self) -> int:
        return int(self.host.integers(1 << 31))


_global = _Global()
Seed: TypeAlias = int | SeedGenerator | Tensor | None


def set_seed(seed: int) -> None:
    """Set the seed, at least 0, for layers, shuffling and initialisers given none of their own."""
    _global.host = np.random.default_rng(whole("set_seed", "seed", seed, least=0))


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
    return _bits(as_shape(shape), key(seed))


def _bits(shape: Shape, source: Tensor, stream: int = 0) -> Tensor:
    """Return words of one of a key's streams, which have no counter in common."""
    params = {"shape": shape, "stream": stream} if stream else {"shape": shape}
    return apply(random_bits, (source,), params)


def _floating(who: str, dtype: Any) -> np.dtype[Any]:
    chosen = dtypes.default_float() if dtype is None else dtypes.as_dtype(dtype)
    if not dtypes.is_floating(chosen):
        raise DTypeError(f"{who}: numbers of a floating dtype are drawn, not of {chosen.name}")
    return chosen


def _fraction(shape: Shape, source: Tensor, dtype: np.dtype[Any], stream: int = 0) -> Tensor:
    """Return numbers on an even grid of [0, 1); ``float64`` uses this stream and the next."""
    digits = _DIGITS[dtype.name]
    words = _bits(shape, source, stream)
    if digits > 32:
        high = F.astype(words >> np.uint32(5), dtypes.float64)
        low = F.astype(_bits(shape, source, stream + 1) >> np.uint32(6), dtypes.float64)
        return high * 2.0**-27 + low * 2.0**-53
    return F.astype(words >> np.uint32(32 - digits), dtypes.float32) * 2.0**-digits


def uniform(
    shape: int | Sequence[int],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Return numbers drawn evenly from ``[minval, maxval)``; ``maxval`` itself is never drawn.

    They lie on a grid of 2**-24 of the range; for ``float64`` of 2**-53, for ``float16`` of 2**-11,
    for ``bfloat16`` of 2**-8. Where both bounds are one number, that number is returned.

    Raises:
        ArgumentError: the bounds are not finite, the wrong way round, or so near to each other
            that no number of the dtype lies between them.

    >>> import nissl
    >>> nissl.random.uniform(3, seed=1).shape
    (3,)
    """
    chosen = _floating("uniform", dtype)
    low, high = number("uniform", "minval", minval), number("uniform", "maxval", maxval)
    if low == high:
        return F.full(as_shape(shape), low, chosen)
    fraction = _fraction(as_shape(shape), key(seed), chosen)
    if (low, high) == (0.0, 1.0):
        return F.astype(fraction, chosen)
    first, last = _ends(low, high, chosen)
    overflows = high - low > float(np.finfo(fraction.dtype).max)
    half = 0.5 if overflows else 1.0
    drawn = (fraction * (high * half - low * half) + low * half) / half
    return F.clip(F.astype(drawn, chosen), first, last)


def _ends(low: float, high: float, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """Return a dtype's smallest number that is at least ``low``, and its largest below ``high``."""
    with np.errstate(over="ignore"):
        first, last = np.asarray(low).astype(dtype), np.asarray(high).astype(dtype)
    if not (np.isfinite(first) and np.isfinite(last)):
        raise ArgumentError(
            f"uniform: {dtype.name} does not reach from minval={low} to maxval={high}"
        )
    if float(first) < low:
        first = np.nextafter(first, dtype.type(np.inf))
    if float(last) >= high:
        last = np.nextafter(last, dtype.type(-np.inf))
    if first > last:
        raise ArgumentError(
            f"uniform: no {dtype.name} number lies from minval={low} to below maxval={high}"
        )
    return first, last


def _standard_normal(shape: Shape, source: Tensor, dtype: np.dtype[Any], stream: int = 0) -> Tensor:
    """Return standard normal numbers in ``float32``, or in ``float64`` if that is the dtype."""
    wide = dtypes.float64 if dtype == dtypes.float64 else dtypes.float32
    size = math.prod(shape)
    uniforms = _fraction((2, (size + 1) // 2), source, wide, stream)
    radius = F.sqrt(-2.0 * F.log(1.0 - uniforms[0]))
    angle = (2 * math.pi) * uniforms[1]
    return F.reshape(F.concat([radius * F.cos(angle), radius * F.sin(angle)])[:size], shape)


def normal(
    shape: int | Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Return normally distributed numbers (Box and Muller 1958, both of each pair used).

    They reach as far as their grid does: 5.8 standard deviations, and 8.6 in ``float64``.
    """
    chosen = _floating("normal", dtype)
    centre, spread = number("normal", "mean", mean), number("normal", "stddev", stddev, least=0)
    found = _standard_normal(as_shape(shape), key(seed), chosen)
    return F.astype(found * spread + centre, chosen)


def truncated_normal(
    shape: int | Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Return normal numbers, drawn again where further than two ``stddev`` from ``mean``."""
    who = "truncated_normal"
    chosen, wanted, source = _floating(who, dtype), as_shape(shape), key(seed)
    centre, spread = number(who, "mean", mean), number(who, "stddev", stddev, least=0)
    found = _standard_normal(wanted, source, chosen)
    for again in range(1, _ROUNDS):
        fresh = _standard_normal(wanted, source, chosen, 2 * again)
        found = F.where(F.abs(found) > 2.0, fresh, found)
    return F.astype(F.clip(found, -2.0, 2.0) * spread + centre, chosen)


def bernoulli(shape: int | Sequence[int], p: float = 0.5, seed: Seed = None) -> Tensor:
    """Return True with probability ``p`` (to within 2**-24) and False otherwise."""
    chance = number("bernoulli", "p", p, least=0, most=1)
    return uniform(shape, seed=seed, dtype=dtypes.float32) < chance


def randint(
    shape: int | Sequence[int], minval: int, maxval: int, dtype: Any = "int32", seed: Seed = None
) -> Tensor:
    """Return integers drawn from ``minval`` to ``maxval - 1``, each as often as any other.

    Random words are multiplied by the span and the high part kept (Lemire 2019, section 3), of so
    many words that chances differ by less than one part in 2**40.

    Raises:
        ArgumentError: ``maxval`` is not above ``minval``, or the dtype does not reach so far.
        DTypeError: the dtype is not one of integers.
    """
    chosen, wanted, source = dtypes.as_dtype(dtype), as_shape(shape), key(seed)
    if dtypes.kind(chosen) != "integer":
        raise DTypeError(f"randint: integers are drawn, not {chosen.name}")
    reach = np.iinfo(chosen)
    low = whole("randint", "minval", minval, int(reach.min), int(reach.max))
    high = whole("randint", "maxval", maxval, low + 1, int(reach.max) + 1)
    upper, lower = (np.uint64(part) for part in divmod(high - low, _WORD))
    bottom, word = np.uint64(_WORD - 1), np.uint64(32)
    carry = F.zeros(wanted, dtypes.uint64)
    for stream in reversed(range(-(-((high - low).bit_length() + 40) // 32))):
        drawn = F.astype(_bits(wanted, source, stream), dtypes.uint64)
        # floor((drawn * span + carry) / 2**32), of parts that do not overflow
        carry = drawn * upper + (carry >> word) + ((drawn * lower + (carry & bottom)) >> word)
    return F.astype(carry + np.uint64(low % (1 << 64)), chosen)


def permutation(length: int, seed: Seed = None) -> Tensor:
    """Return the integers below ``length`` in random order."""
    return F.argsort(bits((length,), seed), axis=0)


def shuffle(x: Any, axis: int = 0, seed: Seed = None) -> Tensor:
    """Return ``x`` with its slices along ``axis`` in random order."""
    found = F.asarray(x)
    if not found.ndim:
        raise ShapeError("shuffle: a tensor without axes has nothing to shuffle")
    axis = normalise_axis("shuffle", whole("shuffle", "axis", axis), found.ndim)
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

if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
