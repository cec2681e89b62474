"""Evaluation traces: values, tangents, adjoints, rules, checks and counts."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from formula_reader import compute

import nissl
from nissl import explain
from nissl.core.kinds import Elementwise
from nissl.core.op import registry
from nissl.errors import ArgumentError, DTypeError, OutOfRangeError, UnknownNameError
from nissl.explain.tracing import trace as tracing
from nissl.explain.tracing.quotient import Quotient, difference_quotient
from nissl.explain.tracing.rules import total

LECTURE = "x1*x2 + exp(x1*x2) - sin(x2)"


def lecture(x1: Any, x2: Any) -> Any:
    """The lecture's function, in the order of its trace."""
    v3 = x1 * x2
    v4 = nissl.sin(x2)
    v5 = nissl.exp(v3)
    v6 = v3 - v4
    return v5 + v6


def exact() -> dict[str, list[mpmath.mpf]]:
    """The lecture's table at (1, 2), worked out by hand, in many digits."""
    with mpmath.workdps(40):
        e, s, c = mpmath.exp(2), mpmath.sin(2), mpmath.cos(2)
        return {
            "value": [1, 2, 2, s, e, 2 - s, e + 2 - s],
            "x1": [1, 0, 2, 0, 2 * e, 2, 2 * e + 2],
            "x2": [0, 1, 1, c, e, 1 - c, e + 1 - c],
            "f": [2 * (e + 1), e + 1 - c, e + 1, -1, 1, 1, 1],
        }


def close(found: Any, wanted: Any, tolerance: float = 1e-11) -> bool:
    return bool(abs(mpmath.mpf(float(found)) - wanted) <= tolerance)


def text(made: Any, number: int) -> tuple[str, str, str]:
    """Formula, forward rule, and reverse rule of a line."""
    line = made.lines[number - 1]
    rules = [rule.term() for rule in made.rules.reverse(line)]
    return (
        made.rules.formula(line).term().text if line.equations else line.name,
        made.rules.forward(line).term().text if line.equations else "",
        total(rules).text,
    )


def test_the_lectures_table() -> None:
    made = explain.trace(lecture)(1, 2)
    rows = [text(made, number) for number in range(1, 8)]
    assert rows == [
        ("x1", "", "v̄₃ v₂"),
        ("x2", "", "v̄₃ v₁ + v̄₄ cos(v₂)"),
        ("v₁ v₂", "v̇₁ v₂ + v₁ v̇₂", "v̄₅ v₅ + v̄₆"),
        ("sin(v₂)", "cos(v₂) v̇₂", "-v̄₆"),
        ("exp(v₃)", "v₅ v̇₃", "v̄₇"),
        ("v₃ - v₄", "v̇₃ - v̇₄", "v̄₇"),
        ("v₅ + v₆", "v̇₅ + v̇₆", "0"),
    ]
    wanted = exact()
    for place in range(7):
        assert close(made.values[place], wanted["value"][place])
        assert close(made.tangents["x1"][place], wanted["x1"][place])
        assert close(made.tangents["x2"][place], wanted["x2"][place])
        assert close(made.adjoints["f"][place], wanted["f"][place])
    latex = made.rules.reverse(made.lines[1])[1].term()
    assert latex is not None
    assert latex.latex == r"\bar{v}_{4} \, \cos(v_{2})"


def test_both_modes_and_the_quotient_give_the_same_gradient() -> None:
    made = explain.trace(explain.parse(LECTURE))(1, 2)
    wanted = exact()["f"][:2]
    for each, slope in zip(made.gradient, wanted, strict=True):
        assert close(each.forward, slope)
        assert close(each.reverse, slope)
        assert each.forward == each.reverse
        assert close(each.quotient, slope, 1e-9)
    alone = nissl.grad(lecture, argnums=(0, 1))(np.float64(1), np.float64(2))
    assert [each.value for each in made.gradient] == pytest.approx([x.item() for x in alone], 1e-11)


