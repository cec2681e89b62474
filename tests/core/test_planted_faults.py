"""Every check of the sweeps has a fault that it must catch; so has ``check_grads``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from digits import ORACLES, exactly, ulps
from new_ops import lstm_cell

from nissl.autodiff import check_grads
from nissl.core import functions as F
from nissl.core.kinds import Bilinear, Constant, Elementwise, General, Linear
from nissl.core.op import Op, Sample, lookup, register
from nissl.core.tensor import Aval, Tensor
from nissl.errors import ArgumentError, GradientError, UnknownNameError
from op_sweep import (
    assert_close,
    draw,
    function_of,
    judge,
    judge_shape_rule,
    judge_to_order_two,
    program_of,
    run_on,
)


def planted(name: str, **changes: Any) -> tuple[Op, Sample]:
    op = replace(lookup(name), **changes)
    return op, op.samples[0]


def softmax_rules() -> tuple[Callable[..., Any], Callable[..., Any]]:
    kind = lookup("softmax").kind
    assert isinstance(kind, General)
    return kind.forward, kind.reverse


def swapped(rule: Callable[..., Any]) -> Callable[..., Any]:
    return lambda F, inputs, outputs, moved, **params: (
        2.0 * rule(F, inputs, outputs, moved, **params)[0],
    )


WRONG: dict[str, tuple[Op, Sample]] = {
    "partial: a sign": planted("cos", kind=Elementwise((lambda F, out, x: F.sin(x),))),
    "partial: a factor": planted("exp", kind=Elementwise((lambda F, out, x: out * 1.001,))),
    "partial: of the other input": planted(
        "divide", kind=Elementwise((lambda F, out, x, y: 1 / y, lambda F, out, x, y: 1 / y))
    ),
    "partial: missing": planted("sin", kind=Constant()),
    "transpose: forgotten": planted("flip", kind=Linear(lambda F, i, ct, x, axis: ct)),
    "transpose: a sign": planted("subtract", kind=Linear(lambda F, i, ct, x, y: ct)),
    "transpose: a factor": planted(
        "matmul",
        kind=Bilinear(
            lambda F, ct, x, y: ct @ F.matrix_transpose(y),
            lambda F, ct, x, y: F.matrix_transpose(x) @ ct * 0.5,
        ),
    ),
    "kind: linear where it is not": planted("square", kind=Linear(lambda F, i, ct, x: ct)),
    "forward rule": planted(
        "softmax", kind=General(swapped(softmax_rules()[0]), softmax_rules()[1])
    ),
    "reverse rule": planted(
        "softmax", kind=General(softmax_rules()[0], swapped(softmax_rules()[1]))
    ),
    "compute": planted("exp", compute=lambda xp, x: xp.exp(x) + 1e-3 * x * x),
}


@pytest.mark.parametrize("name", WRONG)
def test_the_sweep_catches_a_wrong_derivative(name: str) -> None:
    op, sample = WRONG[name]
    function, point = function_of(op, sample, draw(sample))
    with pytest.raises(AssertionError, match=r"slope|adjoint"):
        judge(function, point)


@pytest.mark.parametrize("name", WRONG)
def test_check_grads_catches_a_wrong_derivative(name: str) -> None:
    op, sample = WRONG[name]
    function, point = function_of(op, sample, draw(sample))
    with pytest.raises(GradientError, match=f"derivative of {op.name}: relative error"):
        check_grads(function, point)


def test_the_mode_that_is_wrong_is_named() -> None:
    for fault, mode in (("forward rule", "forward"), ("reverse rule", "reverse")):
        op, sample = WRONG[fault]
        function, point = function_of(op, sample, draw(sample))
        with pytest.raises(GradientError, match=f"^{mode} derivative of softmax"):
            check_grads(function, point)
        check_grads(function, point, modes=("reverse" if mode == "forward" else "forward",))


def test_a_fault_of_second_order_is_caught_at_order_two() -> None:
    """The partial is right as a number, but made of a constant, so that its derivative is lost."""
    frozen = Elementwise((lambda F, out, x: F.stop_gradient(F.cos(x)),))
    op, sample = planted("sin", kind=frozen)
    function, point = function_of(op, sample, draw(sample))
    judge(function, point)
    check_grads(function, point)
    with pytest.raises(AssertionError, match="slope"):
        judge_to_order_two(function, point)
    with pytest.raises(GradientError, match="derivative of sin"):
        check_grads(function, point, order=2)


def test_a_fault_in_one_of_several_outputs_is_caught() -> None:
    kind = lstm_cell.kind
    assert isinstance(kind, General)

    def forward(F: Any, inputs: Any, outputs: Any, tangents: Any) -> Any:
        first, second = kind.forward(F, inputs, outputs, tangents)
        return first, None if second is None else 0.5 * second

    def reverse(F: Any, inputs: Any, outputs: Any, cotangents: Any) -> Any:
        return kind.reverse(F, inputs, outputs, (cotangents[0], None))

    rng = np.random.default_rng(0)
    point = [rng.uniform(-1, 1, (2, 12)), rng.uniform(-1, 1, (2, 3))]
    for wrong in (General(forward, kind.reverse), General(kind.forward, reverse)):
        op = replace(lstm_cell, kind=wrong)
        with pytest.raises(AssertionError):
            judge(lambda a, c, op=op: op(a, c), point)
        with pytest.raises(GradientError):
            check_grads(lambda a, c, op=op: op(a, c), point)


@pytest.mark.parametrize(
    ("name", "infer"),
    [
        ("sum", lambda x, axis: x),
        ("sin", lambda x: Aval(x.shape, "float32")),
        ("permute_dims", lambda x, axes: x),
        ("argsort", lambda x, axis: Aval(x.shape, "int32")),
        ("less", lambda x, y: x),
    ],
)
def test_a_wrong_shape_rule_is_caught(name: str, infer: Callable[..., Any]) -> None:
    op, sample = planted(name, infer=infer)
    with pytest.raises(AssertionError, match=f"{name}: computed .* promised"):
        judge_shape_rule(op, sample)


def test_an_engine_that_computes_something_else_is_caught() -> None:
    def off_by_little(x: Any) -> Any:
        import jax.numpy as jnp

        return jnp.exp(x) * (1 + 1e-13)

    op, sample = planted("exp", lowerings={"xla": off_by_little})
    arrays = draw(sample)
    found = run_on("xla", program_of(lambda x: op(x), arrays, "p"), arrays)[0]
    with pytest.raises(AssertionError, match="rtol"):
        assert_close(found, op(*map(Tensor, arrays)).numpy(), 8)


def test_a_careless_formula_is_caught_at_hard_points() -> None:
    careless = np.float64(1e-8)
    found = (np.exp(careless) - np.exp(-careless)) / (np.exp(careless) + np.exp(-careless))
    assert ulps(found, ORACLES["tanh"].value(exactly(careless)), "float64") > 1000
    with np.errstate(over="ignore"):
        assert (
            ulps(np.log1p(np.exp(1000.0)), ORACLES["softplus"].value(exactly(1000.0)), "float64")
            == np.inf
        )
    assert ulps(np.float64("nan"), exactly(1.0), "float64") == np.inf


# ---- the registry itself ---------------------------------------------------------------------


def test_names_are_taken_once_and_found_by_the_nearest() -> None:
    with pytest.raises(ArgumentError, match="'sin' exists already"):
        register(replace(lookup("sin")))
    with pytest.raises(UnknownNameError, match="did you mean 'softmax'"):
        lookup("sofmax")


def test_check_grads_checks_its_own_arguments() -> None:
    for wrong in ({"order": 0}, {"modes": ("sideways",)}):
        with pytest.raises(ArgumentError, match="check_grads"):
            check_grads(F.sin, [0.5], **wrong)


def test_an_op_that_fails_is_run_once_and_its_error_is_what_is_seen() -> None:
    runs: list[int] = []

    def failing(xp: Any, x: Any) -> Any:
        runs.append(1)
        raise RuntimeError("out of memory")

    op, sample = planted("exp", compute=failing)
    with pytest.raises(RuntimeError, match=r"^out of memory$"):
        op(*map(Tensor, draw(sample)))
    assert len(runs) == 1


def test_an_op_may_apply_ops() -> None:
    op, sample = planted("exp", compute=lambda xp, x: F.exp(Tensor(x)).numpy())
    (x,) = draw(sample)
    np.testing.assert_array_equal(op(Tensor(x)).numpy(), np.exp(x))
    huge = Tensor(np.full(2, 1e9))
    assert np.isinf(op(huge).numpy()).all()
