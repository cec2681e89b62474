"""Every op of the registry: samples, shape rule, engines, half precision, empties, printing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nissl.autodiff import vjp
from nissl.core import dtypes
from nissl.core.kinds import Constant
from nissl.core.op import Op, Sample
from nissl.core.program import Program, check
from nissl.core.tensor import Aval, Tensor
from nissl.errors import NisslError, OutOfRangeError
from op_sweep import (
    HALVES,
    assert_close,
    cases,
    draw,
    every_op,
    function_of,
    has_body,
    inferred,
    judge_shape_rule,
    leaves,
    program_of,
    run_on,
)

every = pytest.mark.parametrize("op", [pytest.param(op, id=op.name) for op in every_op()])
every_sample = pytest.mark.parametrize(("op", "sample"), cases())


@every
def test_an_op_says_what_tests_and_tables_need(op: Op) -> None:
    assert op.samples, f"{op.name} has no samples, so that nothing tries it"
    assert op.formula, f"{op.name} has no formula"
    places = [f"{{{i}}}" for i in range(len(op.samples[0].shapes))]
    rendered = op.formula.format(*("abc"[i] for i in range(len(places))))
    assert rendered.count("{") == rendered.count("}")


@every_sample
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_shape_rule_agrees_with_what_is_computed(op: Op, sample: Sample, dtype: str) -> None:
    if has_body(sample):
        dtype = "float64"  # the dtypes of a body are fixed
    judge_shape_rule(op, sample, dtype)


@pytest.mark.parametrize(("op", "sample"), cases(lambda op, sample: not has_body(sample)))
def test_half_precisions_agree_with_float64(op: Op, sample: Sample) -> None:
    for half in HALVES:
        arrays = draw(sample, half)
        wide = [a.astype(np.float64) if dtypes.is_floating(a.dtype) else a for a in arrays]
        outputs = leaves(op(*map(Tensor, arrays), **sample.params))
        wanted = leaves(op(*map(Tensor, wide), **sample.params))
        for found, aval, reference in zip(
            outputs, inferred(op, sample, arrays), wanted, strict=True
        ):
            assert found.numpy().dtype == aval.dtype, half
            rounded = reference.numpy().astype(aval.dtype)
            assert_close(found.numpy(), rounded, 4, f"{op.name} in {half}")


@every
def test_engines_agree(op: Op) -> None:
    """Eager NumPy against XLA, and reverse mode traced and compiled against eager reverse mode."""
    for dtype in ("float64", "float32"):
        samples = [s for s in op.samples if not (has_body(s) and dtype != "float64")]
        for sample in samples:
            arrays = draw(sample, dtype)
            function, point = function_of(op, sample, arrays)

            def with_derivative(*given: Any, function: Any = function, point: Any = point) -> Any:
                inputs = [x for x in given if dtypes.is_floating(x.dtype)]
                value, pull = vjp(function, *inputs) if point else (function(), None)
                out = list(leaves(value))
                if pull is None or any(not dtypes.is_floating(v.dtype) for v in out):
                    return out
                seeds = [Tensor(np.ones(v.shape, v.dtype)) for v in out]
                nested = tuple(seeds) if isinstance(value, tuple) else seeds[0]
                return [*out, *pull(nested)]

            eager = [each.numpy() for each in with_derivative(*map(Tensor, arrays))]
            program = program_of(
                lambda *given, op=op, sample=sample: op(*given, **sample.params), arrays, op.name
            )
            reverse = program_of(with_derivative, point, f"{op.name}_vjp") if point else program
            compiled = run_on("xla", program, arrays)
            for found, wanted in zip(compiled, eager, strict=False):
                assert_close(found, wanted, 8, f"{op.name} on xla in {dtype}")
            if point:
                for engine in ("numpy", "xla"):
                    results = run_on(engine, reverse, point)
                    for found, wanted in zip(results, eager, strict=True):
                        assert_close(
                            found, wanted, 16, f"reverse of {op.name} on {engine}, {dtype}"
                        )


@every_sample
def test_a_program_of_it_is_checked_printed_and_run(op: Op, sample: Sample) -> None:
    arrays = draw(sample)
    program = program_of(lambda *given: op(*given, **sample.params), arrays, "p")
    check(program)
    text = str(program)
    head, last = text.splitlines()[0], text.splitlines()[-1]
    assert head.startswith("p(v1: ")
    count = len(arrays) + len(inferred(op, sample, arrays))
    assert last == f"return {', '.join(f'v{i + 1}' for i in range(len(arrays), count))}"
    assert "{" not in text, "a placeholder of the op's text was left"
    if not op.text:
        assert f"{op.name}(v1" in text
    assert program.flops() >= 0
    eager = [each.numpy() for each in leaves(op(*map(Tensor, arrays), **sample.params))]
    for found, wanted in zip(run_on("numpy", program, arrays), eager, strict=True):
        np.testing.assert_array_equal(found, wanted)
    assert isinstance(program, Program)


def variants(sample: Sample, length: int) -> list[list[tuple[int, ...]]]:
    """The sample's shapes with one axis of all inputs set to ``length``, for each axis."""
    most = max((len(shape) for shape in sample.shapes), default=0)
    found: list[list[tuple[int, ...]]] = []
    for axis in range(most):
        found.append(
            [
                tuple(length if i == axis else n for i, n in enumerate(shape))
                for shape in sample.shapes
            ]
        )
    return found


@every_sample
@pytest.mark.parametrize("length", [0, 1])
def test_empty_and_single_axes_are_served(op: Op, sample: Sample, length: int) -> None:
    """What the shape rule allows is computed, with that shape, and so are its derivatives."""
    for shapes in variants(sample, length):
        arrays = draw(
            Sample(shapes=sample.shapes, low=sample.low, high=sample.high, values=sample.values)
        )
        cut = [
            a[tuple(slice(0, n) for n in shape)] for a, shape in zip(arrays, shapes, strict=True)
        ]
        try:
            wanted = inferred(op, sample, cut)
        except NisslError:
            continue  # the sample's parameters do not fit; the functions keep users from here
        try:
            outputs = leaves(op(*map(Tensor, cut), **sample.params))
        except OutOfRangeError:
            assert sample.values, "only fixed indices may fall outside a shorter axis"
            continue
        assert tuple(Aval(o.shape, o.numpy().dtype) for o in outputs) == wanted
        function, point = function_of(op, sample, cut)
        floats = all(dtypes.is_floating(o.dtype) for o in outputs)
        if point and floats and not isinstance(op.kind, Constant):
            value, pull = vjp(function, *map(Tensor, point))
            seeds = [Tensor(np.ones(v.shape)) for v in leaves(value)]
            pulled = pull(tuple(seeds) if isinstance(value, tuple) else seeds[0])
            assert [p.shape for p in pulled] == [x.shape for x in point]