def test_a_typed_function_follows_its_own_order_and_shares_what_stands_twice() -> None:
    f = explain.parse(LECTURE)
    formulas = [text(explain.trace(f)(1, 2), number)[0] for number in range(1, 8)]
    assert formulas == ["x1", "x2", "v₁ v₂", "exp(v₃)", "v₃ + v₄", "sin(v₂)", "v₅ - v₆"]
    assert len(explain.trace(f, share=False)(1, 2).lines) == 8


def test_the_numbers_are_put_into_the_rules() -> None:
    shown = str(explain.trace(lecture, with_respect_to="x1")(1, 2))
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert "v̇₃ v̇₁ v₂ + v₁ v̇₂ 1 · 2 + 1 · 0 2" in lines
    assert "v̄₂ v̄₃ v₁ + v̄₄ cos(v₂) 8.389 · 1 - 1 · cos(2) 8.80520293547779" in lines
    assert "v̄₇ 1 derivative of f by itself 1" in lines
    assert any(line.startswith("∂f/∂x₁ 16.7781121978613 16.7781121978613") for line in lines)


def test_a_mode_is_shown_alone() -> None:
    forward = explain.trace(lecture, mode="forward")(1, 2)
    assert forward.adjoints == {}
    assert "bar" not in str(forward)
    reverse = explain.trace(lecture, mode="reverse")(1, 2)
    assert reverse.tangents == {}
    assert "v̇₁" not in str(reverse)
    assert forward.gradient[0].value == reverse.gradient[0].value


# ---- the rules of all ops, against their own values ---------------------------------------------
def elementwise() -> list[tuple[str, int]]:
    return [
        (name, place)
        for name, op in registry.items()
        if isinstance(op.kind, Elementwise)
        for place, _ in enumerate(op.samples)
    ]


def environment(made: Any, leaf: str) -> dict[str, mpmath.mpf]:
    """Every name that a rule may use, with its number; d for the dotted, b for the barred."""
    found: dict[str, mpmath.mpf] = {}
    for line in made.lines:
        for letter, value in (
            ("v", line.value),
            ("d", made.tangents[leaf][line.number - 1]),
            ("b", made.adjoints["f"][line.number - 1]),
        ):
            if value is not None:
                found[f"{letter}_{{{line.number}}}"] = mpmath.mpf(float(value))
    return found


def evaluated(rule: Any, names: dict[str, mpmath.mpf]) -> float:
    """A printed rule as a number, read from its LaTeX."""
    latex = re.sub(r"\\(d|b)(?:ot|ar)\{v\}", r"\1", rule.latex)
    return float(compute(re.sub(r"\\operatorname\{(\w+)\}", r"\\\1", latex), names).real)


@pytest.mark.parametrize(("name", "place"), elementwise())
def test_a_printed_rule_computes_what_the_core_computes(name: str, place: int) -> None:
    op, sample = registry[name], registry[name].samples[place]
    rng = np.random.default_rng(7)
    point = [rng.uniform(sample.low, sample.high) for _ in sample.shapes]
    for index, value in sample.values.items():
        point[index] = np.ravel(value)[0]
    made = explain.trace(lambda *xs: op(*xs, **sample.params))(*point)
    for each in made.gradient:
        assert each.forward == pytest.approx(each.quotient, rel=1e-6, abs=1e-8)
        assert each.reverse == pytest.approx(each.quotient, rel=1e-6, abs=1e-8)
    names = environment(made, made.directions[0].label)
    last = made.lines[-1]
    for line, rule in [
        (last, made.rules.forward(last).term()),
        (made.lines[0], total([r.term() for r in made.rules.reverse(made.lines[0])])),
    ]:
        assert rule is not None
        if any(sign in rule.latex for sign in (r"\text", r"\lfloor", r"\partial", "<", ">")):
            continue  # conditions are not read, and a rule may be too long to be printed
        wanted = names[f"d_{{{line.number}}}" if line is last else "b_{1}"]
        printed = 1e-5 if re.search(r"\d\.\d{4}", rule.latex) else 1e-12  # digits of constants
        assert evaluated(rule, names) == pytest.approx(float(wanted), rel=printed), rule.latex


