"""Typed expressions: what they compute, and how what is no expression is refused."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from formula_reader import compute
from hypothesis import given, settings
from hypothesis import strategies as st

import nissl
from nissl.core.op import quiet
from nissl.errors import ArgumentError, ArgumentTypeError, UnknownNameError
from nissl.explain.expressions.expression import parse
from nissl.explain.expressions.vocabulary import functions

mp = mpmath.mp.clone()
mp.dps = 40

# what is typed, and the same with mpmath's functions; x, y, z are 0.7, 1.9, 0.3
KNOWN: dict[str, Callable[..., object]] = {
    "x*y + exp(x*y) - sin(y)": lambda x, y, z: x * y + mp.exp(x * y) - mp.sin(y),
    "-x**2": lambda x, y, z: -(x**2),
    "2^-x^2": lambda x, y, z: mp.mpf(2) ** (-(x**2)),
    "x - y - z": lambda x, y, z: (x - y) - z,
    "x / y / z": lambda x, y, z: (x / y) / z,
    "x ^ y ^ z": lambda x, y, z: x ** (y**z),
    "x*-y+z": lambda x, y, z: x * (-y) + z,
    "--x - -y": lambda x, y, z: x + y,
    "+x": lambda x, y, z: x,
    "(x + y) * z": lambda x, y, z: (x + y) * z,
    "2*pi*x + e": lambda x, y, z: 2 * mp.pi * x + mp.e,
    "ln(x) + log(y)": lambda x, y, z: mp.log(x) + mp.log(y),
    "max(x, y, z) - min(x, y, 0.5)": lambda x, y, z: y - mp.mpf("0.5"),
    "tanh(x) + sinh(x)*cosh(y)": lambda x, y, z: mp.tanh(x) + mp.sinh(x) * mp.cosh(y),
    "asin(x)*acos(z)-atan(y)": lambda x, y, z: mp.asin(x) * mp.acos(z) - mp.atan(y),
    "sigmoid(x) - softplus(y)": lambda x, y, z: 1 / (1 + mp.exp(-x)) - mp.log(1 + mp.exp(y)),
    "sqrt(x)+abs(-y)+relu(-z)": lambda x, y, z: mp.sqrt(x) + y,
    "heaviside(x) + sign(-y)": lambda x, y, z: mp.mpf(0),
    "leaky_relu(-x, 0.1)": lambda x, y, z: -x / 10,
    ".5x1".replace("x1", "") + "*1.5e-3*x": lambda x, y, z: mp.mpf("0.00075") * x,
    "(x-3)^2+3*sin(x-2)": lambda x, y, z: (x - 3) ** 2 + 3 * mp.sin(x - 2),
    "x·y − z": lambda x, y, z: x * y - z,
    "x×y÷z — 1": lambda x, y, z: x * y / z - 1,
    "-x² + y³z⁻¹".replace("z", "*z"): lambda x, y, z: -(x**2) + y**3 / z,
    "2^x²": lambda x, y, z: mp.mpf(2) ** (x**2),
    "|x - |y - 3|| * |-z|": lambda x, y, z: abs(x - abs(y - 3)) * z,
    "√x*y - √(x + y)^2 + √2": lambda x, y, z: mp.sqrt(x) * y - (x + y) + mp.sqrt(2),
    "（ｘ＋２．５）＊y－π": lambda x, y, z: (x + mp.mpf("2.5")) * y - mp.pi,
    "tg(x) + cotg(y) - cosin(z)": lambda x, y, z: mp.tan(x) + mp.cot(y) - mp.cos(z),
    "lg(x) + lb(y) + arctg(z)": lambda x, y, z: mp.log10(x) + mp.log(y, 2) + mp.atan(z),
    "H(x) + H(-y) + σ(z)": lambda x, y, z: 1 + 1 / (1 + mp.exp(-z)),
    "v3 = x*y; v4 = sin(y); v3 + v4": lambda x, y, z: x * y + mp.sin(y),
    "a = x*y\r\n\nb = (sin(a)\n  + z)\n - 1;\ny1 = a*b;": lambda x, y, z: (
        x * y * (mp.sin(x * y) + z - 1)
    ),
    "c = 2*3; relu(x) + c*y + relu(-z, c/60)": lambda x, y, z: x + 6 * y - z / 10,
    "f(z, x, y) = x - y": lambda x, y, z: x - y,
}


@pytest.mark.parametrize("text", KNOWN)
def test_values_are_mpmaths(text: str) -> None:
    at = {"x": mp.mpf("0.7"), "y": mp.mpf("1.9"), "z": mp.mpf("0.3")}
    wanted = KNOWN[text](**at)
    f = parse(text, names=("x", "y", "z"))
    found = f(*(np.float64(str(value)) for value in at.values())).item()
    assert found == pytest.approx(float(wanted), rel=1e-11, abs=1e-14)


@st.composite
def sums(draw: st.DrawFn) -> tuple[str, float]:
    """A random expression of numbers, as a text and as what Python makes of it."""

    def build(depth: int) -> tuple[str, float]:
        if depth == 0 or draw(st.booleans()):
            number = draw(st.integers(1, 9))
            return str(number), float(number)
        left, a = build(depth - 1)
        right, b = build(depth - 1)
        sign = draw(st.sampled_from("+-*"))
        value = {"+": a + b, "-": a - b, "*": a * b}[sign]
        return draw(st.sampled_from(["({} {} {})", "({}{}{})"])).format(left, sign, right), value

    return build(4)


@given(sums())
@settings(max_examples=60)
def test_brackets_and_operators_of_any_nesting(pair: tuple[str, float]) -> None:
    text, value = pair
    assert parse(f"x + {text}")(np.float64(0)).item() == value


WORDS = [
    *functions(),
    *"xyπ()()+-*/^.,0129e²½₂ \n[]_=&'\"\\",
    "lambda",
    "1e308",
    "ﷺ",
    "x₁",
    "**",
    "v̇",
    *"|√;³⁻",
]


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=3)), max_size=30).map("".join))
@settings(max_examples=400)
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        f = parse(text)
    except ArgumentError as error:
        assert "column" in str(error)
        assert "^" in str(error).splitlines()[-1]
    else:
        assert f.text == text.strip()
        assert list(inspect.signature(f).parameters) == list(f.inputs)
        assert f.latex
        with quiet():
            assert f(*(np.float64(0.7) for _ in f.inputs)).shape == ()


def nested(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Calls, operations and signs of what is given, each in brackets."""
    names = st.sampled_from(["sin", "exp", "ln", "tanh", "square"])
    return st.one_of(
        st.builds("{}({})".format, names, parts),
        st.builds("({}){}({})".format, parts, st.sampled_from("+-*/^"), parts),
        parts.map("-({})".format),
    )


