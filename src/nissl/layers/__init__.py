"""Layers, the parts that networks are built of."""

from typing import TYPE_CHECKING

from nissl.keras_names import absent
from nissl.layers.base import Layer, registry
from nissl.layers.core import (
    Activation,
    Dense,
    Dropout,
    Flatten,
    Input,
    InputLayer,
    Rescaling,
)


def serialize(layer: Layer) -> dict[str, object]:
    """Describe a layer by its class and settings."""
    return registry.serialize(layer)


def deserialize(config: dict[str, object]) -> Layer:
    """Make a layer from its description."""
    return registry.deserialize(config)


__all__ = [
    "Activation",
    "Dense",
    "Dropout",
    "Flatten",
    "Input",
    "InputLayer",
    "Layer",
    "Rescaling",
    "deserialize",
    "serialize",
]

if not TYPE_CHECKING:
    __getattr__ = absent(__name__)
