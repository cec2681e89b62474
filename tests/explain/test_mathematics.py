"""Mathematics from LaTeX: characters for terminals, MathML for pages."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from nissl.core.op import registry
from nissl.explain import notation
from nissl.explain.formulas import call, derivative, equal, factor, number, plus, symbol, times
from nissl.explain.mathml import mathml
from nissl.explain.parts import Table, Text, formula

SHOWN = {  # LaTeX, characters, letters of a keyboard
    r"\delta_j = h'(a_j) \sum_k w_{kj}\,\delta_k": (
        "δⱼ = h'(aⱼ) Σₖ wₖⱼ δₖ",
        "delta_j = h'(a_j) sum_k w_kj delta_k",
    ),
    r"w_{ji}^{(1)} \leftarrow w_{ji}^{(1)} - \eta\,\partial E / \partial w_{ji}^{(1)}": (
        "wⱼᵢ⁽¹⁾ ← wⱼᵢ⁽¹⁾ - η ∂E/∂wⱼᵢ⁽¹⁾",
        "w_ji^(1) <- w_ji^(1) - eta dE/dw_ji^(1)",
    ),
    r"\dot{v}_{3} = \dot{v}_{1} \, v_{2} + v_{1} \, \dot{v}_{2}": (
        "v̇₃ = v̇₁ v₂ + v₁ v̇₂",
        "v'_3 = v'_1 v_2 + v_1 v'_2",
    ),
    r"\bar{v}_{-1}": ("v̄₋₁", "vbar_-1"),
    r"(0.5)\,(2) + (-1)\,(3)": ("(0.5)(2) + (-1)(3)", "(0.5)(2) + (-1)(3)"),
    r"-x_{1} + \sin(x_2)": ("-x₁ + sin(x₂)", "-x_1 + sin(x_2)"),
    r"E_n = \frac{1}{2} \sum_k (y_k - t_k)^2": (
        "Eₙ = 1/2 Σₖ (yₖ - tₖ)²",
        "E_n = 1/2 sum_k (y_k - t_k)^2",
    ),
    r"1 \text{ if } -1 < x,\ -1 \text{ otherwise}": (
        "1 if -1 < x, -1 otherwise",
        "1 if -1 < x, -1 otherwise",
    ),
    r"e^{x_i} / \sum_k e^{x_k}": ("e^xᵢ/Σₖ e^xₖ", "e^x_i/sum_k e^x_k"),
    r"\frac{x}{1 + |x|}": ("x/(1 + |x|)", "x/(1 + |x|)"),
    r"w_{1,10}": ("w_1,10", "w_1,10"),
    r"2.5 \cdot 10^{-7} + 10^{6}": ("2.5e-07 + 1e+06", "2.5e-07 + 1e+06"),
    r"\text{mean over } n": ("mean over n", "mean over n"),
    r"\sqrt{x} + \sqrt{x + 1}": ("√x + √(x + 1)", "sqrtx + sqrt(x + 1)"),
    r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}": ("[1, 2; 3, 4]", "[1, 2; 3, 4]"),
}


@pytest.mark.parametrize("latex", SHOWN)
def test_a_formula_in_characters(latex: str) -> None:
    assert (notation.text(latex), notation.plain(notation.text(latex))) == SHOWN[latex]
    assert notation.is_known(latex)


@pytest.mark.parametrize("name", sorted(registry))
def test_formulas_of_all_ops_can_be_read(name: str) -> None:
    op = registry[name]
    if op.formula:
        latex = op.formula.format("x", "y", "u")
        assert notation.is_known(latex)
        assert notation.text(latex)
        ET.fromstring(mathml(latex))


@pytest.mark.parametrize("latex", SHOWN)
def test_mathml_is_well_formed(latex: str) -> None:
    found = ET.fromstring(mathml(latex))
    assert found.tag == "math"
    for each in found.iter():
        if each.tag in ("msub", "msup", "mfrac", "munder"):
            assert len(each) == 2
        if each.tag == "msubsup":
            assert len(each) == 3


@pytest.mark.parametrize(
    "latex", ["}", "{", "x_", r"\frac{1}", "^^", r"\left", "_{", r"\begin{x", "$"]
)
def test_what_is_no_latex_is_read_without_an_error(latex: str) -> None:
    assert isinstance(notation.text(latex), str)
    ET.fromstring(mathml(latex))


def test_commands_from_elsewhere_are_words() -> None:
    assert not notation.is_known(r"\input{secrets}")
    smuggled = Text("\x02\\input{secrets}\x03")
    assert smuggled.to_latex() == r"\textbackslash{}input\{secrets\}"
    assert "math" not in smuggled.to_html()


def test_a_formula_within_a_sentence() -> None:
    told = "of {weight} & more".format(weight=symbol("w", "j", "i", layer=2))
    for part in (Text(told), Table((told,), (), told)):
        assert "of wⱼᵢ⁽²⁾ & more" in part.to_markdown().replace("\\&", "&")
        assert r"of $w_{ji}^{(2)}$ \& more" in part.to_latex()
        assert "of <math><msubsup>" in part.to_html()
    assert str(symbol("w", 1).text) == "w₁"


def test_formulas_are_put_together() -> None:
    delta = symbol("δ", 1, layer=2)
    whole = equal(derivative("E", symbol("w", 1, 0, layer=2)), times(delta, factor(-0.5)))
    assert whole.text == "∂E/∂w₁₀⁽²⁾ = δ₁⁽²⁾ (-0.5)"
    assert whole.latex == r"\partial E / \partial w_{10}^{(2)} = \delta_{1}^{(2)}\,(-0.5)"
    assert call("h'", symbol("a", 3)).text == "h'(a₃)"
    assert plus([number(float("nan")), number(1.0)]).style == "bad"
    assert formula(r"\alpha").text == "α"
