"""What the sweeps over the registry have in common: inputs of a sample, slopes, engines."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nissl.autodiff import jvp, vjp
from nissl.core import dtypes
from nissl.core import ops as _ops
from nissl.core.op import Op, Sample, registry
from nissl.core.program import Program, trace
from nissl.core.tensor import Aval, Tensor

os.environ.setdefault("NISSL_NO_CACHE", "1")  # tests leave nothing in the user's cache
assert _ops

Vector = np.ndarray[Any, Any]

#: ops whose derivative is, by their meaning, not that of what they compute
DELIBERATE = {"stop_gradient"}

HALVES = ("float16", "bfloat16")


def every_op() -> list[Op]:
    """The registry in a fixed order, without ops that other tests added."""
    return [op for _, op in sorted(registry.items())]


def cases(wanted: Callable[[Op, Sample], bool] | None = None) -> list[Any]:
    """One pytest parameter for each sample of each op, or of those that are wanted."""
    import pytest

    return [
        pytest.param(op, sample, id=f"{op.name}-{i}")
        for op in every_op()
        for i, sample in enumerate(op.samples)
        if wanted is None or wanted(op, sample)
    ]


def has_derivative(op: Op, sample: Sample) -> bool:
    """Whether floating inputs lead to floating outputs, with a derivative that is theirs."""
    arrays = draw(sample)
    floats = [dtypes.is_floating(aval.dtype) for aval in inferred(op, sample, arrays)]
    moved = any(dtypes.is_floating(a.dtype) for a in arrays)
    return moved and all(floats) and op.name not in DELIBERATE


def has_body(sample: Sample) -> bool:
    """Whether a parameter is a program, whose dtypes are then fixed."""
    return any(isinstance(value, Program) for value in sample.params.values())


def draw(sample: Sample, dtype: Any = "float64", seed: int = 0) -> list[Vector]:
    """Arrays for a sample: what is drawn, and fixed floating values, in ``dtype``."""
    rng = np.random.default_rng(seed)
    wanted = dtypes.as_dtype(dtype)
    arrays: list[Vector] = []
    for i, shape in enumerate(sample.shapes):
        array = np.asarray(rng.uniform(sample.low, sample.high, shape))
        if i in sample.values:
            array = np.asarray(sample.values[i])
            assert array.shape == shape, f"values[{i}] has shape {array.shape}, not {shape}"
        arrays.append(array.astype(wanted) if array.dtype.kind == "f" else array)
    return arrays


def function_of(op: Op, sample: Sample, arrays: Sequence[Vector]) -> tuple[Any, list[Vector]]:
    """The op as a function of its floating inputs only, and those inputs."""
    places = [i for i, array in enumerate(arrays) if dtypes.is_floating(array.dtype)]

    def function(*given: Tensor) -> Any:
        inputs = [Tensor(array) for array in arrays]
        for i, x in zip(places, given, strict=True):
            inputs[i] = x
        return op(*inputs, **sample.params)

    function.__name__ = op.name
    return function, [arrays[i] for i in places]


def leaves(result: Any) -> list[Tensor]:
    """Outputs as a list."""
    return list(result) if isinstance(result, tuple | list) else [result]


def inferred(op: Op, sample: Sample, arrays: Sequence[Vector]) -> tuple[Aval, ...]:
    """What the op's rule promises for these arrays."""
    found = op.infer(*(Aval(a.shape, a.dtype) for a in arrays), **sample.params)
    return (found,) if isinstance(found, Aval) else tuple(found)


def judge_shape_rule(op: Op, sample: Sample, dtype: Any = "float64") -> None:
    """The op's rule against what it computes."""
    arrays = draw(sample, dtype)
    outputs = leaves(op(*map(Tensor, arrays), **sample.params))
    computed = tuple(Aval(o.shape, o.numpy().dtype) for o in outputs)
    promised = inferred(op, sample, arrays)
    assert computed == promised, f"{op.name}: computed {computed}, promised {promised}"


def flat(result: Any) -> Vector:
    """All floating numbers of a result in one float64 vector."""
    parts = [
        np.ravel(np.asarray(each)).astype(np.float64)
        for each in leaves(result)
        if dtypes.is_floating(each.dtype)
    ]
    return np.concatenate(parts) if parts else np.zeros(0)


def directions(point: Sequence[Vector], seed: int) -> list[Vector]:
    """A random direction at a point."""
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(x.shape)) for x in point]


STEPS = 2.0 ** -np.arange(8, 15)


def taylor_slope(
    function: Callable[..., Any], point: Sequence[Vector], way: Sequence[Vector], moved: Vector
) -> float:
    """Log-log slope of ``|f(x + h t) - f(x) - h J t|`` against ``h``; 2 or more when J is right.

    Infinity when the remainder is rounding error only, as for a linear function.
    """
    start = flat(function(*map(Tensor, point)))
    remainders, floors = [], []
    for h in STEPS:
        ahead = flat(function(*(Tensor(x + h * t) for x, t in zip(point, way, strict=True))))
        remainders.append(float(np.linalg.norm(ahead - start - h * moved)))
        size = float(np.linalg.norm(start)) + float(np.linalg.norm(ahead))
        floors.append(64 * 2.0**-52 * max(size, 1e-3))
    kept = [(h, r) for h, r, low in zip(STEPS, remainders, floors, strict=True) if r > low]
    if len(kept) < 3:
        return float("inf")
    steps, errors = np.log(np.array(kept)).T
    return float(np.polyfit(steps, errors, 1)[0])


