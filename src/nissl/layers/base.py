"""Layer: weights, and a function that uses them."""

from __future__ import annotations

import math
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

import numpy as np

from nissl.core import dtypes, tree
from nissl.core.functions import asarray
from nissl.core.op import scope
from nissl.core.tensor import Aval, Shape, Tensor
from nissl.core.variable import Variable, no_capture, unique
from nissl.errors import (
    ArgumentError,
    ArgumentTypeError,
    DTypeError,
    NisslError,
    ShapeError,
)
from nissl.registry import Registry, automatic_name, refuse_unknown, settings_for, snake_case

registry: Registry[type[Layer]] = Registry("layer", "keras.layers")
BatchShape = tuple[int | None, ...]
T = TypeVar("T")


class Layer:
    """A function with weights.

    A subclass makes its weights in :meth:`build`, which is called once, with the shape of the
    first input, and computes in :meth:`call`. Layers and variables that are set as attributes are
    found by themselves.

    Args:
        name: unique name within a model; made from the class by default.
        dtype: floating dtype of weights and computation; the default dtype unless given.
        trainable: whether training changes the weights.
        input_shape: shape of one input, without the batch; lets a model be built at once.

    >>> import nissl
    >>> class Scale(nissl.layers.Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight((), initializer="ones", name="factor")
    ...     def call(self, x):
    ...         return x * self.factor
    >>> Scale()(nissl.ones((2, 3))).shape
    (2, 3)
    """

    keras_module: ClassVar[str] = "keras.layers"
    computes: ClassVar[bool] = True  # in a floating dtype; an input only hands on

    def __init__(
        self,
        *,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
        input_shape: Any = None,
        **unknown: Any,
    ) -> None:
        refuse_unknown(type(self), unknown)
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise ArgumentError(f"a layer's name is a text without '/', not {name!r}")
        self.name = name or automatic_name(snake_case(type(self).__name__))
        self.dtype = dtypes.default_float() if dtype is None else dtypes.as_dtype(_policy(dtype))
        if not isinstance(trainable, bool):
            raise ArgumentTypeError(f"trainable is True or False, not {trainable!r}")
        if self.computes and not dtypes.is_floating(self.dtype):
            raise DTypeError(
                f"layer {self.name!r} ({type(self).__name__}): dtype is a floating dtype, not "
                f"{self.dtype.name}"
            )
        self.built = False
        self.input_shape_argument = as_batch_shape(input_shape)
        self.build_shape: BatchShape | None = None
        self._trainable = trainable
        self._weights: list[Variable] = []

    # ---- what a subclass writes --------------------------------------------------------------
    def build(self, input_shape: BatchShape) -> None:
        """Make the weights; ``input_shape`` has the batch first, as ``None``."""

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output. Takes ``training`` if it behaves differently in training."""
        raise ArgumentTypeError(f"layer {self.name!r} ({type(self).__name__}) has no call method")

    def get_config(self) -> dict[str, Any]:
        """Return the settings from which the same layer, with new weights, can be made."""
        return {"name": self.name, "trainable": self.trainable, "dtype": self.dtype.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """Make a layer from its settings."""
        return cls(**settings_for(cls, config))

    # ---- weights -----------------------------------------------------------------------------
    def add_weight(
        self,
        shape: Shape = (),
        initializer: Any = "glorot_uniform",
        dtype: Any = None,
        trainable: bool = True,
        name: str = "variable",
    ) -> Variable:
        """Make a weight and keep it."""
        from nissl import initializers

        chosen = self.dtype if dtype is None else dtypes.as_dtype(dtype)
        _spend(self.name, name, shape)
        value = initializers.get(initializer)(shape, dtype=chosen)
        variable = Variable(value, trainable=trainable, name=name)
        variable.path = f"{self.name}/{name}"
        self._weights.append(variable)
        return variable

    def sublayers(self) -> Iterator[Layer]:
        """The layers that are attributes of this one, in order; lists and dicts are looked into."""
        yield from self._attributes(Layer)

    def _attributes(self, kind: type[T]) -> Iterator[T]:
        """Public attributes of a kind, also those within lists and dicts."""
        for key, value in vars(self).items():
            if not isinstance(value, (kind, list, tuple, dict)) or key.startswith("_"):
                continue
            if isinstance(value, kind):
                yield value
            elif value:
                yield from (leaf for leaf in tree.flatten(value)[0] if isinstance(leaf, kind))

    def _own_weights(self) -> list[Variable]:
        """The weights of this layer itself: trainable ones first, then the others."""
        found = unique([*self._weights, *self._attributes(Variable)])
        return sorted(found, key=lambda v: not v.trainable)

    @property
    def variables(self) -> list[Variable]:
        """Every weight and state, also what is not saved, such as seeds."""
        states = (getattr(value, "state", None) for value in vars(self).values())
        own = [*self._own_weights(), *(v for v in states if isinstance(v, Variable))]
        return unique([*own, *(v for layer in self.sublayers() for v in layer.variables)])

    @property
    def weights(self) -> list[Variable]:
        """The weights that are saved, layer by layer, whether they are trained or not."""
        below = (v for layer in self.sublayers() for v in layer.weights)
        return unique([*self._own_weights(), *below])

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that training changes."""
        if not self._trainable:
            return []
        own = (v for v in self._own_weights() if v.trainable)
        below = (v for layer in self.sublayers() for v in layer.trainable_weights)
        return unique([*own, *below])

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The saved weights that training leaves alone."""
        trained = set(self.trainable_weights)
        return [v for v in self.weights if v not in trained]

    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, wanted: bool) -> None:
        self._trainable = bool(wanted)
        for layer in self.sublayers():
            layer.trainable = wanted

    def get_weights(self) -> list[Any]:
        """Return copies of the weights as NumPy arrays."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Any) -> None:
        """Set all weights from a list of arrays, in the order of :meth:`get_weights`."""
        if not isinstance(weights, Sequence):
            raise ArgumentTypeError(
                f"layer {self.name!r}: weights are a list of arrays, not {type(weights).__name__}"
            )
        own, given = self.weights, list(weights)
        if len(own) != len(given):
            wanted = ", ".join(f"{v.path} {v.shape}" for v in own) or "none; build it first"
            raise ArgumentError(
                f"layer {self.name!r} has {len(own)} weights ({wanted}), and {len(given)} were "
                "given"
            )
        arrays = [asarray(value, v.dtype) for v, value in zip(own, given, strict=True)]
        for variable, array in zip(own, arrays, strict=True):
            if array.shape != variable.shape:
                raise ShapeError(
                    f"weight {variable.path!r} has shape {variable.shape}, and an array of shape "
                    f"{array.shape} was given"
                )
        for variable, array in zip(own, arrays, strict=True):
            variable.assign(array)

    def count_params(self) -> int:
        """Return how many numbers the weights hold."""
        return sum(v.size for v in self.weights)

    # ---- calling -----------------------------------------------------------------------------
    def _ensure_built(self, shape: BatchShape) -> None:
        if self.built:
            return
        with no_capture(), scope(self.name):
            self.build(shape)
        self.build_shape = shape
        self.built = True

    def __call__(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Build on the first call, then compute; errors name the layer."""
        rows = isinstance(x, list | tuple) and not _holds_arrays(x)
        inputs = self._cast(x) if rows else tree.map_leaves(self._cast, x)
        try:
            self._ensure_built(_shape_of(inputs))
            with scope(self.name):
                return self.call(inputs, *args, **kwargs)
        except NisslError as error:
            raise _located(error, self) from error

    def _cast(self, leaf: Any) -> Tensor:
        """Bring an input to the layer's dtype; Python lists and NumPy arrays are taken."""
        return asarray(leaf, self.dtype)

    def compute_output_shape(self, input_shape: Any) -> BatchShape:
        """Return the shape that an input of ``input_shape``, batch first, comes out with."""
        from nissl.core.variable import Capture, capture

        shape = tuple(input_shape)
        self._ensure_built(shape)
        known = tuple(_STAND_IN if n is None else n for n in shape)
        with capture(Capture()):
            out = self(Tensor(None, aval=Aval(known, self.dtype)))
        return (None, *out.shape[1:])

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


def _holds_arrays(x: Any) -> bool:
    """Whether a list is a container of inputs, and not nested lists of numbers."""
    return any(hasattr(leaf, "shape") for leaf in tree.flatten(x)[0])


def _policy(dtype: Any) -> Any:
    """The dtype that a policy, as newer files of Keras describe it, names."""
    if not isinstance(dtype, Mapping):
        return dtype
    settings: Any = dtype.get("config")
    return settings.get("name") if isinstance(settings, Mapping) else str(dtype)


class _Budget(threading.local):
    elements: int | None = None


_budget = _Budget()


@contextmanager
def weight_budget(elements: int) -> Generator[None]:
    """Refuse to make weights of more elements in all: for a model that a file describes."""
    before, _budget.elements = _budget.elements, elements
    try:
        yield
    finally:
        _budget.elements = before


def _spend(layer: str, name: str, shape: Shape) -> None:
    if _budget.elements is None:
        return
    _budget.elements -= math.prod(shape)
    if _budget.elements < 0:
        raise ShapeError(
            f"layer {layer!r}: its weight {name!r} of shape {tuple(shape)} is larger than all "
            "that the file holds"
        )


_STAND_IN = 2  # for a batch whose size is not known


def _shape_of(inputs: Any) -> Any:
    if isinstance(inputs, Tensor):
        return (None, *inputs.shape[1:]) if inputs.ndim else ()
    return tree.map_leaves(lambda t: (None, *t.shape[1:]), inputs)


def _located(error: NisslError, layer: Layer) -> NisslError:
    """The same error, saying in which layer it arose; the innermost layer is named once."""
    text = str(error)
    if text.startswith("layer "):
        return error
    located = type(error).__new__(type(error))
    Exception.__init__(located, f"layer {layer.name!r} ({type(layer).__name__}): {text}")
    return located


def as_batch_shape(shape: Any) -> BatchShape | None:
    """Return a shape without the batch, given as an integer or a sequence, checked."""
    if shape is None:
        return None
    if isinstance(shape, int | np.integer) and not isinstance(shape, bool):
        shape = (shape,)
    if not isinstance(shape, list | tuple):
        raise ShapeError(f"an input shape is a tuple of lengths, not {shape!r}")
    for length in shape:
        if length is None:
            continue
        if isinstance(length, bool) or not isinstance(length, int | np.integer) or length <= 0:
            raise ShapeError(f"input shape {tuple(shape)}: each length is a positive integer")
    return tuple(None if length is None else int(length) for length in shape)
