"""The layers that every network has: input, flatten, dense, activation, dropout, rescaling."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from nissl import activations, initializers, random
from nissl.core.functions import add, matmul, reshape, where
from nissl.core.tensor import Tensor, TensorLike
from nissl.core.variable import Variable
from nissl.errors import ArgumentError, ArgumentTypeError, ShapeError
from nissl.layers.base import BatchShape, Layer, as_batch_shape, registry
from nissl.registry import refuse_unknown


def checked_units(units: Any, layer: str) -> int:
    """Return a number of units, which is a positive integer."""
    if not isinstance(units, int | np.integer) or isinstance(units, bool) or units <= 0:
        raise ArgumentError(f"{layer}: units is a positive integer, not {units!r}")
    return int(units)


@registry.add()
class InputLayer(Layer):
    """The place where data comes in: it fixes the shape of one input.

    Args:
        shape: shape of one input, without the batch.
        batch_shape: the same with the batch (``None``) first; as files have it.
        dtype: dtype of the data.
        name: name of the layer.
    """

    computes: ClassVar[bool] = False

    def __init__(
        self,
        shape: Any = None,
        *,
        batch_shape: Any = None,
        dtype: Any = None,
        name: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        refuse_unknown(type(self), unknown)
        if (shape is None) == (batch_shape is None):
            raise ArgumentError(
                "Input: give shape= (without the batch) or batch_shape=, one of them"
            )
        if shape is None:
            if not isinstance(batch_shape, list | tuple) or not batch_shape:
                raise ShapeError(f"Input: batch_shape is (None, ...), not {batch_shape!r}")
            shape = tuple(batch_shape)[1:]
        found = as_batch_shape(shape)
        assert found is not None
        self.batch_shape: BatchShape = (None, *found)
        self.built = True

    def call(self, x: Tensor) -> Tensor:
        wanted = self.batch_shape[1:]
        if len(x.shape) != len(self.batch_shape) or any(
            n is not None and n != m for n, m in zip(wanted, x.shape[1:], strict=True)
        ):
            raise input_mismatch(wanted, x.shape)
        return x

    def get_config(self) -> dict[str, Any]:
        shape = list(self.batch_shape)
        return {
            "batch_shape": shape,
            "dtype": self.dtype.name,
            "sparse": False,
            "name": self.name,
        }


def input_mismatch(wanted: BatchShape, given: tuple[int, ...]) -> ShapeError:
    """Say that data does not have the shape that a model takes."""
    hint = ""
    if tuple(given) == tuple(wanted):
        hint = " The batch axis is missing: for a single input, use x[None]."
    elif math.prod(n or 1 for n in wanted) == math.prod(given[1:]):
        hint = f" Its elements would fit: use x.reshape({(-1, *wanted)})."
    return ShapeError(
        f"takes inputs of shape {_batched(wanted)}, and data of shape {tuple(given)} was "
        f"given.{hint}"
    )


def _batched(shape: BatchShape) -> str:
    return f"({', '.join(['batch', *('any' if n is None else str(n) for n in shape)])})"


def Input(
    shape: Any = None,
    *,
    batch_shape: Any = None,
    dtype: Any = None,
    name: str | None = None,
    **unknown: Any,
) -> InputLayer:
    """Make the input of a Sequential model; see :class:`InputLayer`.

    >>> import nissl
    >>> nissl.Sequential([nissl.Input((4,)), nissl.layers.Dense(2)]).output_shape
    (None, 2)
    """
    return InputLayer(shape, batch_shape=batch_shape, dtype=dtype, name=name, **unknown)


@registry.add()
class Flatten(Layer):
    """Turn each input into one row of numbers: ``(batch, ...)`` into ``(batch, product)``.

    Args:
        data_format: order of axes in pictures, kept for files; the numbers stay in place.
        kwargs: ``name``, ``dtype``, ``input_shape``; see :class:`Layer`.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format or "channels_last"

    def call(self, x: Tensor) -> Tensor:
        return reshape(x, (x.shape[0], math.prod(x.shape[1:])))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


