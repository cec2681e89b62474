"""Warnings before training: outputs that cannot mean what the loss takes them for.

Such a network trains, and its loss even falls, but it cannot learn what was meant: a softmax of one
unit is always 1, and a crossentropy of outputs that are no probabilities has no meaning.
"""

from __future__ import annotations

import warnings
from typing import Any

from nissl import losses
from nissl.core.tensor import Tensor
from nissl.layers.base import Layer

_CATEGORICAL = (losses.CategoricalCrossentropy, losses.SparseCategoricalCrossentropy)
_CROSSENTROPIES = (losses.BinaryCrossentropy, losses.Crossentropy, *_CATEGORICAL)
_PASSED_OVER = ("astype", "reshape", "stop_gradient")


def warn_of(model: Layer, prediction: Tensor, loss: Any) -> None:
    """Warn if the last thing that a model does to its output does not fit its loss.

    Args:
        model: the model.
        prediction: its output, traced.
        loss: the loss that it was compiled with.
    """
    found = _misfit(prediction, loss)
    if found is not None:
        # the line that called fit or evaluate
        warnings.warn(f"model {model.name!r}: {found}", UserWarning, stacklevel=5)


def _misfit(prediction: Tensor, loss: Any) -> str | None:
    """Say what does not fit, and what to do; ``None`` where nothing is known to be wrong."""
    units = prediction.shape[-1] if prediction.ndim else 1
    last = _last_op(prediction)
    if last == "softmax" and units == 1:
        return (
            "its output is a softmax of one unit, which is 1 whatever goes in. For two classes use "
            "Dense(1, activation='sigmoid') with binary_crossentropy, or one unit a class"
        )
    if not isinstance(loss, _CROSSENTROPIES):
        return None
    name = loss.name
    if loss.from_logits:
        if last not in ("softmax", "sigmoid"):
            return None
        return (
            f"{name} has from_logits=True, and the output is a {last}, which gives probabilities. "
            "Leave out from_logits, or the activation"
        )
    if isinstance(loss, _CATEGORICAL) and units == 1:
        return (
            f"{name} of one output is always 0. For two classes use Dense(1, activation='sigmoid') "
            "with binary_crossentropy, or one unit a class"
        )
    categorical = units > 1 and not isinstance(loss, losses.BinaryCrossentropy)
    fitting = "softmax" if categorical else "sigmoid"
    if last == "sigmoid" and isinstance(loss, _CATEGORICAL):
        return (
            f"the output is a sigmoid, whose {units} probabilities do not add up to 1 as {name} "
            "expects. Use activation='softmax', or binary_crossentropy for several labels at once"
        )
    if last in ("linear", "relu", "tanh"):
        return (
            f"the output is {last} in the last layer, and {name} takes it for probabilities. Use "
            f"activation={fitting!r}, or a loss with from_logits=True"
            + (" and no activation" if last != "linear" else "")
        )
    return None


def _last_op(prediction: Tensor) -> str | None:
    """The op that made a prediction; ``"linear"`` for a matrix product, with a bias or without."""
    equation = prediction.equation
    while equation is not None and equation.op.name in _PASSED_OVER:
        equation = equation.inputs[0].equation
    if equation is None:
        return None
    name = equation.op.name
    if name == "matmul":
        return "linear"
    if name == "add":
        made_by = (each.equation for each in equation.inputs)
        products = any(each is not None and each.op.name == "matmul" for each in made_by)
        return "linear" if products else name
    return name
