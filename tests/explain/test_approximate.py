"""Approximation: what it reaches, what it prints, and what it refuses.

Errors are judged with Python's own arithmetic, from the weights that a reader is given.
"""

from __future__ import annotations

import ast
import builtins
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import nissl
from nissl import explain
from nissl.errors import ArgumentError, ArgumentTypeError, MissingDependencyError, ShapeError
from nissl.explain.approximation.approximate import Approximation, measure
from nissl.explain.approximation.small_network import METHODS, Scaling, Trained, find_method
from nissl.explain.approximation.target import as_target
from nissl.explain.parts import Table, Text

TWO_PI = 6.283185307
LECTURE = (
    [[-0.77810127, -1.4763303, 1.2871214]],
    [0.40375996, 4.596628, -0.6489421],
    [[1.2153453], [0.8098653], [1.520071]],
    [-0.3201559],
)


def by_hand(weights: Sequence[Any], x: float) -> float:
    """A 1-M-1 network of tanh units, in Python's own arithmetic."""
    (w,), b, v, (c,) = weights
    units = zip(w, b, (row[0] for row in v), strict=True)
    return c + math.fsum(out * math.tanh(slope * x + bias) for slope, bias, out in units)


def printed_weights(shown: Approximation) -> list[Any]:
    """The weights as the table prints them, read back from its text."""
    (table,) = [p for p in shown.parts() if isinstance(p, Table) and "Weights" in p.title]
    w, b, v, c = [ast.literal_eval(row[1].text) for row in table.cells()]
    return [[w], b, [[each] for each in v], c]


def rmse_by_hand(
    weights: Sequence[Any],
    f: Callable[[float], float],
    low: float,
    high: float,
    without: float = -1.0,
) -> float:
    """Root mean square error at 1201 points, those with ``|x| <= without`` left out."""
    points = [low + (high - low) * i / 1200 for i in range(1201)]
    errors = [by_hand(weights, x) - f(x) for x in points if abs(x) > without]
    return math.sqrt(math.fsum(e * e for e in errors) / len(errors))


# ---- what is reached ---------------------------------------------------------------------------
REACHED = {
    "x**2": (lambda x: x * x, -1.0, 1.0, -1.0, 0.005),
    "sin(x)": (math.sin, 0.0, TWO_PI, -1.0, 0.02),
    "abs(x)": (abs, -1.0, 1.0, -1.0, 0.02),
    "heaviside(x)": (lambda x: float(x > 0), -1.0, 1.0, 0.05, 0.05),
    "(x-3)**2 + 3*sin(x-2)": (lambda x: (x - 3) ** 2 + 3 * math.sin(x - 2), 0.0, 6.0, -1.0, 0.02),
    "sin(2*x)": (lambda x: math.sin(2 * x), 0.0, 1.0, -1.0, 0.001),
}


@pytest.mark.parametrize("text", REACHED)
def test_three_tanh_units_come_near(text: str) -> None:
    """From the printed weights alone, with nothing of the library in between."""
    f, low, high, without, bound = REACHED[text]
    shown = explain.approximate(text, low, high, hidden=3, samples=50)
    error = rmse_by_hand(printed_weights(shown), f, low, high, without)
    assert error <= bound
    if without < 0:  # what is reported is what is found by hand, on another grid
        assert shown.best.rmse == pytest.approx(error, rel=0.05, abs=1e-6)


def test_a_planted_fault_in_the_weights_is_seen() -> None:
    shown = explain.approximate("x**2", starts=2, epochs=300)
    weights = printed_weights(shown)
    assert rmse_by_hand(weights, lambda x: x * x, -1, 1) < 0.005
    weights[1][0] += 0.1
    assert rmse_by_hand(weights, lambda x: x * x, -1, 1) > 0.005


@pytest.mark.parametrize("method", METHODS)
def test_each_method_comes_near(method: str) -> None:
    shown = explain.approximate("sin(x)", 0, TWO_PI, method=method, starts=3)
    assert shown.best.rmse < 0.02
    assert shown.best.method == method
    assert rmse_by_hand(printed_weights(shown), math.sin, 0, TWO_PI) < 0.02


