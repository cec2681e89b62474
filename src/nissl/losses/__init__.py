"""Losses: what training makes small.

Each is a class with settings, and a function of ``(y_true, y_pred)`` that gives one number a
sample. Any of their names, and Keras's short ones, are understood by :func:`get`.

>>> import nissl
>>> nissl.losses.get("mse")([[1.0]], [[3.0]]).item()
4.0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nissl.core.tensor import Tensor, TensorLike
from nissl.errors import ArgumentTypeError
from nissl.keras_names import absent
from nissl.losses.base import Loss, LossFunctionWrapper, registry
from nissl.losses.probabilistic import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    Crossentropy,
    KLDivergence,
    SparseCategoricalCrossentropy,
    crossentropy_for,
)
from nissl.losses.regression import (
    CategoricalHinge,
    CosineSimilarity,
    HalfSquaredError,
    Hinge,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SquaredHinge,
)
from nissl.registry import snake_case

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


def get(identifier: Any) -> Loss:
    """Return the loss that a name, a config, an object or a function means.

    Args:
        identifier: a name such as ``"mse"``, ``"mean_squared_error"`` or ``"MeanSquaredError"``;
            what :func:`serialize` gave; a loss or its class; or a function of
            ``(y_true, y_pred)`` that gives one number a sample.

    Raises:
        UnknownNameError: for an unknown name; it says which known one is nearest.
        ArgumentTypeError: for anything else.
    """
    if isinstance(identifier, Loss):
        return identifier
    known = class_of(identifier)
    found: Any = known() if known is not None else registry.get(identifier)
    if isinstance(found, type):
        found = found()
    return found if isinstance(found, Loss) else LossFunctionWrapper(found)


def serialize(loss: Any) -> Any:
    """Describe a loss in JSON's terms, as Keras 3 does."""
    if isinstance(loss, str):
        return loss
    if not callable(loss):
        raise ArgumentTypeError(f"a loss is a name, an object or a function, not {loss!r}")
    return registry.serialize(get(loss))


def deserialize(config: Any) -> Loss:
    """Make again what :func:`serialize` described."""
    return get(config)


__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Crossentropy",
    "HalfSquaredError",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "class_of",
    "cosine_similarity",
    "crossentropy_for",
    "deserialize",
    "get",
    "half_squared_error",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "registry",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]

if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
