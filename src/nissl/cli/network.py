"""The network of a run: plain layers, and scaling that the saved file carries in itself.

Bytes (pictures) are scaled by a ``Rescaling`` layer at the front. Other inputs, and the targets of
a regression, are standardised for training; afterwards this is folded into the first and the last
``Dense`` layer, so that the saved model takes raw values and gives raw values:
``K ((x - m) / s) + b = (K / s) x + (b - K m / s)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nissl import layers
from nissl.cli.settings import Settings
from nissl.layers import Input
from nissl.models import Sequential

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Standard:
    """``(x - mean) / deviation``, for numbers, or one for each feature.

    Args:
        mean, deviation: arrays that broadcast with one sample; deviations are above 0.
    """

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, samples: Array) -> Standard:
        """Measure samples: each column of a table; a picture or a target as a whole."""
        axis = 0 if samples.ndim == 2 else None
        mean = np.mean(samples, axis, np.float64)
        deviation = np.std(samples, axis, np.float64)
        return cls(np.asarray(mean), np.where(deviation > 0, deviation, 1.0))

    def apply(self, samples: Array, dtype: type = np.float32) -> Array:
        """Standardise samples, as numbers of a dtype."""
        return ((samples - self.mean) / self.deviation).astype(dtype)


def largest(samples: Array) -> float:
    """The largest value of bytes, by which they are scaled into 0 to 1; 1 if all are 0."""
    return float(samples.max()) or 1.0


def is_bytes(samples: Array) -> bool:
    """Whether samples are bytes, which stay bytes until they are in the network."""
    return samples.dtype == np.uint8


def build(
    settings: Settings,
    sample_shape: tuple[int, ...],
    outputs: int,
    task: str,
    scale: float | None,
    dtype: type = np.float32,
) -> Sequential:
    """Make and compile the network.

    Args:
        settings: how it looks and how it is trained.
        sample_shape: shape of one sample.
        outputs: number of classes, or of target values.
        task: ``"classification"`` or ``"regression"``.
        scale: what bytes are divided by; ``None`` for other inputs.
        dtype: of all layers; float64 for samples that float32 would make the same.
    """
    kind: dict[str, Any] = {} if dtype is np.float32 else {"dtype": np.dtype(dtype).name}
    stack: list[Any] = [Input(sample_shape, **kind)]
    if scale is not None:
        stack.append(layers.Rescaling(1 / scale))
    if len(sample_shape) > 1:
        stack.append(layers.Flatten(**kind))
    for units in settings.hidden:
        stack.append(layers.Dense(units, activation=settings.activation, **kind))
        if settings.dropout:
            stack.append(layers.Dropout(settings.dropout, **kind))
    classifies = task == "classification"
    last = "softmax" if classifies else None
    stack.append(layers.Dense(outputs, activation=last, **kind))
    model = Sequential(stack)
    model.compile(
        optimizer=settings.make_optimizer(),
        loss="sparse_categorical_crossentropy" if classifies else "mean_squared_error",
        metrics=["accuracy"] if classifies else ["mean_absolute_error"],
    )
    return model


def fold(model: Any, inputs: Standard | None, targets: Standard | None, optimizer: Any) -> None:
    """Change the first and last ``Dense`` layer so that raw values go in and come out.

    Args:
        model: the trained network.
        inputs, targets: how they were standardised; ``None`` for not at all.
        optimizer: a new one, for whoever trains the changed network on.
    """
    dense = [layer for layer in model.layers if isinstance(layer, layers.Dense)]
    if inputs is not None:
        kernel, bias = (np.asarray(each, np.float64) for each in dense[0].get_weights())
        rows = np.broadcast_to(1 / inputs.deviation, kernel.shape[:1])[:, None]
        means = np.broadcast_to(inputs.mean, kernel.shape[:1])
        kernel = kernel * rows  # (inputs, units)
        dense[0].set_weights([kernel, bias - means @ kernel])
    if targets is not None:
        kernel, bias = (np.asarray(each, np.float64) for each in dense[-1].get_weights())
        dense[-1].set_weights([kernel * targets.deviation, bias * targets.deviation + targets.mean])
    if inputs is not None or targets is not None:
        # The optimizer's memory belongs to the weights before: a new one begins from nothing.
        model.compile(optimizer=optimizer, **model.compile_arguments)
