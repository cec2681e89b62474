"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nissl.core import memory
from nissl.core.tensor import TensorLike
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    FileFormatError,
    GraphError,
    ShapeError,
    UnbuiltError,
)
from nissl.layers.base import Layer, registry
from nissl.layers.building import Large, announced, bytes_of, without_batch
from nissl.layers.core import InputLayer
from nissl.layers.shapes import BatchShape, as_batch_shape
from nissl.models.model import Model
from nissl.registry import automatic_name

__all__ = ["Sequential"]


@registry.add()
class Sequential(Model):
    """A model whose layers are applied one after the other.

    Args:
        layers: the layers, or none, to be added with :meth:`add`.
        name: name of the model.

    It is built, that is has weights, as soon as the shape of one input is known: from
    ``nissl.Input`` as the first layer, from ``input_shape=`` of the first layer, or from data.

    >>> import nissl
    >>> model = nissl.Sequential([nissl.Input((3,)), nissl.layers.Dense(2), nissl.layers.Dense(1)])
    >>> model.count_params()
    11
    """

    keras_module = "keras"

    def __init__(self, layers: Sequence[Layer] | None = None, name: str | None = None) -> None:
        super().__init__(name=name)
        self._input: InputLayer | None = None
        self.stack: list[Layer] = []
        if isinstance(layers, str | bytes) or not isinstance(layers, Sequence | None):
            raise ArgumentTypeError(f"Sequential: layers is a list of layers, not {layers!r:.80}")
        for layer in layers or ():
            self.add(layer, rebuild=False)
        self._build_if_known()

    @property
    def layers(self) -> list[Layer]:
        return list(self.stack)

    def add(self, layer: Layer, rebuild: bool = True) -> None:
        """Add a layer at the end.

        Args:
            layer: the layer; an :func:`~nissl.Input` can only come first.
            rebuild: whether to make the weights at once if the input shape is known.
        """
        if not isinstance(layer, Layer):
            hint = "; write Dense(...) with brackets" if isinstance(layer, type) else ""
            raise ArgumentTypeError(f"Sequential takes layers, not {layer!r}{hint}")
        if isinstance(layer, InputLayer):
            if self.stack or self._input is not None:
                raise ArgumentError("an Input can only be the first layer of a Sequential model")
            self._input = layer
        else:
            if any(each.name == layer.name for each in self.stack):
                raise ArgumentError(
                    f"model {self.name!r} has a layer named {layer.name!r} already; names must "
                    "differ"
                )
            if not self.stack and self._input is None and layer.input_shape_argument is not None:
                self._input = InputLayer(
                    layer.input_shape_argument, name=automatic_name("input_layer")
                )
            if not self.stack:
                self.dtype = layer.dtype  # what data is brought to
            self.stack.append(layer)
        self.built = False
        if rebuild:
            self._build_if_known()

    def pop(self) -> Layer:
        """Remove the last layer and return it."""
        if not self.stack:
            raise GraphError(f"model {self.name!r} has no layer to remove")
        self.built = False
        layer = self.stack.pop()
        self._build_if_known()
        return layer

    def _build_if_known(self) -> None:
        if self._input is not None and self.stack:
            self._ensure_built(self._input.batch_shape)

    def build(self, input_shape: Any = None) -> None:
        """Make all weights for inputs of this shape, batch first."""
        shape = without_batch(self, input_shape)
        if not shape:
            raise ArgumentError(f"model {self.name!r}: build needs an input shape, batch first")
        if self._input is None:
            self._input = InputLayer(shape[1:], name=automatic_name("input_layer"))
        elif shape != self._input.batch_shape:
            raise ShapeError(
                f"model {self.name!r} takes inputs of shape {self._input.batch_shape}, and build "
                f"was called with {shape}"
            )
        try:
            with announced():
                self._output_shape = self._build_stack(shape)
        except Large:  # all that is to come must fit before any of it is made
            what = f"making the weights of model {self.name!r}"
            advice = "make its layers smaller"
            memory.demand(bytes_of(self.stack, shape), what, advice)
            self._output_shape = self._build_stack(shape)
        self._compiled.clear()

    def _build_stack(self, shape: BatchShape) -> BatchShape:
        for layer in self.stack:
            shape = layer.compute_output_shape(shape)
        return shape

    @property
    def input_shape(self) -> BatchShape:
        """Shape of the input, batch first; an error while it is not known."""
        if self._input is None:
            raise UnbuiltError(f"model {self.name!r} does not know its input shape; add an Input")
        return self._input.batch_shape

    @property
    def output_shape(self) -> BatchShape:
        """Shape of the output, batch first."""
        if not self.built:
            raise UnbuiltError(
                f"model {self.name!r} is not built yet; add an Input or call it on data"
            )
        return self._output_shape

    def compute_output_shape(self, input_shape: Any) -> BatchShape:
        shape = tuple(input_shape)
        if self.built and shape == self.build_shape:
            return self._output_shape
        return super().compute_output_shape(shape)

    def call(self, x: TensorLike, training: bool = False) -> Any:
        if not self.stack:
            raise GraphError("has no layers; add some first")
        if self._input is not None:
            x = self._input.call(x)
        for layer in self.stack:
            x = layer(x, training=training)
        return x

    def get_config(self) -> dict[str, Any]:
        listed = ([self._input] if self._input is not None else []) + self.stack
        described: list[dict[str, Any]] = []
        for layer in listed:
            entry = registry.serialize(layer)
            entry["module"] = layer.keras_module
            if not isinstance(layer, InputLayer) and layer.build_shape is not None:
                entry["build_config"] = {"input_shape": list(layer.build_shape)}
            described.append(entry)
        config = {**super().get_config(), "layers": described}
        if self.build_shape is not None:
            config["build_input_shape"] = list(self.build_shape)
        return config

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Sequential:
        described = config.get("layers")
        if not isinstance(described, list):
            raise FileFormatError(f"a Sequential model has a list of layers, not {described!r}")
        model = cls([registry.deserialize(each) for each in described], name=config.get("name"))
        shape = config.get("build_input_shape")
        if not model.built and shape is not None:
            known = as_batch_shape(shape[1:] if isinstance(shape, list | tuple) else shape)
            model._ensure_built((None, *(known or ())))
        return model
