"""Metrics: what training reports. Each sums up all batches since it was last reset.

>>> import nissl
>>> m = nissl.metrics.SparseCategoricalAccuracy()
>>> m.update_state([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0.0]])
>>> m.result().item()
0.5

The area under a curve (``AUC``) and the metrics built on it are not offered yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from nissl import losses
from nissl.errors import ArgumentError, ArgumentTypeError
from nissl.losses import crossentropy_for
from nissl.losses import functions as loss_functions
from nissl.losses.functions import *
from nissl.metrics import accuracy, base, confusion, means
from nissl.metrics.accuracy import *
from nissl.metrics.base import *
from nissl.metrics.confusion import *
from nissl.metrics.means import *
from nissl.names import absent

__all__ = ["deserialize", "get", "is_by_shape", "serialize"]
__all__ += [
    *loss_functions.__all__, *accuracy.__all__, *base.__all__, *confusion.__all__, *means.__all__,
]  # fmt: skip

for _name in loss_functions.__all__:
    functions.add()(getattr(loss_functions, _name))

Dims: TypeAlias = tuple[int | None, ...]  # a shape in which the batch may be unknown
_ACCURACY = {
    "binary": BinaryAccuracy,
    "sparse_categorical": SparseCategoricalAccuracy,
    "categorical": CategoricalAccuracy,
}
_CROSSENTROPY = {
    "binary": BinaryCrossentropy,
    "sparse_categorical": SparseCategoricalCrossentropy,
    "categorical": CategoricalCrossentropy,
}
_BY_SHAPE = {
    "accuracy": _ACCURACY,
    "acc": _ACCURACY,
    "crossentropy": _CROSSENTROPY,
    "ce": _CROSSENTROPY,
}


def get(
    identifier: Any, y_shape: Dims | None = None, pred_shape: Dims | None = None, loss: Any = None
) -> Metric:
    """Return the metric that a name, a config, an object or a function means.

    ``"accuracy"`` (or ``"acc"``) and ``"crossentropy"`` (or ``"ce"``) mean the binary one if there
    is one prediction a sample, the sparse categorical one if targets are labels, and the
    categorical one otherwise. The name of the metric is the string as given.

    Args:
        identifier: a name such as ``"accuracy"``, ``"mae"`` or ``"MeanAbsoluteError"``; what
            :func:`serialize` gave; a metric or its class; a loss; or a function of
            ``(y_true, y_pred)`` that gives one number a sample.
        y_shape: shape of the targets.
        pred_shape: shape of the predictions.
        loss: the loss of the same model; a crossentropy of logits makes that metric one of logits.

    Raises:
        UnknownNameError: for an unknown name; it says which known one is nearest.
        ArgumentError: for ``"accuracy"`` and its like if the shapes are not given.
        ArgumentTypeError: for anything else.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, losses.Loss):
        return MeanMetricWrapper(identifier)
    if isinstance(identifier, str):
        return _by_name(identifier, y_shape, pred_shape, loss)
    if losses.class_of(identifier) is not None:
        return MeanMetricWrapper(identifier)
    found = registry.get(identifier)
    return found if isinstance(found, Metric) else MeanMetricWrapper(found)


def is_by_shape(identifier: Any) -> bool:
    """Say whether a name means different metrics for different shapes, as ``"accuracy"`` does."""
    return isinstance(identifier, str) and identifier.lower() in _BY_SHAPE


def _by_name(name: str, y_shape: Dims | None, pred_shape: Dims | None, loss: Any) -> Metric:
    choices = _BY_SHAPE.get(name.lower())
    if choices is None:
        if name not in registry:
            known = [*registry.names(), *functions.names(), *_BY_SHAPE]
            if name in functions:
                return MeanMetricWrapper(functions.lookup(name), name=name)
            raise registry.unknown(name, known)
        found = registry.lookup(name)
        if found in (MeanMetricWrapper, Metric):
            raise ArgumentError(f"the metric {name!r} needs a function; make the object yourself")
        return found(name=name)
    if y_shape is None or pred_shape is None:
        raise ArgumentError(
            f"the metric {name!r} depends on the shapes of targets and predictions, which are not "
            "known here; name one of binary_accuracy, sparse_categorical_accuracy, "
            "categorical_accuracy, or the crossentropy of that kind"
        )
    kind = crossentropy_for(y_shape, pred_shape)
    if choices is _CROSSENTROPY:
        return _CROSSENTROPY[kind](name=name, from_logits=bool(getattr(loss, "from_logits", False)))
    return choices[kind](name=name)


def serialize(metric: Any) -> Any:
    """Describe a metric in JSON's terms, as Keras 3 does."""
    if isinstance(metric, str):
        return metric
    if not callable(metric):
        raise ArgumentTypeError(f"a metric is a name, an object or a function, not {metric!r}")
    return registry.serialize(get(metric))


def deserialize(config: Any) -> Metric:
    """Make again what :func:`serialize` described."""
    return get(config)


if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