def whole(op: Any, params: Any) -> Callable[..., Any]:
    return lambda *xs: op(*xs, **params)


def test_every_op_has_printable_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_CHECKED", 1)
    seen = 0
    for name, op in registry.items():
        for sample in op.samples:
            rng = np.random.default_rng(3)
            point: list[Any] = [rng.uniform(sample.low, sample.high, s) for s in sample.shapes]
            for index, value in sample.values.items():
                point[index] = np.asarray(value)
            if name == "call" or not any(x.dtype.kind == "f" for x in point):
                continue
            try:
                table = explain.trace(whole(op, sample.params))(*point)
            except DTypeError:  # its result has no derivative
                continue
            assert "None" not in str(table), name
            seen += 1
            for each in table.gradient:
                assert each.forward == pytest.approx(each.reverse, rel=1e-9, abs=1e-12), name
                if each.quotient is not None and name != "stop_gradient":
                    assert each.forward == pytest.approx(each.quotient, rel=1e-6, abs=1e-6), name
    assert seen > 60


# ---- any function -------------------------------------------------------------------------------
def test_control_flow_takes_the_way_that_it_takes_at_the_point() -> None:
    def f(x: Any) -> Any:
        while x < 10:
            x = x * x
        return x

    assert [line.value.item() for line in explain.trace(f)(1.5).lines] == [
        pytest.approx(1.5**k) for k in (1, 2, 4, 8)
    ]
    assert len(explain.trace(f)(11.0).lines) == 1
    assert explain.trace(f)(11.0).gradient[0].value == 1


def test_arrays_containers_keywords_and_several_outputs() -> None:
    def f(x: Any, *, params: Any, shift: float, name: str = "f") -> Any:
        return {"a": params["w"] @ x + params["b"][0], "b": nissl.sum(x) * shift}

    made = explain.trace(f, with_respect_to=["x", "params.w[0, 1]"])(
        np.array([1.0, 2.0]),
        params={"w": np.array([[3.0, 4.0]]), "b": [np.ones(1)]},
        shift=5.0,
        name="any",
    )
    assert [line.name for line in made.recording.inputs] == [
        "x",
        "params.w",
        "params.b[0]",
        "shift",
    ]
    found = {(each.output, each.input): each.value for each in made.gradient}
    assert found == {
        ("f.a[0]", "x[0]"): 3,
        ("f.a[0]", "x[1]"): 4,
        ("f.a[0]", "params.w[0, 1]"): 2,
        ("f.b", "x[0]"): 5,
        ("f.b", "x[1]"): 5,
        ("f.b", "params.w[0, 1]"): 0,
    }
    for each in made.gradient:
        assert each.forward == each.reverse == pytest.approx(each.quotient, abs=1e-9)
    shown = str(made)
    assert "v₂ v₁" in shown
    assert "f.b = v" in shown


def test_what_only_moves_numbers_has_no_line_of_its_own() -> None:
    made = explain.trace(lambda x, b: nissl.sum((x + b) * 2.0))(np.ones((3, 2)), np.ones(2))
    assert [text(made, n)[0] for n in range(1, 6)] == ["x", "b", "v₁ + v₂", "v₃ · 2", "Σ v₄"]
    assert text(made, 2)[2] == "sum(v̄₃, axis=0)"
    assert made.adjoints["f"][1].tolist() == [6.0, 6.0]


def test_a_compiled_function_is_stepped_into() -> None:
    made = explain.trace(nissl.jit(lambda x: x * nissl.sin(x)))(2.0)
    assert [text(made, n)[0] for n in (2, 3)] == ["sin(v₁)", "v₁ v₂"]


