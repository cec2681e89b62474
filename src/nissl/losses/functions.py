"""Losses as functions of ``(y_true, y_pred)`` that give one number a sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nissl.core.tensor import Tensor, TensorLike
from nissl.losses.base import Loss
from nissl.losses.probabilistic import *
from nissl.losses.regression import *
from nissl.registry import snake_case

__all__ = [
    "binary_crossentropy", "categorical_crossentropy", "categorical_hinge", "cosine_similarity",
    "half_squared_error", "hinge", "huber", "kl_divergence", "log_cosh", "mean_absolute_error",
    "mean_absolute_percentage_error", "mean_squared_error", "mean_squared_logarithmic_error",
    "poisson", "sparse_categorical_crossentropy", "squared_hinge",
]  # fmt: skip

_classes: dict[Any, type[Loss]] = {}


def _function(cls: type[Loss]) -> Callable[..., Tensor]:
    """Return a loss as a function that gives one number a sample; settings follow the arguments."""

    def compute(y_true: TensorLike, y_pred: TensorLike, *settings: Any, **named: Any) -> Tensor:
        return cls(*settings, **named).values(y_true, y_pred)

    compute.__name__ = compute.__qualname__ = snake_case(cls.__name__)
    compute.__doc__ = f"Loss of each sample; see :class:`{cls.__name__}` for formula and settings."
    _classes[compute] = cls
    return compute


binary_crossentropy = _function(BinaryCrossentropy)
categorical_crossentropy = _function(CategoricalCrossentropy)
categorical_hinge = _function(CategoricalHinge)
cosine_similarity = _function(CosineSimilarity)
half_squared_error = _function(HalfSquaredError)
hinge = _function(Hinge)
huber = _function(Huber)
kl_divergence = _function(KLDivergence)
log_cosh = _function(LogCosh)
mean_absolute_error = _function(MeanAbsoluteError)
mean_absolute_percentage_error = _function(MeanAbsolutePercentageError)
mean_squared_error = _function(MeanSquaredError)
mean_squared_logarithmic_error = _function(MeanSquaredLogarithmicError)
poisson = _function(Poisson)
sparse_categorical_crossentropy = _function(SparseCategoricalCrossentropy)
squared_hinge = _function(SquaredHinge)


def class_of(function: Any) -> type[Loss] | None:
    """Return the class behind one of this module's functions, or ``None``."""
    return _classes.get(function) if callable(function) else None
