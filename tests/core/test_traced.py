"""Functions that read and assign variables, as programs."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import nissl
from nissl.core.passes import FINAL
from nissl.core.program import Program
from nissl.core.tensor import Tensor
from nissl.core.traced import traced
from nissl.engine.choice import engine_for
from nissl.engine.kept import Kept
from nissl.errors import ShapeError

X = nissl.Aval((3,), "float64")


def run(program: Program, *values: object) -> list[object]:
    found = program.run("numpy", np, [np.asarray(value, np.float64) for value in values])
    return [np.asarray(each).tolist() for each in found]


def variables() -> tuple[nissl.Variable, nissl.Variable, nissl.Variable]:
    return (
        nissl.Variable(np.full(3, 2.0), name="scale"),
        nissl.Variable(np.zeros(3), name="total"),
        nissl.Variable(np.zeros(3), name="last"),
    )


def test_inputs_are_fixed_then_state_then_arguments_and_outputs_state_then_results() -> None:
    scale, total, last = variables()

    def work(x: Tensor) -> dict[str, Tensor]:
        last.assign(x)  # assigned and never read
        y = x * scale.value
        total.assign_add(y)
        return {"y": y, "before": total.value - y}

    found = traced(work, [X])
    assert found.fixed == (scale,)
    assert set(found.state) == {last, total}
    assert found.program.name == "work"
    state = {last: [7.0] * 3, total: [10.0] * 3}
    new = run(found.program, [2.0] * 3, *(state[v] for v in found.state), [1.0, 2.0, 3.0])
    wanted = {last: [1.0, 2.0, 3.0], total: [12.0, 14.0, 16.0]}
    assert new[:2] == [wanted[v] for v in found.state]
    assert new[2:] == [[2.0, 4.0, 6.0], [10.0, 10.0, 10.0]]
    assert nissl.core.tree.unflatten(found.nesting, ["a", "b"]) == {"y": "a", "before": "b"}
    assert last.numpy().tolist() == total.numpy().tolist() == [0.0] * 3  # nothing has happened


def test_state_that_nobody_assigns_is_handed_on() -> None:
    scale, total, last = variables()
    found = traced(lambda x: x + total.value, [X], "handed", state=[last, total])
    assert (found.fixed, found.state) == ((), (last, total))
    assert run(found.program, [1.0] * 3, [2.0] * 3, [5.0] * 3) == [
        [1.0] * 3, [2.0] * 3, [7.0] * 3,
    ]  # fmt: skip
    assert traced(lambda: scale, []).fixed == (scale,)  # a variable as a result is read too


def test_passes_are_applied_and_errors_leave_nothing_behind() -> None:
    scale, total, _last = variables()

    def work(x: Tensor) -> Tensor:
        return nissl.sin(x) + nissl.sin(x)

    plain, simple = traced(work, [X]), traced(work, [X], passes=FINAL)
    assert len(plain.program.equations) == 3
    assert len(simple.program.equations) == 2
    with pytest.raises(ShapeError):
        traced(lambda x: total.assign(nissl.concat([x, scale.value])), [X])
    total.assign(np.ones(3))  # not into the capture of the trace that failed
    assert total.numpy().tolist() == [1.0] * 3


def test_small_programs_are_left_to_numpy() -> None:
    program = nissl.trace(lambda x: x @ x, nissl.Aval((10, 10)))
    assert engine_for(program, "numpy", 0).name == "numpy"
    assert engine_for(program, "xla", program.flops() + 1).name == "numpy"
    assert engine_for(program, "xla", program.flops()).name == "xla"


def test_what_is_kept_is_made_once_and_copies_begin_empty() -> None:
    kept, made = Kept[int](2), list[int]()

    def make() -> int:
        made.append(len(made))
        return made[-1]

    assert [kept.get(key, make) for key in "aabacb"] == [0, 0, 1, 0, 2, 3]
    assert (kept.values(), len(kept)) == ([2, 3], 2)
    for other in (copy.copy(kept), copy.deepcopy(kept), pickle.loads(pickle.dumps(kept))):
        assert (other.most, len(other)) == (2, 0)
    kept.clear()
    assert len(kept) == 0