def test_integers_and_constants_are_shown_and_not_differentiated() -> None:
    made = explain.trace(lambda x, i: x[i] * 2)(np.array([1.0, 5.0]), np.array(1))
    assert [each.label for each in made.directions] == ["x[0]", "x[1]"]
    assert [each.value for each in made.gradient] == [0, 2]
    constant = explain.trace(lambda x: 3.0)(1.0)
    assert "f = 3, whatever the inputs are" in str(constant)
    found = constant.gradient[0]
    assert (found.forward, found.reverse, found.quotient) == (0, 0, 0)


def test_large_arrays_are_summarised_and_moved_as_a_whole() -> None:
    made = explain.trace(lambda x: nissl.sum(x * x))(np.arange(20.0))
    assert [each.label for each in made.directions] == ["x (all)"]
    assert made.gradient[0].value == 2 * sum(range(20))
    assert "(20): 0 ... 19" in str(made)


def test_long_programs_fold() -> None:
    def f(x: Any) -> Any:
        for _ in range(50):
            x = nissl.sin(x)
        return x

    short = str(explain.trace(f, rows=6)(1.0))
    assert short.count("(45 lines more)") == 3
    assert "v₂₀" not in short
    whole = str(explain.trace(f, rows=None)(1.0))
    assert "v₂₀" in whole
    assert "more" not in whole


# ---- hard places --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("function", "point", "place"),
    [
        ("log(x)/y", (-1, 2), "v₃ = ln v₁ is nan"),
        ("x/y", (1, 0), "v₃ = v₁/v₂ is inf"),
        ("exp(x)*y", (1000, 1), "v₃ = exp(v₁) is inf"),
        ("sqrt(x) + y", (0, 1), "v̇₃ is inf (x): the values are finite"),
    ],
)
def test_the_first_place_that_is_not_finite_is_marked(
    function: str, point: tuple[float, float], place: str
) -> None:
    made = explain.trace(explain.parse(function))(*point)
    shown = str(made)
    assert f"! {place}" in shown
    assert ("v₃ !" in shown) == ("v̇₃" not in place)
    assert "font-weight:bold" in made.to_html()


def test_a_kink_is_said_and_a_wrong_derivative_is_caught() -> None:
    assert "kink" in str(explain.trace(explain.parse("relu(x)"))(0))

    @nissl.custom_derivative
    def wrong(x: Any) -> Any:
        return x * x

    @wrong.forward
    def push(inputs: Any, outputs: Any, tangents: Any) -> Any:
        return (3 * inputs[0] * tangents[0],)

    @wrong.reverse
    def pull(inputs: Any, outputs: Any, cotangents: Any) -> Any:
        return (3 * inputs[0] * cotangents[0],)

    made = explain.trace(wrong)(2.0)
    assert made.gradient[0].value == 6
    assert made.gradient[0].quotient == pytest.approx(4)
    assert "disagrees for ∂f/∂x" in str(made)
    assert "disagrees" not in str(explain.trace(lecture)(1, 2))


def test_a_missing_rule_is_written_as_partials_and_one_that_needs_values_with_them() -> None:
    @nissl.custom_derivative
    def one_way(x: Any) -> Any:
        return x * x

    @one_way.reverse
    def pull(inputs: Any, outputs: Any, cotangents: Any) -> Any:
        return (2 * inputs[0].item() * cotangents[0],)

    made = explain.trace(one_way, mode="reverse")(3.0)
    assert made.gradient[0].value == 6
    assert text(made, 1)[2] == "6 v̄₂"
    forward = made.rules.forward(made.lines[1]).term()
    assert forward is not None
    assert forward.text == "∂v₂/∂v₁ · v̇₁"


def test_low_precision_shows_its_digits_only() -> None:
    made = explain.trace(lambda x: x / 3)(np.float32(1))
    assert "0.33333334" in str(made)
    assert "0.333333343" not in str(made)
    half = explain.trace(lambda x: x * x)(np.float16(0.1))
    assert "disagrees" not in str(half)


