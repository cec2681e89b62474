"""Activation functions by name, as layers ask for them.

Most are functions of :mod:`nissl` itself, so ``nissl.activations.tanh is nissl.tanh``.
:data:`FACTS` says of each its formula, its derivative's, its range, and the value taken as
derivative at each kink; the tests hold the functions to it.

>>> import nissl
>>> nissl.activations.get("relu")(nissl.asarray([-1.0, 2.0])).tolist()
[0.0, 2.0]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nissl.arguments import number
from nissl.core import functions as F
from nissl.core.functions import abs as absolute
from nissl.core.functions import (
    elu,
    gelu,
    hard_tanh,
    heaviside,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    selu,
    sigmoid,
    sign,
    silu,
    softmax,
    softplus,
    softsign,
    tanh,
)
from nissl.core.functions import exp as exponential
from nissl.core.functions.neural import gated
from nissl.core.tensor import Tensor, TensorLike
from nissl.names import absent
from nissl.registry import Registry

__all__ = [
    "FACTS",
    "Facts",
    "absolute",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "heaviside",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "name_of",
    "registry",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "sign",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]

registry: Registry[Callable[..., Tensor]] = Registry("activation", "keras.activations")

for _function, _names in {
    absolute: ("absolute", "abs"),
    elu: ("elu",),
    exponential: ("exponential",),
    gelu: ("gelu",),
    hard_tanh: ("hard_tanh", "hardtanh"),
    heaviside: ("heaviside", "step"),
    leaky_relu: ("leaky_relu",),
    log_sigmoid: ("log_sigmoid",),
    log_softmax: ("log_softmax",),
    selu: ("selu",),
    sigmoid: ("sigmoid",),
    sign: ("sign", "sgn"),
    silu: ("silu", "swish"),
    softmax: ("softmax",),
    softplus: ("softplus",),
    softsign: ("softsign",),
    tanh: ("tanh",),
}.items():
    registry.add(*_names[1:], name=_names[0])(_function)


@registry.add("identity")
def linear(x: TensorLike) -> Tensor:
    """Return ``x`` as it is: ``f(x) = x``, of any range, with derivative 1."""
    return F.asarray(x)


@registry.add()
def relu(
    x: TensorLike,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Tensor:
    r"""Rectified linear unit, ``max(0, x)``, with Keras's three settings.

    ``f(x) = min(x, max_value)`` for ``x > threshold`` and ``negative_slope * (x - threshold)``
    elsewhere. With the defaults the range is ``[0, inf)``. The derivative at the kink,
    ``threshold``, is taken from its left side (0 with the defaults), and at ``max_value`` as 0.

    Args:
        x: tensor of any shape.
        negative_slope: slope below the threshold, at least 0.
        max_value: largest value, at least 0; ``None`` for no bound.
        threshold: where the unit starts to fire.

    Raises:
        ArgumentError, ArgumentTypeError: a setting is no number, or ``negative_slope`` or
            ``max_value`` is negative.

    >>> relu([-2.0, 3.0, 9.0], negative_slope=0.5, max_value=6.0).tolist()
    [-1.0, 3.0, 6.0]
    """
    if negative_slope == 0 and threshold == 0:
        y = F.relu(x)
    else:
        slope = number("relu", "negative_slope", negative_slope, least=0)
        kink = number("relu", "threshold", threshold)
        x = F.asarray(x) * 1.0
        y = F.where(x > kink, x, (x - kink) * slope)
    if max_value is None:
        return y
    most = number("relu", "max_value", max_value, least=0)
    return F.where(y >= most, most, y)


@registry.add()
def relu6(x: TensorLike) -> Tensor:
    """``min(max(0, x), 6)``, of range [0, 6]; its derivative at the kinks 0 and 6 is taken as 0."""
    return relu(x, max_value=6.0)


@registry.add()
def hard_sigmoid(x: TensorLike) -> Tensor:
    """``relu6(x + 3) / 6``, of range [0, 1]; its derivative at the kinks -3 and 3 is taken as 0."""
    return relu6(F.asarray(x) + 3.0) / 6.0


@registry.add("hard_swish")
def hard_silu(x: TensorLike) -> Tensor:
    """``x * hard_sigmoid(x)``, from -3/8 up; derivative 0 at the kink -3, and 1 at 3."""
    x = F.asarray(x) * 1.0
    return gated(x, hard_sigmoid(x))


@registry.add()
def mish(x: TensorLike) -> Tensor:
    """``x * tanh(softplus(x))``, from about -0.309 up, smooth everywhere (Misra 2019, eq. 1)."""
    x = F.asarray(x) * 1.0
    return gated(x, tanh(softplus(x)))


@dataclass(frozen=True)
class Facts:
    """What is known of an activation function.

    Attributes:
        formula: LaTeX, in ``x``; for a function of a vector its element ``i``, of ``x_i``.
        derivative: LaTeX of its derivative by ``x``, off the kinks; for a function of a vector of
            element ``i`` by ``x_j``.
        low, high: the range; every value lies between them.
        kinks: points where there is no derivative, each with the value that is taken for it.
        settings: arguments of the function that stand in the formula, each with its letter.
        constants: other letters of the formula, each with its value.
    """

    formula: str
    derivative: str
    low: float
    high: float
    kinks: Mapping[float, float] = field(default_factory=dict[float, float])
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    constants: Mapping[str, float] = field(default_factory=dict[str, float])


_INF = math.inf
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_LAMBDA = 1.0507009873554804934193349852946


def _when(*cases: tuple[str, str], otherwise: str) -> str:
    """Values, each with its condition, in LaTeX."""
    pieces = [rf"{value} \text{{ if }} {condition},\ " for value, condition in cases]
    return "".join(pieces) + rf"{otherwise} \text{{ otherwise}}"


FACTS: dict[str, Facts] = {
    "absolute": Facts(
        r"|x|", _when(("1", "x > 0"), ("-1", "x < 0"), otherwise="0"), 0, _INF, {0: 0}
    ),
    "elu": Facts(
        _when(("x", "x > 0"), otherwise=r"\alpha (e^x - 1)"),
        _when(("1", "x > 0"), otherwise=r"\alpha e^x"),
        -1,
        _INF,
        settings={"alpha": r"\alpha"},
    ),
    "exponential": Facts(r"e^x", r"e^x", 0, _INF),
    "gelu": Facts(r"x \, \Phi(x)", r"\Phi(x) + x \, \varphi(x)", -0.17, _INF),
    "hard_sigmoid": Facts(
        r"\min(\max(0, x + 3), 6) / 6",
        _when(("1 / 6", "-3 < x < 3"), otherwise="0"),
        0,
        1,
        {-3: 0, 3: 0},
    ),
    "hard_silu": Facts(
        r"x \min(\max(0, x + 3), 6) / 6",
        _when((r"0", r"x \leq -3"), (r"(2 x + 3) / 6", "x < 3"), otherwise="1"),
        -0.375,
        _INF,
        {-3: 0, 3: 1},
    ),
    "hard_tanh": Facts(
        r"\max(-1, \min(1, x))",
        _when(("1", "-1 < x < 1"), otherwise="0"),
        -1,
        1,
        {-1: 0, 1: 0},
    ),
    "heaviside": Facts(_when(("0", "x < 0"), otherwise="1"), "0", 0, 1, {0: 0}),
    "leaky_relu": Facts(
        r"\max(0, x) + \alpha \min(0, x)",
        _when(("1", "x > 0"), otherwise=r"\alpha"),
        -_INF,
        _INF,
        {0: 0.2},
        settings={"negative_slope": r"\alpha"},
    ),
    "linear": Facts(r"x", "1", -_INF, _INF),
    "log_sigmoid": Facts(r"-\ln(1 + e^{-x})", r"1 / (1 + e^x)", -_INF, 0),
    "log_softmax": Facts(
        r"x_i - \ln \sum_k e^{x_k}", r"\delta_{ij} - e^{x_j} / \sum_k e^{x_k}", -_INF, 0
    ),
    "mish": Facts(
        r"x \tanh(\ln(1 + e^x))",
        r"\tanh(\ln(1 + e^x)) + x (1 - \tanh^2(\ln(1 + e^x))) / (1 + e^{-x})",
        -0.309,
        _INF,
    ),
    "relu": Facts(r"\max(0, x)", _when(("1", "x > 0"), otherwise="0"), 0, _INF, {0: 0}),
    "relu6": Facts(
        r"\min(\max(0, x), 6)", _when(("1", "0 < x < 6"), otherwise="0"), 0, 6, {0: 0, 6: 0}
    ),
    "selu": Facts(
        _when((r"\lambda x", "x > 0"), otherwise=r"\lambda \alpha (e^x - 1)"),
        _when((r"\lambda \alpha e^x", "x < 0"), otherwise=r"\lambda"),
        -1.7581,
        _INF,
        {0: _SELU_LAMBDA},
        constants={r"\alpha": _SELU_ALPHA, r"\lambda": _SELU_LAMBDA},
    ),
    "sigmoid": Facts(r"1 / (1 + e^{-x})", r"h(x) (1 - h(x))", 0, 1),
    "sign": Facts(_when(("-1", "x < 0"), ("0", "x = 0"), otherwise="1"), "0", -1, 1, {0: 0}),
    "silu": Facts(r"x / (1 + e^{-x})", r"(1 + x - h(x)) / (1 + e^{-x})", -0.279, _INF),
    "softmax": Facts(r"e^{x_i} / \sum_k e^{x_k}", r"h_i (\delta_{ij} - h_j)", 0, 1),
    "softplus": Facts(r"\ln(1 + e^x)", r"1 / (1 + e^{-x})", 0, _INF),
    "softsign": Facts(r"x / (1 + |x|)", r"1 / (1 + |x|)^2", -1, 1),
    "tanh": Facts(r"\tanh x", r"1 - \tanh^2 x", -1, 1),
}


def get(identifier: Any) -> Callable[..., Tensor]:
    """Return the activation function that a name, a config or a function means.

    Args:
        identifier: a name such as ``"relu"``, what :func:`serialize` gave, a function of one
            tensor, or ``None``, which means :func:`linear`.

    Raises:
        UnknownNameError: for an unknown name; it says which known one is nearest.
        ArgumentTypeError: for anything else.
    """
    if identifier is F.relu:  # the same without settings
        return relu
    return linear if identifier is None else registry.get(identifier)


def serialize(function: Any) -> Any:
    """Return the name of an activation function, as model files write it."""
    return registry.serialize(relu if function is F.relu else function)


def name_of(function: Callable[..., Any]) -> str:
    """Return what an activation function is called: its registered name, or its own.

    >>> name_of(tanh), name_of(lambda x: x)
    ('tanh', '<lambda>')
    """
    for name in registry:
        if registry.lookup(name) is (relu if function is F.relu else function):
            return name
    return str(getattr(function, "__name__", type(function).__name__))


def deserialize(config: Any) -> Callable[..., Tensor]:
    """Return the function that :func:`serialize` described."""
    return get(config)


if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
