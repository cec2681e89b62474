"""What a number is divided by, so that its square stays in the range of its dtype."""

from __future__ import annotations

from nissl.core.dtypes import smallest_normal
from nissl.core.functions.convert import binary
from nissl.core.ops import arithmetic as pairs
from nissl.core.tensor import Tensor


def divisor(size: Tensor) -> Tensor:
    """``size`` held where both it and ``1 / size``, which XLA multiplies by, are normal numbers."""
    tiny = smallest_normal(size.dtype)
    return binary(pairs.minimum, binary(pairs.maximum, size, tiny), 0.25 / tiny)