def test_arguments_are_checked() -> None:
    with pytest.raises(UnknownNameError, match="mode"):
        explain.trace(lecture, mode="sideways")
    with pytest.raises(UnknownNameError, match="unknown input 'x'"):
        explain.trace(lecture, with_respect_to="x")(1, 2)
    with pytest.raises(OutOfRangeError, match="shape"):
        explain.trace(nissl.sum, with_respect_to="x[5]")(np.ones(3))
    with pytest.raises(DTypeError, match="int64"):
        explain.trace(lambda x, i: x * i, with_respect_to="i")(1.0, np.array(2))
    with pytest.raises(ArgumentError, match="floating"):
        explain.trace(lambda i: i * 2)(np.array(2))
    with pytest.raises(DTypeError, match="no floating"):
        explain.trace(lambda x: x > 0)(1.0)
    with pytest.raises(ArgumentError, match="returned nothing"):
        explain.trace(lambda x: None)(1.0)
    with pytest.raises(ArgumentError, match="digits"):
        explain.trace(lecture, digits=40)
    with pytest.raises(TypeError, match="function of tensors"):
        explain.trace("x")(1.0)


def test_repeated_outputs_and_inputs_handed_through() -> None:
    made = explain.trace(lambda x, y: (x, x * y, x))(2.0, 3.0)
    found = {(each.output, each.input): each.value for each in made.gradient}
    assert found[("f[0]", "x")] == found[("f[2]", "x")] == 1
    assert found[("f[1]", "x")] == 3
    assert found[("f[0]", "y")] == 0


# ---- difference quotients -----------------------------------------------------------------------
SLOPES: list[tuple[Callable[[float], Any], float, Any]] = [
    (mpmath.exp, 1.0, mpmath.e),
    (mpmath.log, 1e-5, 1e5),
    (mpmath.sqrt, 1e6, 5e-4),
    (lambda x: x * x, 1e-8, 2e-8),
    (lambda x: 1 + x, 1e-8, 1.0),
    (lambda x: mpmath.sin(1000 * x), 0.0, 1000.0),
    (lambda x: x * x, 1e150, 2e150),
]


@pytest.mark.parametrize(("function", "at", "slope"), SLOPES)
def test_difference_quotients_find_a_step_at_every_scale(
    function: Callable[[float], Any], at: float, slope: Any
) -> None:
    def real(x: Any) -> float:
        found = function(float(x))
        return float(found) if mpmath.im(found) == 0 else float("nan")

    found = difference_quotient(real, np.asarray(at), np.ones(()))
    assert found.kind == "smooth"
    assert found.value == pytest.approx(float(slope), rel=1e-8)


def test_no_quotient_where_nothing_is_finite() -> None:
    nowhere = difference_quotient(lambda x: float("nan"), np.zeros(()), np.ones(()))
    assert (nowhere.kind, nowhere.value) == ("", None)
    assert difference_quotient(lambda x: 0.0, np.asarray(np.inf), np.ones(())).value is None


