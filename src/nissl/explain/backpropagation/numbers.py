"""The numbers of one step of backpropagation, by the textbook's recursion and by autodiff.

Both are computed in float64, whatever the model's dtype, from the same weights. The recursion is
Bishop's (*Pattern Recognition and Machine Learning*, 2006, section 5.3.1): ``delta_j = h'(a_j)
sum_k w_kj delta_k`` and ``dE_n/dw_ji = delta_j z_i``. It knows of the rest of Nissl only the
activation functions, their slopes, and the loss. What it is compared with calls the model's own
layers and its loss, and pulls back through all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nissl import activations, losses
from nissl.autodiff import value_and_grad, vjp
from nissl.core import functions as F
from nissl.core.tensor import Tensor
from nissl.core.variable import Capture, Variable, capture
from nissl.errors import ArgumentError, ShapeError
from nissl.explain.backpropagation.stages import Stage, Stages
from nissl.losses import Loss

__all__ = [
    "SQUARED",
    "Numbers",
    "StageNumbers",
    "by_autodiff",
    "by_hand",
    "output_rule",
    "share_of",
]

Array: TypeAlias = NDArray[np.float64]
Weights: TypeAlias = Sequence[tuple[Array, Array | None]]

SQUARED = (losses.HalfSquaredError, losses.MeanSquaredError)  # their derivative is y - t, scaled


@dataclass(frozen=True, eq=False)
class StageNumbers:
    """One stage: a row a sample, a column a unit, unless said otherwise.

    Attributes:
        kernel, bias: weights before the update, ``(inputs, units)`` and ``(units,)`` or ``None``.
        inputs: ``z_i`` of the stage before, or ``x_i``, ``(batch, inputs)``.
        a, z: before and after the activation function.
        slope: ``h'(a_j)``, or ``None`` where ``h`` mixes units.
        pulled: what comes back to ``z_j``: ``sum_k w_kj delta_k``, at the output ``dE_n/dy_k``.
        delta: ``dE_n/da_j``.
        kernel_slope, bias_slope: ``dE/dw`` over the batch, shaped as the weights.
    """

    kernel: Array
    bias: Array | None
    inputs: Array
    a: Array
    z: Array
    slope: Array | None
    pulled: Array
    delta: Array
    kernel_slope: Array
    bias_slope: Array | None


@dataclass(frozen=True, eq=False)
class Numbers:
    """One step.

    Attributes:
        stages: in order.
        error: ``E`` over the batch.
        errors: ``E_n`` of each sample.
        shares: how much of each ``E_n`` is in ``E``.
        rule: ``delta_k = y_k - t_k``, where a softmax or sigmoid meets its crossentropy.
    """

    stages: tuple[StageNumbers, ...]
    error: float
    errors: Array
    shares: Array
    rule: OutputRule | None


# ---- by hand ----------------------------------------------------------------------------------
def by_hand(stages: Stages, weights: Weights, loss: Loss, x: Array, t: NDArray[Any]) -> Numbers:
    """Propagate forward and back, stage by stage.

    Args:
        stages: the model.
        weights: kernel and bias of each stage.
        loss: the error function.
        x: what the first stage sees, ``(batch, inputs)``.
        t: targets, one a row.
    """
    forward: list[tuple[Array, Array, Array]] = []
    z = x
    for stage, (kernel, bias) in zip(stages.stages, weights, strict=True):
        before = z
        a = F.matmul(F.asarray(z), F.asarray(kernel))  # (batch, units)
        a = (a if bias is None else a + F.asarray(bias)).numpy()
        z = stage.function(F.asarray(a)).numpy()
        forward.append((before, a, z))
    errors, error, shares = _evaluated(loss, t, stages.stages[-1], forward[-1][1])
    counted = (shares != 0)[:, None]
    rule = output_rule(stages.stages[-1], loss, t, z)
    found: list[StageNumbers] = []
    for place in reversed(range(len(forward))):
        (before, a, z), (kernel, bias) = forward[place], weights[place]
        if found:
            pulled = pull_back(found[-1].kernel, found[-1].delta)
        else:
            pulled = np.where(counted, _output_slope(loss, t, z), 0.0)
        delta, slope = pull_through(stages.stages[place], a, pulled)
        if rule is not None and not found:
            delta = np.where(counted, rule.delta, 0.0)
        scaled = F.asarray(shares[:, None] * delta)
        kernel_slope = F.matmul(F.asarray(before.T), scaled).numpy()
        bias_slope = None if bias is None else F.sum(scaled, axis=0).numpy()
        found.append(
            StageNumbers(kernel, bias, before, a, z, slope, pulled, delta, kernel_slope, bias_slope)
        )
    return Numbers(tuple(reversed(found)), error, errors, shares, rule)


def pull_back(kernel: Array, delta: Array) -> Array:
    """Return ``sum_k w_kj delta_k`` for each unit ``j`` below, ``(batch, inputs)``."""
    return F.matmul(F.asarray(delta), F.asarray(kernel.T)).numpy()


def pull_through(stage: Stage, a: Array, pulled: Array) -> tuple[Array, Array | None]:
    """Return ``dE_n/da`` from ``dE_n/dz``, and the slopes ``h'(a)`` if each is a number."""
    value, back = vjp(stage.function, F.asarray(a))
    if not stage.elementwise:
        return back(F.asarray(pulled))[0].numpy(), None
    slope: Array = back(F.ones_like(value))[0].numpy()
    return (F.asarray(slope) * F.asarray(pulled)).numpy(), slope


