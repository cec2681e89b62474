"""The signs of mathematics: their names in LaTeX, and the characters that show them."""

from __future__ import annotations

LETTERS = {
    **dict(zip(
        ("alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta", "theta",
         "kappa", "lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "varphi", "chi",
         "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Sigma", "Phi", "Psi", "Omega"),
        "αβγδεεζηθκλμνξπρστφφχψωΓΔΘΛΣΦΨΩ", strict=True,
    )),
    "partial": "∂", "infty": "∞", "nabla": "∇", "ell": "ℓ", "top": "⊤",
}  # fmt: skip
RELATIONS = {
    "leftarrow": "←", "rightarrow": "→", "to": "→", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ne": "≠", "neq": "≠", "approx": "≈", "in": "∈", "ll": "≪", "gg": "≫", "mapsto": "↦",
    "sim": "∼", "iff": "⇔", "Rightarrow": "⇒",
}  # fmt: skip
OPERATIONS = {
    "cdot": "·", "times": "×", "oplus": "⊕", "odot": "⊙", "bmod": "mod", "wedge": "∧", "vee": "∨",
    "land": "∧", "lor": "∨", "circ": "∘", "pm": "±", "vert": "|", "mid": "|",
    "ast": "*", "otimes": "⊗",
}  # fmt: skip
LARGE = {"sum": "Σ", "prod": "Π", "int": "∫"}
PREFIX = {"lnot": "¬", "neg": "¬"}
FUNCTIONS = frozenset(
    {"ln", "log", "exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan"}
    | {"max", "min", "arg", "det", "lim", "sup"}
)
DOTS = {"dots": "…", "ldots": "…", "cdots": "…", "vdots": "⋮", "ddots": "⋱"}
OPEN = {"(": "(", "[": "[", "lfloor": "⌊", "lceil": "⌈", "lVert": "‖", "langle": "⟨", "lvert": "|"}
CLOSE = {
    ")": ")", "]": "]", "rfloor": "⌋", "rceil": "⌉", "rVert": "‖", "rangle": "⟩", "rvert": "|",
}  # fmt: skip
SPACES = {",": " ", ";": " ", ":": " ", " ": " ", "quad": "  ", "qquad": "    ", "!": "", "-": ""}
ACCENTS = {"dot": "\u0307", "bar": "\u0304", "hat": "\u0302", "tilde": "\u0303", "vec": "\u20d7"}
STYLED = frozenset({"mathrm", "mathit", "mathbf", "operatorname", "text", "textbf", "mathbin"})
ESCAPED = frozenset("%$&#_{}")
BELOW = dict(zip("0123456789+-=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ",
                  strict=True))  # fmt: skip
ABOVE = dict(zip("0123456789+-=()ni⊤T", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵀᵀ", strict=True))


_SECOND = {"phi", "bmod", "ast", "top", "to", "le", "ge", "ne", "land", "lor", "epsilon", "vert"}
SIGNS = {  # each sign as LaTeX names it
    name: sign
    for name, sign in {
        **LETTERS, **RELATIONS, **OPERATIONS, **LARGE, **PREFIX, "dots": "…", "vdots": "⋮",
        "lVert": "‖",
    }.items()
    if name not in _SECOND | {"mid"}
}  # fmt: skip
KINDS = {  # what a command of LaTeX is, as a part of a formula
    "mi": LETTERS, "relation": RELATIONS, "operation": OPERATIONS, "large": LARGE, "dots": DOTS,
    "open": OPEN, "close": CLOSE, "space": SPACES, "prefix": PREFIX,
}  # fmt: skip