@registry.add()
class Dense(Layer):
    """Fully connected layer: ``h(x @ kernel + bias)``.

    In Bishop's notation ``a_j = sum_i w_ji x_i + w_j0`` and ``z_j = h(a_j)``; here the kernel is
    ``w`` transposed, of shape (inputs, units), and the bias is ``w_j0``.

    Args:
        units: number of neurons, a positive integer.
        activation: ``h``; a name, a function, or ``None`` for the identity.
        use_bias: whether there is a bias.
        kernel_initializer, bias_initializer: how weights begin.
        kwargs: ``name``, ``dtype``, ``input_shape``; see :class:`Layer`.

    Input ``(batch, ..., inputs)``, output ``(batch, ..., units)``, floating.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        *,
        input_dim: int | None = None,
        **kwargs: Any,
    ) -> None:
        if input_dim is not None:
            kwargs.setdefault("input_shape", (input_dim,))
        super().__init__(**kwargs)
        self.units = checked_units(units, "Dense")
        if not isinstance(use_bias, bool):
            raise ArgumentTypeError(f"Dense: use_bias is True or False, not {use_bias!r}")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel: Variable | None = None
        self.bias: Variable | None = None

    def build(self, input_shape: BatchShape) -> None:
        inputs = input_shape[-1] if len(input_shape) > 1 else None
        if inputs is None:
            raise ShapeError(
                f"needs inputs with at least one axis beside the batch, not {input_shape}"
            )
        self.kernel = self.add_weight((inputs, self.units), self.kernel_initializer, name="kernel")
        if self.use_bias:
            self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias")

    def call(self, x: TensorLike) -> Tensor:
        assert self.kernel is not None
        if x.shape[-1] != self.kernel.shape[0]:
            raise ShapeError(
                f"was built for inputs of {self.kernel.shape[0]} numbers, and an input of shape "
                f"{x.shape} has {x.shape[-1]} along its last axis"
            )
        a = matmul(x, self.kernel.value)  # (batch, ..., units)
        if self.bias is not None:
            a = add(a, self.bias.value)
        return self.activation(a)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.registry.serialize(self.kernel_initializer),
            "bias_initializer": initializers.registry.serialize(self.bias_initializer),
            "kernel_regularizer": None,
            "bias_regularizer": None,
            "kernel_constraint": None,
            "bias_constraint": None,
        }


@registry.add()
class Activation(Layer):
    """Apply an activation function, element by element (softmax: along the last axis).

    Args:
        activation: a name or a function.
        kwargs: ``name``, ``dtype``, ``input_shape``; see :class:`Layer`.
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, x: Tensor) -> Tensor:
        return self.activation(x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


@registry.add()
class Dropout(Layer):
    """In training, set each number to 0 with probability ``rate`` and scale up the others.

    ``x * keep / (1 - rate)``, so that the expected value stays (Srivastava et al. 2014, section
    10, inverted). Outside training it does nothing.

    Args:
        rate: probability of dropping, 0 to below 1.
        noise_shape: shape of the mask, which broadcasts with the input (``None`` in it for the
            batch); the input's shape by default.
        seed: integer for the same masks each time; drawn from the global seed by default.
        kwargs: ``name``, ``dtype``, ``input_shape``; see :class:`Layer`.
    """

    def __init__(
        self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate < 1:
            raise ArgumentError(f"Dropout: rate lies from 0 to below 1, not {rate!r}")
        self.rate = float(rate)
        self.noise_shape = _noise_shape(noise_shape)
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not training or self.rate == 0:
            return x
        shape = x.shape
        if self.noise_shape is not None:
            shape = tuple(
                n if wanted is None else wanted
                for n, wanted in zip(x.shape, self.noise_shape, strict=True)
            )
        keep = random.bernoulli(shape, 1 - self.rate, seed=self.seed_generator)
        return where(keep, x * (1 / (1 - self.rate)), 0.0)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate": self.rate,
            "seed": self.seed,
            "noise_shape": None if self.noise_shape is None else list(self.noise_shape),
        }


def _noise_shape(shape: Any) -> BatchShape | None:
    if shape is None:
        return None
    if not isinstance(shape, list | tuple) or not all(n is None or type(n) is int for n in shape):
        raise ArgumentError(f"Dropout: noise_shape is a tuple of lengths and None, not {shape!r}")
    return tuple(shape)


@registry.add()
class Rescaling(Layer):
    """``x * scale + offset``, e.g. to bring bytes from 0 to 255 into 0 to 1.

    Args:
        scale, offset: numbers.
        kwargs: ``name``, ``dtype``, ``input_shape``; see :class:`Layer`.
    """

    def __init__(self, scale: float, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = float(scale), float(offset)

    def call(self, x: Tensor) -> Tensor:
        return x * self.scale + self.offset

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}