# ---- the error function -----------------------------------------------------------------------
def _evaluated(loss: Loss, t: NDArray[Any], last: Stage, a: Array) -> tuple[Array, float, Array]:
    """``E_n`` of each sample, ``E``, and the share of each sample in ``E``.

    The loss is given what the last activation function makes of ``a`` with its history, as in
    training: a crossentropy then computes with the logits.
    """
    rows = len(a)

    def both(given: Tensor) -> tuple[Tensor, Tensor]:
        y = last.function(given)
        return _each(loss, t, y), loss(t, y)

    (each, whole), _back = vjp(both, F.asarray(a))
    mask = loss.mask(F.asarray(t))
    counts = np.ones(rows) if mask is None else mask.numpy().reshape(rows, -1)[:, 0] * 1.0
    errors = np.where(counts > 0, each.numpy(), 0.0)
    return errors, float(whole.item()), counts * share_of(loss, counts)


def share_of(loss: Loss, counts: Array) -> float:
    """Return what each sample that counts contributes to ``E``: 1, or 1 over their number."""
    if loss.reduction in (None, "none"):
        raise ArgumentError(
            f"the loss {loss.name!r} with reduction={loss.reduction!r} gives a number a sample, "
            "and a gradient needs one in all; use reduction='sum_over_batch_size' or 'sum'"
        )
    return 1.0 if loss.reduction == "sum" else 1.0 / max(float(counts.sum()), 1.0)


def _each(loss: Loss, t: NDArray[Any], y: Tensor) -> Tensor:
    """``E_n`` of each sample, added up or averaged as the loss does over all."""
    values = loss.values(t, y)
    rows = y.shape[0]
    if values.shape[:1] != (rows,):
        if rows != 1 or values.size != 1:
            raise ShapeError(
                f"the loss {loss.name!r} gives {values.shape} for {rows} samples; backpropagation "
                f"of a batch needs one number a sample, shape {(rows,)}"
            )
        values = F.reshape(values, (1,))
    reduce = F.sum if loss.reduction == "sum" else F.mean
    return values if values.ndim == 1 else reduce(F.reshape(values, (rows, -1)), axis=1)


def _output_slope(loss: Loss, t: NDArray[Any], y: Array) -> Array:
    """``dE_n/dy_k``, the loss differentiated by what the network gives."""
    _value, slope = value_and_grad(lambda given: F.sum(_each(loss, t, given)))(F.asarray(y))
    return slope.numpy()


@dataclass(frozen=True, eq=False)
class OutputRule:
    """``delta_k = (y_k - t_k) / parts``, where activation and crossentropy belong together."""

    delta: Array
    targets: Array
    parts: int


def output_rule(stage: Stage, loss: Loss, t: NDArray[Any], z: Array) -> OutputRule | None:
    """Return what becomes of softmax or sigmoid before its crossentropy; ``None`` for others.

    The loss sees the logits behind them, so that nothing is divided by a rounded probability
    (Bishop 2006, section 5.2, around eq. 5.18: the canonical link).
    """
    if isinstance(loss, losses.Crossentropy):
        loss = loss.chosen(t.shape, z.shape)
    if getattr(loss, "from_logits", True) or getattr(loss, "axis", -1) not in (-1, 1):
        return None  # is no crossentropy, or not one of these outputs
    softmax, sigmoid = (stage.function is f for f in (activations.softmax, activations.sigmoid))
    smoothing, parts, classes = getattr(loss, "label_smoothing", 0.0), 1, z.shape[1]
    if softmax and isinstance(loss, losses.SparseCategoricalCrossentropy):
        targets = (t.reshape(-1, 1) == np.arange(classes)) * 1.0
    elif softmax and isinstance(loss, losses.CategoricalCrossentropy) and t.shape == z.shape:
        targets = t * (1.0 - smoothing) + smoothing / classes
    elif sigmoid and isinstance(loss, losses.BinaryCrossentropy):
        targets, parts = t.reshape(z.shape) * (1.0 - smoothing) + smoothing / 2, classes
    else:
        return None
    given = np.asarray(targets, np.float64)
    if softmax and not np.allclose(given.sum(axis=1), 1.0, rtol=0.0, atol=1e-12):
        return None
    return OutputRule((F.asarray(z) - F.asarray(given)).numpy() / parts, given, parts)


# ---- by autodiff ------------------------------------------------------------------------------
def by_autodiff(
    stages: Stages, weights: Weights, loss: Loss, x: NDArray[Any], t: NDArray[Any]
) -> tuple[list[Array], list[Array]]:
    """Return the gradient of ``E``, pulled back through the model's layers and its loss at once.

    Args:
        stages, weights, loss, t: as for :func:`by_hand`.
        x: what the model sees, one sample a row.

    Returns:
        For each weight, kernel and bias of each stage in turn, ``dE/dw``: once with the layers'
        arithmetic in float64, and once as the model computes it, in its own dtype.
    """
    variables = stages.variables
    given = [value for pair in weights for value in pair if value is not None]

    def through_layers(values: Tensor) -> Tensor:
        for layer in stages.layers:
            values = layer.call(values)  # without the cast to the layer's dtype
        return values

    exact = _pulled(through_layers, variables, given, loss, F.asarray(x, np.float64), t)
    rounded = [value.astype(v.dtype) for value, v in zip(given, variables, strict=True)]
    own = _pulled(stages.model, variables, rounded, loss, F.asarray(x), t)
    return exact, own


def _pulled(
    function: Callable[[Tensor], Tensor],
    variables: Sequence[Variable],
    values: Sequence[NDArray[Any]],
    loss: Loss,
    x: Tensor,
    t: NDArray[Any],
) -> list[Array]:
    def error(given: list[Tensor]) -> Tensor:
        instead = Capture()
        instead.writes.update(zip(variables, given, strict=True))
        with capture(instead):
            return loss(t, function(x))

    _value, slopes = value_and_grad(error)([F.asarray(value) for value in values])
    return [np.asarray(slope.numpy(), np.float64) for slope in slopes]