def seeds_for(result: Any, seed: int) -> list[Tensor]:
    """A random cotangent for each output; zeros for outputs that are not floating."""
    rng = np.random.default_rng(seed)
    found: list[Tensor] = []
    for each in leaves(result):
        drawn = np.asarray(rng.standard_normal(each.shape))
        if not dtypes.is_floating(each.dtype):
            drawn = np.zeros(each.shape)
        found.append(Tensor(drawn))
    return found


def judge(function: Callable[..., Any], point: Sequence[Vector], seed: int = 1) -> None:
    """Both modes of ``function`` at ``point``: Taylor slope, then the adjoint identity."""
    if not point:
        return
    way = directions(point, seed)
    value, tangents = jvp(function, list(map(Tensor, point)), list(map(Tensor, way)))
    assert all(t.shape == v.shape for t, v in zip(leaves(tangents), leaves(value), strict=True)), (
        "a tangent has not the shape of its output"
    )
    moved = np.concatenate(
        [
            np.ravel(t.numpy()) if dtypes.is_floating(v.dtype) else np.zeros(0)
            for t, v in zip(leaves(tangents), leaves(value), strict=True)
        ]
    ).astype(np.float64)
    slope = taylor_slope(function, point, way, moved)
    assert slope > 1.8, f"forward mode: Taylor slope {slope:.2f}, not 2"

    value, pull = vjp(function, *map(Tensor, point))
    weights = seeds_for(value, seed + 1)
    pulled = pull(
        tuple(weights)
        if isinstance(value, tuple)
        else (weights if isinstance(value, list) else weights[0])
    )
    assert [p.shape for p in pulled] == [x.shape for x in point]
    u = np.concatenate(
        [
            np.ravel(w.numpy())
            for w, v in zip(weights, leaves(value), strict=True)
            if dtypes.is_floating(v.dtype)
        ]
        or [np.zeros(0)]
    )
    left = float(u @ moved)
    right = float(sum(np.sum(p.numpy() * t) for p, t in zip(pulled, way, strict=True)))
    scale = max(1.0, float(np.abs(u) @ np.abs(moved)))
    assert abs(left - right) <= 1e-12 * scale, f"adjoint identity: <u,Jt>={left}, <J'u,t>={right}"


def forward_derivative(function: Callable[..., Any], way: Sequence[Vector]) -> Callable[..., Any]:
    """``x -> J(x) t`` for a fixed direction."""

    def derivative(*args: Tensor) -> Any:
        value, moved = jvp(function, args, list(map(Tensor, way)))
        return [
            m
            for m, v in zip(leaves(moved), leaves(value), strict=True)
            if dtypes.is_floating(v.dtype)
        ]

    return derivative


def reverse_derivative(function: Callable[..., Any], seed: int) -> Callable[..., Any]:
    """``x -> J(x)^T u`` for a fixed cotangent."""

    def derivative(*args: Tensor) -> Any:
        value, pull = vjp(function, *args)
        weights = seeds_for(value, seed)
        nested = tuple(weights) if isinstance(value, tuple) else weights
        return list(pull(nested if isinstance(value, tuple | list) else weights[0]))

    return derivative


def judge_to_order_two(function: Callable[..., Any], point: Sequence[Vector]) -> None:
    """:func:`judge` of a function and of both of its derivatives."""
    judge(function, point, seed=1)
    judge(forward_derivative(function, directions(point, 5)), point, seed=2)
    judge(reverse_derivative(function, 7), point, seed=3)


def program_of(function: Callable[..., Any], arrays: Sequence[Vector], name: str) -> Program:
    """Trace a function on the shapes and dtypes of arrays."""
    return trace(function, *(Aval(a.shape, a.dtype) for a in arrays), name=name)


def run_on(engine: str, program: Program, arrays: Sequence[Vector]) -> list[Vector]:
    """Run a program on an engine and bring the results to the host."""
    from nissl.engine import get_engine

    return [np.asarray(each) for each in get_engine(engine).compile(program)(list(arrays))]


def assert_close(found: Vector, wanted: Vector, ulps: float, what: str = "") -> None:
    """Equal to so many rounding errors of the dtype, at the size of the largest number."""
    assert found.shape == wanted.shape, f"{what}: shape {found.shape}, not {wanted.shape}"
    assert found.dtype == wanted.dtype, f"{what}: dtype {found.dtype}, not {wanted.dtype}"
    if not dtypes.is_floating(found.dtype):
        np.testing.assert_array_equal(found, wanted, err_msg=what)
        return
    eps = epsilon(found.dtype)
    wide, reference = found.astype(np.float64), wanted.astype(np.float64)
    finite = reference[np.isfinite(reference)]
    scale = max(1e-300, float(np.max(np.abs(finite), initial=0.0)))
    np.testing.assert_allclose(
        wide, reference, rtol=ulps * eps, atol=ulps * eps * scale, err_msg=what
    )


def epsilon(dtype: Any) -> float:
    """Distance from 1 to the next number of a floating dtype."""
    import ml_dtypes

    return float(ml_dtypes.finfo(dtypes.as_dtype(dtype)).eps)
