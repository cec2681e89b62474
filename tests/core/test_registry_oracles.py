"""Every op's value has an oracle that is not the op, and agrees with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from array_oracles import ARRAY_ORACLES, ELSEWHERE, every
from digits import ORACLES

from nissl.core.kinds import Elementwise
from nissl.core.op import Op, Sample
from nissl.core.tensor import Tensor
from op_sweep import assert_close, cases, draw, every_op, leaves


def unanswered(ops: list[Op]) -> list[str]:
    """What is missing, in words."""
    wrong: list[str] = []
    for op in ops:
        if op.name in ORACLES:
            if not (op.hard or op.known):
                wrong.append(f"{op.name}: has an oracle, but no hard points to ask it about")
        elif isinstance(op.kind, Elementwise):
            wrong.append(f"{op.name}: state it in mpmath, in digits.py")
        elif op.name not in ARRAY_ORACLES and op.name not in ELSEWHERE:
            wrong.append(f"{op.name}: state it number by number, in array_oracles.py")
    return wrong


def test_every_op_has_an_oracle() -> None:
    assert unanswered(every_op()) == []


def test_an_op_without_an_oracle_is_named() -> None:
    import dataclasses

    found = {op.name: op for op in every_op()}
    newcomers = [dataclasses.replace(found[name], name=f"new_{name}") for name in ("sin", "flip")]
    assert unanswered(newcomers) == [
        "new_sin: state it in mpmath, in digits.py",
        "new_flip: state it number by number, in array_oracles.py",
    ]


@pytest.mark.parametrize(("op", "sample"), cases(lambda op, sample: op.name in ARRAY_ORACLES))
def test_values_number_by_number(op: Op, sample: Sample) -> None:
    arrays = draw(sample)
    (found,) = (each.numpy() for each in leaves(op(*map(Tensor, arrays), **sample.params)))
    wanted: Any = np.empty(found.shape, found.dtype)
    for i in every(found.shape):
        wanted[i] = ARRAY_ORACLES[op.name](i, *arrays, **sample.params)
    assert_close(found, wanted, 4, op.name)
