"""Equality of floating results that holds on any processor.

Two processors, two maths libraries or two engines agree to rounding, and rounding is relative to
the largest numbers that took part: a sum that cancels keeps the absolute error of its terms. So
every comparison has a bound that does not shrink with the single number.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def assert_close(found: Any, wanted: Any, rtol: float = 1e-6, atol: float = 0.0) -> None:
    """Equal within ``rtol`` of the largest finite number wanted, or of 1 if that is larger.

    Args:
        found: what the code gave; anything that NumPy makes an array of.
        wanted: what is right, of the same shape, or one number for all.
        rtol: relative bound, for instance 1e-6 for single and 1e-12 for double precision.
        atol: what is allowed in addition, in the results' own unit.
    """
    right = np.asarray(wanted, dtype=np.float64)
    finite = np.abs(right[np.isfinite(right)])
    scale = max(1.0, float(np.max(finite, initial=0.0)))
    np.testing.assert_allclose(
        np.asarray(found, dtype=np.float64), right, rtol=rtol, atol=rtol * scale + atol
    )