INF = math.inf
POINTS: list[tuple[str, dict[str, float], str, Any, Any, float]] = [
    # expression, point, kind, left, right, the value taken
    ("abs(x)", {"x": 0.0}, "kink", -1, 1, 0),
    ("abs(x)", {"x": -0.0}, "kink", -1, 1, 0),
    ("1e-200*abs(x)", {"x": 0}, "kink", -1e-200, 1e-200, 0),
    ("abs(x) + 1e6", {"x": 0}, "kink", -1, 1, 0),
    ("max(-1, min(1, x))", {"x": 1}, "kink", 1, 0, 0.0),
    ("relu(x)", {"x": 0}, "kink", 0, 1, 0),
    ("relu(2*x - 6)", {"x": 3}, "kink", 0, 2, 0),
    ("max(x, y)", {"x": 2, "y": 2}, "kink", 0, 1, 0.5),
    ("abs(x*y)", {"x": 0, "y": 3}, "kink", -3, 3, 0),
    ("sqrt(abs(x))", {"x": 0}, "kink", -INF, INF, math.nan),
    ("floor(x)", {"x": 1}, "jump", INF, 0, 0),
    ("sign(x)", {"x": 0}, "jump", INF, INF, 0),
    ("x + floor(x)", {"x": 2}, "jump", INF, 1, 1),
    ("sqrt(x)", {"x": 0}, "end", None, INF, INF),
    ("arcsin(x)", {"x": 1}, "end", INF, None, INF),
    ("abs(x)*x", {"x": 0}, "smooth", 0, 0, 0),
    ("floor(x)", {"x": 1.5}, "smooth", 0, 0, 0),
    ("abs(x - 1)", {"x": 1.000000001}, "smooth", 1, 1, 1),
    ("abs(x + 1e-12)", {"x": 0}, "smooth", 1, 1, 1),
    ("sqrt(x^2 + 1e-20)", {"x": 0}, "smooth", 0, 0, 0),
    ("tanh(1e12*x)", {"x": 0}, "smooth", 1e12, 1e12, 1e12),
    ("1 + x - 1", {"x": 1e-8}, "smooth", 1, 1, 1),
    ("x", {"x": 1e-320}, "smooth", 1, 1, 1),
    ("x", {"x": 5e-324}, "smooth", 1, 1, 1),
    ("x", {"x": 1.7e308}, "smooth", 1, 1, 1),
    ("x", {"x": 0}, "smooth", 1, 1, 1),
    ("exp(x)", {"x": 709}, "smooth", math.exp(709), math.exp(709), math.exp(709)),
    ("sqrt(x)", {"x": 1e-300}, "smooth", 5e149, 5e149, 5e149),
    ("log(x)", {"x": 0}, "", None, None, INF),
    ("exp(x)", {"x": 1000}, "", None, None, INF),
    ("1/x", {"x": 0}, "", None, None, -INF),
    ("sin(x)", {"x": 1e300}, "", None, None, math.nan),  # nothing can tell there
]


@pytest.mark.parametrize(("text", "point", "kind", "left", "right", "taken"), POINTS)
def test_sides_are_told_apart_where_they_differ(
    text: str, point: dict[str, float], kind: str, left: Any, right: Any, taken: float
) -> None:
    made = explain.trace(explain.parse(text), with_respect_to="x")(**point)
    (each,) = made.gradient
    found, shown = each.differences, str(made)
    assert found.kind == kind
    if kind:
        wanted = (left, right)
        for side, value in zip((found.left, found.right), wanted, strict=True):
            assert side == (None if value is None else pytest.approx(value, rel=1e-4, abs=1e-4))
        assert math.isnan(taken) or each.value == pytest.approx(taken, rel=1e-11)
    word = {"kink": "Kink: ", "jump": "Jump: ", "end": "End: "}.get(kind)
    assert ("from the left" in shown) == (word is not None)
    assert word is None or word in shown
    assert "disagrees" not in shown


def test_the_value_taken_is_said_with_its_convention() -> None:
    def said(text: str, **point: float) -> str:
        return str(explain.trace(explain.parse(text))(**point))

    assert "by convention 0 is taken, the middle of the two sides." in said("abs(x)", x=0)
    assert "by convention 0 is taken, the left side." in said("relu(x)", x=0)
    assert "comes from 0 and goes to 1" in said("floor(x)", x=1)
    assert "0 is taken, the slope on both sides of the jump." in said("sign(x)", x=0)
    assert "disagrees for ∂f/∂x" in said("relu(x) - relu(-x)", x=0)  # 1, from parts that give 0
    assert "Without a derivative here: v₂ = |v₁|." in said("abs(x) + x", x=0)
    assert "Differences say nothing of ∂f/∂x" in said("sin(x)", x=1e300)
    latex = explain.trace(explain.parse("abs(x)"))(0.0).to_latex()
    assert "from the right" in latex
    assert r"\partial f / \partial x$ & 0 & 0 & - & $-1$ & 1 & kink" in latex


def test_no_number_is_near_an_infinite_slope() -> None:
    vertical, corner = Quotient("vertical", INF), Quotient("kink", left=-INF, right=1.0)
    assert explain.Component("f", "x", INF, INF, vertical).agrees
    assert not explain.Component("f", "x", 6.0, 6.0, vertical).agrees
    steep = explain.Component("f", "x", 0.0, 0.0, corner)
    assert steep.agrees
    assert not steep.is_near(-INF)