LEAVES = st.sampled_from(["x", "y1", "2", "2.5e-7", "1e3", "pi", "e", "0.5"])


@given(st.recursive(LEAVES, nested, max_leaves=7))
@settings(max_examples=200)
def test_the_latex_says_what_is_computed(text: str) -> None:
    try:
        f = parse(text, names=("x", "y1"))
    except ArgumentError:  # a constant part that is not finite
        return
    wanted = f(np.float64(1.3), np.float64(0.7)).item()
    if np.isfinite(wanted) and 1e-9 < abs(wanted) < 1e9:
        letters = {"x": mp.mpf("1.3"), "y_{1}": mp.mpf("0.7"), r"\pi": mp.pi, "e": mp.e}
        assert float(compute(f.latex, letters)) == pytest.approx(wanted, rel=1e-6), f.latex


def test_inputs_come_in_the_order_of_appearance_and_of_their_numbers() -> None:
    assert parse("x2*y + x10 + x1").inputs == ("x1", "x2", "x10", "y")
    assert parse("b*a").inputs == ("b", "a")
    assert parse("3*pi").inputs == ()
    assert parse("x", names=("t", "x")).inputs == ("t", "x")
    assert parse("x₁ + x₂").inputs == ("x1", "x2")
    assert parse("lambda*x")(2.0, **{"x": 3.0}).item() == 6


