"""Passing ``training`` on to the layers that take it."""

from __future__ import annotations

import functools
import inspect
from typing import Any

from nissl.layers.base import Layer


@functools.cache
def takes_training(cls: type[Layer]) -> bool:
    """Say whether the class's ``call`` has an argument ``training``."""
    parameters = inspect.signature(cls.call).parameters
    return "training" in parameters or any(
        p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()
    )


def call_layer(layer: Layer, x: Any, training: bool) -> Any:
    """Call a layer, in training or not."""
    return layer(x, training=training) if takes_training(type(layer)) else layer(x)
