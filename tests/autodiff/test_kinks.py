"""What is taken for a derivative where there is none: the one table, row by row, on each engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nissl
from nissl.core import kinks
from nissl.core.op import registry

DOCUMENT = Path(__file__).parents[2] / "docs" / "autodiff.md"
WORDS = {**{name: getattr(nissl, name) for name in nissl.__all__}, "__builtins__": {}}
RULED = (kinks.MIDDLE, kinks.FLAT, kinks.SMALLER, kinks.SHARED, kinks.LEAST)
ROWS = [pytest.param(row, id=f"{row.function} at {row.at}") for row in kinks.TABLE]


def function_of(row: kinks.Row) -> Any:
    """The row's text as a function; the table is the project's own."""
    names = "xy"[: len(row.at)]
    return lambda *point: nissl.asarray(
        eval(row.function, WORDS, dict(zip(names, point, strict=True)))
    )


def test_the_document_shows_the_table() -> None:
    shown = DOCUMENT.read_text("utf-8").split("<!-- kinks -->\n")[1]
    assert shown.split("\n<!-- /kinks -->")[0] == kinks.markdown()


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_derivative_is_what_the_table_says(row: kinks.Row, dtype: str) -> None:
    function = function_of(row)
    point = [np.asarray(each, dtype) for each in row.at]
    places = tuple(range(len(point)))
    wanted = np.array(row.derivative)
    rtol = 4 * float(np.finfo(dtype).eps)
    pulled = nissl.grad(function, places)
    for way in (pulled, nissl.jit(pulled)):
        np.testing.assert_allclose([each.item() for each in way(*point)], wanted, rtol)
    leaves = [nissl.tensor(each, requires_grad=True) for each in point]
    function(*leaves).backward()
    found = [0.0 if each.grad is None else each.grad.item() for each in leaves]
    np.testing.assert_allclose(found, wanted, rtol)
    for i, slope in enumerate(row.derivative):
        way = [np.asarray(float(i == j), dtype) for j in places]
        moved = nissl.jvp(function, point, way)[1]
        np.testing.assert_allclose(moved.item(), slope, rtol)


@pytest.mark.parametrize(
    "row", [row for row in kinks.TABLE if row.why in RULED and np.isfinite(row.at).all()]
)
def test_the_table_keeps_its_one_rule(row: kinks.Row) -> None:
    """Of the slopes between those of both sides, from differences, the smallest is taken."""
    function, h = function_of(row), 1e-6
    for i, slope in enumerate(row.derivative):
        sides = []
        for step in (-h, h):
            moved = [np.float64(each + step * (i == j)) for j, each in enumerate(row.at)]
            start = function(*map(np.float64, row.at)).item()
            sides.append((function(*moved).item() - start) / step)
        low, high = sorted(sides)
        least = 0.0 if low <= 0 <= high else min(low, high, key=abs)
        if row.why == kinks.SHARED:
            assert (low, high) == pytest.approx((0, 1))
        else:
            assert slope == pytest.approx(least, abs=1e-5)


# ---- equations that stand at one -----------------------------------------------------------------


def test_singular_points_are_of_ops_that_there_are() -> None:
    assert set(kinks.SINGULARITIES) <= set(registry)
    assert {each.kind for each in kinks.SINGULARITIES.values()} == {"kink", "jump", "end"}


@pytest.mark.parametrize(
    ("function", "at", "kind"),
    [
        (nissl.abs, 0.0, "kink"),
        (nissl.abs, 1e-30, None),
        (nissl.relu, 0.0, "kink"),
        (lambda x: nissl.maximum(x, 1), 1.0, "kink"),
        (nissl.hard_tanh, 1.0, "kink"),
        (lambda x: nissl.clip(x, 0, 2), 2.0, "kink"),
        (nissl.floor, 3.0, "jump"),
        (nissl.round, 2.5, "jump"),
        (nissl.round, 2.0, None),
        (lambda x: x // 0.5, 1.5, "jump"),
        (lambda x: 1 / x, 0.0, "end"),
        (nissl.sqrt, 0.0, "end"),
        (lambda x: x**0.25, 0.0, "end"),
        (lambda x: x**2.5, 0.0, None),
        (nissl.leaky_relu, 0.0, "jump"),  # by the comparison that it makes
        (nissl.exp, 0.0, None),
    ],
)
def test_an_equation_says_that_it_stands_at_one(function: Any, at: float, kind: str | None) -> None:
    y = function(nissl.tensor(at, requires_grad=True))
    found = [kinks.singular(each) for each in equations(y)]
    kinds = {each.kind for each in found if each is not None}
    assert kinds == ({kind} if kind else set())


def equations(y: nissl.Tensor) -> list[Any]:
    found: list[Any] = []
    left = [y]
    while left:
        made = left.pop().equation
        if made is not None:
            found.append(made)
            left.extend(made.inputs)
    return found


def test_without_values_nothing_is_said() -> None:
    program = nissl.trace(nissl.abs, nissl.Aval((), "float32"))
    assert kinks.singular(program.equations[0]) is None


def test_a_check_at_a_kink_says_so() -> None:
    with pytest.raises(
        nissl.errors.GradientError, match=r"the op maximum stands at .* \(kink: 1/2"
    ):
        nissl.check_grads(lambda x: nissl.maximum(x, 2), [2.0])
    nissl.check_grads(lambda x: nissl.maximum(x, 2), [2.1])


@pytest.mark.parametrize(("slope", "taken"), [(0.2, 0.2), (3.0, 1.0)])
@pytest.mark.parametrize("function", [nissl.leaky_relu, nissl.elu])
def test_a_slope_may_be_a_tensor_too(function: Any, slope: float, taken: float) -> None:
    """As in a layer that learns it: eager and traced take the same side of the kink."""
    for wrap in (lambda f: f, nissl.jit):
        found = wrap(nissl.grad(function))(np.float64(0.0), nissl.asarray(slope, dtype="float64"))
        assert found.item() == taken
