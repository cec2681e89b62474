"""Points without a derivative: where each op has one, and what is taken for the derivative there.

One rule holds everywhere: of the slopes that lie between those of both sides, the smallest in
size is taken (the element of least norm of Clarke's generalised gradient; F. H. Clarke,
*Optimization and Nonsmooth Analysis*, 1983, section 1.2). So a flat side wins, equal and opposite
slopes give 0, and arguments that tie share equally. At a jump the derivative is that of both
sides, and at the end of a domain the limit. :data:`TABLE` lists what follows; the table of
``docs/autodiff.md`` is this one, and the tests hold each row in both modes and on each engine.

:func:`singular` says of one computed equation whether it stands at such a point.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from nissl.core.tensor import Array, Equation

INF: Final = math.inf


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        function: as a user writes it, of ``x``, or of ``x`` and ``y``.
        at: the point, one number an argument.
        derivative: what is taken there, one number an argument.
        why: what the rule says in this case.
    """

    function: str
    at: tuple[float, ...]
    derivative: tuple[float, ...]
    why: str


FLAT, MIDDLE, SMALLER = "the flat side", "middle of the two sides", "the smaller slope"
SHARED, JUMP, LIMIT = "a tie is shared", "as on both sides of the jump", "the limit"
LEAST = "the least of all slopes there"

TABLE: Final = (
    Row("abs(x)", (0,), (0,), MIDDLE),
    Row("relu(x)", (0,), (0,), FLAT),
    Row("activations.relu6(x)", (0,), (0,), FLAT),
    Row("activations.relu6(x)", (6,), (0,), FLAT),
    Row("leaky_relu(x)", (0,), (0.2,), SMALLER),
    Row("leaky_relu(x, 3)", (0,), (1,), SMALLER),
    Row("elu(x, alpha=0.5)", (0,), (0.5,), SMALLER),
    Row("elu(x, alpha=2)", (0,), (1,), SMALLER),
    Row("selu(x)", (0,), (1.0507009873554805,), SMALLER),
    Row("hard_tanh(x)", (-1,), (0,), FLAT),
    Row("hard_tanh(x)", (1,), (0,), FLAT),
    Row("activations.hard_sigmoid(x)", (-3,), (0,), FLAT),
    Row("activations.hard_sigmoid(x)", (3,), (0,), FLAT),
    Row("activations.hard_silu(x)", (-3,), (0,), FLAT),
    Row("activations.hard_silu(x)", (3,), (1,), SMALLER),
    Row("clip(x, -1, 1)", (-1,), (0,), FLAT),
    Row("clip(x, -1, 1)", (1,), (0,), FLAT),
    Row("maximum(x, 1)", (1,), (0,), FLAT),
    Row("minimum(x, 1)", (1,), (0,), FLAT),
    Row("maximum(-1, minimum(1, x))", (1,), (0,), FLAT),
    Row("maximum(x, y)", (1, 1), (0.5, 0.5), SHARED),
    Row("minimum(x, y)", (1, 1), (0.5, 0.5), SHARED),
    Row("max(stack([x, y]))", (1, 1), (0.5, 0.5), SHARED),
    Row("min(stack([x, y]))", (1, 1), (0.5, 0.5), SHARED),
    Row("losses.Hinge()([1.0], [x])", (1,), (0,), FLAT),
    Row("losses.MeanAbsoluteError()([1.0], [x])", (1,), (0,), MIDDLE),
    Row("hypot(x, y)", (0, 0), (0, 0), LEAST),
    Row("std(stack([x, y]))", (3, 3), (0, 0), LEAST),
    Row("std(stack([x]))", (3,), (0,), "a constant"),
    Row("sign(x)", (0,), (0,), JUMP),
    Row("heaviside(x)", (0,), (0,), JUMP),
    Row("floor(x)", (2,), (0,), JUMP),
    Row("ceil(x)", (2,), (0,), JUMP),
    Row("round(x)", (0.5,), (0,), JUMP),
    Row("trunc(x)", (1,), (0,), JUMP),
    Row("x // 2", (2,), (0,), JUMP),
    Row("x % 2", (2,), (1,), JUMP),
    Row("atan2(x, y)", (0, 0), (0, 0), "no direction is preferred"),
    Row("logaddexp(x, y)", (-INF, -INF), (0.5, 0.5), SHARED),
    Row("logsumexp(stack([x, y]))", (-INF, -INF), (0.5, 0.5), SHARED),
    Row("sqrt(x)", (0,), (INF,), LIMIT),
    Row("log(x)", (0,), (INF,), LIMIT),
    Row("asin(x)", (1,), (INF,), LIMIT),
    Row("acos(x)", (1,), (-INF,), LIMIT),
    Row("acosh(x)", (1,), (INF,), LIMIT),
    Row("atanh(x)", (1,), (INF,), LIMIT),
    Row("x ** 0", (0,), (0,), "a constant"),
    Row("0 ** x", (1,), (0,), "a constant for positive exponents"),
)


