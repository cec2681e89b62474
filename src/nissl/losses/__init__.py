"""Losses: what training makes small.

Each is a class with settings, and a function of ``(y_true, y_pred)`` that gives one number a
sample. Any of their names, and Keras's short ones, are understood by :func:`get`.

>>> import nissl
>>> nissl.losses.get("mse")([[1.0]], [[3.0]]).item()
4.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nissl.errors import ArgumentTypeError
from nissl.losses import base, functions, probabilistic, regression
from nissl.losses.base import *
from nissl.losses.base import Loss, LossFunctionWrapper, registry
from nissl.losses.functions import *
from nissl.losses.functions import class_of
from nissl.losses.probabilistic import *
from nissl.losses.regression import *
from nissl.names import absent

__all__ = ["class_of", "deserialize", "get", "serialize"]
__all__ += [*base.__all__, *functions.__all__, *probabilistic.__all__, *regression.__all__]


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


if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