# ---- costs --------------------------------------------------------------------------------------
def test_operations_are_counted_as_by_hand() -> None:
    made = explain.trace(lecture)(1, 2).costs
    # v3..v7: 5; tangents: 3 (dv3), 2 (dv4: cos and a product), 1, 1, 1; adjoints: -1, v5bar*v5 and
    # a sum, a product, a product with a sum, cos and a product: 8
    assert (made.inputs, made.outputs, made.value) == (2, 1, 5)
    assert (made.forward_sweep, made.reverse_sweep) == (13, 13)
    assert (made.forward, made.reverse, made.cheaper) == (5 + 2 * 8, 5 + 8, "reverse")


@pytest.mark.parametrize(
    ("function", "example", "cheaper"),
    [
        (lambda x: nissl.sum(x * x), np.zeros(500), "reverse"),
        (lambda t: nissl.sin(t * np.arange(500.0)), np.zeros(()), "forward"),
        (nissl.sin, np.zeros(()), ""),
    ],
)
def test_many_inputs_ask_for_reverse_and_many_outputs_for_forward(
    function: Any, example: Any, cheaper: str
) -> None:
    made = explain.mode_costs(function, example)
    assert made.cheaper == cheaper
    words = {"reverse": "Reverse mode is cheaper", "forward": "Forward mode is cheaper"}
    assert words.get(cheaper, "Both cost the same") in str(made)


def test_costs_need_something_to_differentiate() -> None:
    with pytest.raises(ArgumentError, match="floating argument"):
        explain.mode_costs(lambda x: x * 2, np.zeros(3, "int32"))


# ---- forms --------------------------------------------------------------------------------------
def test_the_graph_is_drawn_with_every_number(tmp_path: Any) -> None:
    made = explain.trace(lecture)(1, 2)
    figure = made.figure()
    texts = [each.get_text() for each in figure.axes[0].texts]
    for number in range(1, 8):
        assert any(rf"\bar{{v}}_{{{number}}}" in each for each in texts)
        assert any(f"v_{{{number}}} = " in each for each in texts)
    assert texts.count("7.389") == 2  # v5, and the derivative of v5 by v3 on its edge
    figure.canvas.draw()
    boxes = [each.get_window_extent() for each in figure.axes[0].texts]
    for first, second in itertools.combinations(boxes, 2):
        apart = (
            first.x1 <= second.x0 + 1
            or second.x1 <= first.x0 + 1
            or first.y1 <= second.y0 + 3
            or second.y1 <= first.y0 + 3
        )
        assert apart
    made.save(tmp_path / "trace.svg")
    made.save(tmp_path / "trace.tex")
    latex = (tmp_path / "trace.tex").read_text(encoding="utf-8")
    assert r"$\dot{v}_{1} \, v_{2} + v_{1} \, \dot{v}_{2}$" in latex
    assert "| v₃ | v₁ v₂ |" in made.to_markdown()


def test_large_graphs_fold_by_layer_or_in_the_middle() -> None:
    def deep(x: Any) -> Any:
        for _ in range(60):
            x = nissl.sin(x)
        return x

    texts = [each.get_text() for each in explain.trace(deep)(1.0).figure().axes[0].texts]
    assert any("more values" in each for each in texts)
    model = nissl.Sequential(
        [nissl.layers.Input((2,))] + [nissl.layers.Dense(2, activation="gelu") for _ in range(3)]
    )
    blocks = explain.trace(model)(np.ones((1, 2), "float32")).figure().axes[0].texts
    assert any("dense" in each.get_text() for each in blocks)
    assert not explain.trace(lambda x: 3.0)(1.0).figure().axes[0].patches[1:]


# ---- typed lines --------------------------------------------------------------------------------
def labels(made: Any) -> list[str]:
    return [line.symbol().text for line in made.lines]


