"""Functions that neurons and losses are made of, written so that nothing overflows on the way."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nissl.arguments import flag, number
from nissl.core import dtypes
from nissl.core.functions import arithmetic as a
from nissl.core.functions import logic
from nissl.core.functions.convert import asarray, astype, unary
from nissl.core.functions.manipulation import squeeze
from nissl.core.functions.reduce import max, sum
from nissl.core.op import apply
from nissl.core.operators import Operators
from nissl.core.ops import elementwise, normalise
from nissl.core.ops.shapes import normalise_axes, normalise_axis
from nissl.core.tensor import Axis, Tensor, TensorLike

__all__ = [
    "relu", "leaky_relu", "sigmoid", "softplus", "log_sigmoid", "hard_tanh", "heaviside", "elu",
    "selu", "silu", "gelu", "softsign", "log_cosh", "softmax", "logsumexp", "log_softmax",
]  # fmt: skip


def _float(x: TensorLike) -> Tensor:
    x = asarray(x)
    return x if dtypes.is_floating(x.dtype) else astype(x, dtypes.default_float())


def relu(x: TensorLike) -> Tensor:
    """Rectified linear unit ``max(0, x)``; its derivative at the kink, 0, is taken as 0."""
    return unary(elementwise.relu, x)


def _factor(who: str, name: str, value: Any) -> Any:
    """A number, or what may be a tensor of one."""
    return value if isinstance(value, float | Operators) else number(who, name, value)


def _right(x: Tensor, left_slope: TensorLike) -> Tensor:
    """Where the side of slope 1 holds: at 0 too if the left is steeper, so the smaller is taken."""
    if isinstance(left_slope, int | float):
        return x >= 0 if left_slope > 1 else x > 0
    return (x > 0) | ((x == 0) & (a.abs(a.stop_gradient(left_slope)) > 1))


def leaky_relu(x: TensorLike, negative_slope: float = 0.2) -> Tensor:
    """``max(0, x) + negative_slope * min(0, x)``; at 0 the derivative is the smaller slope."""
    x, negative_slope = _float(x), _factor("leaky_relu", "negative_slope", negative_slope)
    return a.where(_right(x, negative_slope), x, x * negative_slope)


def sigmoid(x: TensorLike) -> Tensor:
    """Logistic function ``1 / (1 + exp(-x))``."""
    return unary(elementwise.sigmoid, x)


def softplus(x: TensorLike) -> Tensor:
    """``log(1 + exp(x))``, equal to ``x`` for large ``x``."""
    return unary(elementwise.softplus, x)


def log_sigmoid(x: TensorLike) -> Tensor:
    """``log(sigmoid(x))``, without underflow."""
    return -softplus(-asarray(x))


def hard_tanh(x: TensorLike) -> Tensor:
    """``max(-1, min(1, x))``; its derivative at the kinks, -1 and 1, is taken as 0."""
    return a.clip(_float(x), -1.0, 1.0)


def heaviside(x: TensorLike) -> Tensor:
    """Heaviside step: 0 below 0, and 1 from 0 on; derivative 0 everywhere, also at the jump."""
    x = _float(x)
    return a.where(logic.isnan(x), x, astype(x >= 0, x.dtype))


def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """``x`` above 0 and ``alpha * (exp(x) - 1)`` below (Clevert et al. 2016, eq. 15).

    At 0 the derivative is taken as the smaller of both sides' slopes, 1 and ``alpha``.
    """
    x, alpha = _float(x), _factor("elu", "alpha", alpha)
    right = _right(x, alpha)
    return a.where(right, x, a.expm1(a.where(right, 0.0, x)) * alpha)


def selu(x: TensorLike) -> Tensor:
    """Self-normalising ELU (Klambauer et al. 2017, eq. 2 and 14)."""
    return elu(x, 1.6732632423543772848170429916717) * 1.0507009873554804934193349852946


FAR = 1e4  # beyond, a sigmoid is 0 or 1 in every dtype


def gated(x: Tensor, gate: Tensor) -> Tensor:
    """``x * gate`` for a gate that ends at 0 on the left and 1 on the right, also at infinity.

    Far to the left a zero wins over any ``x``, and far to the right only ``x`` is left, so that
    values and derivatives are the limits.
    """
    if x.value is not None and bool((np.abs(x.value) <= FAR).all()):
        return x * gate  # as nearly always, when values are there to be looked at
    near = a.where(a.abs(x) > FAR, 0.0, x)
    return near * gate + a.where(x > FAR, x, 0.0)


def silu(x: TensorLike) -> Tensor:
    """``x * sigmoid(x)``, also called swish."""
    x = _float(x)
    return gated(x, sigmoid(x))


def gelu(x: TensorLike, approximate: bool = False) -> Tensor:
    """``x * Phi(x)`` with the normal distribution's Phi (Hendrycks and Gimpel 2016).

    Args:
        x: floating tensor.
        approximate: use their approximation by tanh.
    """
    x = _float(x)
    if flag("gelu", "approximate", approximate):
        near = a.clip(x, -10.0, 10.0)  # beyond, tanh is 1 in every dtype, and the cube overflows
        inner = math.sqrt(2 / math.pi) * (near + 0.044715 * near * near * near)
        return gated(x, 0.5 * (1 + a.tanh(inner)))
    return gated(x, 0.5 * a.erfc(x * -math.sqrt(0.5)))  # 1 + erf would cancel


def softsign(x: TensorLike) -> Tensor:
    """``x / (1 + abs(x))``, of slope ``1 / (1 + abs(x))**2``."""
    return unary(elementwise.softsign, x)


def log_cosh(x: TensorLike) -> Tensor:
    """``log(cosh(x))``: ``x**2 / 2`` near 0, ``abs(x) - log(2)`` far from it, without overflow."""
    return unary(elementwise.log_cosh, x)


def softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """``exp(x) / sum(exp(x))`` along ``axis``: positive numbers that add up to 1."""
    x = _float(x)
    return apply(normalise.softmax, (x,), {"axis": normalise_axis("softmax", axis, x.ndim)})


def _peak(x: Tensor, axis: Axis) -> tuple[Tensor, Tensor]:
    """The largest element along ``axis``, and the same to be subtracted before ``exp``: 0 if not
    finite."""
    peak = max(x, axis=axis, keepdims=True)
    still = a.stop_gradient(peak)
    return peak, a.where(logic.isfinite(still), still, 0.0)


def logsumexp(x: TensorLike, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """``log(sum(exp(x)))`` along ``axis``, without overflow; -inf where all are -inf.

    Where the largest element is infinite, the derivative is shared by those that equal it.
    """
    x = _float(x)
    axes = normalise_axes("logsumexp", axis, x.ndim)
    peak, shift = _peak(x, axes)
    endless = logic.isinf(peak)
    if endless.value is None or endless.value.any():
        x = a.where(endless, 0.0, x)
        total = a.where(endless, peak, _log_of_sum(x - shift, axes) + shift)
    else:
        total = _log_of_sum(x - shift, axes) + shift
    return total if flag("logsumexp", "keepdims", keepdims) else squeeze(total, axes)


def _log_of_sum(x: Tensor, axis: Axis) -> Tensor:
    return a.log(sum(a.exp(x), axis=axis, keepdims=True))


def log_softmax(x: TensorLike, axis: int = -1) -> Tensor:
    """``log(softmax(x))`` along ``axis``, without underflow."""
    x = _float(x)
    axis = normalise_axis("log_softmax", axis, x.ndim)
    shifted = x - _peak(x, axis)[1]
    return shifted - _log_of_sum(shifted, axis)
