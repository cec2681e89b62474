"""Every op can be written as C, or says why not."""

from __future__ import annotations

import dataclasses

import pytest

import op_sweep as sweep
from nissl.core.op import Op, Sample
from nissl.engine.native.arrays import program_to_arrays
from nissl.engine.native.functions import EXPRESSIONS, WITHOUT_C, Unsupported
from nissl.engine.native.views import Buffer, View, padded


def is_written(op: Op, sample: Sample) -> bool:
    """Whether the array writer turns a program of this one op into nests."""
    arrays = sweep.draw(sample, "float64" if sweep.has_body(sample) else "float32")
    program = sweep.program_of(lambda *given: op(*given, **sample.params), arrays, op.name)
    views = [
        View(Buffer(f"p{i}", a.dtype, a.size), a.shape, padded(a.shape))
        for i, a in enumerate(arrays)
    ]
    try:
        program_to_arrays(program, views, "v")
    except Unsupported:
        return False
    return True


def judge(op: Op) -> None:
    """An op has a C form for one of its samples at least, or a reason; never both."""
    written = any(is_written(op, sample) for sample in op.samples)
    if op.name in WITHOUT_C:
        assert not written, f"{op.name} has a C form; strike it from WITHOUT_C"
    else:
        assert written, f"state {op.name} in C, or in WITHOUT_C of engine/native why not"


@pytest.mark.parametrize("op", sweep.every_op(), ids=lambda op: op.name)
def test_every_op_has_a_c_form_or_a_reason(op: Op) -> None:
    judge(op)


def test_both_tables_name_ops_only() -> None:
    names = {op.name for op in sweep.every_op()}
    assert set(EXPRESSIONS) <= names
    assert set(WITHOUT_C) <= names


def test_an_op_with_neither_is_caught() -> None:
    plain = next(op for op in sweep.every_op() if op.name == "flip")
    newcomer = dataclasses.replace(plain, name="newcomer")
    with pytest.raises(AssertionError, match="state newcomer in C"):
        judge(newcomer)