def test_all_methods_are_compared() -> None:
    shown = explain.approximate("x**2", method="all", starts=2, epochs=150)
    assert [fit.method for fit in shown.fits] == list(METHODS)
    table = next(part for part in shown.parts() if isinstance(part, Table))
    assert [row[0] for row in table.rows] == ["Levenberg-Marquardt", "BFGS", "Adam", "SGD"]
    assert shown.best.rmse == min(fit.rmse for fit in shown.fits)
    second, first = shown.fits[0], shown.fits[3]
    # 150 evaluations of second order reach 1e-4 or less, 150 epochs of SGD 1e-2 at best
    assert second.rmse < first.rmse / 3
    assert shown.figure().axes


def test_the_same_seed_gives_the_same_network() -> None:
    for method in ("lm", "adam"):
        settings: dict[str, Any] = {"method": method, "starts": 2, "epochs": 50, "noise": 0.1}
        one, other = (explain.approximate("x**2", seed=3, **settings) for _ in range(2))
        different = explain.approximate("x**2", seed=4, **settings)
        for a, b in zip(one.best.model.get_weights(), other.best.model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        assert not np.array_equal(one.t, different.t)


def test_a_higher_number_of_units_comes_nearer() -> None:
    shown = explain.approximate_by_width("abs(x)", hidden=[5, 1, 3, 2, 3], starts=2)
    assert shown.widths == (1, 2, 3, 5)
    errors = [each.best.rmse for each in shown.found]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 50 * errors[-1]
    texts = shown.to_text()
    assert "16" in texts  # 5 + 5 + 5 + 1 weights and biases
    assert len(shown.figure().axes) == 5


def test_several_functions_are_shown_in_one_sheet() -> None:
    """Each as it would be alone; of those that jump the error away from jumps is told."""
    texts = ["x^2", "sin(x)", "|x|", "H(x)"]
    shown = explain.approximate_all(texts, samples=20, starts=2, epochs=60)
    assert [each.target.text for each in shown.found] == texts
    alone = explain.approximate("|x|", samples=20, starts=2, epochs=60)
    assert shown.found[2].best.rmse == alone.best.rmse
    (table,) = [part for part in shown.parts() if isinstance(part, Table)]
    assert [row[0].text for row in table.cells()] == texts
    assert "RMSE away from jumps" in table.columns
    assert "1-3-1 networks of tanh units on [-1, 1]" in shown.to_text()
    titles = [axes.get_title() for axes in shown.figure(width=8 / 2.54).axes]
    assert len(titles) == 4
    assert "away from jumps" in titles[3]
    assert "away from jumps" not in titles[2]
    for functions, error, said in (
        ([], ArgumentError, "1 to 12 functions, not 0"),
        (["x"] * 13, ArgumentError, "not 13"),
        ("x", ArgumentTypeError, "a list or a tuple"),
        (["x", "x*y"], ArgumentError, "2 inputs"),
    ):
        with pytest.raises(error, match=said):
            explain.approximate_all(functions, starts=1, epochs=1)


# ---- the lecture's network ---------------------------------------------------------------------
def lecture_network() -> nissl.Sequential:
    model = nissl.Sequential(
        [nissl.Input((1,)), nissl.layers.Dense(3, activation="tanh"), nissl.layers.Dense(1)]
    )
    model.set_weights([np.array(each) for each in LECTURE])
    return model


def test_the_lecture_network_approximates_the_sine() -> None:
    shown = explain.approximation_of(lecture_network(), "sin(x)", 0.0, 5.0)
    at = shown.best([math.pi / 2])[0]
    assert at == pytest.approx(0.99, abs=0.005)
    for x in (0.0, 1.0, math.pi / 2, 3.0, 5.0):
        assert shown.best([x])[0] == pytest.approx(by_hand(LECTURE, x), abs=2e-6)
    # its largest error on [0, 5] is at about 4.65, where it has levelled out at -0.8
    assert shown.best.max_error == pytest.approx(0.194, abs=0.002)
    assert shown.best.max_error_at == pytest.approx(4.65, abs=0.02)
    assert printed_weights(shown) == [list(map(list, each)) if isinstance(each[0], list) else each
                                      for each in LECTURE]  # fmt: skip
    assert shown.best.method == ""
    assert len(shown.figure().axes) == 4


def test_contributions_add_up_to_the_output() -> None:
    shown = explain.approximation_of(lecture_network(), math.sin, 0.0, 6.0)
    x = np.linspace(-3, 9, 7)
    units = shown.best.hidden(x)
    assert units is not None
    w, b, v, c = LECTURE
    for place, each in enumerate(x):
        for j in range(3):
            z = math.tanh(w[0][j] * each + b[j])
            assert units.outputs[place, j] == pytest.approx(z, abs=1e-6)
            assert units.contributions[place, j] == pytest.approx(v[j][0] * z, abs=1e-6)
    assert units.bias == pytest.approx(c[0], abs=1e-7)
    np.testing.assert_allclose(
        units.contributions.sum(axis=1) + units.bias, shown.best(x), atol=1e-6
    )


def test_other_models_are_shown_too() -> None:
    dense = nissl.layers.Dense
    deep = nissl.Sequential([nissl.Input((1,)), dense(9, "relu"), dense(12, "relu"), dense(1)])
    x = np.linspace(-1, 1, 20)
    shown = explain.approximation_of(deep, abs, x=x, t=abs(x))
    assert "one hidden layer" in shown.to_text()
    assert "357 weights" not in shown.to_text()
    assert "151 weights and biases" in shown.to_text()  # 18 + 120 + 13
    assert len(shown.figure().axes) == 4  # more units than have a name each
    line = nissl.Sequential([nissl.Input((1,)), dense(1)])
    assert explain.approximation_of(line, "x").best.hidden(x) is None
    assert len(explain.approximation_of(line, "x").figure().axes) == 2
    with pytest.raises(ShapeError, match="one output"):
        explain.approximation_of(nissl.Sequential([nissl.Input((1,)), dense(2)]), "x")
    with pytest.raises(ShapeError, match="2 samples and t has 3"):
        explain.approximation_of(line, "x", x=[1, 2], t=[1, 2, 3])
    with pytest.raises(ArgumentTypeError, match="takes a model"):
        explain.approximation_of("x", "x")


def test_a_network_that_is_not_finite_is_shown_as_such() -> None:
    model = lecture_network()
    model.set_weights([*model.get_weights()[:3], np.array([np.nan])])
    shown = explain.approximation_of(model, "sin(x)")
    assert math.isnan(shown.best.rmse)
    assert "nan" in shown.to_text()
    assert shown.figure().axes


# ---- measuring ---------------------------------------------------------------------------------
def test_errors_are_measured_over_the_interval_not_the_samples() -> None:
    line = nissl.Sequential([nissl.Input((1,)), nissl.layers.Dense(1)])
    line.set_weights([[[1.0]], [0.0]])
    target = as_target(lambda x: x + 0.5 * (x > 0.5))  # the line is right on the samples given
    x = np.array([0.0, 0.25])
    fit = measure(Trained(line), target, 0.0, 1.0, x, x, target.jumps(0.0, 1.0))
    assert fit.samples_rmse == 0
    assert fit.rmse == pytest.approx(0.5 * math.sqrt(0.5), rel=1e-3)
    assert fit.max_error == pytest.approx(0.5)


def test_jumps_are_found_where_they_are() -> None:
    assert as_target("x**2").jumps(-1, 1) == ()
    assert as_target("tanh(200*x)").jumps(-1, 1) == ()  # steep is not a jump
    assert as_target("heaviside(x)").jumps(-1, 1) == pytest.approx([0.0], abs=1e-12)
    assert as_target("sign(x - 0.3) + heaviside(x + 0.7)").jumps(-1, 1) == pytest.approx(
        [-0.7, 0.3], abs=1e-9
    )
    shown = explain.approximate("heaviside(x - 0.3)", starts=2, epochs=500)
    assert "jumps at x = 0.3" in shown.to_text()
    assert shown.best.rmse_away < 1e-3 < shown.best.rmse


def test_functions_of_every_kind_are_taken() -> None:
    x = np.array([0.25, 1.0, 4.0])
    for f, wanted in (
        (np.sqrt, [0.5, 1, 2]),
        (nissl.sqrt, [0.5, 1, 2]),
        (math.sqrt, [0.5, 1, 2]),
        ("sqrt(u)", [0.5, 1, 2]),
        (explain.parse("sqrt(u)"), [0.5, 1, 2]),
        (lambda v: v if v < 2 else 2.0, [0.25, 1, 2]),  # of a number only
        (lambda v: 3, [3, 3, 3]),
        (lambda v: v[:, None], [0.25, 1, 4]),
        (lambda v: math.log(v - 1) if v != 1 else math.inf, [math.nan, math.inf, math.log(3)]),
        (lambda v: np.float16(v), [0.25, 1, 4]),
    ):
        np.testing.assert_allclose(as_target(f)(x), wanted)
    assert as_target(math.sqrt).text == "sqrt(x)"
    assert as_target(lambda x: x).text == "f(x)"
    assert as_target("sqrt(u)").variable == "u"


def test_samples_lie_in_the_interval_and_carry_the_noise() -> None:
    even = explain.approximate("x**2", 0, 2, samples=5, starts=1)
    np.testing.assert_allclose(even.x, [0, 0.5, 1, 1.5, 2])
    np.testing.assert_allclose(even.t, [0, 0.25, 1, 2.25, 4])
    drawn = explain.approximate("x**2", 0, 2, samples=400, starts=1, random=True, noise=0.1)
    assert drawn.x.min() >= 0
    assert drawn.x.max() <= 2
    assert np.ptp(np.diff(drawn.x)) > 0.001
    assert np.std(drawn.t - drawn.x**2) == pytest.approx(0.1, rel=0.1)
    assert "standard deviation 0.1" in drawn.to_text()


def test_scaling_is_folded_into_the_weights() -> None:
    scaling = Scaling.of(2.0, 6.0, np.array([10.0, 40.0]))
    p = np.array([0.5, -2.0, 0.25, 1.0, 3.0, -1.0, 0.125])  # two units
    u = scaling.apply(np.array([[2.0], [3.0], [6.0]]), np.zeros(3))[0][:, 0]
    np.testing.assert_allclose(u, [-1, -0.5, 1])
    folded = scaling.fold(p)
    for x, scaled in zip((2.0, 3.0, 6.0), u, strict=True):
        inner = by_hand([[p[:2]], p[2:4], [[p[4]], [p[5]]], [p[6]]], scaled)
        outer = by_hand([[folded[:2]], folded[2:4], [[folded[4]], [folded[5]]], [folded[6]]], x)
        assert outer == pytest.approx(25 + 15 * inner, rel=1e-11)


@pytest.mark.parametrize(
    ("f", "low", "high"),
    [
        (lambda x: 1e200 * x**2, -1.0, 1.0),
        (lambda x: 1e-200 * x**2, -1.0, 1.0),
        (lambda x: np.full_like(x, 3.0), 0.0, 1.0),
        (np.sin, 1e6, 1e6 + 3),
        (np.square, -1e-150, 1e-150),
        (np.square, -1e150, 1e150),
    ],
)
def test_extreme_scales(f: Any, low: float, high: float) -> None:
    shown = explain.approximate(f, low, high, hidden=2, starts=8, epochs=200)
    height = np.ptp(shown.t) or 1.0
    assert shown.best.rmse < 0.01 * height
    assert shown.figure().axes
    assert shown.to_latex()


def test_more_weights_than_samples_is_said() -> None:
    shown = explain.approximate("x**2", hidden=5, samples=6, starts=1, epochs=500)
    assert "16 weights and biases, more than the 6 samples" in shown.to_text()
    assert shown.best.samples_rmse < 1e-4


# ---- what is said ------------------------------------------------------------------------------
def test_what_is_said_in_each_form() -> None:
    shown = explain.approximate("x**2", starts=1, epochs=200)
    text = shown.to_text()
    for said in ("1-3-1 network of tanh units", "x**2 on [-1, 1]", "50 samples", "layer 1, weights",
                 "layer 1, bias", "Outside [-1, 1]", "y(x) ="):  # fmt: skip
        assert said in text
    assert r"\tanh(" in shown.to_latex()
    assert r"\begin{bmatrix}" in shown.to_latex()
    assert "<svg" in shown._repr_html_()
    outside = next(p for p in shown.parts() if isinstance(p, Table) and "Outside" in p.title)
    assert [row[0] for row in outside.rows] == [-2, -1.5, 1.5, 2]
    for x, f, y, error in outside.rows:
        assert f == x * x
        assert y == pytest.approx(by_hand(printed_weights(shown), x), rel=1e-6)
        assert error == y - f


def test_a_function_without_values_outside_is_shown() -> None:
    shown = explain.approximate("ln(x)", 0.1, 3, starts=1, epochs=200)
    assert "none" in shown.to_text()
    assert shown.figure().axes


def test_the_formula_is_the_network_rounded() -> None:
    shown = explain.approximate("x**2", starts=1, epochs=200)
    (formula,) = [
        p.to_text() for p in shown.parts() if isinstance(p, Text) and "y(x) =" in p.to_text()
    ]
    for x in (-1.0, 0.0, 0.7):
        spoken = formula.partition("=")[2].replace(" x ", f" * ({x}) ").replace("tanh", "math.tanh")
        tree = ast.parse(spoken.strip().replace(" math", " * math"), mode="eval")
        assert _value(tree.body) == pytest.approx(x * x, abs=0.01)


def _value(node: ast.AST) -> float:
    """Arithmetic and tanh, computed from Python's syntax tree."""
    match node:
        case ast.Constant(value=value):
            return float(value)
        case ast.UnaryOp(operand=operand):
            return -_value(operand)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _value(left), _value(right)
            return {ast.Add: a + b, ast.Sub: a - b, ast.Mult: a * b}[type(op)]
        case ast.Call(args=[argument]):
            return math.tanh(_value(argument))
    raise AssertionError(ast.dump(node))


# ---- what is refused ---------------------------------------------------------------------------
REFUSED: tuple[tuple[tuple[Any, ...], dict[str, Any], str], ...] = (
    (("1/x",), {}, r"not finite on the range: at x = 0 it is inf"),
    (("ln(t)", -1, 1), {}, r"at t = -1 it is nan"),
    (("sqrt(x)", -1e-9, 1), {}, r"at x = -1e-09 it is nan"),
    (("foo(x)",), {}, "unknown function 'foo'"),
    (("sin(x",), {}, "never closed"),
    (("x*y",), {}, r"2 inputs \(x, y\)"),
    (("3",), {}, "is a constant"),
    (("x", 1, 1), {}, "is empty"),
    (("x", 1, -1), {}, "reversed"),
    (("x", math.nan, 1), {}, "not finite"),
    (("x", -1e308, 1e308), {}, "wider"),
    (("x", 1, 1 + 1e-15), {}, "too narrow"),
    (("x", 0, 1e-320), {}, "too narrow"),
    (("x", -1, 1, 0), {}, "hidden=0 must be at least 1"),
    (("x",), {"samples": 1}, "samples=1 must be at least 2"),
    (("x",), {"samples": 10**9}, "10,000"),
    (("x",), {"method": "newton"}, "unknown method 'newton'"),
    (("x",), {"activation": "thanh"}, "did you mean 'tanh'"),
    (("x",), {"noise": -1}, "noise=-1.0 must be at least 0"),
    (("x",), {"noise": math.nan}, "noise=nan must be finite"),
    (("x",), {"epochs": 0}, "epochs=0 must be"),
    (("x",), {"starts": 0}, "starts=0 must be"),
    (("x",), {"seed": -1}, "seed=-1 must be"),
)


@pytest.mark.parametrize(("given", "settings", "said"), REFUSED)
def test_bad_input(given: tuple[Any, ...], settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        explain.approximate(*given, **settings)


def test_bad_kinds_of_input() -> None:
    for f, error, said in (
        (3, ArgumentTypeError, "not int 3"),
        (lambda x: x * 1j, ArgumentTypeError, "complex"),
        (lambda x: x[:7], ShapeError, "each number needs one value"),
        (lambda x: "x" + x, ArgumentError, "cannot be computed"),
        (lambda x: math.log(-1), ArgumentError, "cannot be computed"),
    ):
        with pytest.raises(error, match=said):
            explain.approximate(f)
    with pytest.raises(ArgumentTypeError, match=r"hidden is a whole number, not float 2\.5"):
        explain.approximate("x", hidden=2.5)
    with pytest.raises(ArgumentTypeError, match="hidden is a whole number, not bool True"):
        explain.approximate("x", hidden=True)
    with pytest.raises(ArgumentError, match="choose one method"):
        explain.approximate_by_width("x", method="all")
    with pytest.raises(ArgumentError, match="1 to 12"):
        explain.approximate_by_width("x", hidden=[])
    assert find_method("LM") == "levenberg-marquardt"


def test_scipy_is_asked_for_where_it_is_needed_only(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("scipy"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.partition(".")[0] == "scipy"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match=r"nissl\[science\]"):
        explain.approximate("x**2", method="bfgs", starts=1)
    assert explain.approximate("x**2", starts=1, epochs=200).best.rmse < 1e-3
