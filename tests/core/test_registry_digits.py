"""Known digits, and points where numerics break, against mpmath.

Values are judged in units in the last place (ulp): at most 4 in NumPy, whose own exp, sin and the
like are off by up to 4 in float32, and 8 in XLA. Partial derivatives, being products of rounded
numbers that may cancel, as in ``1 - tanh(x)**2``, are judged in ulp of ``max(1, |derivative|)``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import mpmath
import numpy as np
import pytest
from digits import ORACLES, Oracle, exactly, points, ulps

from nissl.autodiff import jvp, vjp
from nissl.core import dtypes
from nissl.core.op import Known, Op
from nissl.core.tensor import Tensor
from op_sweep import every_op, program_of, run_on

HARD = [pytest.param(op, id=op.name) for op in every_op() if op.hard]
KNOWN = [
    pytest.param(op, known, id=f"{op.name}-{','.join(known.at)}")
    for op in every_op()
    for known in op.known
]
#: XLA computes these as ``exp(x + log(1/2))``, which rounds ``x`` once more
ULPS_XLA = {"sinh": 32, "cosh": 32}
#: the derivative by the base rounds ``y - 1``, and the power multiplies that by ``log(x)``
ULPS_PARTIAL = {"pow": 80}
precision = pytest.mark.parametrize("dtype", ["float64", "float32"])


@pytest.fixture(autouse=True)
def _digits() -> Iterator[None]:
    """More digits than any float, whatever other tests have asked of mpmath."""
    with mpmath.workdps(60):
        yield


def arity(op: Op) -> int:
    return len(op.samples[0].shapes)


def oracle_of(op: Op) -> Oracle:
    """The op in mpmath; or the test fails and says what to write."""
    if op.name not in ORACLES:
        pytest.fail(f"{op.name} has hard points: state it in mpmath, in digits.py")
    return ORACLES[op.name]


@pytest.mark.parametrize(("op", "known"), KNOWN)
def test_known_digits(op: Op, known: Known) -> None:
    at = [Tensor(np.asarray(float(x))) for x in known.at]
    digits = max(15, sum(c.isdigit() for c in known.value.split("e")[0].lstrip("0.-")) - 1)
    oracle = oracle_of(op)
    exact = [mpmath.mpf(x) for x in known.at]
    wanted = mpmath.mpf(known.value)
    assert mpmath.almosteq(oracle.value(*exact), wanted, rel_eps=mpmath.mpf(10) ** -(digits - 1))
    # the point itself is rounded to float64, so the oracle is asked at the rounded point too
    rounded = [exactly(float(x)) for x in known.at]
    assert ulps(op(*at).numpy(), oracle.value(*rounded), "float64") <= 4
    assert abs(mpmath.mpf(float(op(*at).numpy())) - wanted) <= abs(wanted) * 1e-15
    for i, text in enumerate(known.partials):
        partial = mpmath.mpf(text)
        assert mpmath.almosteq(oracle.partials[i](*exact), partial, rel_eps=mpmath.mpf(10) ** -20)
        way = [Tensor(np.asarray(1.0 if j == i else 0.0)) for j in range(len(at))]
        moved = jvp(lambda *xs, op=op: op(*xs), at, way)[1]
        pulled = vjp(lambda *xs, op=op: op(*xs), *at)[1](1.0)[i]
        for found in (moved, pulled):
            assert abs(mpmath.mpf(found.item()) - partial) <= max(abs(partial), 1) * 1e-15


def refused(wanted: Any) -> bool:
    return wanted is None or mpmath.isnan(wanted)


@precision
@pytest.mark.parametrize("op", HARD)
def test_values_at_hard_points(op: Op, dtype: str) -> None:
    grid = points(op.hard, arity(op), dtype)
    eager = op(*map(Tensor, grid)).numpy()
    compiled = run_on("xla", program_of(lambda *xs: op(*xs), list(grid), op.name), list(grid))[0]
    oracle = oracle_of(op)
    smallest = float(np.finfo(dtype).smallest_normal)
    wrong: list[str] = []
    for column, here, there in zip(grid.T, eager, compiled, strict=True):
        if np.isnan(column).any():
            continue
        wanted = oracle.value(*map(exactly, column))
        if refused(wanted):
            continue
        for engine, found, most in (("numpy", here, 4), ("xla", there, ULPS_XLA.get(op.name, 8))):
            if isinstance(wanted, bool):
                off = 0.0 if bool(found) == wanted else float("inf")
            else:
                off = ulps(found, wanted, dtype)
                if engine == "xla" and found == 0 and abs(wanted) < smallest:
                    off = 0.0  # XLA takes numbers below the normal ones for 0
            if not off <= most:
                wrong.append(f"{engine} at {column}: {found}, not {mpmath.nstr(wanted, 12)}")
    assert not wrong, f"{op.name} in {dtype}: {wrong}"


@precision
@pytest.mark.parametrize("op", HARD)
def test_partials_at_hard_points(op: Op, dtype: str) -> None:
    oracle = oracle_of(op)
    if not dtypes.is_floating(op(*[Tensor(np.ones((), dtype))] * arity(op)).dtype):
        assert not oracle.partials
        return
    assert len(oracle.partials) == arity(op)
    grid = points(op.hard, arity(op), dtype)
    inputs = list(map(Tensor, grid))
    pulled = vjp(lambda *xs: op(*xs), *inputs)[1](np.ones(grid.shape[1], dtype))
    wrong: list[str] = []
    for i, partial in enumerate(oracle.partials):
        way = [Tensor(np.full(grid.shape[1], float(j == i), dtype)) for j in range(len(grid))]
        moved = jvp(
            lambda x, i=i: op(*(x if j == i else y for j, y in enumerate(inputs))),
            (inputs[i],),
            (way[i],),
        )[1]
        for mode, found in (("forward", moved.numpy()), ("reverse", pulled[i].numpy())):
            for column, each in zip(grid.T, found, strict=True):
                if np.isnan(column).any():
                    continue
                wanted = partial(*map(exactly, column))
                most = ULPS_PARTIAL.get(op.name, 4)
                if not refused(wanted) and not ulps(each, wanted, dtype, least=1.0) <= most:
                    wrong.append(
                        f"{mode} by {i} at {column}: {each}, not {mpmath.nstr(wanted, 12)}"
                    )
    assert not wrong, f"{op.name} in {dtype}: {wrong}"
