"""Optimizers: how gradients become steps."""

from typing import TYPE_CHECKING, Any

from nissl.errors import ArgumentTypeError
from nissl.keras_names import absent
from nissl.optimizers.adam import Adam
from nissl.optimizers.base import Optimizer, registry
from nissl.optimizers.rmsprop import RMSprop
from nissl.optimizers.sgd import SGD


def get(identifier: Any) -> Optimizer:
    """Return an optimizer from its name (in any case), its description, or itself."""
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        lowered = {name.lower(): name for name in registry.names()}
        identifier = lowered.get(identifier.lower(), identifier)
    found = registry.get(identifier)
    if not isinstance(found, Optimizer):
        raise ArgumentTypeError(f"an optimizer is a name or an Optimizer, not {identifier!r}")
    return found


__all__ = ["SGD", "Adam", "Optimizer", "RMSprop", "get"]

if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
