"""Logarithms to base 2 and 10, exact at the powers of their base on every engine.

``log(x) / log(10)`` of 1000 is 2.9999999999999996: a rounded number times a rounded constant.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from nissl.core.dtypes import smallest_normal


def log2_xla(x: Any) -> Any:
    """``log2(x)`` for XLA: the exponent, and the logarithm of a number near 1."""
    import jax.numpy as jnp

    wide = x.astype(jnp.float32) if x.dtype.itemsize == 2 else x
    part, exponent = jnp.frexp(wide)  # wide = part * 2**exponent, part in [1/2, 1)
    low = part < math.sqrt(0.5)
    part = jnp.where(low, 2 * part, part)
    whole = (exponent - low).astype(wide.dtype)
    usual = (wide > 0) & (wide < jnp.inf)
    found = jnp.where(usual, whole + jnp.log(part) / math.log(2), jnp.log(wide))
    return found.astype(x.dtype)


@functools.cache
def _powers(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    with np.errstate(all="ignore"):
        exact = np.array([float(f"1e{n}") for n in range(-323, 309)]).astype(dtype)
    tiny = smallest_normal(dtype)  # below, a power is rounded so much that its logarithm is another
    return np.where(exact < tiny, np.nan, exact).astype(dtype)


def log10_exact(xp: Any, x: Any) -> Any:
    """``log10(x)``: a power of 10, rounded to the dtype, has its whole exponent."""
    found = xp.log10(x)
    whole = xp.rint(found)
    usual = xp.isfinite(found)
    place = (xp.where(usual, whole, xp.zeros_like(whole)) + 323).astype(np.int32)
    exact = usual & (xp.take(xp.asarray(_powers(x.dtype)), place, mode="clip") == x)
    return xp.where(exact, whole, found)
