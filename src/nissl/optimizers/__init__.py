"""Optimizers: how gradients become steps."""

from typing import TYPE_CHECKING, Any

from nissl.errors import ArgumentTypeError
from nissl.names import absent
from nissl.optimizers import adam, base, rmsprop, sgd
from nissl.optimizers.adam import *
from nissl.optimizers.base import *
from nissl.optimizers.base import registry
from nissl.optimizers.rmsprop import *
from nissl.optimizers.sgd import *

__all__ = ["get"]
__all__ += [*adam.__all__, *base.__all__, *rmsprop.__all__, *sgd.__all__]


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


if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
