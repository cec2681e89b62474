"""Equality of what networks compute, on any processor.

Two processors, maths libraries or engines agree to rounding, and what sums of products round is
relative to the largest numbers, not to each: a weight near zero keeps the error of the terms that
cancelled in it. A bound by ``rtol`` alone passes or fails with the seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def assert_close(found: Any, wanted: Any, rtol: float = 1e-6, what: str = "") -> None:
    """Equal within ``rtol`` of each number, or of the largest finite one of the array.

    Args:
        found: what the code gave; anything that NumPy makes an array of.
        wanted: what is right, of the same shape, or one number for all.
        rtol: relative bound, for instance 1e-5 for single and 1e-12 for double precision.
        what: said if they differ.
    """
    right = np.asarray(wanted, dtype=np.float64)
    finite = np.abs(right[np.isfinite(right)])
    np.testing.assert_allclose(
        np.asarray(found, dtype=np.float64),
        right,
        rtol=rtol,
        atol=rtol * float(np.max(finite, initial=0.0)),
        err_msg=what,
    )