def test_lines_keep_their_numbers_and_inputs_those_before() -> None:
    own = explain.trace(explain.parse("v1 = x1; v2 = x2; v3 = v1*v2; v4 = v3 - sin(v2)"))(1, 2)
    assert labels(own) == ["v₁", "v₂", "v₃", "v₄"]
    assert text(own, 2)[2] == "v̄₃ v₁ - v̄₄ cos(v₂)"
    later = explain.trace(explain.parse("v3 = x1*x2; v4 = sin(x2); v3 - v4"))(1, 2)
    assert labels(later) == ["v₁", "v₂", "v₃", "v₄", "v₅"]
    before = explain.trace(explain.parse("v1 = x1*x2; v2 = sin(x2); v3 = v1 - v2"))(1, 2)
    assert labels(before) == ["v₋₁", "v₀", "v₁", "v₂", "v₃"]
    shown = str(before)
    assert re.search(r"^v₁ +v₋₁ v₀ +-1, 0 +3 ", shown, re.MULTILINE)
    for made in (own, later, before):
        for each, slope in zip(made.gradient, (2.0, 1 - math.cos(2)), strict=True):
            assert each.forward == each.reverse == pytest.approx(slope, rel=1e-12)


def test_lines_keep_their_names_and_are_each_one_step() -> None:
    made = explain.trace(explain.parse("a = w*x + b\nz = tanh(a)\nE = (z - t)^2/2"))(1, 2, 0.5, 1)
    assert labels(made) == ["w", "x", "b", "t", "a", "z", "E"]
    found = [unicodedata.normalize("NFD", each) for each in text(made, 5)]
    assert found == ["w x + b", "w\u0307 x + w x\u0307 + b\u0307", "z\u0304 (1 - z²)"]
    assert made.rules.parents(made.lines[4]) == [made.lines[i] for i in (0, 1, 2)]
    assert "f = E = 8.95885" in str(made)
    a, e = 2.5, math.tanh(2.5) - 1
    slopes = {each.input: each.value for each in made.gradient}
    assert slopes["w"] == pytest.approx(2 * e * (1 - math.tanh(a) ** 2), rel=1e-12)
    assert slopes["t"] == pytest.approx(-e, rel=1e-12)
    assert any("E = " in each.get_text() for each in made.figure().axes[0].texts)
    unused = explain.trace(explain.parse("a = x^2; b = 3*a; c = a + 1"))(2.0)
    assert labels(unused) == ["x", "a", "b", "c"]
    assert unused.gradient[0].value == 4


def test_powers_are_shown_as_they_are_typed() -> None:
    made = explain.trace(explain.parse("x**2 + x^3"))(2.0)
    assert [text(made, number)[0] for number in (2, 3)] == ["v₁²", "v₁³"]
    assert text(made, 3)[1] == "3 v₁² v̇₁"
    latex = made.rules.formula(made.lines[2]).term()
    assert latex is not None
    assert latex.latex == "{v_{1}}^{3}"
    general = explain.trace(explain.parse("x^y"))(2.0, 3.0)
    assert text(general, 3)[1] == "v₂ v₁^(v₂-1) v̇₁ + (v₃ ln v₁) v̇₂"
    constants = explain.trace(explain.parse("π*x + e^x"))(2.0)
    assert [text(constants, number)[0] for number in (2, 3)] == ["π v₁", "e^v₁"]
    assert text(constants, 3)[1] == "v₃ v̇₁"
    special = explain.trace(explain.parse("x^y"))(0.0, 3.0)
    assert "if" in text(special, 3)[1]  # where the rule is another


def test_edges_that_cross_have_their_numbers_both() -> None:
    made = explain.trace(lambda x, y: (x * y, x / y))(2.0, 3.0)
    texts = [each.get_text() for each in made.figure().axes[0].texts]
    assert texts[-4:] == ["3", "2", "0.3333", "-0.2222"]  # dxy/dx, dxy/dy, d(x/y)/dx, d(x/y)/dy