def test_an_expression_is_a_function_of_tensors() -> None:
    f = parse("a*b")
    assert list(inspect.signature(f).parameters) == ["a", "b"]
    assert f(b=[1.0, 2.0], a=3).tolist() == [3.0, 6.0]
    assert f(2, 3).dtype == np.float32
    assert f(np.float64(2), b=3.0).dtype == np.float64
    program = nissl.trace(f, 1.0, 2.0)
    assert [equation.op.name for equation in program.equations] == ["multiply"]
    assert nissl.grad(f)(2.0, 5.0).item() == 5.0
    assert parse("3", names=("x",))(np.zeros(4)).tolist() == [3.0] * 4
    with pytest.raises(ArgumentTypeError, match="value for b"):
        f(1.0)
    with pytest.raises(ArgumentTypeError, match="given twice"):
        f(1.0, a=2.0)
    with pytest.raises(ArgumentTypeError, match="2 inputs"):
        f(1.0, 2.0, 3.0)
    with pytest.raises(UnknownNameError, match="did you mean 'a'"):
        f(1.0, A=2.0)


def test_latex_has_the_brackets_that_are_needed() -> None:
    assert parse("x1*x2 + exp(x1*x2)").latex == r"x_{1} \, x_{2} + \exp(x_{1} \, x_{2})"
    assert parse("x-(y-z)").latex == "x - (y - z)"
    assert parse("(x-y)-z").latex == "x - y - z"
    assert parse("(-x)^2").latex == "{(-x)}^{2}"
    assert parse("(x/y)^2").latex == r"{\left(\frac{x}{y}\right)}^{2}"
    assert parse("2.5e-7^x").latex == r"{(2.5 \cdot 10^{-7})}^{x}"
    assert parse("1e3^x + rate_x*ä").latex == r"{(10^{3})}^{x} + \mathit{rate\_x} \, \text{ä}"
    assert parse("x/(y+1)").latex == r"\frac{x}{y + 1}"
    assert parse("3*2*x").latex == r"3 \cdot 2 \, x"
    assert parse("theta*pi").latex == r"\theta \, \pi"
    assert parse("1e-3*x").latex == r"10^{-3} \, x"
    assert parse("leaky_relu(x, 0.1)").latex == r"\operatorname{leaky\_relu}(x, 0.1)"


def test_the_vocabulary_is_the_librarys_and_no_more() -> None:
    known = functions()
    assert {"sin", "exp", "ln", "tanh", "relu", "heaviside", "max", "sinh", "acos"} <= set(known)
    assert not {"sum", "open", "eval", "where", "softmax", "asarray", "random"} & set(known)
    for name, entry in known.items():
        inner = ", ".join(["0.5", "0.75"][: entry.least])
        found = parse(f"{name}(x{', 0.75' if entry.least == 2 else ''})")(np.float64(0.5)).item()
        wanted = entry.function(*(np.float64(part) for part in inner.split(", "))).item()
        assert found == wanted or np.isnan([found, wanted]).all(), name


# what is typed, the column that is pointed at, and what is said
WRONG = {
    "sinn(x)": (1, "did you mean 'sin'"),
    "x + zzzzzz(x)": (5, "Known: abs"),
    "x1*(x2": (4, "never closed"),
    "x1*x2)": (6, "closes none"),
    "": (1, "the text ends"),
    "x +": (4, "after '+'"),
    "x + * y": (5, "but there is '*'"),
    "2x": (2, "expected an operator"),
    "x y": (3, "expected an operator"),
    "sin x": (1, "expected its bracket"),
    "x(3)": (1, "expected an operator such as *"),
    "pi(3)": (3, "expected an operator"),
    "sin()": (5, "but there is ')'"),
    "sin(x, y)": (1, "takes: 1; given: 2"),
    "max(x)": (1, "takes: >= 2; given: 1"),
    "relu(x, y)": (1, "argument 2 of relu must be a number"),
    "x, y": (2, "between the arguments"),
    "x.y": (2, "no meaning"),
    "x[0]": (2, "no meaning"),
    "x + y = 3": (7, "behind one name only, as in v3 = x1*x2"),
    "x == 3": (4, "but there is '='"),
    "__import__('os')": (1, "unknown function"),
    "x1x2": (1, "a product is written with *: x1*x2?"),
    "2*x1y": (3, "x1*y?"),
    "2*πx": (3, "π*x?"),
    "2x + 1": (2, "such as 2*x"),
    "(x)(y)": (4, "such as )*("),
    "1,5*x": (2, "a point, not a comma: 1.5"),
    "sin(1,5)": (1, "given: 2; decimals have a point"),
    "cos(x) + sin 2": (10, "as in sin(2)"),
    "sin²(x)": (1, "behind its bracket, as in sin(x)^2"),
    "√x²": (3, "write √(x^2) or √(x)^2"),
    "√-x": (2, "but there is '-'"),
    "|x": (1, "never closed; expected a '|'"),
    "|(x|": (2, "never closed; expected a ')'"),
    "(|x)|": (2, "never closed; expected a '|'"),
    "x|": (2, "closes none"),
    "xⁿ": (2, "written with ^"),
    "x*y; 3*x": (4, "has no name, as in v3 ="),
    "a = x; a = y": (8, "'a' has a value already"),
    "a = b; b = x": (8, "'b' is an input, used above"),
    "sin = x": (1, "a function or a constant"),
    "max(x; y)": (4, "never closed"),
    "1 + relu(x, -1)": (5, "negative_slope=-1"),
    "x + ½": (5, "'½' is no name"),
    "x + 1/0": (6, "constant inf"),
    "x + 0/0": (6, "constant nan"),
    "x + ln(0)": (5, "constant -inf"),
    "10**400": (3, "constant inf"),
    "1e999": (1, "too large"),
    "1" * 50: (1, "50 characters"),
    "(" * 150 + "x" + ")" * 150: (101, "100 deep"),
    "-" * 200 + "x": (101, "100 deep"),
    "x" + "^x" * 200: (202, "100 deep"),
    "x" + "+x" * 900: (1002, "1000 steps"),
}