def markdown() -> str:
    """Return :data:`TABLE` as the documentation shows it."""
    lines = ["| function | at | derivative | convention |", "|---|---|---|---|"]
    for row in TABLE:
        at, slope = _numbers(row.at), _numbers(row.derivative)
        lines.append(f"| `{row.function}` | {at} | {slope} | {row.why} |")
    return "\n".join(lines)


def _numbers(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.5g}" for value in values)


# ---- where a computed equation stands at such a point ------------------------------------------


@dataclass(frozen=True)
class Singularity:
    """What an op is like at the points where it has no derivative.

    Attributes:
        where: ``where(*values)`` of the inputs' values says which elements are such points.
        kind: ``"kink"`` (the slopes of both sides differ), ``"jump"`` (the values differ) or
            ``"end"`` (of the domain, or a pole: the slope is infinite, or there is none).
        taken: what stands for the derivative there, by the input, in words.
    """

    where: Callable[..., Any]
    kind: str
    taken: str


def _whole(x: Array) -> Any:
    return np.isfinite(x) & (x == np.rint(x))


def _tied(x: Array, y: Array) -> Any:
    return x == y


_EITHER = Singularity(_tied, "jump", "that of the side that is taken")

SINGULARITIES: Final[dict[str, Singularity]] = {
    "abs": Singularity(lambda x: x == 0, "kink", "0, the middle of both sides"),
    "relu": Singularity(lambda x: x == 0, "kink", "0, the flat side"),
    "maximum": Singularity(_tied, "kink", "1/2 to each; 0 beside a number, which is a bound"),
    "minimum": Singularity(_tied, "kink", "1/2 to each; 0 beside a number, which is a bound"),
    "sign": Singularity(lambda x: x == 0, "jump", "0"),
    "floor": Singularity(_whole, "jump", "0"),
    "ceil": Singularity(_whole, "jump", "0"),
    "round": Singularity(lambda x: _whole(x - 0.5), "jump", "0"),
    "floor_divide": Singularity(lambda x, y: _whole(x / y), "jump", "0"),
    "remainder": Singularity(lambda x, y: _whole(x / y), "jump", "1"),
    **dict.fromkeys(
        ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"), _EITHER
    ),
    "sqrt": Singularity(lambda x: x == 0, "end", "infinity, the limit"),
    **dict.fromkeys(
        ("log", "log2", "log10"), Singularity(lambda x: x == 0, "end", "infinity, the limit")
    ),
    "log1p": Singularity(lambda x: x == -1, "end", "infinity, the limit"),
    "asin": Singularity(lambda x: np.abs(x) == 1, "end", "infinity, the limit"),
    "acos": Singularity(lambda x: np.abs(x) == 1, "end", "minus infinity, the limit"),
    "acosh": Singularity(lambda x: x == 1, "end", "infinity, the limit"),
    "atanh": Singularity(lambda x: np.abs(x) == 1, "end", "infinity, the limit"),
    "divide": Singularity(lambda x, y: y == 0, "end", "what the quotient by 0 gives"),
    "pow": Singularity(
        lambda x, y: (x == 0) & (y < 1) & (y != 0), "end", "the limit from above by the base"
    ),
    "atan2": Singularity(lambda x, y: (x == 0) & (y == 0), "jump", "0"),
}


def singular(equation: Equation) -> Singularity | None:
    """Say whether an equation stands at a point where its op has no derivative.

    A function composed of ops may be smooth all the same, as ``abs(x) * abs(x)`` is: compare the
    quotients of differences from both sides where it matters. Functions that are composed of a
    choice, such as ``leaky_relu``, show themselves by the comparison that they make.

    Args:
        equation: one with values, such as ``y.equation`` of a tensor ``y`` that was computed
            from a tensor with ``requires_grad=True``.

    Returns:
        Kind of the point and what is taken for the derivative, or ``None`` for a smooth one.

    >>> import nissl
    >>> y = nissl.abs(nissl.tensor([0.0, 2.0], requires_grad=True))
    >>> found = singular(y.equation)
    >>> found.kind, found.taken
    ('kink', '0, the middle of both sides')
    >>> singular((y + 1).equation) is None
    True
    """
    found = SINGULARITIES.get(equation.op.name)
    if found is None:
        return None
    values = [x.value for x in equation.inputs]
    if any(value is None for value in values):
        return None
    with np.errstate(all="ignore"):
        return found if bool(np.any(found.where(*values))) else None
