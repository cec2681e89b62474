"""Which neurons a model has, where it is a chain of fully connected layers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nissl.errors import ArgumentError, GraphError
from nissl.explain.diagrams.blocks import activation_name
from nissl.explain.drawing.lettering import drawable
from nissl.i18n import translate as _
from nissl.layers.base import Layer
from nissl.layers.core import Activation, Dense, Dropout, Flatten, Rescaling
from nissl.models.model import Model
from nissl.models.sequential import Sequential

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Neurons", "draw_neurons", "neurons_of", "suits"]

Array = np.ndarray[Any, Any]
MOST = 10  # neurons of a layer up to which each is drawn
_LAYERS = 6  # layers up to which a model is drawn by its neurons unasked
_NUMBERED = 12  # weights between two layers up to which each is written


@dataclass(frozen=True)
class Neurons:
    """A chain of fully connected layers.

    Attributes:
        sizes: neurons of each layer, the inputs first.
        kernels: for each layer but the inputs an array of shape (inputs, neurons).
        biases: for each layer but the inputs an array of shape (neurons,), or ``None``.
        titles: for each layer its name and its activation function.
    """

    sizes: tuple[int, ...]
    kernels: tuple[Array, ...]
    biases: tuple[Array | None, ...]
    titles: tuple[tuple[str, ...], ...]


def neurons_of(model: Model) -> Neurons:
    """Return the neurons of a model.

    Args:
        model: a built :class:`~nissl.Sequential` of ``Dense`` layers, with ``Flatten``,
            ``Rescaling``, ``Activation`` and ``Dropout`` before and between them.

    Raises:
        ArgumentError: it has a layer whose neurons cannot be drawn one by one.
        GraphError: it is not built.

    >>> import nissl
    >>> model = nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(2), nissl.layers.Dense(1)])
    >>> neurons_of(model).sizes
    (3, 2, 1)
    """
    if not isinstance(model, Sequential):
        raise ArgumentError(
            f"neurons are drawn of a Sequential model, and {model.name!r} is a "
            f"{type(model).__name__}; its blocks can be drawn instead, without neurons"
        )
    if not model.built or model.build_shape is None:
        raise GraphError(
            f"model {model.name!r} is not built, so it has no weights to draw; give it an Input, "
            "model.build((None, ...)), or call it on data"
        )
    shape = model.build_shape
    lengths = [n for n in shape[1:] if n is not None]
    if len(lengths) < len(shape) - 1 or not lengths:
        raise ArgumentError(
            f"model {model.name!r} takes inputs of shape {shape}, so there is no certain number of "
            "inputs to draw; its blocks can be drawn instead, without neurons"
        )
    flat = len(shape) == 2
    sizes, titles = [math.prod(lengths)], [[_("input")]]
    kernels: list[Array] = []
    biases: list[Array | None] = []
    for layer in _flat(model.layers):
        flat = flat or isinstance(layer, Flatten)
        if isinstance(layer, Dense) and layer.kernel is not None and flat:
            kernels.append(layer.kernel.numpy())
            biases.append(None if layer.bias is None else layer.bias.numpy())
            sizes.append(layer.units)
            titles.append([layer.name, activation_name(layer)])
        elif isinstance(layer, Activation):
            titles[-1].append(activation_name(layer))
        elif isinstance(layer, Rescaling):
            titles[-1].append(layer.name)
        elif not isinstance(layer, Dropout | Flatten):
            raise ArgumentError(
                f"layer {layer.name!r} ({type(layer).__name__}) has no neurons that can be drawn "
                "one by one; blocks can be drawn instead, without neurons"
            )
    if not kernels:
        raise ArgumentError(
            f"model {model.name!r} has no Dense layer, so there are no neurons to draw; its "
            "blocks can be drawn instead, without neurons"
        )
    return Neurons(tuple(sizes), tuple(kernels), tuple(biases), tuple(map(tuple, titles)))


def _flat(layers: Sequence[Layer]) -> Iterator[Layer]:
    """Layers in order, those of a Sequential among them in its place."""
    waiting = list(layers)
    while waiting:
        layer = waiting.pop(0)
        if isinstance(layer, Sequential):
            waiting[:0] = layer.layers
        else:
            yield layer


def suits(model: Model) -> bool:
    """Say whether a model is so small that its neurons are better seen than its blocks."""
    try:
        found = neurons_of(model)
    except (ArgumentError, GraphError):
        return False
    return max(found.sizes) <= MOST and len(found.sizes) <= _LAYERS


def draw_neurons(model: Model, title: str = "") -> Figure:
    """Return a figure of a model's neurons, each weight a line as wide as the weight is large.

    Few weights are written on their lines too.

    Args:
        model: as for :func:`neurons_of`.
        title: a line above.
    """
    from nissl.explain.drawing.network_picture import draw_network

    found = neurons_of(model)
    numbers = all(kernel.size <= _NUMBERED for kernel in found.kernels)
    titles = ["\n".join(_plain(line, 18) for line in lines if line) for lines in found.titles]
    return draw_network(
        found.sizes, found.kernels, found.biases, titles=titles, numbers=numbers, most=MOST,
        title=_plain(title, 60),
    )  # fmt: skip


def _plain(text: str, length: int) -> str:
    """A text in which matplotlib finds no mathematics."""
    return drawable(text, length).replace("$", r"\$")
