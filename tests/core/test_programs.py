"""Programs: printing, the checker with a planted fault for each of its rules, and the passes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nissl.autodiff import grad, jvp
from nissl.core import functions as F
from nissl.core.op import lookup
from nissl.core.passes import (
    drop_identities,
    eliminate_dead_code,
    fold_constants,
    share_common_subexpressions,
    simplify,
)
from nissl.core.program import Program, build, check, equations_behind, placeholder, trace
from nissl.core.tensor import Aval, Equation, Tensor
from nissl.errors import ProgramError, ShapeError

X = Aval((2,), "float64")


def names(program: Program) -> list[str]:
    return [equation.op.name for equation in program.equations]


def both(program: Program, other: Program, *args: Any) -> None:
    for one, two in zip(program(*args), other(*args), strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


# ---- printing --------------------------------------------------------------------------------


def test_the_lectures_trace_is_printed() -> None:
    program = trace(lambda x, y: x * y + F.exp(x * y) - F.sin(y), 1.0, 2.0, name="f")
    assert str(simplify(program)) == (
        "f(v1: float32[], v2: float32[])\n"
        "  v3 = v1 * v2   : float32[]\n"
        "  v4 = exp(v3)   : float32[]\n"
        "  v5 = v3 + v4   : float32[]\n"
        "  v6 = sin(v2)   : float32[]\n"
        "  v7 = v5 - v6   : float32[]\n"
        "return v7"
    )


def test_parameters_constants_and_several_outputs_are_printed() -> None:
    w = np.ones((2, 3))

    def f(x: Tensor) -> Any:
        return F.sum(x @ w, axis=0), {"y": 2.0 * x[:, ::2], "c": F.asarray(True)}

    program = trace(f, Aval((4, 2), "float64"))
    lines = str(program).splitlines()
    assert lines[0] == "f(v1: float64[4,2])"
    assert lines[1].split(" : ")[0].strip() == "v2 = v1 @ constant float64[2,3]"
    assert lines[2].split(" : ")[0].strip() == "v3 = sum(v2, axis=(0,))"
    assert "slice(v1, starts=(0, 0), stops=(4, 2), steps=(1, 2))" in lines[3]
    assert lines[-1] == "return v3, v5, True"
    assert len({line.rindex(" : ") for line in lines[1:-1]}) == 1, "the dtypes stand in a column"


def test_an_input_may_be_an_output_and_a_program_may_be_empty() -> None:
    assert str(trace(lambda x: (x, x), X, name="same")) == "same(v1: float64[2])\nreturn v1, v1"
    assert str(trace(lambda x: 3.0, X, name="three")) == "three(v1: float64[2])\nreturn 3"


# ---- the checker, and a planted fault for each rule ------------------------------------------


def good() -> Program:
    return trace(lambda x, y: F.sin(x) * y, X, X, name="good")


def test_the_good_program_passes() -> None:
    check(good())


def test_the_same_input_twice() -> None:
    program = good()
    x = program.inputs[0]
    with pytest.raises(ProgramError, match="same tensor is given as two inputs"):
        check(replace(program, inputs=(x, x)))


def test_an_input_that_is_missing() -> None:
    program = good()
    with pytest.raises(ProgramError, match=r"good, equation 2 \(multiply\): input .*neither"):
        check(replace(program, inputs=program.inputs[:1]))


def test_equations_out_of_order() -> None:
    program = good()
    with pytest.raises(ProgramError, match=r"equation 1 \(multiply\): input .* computed before"):
        check(replace(program, equations=program.equations[::-1]))


def test_an_equation_that_is_missing() -> None:
    program = good()
    with pytest.raises(ProgramError, match=r"equation 1 \(multiply\)"):
        check(replace(program, equations=program.equations[1:]))


@pytest.mark.parametrize("wrong", [Aval((3,), "float64"), Aval((2,), "float32")])
def test_an_output_of_a_wrong_shape_or_dtype(wrong: Aval) -> None:
    x = placeholder(X)
    equation = Equation(lookup("sin"), (x,), {}, (wrong,), (None,))
    with pytest.raises(ProgramError, match=r"p, equation 1 \(sin\): outputs are .*the op's rule"):
        check(Program((x,), equation.outputs, (equation,), "p"))


def test_one_output_too_many() -> None:
    x = placeholder(X)
    equation = Equation(lookup("sin"), (x,), {}, (X, X), (None, None))
    with pytest.raises(ProgramError, match="outputs are"):
        check(Program((x,), equation.outputs[:1], (equation,), "p"))


def test_inputs_that_the_op_refuses() -> None:
    x, y = placeholder(X), placeholder(Aval((3,), "float64"))
    equation = Equation(lookup("add"), (x, y), {}, (X,), (None,))
    with pytest.raises(ProgramError, match=r"p, equation 1 \(add\): add: shapes"):
        check(Program((x, y), equation.outputs, (equation,), "p"))


def test_an_output_that_nothing_computes() -> None:
    program = good()
    with pytest.raises(ProgramError, match=r"good: output .* is not computed"):
        check(replace(program, equations=program.equations[:1]))


def test_a_pass_that_breaks_a_program_is_caught() -> None:
    def forgetful(program: Program) -> Program:
        return replace(program, equations=program.equations[:-1])

    with pytest.raises(ProgramError, match="not computed"):
        simplify(good(), (forgetful,))


# ---- passes ----------------------------------------------------------------------------------


def test_dead_code_goes() -> None:
    def f(x: Tensor) -> Tensor:
        F.cos(x)
        return F.sin(x)

    x = placeholder(X)
    alive, dead = F.sin(x), F.cos(x)
    equations = tuple(e for e in (alive.equation, dead.equation) if e is not None)
    program = Program((x,), (alive,), equations)
    assert names(eliminate_dead_code(program)) == ["sin"]
    assert names(trace(f, X)) == ["sin"]


def test_common_subexpressions_are_computed_once() -> None:
    program = trace(lambda x: F.sin(x) * F.sin(x) + F.sum(x, axis=0) * F.sum(x, axis=0), X)
    small = share_common_subexpressions(program)
    assert names(small).count("sin") == 1
    assert names(small).count("sum") == 1
    both(program, small, np.array([0.3, 0.7]))


def test_small_constants_are_the_same_when_their_bits_are() -> None:
    same = trace(lambda x: (x + np.ones(2)) * (x + np.ones(2)), X)
    assert names(simplify(same)) == ["add", "multiply"]
    zeros = trace(lambda x: (x * np.zeros(2), x * -np.zeros(2)), X)
    assert names(simplify(zeros)) == ["multiply", "multiply"], "0 and -0 differ"
    mixed = trace(lambda x: (x * np.float32(1), x * np.int64(1)), Aval((), "float32"))
    both(mixed, simplify(mixed), np.asarray(2.0, "float32"))


def test_ops_of_one_name_are_not_confused() -> None:
    sin = lookup("sin")
    other = replace(sin, compute=lambda xp, x: xp.cos(x))
    program = trace(lambda x: sin(x) + other(x), X)
    assert len(names(simplify(program))) == 3
    both(program, simplify(program), np.array([0.3, 0.7]))


def test_parameters_that_cannot_be_hashed_are_left_alone() -> None:
    op = replace(lookup("sin"), infer=lambda x, note: x, compute=lambda xp, x, note: xp.sin(x))
    program = trace(lambda x: op(x, note=[1]) + op(x, note=[1]), X)
    assert len(names(simplify(program))) == 3


def test_constants_are_folded() -> None:
    # in a trace constants meet at once; a program that is inlined on constants may keep some
    c = Tensor(np.array([1.0, 2.0]))
    x = placeholder(X)
    equation = Equation(lookup("sin"), (c,), {}, (X,), (None,))
    product = x * equation.outputs[0]
    assert product.equation is not None
    program = Program((x,), (product,), (equation, product.equation))
    check(program)
    folded = fold_constants(program)
    assert names(folded) == ["multiply"]
    both(program, folded, np.array([0.3, 0.7]))


def test_what_an_eager_run_computed_is_not_a_constant() -> None:
    """A program may be built from tensors that have values; passes must not freeze them."""
    x = F.tensor([0.3, 0.7], "float64", requires_grad=True)
    y = F.sin(x) * np.array([0.3, 0.7])
    program = build([x], [y])
    small = simplify(program)
    assert names(small) == ["sin", "multiply"]
    both(program, small, np.array([5.0, 6.0]))


def test_identities_go_and_stopped_gradients_stay() -> None:
    program = trace(lambda x: F.identity(x) * F.stop_gradient(x), X)
    small = drop_identities(program)
    assert names(small) == ["stop_gradient", "multiply"]
    slope = grad(lambda x: F.sum(small(x)[0]))(Tensor(np.array([3.0, 4.0])))
    assert slope.tolist() == [3.0, 4.0]


def test_simplified_derivatives_keep_their_values() -> None:
    def f(x: Tensor) -> Tensor:
        return F.sum(F.tanh(x) * F.softmax(x) + F.logsumexp(x))

    program = trace(lambda x: grad(f)(x), X)
    small = simplify(program)
    assert len(small.equations) < len(program.equations)
    both(program, small, np.array([0.3, -0.7]))
    second = trace(lambda x: jvp(lambda x: small(x)[0], (x,), (np.ones(2),))[1], X)
    wanted = jvp(grad(f), (Tensor(np.array([0.3, -0.7])),), (Tensor(np.ones(2)),))[1]
    np.testing.assert_allclose(second(np.array([0.3, -0.7]))[0].numpy(), wanted.numpy(), rtol=1e-12)


# ---- building --------------------------------------------------------------------------------


def test_constants_are_what_no_input_reaches() -> None:
    w = F.tensor([1.0, 2.0], "float64", requires_grad=True)
    program = trace(lambda x: x * F.sin(w), X)
    assert names(program) == ["multiply"]
    (constant,) = program.constants
    np.testing.assert_array_equal(constant.numpy(), np.sin([1.0, 2.0]))


def test_programs_nest_and_stay_equal() -> None:
    inner = trace(lambda x, y: (x * y, x + y), X, X)
    outer = trace(lambda x: F.sum(inner(x, x)[0] - inner(x, 2 * x)[1]), X)
    check(outer)
    x = np.array([2.0, 3.0])
    assert outer(x)[0].item() == np.sum(x * x - 3 * x)


def test_flops_count_two_for_each_product_of_a_matmul() -> None:
    program = trace(lambda x, y: F.sum(x @ y), Aval((3, 4)), Aval((4, 5)))
    assert program.flops() == 2 * 3 * 4 * 5 + 15


def test_watching_a_run_sees_every_equation() -> None:
    seen: list[str] = []
    program = good()
    program.run(
        "numpy",
        np,
        [np.ones(2), np.ones(2)],
        watch=lambda equation, inputs, outputs: seen.append(equation.op.name),
    )
    assert seen == names(program)


def test_equations_behind_are_in_order_and_each_once() -> None:
    x = F.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(20):
        y = y + y  # a graph with 2**20 paths
    found = equations_behind([y])
    assert len(found) == 20
    assert [e.serial for e in found] == sorted(e.serial for e in found)


def test_shape_errors_of_hand_made_equations_name_the_op() -> None:
    with pytest.raises(ShapeError, match="slice: 0:9:1 does not lie inside an axis of length 2"):
        lookup("slice").infer(X, starts=(0,), stops=(9,), steps=(1,))