@pytest.mark.parametrize("text", WRONG)
def test_errors_point_at_the_place(text: str) -> None:
    column, said = WRONG[text]
    with pytest.raises(ArgumentError) as caught:
        parse(text.replace("'os'", "x"))
    message = str(caught.value)
    assert message.startswith(f"column {column}: ")
    assert said in message
    shown, marks = message.splitlines()[1:]
    assert set(marks.strip()) == {"^"}
    if len(text) <= 60:
        assert marks.index("^") == column + 1
    assert len(shown) <= 70


def test_errors_of_several_lines_name_the_line() -> None:
    with pytest.raises(ArgumentError) as caught:
        parse("v3 = x1*x2\nv4 = sin(x2\nv5 = v3 + v4")
    assert str(caught.value) == (
        "line 2, column 9: this bracket is never closed; expected a ')' for it\n"
        "  v4 = sin(x2\n"
        "          ^"
    )
    with pytest.raises(ArgumentError, match=r"line 3, column 1: the line before"):
        parse("v3 = x1*x2\nv3 + 1\nv3 + 2")
    with pytest.raises(ArgumentError, match=r"product is written with \*: x\*y\?"):
        parse("a = 3*x\nxy", names=("x", "y"))


def test_statements_give_names_to_values() -> None:
    f = parse("v3 = x1*x2; v4 = sin(x2); v5 = v3 + v4")
    assert [statement.name for statement in f.statements] == ["v3", "v4", "v5"]
    assert f.inputs == ("x1", "x2")
    assert [each.item() for each in f.values(2.0, 0.0)] == [0.0, 0.0, 0.0]
    assert parse("f(b, a) = a - b")(1.0, 3.0).item() == 2.0
    assert f.latex == (r"v_{3} = x_{1} \, x_{2};\; v_{4} = \sin(x_{2});\; v_{5} = v_{3} + v_{4}")
    assert parse("H*x").inputs == ("H", "x")  # a letter, where it is not called
    assert (parse("2*3").constant, parse("x").constant) == (6.0, None)


def test_size_is_bounded() -> None:
    with pytest.raises(ArgumentError, match="20001 characters"):
        parse("(" * 10_000 + "x" + ")" * 10_000)
    assert parse("x" + "+x" * 400)(np.float64(1)).item() == 401
    many = "+".join(f"x{i}" for i in range(60))
    with pytest.raises(ArgumentError, match="more than 50 inputs"):
        parse(many)


def test_names_are_checked() -> None:
    with pytest.raises(ArgumentError, match="unknown name 'y'"):
        parse("x + y", names=["x"])
    with pytest.raises(ArgumentError, match="'sin'"):
        parse("x", names=["sin"])
    with pytest.raises(ArgumentTypeError, match="a text"):
        parse(3)


def test_a_step_is_written_as_the_lecture_writes_it() -> None:
    assert parse("H(x) + tg(x)").latex == r"H(x) + \tan(x)"
    assert parse("cotg(x)").latex == r"\operatorname{cotg}(x)"
