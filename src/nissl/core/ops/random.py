"""Counter-based random bits: the same on every engine, and the same for the same key.

Threefry-2x32 with 20 rounds, of J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, *Parallel
random numbers: as easy as 1, 2, 3*, SC'11, section 4.2 (rotations of its table 2). Written once
for every array namespace, in 32-bit additions, rotations and exclusive ors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nissl.core import dtypes
from nissl.core.kinds import Constant
from nissl.core.op import Op, Sample, register
from nissl.core.tensor import Array, Aval, Shape
from nissl.errors import ShapeError

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry2x32(xp: Any, key: tuple[Array, Array], counter: tuple[Array, Array]) -> Any:
    """Return two uint32 arrays: the counter pair enciphered with the key pair."""
    word = xp.uint32
    keys = (key[0], key[1], key[0] ^ key[1] ^ word(_PARITY))
    x, y = counter[0] + keys[0], counter[1] + keys[1]
    for block in range(5):
        for turn in _ROTATIONS[block % 2]:
            x = x + y
            y = (y << word(turn)) | (y >> word(32 - turn))
            y = y ^ x
        x = x + keys[(block + 1) % 3]
        y = y + keys[(block + 2) % 3] + word(block + 1)
    return x, y


def _infer(key: Aval, shape: Shape, stream: int = 0) -> Aval:
    if key.shape != (2,) or key.dtype != dtypes.uint32:
        raise ShapeError(f"random_bits: a key is uint32[2], not {key!r}")
    return Aval(shape, dtypes.uint32)


def _random_bits(xp: Any, key: Array, shape: Shape, stream: int = 0) -> Array:
    # counters (0, stream), (1, stream), ...: no two streams of a key have a counter in common
    size = Aval(shape).size
    half = (size + 1) // 2
    counter = xp.arange(half, dtype=xp.uint32)
    x, y = threefry2x32(xp, (key[0], key[1]), (counter, xp.full_like(counter, stream)))
    return xp.concatenate([x, y])[:size].reshape(shape)


random_bits = register(
    Op(
        name="random_bits",
        infer=_infer,
        compute=_random_bits,
        kind=Constant(),
        formula=r"\text{{bits}}({0})",
        flops=lambda key, shape, stream=0: 60 * Aval(shape).size,
        samples=(
            Sample(
                shapes=((2,),), values={0: np.array([7, 9], "uint32")}, params={"shape": (3, 5)}
            ),
            Sample(shapes=((2,),), values={0: np.array([0, 1], "uint32")}, params={"shape": ()}),
            Sample(
                shapes=((2,),),
                values={0: np.array([7, 9], "uint32")},
                params={"shape": (5,), "stream": 3},
            ),
        ),
    )
)
