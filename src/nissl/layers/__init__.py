"""Layers, the parts that networks are built of."""

from typing import TYPE_CHECKING

from nissl.layers import base, core
from nissl.layers.base import *
from nissl.layers.base import registry
from nissl.layers.core import *
from nissl.names import absent

__all__ = ["deserialize", "serialize"]
__all__ += [*base.__all__, *core.__all__]


def serialize(layer: Layer) -> dict[str, object]:
    """Describe a layer by its class and settings."""
    return registry.serialize(layer)


def deserialize(config: dict[str, object]) -> Layer:
    """Make a layer from its description."""
    return registry.deserialize(config)


if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
